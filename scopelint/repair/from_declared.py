"""From the declared policy to a plan: what GitLab has is made equal to what is declared.

Missing entries are added; what is not declared is removed only where the policy is exact
(`enforce`). An action that is not safe is marked and planned all the same: the policy decided it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scopelint.declared import DeclaredAt, DeclaredName, DeclaredPolicy, DeclaredScope
from scopelint.model import AllowlistEntry, EntryKind, Project, Scope
from scopelint.repair.irreversible import UndoLimits, cannot_add
from scopelint.repair.plan_file import (
    Action,
    EntryState,
    Plan,
    ProjectPlan,
    ScopeState,
    SkippedProject,
)
from scopelint.repair.planning import (
    changeable_entries,
    make_plan,
    ordered,
    plannable_state,
    project_after,
    project_plan,
    removal,
    skipped,
    too_many_entries,
)
from scopelint.repair.safety import (
    AccessChange,
    Assumptions,
    access_change,
    check_safety,
    origin_of,
)
from scopelint.uses.log import why_unreliable
from scopelint.versions import OWN_USES_LOGGED, since

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

_KINDS: Final[tuple[EntryKind, ...]] = ("group", "project")
_SHOWN: Final = 3
"""Origins that a note names."""


def plan_to_declared(
    inventory: "Inventory",
    policy: DeclaredPolicy,
    *,
    irreversible: bool = False,
    assume: bool | None = None,
) -> Plan:
    """Return the plan that makes the projects of an inventory equal to the policy.

    A name that is not in the snapshot cannot be added and is noted. Only with `irreversible` the plan
    holds what no undo brings back. `assume` says whether
    fine-grained permissions are in force, where a switch of GitLab 17.7 to 18.2 decides that no
    API shows.
    """
    names = _Names(inventory)
    assumptions = Assumptions(inventory.scan.version, inventory.scan.fine_grained(assume))
    enforced = {"on": True, "off": False}.get(inventory.scan.enforcement)
    parts: list[ProjectPlan | SkippedProject] = []
    for project in inventory.projects():
        declared = policy.scope(project.path, project.id)
        if declared is None:
            continue
        if not policy.include_archived and _is_inactive(project):
            reason = "it is archived or to be deleted, and the policy does not cover such projects"
            parts.append(skipped(project, reason))
            continue
        state = plannable_state(project)
        if isinstance(state, SkippedProject):
            parts.append(state)
        else:
            parts += _to_declared(
                project, state, declared, names, _Context(assumptions, enforced, inventory)
            )
    return make_plan(inventory, "declared", parts, irreversible=irreversible)


def _is_inactive(project: Project) -> bool:
    return bool(project.archived) or project.deletion in ("scheduled", "in_progress")


class _Names:
    """Finds the numbers of groups and projects by path, in any case, and paths by number."""

    def __init__(self, inventory: "Inventory") -> None:
        self._ids: dict[tuple[EntryKind, str], int] = {}
        self._paths: dict[tuple[EntryKind, int], str] = {}
        self._limits = inventory.derived(UndoLimits.of)
        for target in inventory.targets():
            if target.path is not None:
                self._add(target.kind, target.id, target.path)
        for project in inventory.projects():
            for entry in project.scope.entries if project.scope else ():
                if entry.target_id is not None and entry.target_path is not None:
                    self._add(entry.kind, entry.target_id, entry.target_path)
            for use in (project.scope.uses if project.scope else None) or ():
                self._add("project", use.origin_id, use.origin_path)
        for number, path in inventory.seen():
            self._add("project", number, path)

    def _add(self, kind: EntryKind, number: int, path: str) -> None:
        self._ids[kind, path.lower()] = number
        self._paths[kind, number] = path

    def is_hidden(self, entry: EntryState) -> bool:
        """Tell whether the token does not see an entry's target, and so cannot add the entry."""
        return self._limits.sees(entry.kind, entry.id) is False

    def find(self, name: DeclaredName) -> EntryState | None:
        """Return the entry that a declared name stands for; None where the snapshot does not have it."""
        if isinstance(name.name, int):
            known = self._paths.get((name.kind, name.name))
            return EntryState(kind=name.kind, id=name.name, path=known) if known else None
        number = self._ids.get((name.kind, name.name.lower()))
        if number is None:
            return None
        return EntryState(kind=name.kind, id=number, path=self._paths[name.kind, number])


@dataclass(frozen=True, slots=True)
class _Context:
    """What decides the effect of an action besides the project."""

    assumptions: Assumptions
    enforced: bool | None
    """Whether the instance enforces the limit; None where that is not known."""
    inventory: "Inventory"

    def after(self, project: Project, actions: Iterable[Action]) -> Project:
        return project_after(project, actions, enforced=self.enforced)


def _to_declared(
    project: Project, state: ScopeState, declared: DeclaredScope, names: _Names, context: _Context
) -> Iterator[ProjectPlan | SkippedProject]:
    scope = project.scope
    if scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    notes: list[str] = []
    actions = [
        *_limit(declared, state, notes),
        *_push(declared, scope, notes),
        *_lists(project, scope, declared, names, notes),
    ]
    if reason := too_many_entries(scope, actions):
        yield skipped(project, reason)
    elif actions:
        yield project_plan(
            project, state, _with_safety(project, actions, context, notes), notes=notes
        )
    else:
        yield from (skipped(project, note) for note in notes)


def _limit(declared: DeclaredScope, state: ScopeState, notes: list[str]) -> Iterator[Action]:
    notes += (
        f"whether the limit is on is not known at {each.at}: {each.why}"
        for each in declared.unknown_of("limit")
    )
    if not declared.says_limit:
        return
    if declared.limit is None:
        notes.append(f"the limit declared at {declared.limit_at} is not a boolean")
    elif declared.limit != state.inbound:
        yield Action(
            operation="set-inbound",
            value=declared.limit,
            reason=f"declared at {declared.limit_at}",
        )


def _push(declared: DeclaredScope, scope: Scope, notes: list[str]) -> Iterator[Action]:
    if declared.push is None or declared.push == scope.push:
        return
    if scope.push is None:
        notes.append(f"push is declared at {declared.push_at}, and was not read here")
        return
    reason = f"declared at {declared.push_at}"
    yield Action(operation="set-push", value=declared.push, reason=reason)


def _lists(
    project: Project, scope: Scope, declared: DeclaredScope, names: _Names, notes: list[str]
) -> Iterator[Action]:
    existing = {entry.key for entry in scope.entries}
    wanted: set[str] = set()
    for kind in _KINDS:
        for name in declared.names(kind) or ():
            entry = names.find(name)
            if entry is None:
                notes.append(
                    f"the {kind} {name.name} of {name.at} is not in the snapshot, or not visible:"
                    " it is not added"
                )
            elif entry.key not in wanted and entry.key != f"project:{project.id}":
                wanted.add(entry.key)
                if entry.key not in existing and names.is_hidden(entry):
                    why = cannot_add([entry.path], project.web_url)
                    notes.append(f"{kind} {name.name} of {name.at} is not added: {why}")
                elif entry.key not in existing:
                    reason = f"declared at {name.at}"
                    yield Action(operation="add-entry", entry=entry, reason=reason)
    doubtful = [each for kind in _KINDS for each in declared.unknown_of(kind)]
    if any(declared.names(kind) is None for kind in _KINDS):
        notes.append(f"a list at {declared.at} cannot be read, so nothing is removed")
    elif not declared.enforce:
        yield from _removed(project, scope, declared, names, wanted)
    elif doubtful:
        first = doubtful[0]
        notes.append(f"nothing is removed: the list at {first.at} is not known: {first.why}")
    else:
        yield from _not_declared(project, scope, declared, wanted)


def _not_declared(
    project: Project, scope: Scope, declared: DeclaredScope, wanted: Collection[str]
) -> Iterator[Action]:
    named = {name.key for kind in _KINDS for name in declared.names(kind) or ()}
    for old in changeable_entries(scope, project):
        if old.key not in wanted and _path_key(old) not in named:
            yield removal(old, f"not declared, and {declared.enforce_at} enforces the list")


def _removed(
    project: Project, scope: Scope, declared: DeclaredScope, names: _Names, wanted: Collection[str]
) -> Iterator[Action]:
    """Yield the removal of the entries that the policy takes away one by one."""
    gone: dict[str, DeclaredAt] = {}
    for name in declared.removed:
        found = names.find(name)
        gone[name.key if found is None else found.key] = name.at
    for old in changeable_entries(scope, project):
        at = gone.get(old.key) or gone.get(_path_key(old))
        if at is not None and old.key not in wanted:
            yield removal(old, f"removed at {at}")


def _path_key(entry: AllowlistEntry) -> str:
    return f"{entry.kind}:{(entry.target_path or '').lower()}"


def _with_safety(
    project: Project, actions: list[Action], context: _Context, notes: list[str]
) -> list[Action]:
    """Mark the actions that give access, or take it from a logged origin, as unsafe."""
    check = check_safety(project, context.after(project, ordered(actions)), context.assumptions)
    if check.loses:
        names = ", ".join(check.loses[:_SHOWN])
        more = f" and {len(check.loses) - _SHOWN} more" if len(check.loses) > _SHOWN else ""
        notes.append(f"origins in the log lose access: {names}{more}")
    if check.own.loses:
        notes.append("the project's own jobs lose access by its own entry's permissions")
    scope = project.scope
    # A log that is full, or was read in part, does not tell that nobody else uses the project.
    unreliable = scope is None or why_unreliable(scope, context.inventory) is not None
    lost = bool(check.loses) or unreliable
    if scope is not None and check.own.loses:
        # Up to 18.0 a log without own uses does not tell that there are none.
        logged = since(context.assumptions.version, OWN_USES_LOGGED)
        lost = lost or scope.own_token_last_used is not None or not logged
    marked = []
    for action in actions:
        effect = _effect(project, action, context)
        # No log shows the project's own pushes.
        safe = action.operation != "set-push" and _is_safe(effect, lost=lost)
        rests = {"safe": safe, "rests_on_log": safe and effect.loses}
        marked.append(action.model_copy(update=rests))
    return marked


def _is_safe(effect: AccessChange, *, lost: bool) -> bool:
    """Tell whether an action gives nobody access, and takes none that is used.

    `lost` tells that a logged origin loses access by the whole plan, or that no log was read.
    """
    return not effect.gains and not (effect.loses and lost)


def _effect(project: Project, action: Action, context: _Context) -> AccessChange:
    """Return what an action alone means for the origins of its entry, or for all origins."""
    then = context.after(project, [action])
    if action.entry is None:
        check = check_safety(project, then, context.assumptions)
        return AccessChange(gains=bool(check.gains), loses=check.narrows or check.own.loses)
    entry = next(
        each
        for found in (project, then)
        for each in (found.scope.entries if found.scope else ())
        if each.key == action.entry.key
    )
    one, own = (
        access_change(project, then, each, context.assumptions)
        for each in (origin_of(entry), project)
    )
    return one | own
