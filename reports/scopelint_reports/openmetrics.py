"""The metrics report, for GitLab's merge request widget and anything that reads OpenMetrics 1.0.

Only gauges. Labels hold codes of rules, our own words, owners, and paths of top-level groups: GitLab
compares two branches by the text before the value, so what is in a label must not change from run
to run. What is waived, baselined and unknown has a gauge of its own; `min_severity` and `new_only`
change nothing here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.owners import UNKNOWN_OWNER, UNOWNED, Ownership
from scopelint.report import Report, Reporter

TOP_GROUPS = 100
"""Top-level groups with gauges of their own, those with the most projects; the rest is `other`."""

_LABEL = re.compile("[A-Za-z0-9_.-]+")
_OWNER = re.compile("[A-Za-z0-9_.@/-]+")
_LEVELS = tuple(severity for severity in Severity if severity is not Severity.UNKNOWN)


class OpenMetricsReporter(Reporter):
    """The report's numbers as gauges."""

    name = "openmetrics"
    title = "OpenMetrics: the numbers, for GitLab's metrics report"
    standing = True

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report."""
        for line in _lines(report):
            out.write(f"{line}\n".encode())


def _lines(report: Report) -> Iterator[str]:
    yield from _of_findings(report)
    yield from _of_the_scan(report)
    if report.overview is not None:
        yield from _of_groups(report.overview)
    passed = int(report.gate.result == "pass")
    yield from _gauge("scopelint_gate_passed", "1 where the gate passes", passed)
    yield "# EOF"


def _of_findings(report: Report) -> Iterator[str]:
    summary = report.summary
    yield from _gauge(
        "scopelint_findings",
        "New findings that fail, by severity",
        {f'severity="{level.value}"': summary.severities.get(level, 0) for level in _LEVELS},
    )
    yield from _gauge("scopelint_unknown", "New findings of verdict unknown", summary.unknown)
    yield from _gauge("scopelint_waived", "Findings that a waiver accepts", summary.waived)
    yield from _gauge("scopelint_baselined", "Findings known from a baseline", summary.baselined)
    yield from _gauge(
        "scopelint_carried", "Findings not judged now, of the last report", summary.carried
    )
    fails, unknowns = (_by_rule(report, verdict) for verdict in (Outcome.FAIL, Outcome.UNKNOWN))
    yield from _gauge("scopelint_rule_findings", "New findings that fail, by rule", fails)
    yield from _gauge(
        "scopelint_rule_unknown", "New findings of verdict unknown, by rule", unknowns
    )
    if report.ownership is not None:
        fails, unknowns = (
            _by_owner(report, report.ownership, verdict)
            for verdict in (Outcome.FAIL, Outcome.UNKNOWN)
        )
        yield from _gauge("scopelint_owner_findings", "New findings that fail, by owner", fails)
        yield from _gauge(
            "scopelint_owner_unknown", "New findings of verdict unknown, by owner", unknowns
        )


def _by_rule(report: Report, verdict: Outcome) -> dict[str, int]:
    counts = Counter({_label(rule.code): 0 for rule in report.rules})
    counts.update(_label(each.rule) for each in report.findings if _is_new(each, verdict))
    return {f'rule="{code}"': count for code, count in sorted(counts.items())}


def _by_owner(report: Report, ownership: Ownership, verdict: Outcome) -> dict[str, int]:
    """Count findings by owner; those about the instance are of no part."""
    names = (name for name in ownership.names() if name != UNKNOWN_OWNER)
    counts = Counter({_label(name, _OWNER): 0 for name in names})
    counts.update(
        _label(each.owner or UNOWNED, _OWNER)
        for each in report.findings
        if each.project is not None and _is_new(each, verdict)
    )
    return {f'owner="{name}"': count for name, count in sorted(counts.items())}


def _is_new(finding: Finding, verdict: Outcome) -> bool:
    return finding.verdict is verdict and finding.state is State.NEW and finding.carried is None


def _of_the_scan(report: Report) -> Iterator[str]:
    scan, projects = report.scan, report.scan.projects
    yield from _gauge(
        "scopelint_projects",
        "Projects below the targets: read and judged, not read, or left out by a filter",
        {
            'state="read"': projects.read,
            'state="unreadable"': projects.unreadable,
            'state="left_out"': projects.left_out,
        },
    )
    silent = sum(rule.not_judged is not None for rule in report.rules)
    yield from _gauge(
        "scopelint_rules",
        "Rules: that judged, that could not, and that the user turned off",
        {
            'state="judged"': len(report.rules) - silent,
            'state="not_judged"': silent,
            'state="off"': len(report.choices.rules_off),
        },
    )
    yield from _gauge("scopelint_entries", "Allowlist entries read", scan.entries)
    yield from _gauge(
        "scopelint_complete", "1 where all that was asked for was read", int(scan.complete)
    )


def _of_groups(overview: Mapping[str, Any]) -> Iterator[str]:
    """Yield the gauges of top-level groups; a group's numbers are those of all below it."""
    tops = [group for group in overview["groups"] if "/" not in group["path"]]
    tops.sort(key=lambda group: (-group["projects"], group["path"]))
    names = {group["path"]: _label(group["path"]) for group in tops[:TOP_GROUPS]}
    yield from _gauge(
        "scopelint_open_projects",
        "Projects whose job token limit is off, by top-level group",
        _sums(names, ((group["path"], group.get("open", 0)) for group in tops)),
    )
    found = ((group["path"], sum(group.get(level.value, 0) for level in _LEVELS)) for group in tops)
    yield from _gauge(
        "scopelint_group_findings",
        "New findings that fail, by top-level group",
        _sums(names, found),
    )
    unknown = ((group["path"], group.get(Severity.UNKNOWN.value, 0)) for group in tops)
    yield from _gauge(
        "scopelint_group_unknown",
        "New findings of verdict unknown, by top-level group",
        _sums(names, unknown),
    )
    reach = overview["reach"]
    if reach is not None:
        yield from _gauge(
            "scopelint_reach",
            "Pairs of projects of which one's job token certainly reaches the other,"
            " by the top-level group of the reached",
            _sums(names, _reached(reach), start=(group["path"] for group in tops)),
        )


def _reached(reach: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    groups = reach["groups"]
    for _, target, *count in reach["pairs"]:
        yield groups[target].partition("/")[0], count[0] if count else 1


def _sums(
    names: Mapping[str, str],
    counts: Iterable[tuple[str, int]],
    *,
    start: Iterable[str] = (),
) -> dict[str, int]:
    """Add up numbers by the label of their group; `start` are groups that have one in any case."""
    found: Counter[str] = Counter({names.get(path, "other"): 0 for path in start})
    for path, count in counts:
        found[names.get(path, "other")] += count
    return {f'group="{name}"': number for name, number in sorted(found.items())}


def _label(text: str, pattern: re.Pattern[str] = _LABEL) -> str:
    # GitLab splits a line as a shell would: nothing that a shell reads may get into a label.
    return text if pattern.fullmatch(text) else "other"


def _gauge(name: str, text: str, samples: int | Mapping[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} gauge"
    yield f"# HELP {name} {text}."
    if isinstance(samples, int):
        yield f"{name} {samples}"
        return
    for labels, value in samples.items():
        yield f"{name}{{{labels}}} {value}"
