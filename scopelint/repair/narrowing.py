"""Narrowing: entries for what used a group entry are added, then the group entry is removed.

What is added permits what the group entry permits, so nobody gains access, and every logged use
goes on. Only the projects of the group without a use lose it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scopelint.model import AllowlistEntry, Project, Scope, TokenUse
from scopelint.repair.allowlist import AllowlistOptions, ChosenEntry, choose_entries
from scopelint.repair.irreversible import UndoLimits, cannot_add
from scopelint.repair.plan_file import Action, Narrowed
from scopelint.repair.planning import project_after, removal
from scopelint.repair.safety import Assumptions, losing_origins

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How a group entry is narrowed."""

    added: tuple[Action, ...]
    """The entries that keep its uses working."""
    removed: Action
    """The removal of the group entry."""
    notes: tuple[str, ...]
    """What a reader should know of it."""

    @property
    def actions(self) -> list[Action]:
        """All of it, in the order in which it is done."""
        return [*self.added, self.removed]


def narrow(
    inventory: "Inventory",
    project: Project,
    entry: AllowlistEntry,
    uses: Collection[TokenUse],
    assumptions: Assumptions,
    *,
    reason: str,
    unused_since: datetime | None = None,
    options: AllowlistOptions | None = None,
    places: Iterable[AllowlistEntry] = (),
    findings: tuple[str, ...] = (),
) -> Narrowing | str:
    """Return how a group entry is narrowed to its uses, or why it cannot be.

    `project` is as it is after what is planned already. `unused_since` is the moment since which the
    log proves the rest of the group unused, None where it does not. `places` are further entries that take
    places until all is added, such as those that are planned to be removed.
    """
    count = inventory.project_count(entry)
    then = project_after(project, [removal(entry, reason)])
    paths = set(losing_origins(project, then, uses, assumptions))
    lost = [use for use in uses if use.origin_path in paths]
    listed = {one.key: one for one in (*_entries(project), *places)}
    chosen = choose_entries(
        inventory,
        project,
        lost,
        options or AllowlistOptions(),
        taken=Counter(one.kind for one in listed.values()),
        replacing=entry,
    )
    if isinstance(chosen, str):
        return chosen
    added = tuple(
        Action(operation="add-entry", entry=one.entry, reason=why_chosen(one)) for one in chosen
    )
    limits = inventory.derived(UndoLimits.of)
    if hidden := [
        one.entry.path for one in chosen if limits.sees(one.entry.kind, one.entry.id) is False
    ]:
        return cannot_add(hidden, project.web_url)
    narrowed = Narrowed(projects=count.number if count else None, used=len(uses))
    removed = removal(
        entry,
        reason,
        findings=findings,
        narrows=narrowed,
        rests_on_log=unused_since is not None,
        unused_since=unused_since,
    )
    return Narrowing(added, removed, tuple(notes_of(chosen)))


def _entries(project: Project) -> tuple[AllowlistEntry, ...]:
    scope: Scope | None = project.scope
    return scope.entries if scope is not None else ()


def why_chosen(chosen: ChosenEntry) -> str:
    """Say for which uses an entry was chosen."""
    last = max(use.last_used_at for use in chosen.uses).date()
    if chosen.entry.kind == "project":
        return f"used, last on {last}"
    share = "all" if len(chosen.uses) >= chosen.below else f"{len(chosen.uses)} of"
    return f"{share} {chosen.below} projects in it use this project, last on {last}"


def notes_of(chosen: Iterable[ChosenEntry]) -> Iterator[str]:
    """Say of each chosen group whom it lets in besides, now and in future."""
    for one in chosen:
        if one.entry.kind == "group":
            unused = max(0, one.below - len(one.uses))
            now = f"{unused} of its projects have no use in the log; " if unused else ""
            future = f"every project that is added to the group {one.entry.path} gains access"
            yield now + future
