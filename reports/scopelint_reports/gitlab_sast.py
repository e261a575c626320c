"""The GitLab security report: `gl-sast-report.json`, of type `sast`.

GitLab's Vulnerability Report, the merge request's security widget and the dashboards read it.
Its importer has rules that no schema says. A finding's keys are all its identifiers but CWE and
WASC times all its places, and a later finding that shares one key is dropped: so each finding has
one identifier of ours and a place of its own. Identifiers that a report does not list among its
`primary_identifiers` may be resolved: so only a run of everything lists them.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO

from scopelint.finding import Finding, Severity, State
from scopelint.report import Report, Reporter, RuleSummary
from scopelint.text import escaped, json_text, plain, plain_line, shorten
from scopelint_reports.location import place, settings_url, web_address
from scopelint_reports.sast_details import details
from scopelint_reports.summary import coverage, gaps_by_fact, not_judged
from scopelint_reports.unknowns import Survey, results, survey

VERSION = "15.2.1"
"""The schema's version. GitLab refuses one with a minor part that it does not know yet."""
MESSAGES = 50
"""Unknown findings that become a message each; the others are counted."""

_NAME_CHARS = 255
_SOLUTION_CHARS = 7_000
_DESCRIPTION_CHARS = 10_000
_MESSAGE_CHARS = 1_000
_URL_CHARS = 2_000
# GitLab stores the first 20 identifiers; one is ours.
_WEAKNESSES = 19


class GitlabSastReporter(Reporter):
    """Vulnerabilities. Waived findings are left out; one stands for all that is unknown."""

    name = "gitlab-sast"
    title = "GitLab security report (sast): Vulnerability Report and security widget"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; the file is named gl-sast-report.json by custom."""
        found = survey(report, most_notices=MESSAGES)
        version = self.options.gitlab_sast_version or VERSION
        head = {"version": version, "scan": _scan(report, found)}
        out.write(f'{json_text(head, compact=True)[:-1]},"vulnerabilities":['.encode())
        rules = {rule.code: rule for rule in report.rules}
        identifiers: dict[str, str] = {}
        covered = coverage(report) or "everything that was asked for was read"
        before = "\n"
        for finding in results(report, found):
            rule = rules.get(finding.rule)
            item = json_text(_vulnerability(finding, rule, covered), compact=True)
            # The same for every finding of a rule, so made once.
            known = identifiers.get(finding.rule)
            if known is None:
                known = json_text(list(_identifiers(finding, rule)), compact=True)
                identifiers[finding.rule] = known
            spot = _spot(finding, report.scan.scan.instance)
            out.write(f'{before}{item[:-1]},{spot},"identifiers":{known}}}'.encode())
            before = ",\n"
        out.write(b"]}\n")


def _scan(report: Report, found: Survey) -> dict[str, Any]:
    scan, projects = report.scan.scan, report.scan.projects
    tool = {
        "id": "scopelint",
        "name": "scopelint",
        "version": report.tool_version,
        "vendor": {"name": "scopelint"},
    }
    failed = projects.total > 0 and projects.read == 0
    data: dict[str, Any] = {
        "analyzer": tool,
        "scanner": tool,
        "type": "sast",
        "status": "failure" if failed else "success",
        "start_time": _time(scan.started_at),
        "end_time": _time(scan.finished_at or scan.started_at),
    }
    if messages := list(_messages(report, found)):
        data["messages"] = messages
    if report.whole_set and report.scan.complete:
        data["primary_identifiers"] = [
            _identifier(rule.code, rule.help_uri) for rule in report.rules
        ]
    return data


def _time(moment: datetime) -> str:
    """Return GitLab's form of a time: UTC without saying so, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _messages(report: Report, found: Survey) -> Iterator[dict[str, str]]:
    for finding in found.notices:
        yield _message("warn", f"{finding.rule}: {finding.message or finding.name}")
    if more := found.unknown - len(found.notices):
        yield _message("warn", f"{more} more findings of verdict unknown are not listed.")
    for group in gaps_by_fact(report.scan.gaps):
        said = f"Not read: {group.words} ({group.count}: {group.reason_words})."
        yield _message("warn" if group.breaks else "info", said)
    for rule in not_judged(report.rules):
        yield _message("info", f"{rule.code} was not judged: {rule.not_judged}")


def _message(level: str, text: str) -> dict[str, str]:
    return {"level": level, "value": shorten(plain(text).strip(), _MESSAGE_CHARS)}


def _vulnerability(finding: Finding, rule: RuleSummary | None, covered: str) -> dict[str, Any]:
    """Return a vulnerability without its place and its identifiers."""
    page = _fit(settings_url(finding))
    item: dict[str, Any] = {
        "id": finding.fingerprint,
        "name": _name(finding, rule),
        "description": shorten(_description(finding), _DESCRIPTION_CHARS),
        "severity": _SEVERITIES[finding.severity],
        "details": details(finding, rule, page, covered),
    }
    if solution := _solution(finding.remediation):
        item["solution"] = solution
    if links := list(_links(page, rule)):
        item["links"] = links
    return item


def _spot(finding: Finding, instance: str) -> str:
    """Return place and tracking as members of a JSON object: neither text needs an escape."""
    where = place(finding, instance).uri
    spot = f'"file":"{where}","start_line":1,"end_line":1'
    hashed = f'{{"algorithm":"hash","value":"{finding.fingerprint}"}}'
    items = f'[{{{spot},"signatures":[{hashed}]}}]'
    return f'"location":{{{spot}}},"tracking":{{"type":"source","items":{items}}}'


_SEVERITIES: Mapping[Severity, str] = {severity: severity.value.title() for severity in Severity}


def _name(finding: Finding, rule: RuleSummary | None) -> str:
    title = plain_line(rule.title).strip() if rule else ""
    path = f": {plain_line(finding.project.path)}" if finding.project else ""
    return shorten(f"{title or plain_line(finding.name)}{path}", _NAME_CHARS)


def _description(finding: Finding) -> str:
    said = plain(finding.message).strip() or plain_line(finding.name)
    known = "\n\nKnown from a baseline." if finding.state is State.BASELINED else ""
    return f"{escaped(said)}{known}"


def _identifiers(finding: Finding, rule: RuleSummary | None) -> Iterator[dict[str, str]]:
    yield _identifier(finding.rule, rule.help_uri if rule else "")
    for number in (rule.cwe if rule else ())[:_WEAKNESSES]:
        yield {
            "type": "cwe",
            "name": f"CWE-{number}",
            "value": str(number),
            "url": f"https://cwe.mitre.org/data/definitions/{number}.html",
        }


def _identifier(code: str, help_uri: str) -> dict[str, str]:
    """Return the identifier of a rule; SARIF's tool name and rule id say the same."""
    identifier = {"type": "scopelint", "name": f"scopelint {code}", "value": code}
    url = _fit(web_address(help_uri))
    return identifier | {"url": url} if url else identifier


def _links(page: str | None, rule: RuleSummary | None) -> Iterator[dict[str, str]]:
    if page:
        yield {"name": "Job token permissions of the project", "url": page}
    if rule and (url := _about(rule.help_uri)):
        yield {"name": f"About {rule.code}", "url": url}


@lru_cache(maxsize=1_024)
def _about(help_uri: str) -> str | None:
    return _fit(web_address(help_uri))


@lru_cache(maxsize=1_024)
def _solution(remediation: str) -> str:
    return shorten(escaped(plain(remediation).strip()), _SOLUTION_CHARS)


def _fit(url: str | None) -> str | None:
    return url if url and len(url) <= _URL_CHARS else None
