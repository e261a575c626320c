"""The origins' own outbound limit, which counts before GitLab 18.0 where the target is private."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from scopelint.model import AllowlistEntry, Project, ProjectCount
from scopelint.versions import is_known

if TYPE_CHECKING:
    from scopelint.snapshot.group_tree import GroupTree
    from scopelint.snapshot.inventory import Inventory

_NOT_PRIVATE = frozenset({"internal", "public"})


class Cover(NamedTuple):
    """The origins that a project's inbound side lets in."""

    groups: tuple[str, ...] = ()
    """Full paths of groups, with all below them; no one lies in another. An open project has the
    one group `EVERYTHING`."""
    projects: tuple[AllowlistEntry, ...] = ()
    """Those outside these groups, without the project itself."""
    whole: bool = True
    """False where there may be more origins."""


class Outbound:
    """Which origins may leave: read once from every project of an inventory.

    `free` origins do not limit their outbound access; `limited` ones only reach the private
    projects they list; of all others it is not known.
    """

    def __init__(self, inventory: "Inventory") -> None:
        # Imported here: the list of rules starts without the snapshot.
        from scopelint.snapshot.group_tree import GroupTree

        self._certain = is_known(inventory.scan.version)
        self.states: dict[int, bool | None] = {}
        self.listing: dict[int, list[tuple[int, str]]] = defaultdict(list)
        paths: dict[bool | None, list[str]] = {True: [], False: [], None: []}
        for project in inventory.projects():
            state = self._enter(project)
            self.states[project.id] = state
            paths[state].append(project.path)
        for project_id, path in inventory.seen():
            if project_id not in self.states:
                paths[None].append(path)
        self.free = GroupTree((), paths[False])
        self.unsettled = GroupTree((), paths[None])
        self._inventory = inventory

    def _enter(self, project: Project) -> bool | None:
        """Note what an origin lists; return whether it is limited, None where not known."""
        scope = project.scope
        state = None if scope is None else scope.outbound
        if scope is not None and scope.outbound and scope.outbound_entries is None:
            state = None
        if state is not False and scope is not None:
            for entry in scope.outbound_entries or ():
                if entry.kind == "project" and entry.target_id not in (None, project.id):
                    self.listing[entry.target_id or 0].append((project.id, project.path))
        return state

    def count(self, project: Project, covered: Cover, inbound: ProjectCount) -> ProjectCount:
        """Take from an inbound count the origins that their own limit may hold back."""
        if project.visibility in _NOT_PRIVATE:
            return inbound
        number, held = 0, 0
        exact = inbound.exact
        for group in covered.groups:
            free, unsettled = _below(self.free, group), _below(self.unsettled, group)
            if _covers(group, project.path):
                own = self.states.get(project.id)
                free -= own is False
                unsettled -= own is None
            number += free
            held += unsettled
            exact = exact and (not group or self._inventory.in_read_tree(group))
        for entry in covered.projects:
            state = self.states.get(entry.target_id or 0)
            number += state is False
            held += state is None
        for origin_id, _ in self._listed(project, covered):
            number += 1
            held -= self.states[origin_id] is None
        settled = project.visibility == "private" and self._certain
        return ProjectCount(number, exact and not held and (settled or number == inbound.number))

    def listed_origins(self, project: Project, covered: Cover) -> Iterator[str]:
        """Yield the paths of limited origins that list a project which lets them in."""
        return (path for _, path in self._listed(project, covered))

    def _listed(self, project: Project, covered: Cover) -> Iterator[tuple[int, str]]:
        single = {entry.target_id for entry in covered.projects}
        for origin_id, path in self.listing.get(project.id, ()):
            if origin_id in single or any(_covers(group, path) for group in covered.groups):
                yield origin_id, path


def _below(tree: "GroupTree", group: str) -> int:
    return tree.projects_below(group) if group else tree.total


def _covers(group: str, path: str) -> bool:
    return not group or path.startswith(f"{group}/")
