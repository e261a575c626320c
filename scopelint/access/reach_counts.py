"""How many projects can reach each project, for all of them in one pass.

The groups of an allowlist are intervals of the numbered tree; two of them are one inside the other
or apart, so their union is those that lie in no other one. No set of projects is made for any
project, and a group's size is looked up once.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from scopelint.access.entries import is_whole
from scopelint.access.outbound import Cover, Outbound
from scopelint.model import AllowlistEntry, Project, ProjectCount
from scopelint.versions import outbound_counts

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

Count = ProjectCount
"""A number of projects; `exact` False means there may be more."""
_FEW: Final = 4
"""Up to so many groups a list is searched quicker than a set is made."""
EVERYTHING: Final = ""
"""Stands for the whole instance where a group's path is expected: every path lies below it."""


def cover(project: Project, version: tuple[int, int]) -> Cover:
    """Return what a project's inbound side lets in, as far as it was read."""
    scope = project.scope
    if scope is None:
        return Cover(whole=False)
    if scope.inbound_effective is False:
        return Cover((EVERYTHING,))
    whole = scope.inbound_effective is True and is_whole(scope, version)
    groups: list[str] = []
    projects: list[AllowlistEntry] = []
    for entry in scope.entries:
        if entry.kind == "project":
            if entry.target_id is not None and entry.target_id != project.id:
                projects.append(entry)
        elif entry.target_path is not None:
            groups.append(entry.target_path)
    if groups:
        places = groups if len(groups) < _FEW else frozenset(groups)
        # A project whose path is not known may lie in one of the groups, and would count twice.
        whole = whole and all(entry.target_path for entry in projects)
        projects = [e for e in projects if e.target_path and not _inside_any(e.target_path, places)]
        if len(groups) > 1:
            groups = [path for path in groups if not _inside_any(path, places)]
    return Cover(tuple(groups), tuple(projects), whole)


def _inside_any(path: str, groups: Collection[str]) -> bool:
    """Tell whether a path lies strictly below one of these groups."""
    end = path.rfind("/")
    while end > 0:
        if path[:end] in groups:
            return True
        end = path.rfind("/", 0, end)
    return False


class InboundCounter:
    """Counts the projects that can reach a project: made once for an inventory, asked for each.

    Before GitLab 18.0 an origin's own outbound limit counts too, so making it reads every project
    once. The memory it needs grows with the groups (and, before 18.0, with the projects), not
    with the entries.
    """

    def __init__(self, inventory: "Inventory") -> None:
        self._inventory = inventory
        self._version = inventory.scan.version
        self._sizes: dict[str, Count] = {}
        counts = outbound_counts(self._version) is not False
        self.outbound = Outbound(inventory) if counts else None

    def cover(self, project: Project) -> Cover:
        """Return what the project's inbound side lets in."""
        return cover(project, self._version)

    def count(self, project: Project) -> Count:
        """Count the origins that are certain to be let in, the project itself left out.

        What it takes is the token to be accepted at all; the policies may still refuse a request.
        """
        covered = self.cover(project)
        exact = covered.whole
        number = len(covered.projects)
        path = project.path
        for group in covered.groups:
            size = self._sizes.get(group) or self._size(group)
            number += size.number
            exact = exact and size.exact
            if path.startswith(group) and (not group or path[len(group)] == "/"):
                number -= 1
        inbound = Count(number, exact)
        return self.outbound.count(project, covered, inbound) if self.outbound else inbound

    def _size(self, group: str) -> Count:
        self._sizes[group] = size = self._measure(group)
        return size

    def _measure(self, group: str) -> Count:
        inventory = self._inventory
        if group == EVERYTHING:
            all_seen = inventory.scan.whole_instance and inventory.scan.administrator
            return Count(inventory.tree.total, exact=all_seen and inventory.enumerated)
        seen = inventory.tree.projects_below(group)
        if inventory.in_read_tree(group):
            return Count(seen, exact=inventory.enumerated)
        outside = self._counted_by_gitlab.get(group)
        return Count(seen, exact=False) if outside is None else Count(max(seen, outside), True)

    @property
    def _counted_by_gitlab(self) -> dict[str, int]:
        return self._inventory.derived(_outside_sizes)


def _outside_sizes(inventory: "Inventory") -> dict[str, int]:
    """Return GitLab's own counts of the groups outside the read tree, by path."""
    return {
        target.path: target.project_count
        for target in inventory.targets()
        if target.kind == "group" and target.path and target.project_count is not None
    }


def inbound_counts(inventory: "Inventory") -> Iterator[tuple[int, Count]]:
    """Yield each project's id and how many projects can reach it, by id, in one pass."""
    counter = inventory.derived(InboundCounter)
    for project in inventory.projects():
        yield project.id, counter.count(project)


def paths_above(path: str) -> Iterable[str]:
    """Yield the paths of the namespaces above a project, the nearest first, then everything."""
    while path:
        path = path.rpartition("/")[0]
        yield path
