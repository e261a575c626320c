"""What the HTML report shows before any script runs: plain values for its template."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from scopelint.finding import Finding, Outcome, ProjectRef, Severity, State
from scopelint.report import ProjectCounts, Report, RuleSummary
from scopelint.text import visible, visible_lines
from scopelint_reports.html_overview import matrix_context, tree_context
from scopelint_reports.location import web_link
from scopelint_reports.narrowing import config_words, judged_words, limits, rule_words
from scopelint_reports.rule_page import page_html
from scopelint_reports.summary import (
    GapGroup,
    api_words,
    concluded,
    enforcement_words,
    gap_subject,
    gaps_by_fact,
    gate_words,
    label,
    not_judged,
    not_judged_by_reason,
    state_words,
    utc,
)

STATIC_ROWS = 200
"""Findings in the page itself, for readers without scripts; the data block holds all."""
STATIC_GAPS = 50
WORST_PROJECTS = 10

_LEVELS = tuple(Severity)
_VERDICT_WORDS = {"pass": "Pass", "fail": "Fail", "incomplete": "Incomplete"}


@dataclass(slots=True)
class FailingProject:
    """A project with its failing findings by level, waived and baselined ones left out."""

    project: ProjectRef
    counts: Counter[Severity] = field(default_factory=Counter)

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts the most findings of the worst level first, then by path."""
        return (*(-self.counts[level] for level in _LEVELS), self.project.path)


@dataclass(frozen=True, slots=True)
class Digest:
    """One walk over the findings: how many are shown, the first of them, the worst projects."""

    shown: int
    first: list[Finding]
    worst: list[FailingProject]


def digest(findings: Iterable[Finding]) -> Digest:
    """Walk the shown findings once."""
    shown = 0
    first: list[Finding] = []
    projects: dict[int, FailingProject] = {}
    for finding in findings:
        shown += 1
        if len(first) < STATIC_ROWS:
            first.append(finding)
        if finding.project and finding.state is State.NEW and finding.verdict is Outcome.FAIL:
            project = projects.get(finding.project.id)
            if project is None:
                project = projects[finding.project.id] = FailingProject(finding.project)
            project.counts[finding.severity] += 1
    worst = sorted(projects.values(), key=lambda each: each.rank)[:WORST_PROJECTS]
    return Digest(shown, first, worst)


def _link(**state: str) -> str:
    return "#" + urlencode(state)


def _settings(project: ProjectRef | None) -> str | None:
    base = web_link(project.web_url) if project else None
    return f"{base}/-/settings/ci_cd#js-token-access" if base else None


def row(finding: Finding) -> dict[str, Any]:
    """Return one finding as the static table shows it."""
    entry = finding.entry
    return {
        "level": label(finding).value,
        "rule": visible(finding.rule),
        "name": visible(finding.name),
        "project": visible(finding.project.path) if finding.project else "",
        "settings": _settings(finding.project),
        "entry": visible(entry.path or f"{entry.kind} {entry.id or 'gone'}") if entry else "",
        "kind": entry.kind if entry else "",
        "message": visible(finding.message),
        "mark": state_words(finding),
        "fix": visible_lines(finding.remediation).strip(),
    }


def _rule(rule: RuleSummary) -> dict[str, Any]:
    counts = {outcome.value: rule.outcomes.get(outcome, 0) for outcome in Outcome}
    references = [f"CWE-{number}" for number in rule.cwe] + [visible(name) for name in rule.owasp]
    return {
        "code": visible(rule.code),
        "name": visible(rule.name),
        "title": visible(rule.title),
        "level": rule.severity.value,
        "counts": counts,
        "judged": sum(counts.values()),
        "not_judged": None if rule.not_judged is None else visible(rule.not_judged),
        "help": web_link(rule.help_uri),
        "confidence": visible(rule.confidence),
        "references": references,
        "tags": [visible(tag) for tag in rule.tags],
        "distribution": visible(rule.distribution),
        "requirement": visible(rule.requirement),
        "remedy": visible(rule.remedy.replace("`", "")),
        "page": page_html(rule.page, top=3),
        "href": _link(rule=visible(rule.code)),
    }


def _failing(failing: FailingProject) -> dict[str, Any]:
    path = visible(failing.project.path)
    counts = [(level.value, failing.counts[level]) for level in _LEVELS if failing.counts[level]]
    return {"path": path, "href": _link(project=path), "counts": counts}


def _tiles(report: Report) -> list[dict[str, Any]]:
    counts = report.summary.as_dict()
    return [
        {
            "level": level.value,
            "count": counts[level.value],
            "href": _link(severity=level.value, state="new"),
        }
        for level in _LEVELS
    ]


def _gap_groups(report: Report) -> tuple[list[GapGroup], list[GapGroup]]:
    groups = gaps_by_fact(report.scan.gaps)
    return [g for g in groups if g.breaks], [g for g in groups if not g.breaks]


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


def _shares(counts: ProjectCounts) -> dict[str, float]:
    """Return the percentages of the projects that were read, and that a filter left out.

    They are rounded down: nothing short of all is 100.
    """
    total = max(counts.total, 1)
    return {
        "read": math.floor(1000 * counts.read / total) / 10,
        "left_out": math.floor(1000 * counts.left_out / total) / 10,
    }


def _limits(report: Report) -> list[tuple[str, list[str]]]:
    """Return what was left out by choice, each title with its sentences."""
    found: dict[str, list[str]] = {}
    for title, text in limits(report):
        if title != "Configuration":
            found.setdefault(title, []).append(text)
    return list(found.items())


def context(report: Report, seen: Digest) -> dict[str, Any]:
    """Return the template's variables; every string is cleaned, none is markup but rules' pages."""
    summary, scan = report.scan, report.scan.scan
    breaking, others = _gap_groups(report)
    return {
        "tool_version": visible(report.tool_version),
        "instance": visible(scan.instance),
        "instance_link": web_link(scan.instance),
        "targets": [visible(target) for target in scan.targets],
        "started": utc(scan.started_at),
        "finished": utc(scan.finished_at),
        "gitlab_version": visible(scan.gitlab_version),
        "api": api_words(scan.api),
        "requests": scan.requests,
        "enforcement": enforcement_words(scan.enforcement),
        "concluded": concluded(scan),
        "result": report.gate.result,
        "result_word": _VERDICT_WORDS.get(report.gate.result, visible(report.gate.result)),
        "reasons": gate_words(report),
        "fail_on": visible(report.gate.fail_on),
        "complete": summary.complete,
        "projects": summary.projects,
        "judged": judged_words(report),
        "judged_rules": rule_words(report),
        "shares": _shares(summary.projects),
        "limits": _limits(report),
        "configuration": config_words(report.choices),
        "groups": summary.groups,
        "entries": summary.entries,
        "tiles": _tiles(report),
        "waived": report.summary.waived,
        "baselined": report.summary.baselined,
        "warnings": [visible(sentence) for sentence in report.warnings],
        "gaps_breaking": breaking,
        "gaps_other": others,
        "gap_rows": _gap_rows(report),
        "gap_count": len(summary.gaps),
        "not_judged": not_judged_by_reason(report.rules),
        "not_judged_count": len(not_judged(report.rules)),
        "worst": [_failing(each) for each in seen.worst],
        "tree": tree_context(report.overview),
        "matrix": matrix_context(report.overview),
        "rules": [_rule(rule) for rule in report.rules],
        "rows": [row(finding) for finding in seen.first],
        "shown": seen.shown,
    }
