"""One project's reach: the origins that can reach it, the targets it can reach, by which entry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scopelint.access.decision import Answer, Decision, decide
from scopelint.access.entries import covers, is_whole
from scopelint.access.reach_counts import Count, InboundCounter, cover
from scopelint.model import AllowlistEntry, Project
from scopelint.versions import outbound_counts

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

CERTAIN_OR_NOT = (Answer.GRANTED, Answer.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Link:
    """The project at the other end, the answer, and the entry that grants it.

    `entry` is None where the limit is off, where only visibility opens parts, or where it is
    unknown. `missing` names the facts that an unknown answer hangs on.
    """

    project_id: int
    path: str
    answer: Answer
    entry: AllowlistEntry | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origins:
    """Who can reach a project."""

    count: Count
    """The number of those who certainly can."""
    everyone: bool
    """Whether its limit is off; `links` is empty then."""
    others: Decision
    """What GitLab answers any project that no entry matches: denied, partial (visibility leaves
    parts open) or unknown."""
    links: tuple[Link, ...]
    """Those who can, certain or unknown, by path."""
    outside: tuple[AllowlistEntry, ...]
    """The entries whose groups reach beyond what was read: their projects are counted, not
    listed."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What a project can reach among the projects that were read."""

    links: tuple[Link, ...]
    """What it can reach, certain or unknown."""
    partial: int
    """The number of those that only their visibility opens in part."""
    everything: bool
    """Whether all that could be reached was read, so that nothing lies beyond."""

    @property
    def count(self) -> Count:
        """How many can be reached for certain."""
        granted = sum(link.answer is Answer.GRANTED for link in self.links)
        return Count(granted, exact=self.everything and granted == len(self.links))


def origins(inventory: "Inventory", target: Project) -> Origins:
    """Return who can reach a project, by path; the project itself is left out."""
    version = inventory.scan.version
    others = decide(Project(-1, "any other project"), target, version=version)
    scope = target.scope
    everyone = scope is not None and scope.inbound_effective is False
    covered = cover(target, version)
    links: list[Link] = []
    outside: list[AllowlistEntry] = []
    if not everyone and scope is not None:
        links = [
            _link(origin, decide(origin, target, version=version))
            for origin in _matched(inventory, target, scope.entries)
        ]
        outside = [
            entry
            for entry in scope.entries
            if entry.kind == "group"
            and entry.target_path in covered.groups
            and not inventory.in_read_tree(entry.target_path)
        ]
    found = sorted(
        (link for link in links if link.answer in CERTAIN_OR_NOT), key=lambda link: link.path
    )
    count = inventory.derived(InboundCounter).count(target)
    return Origins(count, everyone, others, tuple(found), tuple(outside))


def _matched(
    inventory: "Inventory", target: Project, entries: tuple[AllowlistEntry, ...]
) -> Iterator[Project]:
    """Yield the origins that an entry matches: those that were seen, and single ones outside."""
    single = {e.target_id: e for e in entries if e.kind == "project" and e.target_id is not None}
    groups = tuple(f"{e.target_path}/" for e in entries if e.kind == "group" and e.target_path)
    needs_scope = outbound_counts(inventory.scan.version) is not False
    bare = []
    for project_id, path in inventory.seen():
        if project_id == target.id or not (project_id in single or path.startswith(groups)):
            continue
        single.pop(project_id, None)
        bare.append(Project(project_id, path))
    for project_id, entry in single.items():
        if project_id != target.id:
            bare.append(Project(project_id, entry.target_path or f"#{project_id}"))
    if not needs_scope:
        yield from bare
        return
    waiting = {origin.id: origin for origin in bare}
    for project in inventory.projects():
        if waiting.pop(project.id, None):
            yield project
    yield from waiting.values()


def targets(inventory: "Inventory", origin: Project) -> Targets:
    """Return what a project can reach, by path; the project itself is left out."""
    version = inventory.scan.version
    found: list[Link] = []
    partial = 0
    for target in inventory.projects():
        if target.id == origin.id:
            continue
        if plainly_closed(origin, target, version):
            partial += target.visibility != "private"
            continue
        decision = decide(origin, target, version=version)
        partial += decision.answer is Answer.PARTIAL
        if decision.answer in CERTAIN_OR_NOT:
            found.append(_link(target, decision))
    whole = inventory.scan.whole_instance and inventory.scan.administrator and inventory.all_read
    return Targets(tuple(sorted(found, key=lambda link: link.path)), partial, whole)


def plainly_closed(origin: Project, target: Project, version: tuple[int, int]) -> bool:
    """Tell whether no entry matches and visibility needs no closer look: the usual case, quickly."""
    scope = target.scope
    if scope is None or not scope.inbound_effective or target.access_levels is not None:
        return False
    if target.visibility is None or not is_whole(scope, version):
        return False
    return not any(covers(entry, origin) for entry in scope.entries)


def _link(project: Project, decision: Decision) -> Link:
    return Link(project.id, project.path, decision.answer, decision.entry, decision.missing)
