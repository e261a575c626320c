"""From the declared policy to a plan: the live state is made equal to what is declared.

Missing entries are added; what is not declared is removed only where the policy is exact
(`enforce`). Whether that is safe is said of each action; who declares it has decided it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scopelint.declared import DeclaredName, DeclaredPolicy, DeclaredScope
from scopelint.model import EntryKind, Project, Scope
from scopelint.repair.plan import (
    after,
    does_not_fit,
    entries_of,
    made,
    make_plan,
    ordered,
    removal,
    state_of,
    untouched,
)
from scopelint.repair.plan_file import Action, EntryState, Plan, ProjectPlan, ScopeState, Untouched
from scopelint.repair.safety import Assumptions, Change, change, of_entry, prove

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

KINDS: Final[tuple[EntryKind, ...]] = ("group", "project")
_SHOWN: Final = 3


def plan_to_declared(
    inventory: "Inventory", policy: DeclaredPolicy, *, assume: bool | None = None
) -> Plan:
    """Return the plan that makes the projects of an inventory what the policy says of them.

    A name that is not in the snapshot cannot be added and is noted. `assume` is that of
    `plan_from_findings`.
    """
    names = _Names(inventory)
    worlds = Assumptions(inventory.scan.version, assume)
    enforced = {"on": True, "off": False}.get(inventory.scan.enforcement)
    parts: list[ProjectPlan | Untouched] = []
    for project in inventory.projects():
        declared = policy.scope(project.path)
        if declared is None:
            continue
        if not policy.include_archived and _is_leaving(project):
            reason = "it is archived or to be deleted, and the policy leaves such projects alone"
            parts.append(untouched(project, reason))
            continue
        state = state_of(project)
        if isinstance(state, Untouched):
            parts.append(state)
        else:
            parts += _to_declared(project, state, declared, names, _Scale(worlds, enforced))
    return make_plan(inventory, "declared", parts)


def _is_leaving(project: Project) -> bool:
    return bool(project.archived) or project.deletion in ("scheduled", "in_progress")


class _Names:
    """Finds the numbers of groups and projects by path, in any case, and paths by number."""

    def __init__(self, inventory: "Inventory") -> None:
        self._ids: dict[tuple[EntryKind, str], int] = {}
        self._paths: dict[tuple[EntryKind, int], str] = {}
        for target in inventory.targets():
            if target.path is not None:
                self._enter(target.kind, target.id, target.path)
        for project in inventory.projects():
            for entry in project.scope.entries if project.scope else ():
                if entry.target_id is not None and entry.target_path is not None:
                    self._enter(entry.kind, entry.target_id, entry.target_path)
            for use in (project.scope.uses if project.scope else None) or ():
                self._enter("project", use.origin_id, use.origin_path)
        for number, path in inventory.seen():
            self._enter("project", number, path)

    def _enter(self, kind: EntryKind, number: int, path: str) -> None:
        self._ids[kind, path.lower()] = number
        self._paths[kind, number] = path

    def find(self, name: DeclaredName) -> EntryState | None:
        """Return the entry that a declared name stands for, None where nothing tells."""
        if isinstance(name.name, int):
            known = self._paths.get((name.kind, name.name))
            return EntryState(kind=name.kind, id=name.name, path=known) if known else None
        number = self._ids.get((name.kind, name.name.lower()))
        if number is None:
            return None
        return EntryState(kind=name.kind, id=number, path=self._paths[name.kind, number])


@dataclass(frozen=True, slots=True)
class _Scale:
    """What weighs an action: what decides besides, and whether the instance enforces the limit."""

    worlds: Assumptions
    enforced: bool | None

    def after(self, project: Project, actions: Iterable[Action]) -> Project:
        return after(project, actions, enforced=self.enforced)


def _to_declared(
    project: Project, state: ScopeState, declared: DeclaredScope, names: _Names, scale: _Scale
) -> Iterator[ProjectPlan | Untouched]:
    scope = project.scope
    if scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    notes: list[str] = []
    actions = [*_flag(declared, state, notes), *_lists(project, scope, declared, names, notes)]
    if reason := does_not_fit(scope, actions):
        yield untouched(project, reason)
    elif actions:
        yield made(project, state, _weighed(project, actions, scale, notes), notes=notes)
    else:
        yield from (untouched(project, note) for note in notes)


def _flag(declared: DeclaredScope, state: ScopeState, notes: list[str]) -> Iterator[Action]:
    if declared.limit is None:
        notes.append(f"what {declared.limit_at} declares as the limit is no boolean")
    elif declared.limit != state.inbound:
        yield Action(
            operation="set-inbound",
            value=declared.limit,
            reason=f"declared at {declared.limit_at}",
        )


def _lists(
    project: Project, scope: Scope, declared: DeclaredScope, names: _Names, notes: list[str]
) -> Iterator[Action]:
    there = {entry.key for entry in scope.entries}
    wanted: set[str] = set()
    for kind in KINDS:
        for name in declared.names(kind) or ():
            entry = names.find(name)
            if entry is None:
                notes.append(
                    f"the {kind} {name.name} of {name.at} is not in the snapshot, or not visible:"
                    " it is not added"
                )
            elif entry.key not in wanted and entry.key != f"project:{project.id}":
                wanted.add(entry.key)
                if entry.key not in there:
                    reason = f"declared at {name.at}"
                    yield Action(operation="add-entry", entry=entry, reason=reason)
    if any(declared.names(kind) is None for kind in KINDS):
        notes.append(f"a list of {declared.at} cannot be read, so nothing is removed")
    elif declared.enforce:
        named = {name.key for kind in KINDS for name in declared.names(kind) or ()}
        for old in entries_of(scope, project):
            if (
                old.key not in wanted
                and f"{old.kind}:{(old.target_path or '').lower()}" not in named
            ):
                yield removal(old, f"not declared, and {declared.enforce_at} enforces the list")


def _weighed(
    project: Project, actions: list[Action], scale: _Scale, notes: list[str]
) -> list[Action]:
    """Mark as unsafe what gives access, and what takes it from an origin that came."""
    proof = prove(project, scale.after(project, ordered(actions)), scale.worlds)
    if proof.loses:
        names = ", ".join(proof.loses[:_SHOWN])
        more = f" and {len(proof.loses) - _SHOWN} more" if len(proof.loses) > _SHOWN else ""
        notes.append(f"origins of the log lose access: {names}{more}")
    if proof.own.loses:
        notes.append("the project's own jobs lose access by its own entry's permissions")
    lost = bool(proof.loses) or project.scope is None or project.scope.uses is None
    return [
        action.model_copy(update={"safe": _is_safe(_effect(project, action, scale), lost=lost)})
        for action in actions
    ]


def _is_safe(effect: Change, *, lost: bool) -> bool:
    """Tell whether an action alone gives nobody access, and the whole takes none that was used.

    `lost`: a logged origin loses access, or no log says that none does.
    """
    return not effect.gains and not (effect.loses and lost)


def _effect(project: Project, action: Action, scale: _Scale) -> Change:
    """Return what an action alone does to those it concerns: its entry's origins, or everybody."""
    then = scale.after(project, [action])
    if action.entry is None:
        proof = prove(project, then, scale.worlds)
        return Change(gains=bool(proof.gains), loses=proof.narrows or proof.own.loses)
    entry = next(
        each
        for found in (project, then)
        for each in (found.scope.entries if found.scope else ())
        if each.key == action.entry.key
    )
    one, own = (change(project, then, each, scale.worlds) for each in (of_entry(entry), project))
    return one | own
