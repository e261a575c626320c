"""The metrics report, for GitLab's merge request widget and anything that reads OpenMetrics 1.0.

Only gauges, and no label from GitLab: names are not fit for labels, and GitLab compares two
branches by the text before the value. What is waived, baselined and unknown has a gauge of its
own; `min_severity` and `new_only` change nothing here.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.report import Report, Reporter

_CODE = re.compile("[A-Za-z0-9_-]+")


class OpenMetricsReporter(Reporter):
    """The report's numbers as gauges."""

    name = "openmetrics"
    title = "OpenMetrics: the numbers, for GitLab's metrics report"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report."""
        for line in _lines(report):
            out.write(f"{line}\n".encode())


def _lines(report: Report) -> Iterator[str]:
    summary, scan = report.summary, report.scan
    yield from _gauge(
        "scopelint_findings",
        "New findings that fail, by severity",
        {
            f'severity="{severity.value}"': summary.severities.get(severity, 0)
            for severity in Severity
            if severity is not Severity.UNKNOWN
        },
    )
    yield from _gauge("scopelint_unknown", "New findings of verdict unknown", summary.unknown)
    yield from _gauge("scopelint_waived", "Findings that a waiver accepts", summary.waived)
    yield from _gauge("scopelint_baselined", "Findings known from a baseline", summary.baselined)
    by_rule = Counter({_code(rule.code): 0 for rule in report.rules})
    by_rule.update(_code(finding.rule) for finding in report.findings if _is_new_fail(finding))
    yield from _gauge(
        "scopelint_rule_findings",
        "New findings that fail, by rule",
        {f'rule="{code}"': count for code, count in sorted(by_rule.items())},
    )
    yield from _gauge(
        "scopelint_projects",
        "Projects found, by whether their scope was read",
        {'state="read"': scan.projects.read, 'state="unreadable"': scan.projects.unreadable},
    )
    yield from _gauge("scopelint_entries", "Allowlist entries read", scan.entries)
    yield from _gauge("scopelint_complete", "1 where nothing was left unread", int(scan.complete))
    passed = int(report.gate.result == "pass")
    yield from _gauge("scopelint_gate_passed", "1 where the gate passes", passed)
    yield "# EOF"


def _code(code: str) -> str:
    # GitLab splits a line as a shell would: nothing that a shell reads may get into a label.
    return code if _CODE.fullmatch(code) else "other"


def _is_new_fail(finding: Finding) -> bool:
    return finding.verdict is Outcome.FAIL and finding.state is State.NEW


def _gauge(name: str, text: str, samples: int | Mapping[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} gauge"
    yield f"# HELP {name} {text}."
    if isinstance(samples, int):
        yield f"{name} {samples}"
        return
    for labels, value in samples.items():
        yield f"{name}{{{labels}}} {value}"
