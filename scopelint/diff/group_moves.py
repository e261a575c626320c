"""Where things lie in NEW that OLD knew under another path: groups are followed by their number."""

from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache

from scopelint.diff.changes import GroupMove, Membership
from scopelint.snapshot.inventory import Inventory

Chain = frozenset[str]
"""The groups that something lies in, by NEW's full paths, and the empty path for everything."""


class PathTranslation:
    """Translates OLD's paths into NEW's, so that a renamed group is the same group.

    The memory it needs grows with the groups, not with the projects.
    """

    def __init__(self, old: Inventory, new: Inventory) -> None:
        before, after = _group_paths(old), _group_paths(new)
        both = before.keys() & after.keys()
        self._moved = {number: before[number] for number in both if before[number] != after[number]}
        self._paths = after
        # Without a single moved group every path means the same in both.
        self._now = {before[number]: after[number] for number in both} if self._moved else {}
        self._was = {path: earlier for earlier, path in self._now.items()}
        self.chain_of_old = cache(self._chain_of_old)

    def translate(self, path: str) -> str:
        """Return what NEW calls a group or a namespace of OLD; the same where it is not known."""
        place = path
        while place and self._now:
            if place in self._now:
                return self._now[place] + path[len(place) :]
            place = place.rpartition("/")[0]
        return path

    def _chain_of_old(self, namespace: str) -> Chain:
        """Return the groups that OLD's namespace lay in, itself among them, in NEW's words."""
        return frozenset(self.translate(path) for path in _up(namespace))

    def chain_before(self, group: str) -> Chain:
        """Return the groups that a group of NEW lay in before, itself among them.

        One that OLD does not know is taken as lying where it lies now.
        """
        if self._now and group not in self._was:
            return chain(group)
        return self.chain_of_old(self._was.get(group, group))

    @property
    def any_moved(self) -> bool:
        """Whether any group has another path than before."""
        return bool(self._moved)

    def moves(self, projects: Counter[str]) -> Iterator[GroupMove]:
        """Yield the groups that were renamed or moved, but none that only went with another.

        `projects` counts by NEW's namespace the projects that went with a group.
        """
        for number, earlier in sorted(self._moved.items(), key=lambda pair: self._paths[pair[0]]):
            path = self._paths[number]
            parent, _, name = earlier.rpartition("/")
            if parent and f"{self.translate(parent)}/{name}" == path:
                continue
            below = sum(
                count
                for place, count in projects.items()
                if place == path or place.startswith(f"{path}/")
            )
            yield GroupMove(number, earlier, path, below)


@lru_cache(maxsize=100_000)
def chain(namespace: str) -> Chain:
    """Return the groups that a namespace lies in, itself and the empty path among them."""
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
    """Counts the projects that came into each group and that left it."""

    def __init__(self) -> None:
        self.joined: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.targets: Counter[str] = Counter()

    def add(self, before: Chain, after: Chain) -> None:
        """Take in one project: the groups it lay in, and those it lies in; empty: it was not there."""
        if before != after:
            self.joined.update(after - before)
            self.left.update(before - after)

    def allowed(self, group: str) -> None:
        """Take in that one more project lets a group in, before and after."""
        if group in self.joined or group in self.left:
            self.targets[group] += 1

    def changes(self) -> Iterator[Membership]:
        """Yield the groups that some project lets in and whose members changed, by path."""
        for group in sorted(self.targets):
            yield Membership(group, self.joined[group], self.left[group], self.targets[group])
