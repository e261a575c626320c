"""The report's picture of the tree: what each group holds, and which group reaches which.

JSON data of the outside contract, section 5: at most `MAX_GROUPS` groups and `MAX_CELLS` rows of the
matrix, whatever the size of the inventory.
"""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scopelint.access import Cover, InboundCounter
from scopelint.engine.shown_entries import OutsidePart
from scopelint.finding import Severity
from scopelint.model import Project
from scopelint.snapshot.group_tree import GroupTree
from scopelint.snapshot.inventory import Inventory

MAX_GROUPS: Final = 2000
MAX_CELLS: Final = 40
_NOT_PRIVATE: Final = frozenset({"internal", "public"})


@dataclass(slots=True)
class OverviewPart:
    """What an overview counted of some projects; that of several parts adds up."""

    read: Counter[str] = field(default_factory=Counter)
    """The projects that were read, by namespace."""
    open: Counter[str] = field(default_factory=Counter)
    """Those of them whose limit is off, by namespace."""
    groups_in: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By group and cell: the projects of the cell that let the group in."""
    free_in: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By group and cell: those that let in only its origins without an outbound limit."""
    pairs: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Single origins that are let in, by the cells of origin and target."""
    outside: OutsidePart = field(default_factory=OutsidePart)
    """Who is let in from outside the top-level group."""

    def include(self, other: "OverviewPart") -> None:
        """Add what another part counted."""
        self.read.update(other.read)
        self.open.update(other.open)
        self.groups_in.update(other.groups_in)
        self.free_in.update(other.free_in)
        self.pairs.update(other.pairs)
        self.outside.include(other.outside)


class Overview:
    """Gathers the picture while the projects stream by; `data` gives it.

    Every project counts for the deepest group of the matrix that holds it. A pair's number is how
    many times a project of its origin group reaches one of its target group for certain, each
    origin with each target; a project's access to itself is left out.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._tree = inventory.tree
        self._left_out = Counter(path.rpartition("/")[0] for path in inventory.left_out)
        self._counter = inventory.derived(InboundCounter)
        self._namespaces = list(self._tree.paths())
        self.cells = choose_cells(self._tree)
        self._places = _Places(self._tree, self.cells)
        outbound = self._counter.outbound
        self._free = _Places(outbound.free, self.cells) if outbound else self._places
        self.seen = OverviewPart()

    def add(self, project: Project) -> None:
        """Take in one project of the inventory."""
        seen = self.seen
        if project.scope is not None:
            seen.read[project.namespace_path] += 1
            if project.scope.inbound_effective is False:
                seen.open[project.namespace_path] += 1
        target = self._places.cell(project.path)
        seen.outside.add(project, target)
        if target is None:
            return
        covered = self._counter.cover(project)
        if self._counter.outbound is not None and project.visibility not in _NOT_PRIVATE:
            self._add_unlimited(project, covered, target)
            return
        for entry in covered.projects:
            self._add_pair(entry.target_path, target)
        for group in covered.groups:
            seen.groups_in[group, target] += 1
            if not group or project.path.startswith(f"{group}/"):
                seen.pairs[target, target] -= 1

    def _add_unlimited(self, project: Project, covered: Cover, target: int) -> None:
        """Count only the origins that their own outbound limit does not hold back."""
        outbound = self._counter.outbound
        if outbound is None:
            return
        for entry in covered.projects:
            if outbound.states.get(entry.target_id or 0) is False:
                self._add_pair(entry.target_path, target)
        for path in outbound.listed_origins(project, covered):
            self._add_pair(path, target)
        for group in covered.groups:
            self.seen.free_in[group, target] += 1
            if not group or project.path.startswith(f"{group}/"):
                self.seen.pairs[target, target] -= outbound.states.get(project.id) is False

    def _add_pair(self, origin: str | None, target: int) -> None:
        cell = self._places.cell(origin) if origin else None
        if cell is not None:
            self.seen.pairs[cell, target] += 1

    def data(self, found: Mapping[tuple[str, str], int]) -> dict[str, Any]:
        """Return the overview as JSON data.

        `found` counts the new findings by namespace (full path) and by severity or `unknown`.
        """
        return {
            "groups": list(self._groups(found)),
            "reach": self._reach(),
            "outside": self.seen.outside.data(self._inventory),
        }

    def _groups(self, found: Mapping[tuple[str, str], int]) -> Iterator[dict[str, Any]]:
        counts = self._by_state()
        for (namespace, name), number in found.items():
            counts[namespace][name] += number
        # Children come after their parents, so backwards each sum is whole before it is added.
        for path in reversed(self._namespaces):
            if path in counts and "/" in path:
                counts[path.rpartition("/")[0]].update(counts[path])
        for path in self._largest():
            here = counts[path]
            names = ("left_out", "open", *(severity.value for severity in Severity))
            shown = {name: here[name] for name in names if here[name]}
            below = self._tree.projects_below(path)
            yield {"path": path, "projects": below, "unread": here["unread"]} | shown

    def _by_state(self) -> dict[str, Counter[str]]:
        """Count, by namespace, the projects that were not read, left out, or read and open."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for number, path in enumerate(self._namespaces):
            left_out = self._left_out[path]
            unread = self._tree.between(number, number + 1) - left_out - self.seen.read[path]
            if unread or left_out:
                counts[path].update(unread=unread, left_out=left_out)
            if opened := self.seen.open[path]:
                counts[path]["open"] = opened
        return counts

    def _largest(self) -> list[str]:
        """Return the groups with the most projects in them, parents before children."""
        largest = heapq.nsmallest(
            MAX_GROUPS,
            self._namespaces,
            key=lambda path: (-self._tree.projects_below(path), path.count("/"), path),
        )
        return sorted(largest, key=lambda path: path.split("/"))

    def _reach(self) -> dict[str, Any]:
        pairs = Counter(self.seen.pairs)
        for counted, places in (
            (self.seen.groups_in, self._places),
            (self.seen.free_in, self._free),
        ):
            for (group, target), number in counted.items():
                for origin, projects in places.below(group).items():
                    pairs[origin, target] += projects * number
        listed = [[origin, target, number] for (origin, target), number in sorted(pairs.items())]
        return {
            "groups": self.cells,
            "pairs": [pair for pair in listed if pair[2] > 0],
            "projects": self._sizes(),
        }

    def _sizes(self) -> list[list[int]]:
        """Return, for each cell, how many projects it stands for, were read and were left out."""
        sizes = [[number, 0, 0] for number in self._in_cells(self._direct())]
        for place, counted in ((1, self.seen.read), (2, self._left_out)):
            for size, number in zip(sizes, self._in_cells(counted), strict=True):
                size[place] = number
        return sizes

    def _direct(self) -> Mapping[str, int]:
        between = self._tree.between
        return {path: between(index, index + 1) for index, path in enumerate(self._namespaces)}

    def _in_cells(self, counted: Mapping[str, int]) -> list[int]:
        """Add up, by cell, what was counted by namespace."""
        numbers = [0] * len(self.cells)
        for path, number in counted.items():
            cell = self._places.of(path) if number else None
            if cell is not None:
                numbers[cell] += number
        return numbers


def choose_cells(tree: GroupTree) -> list[str]:
    """Choose the groups of the matrix: the largest are opened until `MAX_CELLS` stand for all.

    A group that was opened stays where it holds projects itself, and then stands for those.
    """
    children: dict[str, list[str]] = defaultdict(list)
    direct: dict[str, int] = {}
    for number, path in enumerate(tree.paths()):
        direct[path] = tree.between(number, number + 1)
        if path and tree.projects_below(path):
            children[path.rpartition("/")[0]].append(path)
    order = [(-tree.projects_below(path), path) for path in children[""]]
    heap = heapq.nsmallest(MAX_CELLS, order)
    cells = {path for _, path in heap}
    while heap:
        _, path = heapq.heappop(heap)
        opened = set(children[path]) | ({path} if direct[path] else set())
        if children[path] and len(cells) - 1 + len(opened) <= MAX_CELLS:
            cells = (cells - {path}) | opened
            for child in children[path]:
                heapq.heappush(heap, (-tree.projects_below(child), child))
    return sorted(cells, key=lambda path: path.split("/"))


class _Places:
    """Tells, for a tree of projects, how many of those below a group are in each cell.

    In the tree's order the cells are few unbroken runs, so this takes a look at those alone.
    """

    def __init__(self, tree: GroupTree, cells: Iterable[str]) -> None:
        self._tree = tree
        numbers = {path: number for number, path in enumerate(cells)}
        self._cells: dict[str, int | None] = {}
        self._starts: list[int] = []
        self._values: list[int | None] = []
        for number, path in enumerate(tree.paths()):
            cell = numbers.get(path, self._cells.get(path.rpartition("/")[0]))
            self._cells[path] = cell
            if not self._values or self._values[-1] != cell:
                self._starts.append(number)
                self._values.append(cell)
        self._known: dict[str, Mapping[int, int]] = {}

    def cell(self, project_path: str) -> int | None:
        """Return the cell that a project of the tree counts for, None where it is in none."""
        return self._cells.get(project_path.rpartition("/")[0])

    def of(self, namespace: str) -> int | None:
        """Return the cell that a namespace's own projects count for, None where it is in none."""
        return self._cells.get(namespace)

    def below(self, group: str) -> Mapping[int, int]:
        """Return the number of projects below a group by cell; an empty path is everything."""
        if group not in self._known:
            self._known[group] = self._count(group)
        return self._known[group]

    def _count(self, group: str) -> dict[int, int]:
        start, end = self._tree.interval(group) if group else (0, len(self._tree))
        found: Counter[int] = Counter()
        run = bisect_right(self._starts, start) - 1
        while start < end:
            stop = min(self._starts[run + 1], end) if run + 1 < len(self._starts) else end
            cell = self._values[run]
            if cell is not None:
                found[cell] += self._tree.between(start, stop)
            start, run = stop, run + 1
        return {cell: number for cell, number in found.items() if number}
