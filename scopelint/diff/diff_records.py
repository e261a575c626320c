"""The records of a comparison: the models of its JSON data, and of the schema that is published.

`scopelint.diff.as_json` fills them. A record with the attributes of a core's class is made of an
object of it; the others are put together there. Every field is in the data, null where it is unknown.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from scopelint.diff.changes import Direction, OriginKind, Side
from scopelint.finding import Severity
from scopelint.json_schema import DIALECT, WithoutFieldTitles
from scopelint.model import Enforcement, EntryKind

Number = Annotated[int, Field(ge=0)]
UtcTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Fingerprint = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
WhichSide = Annotated[Side, Field(description="The snapshot that cannot tell.")]


class ComparedRecord(BaseModel):
    """One JSON object of a comparison."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, from_attributes=True, populate_by_name=True, defer_build=True
    )


class NameRecord(ComparedRecord):
    """A project, by NEW's path where NEW has it."""

    id: int
    path: str


class CountRecord(ComparedRecord):
    """A number of projects."""

    count: Number = Field(validation_alias="number")
    exact: bool = Field(description="False: there may be more.")


class OpenedRecord(ComparedRecord):
    """Who switched the limit of a project off, and when, by its audit events."""

    at: str
    by: str | None = Field(description="The name; null where GitLab names nobody.")
    by_id: int | None = Field(description="That user's number; null where it was no user.")


class SettingRecord(ComparedRecord):
    """A setting that differs."""

    name: str
    before: bool | str
    after: bool | str
    opened: OpenedRecord | None = Field(
        description="Where an audit event between OLD and NEW tells who opened the project."
    )


class EntryStateRecord(ComparedRecord):
    """An allowlist entry as one of the two snapshots has it."""

    kind: EntryKind
    id: int | None
    path: str | None
    default_permissions: bool | None
    policies: tuple[str, ...] | None = Field(
        description="Null where the permissions were not read."
    )
    created_at: UtcTime | None
    added_by: str | None
    autopopulated: bool | None


class EntryChangeRecord(ComparedRecord):
    """An allowlist entry that is new, gone or different."""

    change: Literal["added", "removed", "changed"]
    direction: Direction
    before: EntryStateRecord | None
    after: EntryStateRecord | None


class ReachOriginRecord(ComparedRecord):
    """Who may reach a project: the target of one of its entries, or everyone."""

    kind: OriginKind
    id: int | None
    path: str | None
    projects: CountRecord | None = Field(
        description="The projects of a group, null where nothing tells."
    )


class AccessRecord(ComparedRecord):
    """Who gained and lost access, and how many could reach the project before and after."""

    gained: tuple[ReachOriginRecord, ...]
    lost: tuple[ReachOriginRecord, ...]
    before: CountRecord
    after: CountRecord


class ProjectChangeRecord(ComparedRecord):
    """What differs in a project that was read in both."""

    project: NameRecord
    before_path: str | None = Field(description="The path in OLD, null where it is the same.")
    with_group: bool = Field(description="Only a group above the project was renamed or moved.")
    settings: tuple[SettingRecord, ...]
    entries: tuple[EntryChangeRecord, ...]
    access: AccessRecord | None


class OneSidedRecord(ComparedRecord):
    """A project that only one of the two snapshots has."""

    project: NameRecord
    why: Literal["listed", "filter"] = Field(
        description="Whether the list of projects differs, or a filter of the collection matches "
        "now or no longer."
    )
    reached_by: CountRecord | None


class GroupMoveRecord(ComparedRecord):
    """A group that was renamed or moved."""

    id: int
    before: str
    after: str
    projects: Number


class MembershipRecord(ComparedRecord):
    """A group that some project lets in, and how many projects came or left."""

    group: str
    joined: Number
    left: Number
    targets: Number


class UnknownRecord(ComparedRecord):
    """A project that cannot be compared."""

    project: NameRecord
    side: WhichSide
    reason: str


class NotComparedRecord(ComparedRecord):
    """A rule that could not judge one of the snapshots at all."""

    rule: str
    side: WhichSide
    reason: str


class EntryNameRecord(ComparedRecord):
    """The allowlist entry that a finding is about."""

    kind: EntryKind
    id: int | None
    path: str | None


class OneSidedFindingRecord(ComparedRecord):
    """A finding that only one of the two snapshots has."""

    rule: str
    name: str
    severity: Severity
    message: str
    project: NameRecord | None
    entry: EntryNameRecord | None
    fingerprint: Fingerprint


class FindingChangesRecord(ComparedRecord):
    """The findings that only one of the two snapshots has."""

    new: tuple[OneSidedFindingRecord, ...]
    fixed: tuple[OneSidedFindingRecord, ...]
    unknown: tuple[OneSidedFindingRecord, ...] = Field(
        description="In one of the two, where the other could not tell."
    )
    not_compared: tuple[NotComparedRecord, ...] = Field(
        description="Rules that could not judge one of the snapshots at all."
    )


class ReadRecord(ComparedRecord):
    """How many projects were requested, and of how many the scope was read."""

    total: Number
    read: Number
    unreadable: Number
    left_out: Number = Field(description="Listed and not requested: a filter's choice.")


class CollectionRecord(ComparedRecord):
    """One of the two collections."""

    gitlab_version: str
    api: Literal["graphql", "rest"]
    enforcement: Enforcement
    started_at: UtcTime
    finished_at: UtcTime | None
    complete: bool
    projects: ReadRecord
    filters: tuple[str, ...] = Field(
        description="What left projects out, as options of the command line."
    )


class ChangeCountsRecord(ComparedRecord):
    """Projects, entries and findings, counted."""

    access_gained: Number
    access_lost: Number
    settings: Number
    entries_added: Number
    entries_removed: Number
    entries_changed: Number
    projects_new: Number
    projects_gone: Number
    projects_moved: Number
    groups_moved: Number
    groups_with_other_projects: Number
    findings_new: Number
    findings_fixed: Number
    findings_unknown: Number
    projects_unknown: Number


class WriterRecord(ComparedRecord):
    """What wrote the data."""

    name: Literal["scopelint"]
    version: str


class DiffRecord(ComparedRecord):
    """What changed between two snapshots of the same targets (scopelint diff OLD NEW -f json)."""

    form: Literal["scopelint-diff/1"] = Field(alias="schema")
    tool: WriterRecord
    instance: str
    targets: tuple[str, ...]
    old: CollectionRecord
    new: CollectionRecord
    changed: bool = Field(description="Whether anything is known to differ.")
    certain: bool = Field(
        description="Whether both snapshots are complete, so that what is not listed did not change."
    )
    summary: ChangeCountsRecord
    settings: tuple[SettingRecord, ...] = Field(description="Settings of the instance.")
    projects: tuple[ProjectChangeRecord, ...] = Field(
        description="Projects that were read in both and differ, by path."
    )
    new_projects: tuple[OneSidedRecord, ...] = Field(description="Projects that only NEW has.")
    gone_projects: tuple[OneSidedRecord, ...] = Field(description="Projects that only OLD has.")
    moved_groups: tuple[GroupMoveRecord, ...] = Field(
        description="Groups of another path than before; what only went with one is not listed."
    )
    membership: tuple[MembershipRecord, ...] = Field(
        description="Groups that some project lets in, with projects that came or left."
    )
    unknown: tuple[UnknownRecord, ...] = Field(
        description="Projects that cannot be compared: neither gone nor changed."
    )
    unknown_facts: dict[str, Number] = Field(
        description="Facts that were not read on both sides, each with its number of projects."
    )
    findings: FindingChangesRecord


def diff_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `diff -f json`."""
    return {
        "$schema": DIALECT,
        **DiffRecord.model_json_schema(mode="serialization", schema_generator=WithoutFieldTitles),
        "title": "scopelint diff",
    }
