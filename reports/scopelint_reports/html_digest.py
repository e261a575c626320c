"""What the HTML page needs to know of the findings before it is written: one walk over them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Set
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
    first_judged: int = 0
    """Those of them that it could not have had."""
    fixed: int = 0
    """Findings of these rules that it had, and that are there no more."""
    carried: int = 0
    """Findings of these rules that were carried over from it, for nobody could judge them now."""


@dataclass(slots=True)
class Digest:
    """What one walk over the shown findings gives."""

    shown: int = 0
    first: list[Finding] = field(default_factory=list)
    """At most `STATIC_ROWS`."""
    themes: dict[str, Theme] = field(default_factory=dict)
    violating: set[int] = field(default_factory=set)
    """Projects with a new finding that counts against the gate."""
    doubtful: set[int] = field(default_factory=set)
    """Projects that were read, and of which a rule that counts against the gate could not tell."""
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
    counting, since = _counting(report), report.since
    gating = {rule.code for rule in report.rules if rule.severity in counting}
    fresh = (frozenset(since.new), frozenset(since.first_judged)) if since else (set(), set())
    for finding in findings:
        seen.shown += 1
        if len(seen.first) < STATIC_ROWS:
            seen.first.append(finding)
        if finding.state is not State.NEW:
            continue
        if finding.carried is not None:
            for theme in _of(seen, finding):
                theme.carried += 1
            continue
        seen.levels[label(finding).value] += 1
        if finding.verdict is Outcome.FAIL:
            _count(seen, finding, fresh, breaks=finding.severity in counting)
        elif finding.rule in gating and finding.project is not None:
            seen.doubtful.add(finding.project.id)
    for fixed in since.fixed if since else ():
        for theme in _of(seen, fixed.finding):
            theme.fixed += 1
    return seen


def _of(seen: Digest, finding: Finding) -> Iterator[Theme]:
    return (theme for theme in seen.themes.values() if finding.rule in theme.codes)


def _count(
    seen: Digest, finding: Finding, since: tuple[Set[str], Set[str]], *, breaks: bool
) -> None:
    """Count a new failing finding.

    `since` are the fingerprints of what is new since the previous report, and of what was judged
    for the first time; `breaks` says whether the finding counts against the gate.
    """
    project = finding.project
    if project is not None:
        seen.failing[project.id] = visible(project.path)
        if breaks:
            seen.violating.add(project.id)
    for theme in _of(seen, finding):
        theme.findings += 1
        theme.new += finding.fingerprint in since[0]
        theme.first_judged += finding.fingerprint in since[1]
        if project is not None:
            theme.projects.add(project.id)


def _tagged(report: Report, tag: str) -> tuple[str, ...]:
    return tuple(visible(rule.code) for rule in report.rules if tag in rule.tags)


def _counting(report: Report) -> frozenset[Severity]:
    """Return the severities that break the policy: those of the gate, all where it is off.

    `unknown` is none of them: the rule about projects that were not read has it.
    """
    fail_on = report.gate.fail_on
    if fail_on == "never":
        return frozenset(Severity) - {Severity.UNKNOWN}
    return frozenset(level for level in Severity if level.reaches(Severity(fail_on)))
