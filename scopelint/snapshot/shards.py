"""Several snapshots read as one: the shards of a collection.

Each shard lists every project and reads its own part. So the union is complete only if every shard
is given; a missing one is a gap, never a smaller result.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Protocol, Self

from scopelint.errors import SnapshotError
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
from scopelint.project_pattern import ProjectKind
from scopelint.run_identity import SAME_COLLECTION, check_same
from scopelint.snapshot.header import Cursor, Header
from scopelint.snapshot.sqlite_reader import Completion, Snapshot, as_observed

_PRECEDENCE = ("read", "unreadable", "listed", "elsewhere", "excluded")
"""Which state counts for a project that several shards list: the first of these."""


class Source(Protocol):
    """What an inventory reads from: one snapshot, or several merged."""

    header: Header

    def groups(self) -> Iterator[Group]: ...  # noqa: D102
    def gaps(self) -> Iterator[Gap]: ...  # noqa: D102
    def targets(self) -> Iterator[Target]: ...  # noqa: D102
    def targets_inside(self, also: Collection[int] = ()) -> Iterator[Target]: ...  # noqa: D102
    def listed_targets(self) -> Iterator[tuple[EntryKind, int, str | None]]: ...  # noqa: D102
    def cursors(self) -> Iterator[Cursor]: ...  # noqa: D102
    def project_paths(self) -> Iterator[tuple[int, str]]: ...  # noqa: D102
    def project_states(self) -> Iterator[tuple[int, str, str]]: ...  # noqa: D102
    def kinds(self) -> Iterator[tuple[int, str, ProjectKind]]: ...  # noqa: D102
    def count(self, *states: str) -> int: ...  # noqa: D102
    def count_entries(self) -> int: ...  # noqa: D102
    def oldest_use(self) -> Iterator[datetime]: ...  # noqa: D102
    def inbound_flags(self) -> Iterator[tuple[Flags, Enforcement, int]]: ...  # noqa: D102
    def projects(  # noqa: D102
        self, only: Collection[int] | None, flags: Completion
    ) -> Iterator[Project]: ...
    def reopened(self) -> "AbstractContextManager[Source]": ...  # noqa: D102


class MergedSnapshots:
    """The shards of one collection, with the reading methods of a single snapshot.

    Use as a context manager: it closes what it opened. Raises SnapshotError where the files are
    not parts of one collection: they differ in instance, targets, filters or API, or two are the
    same shard.
    """

    def __init__(self, paths: Sequence[Path], *, checked: bool = False) -> None:
        """Open the files; `checked` as for a single one."""
        self._stack = ExitStack()
        with ExitStack() as stack:
            self._parts = [stack.enter_context(Snapshot(path, checked=checked)) for path in paths]
            _check(self._parts)
            self.header = merge_headers([part.header for part in self._parts])
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def reopened(self) -> "MergedSnapshots":
        """Open the same files again, for another process."""
        return MergedSnapshots([part.path for part in self._parts], checked=True)

    def groups(self) -> Iterator[Group]:
        """Yield every group once."""
        yield from {group.id: group for part in self._parts for group in part.groups()}.values()

    def gaps(self) -> Iterator[Gap]:
        """Yield every gap once, and one for the missing shards."""
        yield from dict.fromkeys(gap for part in self._parts for gap in part.gaps())
        missing = self._missing_shards()
        if missing:
            _, total = self._parts[0].header.shard or (1, 1)
            names = ", ".join(f"{index}/{total}" for index in missing)
            yield Gap(
                Fact.SHARD,
                Reason.NOT_FOUND,
                f"shard {names} is missing: it holds {self.count('elsewhere')} projects",
            )
        elif late := self.count("elsewhere"):
            yield Gap(
                Fact.ENUMERATION,
                Reason.ERROR,
                f"{late} projects were listed by one shard, and not by the one that reads them:"
                " they appeared while the shards were collected",
            )

    def _missing_shards(self) -> list[int]:
        shards = [part.header.shard for part in self._parts if part.header.shard is not None]
        if not shards:
            return []
        here = {index for index, _ in shards}
        return [index for index in range(1, shards[0][1] + 1) if index not in here]

    def targets(self) -> Iterator[Target]:
        """Yield every resolved target once, as a shard saw it to which it was visible."""
        found: dict[tuple[str, int], Target] = {}
        for part in self._parts:
            for target in part.targets():
                known = found.get((target.kind, target.id))
                if known is None or (target.visible and not known.visible):
                    found[target.kind, target.id] = target
        yield from found.values()

    def targets_inside(self, also: Collection[int] = ()) -> Iterator[Target]:
        """Yield the projects of the read tree that some entry points to, and those of `also`."""
        for part in self._parts:
            yield from part.targets_inside(also)

    def listed_targets(self) -> Iterator[tuple[EntryKind, int, str | None]]:
        """Yield kind, id and path of the targets of inbound entries, once for each shard."""
        for part in self._parts:
            yield from part.listed_targets()

    def cursors(self) -> Iterator[Cursor]:
        """Yield how far each enumeration of each shard got."""
        for part in self._parts:
            yield from part.cursors()

    def project_paths(self) -> Iterator[tuple[int, str]]:
        """Yield id and path of every project that any shard listed."""
        return ((number, path) for number, path, _ in self.project_states())

    def project_states(self) -> Iterator[tuple[int, str, str]]:
        """Yield id, path and state by id, from the shard that knows most about the project.

        A project may move while the shards are collected: its path is that of its scope.
        """
        merged = heapq.merge(*(part.project_states() for part in self._parts), key=itemgetter(0))
        for _, same in groupby(merged, key=itemgetter(0)):
            yield min(same, key=lambda seen: _PRECEDENCE.index(seen[2]))

    def kinds(self) -> Iterator[tuple[int, str, ProjectKind]]:
        """Yield id, path and kind by id, from the shard that read the project."""
        merged = heapq.merge(*(part.kinds() for part in self._parts), key=itemgetter(0))
        for _, same in groupby(merged, key=itemgetter(0)):
            yield min(same, key=lambda seen: seen[2].unread)

    @cached_property
    def _states(self) -> Counter[str]:
        return Counter(state for _, _, state in self.project_states())

    def count(self, *states: str) -> int:
        """Count the projects in these states, each project once."""
        return sum(self._states[state] for state in states)

    def count_entries(self) -> int:
        """Count the inbound entries."""
        return sum(part.count_entries() for part in self._parts)

    def oldest_use(self) -> Iterator[datetime]:
        """Yield the earliest of all last uses in the log, or nothing if it holds none."""
        found = [use for part in self._parts for use in part.oldest_use()]
        yield from sorted(found)[:1]

    def inbound_flags(self) -> Iterator[tuple[Flags, Enforcement, int]]:
        """Yield the inbound flags of the projects in each shard, and how many have them."""
        for part in self._parts:
            yield from part.inbound_flags()

    def projects(
        self,
        only: Collection[int] | None = None,
        flags: Completion = as_observed,
    ) -> Iterator[Project]:
        """Yield read and unreadable projects by id, each once; `only` and `flags` as in a part.

        Each shard's flags are completed by what that shard found of enforcement: another one may
        have been collected at a time when it was otherwise.
        """
        parts = (part.projects(only, flags) for part in self._parts)
        merged = heapq.merge(*parts, key=attrgetter("id"))
        for _, same in groupby(merged, key=attrgetter("id")):
            yield next(same)


def _check(parts: Sequence[Snapshot]) -> None:
    first = parts[0]
    for part in parts[1:]:
        check_same(
            (str(first.path), first.header.identity()),
            (str(part.path), part.header.identity()),
            SAME_COLLECTION,
            error=SnapshotError,
            hint="Only the shards of one collection are merged; check others one by one.",
        )
    _check_shards(parts)


def _check_shards(parts: Sequence[Snapshot]) -> None:
    seen: dict[tuple[int, int] | None, Path] = {}
    for part in parts:
        shard = part.header.shard
        if shard in seen and len(parts) > 1:
            what = f"shard {shard[0]}/{shard[1]}" if shard else "a whole collection"
            raise SnapshotError(
                f"{seen[shard]} and {part.path} are both {what}",
                hint="Give each shard once.",
            )
        seen[shard] = part.path


def merge_headers(headers: Sequence[Header]) -> Header:
    """Return what several collections say of themselves together."""
    ends = [header.finished_at for header in headers]
    finished = [end for end in ends if end is not None]
    return headers[0].with_changes(
        started_at=min(header.started_at for header in headers),
        finished_at=max(finished) if len(finished) == len(ends) else None,
        enforcement=_enforcement({header.enforcement for header in headers}),
        administrator=all(header.administrator for header in headers),
        requests=sum(header.requests for header in headers),
        retries=sum(header.retries for header in headers),
        shard=None,
        unavailable={fact: why for header in headers for fact, why in header.unavailable.items()},
        named=_merge_named(headers),
        feature_flags=_merge_flags(headers),
        assumptions=tuple(each for header in headers for each in _of_shard(header)),
    )


def _merge_flags(headers: Sequence[Header]) -> dict[str, bool]:
    """Return the flags of which every part says the same: what changed meanwhile proves nothing."""
    first, *others = headers
    return {
        name: on
        for name, on in first.feature_flags.items()
        if all(other.feature_flags.get(name) is on for other in others)
    }


def _of_shard(header: Header) -> Iterator[Assumption]:
    """Yield a shard's assumptions, saying whose they are."""
    for each in header.assumptions:
        if header.shard is None:
            yield each
        else:
            index, total = header.shard
            yield replace(each, source=f"shard {index}/{total}: {each.source}")


def _merge_named(headers: Sequence[Header]) -> dict[str, int | None]:
    named: dict[str, int | None] = {}
    for header in headers:
        for key, number in header.named.items():
            named[key] = number if named.get(key) is None else named[key]
    return named


def _enforcement(found: set[Enforcement]) -> Enforcement:
    """Return what holds for all shards together.

    Shards are collected at different times. "On" protects every project, so every shard must have
    proven it for itself; "off" is proven by one shard unless another one proved the contrary.
    """
    if found == {"on"}:
        return "on"
    return "off" if "off" in found and "on" not in found else "unknown"
