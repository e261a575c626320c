"""Which entries keep the origins of a log working: projects, and groups that are used enough.

A group that a rule would flag (the top-level group, one above the project's own, a large one, one
outside) is chosen only where places are short and it lets in fewer unused projects than others.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scopelint.model import (
    GROUP_PLACES,
    PROJECT_PLACES,
    AllowlistEntry,
    EntryKind,
    Group,
    Project,
    TokenUse,
)
from scopelint.paths import is_inside
from scopelint.repair.compaction import GROUP_PRICES, Candidate, fewest_unused
from scopelint.repair.plan_file import EntryState

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

PLACES: Final[Mapping[EntryKind, int]] = {"group": GROUP_PLACES, "project": PROJECT_PLACES}
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
    taken: Mapping[EntryKind, int] = MappingProxyType({}),
    replacing: AllowlistEntry | None = None,
) -> list[ChosenEntry] | str:
    """Return the smallest set of entries that covers these uses, or why there is none.

    `taken` counts the places that are not free, by kind. While there is room, each origin gets its
    own entry, but for the nearest group of more than two projects that are all used; with
    `options.allow_groups` also for a group of which at least `options.min_share` percent are. Where
    places are short, groups are added that let in the fewest unused projects in all.

    With `replacing`, a group entry, only groups below its own are chosen, and the new entries
    permit what it permits.
    """
    path = replacing.target_path if replacing is not None else None
    candidates = [
        each
        for each in _candidates(inventory, project, uses)
        if path is None or (is_inside(each.group.path, path) and each.group.path != path)
    ]
    chosen = _nearest(candidates, project, uses, options)
    free = {kind: most - taken.get(kind, 0) for kind, most in PLACES.items()}
    if not _fits(chosen, free):
        tiers = (_is_not_flagged, _is_inside, _is_any)
        found = [
            _with_groups([each for each in candidates if tier(each, project)], chosen, free)
            for tier in tiers
        ]
        # Of those that let in equally few, the one that no rule would flag comes first.
        fitting = [each for each in found if each is not None]
        if not fitting:
            number = sum(one.entry.kind == "project" for one in chosen)
            return (
                f"the log needs {number} project entries, and GitLab allows {PROJECT_PLACES}"
                f" (and {GROUP_PLACES} groups), {free['project']} of them free; no groups that could"
                " replace them are known"
            )
        chosen = min(fitting, key=unused_let_in)
    entries = [_permitting(one, replacing) for one in chosen]
    return sorted(entries, key=lambda one: (one.entry.kind, one.entry.path, one.entry.id))


def unused_let_in(chosen: Iterable[ChosenEntry]) -> int:
    """Return how many projects these entries let in that the log does not show."""
    return sum(max(0, one.below - len(one.uses)) for one in chosen if one.entry.kind == "group")


def _permitting(one: ChosenEntry, like: AllowlistEntry | None) -> ChosenEntry:
    if like is None or like.default_permissions:
        return one
    permits = {"default_permissions": False, "policies": tuple(sorted(like.policies or ()))}
    return replace(one, entry=one.entry.model_copy(update=permits))


def _fits(chosen: Iterable[ChosenEntry], free: Mapping[EntryKind, int]) -> bool:
    return all(sum(one.entry.kind == kind for one in chosen) <= free[kind] for kind in PLACES)


def _nearest(
    candidates: list[Candidate],
    project: Project,
    uses: Collection[TokenUse],
    options: AllowlistOptions,
) -> list[ChosenEntry]:
    """Return an entry for each use, and one for the nearest group that is used enough."""
    left = {use.origin_id: use for use in uses}
    found: list[ChosenEntry] = []
    for each in sorted(candidates, key=lambda one: -one.group.path.count("/")):
        mine = [use for use in each.uses if use.origin_id in left]
        enough = len(mine) > (1 if options.allow_groups else 2)
        if enough and _used_enough(each, options) and _is_not_flagged(each, project):
            found.append(_of_group(each))
            for use in mine:
                del left[use.origin_id]
    return found + [ChosenEntry(_of_project(use), (use,)) for use in left.values()]


def _with_groups(
    candidates: list[Candidate], chosen: list[ChosenEntry], free: Mapping[EntryKind, int]
) -> list[ChosenEntry] | None:
    """Return the choice with groups for so many projects that it fits; None where none is found."""
    projects = {one.uses[0].origin_id: one for one in chosen if one.entry.kind == "project"}
    groups = [one for one in chosen if one.entry.kind == "group"]
    excess = len(projects) - free["project"]
    left = [
        replace(each, left=sum(use.origin_id in projects for use in each.uses))
        for each in candidates
    ]
    for price in GROUP_PRICES if excess > 0 else ():
        more = fewest_unused([each for each in left if each.left], excess, price)
        if more is None:
            return None
        covered = {use.origin_id for each in more for use in each.uses}
        wider = [each.group.path for each in more]
        whole = [one for one in groups if not any(is_inside(one.entry.path, g) for g in wider)]
        whole += [_of_group(each) for each in more]
        whole += [one for number, one in projects.items() if number not in covered]
        if _fits(whole, free):
            return whole
    return None


def _candidates(
    inventory: "Inventory", project: Project, uses: Collection[TokenUse]
) -> Iterator[Candidate]:
    """Yield the groups above the origins, with their uses and sizes, widest first.

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
        yield Candidate(group, tuple(inside[path]), below)


def _groups_by_path(inventory: "Inventory") -> dict[str, Group]:
    return {group.path: group for group in inventory.groups.values()}


def _used_enough(each: Candidate, options: AllowlistOptions) -> bool:
    if len(each.uses) >= each.below:
        return True
    return options.allow_groups and 100 * len(each.uses) >= options.min_share * each.below


def _is_not_flagged(each: Candidate, project: Project) -> bool:
    """Tell whether no rule would flag an entry for this group."""
    return each.below <= MAX_GROUP_SIZE and _is_inside(each, project)


def _is_inside(each: Candidate, project: Project) -> bool:
    """Tell whether a group is below the project's top-level one, and none above its own."""
    path = each.group.path
    above_its_own = is_inside(project.path, path) and path != project.namespace_path
    return "/" in path and is_inside(path, project.top_level_path) and not above_its_own


def _is_any(each: Candidate, project: Project) -> bool:
    """Accept any group: nothing else lets in so few."""
    del each, project
    return True


def _of_group(each: Candidate) -> ChosenEntry:
    entry = EntryState(kind="group", id=each.group.id, path=each.group.path)
    return ChosenEntry(entry, each.uses, each.below)


def _of_project(use: TokenUse) -> EntryState:
    return EntryState(kind="project", id=use.origin_id, path=use.origin_path)
