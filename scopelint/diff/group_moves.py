"""Groups that have another path in NEW than in OLD, and the projects that joined or left a group.

Groups are the same where their ids are.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache

from scopelint.diff.changes import GroupMove, MembershipChange
from scopelint.paths import is_inside
from scopelint.snapshot.inventory import Inventory

Chain = frozenset[str]
"""The groups that contain something, by NEW's full paths, and the empty path for the instance."""


class PathTranslation:
    """Translates OLD's paths into NEW's, so that a renamed group is the same group.

    Memory grows with the groups, not with the projects.
    """

    def __init__(self, old: Inventory, new: Inventory) -> None:
        before, after = _group_paths(old), _group_paths(new)
        both = before.keys() & after.keys()
        self._moved = {number: before[number] for number in both if before[number] != after[number]}
        self._paths = after
        # Empty where no group moved: every path then means the same in both.
        self._now = {before[number]: after[number] for number in both} if self._moved else {}
        self._was = {path: earlier for earlier, path in self._now.items()}
        self.chain_of_old = cache(self._chain_of_old)

    def translate(self, path: str) -> str:
        """Return NEW's path of a group or namespace of OLD; the same path where that is not known."""
        ancestor = path
        while ancestor and self._now:
            if ancestor in self._now:
                return self._now[ancestor] + path[len(ancestor) :]
            ancestor = ancestor.rpartition("/")[0]
        return path

    def _chain_of_old(self, namespace: str) -> Chain:
        """Return the groups that contain a namespace of OLD, itself among them, by NEW's paths."""
        return frozenset(self.translate(path) for path in _up(namespace))

    def chain_before(self, group: str) -> Chain:
        """Return the groups that contained a group of NEW in OLD, itself among them.

        For a group that OLD does not know, these are the groups that contain it now.
        """
        if self._now and group not in self._was:
            return chain(group)
        return self.chain_of_old(self._was.get(group, group))

    @property
    def any_moved(self) -> bool:
        """Whether any group has another path than before."""
        return bool(self._moved)

    def moves(self, projects: Counter[str]) -> Iterator[GroupMove]:
        """Yield the groups that were renamed or moved, without those that moved with a group above.

        `projects` counts, by NEW's namespace, the projects that moved with a group.
        """
        for number, earlier in sorted(self._moved.items(), key=lambda pair: self._paths[pair[0]]):
            path = self._paths[number]
            parent, _, name = earlier.rpartition("/")
            if parent and f"{self.translate(parent)}/{name}" == path:
                continue
            below = sum(
                count for namespace, count in projects.items() if is_inside(namespace, path)
            )
            yield GroupMove(number, earlier, path, below)


@lru_cache(maxsize=100_000)
def chain(namespace: str) -> Chain:
    """Return the groups that contain a namespace, itself and the empty path among them."""
    return frozenset(_up(namespace))


def _up(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def _group_paths(inventory: Inventory) -> dict[int, str]:
    return {
        target.id: target.path
        for target in inventory.targets()
        if target.kind == "group" and target.path
    }


class MembershipCounter:
    """Counts the projects that joined each group, and those that left it."""

    def __init__(self) -> None:
        self.joined: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.targets: Counter[str] = Counter()

    def add(self, before: Chain, after: Chain) -> None:
        """Count one project by the groups that contain it, before and after; empty where it is not listed."""
        if before != after:
            self.joined.update(after - before)
            self.left.update(before - after)

    def add_target(self, group: str) -> None:
        """Count one more project that lets a group in, before and after."""
        if group in self.joined or group in self.left:
            self.targets[group] += 1

    def changes(self) -> Iterator[MembershipChange]:
        """Yield the groups that some project lets in and whose members changed, by path."""
        for group in sorted(self.targets):
            yield MembershipChange(group, self.joined[group], self.left[group], self.targets[group])
