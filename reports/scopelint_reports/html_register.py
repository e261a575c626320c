"""The end of the HTML page: what was accepted, how the scan was made, what it did not see."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

from scopelint.finding import Finding, State, Waiver
from scopelint.report import Report
from scopelint.text import visible
from scopelint_reports.narrowing import config_words, limits, rule_words
from scopelint_reports.summary import (
    api_words,
    concluded,
    enforcement_words,
    gap_subject,
    gaps_by_fact,
    utc,
)

STATIC_GAPS = 50
MOST_EXCEPTIONS = 100
"""Rows of the register; the JSON report has every accepted finding."""
_NAMED = 3


class Register:
    """Gathers accepted findings by what accepts them: a waiver and its rule, or the baseline."""

    def __init__(self) -> None:
        self._waived: dict[tuple[str, Waiver | None], Counter[str]] = {}
        self._baselined: dict[str, Counter[str]] = {}

    def add(self, finding: Finding) -> None:
        """Take in one finding; those that are not accepted are passed over."""
        where = _where(finding)
        if finding.state is State.WAIVED:
            self._waived.setdefault((finding.rule, finding.waiver), Counter())[where] += 1
        elif finding.state is State.BASELINED:
            self._baselined.setdefault(finding.rule, Counter())[where] += 1

    def context(self, report: Report) -> dict[str, Any]:
        """Return the rows: the waivers that end first, then those without end, then the baseline."""
        titles = {rule.code: visible(rule.title) for rule in report.rules}
        waived = sorted(
            self._waived.items(),
            key=lambda item: (
                item[0][1] is None or item[0][1].expires is None,
                (item[0][1].expires if item[0][1] else "") or "",
                item[0][0],
            ),
        )
        rows = [
            {
                "by": "waiver",
                "reason": visible(waiver.reason) if waiver else "no reason given",
                "owner": visible(waiver.owner) if waiver and waiver.owner else "",
                "end": visible(waiver.expires) if waiver and waiver.expires else "no end",
            }
            | _accepted(code, titles, where)
            for (code, waiver), where in waived
        ]
        rows += [
            {"by": "baseline", "reason": "known before", "owner": "", "end": "when it is fixed"}
            | _accepted(code, titles, where)
            for code, where in sorted(self._baselined.items())
        ]
        return {
            "rows": rows[:MOST_EXCEPTIONS],
            "more": max(0, len(rows) - MOST_EXCEPTIONS),
            "warnings": [visible(sentence) for sentence in report.warnings],
        }


def _where(finding: Finding) -> str:
    place = visible(finding.project.path) if finding.project else "the instance"
    if finding.entry is None:
        return place
    target = finding.entry.path or f"{finding.entry.kind} {finding.entry.id or 'gone'}"
    return f"{visible(target)} in {place}"


def _accepted(code: str, titles: dict[str, str], where: Counter[str]) -> dict[str, Any]:
    return {
        "rule": visible(code),
        "title": titles.get(code, ""),
        "count": where.total(),
        "where": list(islice(where, _NAMED)),
        "others": max(0, len(where) - _NAMED),
    }


def register(findings: Iterable[Finding]) -> Register:
    """Gather all accepted findings, also those that the page does not list."""
    gathered = Register()
    for finding in findings:
        gathered.add(finding)
    return gathered


def method_context(report: Report) -> dict[str, Any]:
    """Return how the report was made: facts as pairs, what was left out, what could not be read."""
    summary, scan = report.scan, report.scan.scan
    facts = [
        ("Instance", visible(scan.instance)),
        ("GitLab", visible(scan.gitlab_version) or "version not known"),
        ("Job token limit", enforcement_words(scan.enforcement)),
        ("Targets", ", ".join(visible(target) for target in scan.targets) or "none"),
        ("Read through", f"{api_words(scan.api)}, {scan.requests:,} requests"),
        ("Started", utc(scan.started_at)),
        ("Finished", utc(scan.finished_at) or "not finished"),
        ("Groups", f"{summary.groups:,}"),
        ("Allowlist entries", f"{summary.entries:,}"),
        ("Judged by", f"scopelint {visible(report.tool_version)}: {rule_words(report)}"),
        ("Configuration", config_words(report.choices)),
    ]
    groups = gaps_by_fact(summary.gaps)
    return {
        "facts": facts,
        "concluded": concluded(scan),
        "limits": _limits(report),
        "breaking": [group for group in groups if group.breaks],
        "others": [group for group in groups if not group.breaks],
        "gaps": _gap_rows(report),
        "gap_count": len(summary.gaps),
    }


def _limits(report: Report) -> list[tuple[str, list[str]]]:
    """Return what was left out by choice, each title with its sentences."""
    found: dict[str, list[str]] = {}
    for title, text in limits(report):
        if title != "Configuration":
            found.setdefault(title, []).append(text)
    return list(found.items())


def _gap_rows(report: Report) -> list[dict[str, str]]:
    return [
        {
            "fact": visible(str(gap.fact)),
            "subject": gap_subject(gap) if gap.subject_path or gap.subject_id is not None else "",
            "reason": visible(str(gap.reason)).replace("_", " "),
            "detail": visible(gap.detail),
        }
        for gap in islice(report.scan.gaps, STATIC_GAPS)
    ]
