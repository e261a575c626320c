"""What the run behind a report looked at, as far as the report tells.

A report lists what it found, not what it passed. So who asks whether something was fixed, or is
new, has to know whether the run could have found it at all.
"""

from scopelint.engine.gate import subject
from scopelint.finding import Outcome
from scopelint.globs import GlobSet
from scopelint.paths import is_inside
from scopelint.report import Report


class Coverage:
    """The rules and projects that the run of a report judged."""

    def __init__(self, report: Report) -> None:
        scan, choices = report.scan.scan, report.choices
        self._rules = {rule.code for rule in report.rules if rule.not_judged is None}
        gaps = [gap for gap in report.scan.gaps if gap.breaks_completeness]
        self._unread = {gap.subject_path for gap in gaps if subject(gap) is not None}
        self._enumerated = all(subject(gap) is not None for gap in gaps)
        self._targets, self._filters = scan.targets, scan.filters
        self._overrides = [
            (GlobSet(each.projects), not each.kind, frozenset(each.select), frozenset(each.ignore))
            for each in choices.overrides
        ]
        self._selected = {code for each in choices.overrides for code in each.select}
        self._doubtful: set[tuple[str, str]] = set()
        self._read: set[str] = set()
        for finding in report.findings:
            if finding.project is None:
                continue
            if finding.verdict is Outcome.UNKNOWN:
                self._doubtful.add((finding.rule, finding.project.path))
            elif finding.carried is None:
                self._read.add(finding.project.path)

    def judged(self, code: str, path: str | None) -> bool:
        """Tell whether a rule certainly judged the project at a full path (None: the instance).

        False where that is not known: a project may have been hidden while the list of projects was
        not whole, or left out by a filter.
        """
        if code not in self._rules:
            return False
        if path is None:
            return True
        return (
            path not in self._unread
            and (code, path) not in self._doubtful
            and (self._enumerated or path in self._read)
            and not self.outside(path)
            and self._is_on(code, path)
        )

    def outside(self, path: str) -> bool:
        """Tell whether the project at a full path lies outside the targets, or a filter may leave
        it out."""
        inside = "instance" in self._targets or any(is_inside(path, root) for root in self._targets)
        return not inside or self._filters.may_leave_out(path)

    def _is_on(self, code: str, path: str) -> bool:
        """Tell whether the overrides leave a rule on at a path; the later one wins."""
        on = code not in self._selected  # A rule that one selects may be off elsewhere.
        for projects, sure, select, ignore in self._overrides:
            if projects.matches(path):
                # By its path alone nobody can tell whether one that asks for more was for it.
                on = (on or (sure and code in select)) and code not in ignore
        return on
