"""Which entries keep the origins of a log working: projects, and groups that are used enough.

A group that a rule would flag (the top-level group, one above the project's own, a large one, one
outside) is chosen only where nothing else fits into GitLab's places.
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

MAX_GROUP_SIZE: Final = 50
"""Projects that a chosen group may hold; the default limit for too broad groups."""


@dataclass(frozen=True, slots=True)
class AllowlistOptions:
    """What the user allows in a suggestion."""

    allow_groups: bool = False
    """Whether a group may be chosen of which not all projects are used."""
    min_share: int = 80
    """Percent of a group's projects that must be used then."""
    min_log_days: int = 0
    """Days that the log, and an entry to be removed, must be old."""


@dataclass(frozen=True, slots=True)
class ChosenEntry:
    """An entry that keeps origins of a log working."""

    entry: EntryState
    uses: tuple[TokenUse, ...]
    """The uses that it is for."""
    below: int = 0
    """For a group: how many projects it holds, the project itself left out."""


def choose_entries(
    inventory: "Inventory",
    project: Project,
    uses: Collection[TokenUse],
    options: AllowlistOptions,
    *,
    taken: int = 0,
) -> list[ChosenEntry] | str:
    """Return the smallest set of entries that covers these uses, or why there is none.

    `taken` counts the places for projects that are not free. A group replaces its projects where
    all of them are used, or, with `options.allow_groups`, where at least `options.min_share`
    percent are.
    """
    chosen: list[ChosenEntry] = []
    for acceptable in (_is_not_flagged, _is_inside, _is_any):
        chosen = _cover(inventory, project, uses, options, acceptable)
        if _fits(chosen, taken):
            return chosen
    number = sum(one.entry.kind == "project" for one in chosen)
    hint = "" if options.allow_groups else "; with --allow-groups, groups may replace them"
    return (
        f"the log needs {number} project entries, and GitLab allows {PROJECT_PLACES}"
        f" (and {GROUP_PLACES} groups){hint}"
    )


def _fits(chosen: list[ChosenEntry], taken: int) -> bool:
    groups = sum(one.entry.kind == "group" for one in chosen)
    return groups <= GROUP_PLACES and len(chosen) - groups + taken <= PROJECT_PLACES


def _cover(
    inventory: "Inventory",
    project: Project,
    uses: Collection[TokenUse],
    options: AllowlistOptions,
    acceptable: Callable[[Group, Project, int], bool],
) -> list[ChosenEntry]:
    left = {use.origin_id: use for use in uses}
    found: list[ChosenEntry] = []
    for group, inside, below in _candidates(inventory, project, uses):
        if acceptable(group, project, below):
            mine = [use for use in inside if use.origin_id in left]
            if len(mine) > 1 and _used_enough(len(inside), below, options):
                found.append(ChosenEntry(_of_group(group), tuple(mine), below))
                for use in mine:
                    del left[use.origin_id]
    found += [ChosenEntry(_of_project(use), (use,)) for use in left.values()]
    return sorted(found, key=lambda one: (one.entry.kind, one.entry.path, one.entry.id))


def _candidates(
    inventory: "Inventory", project: Project, uses: Collection[TokenUse]
) -> Iterator[tuple[Group, list[TokenUse], int]]:
    """Yield the groups above the origins, their uses and sizes, widest first.

    Only groups whose projects are all known.
    """
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


def _used_enough(used: int, below: int, options: AllowlistOptions) -> bool:
    if used >= below:
        return True
    return options.allow_groups and 100 * used >= options.min_share * below


def _is_not_flagged(group: Group, project: Project, below: int) -> bool:
    """Tell whether no rule would flag an entry for this group."""
    return below <= MAX_GROUP_SIZE and _is_inside(group, project, below)


def _is_inside(group: Group, project: Project, below: int) -> bool:
    """Tell whether a group is below the project's top-level one, and none above its own."""
    del below
    above_its_own = is_inside(project.path, group.path) and group.path != project.namespace_path
    inside = "/" in group.path and is_inside(group.path, project.top_level_path)
    return inside and not above_its_own


def _is_any(group: Group, project: Project, below: int) -> bool:
    """Accept any group: nothing else fits."""
    del group, project, below
    return True


def _of_group(group: Group) -> EntryState:
    return EntryState(kind="group", id=group.id, path=group.path)


def _of_project(use: TokenUse) -> EntryState:
    return EntryState(kind="project", id=use.origin_id, path=use.origin_path)
