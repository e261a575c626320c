"""What all planners use: the state to plan for, the order of actions, the parts and the whole plan.

Which actions a project needs is decided in `from_findings`, `from_declared` and `suggest`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import scopelint
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.paths import scheduled_for_deletion
from scopelint.repair.actions import PLACES, scope_after
from scopelint.repair.irreversible import UndoLimits, without_final
from scopelint.repair.plan_file import (
    REASON_LENGTH,
    Action,
    EntryState,
    LeftAction,
    Plan,
    ProjectPlan,
    ScopeState,
    SkippedProject,
)
from scopelint.repair.safety import Assumptions, SafetyCheck, access_change, origin_of
from scopelint.uses.log import Confidence

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

MadeFrom = Literal["findings", "declared", "suggest"]
"""What a plan is made from."""
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
"""The order of a project's actions: who keeps access in the end has it all the time."""
_NOT_READ: Final = {
    "listed": "it was not read: the collection was interrupted",
    "elsewhere": "it was not read: its shard of the collection is missing",
}
_FACTS_OF_STATE: Final = frozenset(
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
_AT_ONCE: Final = 500
"""Projects that an inventory looks up at once."""


def ordered(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Return actions in the order in which they are done: additions first, removals last."""

    def position(action: Action) -> tuple[int, str, str, int]:
        entry = action.entry
        where = (entry.kind, entry.path, entry.id) if entry else ("", "", 0)
        return ORDER.index(action.operation), *where

    return tuple(sorted(actions, key=position))


def plannable_state(project: Project) -> ScopeState | SkippedProject:
    """Return the state that a plan is made for, or why the project is left out."""
    if project.deletion == "scheduled" or scheduled_for_deletion(project.path):
        return skipped(project, "it is scheduled for deletion: GitLab removes it by itself")
    return state_of(project)


def state_of(project: Project) -> ScopeState | SkippedProject:
    """Return the state of a project that can be changed, or why it cannot."""
    if project.scope is None:
        why = project.gap
        detail = f" ({why.detail or why.reason.value})" if why else ""
        return skipped(project, f"its job token scope could not be read{detail}")
    if project.deletion == "in_progress":
        return skipped(project, "it is being deleted")
    try:
        missing = project.scope.missing & _FACTS_OF_STATE
        return ScopeState.of(replace(project.scope, missing=missing))
    except ValueError as error:
        # pydantic's own errors hold several lines; ours are one.
        reason = str(error).splitlines()[0]
        rows = (*project.scope.entries, *(project.scope.outbound_entries or ()))
        if any(entry.target_id is None for entry in rows):
            reason += ", so the entry cannot be named; GitLab removes it by itself: scan again"
        return skipped(project, reason)


def skipped(project: Project, reason: str) -> SkippedProject:
    """Return the note of a plan that a project is not changed, with the reason."""
    return SkippedProject(id=project.id, path=project.path, reason=reason[:REASON_LENGTH])


def project_plan(
    project: Project,
    state: ScopeState,
    actions: Iterable[Action],
    *,
    confidence: Confidence = "high",
    notes: Sequence[str] = (),
) -> ProjectPlan:
    """Return a project's part of a plan, with its actions in order; there must be at least one."""
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
    parts: Iterable[ProjectPlan | SkippedProject],
    *,
    unsafe: bool = False,
    irreversible: bool = False,
) -> Plan:
    """Return the plan of these parts, in path order; projects that were not read are added.

    What no undo brings back is left out, unless it is allowed: `irreversible`.
    """
    found = list(_undoable(inventory, list(parts), allowed=irreversible))
    projects = [part for part in found if isinstance(part, ProjectPlan)]
    final = [part for part in found if isinstance(part, LeftAction)]
    left = [part for part in found if isinstance(part, SkippedProject)]
    left += [
        SkippedProject(id=number, path=path, reason=_NOT_READ[state])
        for number, path, state in inventory.states()
        if state in _NOT_READ
    ]
    return Plan(
        tool_version=scopelint.__version__,
        instance=inventory.scan.instance,
        gitlab_version=inventory.scan.gitlab_version,
        observed_at=inventory.as_of.astimezone(UTC).isoformat(),
        made_from=made_from,
        unsafe=unsafe or not all(action.safe for each in projects for action in each.actions),
        projects=tuple(sorted(projects, key=lambda part: (part.path, part.id))),
        skipped=tuple(sorted(left, key=lambda part: (part.path, part.id, part.reason))),
        irreversible=irreversible,
        left=tuple(sorted(final, key=lambda part: (part.path, part.id))),
    )


def _undoable(
    inventory: "Inventory", parts: list[ProjectPlan | SkippedProject], *, allowed: bool
) -> Iterator[ProjectPlan | SkippedProject | LeftAction]:
    """Yield the parts of a plan without what no undo brings back, where that is not allowed."""
    limits = inventory.derived(UndoLimits.of)
    switched = [part.id for part in parts if isinstance(part, ProjectPlan) and _closes(part)]
    effective: dict[int, bool | None] = {}
    for start in range(0, len(switched), _AT_ONCE):
        for project in inventory.projects(only=switched[start : start + _AT_ONCE]):
            effective[project.id] = project.scope.inbound_effective if project.scope else None
    everywhere = {"on": True, "off": False}.get(inventory.scan.enforcement)
    for part in parts:
        if isinstance(part, SkippedProject):
            yield part
        else:
            # A limit that is off by itself and on in effect is on because the instance enforces it.
            enforced = effective.get(part.id, everywhere)
            yield from without_final(part, limits, enforced=enforced, allowed=allowed)


def _closes(part: ProjectPlan) -> bool:
    return any(action.operation == "set-inbound" and action.value for action in part.actions)


def project_after(
    project: Project, actions: Iterable[Action], *, enforced: bool | None = None
) -> Project:
    """Return the project as it is after these actions; raise ValueError where it was not read.

    `enforced` tells whether the instance enforces the limit, None where that is not known.
    """
    if project.scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    return replace(project, scope=scope_after(project.scope, actions, enforced=enforced))


def with_limit_on(project: Project) -> Project:
    """Return the project as it would be with its limit on; raise ValueError where it was not read.

    So entries of an open project are judged by what they do once the limit is on.
    """
    scope = project.scope
    if scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    return replace(project, scope=replace(scope, inbound_own=True, inbound_effective=True))


def removal(entry: AllowlistEntry, reason: str, **more: object) -> Action:
    """Return the action that removes an inbound entry."""
    return Action.model_validate(
        {"operation": "remove-entry", "entry": EntryState.of(entry), "reason": reason, **more}
    )


def unused_removal(entry: AllowlistEntry, reason: str, since: datetime, **more: object) -> Action:
    """Return the removal of an entry that was proved unused, or wider than its use, `since` then."""
    return removal(entry, reason, rests_on_log=True, unused_since=since, **more)


def widest_first(entries: Iterable[AllowlistEntry]) -> Iterator[AllowlistEntry]:
    """Yield entries so that a group comes before the groups in it, and projects come last."""
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


def changeable_entries(scope: Scope, project: Project) -> tuple[AllowlistEntry, ...]:
    """Return the entries that a plan may change: all but the project's own."""
    return tuple(
        entry
        for entry in scope.entries
        if not (entry.kind == "project" and entry.target_id == project.id)
    )


def too_many_entries(scope: Scope, actions: Iterable[Action]) -> str | None:
    """Say that not all added entries fit in, since entries are removed only later; None if they do."""
    new = [action.entry for action in actions if action.operation == "add-entry" and action.entry]
    for kind, places in PLACES.items():
        there = sum(entry.kind == kind for entry in scope.entries)
        more = sum(entry.kind == kind for entry in new)
        if there + more > places:
            return (
                f"{more} {kind} entries would be added to the {there} there are, and GitLab allows"
                f" {places}; first remove some that nobody needs"
            )
    return None


def removal_widens(
    before: Project, after: Project, entry: AllowlistEntry, assumptions: Assumptions
) -> bool:
    """Tell whether somebody may do more after removals of which `entry`'s was the last.

    Removals are done widest first. So only the origins of the last entry can gain, and the project
    itself.
    """
    origins = (origin_of(entry), before)
    return any(access_change(before, after, origin, assumptions).gains for origin in origins)


def unsafe_reason(check: SafetyCheck) -> str:
    """Say why a change that was meant to be safe is not."""
    names = ", ".join((*check.gains, *check.loses)[:3])
    return f"it would not be safe: access changes for {names}"
