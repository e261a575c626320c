"""The SARIF 2.1.0 report, for GitLab, GitHub, Azure DevOps, DefectDojo and SonarQube.

One profile satisfies all of them: each result has an explicit level, one synthetic physical
location (`scopelint_reports.location`) with a region, and stable fingerprints; nothing is `pass`
or `absent`, which some of them count as live. Results are streamed, severest first, in one run:
GitLab keeps 5,000 a run in file order, and stores what a job found once for each scan type and
tool, so that a second run of the same tool makes it drop the first one's. GitHub takes more runs,
each compared with the run of the same category before: so their number is fixed, empty ones too.

What could not be judged is no result: it is a notification of the run, which then counts as not
successful, and a single result that sums them up.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice
from pathlib import PurePath
from typing import Any, BinaryIO, Literal
from urllib.parse import quote

import sarif_om as om

from scopelint.finding import Finding, Severity, State
from scopelint.report import Report, Reporter
from scopelint.text import json_text, plain, shorten, utc
from scopelint_reports.location import place, settings_url
from scopelint_reports.sarif_rules import LEVELS, SECURITY_SEVERITIES, taxonomies, tool
from scopelint_reports.sarif_write import to_data
from scopelint_reports.titles import named_message, state_sentences
from scopelint_reports.unknowns import Survey, gaps_by_cause, results, survey

SCHEMA_URI = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
RESULTS_A_RUN = 5_000
NOTIFICATIONS = 1_000
"""The most notifications about single gaps; the others are counted."""

_MESSAGE_CHARS = 1_000
_TARGET_CHARS = 200

_Rules = Mapping[str, tuple[int, Severity]]
"""Of each rule's code: its place among the tool's rules, and its usual severity."""

_BASELINE: Mapping[State, Literal["new", "unchanged"]] = {
    State.NEW: "new",
    State.BASELINED: "unchanged",
    State.WAIVED: "new",
}


class SarifReporter(Reporter):
    """Code scanning's format. Waived findings are left out unless asked for."""

    name = "sarif"
    title = "SARIF 2.1.0 for code scanning and vulnerability management"
    compared = True

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; raise nothing for what names hold."""
        show_waived = self.options.keep_waived
        found = survey(report, most_notices=NOTIFICATIONS, show_waived=show_waived, compared=True)
        runs = self.options.sarif_runs
        kept = min(found.results, RESULTS_A_RUN * runs)
        left_out = _left_out(found.results, kept)
        category = self.options.sarif_category or _category(report)
        # Where not all fit, the last place is the sum's: what is unknown is never cut off.
        most = kept - (found.summed_up is not None)
        rest = results(report, found, most_fails=most, show_waived=show_waived, compared=True)
        rules = {rule.code: (n, rule.severity) for n, rule in enumerate(report.described_rules)}
        instance = report.scan.scan.instance
        _write(out, f'{{"$schema":{json_text(SCHEMA_URI)},"version":"2.1.0","runs":[\n')
        for number in range(1, runs + 1):
            notices = _notifications(report, found, left_out) if number == 1 else []
            frame = to_data(_frame(report, found, category, number, notices))
            _write(out, f'{json_text(frame, compact=True)[:-1]},"results":[')
            _write_results(out, islice(rest, RESULTS_A_RUN), rules, instance)
            _write(out, "]}\n" if number == runs else "]},\n")
        _write(out, "]}\n")
        self.notes = [left_out] if left_out else []


def _write(out: BinaryIO, text: str) -> None:
    out.write(text.encode())


def _write_results(
    out: BinaryIO, findings: Iterator[Finding], rules: _Rules, instance: str
) -> None:
    before = "\n"
    for finding in findings:
        result = _result(finding, rules, instance)
        _write(out, before + json_text(to_data(result), compact=True))
        before = ",\n"


def _result(finding: Finding, rules: _Rules, instance: str) -> om.Result:
    index, usual = rules.get(finding.rule, (-1, None))
    identity = finding.fingerprint
    return om.Result(
        message=om.Message(text=_message(finding)),
        rule_id=finding.rule,
        rule_index=index,
        level=LEVELS[finding.severity],
        locations=[_location(finding, instance)],
        related_locations=_related(finding),
        fingerprints={"scopelint/v1": identity},
        partial_fingerprints={
            "scopelint/v1": identity,
            "primaryLocationLineHash": f"{identity[:16]}:1",
        },
        hosted_viewer_uri=settings_url(finding),
        baseline_state="unchanged" if finding.carried else _BASELINE[finding.state],
        suppressions=_suppressions(finding),
        properties=_properties(finding, usual),
    )


def _message(finding: Finding) -> str:
    """Return a text that names project and entry: consumers take its beginning for a title."""
    last_seen = [] if finding.carried is None else islice(state_sentences(finding), 1)
    return _text(" ".join([named_message(finding), *last_seen]))


def _text(text: str) -> str:
    """Return a message that stays text: SARIF reads `[a](b)` as a link, `{0}` as an argument."""
    text = plain(text).strip().replace("](", "] (")
    return shorten(text.replace("{", "{{").replace("}", "}}"), _MESSAGE_CHARS)


def _location(finding: Finding, instance: str) -> om.Location:
    where = place(finding, instance)
    return om.Location(
        physical_location=om.PhysicalLocation(
            artifact_location=om.ArtifactLocation(uri=where.uri),
            region=om.Region(start_line=1, start_column=1, end_line=1, end_column=2),
        ),
        logical_locations=[om.LogicalLocation(fully_qualified_name=where.name, kind="object")],
    )


def _related(finding: Finding) -> list[om.Location] | None:
    """Return where the declared policy says otherwise: the one real file of a result."""
    at = finding.evidence.get("declared_at")
    if not isinstance(at, Mapping):
        return None
    file, line = at.get("file"), at.get("line")
    if not isinstance(file, str) or not isinstance(line, int) or line < 1 or not file:
        return None
    relative = PurePath(file)
    if relative.is_absolute() or ".." in relative.parts:
        return None
    return [
        om.Location(
            id=1,
            message=om.Message(text="Declared here."),
            physical_location=om.PhysicalLocation(
                artifact_location=om.ArtifactLocation(uri=quote(relative.as_posix())),
                region=om.Region(start_line=line),
            ),
        )
    ]


def _properties(finding: Finding, usual: Severity | None) -> dict[str, Any]:
    severity = finding.severity
    properties: dict[str, Any] = {
        "severity": severity.value,
        "confidence": finding.confidence.value,
    }
    if severity is not usual and severity in SECURITY_SEVERITIES:
        properties["security-severity"] = SECURITY_SEVERITIES[severity]
    if finding.owner is not None:
        properties["owner"] = plain(finding.owner)
    if finding.carried is not None:
        properties["lastSeen"] = utc(finding.carried.last_seen)
    if finding.remediation:
        properties["remediation"] = shorten(plain(finding.remediation), _MESSAGE_CHARS)
    return properties


def _suppressions(finding: Finding) -> list[om.Suppression] | None:
    if finding.state is not State.WAIVED:
        return None
    why = _text(finding.waiver.reason) if finding.waiver else ""
    return [om.Suppression(kind="external", state="accepted", justification=why or None)]


def _frame(
    report: Report, found: Survey, category: str, number: int, notices: list[om.Notification]
) -> om.Run:
    """Return a run without its results."""
    scan = report.scan.scan
    category = category.rstrip("/")
    invocation = om.Invocation(
        execution_successful=report.scan.complete and not found.unknown,
        start_time_utc=utc(scan.started_at),
        end_time_utc=utc(scan.finished_at) if scan.finished_at else None,
        tool_execution_notifications=notices or None,
    )
    return om.Run(
        tool=tool(report.tool_version, report.described_rules),
        invocations=[invocation],
        automation_details=om.RunAutomationDetails(
            id=f"{category}/" if number == 1 else f"{category}/{number}/"
        ),
        taxonomies=taxonomies(report.described_rules),
        column_kind="unicodeCodePoints",
    )


def _category(report: Report) -> str:
    """Name the analysis so that a later upload for the same targets replaces this one."""
    scan = report.scan.scan
    targets = scan.targets[0] if len(scan.targets) == 1 else ""
    if not targets or len(targets) > _TARGET_CHARS:
        targets = sha256(json.dumps(sorted(scan.targets)).encode()).hexdigest()[:12]
    host = scan.instance.partition("://")[2]
    return plain(f"scopelint/{host}/{targets}")


def _notifications(report: Report, found: Survey, left_out: str) -> list[om.Notification]:
    """Return what the results do not say: by cause, an incomplete list of projects first."""
    instance = report.scan.scan.instance
    made = [_note(left_out, "error")] if left_out else []
    for gap in gaps_by_cause(report):
        said = _text(f"Not read: {gap.words} ({gap.count}: {gap.reason_words}).")
        made.append(_note(said, "warning" if gap.breaks else "note"))
    made += [_notice(finding, instance) for finding in found.notices]
    more = found.unknown - len(found.notices)
    if more:
        made.append(_note(f"{more} more findings of verdict unknown are not listed.", "warning"))
    elif not found.unknown and not report.scan.complete:
        made.append(_note("The scan is incomplete; all that is unknown is accepted.", "warning"))
    for rule in report.rules:
        if rule.not_judged is not None:
            note = _note(_text(f"{rule.code} was not judged: {rule.not_judged}"), "note")
            note.associated_rule = om.ReportingDescriptorReference(id=rule.code)
            made.append(note)
    return made


def _left_out(results: int, kept: int) -> str:
    """Say how much does not fit, empty where all does."""
    left_out = results - kept
    return (
        f"{left_out} results are left out: the file holds the {kept} severest." if left_out else ""
    )


def _note(text: str, level: Literal["note", "warning", "error"]) -> om.Notification:
    return om.Notification(message=om.Message(text=text), level=level)


def _notice(finding: Finding, instance: str) -> om.Notification:
    note = _note(_message(finding), LEVELS[finding.severity])
    note.associated_rule = om.ReportingDescriptorReference(id=finding.rule)
    note.locations = [_location(finding, instance)]
    return note
