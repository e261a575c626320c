"""Converts the model's objects to rows of the tables, and back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from scopelint.limit_change import LimitChange
from scopelint.model import (
    AllowlistEntry,
    Fact,
    Gap,
    Group,
    Project,
    Reason,
    Scope,
    Target,
    TokenUse,
)
from scopelint.snapshot.sqlite_kinds import KIND_COLUMNS as KIND_COLUMNS
from scopelint.snapshot.sqlite_kinds import NOT_READ, to_texts, to_time
from scopelint.snapshot.sqlite_kinds import kind_rows as kind_rows

Direction = Literal["inbound", "outbound"]
Row = tuple[Any, ...]

PROJECT_COLUMNS = (
    "id, path, state, name, web_url, visibility, archived, jobs_enabled, deletion,"
    " last_activity_at, access_level, group_id, personal, access_levels, inbound_own,"
    " inbound_effective, outbound, push, cross_project_push, outbound_entries_known, uses_known,"
    " missing, mirror, mirror_trigger_builds, fork_pipelines"
)
ENTRY_COLUMNS = (
    "project_id, direction, kind, position, target_id, target_path, default_permissions, policies,"
    " created_at, added_by, autopopulated"
)
TARGET_COLUMNS = (
    "kind, id, path, visible, visibility, archived, deletion, personal, project_count,"
    " fork_pipelines"
)
GROUP_COLUMNS = "id, path, name, parent_id, visibility, web_url, deletion"
GAP_COLUMNS = "fact, reason, detail, subject_kind, subject_id, subject_path"


def marks(columns: str) -> str:
    """Return as many question marks as there are columns."""
    return ", ".join("?" * len(columns.split(",")))


def project_row(project: Project) -> Row:
    """Return the row of a project whose scope was requested (read or unreadable)."""
    return _row(project, "read" if project.scope else "unreadable", project.scope or _NO_SCOPE)


def listed_row(project: Project, push: bool | None, state: str) -> Row:
    """Return the row of a project as the enumeration shows it."""
    scope = _NO_SCOPE if push is None else replace(_NO_SCOPE, push=push)
    return _row(project, state, scope)


_NO_SCOPE = Scope(None, None, None, None, None, outbound_entries=None)


def _row(project: Project, state: str, scope: Scope) -> Row:
    return (
        project.id,
        project.path,
        state,
        project.name,
        project.web_url,
        project.visibility,
        project.archived,
        project.jobs_enabled,
        project.deletion,
        _iso(project.last_activity_at),
        project.access_level,
        project.group_id,
        project.personal,
        json.dumps(dict(project.access_levels)) if project.access_levels is not None else None,
        scope.inbound_own,
        scope.inbound_effective,
        scope.outbound,
        scope.push,
        scope.cross_project_push,
        scope.outbound_entries is not None,
        scope.uses is not None,
        ",".join(sorted(scope.missing)),
        project.mirror,
        project.mirror_trigger_builds,
        project.fork_pipelines,
    )


def entry_rows(project: Project) -> Iterable[Row]:
    """Yield the rows of a project's entries, inbound and outbound."""
    if project.scope is None:
        return
    lists: tuple[tuple[Direction, Sequence[AllowlistEntry]], ...] = (
        ("inbound", project.scope.entries),
        ("outbound", project.scope.outbound_entries or ()),
    )
    for direction, entries in lists:
        for position, entry in enumerate(sort_entries(entries)):
            yield (
                project.id,
                direction,
                entry.kind,
                position,
                entry.target_id,
                entry.target_path,
                entry.default_permissions,
                ",".join(entry.policies) if entry.policies is not None else None,
                _iso(entry.created_at),
                entry.added_by,
                entry.autopopulated,
            )


def sort_entries(entries: Iterable[AllowlistEntry]) -> list[AllowlistEntry]:
    """Order entries by kind and target, so that GraphQL and REST give the same order."""
    return sorted(
        entries,
        key=lambda entry: (entry.kind, entry.target_id is None, entry.target_id or 0, entry.key),
    )


def use_rows(project: Project) -> Iterable[Row]:
    """Yield the rows of a project's authentication log, the one of its own token too."""
    scope = project.scope
    if scope is None:
        return
    if scope.own_token_last_used is not None:
        own = scope.own_token_last_used.isoformat()
        yield (project.id, project.id, project.path, own)
    for use in scope.uses or ():
        yield (project.id, use.origin_id, use.origin_path, use.last_used_at.isoformat())


def group_row(group: Group) -> Row:
    """Return a group's row."""
    return (
        group.id,
        group.path,
        group.name,
        group.parent_id,
        group.visibility,
        group.web_url,
        group.deletion,
    )


def target_row(target: Target) -> Row:
    """Return a resolved target's row."""
    return (
        target.kind,
        target.id,
        target.path,
        target.visible,
        target.visibility,
        target.archived,
        target.deletion,
        target.personal,
        target.project_count,
        target.fork_pipelines,
    )


def gap_row(gap: Gap) -> Row:
    """Return a gap's row."""
    return (
        str(gap.fact),
        gap.reason.value,
        gap.detail,
        gap.subject_kind,
        gap.subject_id,
        gap.subject_path,
    )


def to_gap(row: Row) -> Gap:
    """Read a gap; an unknown fact (a field of a later version) is kept as text."""
    fact, reason, detail, kind, subject_id, subject_path = row
    return Gap(_fact(fact), Reason(reason), detail, kind, subject_id, subject_path)


def to_group(row: Row) -> Group:
    """Read a group."""
    return Group(*row)


def to_target(row: Row) -> Target:
    """Read a target."""
    kind, target_id, path, visible, visibility, archived, deletion, personal, count, forks = row
    return Target(
        kind,
        target_id,
        path,
        _FLAGS[visible] is True,
        visibility,
        flag(archived),
        deletion,
        flag(personal),
        count,
        flag(forks),
    )


def to_project(
    row: Row,
    scope: Scope | None,
    gap: Gap | None,
    change: LimitChange | None = None,
    kind: Row = NOT_READ,
) -> Project:
    """Read a project's identity from its columns, beside what was read elsewhere."""
    return Project(
        id=row[0],
        path=row[1],
        name=row[3],
        web_url=row[4],
        visibility=row[5],
        archived=flag(row[6]),
        jobs_enabled=flag(row[7]),
        deletion=row[8],
        last_activity_at=time(row[9]),
        access_level=row[10],
        group_id=row[11],
        personal=flag(row[12]),
        topics=to_texts(kind[1]),
        frameworks=to_texts(kind[2]),
        created_at=to_time(kind[3]),
        access_levels=levels(row[13]),
        mirror=flag(row[22]),
        mirror_trigger_builds=flag(row[23]),
        fork_pipelines=flag(row[24]),
        limit_change=change,
        scope=scope,
        gap=gap,
    )


def to_entry(row: Row) -> AllowlistEntry:
    """Read an entry from its project's id, direction, and the columns after `position`, kind first.

    Called for each of millions of rows: it calls nothing of ours.
    """
    _, _, kind, target_id, path, default, policies, created_at, added_by, autopopulated = row
    return AllowlistEntry(
        kind,
        target_id,
        path,
        _FLAGS[default],
        None if policies is None else tuple(policies.split(",")) if policies else (),
        None if created_at is None else datetime.fromisoformat(created_at),
        added_by,
        _FLAGS[autopopulated],
    )


def to_use(row: Row) -> TokenUse:
    """Read a use from origin id, origin path and last use."""
    origin_id, origin_path, last_used_at = row
    return TokenUse(origin_id, origin_path, datetime.fromisoformat(last_used_at))


_FLAGS: Mapping[int | None, bool | None] = {None: None, 0: False, 1: True}
"""What a nullable boolean column holds. Another number is none that scopelint writes."""


def flag(value: int | None) -> bool | None:
    """Read a nullable boolean column; raise KeyError where it holds another number."""
    return _FLAGS[value]


def time(value: str | None) -> datetime | None:
    """Read a nullable time column."""
    return None if value is None else datetime.fromisoformat(value)


def facts(value: str) -> frozenset[Fact]:
    """Read the list of facts that are missing for a project."""
    return frozenset(Fact(fact) for fact in value.split(",")) if value else frozenset()


def levels(value: str | None) -> dict[str, str] | None:
    """Read the nullable column of feature access levels, a JSON object of texts."""
    if value is None:
        return None
    return {str(feature): str(level) for feature, level in json.loads(value).items()}


def _fact(value: str) -> Fact | str:
    return Fact(value) if value in Fact.__members__.values() else value


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
