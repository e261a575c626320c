"""The records of a finding: what it says, of which project and entry, and who accepted it."""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from scopelint.extent import Extent, Growth, Outgrown, What
from scopelint.finding import (
    AccessShift,
    AfterChange,
    Carried,
    Confidence,
    EntryRef,
    Finding,
    FixedFinding,
    Outcome,
    ProjectRef,
    Severity,
    SincePrevious,
    State,
    UnchangedProject,
    Waiver,
)
from scopelint.model import EntryKind
from scopelint.report_file.record import (
    Count,
    FiniteData,
    JsonRecord,
    Moment,
    RuleCode,
    SomeText,
    without_default,
)


class ProjectRecord(JsonRecord):
    """The project that a finding is about."""

    core = ProjectRef

    id: int
    path: str
    web_url: str | None


class EntryRecord(JsonRecord):
    """The allowlist entry that a finding is about; `id` is null where its target is gone."""

    core = EntryRef

    kind: EntryKind
    id: int | None
    path: str | None


class WaiverRecord(JsonRecord):
    """The waiver that accepts a finding; `expires` is a date, null for one without end."""

    core = Waiver

    reason: str
    expires: str | None
    owner: str | None


class CarriedRecord(JsonRecord):
    """Not judged now, taken from the last report that had it; it never gates."""

    core = Carried

    last_seen: Moment = Field(description="The end of the scan that saw it last.")


class ExtentRecord(JsonRecord):
    """How much a finding is about; what was not read, or what it is not about, is left out."""

    core = Extent

    permissions: tuple[str, ...] | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="What the entry grants, with what that includes; `all` alone for default "
        "permissions.",
    )
    created_at: Moment | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default, description="When the entry was added."
    )
    projects: Count | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="Projects of the entry's group, at least.",
    )
    projects_at_most: Count | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    reach: Count | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="Projects that are let in by all that the finding names together, at least.",
    )
    reach_at_most: Count | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )

    @classmethod
    def to_data(cls, source: Extent) -> dict[str, Any]:
        """Return the JSON data: what is known, a number of 0 included."""
        found = {name: getattr(source, name) for name in cls.model_fields}
        return {name: value for name, value in found.items() if value is not None}


class GrowthRecord(JsonRecord):
    """One thing in which a finding is more than what was accepted."""

    core = Growth

    what: What
    accepted: str
    now: str


class OutgrownRecord(JsonRecord):
    """Why a finding that was accepted is new again."""

    core = Outgrown

    by: Literal["waiver", "baseline"] = Field(description="What accepted less.")
    growths: tuple[GrowthRecord, ...]


class FindingRecord(JsonRecord):
    """What a rule says of a subject: that it fails, or that it could not tell."""

    core = Finding

    rule: RuleCode
    name: SomeText
    severity: Severity
    confidence: Confidence
    verdict: Literal[Outcome.FAIL, Outcome.UNKNOWN]
    message: str
    project: ProjectRecord | None
    entry: EntryRecord | None
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    state: State
    waiver: WaiverRecord | None
    evidence: FiniteData = Field(
        description="JSON data that lets a reader check the verdict; each rule's own."
    )
    remediation: str
    carried: CarriedRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    extent: ExtentRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    outgrown: OutgrownRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    owner: SomeText | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="Whose its project is; `unknown` where that cannot be told, not there where "
        "nobody owns it.",
    )

    @classmethod
    def to_data(cls, source: Finding) -> dict[str, Any]:
        """Return the JSON data of a finding.

        Written out because a report may hold 100,000: it takes a third of the general way's time.
        """
        project, entry, waiver = source.project, source.entry, source.waiver
        data = {
            "rule": source.rule,
            "name": source.name,
            "severity": source.severity,
            "confidence": source.confidence,
            "verdict": source.verdict,
            "message": source.message,
            "project": project
            and {"id": project.id, "path": project.path, "web_url": project.web_url},
            "entry": entry and {"kind": entry.kind, "id": entry.id, "path": entry.path},
            "fingerprint": source.fingerprint,
            "state": source.state,
            "waiver": waiver
            and {"reason": waiver.reason, "expires": waiver.expires, "owner": waiver.owner},
            "evidence": source.evidence,
            "remediation": source.remediation,
        }
        if source.carried is not None:
            data["carried"] = {"last_seen": source.carried.last_seen}
        if source.extent is not None:
            data["extent"] = ExtentRecord.to_data(source.extent)
        if source.outgrown is not None:
            data["outgrown"] = OutgrownRecord.to_data(source.outgrown)
        if source.owner is not None:
            data["owner"] = source.owner
        return data


class FixedRecord(JsonRecord):
    """A finding of the previous report that is there no more."""

    core = FixedFinding

    how: Literal["read", "gone"] = Field(
        description="`read`: its project was judged again; `gone`: the project is no longer there."
    )
    finding: FindingRecord


_Fingerprints = tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...]


class SinceRecord(JsonRecord):
    """What changed since the previous report, among findings that fail.

    The findings that were carried over from it are those of `findings` that have `carried`.
    """

    core = SincePrevious

    finished_at: Moment = Field(description="The end of the previous report's scan.")
    new: _Fingerprints = Field(
        default=(), description="Findings that it had looked for and did not have."
    )
    first_judged: _Fingerprints = Field(
        default=(),
        description="Findings that it could not have had: not read, not judged or not listed there.",
    )
    fixed: tuple[FixedRecord, ...] = ()
    expired: Count = Field(
        default=0, description="Findings not carried over again: not seen for too long."
    )


class AccessShiftRecord(JsonRecord):
    """Who gains and who loses access to a project: `everyone`, `group PATH` or `project PATH`."""

    core = AccessShift

    project: str
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


class UnchangedRecord(JsonRecord):
    """A project that the wanted state names and that stays as it is."""

    core = UnchangedProject

    path: str
    reason: str


class AfterRecord(JsonRecord):
    """What a wanted state changes. A report that has it is not of GitLab as it is.

    Of `findings`, those that are there today too are `baselined`.
    """

    core = AfterChange

    source: str = Field(description="The file of the wanted state.")
    kind: Literal["plan", "policy"]
    new: _Fingerprints = Field(default=(), description="Findings that the change brings.")
    unsure: _Fingerprints = Field(
        default=(),
        description="Findings that are there afterwards; whether they are there today is not known.",
    )
    unchanged: Count = Field(description="Findings there today and afterwards.")
    fixed: tuple[FindingRecord, ...] = Field(
        default=(), description="Findings that the change closes, as they are today."
    )
    access: tuple[AccessShiftRecord, ...] = ()
    access_known: bool = Field(
        description="False where there may be more than `access` says: not all of it was read."
    )
    left_alone: tuple[UnchangedRecord, ...] = ()
