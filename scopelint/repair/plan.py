"""Puts plans together: the order of a project's actions, the frame of the whole, nothing else.

Where the actions come from is in `from_findings`, `from_declared` and `suggest`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Final, Literal

import scopelint
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.repair.effect import PLACES, applied
from scopelint.repair.plan_file import Action, EntryState, Plan, ProjectPlan, ScopeState, Untouched
from scopelint.repair.safety import Assumptions, Proof, change, of_entry
from scopelint.uses.log import Confidence

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

MadeFrom = Literal["findings", "declared", "suggest"]
ORDER: Final = (
    "add-entry",
    "change-permissions",
    "set-outbound",
    "set-inbound",
    "set-push",
    "set-cross-project-push",
    "remove-entry",
    "remove-outbound-entry",
)
"""The order of the actions of one project: nobody who is to keep access loses it on the way."""
_UNSEEN: Final = {
    "listed": "it was not read: the collection was broken off",
    "elsewhere": "it was not read: its shard of the collection is not here",
}
_OF_THE_STATE: Final = frozenset(
    {
        Fact.SCOPE,
        Fact.ENTRIES,
        Fact.PERMISSIONS,
        Fact.OWN_FLAG,
        Fact.OUTBOUND_ENTRIES,
        Fact.OUTBOUND,
        Fact.PUSH,
        Fact.CROSS_PUSH,
    }
)
REASON_LENGTH: Final = 2000


def ordered(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Return actions in the order they are to be done: what adds first, what removes last."""

    def place(action: Action) -> tuple[int, str, str, int]:
        entry = action.entry
        where = (entry.kind, entry.path, entry.id) if entry else ("", "", 0)
        return ORDER.index(action.operation), *where

    return tuple(sorted(actions, key=place))


def state_of(project: Project) -> ScopeState | Untouched:
    """Return the state that a plan can be made for, or why there is none."""
    if project.scope is None:
        why = project.gap
        detail = f" ({why.detail or why.reason.value})" if why else ""
        return untouched(project, f"its job token scope could not be read{detail}")
    if project.deletion == "in_progress":
        return untouched(project, "it is being deleted")
    try:
        missing = project.scope.missing & _OF_THE_STATE
        return ScopeState.of(replace(project.scope, missing=missing))
    except ValueError as error:
        # pydantic's own errors hold several lines; ours are one.
        reason = str(error).splitlines()[0]
        rows = (*project.scope.entries, *(project.scope.outbound_entries or ()))
        if any(entry.target_id is None for entry in rows):
            reason += ", so its row cannot be addressed; GitLab removes it by itself: scan again"
        return untouched(project, reason)


def untouched(project: Project, reason: str) -> Untouched:
    """Say why a project is left alone."""
    return Untouched(id=project.id, path=project.path, reason=reason[:REASON_LENGTH])


def made(
    project: Project,
    state: ScopeState,
    actions: Iterable[Action],
    *,
    confidence: Confidence = "high",
    notes: Sequence[str] = (),
) -> ProjectPlan:
    """Return a project's part of a plan, its actions in order; there must be one at least."""
    return ProjectPlan(
        id=project.id,
        path=project.path,
        web_url=project.web_url,
        digest=state.digest,
        before=state,
        actions=ordered(actions),
        confidence=confidence,
        notes=tuple(note[:REASON_LENGTH] for note in dict.fromkeys(notes)),
    )


def make_plan(
    inventory: "Inventory",
    made_from: MadeFrom,
    parts: Iterable[ProjectPlan | Untouched],
    *,
    unsafe: bool = False,
) -> Plan:
    """Return the plan of these parts, in path order; what was seen and not read is added to it."""
    found = list(parts)
    projects = [part for part in found if isinstance(part, ProjectPlan)]
    left = [part for part in found if isinstance(part, Untouched)]
    left += [
        Untouched(id=number, path=path, reason=_UNSEEN[state])
        for number, path, state in inventory.states()
        if state in _UNSEEN
    ]
    return Plan(
        tool_version=scopelint.__version__,
        instance=inventory.scan.instance,
        gitlab_version=inventory.scan.gitlab_version,
        observed_at=inventory.as_of.astimezone(UTC).isoformat(),
        made_from=made_from,
        unsafe=unsafe or not all(action.safe for each in projects for action in each.actions),
        projects=tuple(sorted(projects, key=lambda part: (part.path, part.id))),
        untouched=tuple(sorted(left, key=lambda part: (part.path, part.id, part.reason))),
    )


def after(project: Project, actions: Iterable[Action], *, enforced: bool | None = None) -> Project:
    """Return the project as it is once these actions are done; its scope must have been read."""
    if project.scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    return replace(project, scope=applied(project.scope, actions, enforced=enforced))


def restricted(project: Project) -> Project:
    """Return the project as it would be with its limit on: entries bite the day it goes on."""
    scope = project.scope
    if scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    return replace(project, scope=replace(scope, inbound_own=True, inbound_effective=True))


def removal(entry: AllowlistEntry, reason: str, **more: object) -> Action:
    """Return the action that removes an inbound entry."""
    return Action.model_validate(
        {"operation": "remove-entry", "entry": EntryState.of(entry), "reason": reason, **more}
    )


def wide_first(entries: Iterable[AllowlistEntry]) -> Iterator[AllowlistEntry]:
    """Yield entries so that a group comes before what lies in it, and projects come last."""
    return iter(
        sorted(
            entries,
            key=lambda e: (
                e.kind == "project",
                (e.target_path or "").count("/"),
                e.target_path or "",
                e.target_id or 0,
            ),
        )
    )


def entries_of(scope: Scope, project: Project) -> tuple[AllowlistEntry, ...]:
    """Return the entries that a plan may touch: all but the project's own."""
    return tuple(
        entry
        for entry in scope.entries
        if not (entry.kind == "project" and entry.target_id == project.id)
    )


def does_not_fit(scope: Scope, actions: Iterable[Action]) -> str | None:
    """Say that the entries to be added do not fit beside those that are removed only later."""
    new = [action.entry for action in actions if action.operation == "add-entry" and action.entry]
    for kind, places in PLACES.items():
        there = sum(entry.kind == kind for entry in scope.entries)
        more = sum(entry.kind == kind for entry in new)
        if there + more > places:
            return (
                f"{more} {kind} entries are to be added to the {there} that are there, and GitLab has"
                f" {places} places; remove some that nobody needs first"
            )
    return None


def widens(before: Project, then: Project, entry: AllowlistEntry, worlds: Assumptions) -> bool:
    """Tell whether somebody may do more after removals of which `entry`'s was the last.

    They are to be done wide first; so only those whom the last entry decides for are to be asked.
    """
    origins = (of_entry(entry), before)
    return any(change(before, then, origin, worlds).gains for origin in origins)


def unproved(proof: Proof) -> str:
    """Say what a proof that failed has found."""
    names = ", ".join((*proof.gains, *proof.loses)[:3])
    return f"that nobody gains or loses access could not be proved: {names}"
