"""The inventory as rows: every project and every entry.

A row maps a column's name to JSON data. None stands for what was not read, or what GitLab does not
tell. A project whose scope could not be read has a row that says so.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from scopelint.access import InboundCounter
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.snapshot.inventory import Inventory
from scopelint.uses.log import uses_through
from scopelint.versions import OWN_USES_LOGGED, since

Row = Mapping[str, Any]

PROJECT_COLUMNS = (
    "path", "id", "web_url", "visibility", "archived", "read", "why_not",
    "inbound_effective", "inbound_own", "outbound", "push", "cross_project_push",
    "group_entries", "project_entries", "outbound_entries",
    "reached_by", "reached_by_exact", "last_used", "own_token_last_used",
    "opened_at", "opened_by",
)  # fmt: skip
"""`read` is false where the scope was not read, `why_not` says why, or what of it is missing."""
ENTRY_COLUMNS = (
    "project", "project_id", "read", "why_not", "kind", "target", "target_id", "direction",
    "permissions", "policies", "covers", "covers_exact", "created_at", "added_by",
    "autopopulated", "last_used",
)  # fmt: skip
"""`permissions` is default or fine-grained; `covers` counts the projects that the entry lets in."""

_WHY = {
    "listed": "the collection was interrupted before it was read",
    "elsewhere": "it is in a missing shard",
}


def projects(inventory: Inventory) -> Iterator[tuple[Row, Iterator[Row]]]:
    """Yield a row for each requested project, by id, and the rows of its entries.

    What a filter excludes has no row. Reads the inventory as a stream.
    """
    counter = inventory.derived(InboundCounter)
    read = inventory.chosen_projects()
    for number, path, state in inventory.states():
        if state == "excluded":
            continue
        project = Project(number, path)
        if state in {"read", "unreadable"}:
            project = next(read)
        why = _why_not(project, state)
        yield (
            _project_row(project, why, counter, inventory.scan.version),
            _entry_rows(project, why, inventory),
        )


def _why_not(project: Project, state: str) -> str:
    if project.scope is not None:
        return "a part of the allowlist" if Fact.ENTRIES in project.scope.missing else ""
    if project.gap is None:
        return _WHY.get(state, "not known")
    gap = project.gap
    return f"{gap.reason.value}: {gap.detail}" if gap.detail else gap.reason.value


def _project_row(
    project: Project, why: str, counter: InboundCounter, version: tuple[int, int]
) -> Row:
    scope = project.scope
    count = counter.count(project) if scope else None
    whole = scope is not None and Fact.ENTRIES not in scope.missing
    entries = scope.entries if scope and whole else None
    outbound = scope.outbound_entries if scope else None
    values = (
        project.path,
        project.id,
        project.web_url,
        project.visibility,
        project.archived,
        scope is not None,
        why,
        scope and scope.inbound_effective,
        scope and scope.inbound_own,
        scope and scope.outbound,
        scope and scope.push,
        scope and scope.cross_project_push,
        None if entries is None else sum(entry.kind == "group" for entry in entries),
        None if entries is None else sum(entry.kind == "project" for entry in entries),
        None if outbound is None else len(outbound),
        count.number if count else None,
        count.exact if count else None,
        _last_used(scope),
        _own_last_used(scope, version),
        *_opened(project),
    )
    return dict(zip(PROJECT_COLUMNS, values, strict=True))


def _entry_rows(project: Project, why: str, inventory: Inventory) -> Iterator[Row]:
    scope = project.scope
    if scope is None or why:
        # Without this row, an allowlist that was not read would look empty.
        yield _row(project, why, scope is not None)
    if scope is None:
        return
    for entry in scope.entries:
        yield _row(project, "", True, _entry(entry, "inbound", project, scope, inventory))
    for entry in scope.outbound_entries or ():
        yield _row(project, "", True, _entry(entry, "outbound", project, scope, inventory))


def _row(project: Project, why: str, read: bool, values: tuple[Any, ...] | None = None) -> Row:
    start = (project.path, project.id, read, why)
    values = values or (None,) * (len(ENTRY_COLUMNS) - len(start))
    return dict(zip(ENTRY_COLUMNS, (*start, *values), strict=True))


def _entry(
    entry: AllowlistEntry, direction: str, project: Project, scope: Scope, inventory: Inventory
) -> tuple[Any, ...]:
    inbound = direction == "inbound"
    covers, exact = _covers(entry, project, inventory) if inbound else (None, None)
    default = entry.default_permissions
    return (
        entry.kind,
        entry.target_path,
        entry.target_id,
        direction,
        None if default is None else "default" if default else "fine-grained",
        None if default is None or entry.policies is None else sorted(entry.policies),
        covers,
        exact,
        _utc(entry.created_at),
        entry.added_by,
        entry.autopopulated,
        _last_used(scope, entry) if inbound else None,
    )


def _covers(
    entry: AllowlistEntry, project: Project, inventory: Inventory
) -> tuple[int | None, bool | None]:
    """Count the projects that an entry lets in, without the project itself."""
    if entry.target_id is None:
        return None, None
    if entry.kind == "project":
        return int(entry.target_id != project.id), True
    count = inventory.project_count(entry)
    if count is None:
        return None, None
    inside = project.path.startswith(f"{entry.target_path}/")
    return max(count.number - inside, 0), count.exact


def _last_used(scope: Scope | None, entry: AllowlistEntry | None = None) -> str | None:
    """Return the last use of one entry or of any: empty if none is logged, None if not read."""
    if scope is None or scope.uses is None:
        return None
    found = scope.uses if entry is None else uses_through(entry, scope.uses)
    return _utc(max((use.last_used_at for use in found), default=None)) or ""


def _own_last_used(scope: Scope | None, version: tuple[int, int]) -> str | None:
    """Return when a project last used its own token: empty if it did not, None if not known.

    The log has such uses since 18.1 only.
    """
    if scope is None or scope.uses is None or not since(version, OWN_USES_LOGGED):
        return None
    return _utc(scope.own_token_last_used) or ""


def _opened(project: Project) -> tuple[str | None, str | None]:
    """Return when an open project's limit was switched off, and by whom: empty for a closed one."""
    if project.scope is not None and project.scope.inbound_effective:
        return "", ""
    change = project.limit_change
    opened = change if change is not None and change.opened_at is not None else None
    return (_utc(opened.opened_at), opened.author) if opened else (None, None)


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
