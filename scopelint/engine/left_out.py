"""What filters left out: how many projects, by which filter, in which groups.

The snapshot keeps a project that was left out by path alone, and the filters. So which filter it
was follows from both, and a project that no glob leaves out was left out by `--archived`. What was
chosen of the snapshot (`check --include`) counts with the filters of the same name.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from scopelint.filters import ProjectChoice
from scopelint.run_choices import LEFT_OUT_GROUPS, LeftOut
from scopelint.snapshot.group_tree import GroupTree
from scopelint.snapshot.inventory import Inventory

_Filter = Literal["include", "exclude", "owner", "archived"]
_FILTERS: Final[tuple[_Filter, ...]] = ("include", "exclude", "owner", "archived")


def left_out_by_filter(inventory: Inventory) -> tuple[LeftOut, ...]:
    """Return what each filter left out; filters that left out nothing are not in it."""
    namespaces: dict[_Filter, Counter[str]] = defaultdict(Counter)
    filters = inventory.scan.filters
    choices = filters.choice, filters.chosen
    for path in inventory.left_out:
        namespaces[_filter(path, choices)][path.rpartition("/")[0]] += 1
    return tuple(
        LeftOut(each, found.total(), tuple(_groups(found, inventory.tree)))
        for each in _FILTERS
        if (found := namespaces[each])
    )


def _filter(path: str, choices: Iterable[ProjectChoice]) -> _Filter:
    return next((found for each in choices if (found := each.filter_of(path))), "archived")


def _groups(found: Mapping[str, int], tree: GroupTree) -> Iterator[str]:
    """Yield the groups to name for projects counted by namespace, those with most of them first.

    A group stands for all below it where all of its projects were left out.
    """
    below = _sums(found)
    whole = {path for path, number in below.items() if number == tree.projects_below(path)}
    named = Counter(
        {
            path: number if path in whole else found[path]
            for path, number in below.items()
            if (path in whole or path in found) and not _has_parent_in(path, whole)
        }
    )
    order = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    yield from (path for path, _ in order[:LEFT_OUT_GROUPS])


def _sums(found: Mapping[str, int]) -> Counter[str]:
    """Count, for each namespace and all above it, the projects that lie in it or below."""
    below: Counter[str] = Counter()
    for namespace, number in found.items():
        for path in _upward(namespace):
            below[path] += number
    return below


def _upward(path: str) -> Iterable[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _has_parent_in(path: str, groups: set[str]) -> bool:
    return any(above in groups for above in _upward(path.rpartition("/")[0]))
