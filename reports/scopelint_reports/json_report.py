"""The JSON report: schema `scopelint-report/1` of the outside contract, section 5.

Streamed: one line a gap, a rule and a finding, so that line tools can read it too.
`report.schema.json` beside this module describes it; `scopelint.report_file` reads it back.
"""

import json
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any, BinaryIO

from scopelint.finding import Finding, Outcome
from scopelint.model import Filters, Gap
from scopelint.report import Report, Reporter, RuleSummary, ScanSummary
from scopelint.report_file import SCHEMA
from scopelint.text import json_text, utc


def schema() -> dict[str, Any]:
    """Return the report's JSON Schema (draft 2020-12)."""
    text = resources.files("scopelint_reports").joinpath("report.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


class JsonReporter(Reporter):
    """Everything, for programs. Waived findings are always listed."""

    name = "json"
    title = "everything for programs, read back by gate, check and baseline"
    extension = "json"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; raise TypeError or ValueError where evidence is no JSON data."""
        for line in _lines(report):
            out.write(f"{line}\n".encode())


def _lines(report: Report) -> Iterator[str]:
    tool = {"name": "scopelint", "version": report.tool_version}
    yield "{"
    yield f'"schema": {json_text(SCHEMA)},'
    yield f'"tool": {json_text(tool)},'
    yield f'"scan": {json_text(scan_data(report.scan))[:-1]}, "gaps": ['
    yield from _items(gap_data(gap) for gap in report.scan.gaps)
    yield "]},"
    yield f'"summary": {json_text(report.summary.as_dict())},'
    yield f'"gate": {json_text(gate_data(report))},'
    yield '"rules": ['
    yield from _items(rule_data(rule) for rule in report.rules)
    yield "],"
    yield f'"overview": {json_text(report.overview)},'
    yield '"findings": ['
    yield from _items(finding_data(finding) for finding in report.shown(waived=True))
    yield "]"
    yield "}"


def _items(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    last = None
    for item in items:
        if last is not None:
            yield f"{last},"
        last = json_text(item)
    if last is not None:
        yield last


def scan_data(summary: ScanSummary) -> dict[str, Any]:
    """Return the scan without its gaps as JSON data."""
    scan, projects = summary.scan, summary.projects
    return {
        "instance": scan.instance,
        "gitlab_version": scan.gitlab_version,
        "targets": scan.targets,
        **_filter_data(scan.filters),
        "api": scan.api,
        "started_at": utc(scan.started_at),
        "finished_at": utc(scan.finished_at) if scan.finished_at else None,
        "enforcement": scan.enforcement,
        "requests": scan.requests,
        "complete": summary.complete,
        "projects": {
            "total": projects.total,
            "read": projects.read,
            "unreadable": projects.unreadable,
        },
        "groups": summary.groups,
        "entries": summary.entries,
    }


def _filter_data(filters: Filters) -> dict[str, Any]:
    """Return what was left out, where that is anything."""
    if filters.everything:
        return {}
    return {
        "filters": {
            "include": filters.include,
            "exclude": filters.exclude,
            "archived": filters.archived,
        }
    }


def gap_data(gap: Gap) -> dict[str, Any]:
    """Return a gap as JSON data."""
    subject = {"id": gap.subject_id, "path": gap.subject_path} if gap.subject_kind else None
    shown: dict[str, Any] = {"fact": gap.fact}
    if gap.subject_kind == "group":
        shown |= {"project": None, "group": subject}
    else:
        shown |= {"project": subject}
    return shown | {"reason": gap.reason, "detail": gap.detail}


def gate_data(report: Report) -> dict[str, Any]:
    """Return the gate as JSON data; what was not asked for and plays no part is left out."""
    gate = report.gate
    more = {
        "max": {severity.value: count for severity, count in gate.most.items()},
        "allow_incomplete": gate.allow_incomplete,
        "gaps_accepted": gate.gaps_accepted,
    }
    return {
        "result": gate.result,
        "fail_on": gate.fail_on,
        "reasons": gate.reasons,
        **{key: value for key, value in more.items() if value},
    }


def rule_data(rule: RuleSummary) -> dict[str, Any]:
    """Return a rule of the run as JSON data."""
    return {
        "code": rule.code,
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity,
        "help_uri": rule.help_uri,
        "outcomes": {outcome.value: rule.outcomes.get(outcome, 0) for outcome in Outcome},
        "not_judged": rule.not_judged,
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON data."""
    project, entry, waiver = finding.project, finding.entry, finding.waiver
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "verdict": finding.verdict,
        "message": finding.message,
        "project": project and {"id": project.id, "path": project.path, "web_url": project.web_url},
        "entry": entry and {"kind": entry.kind, "id": entry.id, "path": entry.path},
        "fingerprint": finding.fingerprint,
        "state": finding.state,
        "waiver": waiver
        and {"reason": waiver.reason, "expires": waiver.expires, "owner": waiver.owner},
        "evidence": finding.evidence,
        "remediation": finding.remediation,
    }
