"""Reads a JSON report back (`gate REPORT.json`, `check --from-report`, baselines).

A report file is untrusted: its size is bounded, its schema version compared, and every value's
type and shape checked before use. What the file does not hold (rules' pages, tags and references,
projects without a finding) is empty in the report that comes back.
"""

import codecs
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from scopelint.errors import UsageError
from scopelint.finding import (
    Confidence,
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    Waiver,
)
from scopelint.model import EntryKind, Filters, Gap, Reason, Scan
from scopelint.report import (
    Gate,
    ProjectCounts,
    Report,
    RuleSummary,
    ScanSummary,
    Summary,
)

SCHEMA = "scopelint-report/1"
"""The name and version of the JSON report's schema."""
MAX_BYTES = 1 << 30
"""The largest report file that is read, in bytes."""

_SHOWN_ERRORS = 3
_SHOWN_KEY = 60
_HINT = "Give a file that `scopelint scan -f json -o FILE` wrote."
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Count = Annotated[int, Field(ge=0)]


def _finite(value: Any) -> Any:
    """Refuse NaN and infinities (also an overflow such as 1e999): no JSON, so not to be written."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _finite(item)
    return value


def _moment(value: Any) -> datetime:
    """Read a time as the reporter writes it; pydantic would also take a number of seconds."""
    return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


_Moment = Annotated[datetime, PlainValidator(_moment)]
_Data = Annotated[dict[str, Any], AfterValidator(_finite)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _Tool(_Shape):
    name: Literal["scopelint"]
    version: str


class _Subject(_Shape):
    id: int | None
    path: str | None


class _Gap(_Shape):
    fact: str
    project: _Subject | None
    group: _Subject | None = None
    reason: Reason
    detail: str

    def read(self) -> Gap:
        kind: EntryKind | None = None
        if self.group or self.project:
            kind = "group" if self.group else "project"
        subject = self.group or self.project or _Subject(id=None, path=None)
        return Gap(self.fact, self.reason, self.detail, kind, subject.id, subject.path)


class _Projects(_Shape):
    total: Count
    read: Count
    unreadable: Count


class _Filters(_Shape):
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    archived: Literal["include", "exclude", "only"]


class _Scan(_Shape):
    instance: str
    gitlab_version: str
    targets: tuple[str, ...]
    filters: _Filters = Field(
        default=_Filters(include=(), exclude=(), archived="include"),
        description="What was left out below the targets; not there where that is nothing.",
    )
    api: Literal["graphql", "rest"]
    started_at: _Moment
    finished_at: _Moment | None
    enforcement: Literal["on", "off", "unknown"]
    requests: Count
    complete: bool
    projects: _Projects
    groups: Count
    entries: Count
    gaps: tuple[_Gap, ...]

    def read(self) -> ScanSummary:
        scan = Scan(
            instance=self.instance,
            gitlab_version=self.gitlab_version,
            targets=self.targets,
            api=self.api,
            started_at=self.started_at,
            finished_at=self.finished_at,
            enforcement=self.enforcement,
            requests=self.requests,
            filters=Filters(*self.filters.model_dump().values()),
        )
        counts = ProjectCounts(self.projects.total, self.projects.read, self.projects.unreadable)
        gaps = tuple(gap.read() for gap in self.gaps)
        return ScanSummary(scan, self.complete, counts, self.groups, self.entries, gaps)


class _Summary(_Shape):
    critical: Count
    high: Count
    medium: Count
    low: Count
    info: Count
    unknown: Count
    waived: Count
    baselined: Count

    def read(self) -> Summary:
        severities: dict[Severity, int] = {
            severity: getattr(self, severity.value)
            for severity in Severity
            if severity is not Severity.UNKNOWN
        }
        return Summary(severities, self.unknown, self.waived, self.baselined)


class _Gate(_Shape):
    result: Literal["pass", "fail", "incomplete"]
    fail_on: Literal["critical", "high", "medium", "low", "info", "never"]
    reasons: tuple[str, ...]
    most: dict[Literal["critical", "high", "medium", "low", "info"], Count] = Field(
        default_factory=dict, alias="max"
    )
    allow_incomplete: bool = False
    gaps_accepted: bool = False

    def read(self) -> Gate:
        most = {Severity(name): count for name, count in self.most.items()}
        return Gate(
            self.result,
            self.fail_on,
            self.reasons,
            most,
            self.allow_incomplete,
            self.gaps_accepted,
        )


class _Outcomes(_Shape):
    passed: Count = Field(alias="pass")
    fail: Count
    unknown: Count


class _Rule(_Shape):
    code: str
    name: str
    title: str
    severity: Severity
    help_uri: str
    outcomes: _Outcomes
    not_judged: str | None

    def read(self) -> RuleSummary:
        said = self.outcomes
        return RuleSummary(
            code=self.code,
            name=self.name,
            title=self.title,
            severity=self.severity,
            help_uri=self.help_uri,
            page="",
            outcomes={
                Outcome.PASS: said.passed,
                Outcome.FAIL: said.fail,
                Outcome.UNKNOWN: said.unknown,
            },
            not_judged=self.not_judged,
        )


class _Project(_Shape):
    id: int
    path: str
    web_url: str | None


class _Entry(_Shape):
    kind: EntryKind
    id: int | None
    path: str | None


class _Waiver(_Shape):
    reason: str
    expires: str | None
    owner: str | None


class _Finding(_Shape):
    rule: str
    name: str
    severity: Severity
    confidence: Confidence
    verdict: Literal[Outcome.FAIL, Outcome.UNKNOWN]
    message: str
    project: _Project | None
    entry: _Entry | None
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    state: State
    waiver: _Waiver | None
    evidence: _Data
    remediation: str

    def read(self) -> Finding:
        project, entry, waiver = self.project, self.entry, self.waiver
        return Finding(
            rule=self.rule,
            name=self.name,
            severity=self.severity,
            confidence=self.confidence,
            verdict=self.verdict,
            message=self.message,
            project=ProjectRef(project.id, project.path, project.web_url) if project else None,
            entry=EntryRef(entry.kind, entry.id, entry.path) if entry else None,
            fingerprint=self.fingerprint,
            state=self.state,
            waiver=Waiver(waiver.reason, waiver.expires, waiver.owner) if waiver else None,
            evidence=self.evidence,
            remediation=self.remediation,
        )


class _OverviewGroup(_Shape):
    """One group's numbers: beside those that are always there, findings by severity."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, Count]

    path: str
    projects: Count
    unread: Count


class _Matrix(_Shape):
    groups: tuple[str, ...] = Field(max_length=40)
    pairs: tuple[Annotated[tuple[Count, ...], Field(min_length=2, max_length=3)], ...]

    @model_validator(mode="after")
    def _within(self) -> "_Matrix":
        if any(max(pair[:2]) >= len(self.groups) for pair in self.pairs):
            raise ValueError("a pair names a group that is not there")
        return self


class _Overview(_Shape):
    groups: tuple[_OverviewGroup, ...] = Field(max_length=2000)
    reach: _Matrix | None


class _Document(_Shape):
    version: Literal["scopelint-report/1"] = Field(alias="schema")
    tool: _Tool
    scan: _Scan
    summary: _Summary
    gate: _Gate
    rules: tuple[_Rule, ...]
    overview: _Overview | None
    findings: tuple[_Finding, ...]

    def read(self) -> Report:
        findings = [finding.read() for finding in self.findings]
        return Report(
            tool_version=self.tool.version,
            scan=self.scan.read(),
            summary=self.summary.read(),
            gate=self.gate.read(),
            rules=tuple(rule.read() for rule in self.rules),
            findings=sorted(findings, key=lambda finding: finding.sort_key),
            overview=self.overview.model_dump(mode="json") if self.overview else None,
        )


class _Head(BaseModel):
    version: Any = Field(default=None, alias="schema")


def load_report(path: Path) -> Report:
    """Read the JSON report in file `path`.

    Rules' pages are empty and `outcomes` is None in what comes back; findings are sorted again.
    Raise UsageError where the file cannot be read, is larger than `MAX_BYTES`, is no JSON report,
    or is one of another schema version.
    """
    data = _content(path)
    try:
        return _Document.model_validate_json(data).read()
    except ValidationError as error:
        raise UsageError(_why(path, data, error), hint=_HINT) from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", hint=_HINT) from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES} bytes, not read", hint=_HINT)
    if data.startswith(_UTF16):
        hint = "Let scopelint write the file (`-o FILE`); a shell's redirection may re-encode it."
        raise UsageError(f"{path}: encoded in UTF-16, a report is UTF-8", hint=hint)
    return data.removeprefix(codecs.BOM_UTF8)


def _why(path: Path, data: bytes, error: ValidationError) -> str:
    try:
        version = _Head.model_validate_json(data).version
    except ValidationError as unread:
        first = unread.errors(include_url=False, include_input=False)[0]["msg"]
        return f"{path}: not a scopelint JSON report: {first}"
    if version == SCHEMA:
        return f"{path}: not a valid {SCHEMA} file: {_details(error)}"
    if isinstance(version, str) and version.startswith("scopelint-report/"):
        other = version[:_SHOWN_KEY]
        return f"{path}: a report of schema {other!r}; this scopelint reads {SCHEMA!r}"
    return f"{path}: not a scopelint JSON report: its `schema` is not {SCHEMA!r}"


def _details(error: ValidationError) -> str:
    errors = error.errors(include_url=False, include_input=False)
    shown = [f"{_where(item['loc'])}: {item['msg']}" for item in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        shown.append(f"and {len(errors) - _SHOWN_ERRORS} more")
    return "; ".join(shown)


def _where(place: tuple[int | str, ...]) -> str:
    """Name a place as `findings[3].entry.kind`; a key that is no identifier is quoted."""
    named = ""
    for part in place:
        if isinstance(part, int):
            named += f"[{part}]"
        elif part.isidentifier() and len(part) <= _SHOWN_KEY:
            named += f".{part}" if named else part
        else:
            named += f"[{part[:_SHOWN_KEY]!r}]"
    return named
