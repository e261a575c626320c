"""Whole collections of one instance, by different tokens, read as one inventory.

Each token sees a part of the instance: one read what another could only point to. What one read is
known to all; what none read stays a gap. Where two read the same project, the
newer reading counts.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from scopelint.errors import SnapshotError
from scopelint.filters import Filters
from scopelint.model import (
    Assumption,
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
from scopelint.paths import is_inside
from scopelint.project_pattern import ProjectKind
from scopelint.run_identity import SAME_TOGETHER, check_same
from scopelint.snapshot.header import Cursor, Header
from scopelint.snapshot.shards import MergedSnapshots, merge_headers
from scopelint.snapshot.sqlite_reader import Completion, Snapshot, as_observed

Collected = Snapshot | MergedSnapshots
"""One collection, or the shards of one."""

_Row = TypeVar("_Row", bound=tuple[int, str, Any])
_PRECEDENCE: Final = ("read", "unreadable", "listed", "elsewhere", "excluded")
"""Which state counts for a project that several collections list: the first of these."""
_AT_ONCE: Final = 500
"""Projects that a collection gives by their ids at once."""


class JoinedCollections:
    """Several collections with the reading methods of a single snapshot, the oldest first.

    Use as a context manager: it closes what it opened. Raises SnapshotError where they differ in
    instance, release, API or filters, or two are of the same targets.
    """

    def __init__(self, files: Sequence[Sequence[Path]], *, checked: bool = False) -> None:
        """Open the files of each collection; `checked` as for a single one."""
        self._stack = ExitStack()
        with ExitStack() as stack:
            opened: list[Collected] = [
                stack.push(_opened(paths, checked=checked)) for paths in files
            ]
            names = {id(part): str(paths[0]) for part, paths in zip(opened, files, strict=True)}
            self._parts = sorted(opened, key=lambda part: _read_at(part.header))
            self._names = [names[id(part)] for part in self._parts]
            self._files = [list(paths) for paths in files]
            self._check()
            self.header = self._joined_header()
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def reopened(self) -> "JoinedCollections":
        """Open the same files again, for another process."""
        return JoinedCollections(self._files, checked=True)

    def _check(self) -> None:
        runs = [
            (name, part.header.identity())
            for name, part in zip(self._names, self._parts, strict=True)
        ]
        for other in runs[1:]:
            check_same(
                runs[0],
                other,
                SAME_TOGETHER,
                error=SnapshotError,
                hint="Collections of one instance are judged together, read in the same way.",
            )
        seen: dict[frozenset[str], str] = {}
        for name, run in runs:
            targets = frozenset(path.lower() for path in run.targets or ())
            if targets in seen:
                raise SnapshotError(
                    f"{seen[targets]} and {name} are both a whole collection of"
                    f" {', '.join(run.targets or ())}",
                    hint="Give the newer one alone, or compare the two: scopelint diff OLD NEW",
                )
            seen[targets] = name

    def _joined_header(self) -> Header:
        headers = [part.header for part in self._parts]
        joined = merge_headers(headers).with_changes(
            targets=tuple(sorted({path for header in headers for path in header.targets})),
            whole_instance=any(header.whole_instance for header in headers),
            # An administrator who reads the whole instance sees all of it.
            administrator=all(header.administrator for header in headers)
            or any(header.administrator and header.whole_instance for header in headers),
            assumptions=tuple(self._assumptions()),
        )
        return joined.with_changes(filters=replace(headers[0].filters, chosen=Filters().chosen))

    def _assumptions(self) -> Iterator[Assumption]:
        for name, part in zip(self._names, self._parts, strict=True):
            for each in part.header.assumptions:
                yield replace(each, source=f"{name}: {each.source}")
        if self._winner:
            number = len(self._winner)
            projects = "1 project" if number == 1 else f"{number} projects"
            yield Assumption(
                "read twice",
                f"{projects}: the newer reading counts",
                f"the lists of {', '.join(self._names)}",
                max(map(_read_at, (part.header for part in self._parts))),
            )

    @cached_property
    def _winner(self) -> dict[int, int]:
        """The projects that several collections list, each with the index of the one that counts."""
        best: dict[int, tuple[int, int]] = {}
        several: set[int] = set()
        for index, part in enumerate(self._parts):
            for number, _, state in part.project_states():
                rank = _PRECEDENCE.index(state)
                if number not in best:
                    best[number] = rank, index
                    continue
                several.add(number)
                if rank <= best[number][0]:
                    best[number] = rank, index
        return {number: best[number][1] for number in several}

    def _counts(self, index: int, number: int) -> bool:
        """Tell whether what a collection says of a project is what counts."""
        return self._winner.get(number, index) == index

    def groups(self) -> Iterator[Group]:
        """Yield every group once, as the newest collection saw it."""
        yield from {group.id: group for part in self._parts for group in part.groups()}.values()

    @cached_property
    def _known(self) -> frozenset[tuple[str, int]]:
        """Kind and id of what some collection read, or resolved as a target."""
        return frozenset(
            chain(
                (("group", group.id) for group in self.groups()),
                (
                    ("project", number)
                    for number, _, state in self.project_states()
                    if state == "read"
                ),
                ((target.kind, target.id) for target in self.targets() if target.visible),
            )
        )

    def gaps(self) -> Iterator[Gap]:
        """Yield every gap once, but those of what another collection read."""
        found = {
            gap
            for index, part in enumerate(self._parts)
            for gap in part.gaps()
            if self._stands(index, gap)
        }
        yield from sorted(found, key=_order)
        first: dict[str, int] = {}
        for number, path in self.project_paths():
            other = first.setdefault(path.lower(), number)
            if other != number:
                detail = f"{path} is project {other} in one collection and {number} in another one"
                yield Gap(Fact.ENUMERATION, Reason.ERROR, f"{detail}: read them again")

    def _stands(self, index: int, gap: Gap) -> bool:
        if gap.subject_id is None:
            return True
        if gap.fact == Fact.TARGET:
            return (gap.subject_kind, gap.subject_id) not in self._known
        return gap.subject_kind != "project" or self._counts(index, gap.subject_id)

    def targets(self) -> Iterator[Target]:
        """Yield every resolved target once, as the newest collection saw it to which it was visible."""
        found: dict[tuple[str, int], Target] = {}
        for part in self._parts:
            for target in part.targets():
                known = found.get((target.kind, target.id))
                if known is None or target.visible or not known.visible:
                    found[target.kind, target.id] = target
        yield from found.values()

    def targets_inside(self, also: Collection[int] = ()) -> Iterator[Target]:
        """Yield the projects of the read trees that some entry points to, and those of `also`."""
        pointed = {number for kind, number, _ in self.listed_targets() if kind == "project"}
        for index, part in enumerate(self._parts):
            here = (number for number, _ in part.project_paths())
            wanted = [number for number in here if number in pointed or number in also]
            own = (target for target in part.targets_inside(wanted))
            yield from (target for target in own if self._counts(index, target.id))

    def listed_targets(self) -> Iterator[tuple[EntryKind, int, str | None]]:
        """Yield kind, id and path of the targets of inbound entries, once for each collection."""
        for part in self._parts:
            yield from part.listed_targets()

    def cursors(self) -> Iterator[Cursor]:
        """Yield how far each enumeration got; what another collection read was not hidden."""
        for part in self._parts:
            for cursor in part.cursors():
                if cursor.expected is None or cursor.expected <= cursor.seen:
                    yield cursor
                else:
                    seen = min(self._below(cursor.name), cursor.expected)
                    yield replace(cursor, seen=max(seen, cursor.seen))

    def _below(self, name: str) -> int:
        """Count what all collections together list in the place of an enumeration."""
        what, _, root = name.partition(":")
        if what == "projects":
            return sum(is_inside(path, root) for _, path in self.project_paths())
        return sum(is_inside(group.path, root) for group in self.groups())

    def project_paths(self) -> Iterator[tuple[int, str]]:
        """Yield id and path of every project that any collection listed."""
        return ((number, path) for number, path, _ in self.project_states())

    def project_states(self) -> Iterator[tuple[int, str, str]]:
        """Yield id, path and state by id, as the collection says it that counts."""
        return self._merged(part.project_states() for part in self._parts)

    def kinds(self) -> Iterator[tuple[int, str, ProjectKind]]:
        """Yield id, path and kind by id, as the collection says it that counts."""
        return self._merged(part.kinds() for part in self._parts)

    def _merged(self, rows: Iterable[Iterator[_Row]]) -> Iterator[_Row]:
        kept = (self._rows_of(index, each) for index, each in enumerate(rows))
        return heapq.merge(*kept, key=itemgetter(0))

    def _rows_of(self, index: int, rows: Iterator[_Row]) -> Iterator[_Row]:
        return (row for row in rows if self._counts(index, row[0]))

    @cached_property
    def _states(self) -> Counter[str]:
        return Counter(state for _, _, state in self.project_states())

    def count(self, *states: str) -> int:
        """Count the projects in these states, each project once."""
        return sum(self._states[state] for state in states)

    def count_entries(self) -> int:
        """Count the inbound entries, each project's once."""
        twice = sum(
            len(project.scope.entries)
            for index, part in enumerate(self._parts)
            for project in self._passed_over(index, part)
            if project.scope
        )
        return sum(part.count_entries() for part in self._parts) - twice

    def _passed_over(self, index: int, part: Collected) -> Iterator[Project]:
        """Yield the projects of a collection that another one counts for."""
        numbers = sorted(number for number, winner in self._winner.items() if winner != index)
        for at in range(0, len(numbers), _AT_ONCE):
            yield from part.projects(numbers[at : at + _AT_ONCE])

    def oldest_use(self) -> Iterator[datetime]:
        """Yield the earliest of all last uses in the log, or nothing if it holds none."""
        yield from sorted(use for part in self._parts for use in part.oldest_use())[:1]

    def inbound_flags(self) -> Iterator[tuple[Flags, Enforcement, int]]:
        """Yield the inbound flags of the projects in each collection, and how many have them."""
        for index, part in enumerate(self._parts):
            passed = Counter(
                (project.scope.inbound_own, project.scope.inbound_effective)
                for project in self._passed_over(index, part)
                if project.scope
            )
            for flags, enforcement, number in part.inbound_flags():
                kept = number - passed.pop(flags, 0)
                if kept > 0:
                    yield flags, enforcement, kept

    def projects(
        self, only: Collection[int] | None = None, flags: Completion = as_observed
    ) -> Iterator[Project]:
        """Yield read and unreadable projects by id, each once; `only` and `flags` as in a part."""
        parts = (
            self._of(index, part.projects(only, flags)) for index, part in enumerate(self._parts)
        )
        return heapq.merge(*parts, key=attrgetter("id"))

    def _of(self, index: int, projects: Iterator[Project]) -> Iterator[Project]:
        return (project for project in projects if self._counts(index, project.id))


def _opened(paths: Sequence[Path], *, checked: bool) -> Collected:
    if len(paths) == 1:
        snapshot = Snapshot(paths[0], checked=checked)
        if snapshot.header.shard is None or snapshot.header.shard[1] == 1:
            return snapshot
        snapshot.close()
    return MergedSnapshots(paths, checked=checked)


def _order(gap: Gap) -> tuple[str, str, int, str, str]:
    """Sort gaps as a single snapshot has them."""
    fact, reason = str(gap.fact), gap.reason.value
    return fact, gap.subject_path or "", gap.subject_id or 0, reason, gap.detail


def _read_at(header: Header) -> datetime:
    return header.finished_at or header.started_at


def open_snapshots(paths: Sequence[Path]) -> Collected | JoinedCollections:
    """Open one snapshot, the shards of one collection, or several collections of one instance.

    Raises SnapshotError. A single shard of several is opened as a collection whose other parts are
    missing.
    """
    files = _collections(paths) if len(paths) > 1 else [list(paths)]
    return _opened(files[0], checked=False) if len(files) == 1 else JoinedCollections(files)


def _collections(paths: Sequence[Path]) -> list[list[Path]]:
    """Return the files of each collection: a whole one has its own, shards of the same targets are
    together."""
    found: dict[object, list[Path]] = {}
    for path in paths:
        with Snapshot(path, checked=True) as snapshot:  # Its rows are checked when it is used.
            header = snapshot.header
        whole = header.shard is None or header.shard[1] == 1
        found.setdefault((path,) if whole else header.targets, []).append(path)
    return list(found.values())
