"""The GitLab security report: `gl-sast-report.json`, of type `sast`.

GitLab's Vulnerability Report, the merge request's security widget and the dashboards read it.
Its importer has rules that no schema says. A finding's keys are all its identifiers but CWE and
WASC times all its places, and a later finding that shares one key is dropped: so each finding has
one identifier of ours and a place of its own. Identifiers that a report does not list among its
`primary_identifiers` may be resolved: so only a run of everything lists them.

Each finding is checked against the schema in a background job of GitLab's, where an item of
`details` takes more time than all the rest of the finding: there are none. What was observed is
part of the description; what is the same for all findings stands in the scan's messages or behind
the rule's link.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, BinaryIO

from scopelint.finding import Carried, Confidence, Finding, Severity, State, fingerprint
from scopelint.report import Report, Reporter, RuleSummary
from scopelint.text import counted, escaped, json_text, plain, plain_line, shorten
from scopelint.versions import OLDEST_REPORT_SCHEMA, parse_version, report_schema
from scopelint_reports.location import place, settings_url, web_address
from scopelint_reports.narrowing import judged_words
from scopelint_reports.summary import not_judged
from scopelint_reports.titles import (
    facts,
    named_message,
    owner_sentences,
    state_sentences,
    title,
)
from scopelint_reports.unknowns import Survey, gaps_by_cause, results, survey

MESSAGES = 50
"""Unknown findings that become a message each; the others are counted."""
ROLLED_UP_KEY = "entries"
"""The key, in the fingerprint, of the one vulnerability for all entries that a rule flags."""

_NAME_CHARS = 255
_SOLUTION_CHARS = 7_000
_DESCRIPTION_CHARS = 10_000
_MESSAGE_CHARS = 1_000
_URL_CHARS = 2_000
_LISTED = 50
# GitLab hashes it again; the whole fingerprint is the finding's id.
_TRACKED_CHARS = 32
# GitLab stores the first 20 identifiers; one is ours.
_WEAKNESSES = 19


class GitlabSastReporter(Reporter):
    """Vulnerabilities. Waived findings are left out unless asked for; one is for what is unknown."""

    name = "gitlab-sast"
    title = "GitLab security report (sast): Vulnerability Report and security widget"
    compared = True
    standing = True

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; the file is named gl-sast-report.json by custom."""
        waived = self.options.keep_waived
        found = survey(report, most_notices=MESSAGES, show_waived=waived, compared=True)
        head = {"version": self._schema(report), "scan": _scan(report, found)}
        out.write(f'{json_text(head, compact=True)[:-1]},"vulnerabilities":['.encode())
        rules = {rule.code: rule for rule in report.described_rules}
        identifiers: dict[str, str] = {}
        before = "\n"
        instance = report.scan.scan.instance
        for group in self._groups(
            results(report, found, show_waived=waived, compared=True), instance
        ):
            finding = group[0]
            rule = rules.get(finding.rule)
            item = json_text(_vulnerability(group, rule), compact=True)
            # The same for every finding of a rule, so made once.
            known = identifiers.get(finding.rule)
            if known is None:
                known = json_text(list(_identifiers(finding, rule)), compact=True)
                identifiers[finding.rule] = known
            spot = _spot(finding, instance)
            out.write(f'{before}{item[:-1]},{spot},"identifiers":{known}}}'.encode())
            before = ",\n"
        out.write(b"]}\n")

    def _schema(self, report: Report) -> str:
        """Return the schema's version: the chosen one, or the newest that the scanned GitLab takes."""
        self.notes = []
        if self.options.gitlab_sast_version is not None:
            return self.options.gitlab_sast_version
        schema = report_schema(parse_version(report.scan.scan.gitlab_version))
        if schema is None:
            schema = OLDEST_REPORT_SCHEMA
            self.notes = [
                f"GitLab did not tell its version, so the file has schema {schema}, which every"
                " release known takes; --gitlab-sast-version chooses another one"
            ]
        return schema

    def _groups(self, findings: Iterable[Finding], instance: str) -> Iterator[list[Finding]]:
        """Yield what becomes one vulnerability: a finding, or one for all entries and these.

        The first item of a list stands for all of them.
        """
        if self.options.roll_up is None:
            yield from ([finding] for finding in findings)
            return
        taken: set[str] = set()
        # Findings come by severity, project and rule, so those of one group lie together.
        for of, group in groupby(findings, _group):
            if of is None:
                yield from ([finding] for finding in group)
                continue
            entries = list(group)
            whole = _rolled_up(entries, instance, taken)
            taken.add(whole.fingerprint)
            yield [whole, *entries]


def _group(finding: Finding) -> tuple[str, int, Severity] | None:
    if finding.entry is None or finding.project is None:
        return None
    return finding.rule, finding.project.id, finding.severity


def _rolled_up(entries: list[Finding], instance: str, taken: set[str]) -> Finding:
    """Return the finding that stands for all of a rule's entries in a project.

    Its identity stays when entries come and go, and when only one is left.
    """
    first = entries[0]
    project = first.project.id if first.project else None
    key = ROLLED_UP_KEY
    if fingerprint(first.rule, instance, project, key) in taken:
        # Some were carried over with the severity that the rule had then: a second vulnerability.
        key = f"{ROLLED_UP_KEY}:{first.severity}"
    states = {one.state for one in entries}
    live = [one for one in entries if one.carried is None]
    return replace(
        first,
        entry=None,
        fingerprint=fingerprint(first.rule, instance, project, key),
        state=next(state for state in (State.NEW, *State) if state in states),
        carried=None if live else max((one.carried for one in entries if one.carried), key=_seen),
        confidence=min((one.confidence for one in entries), key=list(Confidence).index),
        evidence={},
        remediation="",
    )


def _seen(carried: Carried) -> datetime:
    return carried.last_seen


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
    """Yield what the findings do not say, by cause: an incomplete list of projects first."""
    yield _message("info", f"{judged_words(report)}.")
    for group in gaps_by_cause(report):
        said = f"Not read: {group.words} ({group.count}: {group.reason_words})."
        yield _message("warn" if group.breaks else "info", said)
    for finding in found.notices:
        yield _message("warn", f"{finding.rule}: {named_message(finding)}")
    if more := found.unknown - len(found.notices):
        yield _message("warn", f"{more} more findings of verdict unknown are not listed.")
    for rule in not_judged(report.rules):
        yield _message("info", f"{rule.code} was not judged: {rule.not_judged}")


def _message(level: str, text: str) -> dict[str, str]:
    return {"level": level, "value": shorten(plain(text).strip(), _MESSAGE_CHARS)}


def _vulnerability(group: list[Finding], rule: RuleSummary | None) -> dict[str, Any]:
    """Return a vulnerability without its place and its identifiers."""
    finding, *entries = group
    item: dict[str, Any] = {
        "id": finding.fingerprint,
        "name": title(finding, rule, _NAME_CHARS),
        "description": shorten(_description(finding, entries), _DESCRIPTION_CHARS),
        "severity": _SEVERITIES[finding.severity],
    }
    solution = "\n\n".join(dict.fromkeys(_solution(one.remediation) for one in entries or group))
    if solution.strip():
        item["solution"] = shorten(solution, _SOLUTION_CHARS)
    if page := _fit(settings_url(finding)):
        # Its name would be the same in each: GitLab shows the address where there is none.
        item["links"] = [{"url": page}]
    return item


def _spot(finding: Finding, instance: str) -> str:
    """Return place and tracking as members of a JSON object: neither text needs an escape."""
    where = place(finding, instance).uri
    hashed = f'{{"algorithm":"hash","value":"{finding.fingerprint[:_TRACKED_CHARS]}"}}'
    return (
        f'"location":{{"file":"{where}","start_line":1,"end_line":1}}'
        f',"tracking":{{"type":"source","items":[{{"signatures":[{hashed}]}}]}}'
    )


_SEVERITIES: Mapping[Severity, str] = {severity: severity.value.title() for severity in Severity}


def _description(finding: Finding, entries: list[Finding]) -> str:
    """Return what was found, what was observed and how sure it is, as Markdown."""
    parts = [_entries(entries)] if entries else [_said(finding)]
    if not entries and (observed := facts(finding)):
        parts.append(f"Observed: {observed}.")
    if finding.confidence is not Confidence.HIGH:
        parts.append(f"Confidence: {finding.confidence}.")
    parts += [*state_sentences(finding), *owner_sentences(finding)]
    # Each by itself: a text of one line is escaped in half the time.
    return "\n\n".join([parts[0] if entries else escaped(parts[0]), *map(escaped, parts[1:])])


def _entries(entries: list[Finding]) -> str:
    """Return a list of all entries, each with what its own finding says."""
    lines = [f"{counted(len(entries), 'entry', 'entries')}:\n"]
    for one in entries[:_LISTED]:
        states = " ".join(state_sentences(one)) if one.state is not State.NEW or one.carried else ""
        said = f"{named_message(one, project=False)} {states}".replace("\n", " ").strip()
        lines.append(f"- {escaped(said)}")
    if len(entries) > _LISTED:
        lines.append(f"- and {len(entries) - _LISTED} more")
    return "\n".join(lines)


def _said(finding: Finding) -> str:
    return plain(finding.message).strip() or plain_line(finding.name)


def _identifiers(finding: Finding, rule: RuleSummary | None) -> Iterator[dict[str, str]]:
    yield _identifier(finding.rule, rule.help_uri if rule else "")
    for number in (rule.cwe if rule else ())[:_WEAKNESSES]:
        yield {"type": "cwe", "name": f"CWE-{number}", "value": str(number)}


def _identifier(code: str, help_uri: str) -> dict[str, str]:
    """Return the identifier of a rule; SARIF's tool name and rule id say the same.

    GitLab shows its name, beside that of the scanner.
    """
    identifier = {"type": "scopelint", "name": code, "value": code}
    url = _fit(web_address(help_uri))
    return identifier | {"url": url} if url else identifier


@lru_cache(maxsize=1_024)
def _solution(remediation: str) -> str:
    return shorten(escaped(plain(remediation).strip()), _SOLUTION_CHARS)


def _fit(url: str | None) -> str | None:
    return url if url and len(url) <= _URL_CHARS else None
