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
    """What changed in who can reach a project."""

    access: Access | None
    """What changed for certain; None for nothing."""
    sure: bool
    """Whether that is all."""
    groups: tuple[str, ...]
    """The groups that are let in before and after, by NEW's paths; empty where nothing moved."""


class AccessComparison:
    """Compares what a project lets in, group by group and project by project."""

    def __init__(
        self,
        old: Inventory,
        new: Inventory,
        translation: PathTranslation | None = None,
        moved: Mapping[int, tuple[Chain, Chain]] | None = None,
    ) -> None:
        """Take what is compared.

        `moved` maps the ids of projects that are in other groups than before to the groups that
        contain them in OLD and in NEW; empty where the project is not listed. Without it, and
        without a translation, nothing has moved.
        """
        self._old, self._new = old, new
        self._translation = translation or PathTranslation(old, new)
        self._moved = moved or {}
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

        Access is gained only where all that OLD let in is known, and lost only where all that NEW
        lets in is known.
        """
        before = self._before.cover(old)
        same = self._same_version and _same(old, new)
        after = before if same else self._after.cover(new)
        sure = before.whole and after.whole
        if before == after and not self._moved and not self._translation.any_moved:
            return AccessOutcome(None, sure, ())
        names = self._names(old, new)
        earlier = {
            names.get(path) or self._translation.translate(path): path for path in before.groups
        }
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
        """Return NEW's path by OLD's path, for the groups that both allowlists name by id."""
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
            if path not in known and known.isdisjoint(self._translation.chain_before(path)):
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
        return self._translation.chain_of_old(_namespace(entry)) if moved is None else moved[1]


def _same(old: Project, new: Project) -> bool:
    """Tell whether two scopes are equal in what decides access."""
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
    """Return the ids of the projects that have an entry of their own."""
    entries = project.scope.entries if project.scope else ()
    return frozenset(entry.target_id for entry in entries if entry.kind == "project")


def _namespace(entry: AllowlistEntry) -> str:
    return (entry.target_path or "").rpartition("/")[0]


def _sorted(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    return tuple(sorted(origins, key=lambda one: (one.kind, one.path or "", one.id or 0)))
