"""Reach in several steps: who may push to a project acts with that project's token next.

A job that pushes changes what the other project's next pipeline runs (the push itself starts
none). So reach goes on from every project that takes pushes from its allowlist; chains of that kind
are followed by the shortest way. Needs GitLab 19.0 or later.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scopelint.access.decision import Answer, decide
from scopelint.access.entries import is_whole
from scopelint.access.push import accepts_push, may_push
from scopelint.access.reach_counts import paths_above
from scopelint.access.reach_lists import plainly_closed
from scopelint.model import Project

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Chain:
    """A way from an origin to a target."""

    path: tuple[str, ...]
    """Full paths, both ends included: each project but the last two pushes to the next one, and
    the last but one reaches the last."""


@dataclass(frozen=True, slots=True)
class Chains:
    """What takes more than one step, the shortest way to each far end."""

    origins: tuple[Chain, ...]
    """Ways that lead to the project."""
    targets: tuple[Chain, ...]
    """Ways that lead from it."""
    exact: bool
    """False: there may be more, because a fact that decides was not read, or what was read is not
    everything."""


def chains(inventory: "Inventory", project: Project) -> Chains:
    """Follow cross-project pushes from and to a project, certain steps only."""
    graph = _Pushes(inventory, project)
    onward = graph.from_project() if graph.takers else {}
    back = graph.to_project() if graph.takers else {}
    forward: dict[str, tuple[str, ...]] = {}
    behind: dict[str, tuple[str, ...]] = {}
    if onward or back:
        for other in inventory.projects():
            if other.id == project.id:
                continue
            if way := graph.reaches(other, onward):
                forward[other.path] = way
            if way := graph.leads(other, back):
                behind[other.path] = way
    return Chains(
        tuple(Chain(behind[path]) for path in sorted(behind)),
        tuple(Chain(forward[path]) for path in sorted(forward)),
        graph.exact,
    )


_Ways = dict[int, tuple[str, ...]]


class _Pushes:
    """The projects that take pushes, found by those they may come from."""

    def __init__(self, inventory: "Inventory", project: Project) -> None:
        self._version = inventory.scan.version
        self._flags = inventory.scan.feature_flags
        self._project = project
        self.exact = inventory.all_read
        self.takers: dict[int, Project] = {}
        for other in inventory.projects():
            accepts = accepts_push(other, self._version, self._flags)
            whole = other.scope is not None and is_whole(other.scope, self._version)
            if accepts is None or (accepts and not whole):
                self.exact = False
            if accepts:
                self.takers[other.id] = other
        self._reached = _ByPlace(())
        self._by_project: dict[int, list[Project]] = defaultdict(list)
        self._by_group: dict[str, list[Project]] = defaultdict(list)
        for taker in self.takers.values():
            for entry in taker.scope.entries if taker.scope else ():
                if entry.kind == "project" and entry.target_id is not None:
                    self._by_project[entry.target_id].append(taker)
                elif entry.target_path is not None:
                    self._by_group[entry.target_path].append(taker)

    def _pushes_from(self, origin: Project) -> Iterator[Project]:
        """Yield, each once, the takers that an origin may push to."""
        candidates = {taker.id: taker for taker in self._by_project.get(origin.id, ())}
        for path in paths_above(origin.path):
            candidates |= {taker.id: taker for taker in self._by_group.get(path, ())}
        for taker in sorted(candidates.values(), key=lambda one: one.path):
            if taker.id == origin.id:
                continue
            pushes = may_push(origin, taker, version=self._version, flags=self._flags)
            if pushes is None:
                self.exact = False
            elif pushes:
                yield taker

    def _grants(self, origin: Project, target: Project) -> bool:
        if plainly_closed(origin, target, self._version):
            return False
        answer = decide(origin, target, version=self._version).answer
        if answer is Answer.UNKNOWN:
            self.exact = False
        return answer is Answer.GRANTED

    def from_project(self) -> _Ways:
        """Return the takers that the project can act as, each with the way to it."""
        ways: _Ways = {self._project.id: (self._project.path,)}
        wave = [self._project]
        while wave:
            following = []
            for origin in wave:
                for taker in self._pushes_from(origin):
                    if taker.id not in ways:
                        ways[taker.id] = (*ways[origin.id], taker.path)
                        following.append(taker)
            wave = following
        del ways[self._project.id]
        self._reached = _ByPlace(self.takers[number] for number in ways)
        return ways

    def to_project(self) -> _Ways:
        """Return the takers whose token leads to the project, each with the way from it."""
        mine = self._project
        wave = [
            taker
            for taker in sorted(self.takers.values(), key=lambda one: one.path)
            if taker.id != mine.id and self._grants(taker, mine)
        ]
        ways: _Ways = {taker.id: (taker.path, mine.path) for taker in wave}
        pushes: dict[int, list[Project]] = defaultdict(list)
        for origin in self.takers.values() if wave else ():
            for taker in self._pushes_from(origin):
                pushes[taker.id].append(origin)
        while wave:
            following = []
            for taker in wave:
                for origin in sorted(pushes[taker.id], key=lambda one: one.path):
                    if origin.id != mine.id and origin.id not in ways:
                        ways[origin.id] = (origin.path, *ways[taker.id])
                        following.append(origin)
            wave = following
        return ways

    def reaches(self, target: Project, ways: _Ways) -> tuple[str, ...] | None:
        """Return the shortest way to a target that the project does not reach by itself."""
        if not ways or self._grants(self._project, target):
            return None
        for origin in self._reached.matching(target):
            if origin.id != target.id and self._grants(origin, target):
                return (*ways[origin.id], target.path)
        return None

    def leads(self, origin: Project, ways: _Ways) -> tuple[str, ...] | None:
        """Return the shortest way from an origin that does not reach the project by itself."""
        if not ways or self._grants(origin, self._project):
            return None
        found = [ways[taker.id] for taker in self._pushes_from(origin) if taker.id in ways]
        return (origin.path, *min(found, key=lambda way: (len(way), way))) if found else None


class _ByPlace:
    """Projects found by the entries that may match them, in the order they were given."""

    def __init__(self, projects: Iterable[Project]) -> None:
        self._by_id: dict[int, tuple[int, Project]] = {}
        self._by_group: dict[str, list[tuple[int, Project]]] = defaultdict(list)
        for number, project in enumerate(projects):
            self._by_id[project.id] = (number, project)
            for path in paths_above(project.path):
                self._by_group[path].append((number, project))

    def matching(self, target: Project) -> list[Project]:
        """Return the projects that an entry of the target names or covers."""
        found: dict[int, Project] = {}
        for entry in target.scope.entries if target.scope else ():
            if entry.kind == "group":
                found |= dict(self._by_group.get(entry.target_path or "?", ()))
            elif entry.target_id in self._by_id:
                number, project = self._by_id[entry.target_id]
                found[number] = project
        return [found[number] for number in sorted(found)]
