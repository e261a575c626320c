"""Which groups replace project entries where GitLab's 200 places are short.

GitLab's own compaction takes the deepest and fullest group first and stops once the list fits. Here
the groups are chosen that let in the fewest projects without a use, in all: so never more than by
GitLab's way. Found by dynamic programming over the tree of groups: for each group and each number of
places, the least that must be let in to win so many of them below it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from scopelint.model import Group, TokenUse
from scopelint.paths import is_inside

GROUP_PRICES: Final = (0, *accumulate([2] * 11, lambda price, by: price * by, initial=1))
"""What a group costs besides, in unused projects: dearer ones are tried where groups are short too."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group that could replace entries for projects."""

    group: Group
    uses: tuple[TokenUse, ...]
    """The uses by projects below it."""
    below: int
    """How many projects it holds, the project itself left out."""
    left: int = 0
    """How many of the uses still need an entry of their own."""

    @property
    def unused(self) -> int:
        """How many projects it would let in that have no use."""
        return max(0, self.below - len(self.uses))


class _Way(NamedTuple):
    """A choice of groups: what it costs, how many they are, and which."""

    cost: int
    groups: int
    chosen: "_Chain"


_Chain = tuple["_Chain", "_Chain"] | tuple[Candidate] | tuple[()]
"""The groups of a choice, joined without copying."""
_NONE: Final = _Way(0, 0, ())
_Table = list[_Way | None]
"""By the number of places won: the cheapest way to win so many, or more at the end."""


def fewest_unused(
    candidates: Iterable[Candidate], wanted: int, price: int = 0
) -> list[Candidate] | None:
    """Return groups, none in another, that win at least `wanted` places; None where none do.

    They let in the fewest unused projects, each group costing `price` besides.
    """
    ordered = sorted(candidates, key=lambda each: each.group.path.split("/"))
    table: _Table = [_NONE]
    position = 0
    while position < len(ordered):
        below, position = _table(ordered, position, wanted, price)
        table = _joined(table, below, wanted)
    best = table[wanted] if len(table) > wanted else None
    return None if best is None else list(_flat(best.chosen))


def _table(
    ordered: Sequence[Candidate], position: int, wanted: int, price: int
) -> tuple[_Table, int]:
    """Return the table of the group at this position, and the position after all below it."""
    own = ordered[position]
    position += 1
    table: _Table = [_NONE]
    while position < len(ordered) and is_inside(ordered[position].group.path, own.group.path):
        below, position = _table(ordered, position, wanted, price)
        table = _joined(table, below, wanted)
    won = min(own.left, wanted)
    table += [None] * (won + 1 - len(table))
    way = _Way(own.unused + price, 1, (own,))
    table[won] = _cheaper(table[won], way)
    return table, position


def _joined(one: _Table, other: _Table, wanted: int) -> _Table:
    """Return the table of two parts together."""
    most = min(wanted, len(one) + len(other) - 2)
    table: _Table = [None] * (most + 1)
    for won, way in enumerate(one):
        if way is None:
            continue
        for more, second in enumerate(other):
            if second is None:
                continue
            both = min(won + more, most)
            cost, groups = way.cost + second.cost, way.groups + second.groups
            known = table[both]
            if known is None or (cost, groups) < (known.cost, known.groups):
                table[both] = _Way(cost, groups, (way.chosen, second.chosen))
    return table


def _cheaper(one: _Way | None, other: _Way) -> _Way:
    return other if one is None or other[:2] < one[:2] else one


def _flat(chain: _Chain) -> Iterable[Candidate]:
    parts: list[_Chain] = [chain]
    while parts:
        part = parts.pop()
        if len(part) == 2:
            parts += part
        elif len(part) == 1:
            yield part[0]
