"""What the HTML page needs to know of the findings before it is written: one walk over them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.report import Report
from scopelint.text import visible
from scopelint_reports.summary import label

STATIC_ROWS = 200
"""Findings in the page itself, for readers without scripts; the data block holds all."""

THEMES = ("open", "outside", "broad")
"""The tags of the rules that the figures of the first screen count."""


@dataclass(slots=True)
class Theme:
    """The new failing findings of the rules that share a tag."""

    codes: tuple[str, ...]
    projects: set[int] = field(default_factory=set)
    findings: int = 0
    new: int = 0
    """Those of them that the previous report did not have."""
    fixed: int = 0
    """Findings of these rules that it had, and that are there no more."""


@dataclass(slots=True)
class Digest:
    """What one walk over the shown findings gives."""

    shown: int = 0
    first: list[Finding] = field(default_factory=list)
    """At most `STATIC_ROWS`."""
    themes: dict[str, Theme] = field(default_factory=dict)
    violating: set[int] = field(default_factory=set)
    """Projects with a new finding that counts against the gate."""
    failing: dict[int, str] = field(default_factory=dict)
    """Projects with a new failing finding, by id: their paths."""
    levels: Counter[str] = field(default_factory=Counter)
    """New findings by the level that people are shown."""

    def failing_below(self) -> Counter[str]:
        """Count, by full path of a group, the projects below it with a new failing finding."""
        counts: Counter[str] = Counter()
        for path in self.failing.values():
            while "/" in path:
                path = path.rpartition("/")[0]
                counts[path] += 1
        return counts


def digest(report: Report, findings: Iterable[Finding]) -> Digest:
    """Walk the shown findings once."""
    seen = Digest(themes={tag: Theme(_tagged(report, tag)) for tag in THEMES})
    since, counting = report.since, _counting(report)
    new = frozenset(since.new) if since else frozenset[str]()
    for finding in findings:
        seen.shown += 1
        if len(seen.first) < STATIC_ROWS:
            seen.first.append(finding)
        if finding.state is not State.NEW or finding.carried is not None:
            continue
        seen.levels[label(finding).value] += 1
        if finding.verdict is Outcome.FAIL:
            _count(seen, finding, breaks=finding.severity in counting, new=new)
    for fixed in since.fixed if since else ():
        for theme in seen.themes.values():
            theme.fixed += fixed.finding.rule in theme.codes
    return seen


def _count(seen: Digest, finding: Finding, *, breaks: bool, new: frozenset[str]) -> None:
    """Count a new failing finding; `breaks` says whether it counts against the gate."""
    project = finding.project
    if project is not None:
        seen.failing[project.id] = visible(project.path)
        if breaks:
            seen.violating.add(project.id)
    for theme in seen.themes.values():
        if finding.rule in theme.codes:
            theme.findings += 1
            theme.new += finding.fingerprint in new
            if project is not None:
                theme.projects.add(project.id)


def _tagged(report: Report, tag: str) -> tuple[str, ...]:
    return tuple(visible(rule.code) for rule in report.rules if tag in rule.tags)


def _counting(report: Report) -> frozenset[Severity]:
    """Return the severities that break the policy: those of the gate, all where it is off."""
    fail_on = report.gate.fail_on
    if fail_on == "never":
        return frozenset(Severity)
    return frozenset(level for level in Severity if level.reaches(Severity(fail_on)))
