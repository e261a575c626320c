"""What pictures show of allowlists: those of each project, and who gets in from outside.

Outside are entries for groups and projects of another top-level group. They become JSON data of the
overview (outside contract, section 5): at most `MAX_ORIGINS`, whatever the size of the inventory.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from scopelint.access import is_whole
from scopelint.finding import EntryRef, ProjectRef
from scopelint.model import LOG_FULL_FROM, AllowlistEntry, EntryKind, Fact, Project, Scope, TokenUse
from scopelint.paths import is_inside, is_self, outside_path
from scopelint.report import Allowlist
from scopelint.snapshot.inventory import Inventory
from scopelint.versions import Version

MAX_ORIGINS: Final = 200
_NAMES: Final = 3
"""The users that are named of those who added an origin's entries."""

_Key = tuple[EntryKind, int | None, str]


@dataclass(slots=True)
class _Origin:
    """What the entries for one group or project from outside say together."""

    entry: AllowlistEntry
    projects: int = 0
    into: Counter[int] = field(default_factory=Counter)
    """The projects that let it in, by cell of the matrix."""
    since: datetime | None = None
    added_by: Counter[str] = field(default_factory=Counter)
    last_used: datetime | None = None
    logged: int = 0
    """The projects whose log was read whole."""

    def include(self, other: "_Origin") -> None:
        self.projects += other.projects
        self.into.update(other.into)
        self.added_by.update(other.added_by)
        self.logged += other.logged
        self.since = min(filter(None, (self.since, other.since)), default=None)
        self.last_used = max(filter(None, (self.last_used, other.last_used)), default=None)


@dataclass(slots=True)
class OutsidePart:
    """The origins from outside that some projects let in; those of several parts add up."""

    origins: dict[_Key, _Origin] = field(default_factory=dict)

    def add(self, project: Project, cell: int | None) -> None:
        """Take in the entries of one project, which counts for this cell of the matrix."""
        scope = project.scope
        if scope is None or not scope.entries:
            return
        top = project.top_level_path
        for entry in scope.entries:
            # Nearly all entries lie inside; this tells them at once.
            if (entry.target_path or "").startswith(f"{top}/"):
                continue
            if path := outside_path(entry, project, entry.kind):
                key = (entry.kind, entry.target_id, path)
                origin = self.origins.get(key)
                if origin is None:
                    origin = self.origins[key] = _Origin(entry)
                _count(origin, entry, path, scope, cell)

    def include(self, other: "OutsidePart") -> None:
        """Add what another part counted."""
        for key, origin in other.origins.items():
            if key in self.origins:
                self.origins[key].include(origin)
            else:
                self.origins[key] = origin

    def data(self, inventory: Inventory) -> dict[str, Any]:
        """Return the origins as JSON data, those that the most projects let in first."""
        widest = heapq.nsmallest(
            MAX_ORIGINS, self.origins.items(), key=lambda item: (-item[1].projects, str(item[0]))
        )
        listed = [_data(origin, path, inventory) for (_, _, path), origin in widest]
        return {"total": len(self.origins), "origins": listed}


def _count(
    origin: _Origin, entry: AllowlistEntry, path: str, scope: Scope, cell: int | None
) -> None:
    origin.projects += 1
    if cell is not None:
        origin.into[cell] += 1
    if entry.added_by is not None:
        origin.added_by[entry.added_by] += 1
    if entry.created_at is not None:
        origin.since = min(filter(None, (origin.since, entry.created_at)))
    if scope.uses is not None:
        whole = Fact.LOG not in scope.missing and len(scope.uses) < LOG_FULL_FROM
        origin.logged += whole
        times = [use.last_used_at for use in scope.uses if _comes_from(use, entry, path)]
        origin.last_used = max(filter(None, (origin.last_used, *times)), default=None)


def _comes_from(use: TokenUse, entry: AllowlistEntry, path: str) -> bool:
    if entry.kind == "project":
        return use.origin_id == entry.target_id
    return is_inside(use.origin_path, path)


def _data(origin: _Origin, path: str, inventory: Inventory) -> dict[str, Any]:
    entry = origin.entry
    target = inventory.target(entry)
    names = sorted(origin.added_by.items(), key=lambda item: (-item[1], item[0]))[:_NAMES]
    return {
        "kind": entry.kind,
        "id": entry.target_id,
        "path": path,
        "personal": (target.personal if target else None) if entry.kind == "project" else False,
        "projects": origin.projects,
        "into": [list(pair) for pair in sorted(origin.into.items())],
        "since": _moment(origin.since),
        "added_by": [name for name, _ in names],
        "last_used": _moment(origin.last_used),
        "logged": origin.logged,
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Allowlists(Iterable[Allowlist]):
    """The allowlists of an inventory, read from it once more each time they are walked.

    Few reporters look at them, so nothing is kept; the inventory must still be open.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def __iter__(self) -> Iterator[Allowlist]:
        """Yield those of the judged projects whose scope was read, by project id."""
        version = self._inventory.scan.version
        for project in self._inventory.chosen_projects():
            if project.scope is not None:
                yield _allowlist(project, version)


def _allowlist(project: Project, version: Version) -> Allowlist:
    scope = project.scope
    if scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    entries = tuple(
        EntryRef(entry.kind, entry.target_id, entry.target_path)
        for entry in scope.entries
        if not is_self(entry, project)
    )
    return Allowlist(
        ProjectRef(project.id, project.path, project.web_url),
        scope.inbound_effective,
        entries,
        is_whole(scope, version),
    )
