"""Findings of the same rules over both snapshots: which are new, fixed, or may be either."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from scopelint.diff.changes import FindingChanges, NotCompared, Side
from scopelint.finding import Finding, Outcome
from scopelint.report import Report


class JudgedSnapshot:
    """The result of a run over one snapshot: what failed, what is unknown, what was not judged."""

    def __init__(
        self,
        not_judged: Mapping[str, str],
        findings: Iterable[Finding],
        *,
        lists_deleted: bool,
        unsure: Iterable[tuple[str, int | None]] = (),
    ) -> None:
        """Take a report's findings, and by code why a rule was not judged.

        `lists_deleted` tells whether the snapshot lists entries whose target was deleted: GraphQL
        lists them, REST does not. `unsure` are findings of verdict unknown, where only their rule
        and the id of their project are at hand.
        """
        self._lists_deleted = lists_deleted
        self.not_judged = not_judged
        self.fails: dict[str, Finding] = {}
        self._unsure = set(unsure)
        for finding in findings:
            if finding.verdict is Outcome.FAIL:
                self.fails[finding.fingerprint] = finding
            else:
                self._unsure.add((finding.rule, _project(finding)))

    @classmethod
    def of(cls, report: Report, *, lists_deleted: bool) -> "JudgedSnapshot":
        """Return what a report says."""
        not_judged = {rule.code: rule.not_judged for rule in report.rules if rule.not_judged}
        return cls(not_judged, report.findings, lists_deleted=lists_deleted)

    def cannot_tell(self, finding: Finding) -> bool:
        """Tell whether a finding that this snapshot lacks may only not be known here."""
        of_deleted = finding.entry is not None and finding.entry.id is None
        if of_deleted and not self._lists_deleted:
            return True
        return (finding.rule, _project(finding)) in self._unsure


def compare_findings(
    old: JudgedSnapshot, new: JudgedSnapshot, unknown: Collection[int | None] = ()
) -> FindingChanges:
    """Return which fails only one of the two runs has, by fingerprint, in report order.

    `unknown` are the ids of the projects that one of the two runs did not judge. A rule that could
    not judge one of the snapshots at all is left out and named.
    """
    skipped = old.not_judged.keys() | new.not_judged.keys()
    appeared, unsure = _only_in(new, old, skipped, unknown)
    fixed, unsure_too = _only_in(old, new, skipped, unknown)
    return FindingChanges(
        new=appeared,
        fixed=fixed,
        unknown=tuple(sorted((*unsure, *unsure_too), key=lambda finding: finding.sort_key)),
        not_compared=tuple(_not_compared(old, new, skipped)),
    )


def _only_in(
    here: JudgedSnapshot,
    there: JudgedSnapshot,
    skipped: Collection[str],
    unknown: Collection[int | None],
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings that only `here` has: the certain ones, and those that `there` may have."""
    certain: list[Finding] = []
    unsure: list[Finding] = []
    for fingerprint, finding in here.fails.items():
        if fingerprint not in there.fails and finding.rule not in skipped:
            unsure_there = _project(finding) in unknown or there.cannot_tell(finding)
            (unsure if unsure_there else certain).append(finding)
    return tuple(certain), tuple(unsure)


def _not_compared(
    old: JudgedSnapshot, new: JudgedSnapshot, skipped: Collection[str]
) -> Iterator[NotCompared]:
    for rule in sorted(skipped):
        before, after = old.not_judged.get(rule), new.not_judged.get(rule)
        side: Side = "both" if before and after else "old" if before else "new"
        yield NotCompared(rule, side, before or after or "")


def _project(finding: Finding) -> int | None:
    return finding.project.id if finding.project else None
