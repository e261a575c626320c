"""Which entries keep the origins of a log working: projects, and groups where these are used.

No group is chosen that a rule would flag (the top-level group, one above the project's own, a
large one, one outside), unless nothing else fits into the places there are.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scopelint.model import GROUP_PLACES, PROJECT_PLACES, Group, Project, TokenUse
from scopelint.paths import is_inside
from scopelint.repair.plan_file import EntryState

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

LARGE: Final = 50
"""Projects in a group from which on it is too broad to be chosen (the default of SL302)."""


@dataclass(frozen=True, slots=True)
class AllowlistOptions:
    """What the user allows: groups of which `min_share` percent are used, logs of an age in days."""

    allow_groups: bool = False
    min_share: int = 80
    min_log_days: int = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """One entry that a log asks for, with the uses it is for; `below` counts a group's projects."""

    entry: EntryState
    uses: tuple[TokenUse, ...]
    below: int = 0


def choose(
    inventory: "Inventory",
    project: Project,
    uses: Collection[TokenUse],
    wishes: AllowlistOptions,
    *,
    taken: int = 0,
) -> list[Chosen] | str:
    """Return the smallest set of entries that covers these uses, or why there is none.

    `taken` are places for projects that are not free. A group takes the place of its projects
    where all of them are used, or with `wishes.allow_groups` where the share that is used is large
    enough.
    """
    chosen: list[Chosen] = []
    for acceptable in (_is_modest, _is_inside, _is_any):
        chosen = _cover(inventory, project, uses, wishes, acceptable)
        if _fits(chosen, taken):
            return chosen
    number = sum(one.entry.kind == "project" for one in chosen)
    hint = "" if wishes.allow_groups else "; --allow-groups may put groups in their place"
    return (
        f"the log asks for {number} project entries, and GitLab has {PROJECT_PLACES} places"
        f" ({GROUP_PLACES} for groups){hint}"
    )


def _fits(chosen: list[Chosen], taken: int) -> bool:
    groups = sum(one.entry.kind == "group" for one in chosen)
    return groups <= GROUP_PLACES and len(chosen) - groups + taken <= PROJECT_PLACES


def _cover(
    inventory: "Inventory",
    project: Project,
    uses: Collection[TokenUse],
    wishes: AllowlistOptions,
    acceptable: Callable[[Group, Project, int], bool],
) -> list[Chosen]:
    left = {use.origin_id: use for use in uses}
    found: list[Chosen] = []
    for group, inside, below in _candidates(inventory, project, uses):
        if acceptable(group, project, below):
            mine = [use for use in inside if use.origin_id in left]
            if len(mine) > 1 and _used_enough(len(inside), below, wishes):
                found.append(Chosen(_of_group(group), tuple(mine), below))
                for use in mine:
                    del left[use.origin_id]
    found += [Chosen(_of_project(use), (use,)) for use in left.values()]
    return sorted(found, key=lambda one: (one.entry.kind, one.entry.path, one.entry.id))


def _candidates(
    inventory: "Inventory", project: Project, uses: Collection[TokenUse]
) -> Iterator[tuple[Group, list[TokenUse], int]]:
    """Yield the groups above the origins that were read whole, the widest first."""
    if not inventory.enumerated:
        return
    inside: dict[str, list[TokenUse]] = defaultdict(list)
    for use in uses:
        path = use.origin_path
        while path := path.rpartition("/")[0]:
            inside[path].append(use)
    groups = inventory.derived(_groups_by_path)
    for path in sorted(inside, key=lambda path: (path.count("/"), path)):
        group = groups.get(path)
        if (
            group is None
            or group.deletion not in (None, "none")
            or not inventory.in_read_tree(path)
        ):
            continue
        # The project needs no entry to reach itself.
        below = inventory.tree.projects_below(path) - is_inside(project.path, path)
        yield group, inside[path], below


def _groups_by_path(inventory: "Inventory") -> dict[str, Group]:
    return {group.path: group for group in inventory.groups.values()}


def _used_enough(used: int, below: int, wishes: AllowlistOptions) -> bool:
    if used >= below:
        return True
    return wishes.allow_groups and 100 * used >= wishes.min_share * below


def _is_modest(group: Group, project: Project, below: int) -> bool:
    """Tell whether no rule would flag an entry for this group."""
    return below <= LARGE and _is_inside(group, project, below)


def _is_inside(group: Group, project: Project, below: int) -> bool:
    """Tell whether a group is below the project's top-level one, and none above its own."""
    del below
    above_its_own = is_inside(project.path, group.path) and group.path != project.namespace_path
    inside = "/" in group.path and is_inside(group.path, project.top_level_path)
    return inside and not above_its_own


def _is_any(group: Group, project: Project, below: int) -> bool:
    """Take whatever is left when nothing else fits."""
    del group, project, below
    return True


def _of_group(group: Group) -> EntryState:
    return EntryState(kind="group", id=group.id, path=group.path)


def _of_project(use: TokenUse) -> EntryState:
    return EntryState(kind="project", id=use.origin_id, path=use.origin_path)
