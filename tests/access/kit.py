"""Random projects as an inventory, without a file."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self

from scopelint.model import Enforcement, EntryKind, Flags, Gap, Group, Project, Target
from scopelint.project_pattern import ProjectKind
from scopelint.snapshot import Cursor, Header
from scopelint.snapshot.inventory import Inventory
from tests.access.strategies import GROUPS, IDS

WHEN = datetime(2026, 8, 1, tzinfo=UTC)


class Memory:
    """What an inventory reads from, in memory: a whole instance, read by an administrator.

    What was not drawn is there too, `left_out` by a filter; else there is nothing but the projects.
    """

    def __init__(
        self, projects: Iterable[Project], version: tuple[int, int], *, left_out: bool = True
    ) -> None:
        self._projects = sorted(projects, key=lambda project: project.id)
        drawn = {project.id for project in self._projects}
        self._listed = [
            (number, path) for path, number in IDS.items() if left_out or number in drawn
        ]
        self.header = Header(
            tool_version="0",
            instance="https://gitlab.example.com",
            targets=("instance",),
            api="graphql",
            gitlab_version=f"{version[0]}.{version[1]}.0" if version != (0, 0) else "",
            started_at=WHEN,
            finished_at=WHEN,
            administrator=True,
            whole_instance=True,
        )

    def groups(self) -> Iterator[Group]:
        return (Group(number, path) for number, path in enumerate(GROUPS, 1))

    def gaps(self) -> Iterator[Gap]:
        return iter(())

    def targets(self) -> Iterator[Target]:
        return iter(())

    def targets_inside(self, also: Collection[int] = ()) -> Iterator[Target]:
        del also
        return iter(())

    def listed_targets(self) -> Iterator[tuple[EntryKind, int, str | None]]:
        listed = {
            (entry.kind, entry.target_id, entry.target_path)
            for project in self._projects
            for entry in (project.scope.entries if project.scope else ())
            if entry.target_id is not None
        }
        return iter(sorted(listed, key=lambda one: one[:2]))

    def cursors(self) -> Iterator[Cursor]:
        return iter(())

    def project_paths(self) -> Iterator[tuple[int, str]]:
        return iter(self._listed)

    def project_states(self) -> Iterator[tuple[int, str, str]]:
        known = {one.id: "read" if one.scope else "unreadable" for one in self._projects}
        return ((number, path, known.get(number, "excluded")) for number, path in self._listed)

    def kinds(self) -> Iterator[tuple[int, str, ProjectKind]]:
        return ((one.id, one.path, one.kind) for one in self._projects)

    def count(self, *states: str) -> int:
        readable = sum(project.scope is not None for project in self._projects)
        counts = {
            "read": readable,
            "unreadable": len(self._projects) - readable,
            "excluded": len(self._listed) - len(self._projects),
        }
        return sum(counts.get(state, 0) for state in states)

    def count_entries(self) -> int:
        return sum(len(project.scope.entries) for project in self._projects if project.scope)

    def oldest_use(self) -> Iterator[datetime]:
        return iter(())

    def reopened(self) -> AbstractContextManager[Self]:
        return nullcontext(self)

    def inbound_flags(self) -> Iterator[tuple[Flags, Enforcement, int]]:
        scopes = (project.scope for project in self._projects if project.scope)
        found = Counter((scope.inbound_own, scope.inbound_effective) for scope in scopes)
        return ((flags, self.header.enforcement, number) for flags, number in found.items())

    def projects(
        self, only: Collection[int] | None, flags: Callable[[Flags, Enforcement], Flags]
    ) -> Iterator[Project]:
        wanted = (one for one in self._projects if only is None or one.id in only)
        known = self.header.enforcement
        return (with_flags(one, lambda seen: flags(seen, known)) for one in wanted)


def with_flags(project: Project, flags: Callable[[Flags], Flags]) -> Project:
    """Return the project with its inbound flags as `flags` makes them."""
    if project.scope is None:
        return project
    own, effective = flags((project.scope.inbound_own, project.scope.inbound_effective))
    scope = replace(project.scope, inbound_own=own, inbound_effective=effective)
    return replace(project, scope=scope)


def everyone(inventory: Inventory) -> list[Project]:
    """Return all projects that were seen, those without more than an id and a path too."""
    read = {project.id: project for project in inventory.projects()}
    return [read.get(number, Project(number, path)) for number, path in inventory.seen()]


def observed(
    projects: Iterable[Project], version: tuple[int, int], *, left_out: bool = True
) -> Inventory:
    """Return these projects as an inventory; the other places are left out, or are not there."""
    return Inventory(Memory(projects, version, left_out=left_out))
