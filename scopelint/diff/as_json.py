"""A comparison as JSON data of the form `scopelint-diff/1`, filled into the records of it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import scopelint
from scopelint.diff.changes import Diff, EntryChange, ProjectChange, ScanInfo, SettingChange, sign
from scopelint.diff.diff_records import (
    AccessRecord,
    ChangeCountsRecord,
    CollectionRecord,
    ComparedRecord,
    DiffRecord,
    EntryChangeRecord,
    EntryNameRecord,
    EntryStateRecord,
    FindingChangesRecord,
    GroupMoveRecord,
    MembershipRecord,
    NameRecord,
    NotComparedRecord,
    OneSidedFindingRecord,
    OneSidedRecord,
    OpenedRecord,
    ProjectChangeRecord,
    ReadRecord,
    SettingRecord,
    UnknownRecord,
    WriterRecord,
)
from scopelint.diff.entry_changes import permissions_known
from scopelint.finding import Finding
from scopelint.model import AllowlistEntry

_Record = TypeVar("_Record", bound=ComparedRecord)
_CHANGES: dict[str, Literal["added", "removed", "changed"]] = {
    "+": "added",
    "-": "removed",
    "~": "changed",
}


def diff_data(diff: Diff) -> dict[str, Any]:
    """Return a comparison as JSON data; the same comparison gives the same data."""
    record = DiffRecord(
        form="scopelint-diff/1",
        tool=WriterRecord(name="scopelint", version=scopelint.__version__),
        instance=diff.new.scan.instance,
        targets=tuple(sorted(diff.new.scan.targets)),
        old=_collection(diff.old),
        new=_collection(diff.new),
        changed=diff.changed,
        certain=diff.certain,
        summary=ChangeCountsRecord.model_validate(diff.summary()),
        settings=_of(SettingRecord, diff.instance),
        projects=tuple(_project(one) for one in diff.projects),
        new_projects=_of(OneSidedRecord, diff.appeared),
        gone_projects=_of(OneSidedRecord, diff.disappeared),
        moved_groups=_of(GroupMoveRecord, diff.groups),
        membership=_of(MembershipRecord, diff.membership),
        unknown=_of(UnknownRecord, diff.unknown),
        unknown_facts=dict(diff.unknown_facts),
        findings=FindingChangesRecord(
            new=_findings(diff.findings.new),
            fixed=_findings(diff.findings.fixed),
            unknown=_findings(diff.findings.unknown),
            not_compared=_of(NotComparedRecord, diff.findings.not_compared),
        ),
    )
    return record.model_dump(mode="json", by_alias=True)


def _of(record: type[_Record], items: Iterable[object]) -> tuple[_Record, ...]:
    """Return a record of each of the core's objects, whose attributes are its fields."""
    return tuple(record.model_validate(item) for item in items)


def _collection(info: ScanInfo) -> CollectionRecord:
    scan = info.scan
    return CollectionRecord(
        gitlab_version=scan.gitlab_version,
        api=scan.api,
        enforcement=scan.enforcement,
        started_at=_utc(scan.started_at),
        finished_at=scan.finished_at and _utc(scan.finished_at),
        complete=info.complete,
        projects=ReadRecord(
            total=info.total,
            read=info.read,
            unreadable=info.total - info.read,
            left_out=info.left_out,
        ),
        filters=tuple(scan.filters.words()),
    )


def _utc(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _project(change: ProjectChange) -> ProjectChangeRecord:
    return ProjectChangeRecord(
        project=NameRecord.model_validate(change.project),
        before_path=change.before_path,
        with_group=change.with_group,
        settings=tuple(_setting(one) for one in change.settings),
        entries=tuple(_entry_change(one) for one in change.entries),
        access=change.access and AccessRecord.model_validate(change.access),
    )


def _setting(one: SettingChange) -> SettingRecord:
    opened = None
    if one.opened is not None and one.opened.opened_at is not None:
        at, who = _utc(one.opened.opened_at), one.opened
        opened = OpenedRecord(at=at, by=who.author, by_id=who.author_id)
    return SettingRecord(name=one.name, before=one.before, after=one.after, opened=opened)


def _entry_change(change: EntryChange) -> EntryChangeRecord:
    return EntryChangeRecord(
        change=_CHANGES[sign(change)],
        direction=change.direction,
        before=change.before and _entry(change.before),
        after=change.after and _entry(change.after),
    )


def _entry(entry: AllowlistEntry) -> EntryStateRecord:
    known = permissions_known(entry)
    return EntryStateRecord(
        kind=entry.kind,
        id=entry.target_id,
        path=entry.target_path,
        default_permissions=entry.default_permissions,
        policies=tuple(sorted(entry.policies or ())) if known else None,
        created_at=entry.created_at and _utc(entry.created_at),
        added_by=entry.added_by,
        autopopulated=entry.autopopulated,
    )


def _findings(findings: Iterable[Finding]) -> tuple[OneSidedFindingRecord, ...]:
    return tuple(
        OneSidedFindingRecord(
            rule=one.rule,
            name=one.name,
            severity=one.severity,
            message=one.message,
            project=one.project and NameRecord.model_validate(one.project),
            entry=one.entry and EntryNameRecord.model_validate(one.entry),
            fingerprint=one.fingerprint,
        )
        for one in findings
    )
