"""An overlay: a snapshot as it would be read after a change, to be read by an inventory.

Nothing unread becomes known by it but what the change sets. The effective limit is found anew from
a limit that is set and from what is known of the instance.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from scopelint.engine import InventoryChange
from scopelint.filters import ALL_PROJECTS, ProjectChoice
from scopelint.model import (
    Enforcement,
    EntryKind,
    Fact,
    Flags,
    Gap,
    Group,
    Project,
    Reason,
    Target,
)
from scopelint.project_pattern import ProjectKind
from scopelint.snapshot import Completion, Cursor, Inventory, Source, as_observed, completed
from scopelint.wanted.scope_change import entries_after, flags_after, scope_after, unknown_lists
from scopelint.wanted.state import FACT_OF, NotKnown, WantedEntry, WantedState

_AT_ONCE: Final = 500
"""Ids that a source is asked for at a time."""
_ENFORCEMENT: Final[dict[Enforcement, bool | None]] = {"on": True, "off": False, "unknown": None}
_BACK: Final[dict[bool | None, Enforcement]] = {on: word for word, on in _ENFORCEMENT.items()}


@dataclass(frozen=True, slots=True)
class _Changed:
    """A project that is changed: its inbound flags afterwards, and the enforcement to go by."""

    flags: Flags
    enforcement: Enforcement


class Overlay:
    """A snapshot with a wanted state laid over it, with the reading methods of a snapshot."""

    def __init__(self, below: Source, wanted: WantedState) -> None:
        """Take the snapshot and the state; every project that is to change is looked at once."""
        self._below = below
        self._wanted = wanted.projects
        self.header = below.header
        self._when: datetime = self.header.finished_at or self.header.started_at
        self._changed: dict[int, _Changed] = {}
        self._flags: Counter[tuple[Flags, Enforcement]] = Counter()
        self._more_entries = 0
        # Of no project: it may change any of them.
        self._unknown = [_gap(Fact.ENTRIES, each) for each in wanted.unknown]
        self._read: set[tuple[int, Fact]] = set()
        self._targets: dict[tuple[EntryKind, int], WantedEntry] = {}
        for number, wanted_project in self._wanted.items():
            for entry in wanted_project.entries:
                if entry.key != f"project:{number}":
                    self._targets[entry.kind, entry.id] = entry
        found = {enforcement for _, enforcement, _ in below.inbound_flags()}
        for numbers in _chunks(sorted(self._wanted)):
            observed = below.projects(numbers, as_observed)
            if len(found) <= 1:
                for project in observed:
                    self._look_at(project, below.header.enforcement)
                continue
            # Each shard has its own answer.
            enforced = below.projects(numbers, _enforcement)
            for project, other in zip(observed, enforced, strict=True):
                if other.scope is not None:
                    self._look_at(project, _BACK[other.scope.inbound_own])

    def _look_at(self, project: Project, enforcement: Enforcement) -> None:
        scope, wanted = project.scope, self._wanted[project.id]
        if scope is None:
            return
        before = (scope.inbound_own, scope.inbound_effective)
        after = flags_after(before, wanted)
        # The limit is set after all shards were read, so what they found together counts.
        then = self.header.enforcement if "inbound_own" in wanted.settings else enforcement
        if after == (None, None) and then == "on":
            after = None, True
        self._changed[project.id] = _Changed(after, then)
        self._flags[before, enforcement] -= 1
        self._flags[after, then] += 1
        listed = list(entries_after(project, scope, wanted))
        self._more_entries += len(listed) - len(scope.entries)
        for name, setting in wanted.settings.items():
            if isinstance(setting.value, NotKnown):
                self._unknown.append(_gap(FACT_OF[name], setting.value, project))
            else:
                self._read.add((project.id, FACT_OF[name]))
        for unknown in unknown_lists(listed, wanted):
            self._unknown.append(_gap(Fact.ENTRIES, unknown, project))

    @contextmanager
    def reopened(self) -> Iterator["Overlay"]:
        """Read from files that are opened again, for another process."""
        with self._below.reopened() as again:
            other = copy(self)
            other._below = again
            yield other

    def groups(self) -> Iterator[Group]:
        """Yield the groups, which no wanted state changes."""
        return self._below.groups()

    def gaps(self) -> Iterator[Gap]:
        """Yield the gaps: those that were recorded and stay, then what the wanted state leaves open."""
        decided = all(
            completed(flags, enforcement)[1] is not None
            for flags, enforcement, _ in self.inbound_flags()
        )
        for gap in self._below.gaps():
            subject = gap.subject_id if gap.subject_kind == "project" else None
            set_now = subject is not None and (subject, gap.fact) in self._read
            if not set_now and not (decided and gap.fact == Fact.ENFORCEMENT):
                yield gap
        yield from self._unknown
        yield from self._unknown_targets()

    def _unknown_targets(self) -> Iterator[Gap]:
        """Yield a gap for each target of a new entry of which the snapshot holds nothing."""
        known = {(kind, number) for kind, number, _ in self._below.listed_targets()}
        known |= {("group", group.id) for group in self._below.groups()}
        known |= {("project", number) for number, _ in self._below.project_paths()}
        known |= {(target.kind, target.id) for target in self._below.targets()}
        for (kind, number), entry in sorted(self._targets.items()):
            if (kind, number) not in known:
                text = f"{entry.at} names it, and nothing of it was read"
                yield Gap(Fact.TARGET, Reason.NOT_FOUND, text, kind, number, entry.path)

    def targets(self) -> Iterator[Target]:
        """Yield what is known of the targets outside the read tree."""
        return self._below.targets()

    def targets_inside(self, also: Collection[int] = ()) -> Iterator[Target]:
        """Yield the projects of the read tree that some entry points to, new entries too."""
        projects = (number for kind, number in self._targets if kind == "project")
        return self._below.targets_inside([*also, *projects])

    def listed_targets(self) -> Iterator[tuple[EntryKind, int, str | None]]:
        """Yield kind, id and path of the targets of inbound entries, those that go too."""
        yield from self._below.listed_targets()
        for (kind, number), entry in self._targets.items():
            yield kind, number, entry.path

    def cursors(self) -> Iterator[Cursor]:
        """Yield how far each enumeration got."""
        return self._below.cursors()

    def project_paths(self) -> Iterator[tuple[int, str]]:
        """Yield id and path of every enumerated project by id."""
        return self._below.project_paths()

    def project_states(self) -> Iterator[tuple[int, str, str]]:
        """Yield id, path and state of every enumerated project by id."""
        return self._below.project_states()

    def kinds(self) -> Iterator[tuple[int, str, ProjectKind]]:
        """Yield id, path and kind of every enumerated project by id: no change is of these."""
        return self._below.kinds()

    def count(self, *states: str) -> int:
        """Count the projects in these states."""
        return self._below.count(*states)

    def count_entries(self) -> int:
        """Count the inbound entries after the change."""
        return self._below.count_entries() + self._more_entries

    def oldest_use(self) -> Iterator[datetime]:
        """Yield the earliest of all last uses in the log, or nothing if it holds none."""
        return self._below.oldest_use()

    def inbound_flags(self) -> Iterator[tuple[Flags, Enforcement, int]]:
        """Yield the inbound flags that projects have after the change, and how many have them."""
        found = Counter(self._flags)
        for flags, enforcement, number in self._below.inbound_flags():
            found[flags, enforcement] += number
        for (flags, enforcement), number in found.items():
            if number:
                yield flags, enforcement, number

    def projects(self, only: Collection[int] | None, flags: Completion) -> Iterator[Project]:
        """Yield the projects by id as they are after the change; `only` and `flags` as below."""
        for project in self._below.projects(only, flags):
            yield self.project_after(project, flags)

    @property
    def changed(self) -> Collection[int]:
        """The ids of the projects that may be otherwise than below."""
        return self._changed.keys()

    def project_after(self, project: Project, flags: Completion = completed) -> Project:
        """Return a project of the snapshot below as it is after the change.

        `flags` completed its inbound flags, and completes them again. It is the same object where
        nothing about it changes.
        """
        changed, scope = self._changed.get(project.id), project.scope
        if changed is None or scope is None:
            return project
        wanted = self._wanted[project.id]
        own, effective = flags(changed.flags, changed.enforcement)
        after = replace(
            scope_after(project, scope, wanted, self._when),
            inbound_own=own,
            inbound_effective=effective,
        )
        if after == scope:
            return project
        # What events say of who opened it is about the limit that was there.
        event = None if "inbound_own" in wanted.settings else project.limit_change
        return replace(project, scope=after, limit_change=event)


def after(below: Source, wanted: WantedState, chosen: ProjectChoice = ALL_PROJECTS) -> Inventory:
    """Return the inventory of a snapshot after the change; `chosen` as for an `Inventory`."""
    return Inventory(Overlay(below, wanted), chosen)


def change(below: Source, before: Inventory, wanted: WantedState) -> InventoryChange:
    """Return a change of an inventory, which is all of `below` or what is chosen of it."""
    overlay = Overlay(below, wanted)
    then = Inventory(overlay, before.scan.filters.chosen)
    return InventoryChange(before, then, overlay.changed, overlay.project_after)


def _gap(fact: Fact, unknown: NotKnown, project: Project | None = None) -> Gap:
    detail = f"{unknown.address} is not known after the change ({unknown.place}): {unknown.why}"
    if project is None:
        return Gap(fact, unknown.reason, detail)
    return Gap(fact, unknown.reason, detail, "project", project.id, project.path)


def _enforcement(flags: Flags, enforcement: Enforcement) -> Flags:
    """Return, in the place of the flags, what is known of enforcement where a project was read."""
    del flags
    return _ENFORCEMENT[enforcement], None


def _chunks(numbers: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk
