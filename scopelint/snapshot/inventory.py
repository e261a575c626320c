"""The inventory: the typed read model over a snapshot, which rules, reach and reports use.

Groups are held in memory, numbered so that "is inside" is an interval test. Projects are streamed.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TypeVar, cast

from scopelint.filters import ALL_PROJECTS, ProjectChoice
from scopelint.model import (
    AllowlistEntry,
    EntryKind,
    Fact,
    Gap,
    Group,
    Project,
    ProjectCount,
    Reason,
    Scan,
    Target,
)
from scopelint.paths import is_inside
from scopelint.project_pattern import ProjectKind
from scopelint.snapshot.group_tree import GroupTree
from scopelint.snapshot.inventory_gaps import completed, gaps_of
from scopelint.snapshot.known_names import KnownNames
from scopelint.snapshot.shards import Source

_T = TypeVar("_T")
_MAX_ID = 2**63 - 1
"""The largest number that SQLite stores; every id is smaller."""
_AT_ONCE = 500  # Projects that a snapshot gives by their ids.
_OF_THE_CHOICE = ("total", "read", "entry_count", "left_out", "_states", "_chosen_ids")
"""What is worked out of the choice, and kept."""


class Inventory:
    """What one collection observed, for reading.

    Attributes: `scan`, the collection's metadata; `as_of`, its end, and `log_as_of`, up to when
    every log that was read tells for sure, the only clocks that rules know; `groups`, every group
    by id; `gaps`, what could not be read.

    With a choice, only a part is to be judged: `chosen_projects`, `total`, `read`, `entry_count`,
    `gaps` and `complete` are about that part, the others are left out as by a filter. What was read
    of them stays known: `projects` and all questions about groups and targets are about everything.
    """

    def __init__(self, snapshot: Source, chosen: ProjectChoice = ALL_PROJECTS) -> None:
        self._snapshot = snapshot
        self._chosen = chosen
        self._outside: set[int] = set()
        self._with_limit_changes = True
        self._counts: dict[tuple[EntryKind, int | None], ProjectCount | None] = {}
        scan = snapshot.header.scan()
        self.scan: Scan = replace(scan, filters=replace(scan.filters, chosen=self._chosen))
        self.as_of: datetime = self.scan.finished_at or self.scan.started_at
        # A resumed collection may have read a log days before it ended, never before it began.
        self.log_as_of: datetime = self.scan.started_at
        self.groups: dict[int, Group] = {group.id: group for group in snapshot.groups()}
        self.gaps: tuple[Gap, ...] = tuple(gaps_of(snapshot))
        self._whole = self.complete
        self._last_target: tuple[AllowlistEntry | None, Target | None] = (None, None)
        self._derived: dict[Callable[[Inventory], object], object] = {}
        if chosen:
            self._choose(chosen)

    def part(self, chosen: ProjectChoice) -> "Inventory":
        """Return the inventory of a part, which shares all that is about everything."""
        other = copy(self)
        for name in _OF_THE_CHOICE:
            other.__dict__.pop(name, None)
        other._choose(chosen)
        return other

    def _choose(self, chosen: ProjectChoice) -> None:
        self._chosen = chosen
        self.scan = replace(self.scan, filters=replace(self.scan.filters, chosen=chosen))
        self._outside = {number for number, path, _ in self._every if not chosen.holds(path)}
        self.gaps = tuple(gaps_of(self._snapshot, self._outside))

    @cached_property
    def _every(self) -> list[tuple[int, str, str]]:
        """Every enumerated project by id, with its path and its state in the snapshot."""
        return list(self._snapshot.project_states())

    @cached_property
    def _chosen_ids(self) -> list[int]:
        return [number for number, _, _ in self._every if number not in self._outside]

    def derived(self, make: "Callable[[Inventory], _T]") -> _T:
        """Return what `make` returns for this inventory; it is called once, for all that use it."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast("_T", self._derived[make])

    @property
    def complete(self) -> bool:
        """Whether everything that was requested was read."""
        return not any(gap.breaks_completeness for gap in self.gaps)

    @property
    def all_read(self) -> bool:
        """Whether every project below the targets was read, chosen or not.

        False too where a filter left some out when GitLab was read: they may reach, and be reached.
        """
        return self._whole and not self._snapshot.count("excluded")

    @cached_property
    def total(self) -> int:
        """How many projects were requested: read, unreadable, and not read yet."""
        return self._count_in("read", "unreadable", "listed", "elsewhere")

    @cached_property
    def read(self) -> int:
        """How many projects' scopes were read."""
        return self._count_in("read")

    def _count_in(self, *states: str) -> int:
        if not self._chosen:
            return self._snapshot.count(*states)
        return sum(self._states[state] for state in states)

    @cached_property
    def _states(self) -> Counter[str]:
        return Counter(state for _, _, state in self.states())

    @cached_property
    def entry_count(self) -> int:
        """How many inbound entries were read."""
        if not self._chosen:
            return self._snapshot.count_entries()
        return sum(len(each.scope.entries) for each in self.chosen_projects() if each.scope)

    @cached_property
    def log_since(self) -> datetime | None:
        """Since when the authentication log is known to exist; None where it shows no use.

        A row keeps only the last use of an origin, so the log is at least as old as the oldest row.
        """
        return next(self._snapshot.oldest_use(), None)

    @cached_property
    def project_paths(self) -> list[str]:
        """The full paths of all enumerated projects, excluded ones too, in order."""
        return sorted(path for _, path in self._snapshot.project_paths())

    @cached_property
    def tree(self) -> GroupTree:
        """The namespaces with their numbers and project counts, excluded projects too."""
        paths = (path for _, path in self._snapshot.project_paths())
        return GroupTree((group.path for group in self.groups.values()), paths)

    @cached_property
    def _targets(self) -> dict[tuple[EntryKind, int], Target]:
        found = {(target.kind, target.id): target for target in self._snapshot.targets()}
        found |= {(target.kind, target.id): target for target in self._snapshot.targets_inside()}
        for group in self.groups.values():
            found["group", group.id] = Target(
                "group",
                group.id,
                group.path,
                visible=True,
                visibility=group.visibility,
                deletion=group.deletion,
                personal=False,
            )
        return found

    def targets(self) -> Iterable[Target]:
        """Return what is known of every entry's target, and of every group that was read."""
        return self._targets.values()

    def target(self, entry: AllowlistEntry) -> Target | None:
        """Return what is known of an entry's target; None if it is not visible or gone."""
        last, target = self._last_target
        if entry is not last:  # All rules look at one entry before the next one.
            target = self._look_up(entry)
            self._last_target = entry, target
        return target

    def _look_up(self, entry: AllowlistEntry) -> Target | None:
        if entry.target_id is None:
            return None
        target = self._targets.get((entry.kind, entry.target_id))
        return target if target is not None and target.visible else None

    @cached_property
    def _names(self) -> KnownNames:
        return KnownNames(self._snapshot, self.targets())

    def number_of(self, kind: EntryKind, path: str) -> int | None:
        """Return the number of a group or project by full path in any case, None if not known."""
        return self._names.number_of(kind, path)

    def path_of(self, kind: EntryKind, number: int) -> str | None:
        """Return the full path of a group or project by its number, None if it is not known."""
        return self._names.path_of(kind, number)

    def knows(self, kind: EntryKind, name: int | str) -> bool:
        """Tell whether a group or project, given by id or full path, is known to exist."""
        if isinstance(name, str):
            return self.number_of(kind, name) is not None
        return self._names.has(kind, name)

    def was_looked_up(self, kind: EntryKind, path: str) -> bool:
        """Tell whether the collection looked for this path, because a declared policy names it."""
        return f"{kind}:{path.lower()}" in self._snapshot.header.named

    def in_read_tree(self, path: str) -> bool:
        """Tell whether a full path lies inside what was enumerated."""
        if self.scan.whole_instance and self.scan.administrator:
            return True
        return any(is_inside(path, root) for root in self.scan.targets)

    def names_inside(self, path: str) -> bool:
        """Tell the same as `in_read_tree`, for a path in any case, as a person may write it."""
        if self.scan.whole_instance and self.scan.administrator:
            return True
        return any(is_inside(path.lower(), root.lower()) for root in self.scan.targets)

    def project_count(self, entry: AllowlistEntry) -> ProjectCount | None:
        """Return how many projects lie below a group entry's group, None where nothing tells.

        Inside the read tree it is the enumeration's count, exact if the enumeration is whole;
        elsewhere GitLab's own count, hidden projects included.
        """
        key = (entry.kind, entry.target_id)
        if key not in self._counts:
            self._counts[key] = self._count(self.target(entry))
        return self._counts[key]

    def _count(self, target: Target | None) -> ProjectCount | None:
        if target is None or target.path is None:
            return None
        if target.project_count is not None:
            return ProjectCount(target.project_count, exact=True)
        if not self.in_read_tree(target.path):
            return None
        number, hidden = self.tree.projects_below(target.path), self.hidden_below(target.path)
        bound = None if hidden is None else number + hidden
        return ProjectCount(number, exact=self.enumerated, bound=bound)

    def hidden_below(self, path: str) -> int | None:
        """Return how many projects below a group GitLab may hide at most, None where nothing tells.

        GitLab counts the projects of a target, those included that it does not show to this token.
        What is missing there may all lie below the group.
        """
        if self._broken_off:
            return None
        found = [
            hidden for root, hidden in self._hidden.items() if not root or is_inside(path, root)
        ]
        return min(found, default=None)

    @cached_property
    def hidden(self) -> int | None:
        """How many projects of all targets together GitLab may hide at most; None is not known."""
        roots = {
            "" if self._is_instance(path) else path
            for path in self.scan.targets
            if path not in self._projects_read_alone
        }
        if self._broken_off or not roots <= self._hidden.keys():
            return None
        return sum(self._hidden[root] for root in roots)

    @cached_property
    def _projects_read_alone(self) -> frozenset[str]:
        """The targets that are projects: there is nothing below them to hide."""
        return frozenset(self.scan.targets).intersection(self.project_paths)

    @cached_property
    def _hidden(self) -> dict[str, int]:
        """By a target's path, empty for the instance: how many projects below it were not shown."""
        found: dict[str, int] = {}
        for cursor in self._snapshot.cursors():
            what, _, path = cursor.name.partition(":")
            if what != "projects" or not cursor.done or cursor.expected is None:
                continue
            root = "" if self._is_instance(path) else path
            seen = self.tree.projects_below(root) if root else self.tree.total
            # Each shard has a list of its own; the one that saw least of it gives the bound.
            found[root] = max(found.get(root, 0), cursor.expected - seen)
        return found

    def _is_instance(self, path: str) -> bool:
        return self.scan.whole_instance and path == "instance"

    @cached_property
    def _broken_off(self) -> bool:
        """Whether a list broke off, so that GitLab's own count does not tell what is missing."""
        lists = {Fact.ENUMERATION, Fact.UNFINISHED}
        return any(
            gap.fact in lists or (gap.fact == Fact.GROUP and gap.reason is not Reason.REDACTED)
            for gap in self.gaps
        )

    @cached_property
    def enumerated(self) -> bool:
        """Whether the list of projects below the targets is whole."""
        broken = {Fact.ENUMERATION, Fact.COUNT, Fact.UNFINISHED, Fact.GROUP}
        return not any(gap.fact in broken for gap in self.gaps)

    def seen(self) -> Iterator[tuple[int, str]]:
        """Yield id and full path of every enumerated project by id, excluded ones too."""
        return self._snapshot.project_paths()

    def states(self) -> Iterator[tuple[int, str, str]]:
        """Yield id, full path and state of every enumerated project, by id.

        A state is `read`, `unreadable` (a gap says why), `listed` (the collection was interrupted),
        `elsewhere` (in a missing shard) or `excluded` (by a filter, or not chosen).
        """
        if not self._chosen:
            return self._snapshot.project_states()
        return (
            (number, path, "excluded" if number in self._outside else state)
            for number, path, state in self._every
        )

    @cached_property
    def kinds(self) -> dict[str, ProjectKind]:
        """What every enumerated project is chosen by besides its path, by full path."""
        return {path: kind for _, path, kind in self._snapshot.kinds()}

    @cached_property
    def left_out(self) -> tuple[str, ...]:
        """The full paths of the projects that a filter or the choice left out, in order."""
        if not self._chosen and not self._snapshot.count("excluded"):
            return ()  # The walk below is over every listed project.
        return tuple(sorted(path for _, path, state in self.states() if state == "excluded"))

    @contextmanager
    def reopened(self) -> Iterator[None]:
        """Read from files that are opened again: a forked process must not use its parent's."""
        before = self._snapshot
        with before.reopened() as again:
            self._snapshot = again
            try:
                yield
            finally:
                self._snapshot = before

    def chunks(self, size: int) -> list[range]:
        """Return ranges of ids with about `size` enumerated projects each, which cover all ids."""
        starts = [number for index, (number, _) in enumerate(self.seen()) if index % size == 0]
        return [range(*pair) for pair in pairwise([*starts, _MAX_ID])]

    def project(self, project_id: int) -> Project | None:
        """Return one project, without a scope if it was not read; None if it was not enumerated."""
        for project in self.projects(only=(project_id,)):
            return project
        path = dict(self._snapshot.project_paths()).get(project_id)
        return None if path is None else Project(project_id, path, personal=None)

    def projects(self, only: Collection[int] | None = None) -> Iterator[Project]:
        """Yield every read or unreadable project, by id.

        `only` limits them to these ids: at most 500, or a range of any size.

        Inbound flags are completed by what is known about the whole run. An own flag that is on
        makes the effective flag on. Where it is known whether the instance enforces the limit, the
        effective flag follows from the own flag, and, through REST alone, the own flag from the
        effective one.
        """
        found, kept = self._snapshot.projects(only, completed), self._with_limit_changes
        return found if kept else (replace(each, limit_change=None) for each in found)

    def without_limit_changes(self) -> "Inventory":
        """Return the same inventory as if no audit event had been read."""
        other = copy(self)
        other._with_limit_changes = False
        other._derived = {}
        return other

    def chosen_projects(self, only: Collection[int] | None = None) -> Iterator[Project]:
        """Yield those of `projects(only)` that are to be judged: all of them without a choice."""
        if not self._chosen:
            return self.projects(only)
        numbers = self._chosen_ids
        if only is None and 2 * len(numbers) > len(self._every):
            # One walk over all of them is quicker than many questions for most of them.
            return (each for each in self.projects() if self._chosen.holds(each.path))
        if isinstance(only, range):
            numbers = numbers[bisect_left(numbers, only.start) : bisect_left(numbers, only.stop)]
        elif only is not None:
            numbers = [number for number in numbers if number in only]
        chunks = (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE))
        return (each for chunk in chunks for each in self.projects(chunk))
