"""Who gained and who lost access to a project, by what its inbound side lets in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from scopelint.access import InboundCounter
from scopelint.diff.changes import Access, Origin
from scopelint.diff.group_moves import Chain, PathTranslation, chain
from scopelint.model import AllowlistEntry, Project, ProjectCount
from scopelint.snapshot.inventory import Inventory

EVERYTHING = ""
"""Stands for the whole instance where a group's path is expected, as in `scopelint.access`."""


class AccessOutcome(NamedTuple):
    """What changed in who reaches a project (None: nothing that is certain).

    `sure` tells whether there is nothing more. `groups` are those that are let in with all below
    them, before and after, by NEW's paths; only looked up where anything moved.
    """

    access: Access | None
    sure: bool
    groups: tuple[str, ...]


class AccessComparison:
    """Compares what a project lets in, group by group and project by project.

    `moved` are the projects that lie in other groups than before, by id: the groups they lay in,
    and those they lie in; none where the project is not in OLD or not in NEW.
    """

    def __init__(
        self,
        old: Inventory,
        new: Inventory,
        places: PathTranslation,
        moved: Mapping[int, tuple[Chain, Chain]],
    ) -> None:
        self._old, self._new = old, new
        self._places = places
        self._moved = moved
        self._before = old.derived(InboundCounter)
        self._after = new.derived(InboundCounter)
        self._same_version = old.scan.version == new.scan.version

    def count_before(self, project: Project) -> ProjectCount:
        """Count who could reach a project of OLD."""
        return self._before.count(project)

    def count_after(self, project: Project) -> ProjectCount:
        """Count who can reach a project of NEW."""
        return self._after.count(project)

    def compare(self, old: Project, new: Project) -> "AccessOutcome":
        """Return what changed for certain, and whether that is all.

        Access is new only where everything OLD let in is known, and lost only where everything
        NEW lets in is.
        """
        before = self._before.cover(old)
        same = self._same_version and _same(old, new)
        after = before if same else self._after.cover(new)
        sure = before.whole and after.whole
        if before == after and not self._moved and not self._places.any_moved:
            return AccessOutcome(None, sure, ())
        names = self._names(old, new)
        earlier = {names.get(path) or self._places.translate(path): path for path in before.groups}
        common = tuple(path for path in after.groups if path in earlier and path != EVERYTHING)
        gained: tuple[Origin, ...] = ()
        lost: tuple[Origin, ...] = ()
        if before.whole:
            gained = _sorted(self._gained(after.groups, after.projects, earlier.keys(), old, new))
        if after.whole:
            lost = _sorted(self._lost(earlier, before.projects, frozenset(after.groups), old, new))
        if not (gained or lost):
            return AccessOutcome(None, sure, common)
        counts = self._before.count(old), self._after.count(new)
        return AccessOutcome(Access(gained, lost, *counts), sure, common)

    def _names(self, old: Project, new: Project) -> dict[str, str]:
        """Return NEW's path by OLD's of the groups that both lists name by the same number."""
        now = {e.target_id: e.target_path for e in _groups(new)}
        return {
            e.target_path: path
            for e in _groups(old)
            if e.target_path and e.target_id is not None and (path := now.get(e.target_id))
        }

    def _gained(
        self,
        groups: Iterable[str],
        projects: Iterable[AllowlistEntry],
        earlier: Iterable[str],
        old: Project,
        new: Project,
    ) -> Iterator[Origin]:
        known = frozenset(earlier)
        for path in groups:
            if path not in known and known.isdisjoint(self._places.chain_before(path)):
                yield _group(path, new, self._new)
        listed = _ids(old)
        for entry in projects:
            if entry.target_id not in listed and known.isdisjoint(self._chain_before(entry)):
                yield Origin("project", entry.target_id, entry.target_path)

    def _lost(
        self,
        earlier: Mapping[str, str],
        projects: Iterable[AllowlistEntry],
        now: frozenset[str],
        old: Project,
        new: Project,
    ) -> Iterator[Origin]:
        for name, path in earlier.items():
            if now.isdisjoint(chain(name)):
                yield _group(path, old, self._old)
        listed = _ids(new)
        for entry in projects:
            if entry.target_id not in listed and now.isdisjoint(self._chain_after(entry)):
                yield Origin("project", entry.target_id, entry.target_path)

    def _chain_before(self, entry: AllowlistEntry) -> Chain:
        moved = self._moved.get(entry.target_id or 0)
        return chain(_namespace(entry)) if moved is None else moved[0]

    def _chain_after(self, entry: AllowlistEntry) -> Chain:
        moved = self._moved.get(entry.target_id or 0)
        return self._places.chain_of_old(_namespace(entry)) if moved is None else moved[1]


def _same(old: Project, new: Project) -> bool:
    """Tell whether two scopes let in the same, as far as they were read."""
    before, after = old.scope, new.scope
    return (
        before is not None
        and after is not None
        and before.inbound_effective == after.inbound_effective
        and before.missing == after.missing
        and before.entries == after.entries
    )


def _group(path: str, project: Project, inventory: Inventory) -> Origin:
    if path == EVERYTHING:
        return Origin("everyone")
    entry = next(entry for entry in _groups(project) if entry.target_path == path)
    return Origin("group", entry.target_id, path, inventory.project_count(entry))


def _groups(project: Project) -> Iterator[AllowlistEntry]:
    entries = project.scope.entries if project.scope else ()
    return (entry for entry in entries if entry.kind == "group")


def _ids(project: Project) -> frozenset[int | None]:
    """Return the projects that a limited project lists one by one, those in a group too."""
    entries = project.scope.entries if project.scope else ()
    return frozenset(entry.target_id for entry in entries if entry.kind == "project")


def _namespace(entry: AllowlistEntry) -> str:
    return (entry.target_path or "").rpartition("/")[0]


def _sorted(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    return tuple(sorted(origins, key=lambda one: (one.kind, one.path or "", one.id or 0)))
