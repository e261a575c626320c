"""What an action does to a project: to its state in a plan, and to its scope in the inventory.

A pure model, as strict as GitLab is. Plans are checked on it before they are written, `apply`
compares with it what GitLab shows afterwards, and `undo` takes its inverse actions.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from scopelint.model import GROUP_PLACES, PROJECT_PLACES, AllowlistEntry, Scope
from scopelint.repair.plan_file import Action, EntryState, ScopeState
from scopelint.versions import OUTBOUND_OFF_ONLY

_E = TypeVar("_E", bound=AllowlistEntry | EntryState)
PLACES: Final = {"group": GROUP_PLACES, "project": PROJECT_PLACES}
"""Entries that GitLab allows in a project's allowlist, by kind."""
SETTINGS: Final = {
    "set-inbound": "inbound",
    "set-push": "push",
    "set-cross-project-push": "cross_project_push",
    "set-outbound": "outbound",
}
"""The field of `ScopeState` that each operation on a setting changes."""

EntryPermissions = tuple[bool, tuple[str, ...]]
"""What an entry permits: whether it has default permissions, else its policies in order."""
Value = bool | EntryPermissions | None
"""The value that an action changes: a setting, an entry's permissions, None for no such entry."""


class ImpossibleError(ValueError):
    """An action that GitLab would refuse in this state."""


def scope_after(scope: Scope, actions: Iterable[Action], *, enforced: bool | None = None) -> Scope:
    """Return the scope after these actions, in their order.

    `enforced` tells whether the instance makes every project restricted; where it is None, a limit
    that is switched off leaves the effective flag unknown. What GitLab itself fills in (age,
    author) is None for new entries.

    Raises ImpossibleError for what GitLab would refuse: adding an entry that is there, changing or
    removing one that is not, and exceeding the places for a kind.
    """
    for action in actions:
        scope = _scope_after(scope, action, enforced)
    return scope


def state_after(state: ScopeState, actions: Iterable[Action]) -> ScopeState:
    """Return the state after these actions, in their order.

    Raises ImpossibleError as `scope_after` does.
    """
    for action in actions:
        state = _state_after(state, action)
    return state


def subject(action: Action) -> str:
    """Return what an action changes: a setting's name, or an entry's direction and key."""
    if action.entry is None:
        return SETTINGS[action.operation]
    direction = "outbound " if action.operation == "remove-outbound-entry" else ""
    return f"{direction}{action.entry.key}"


def current_value(state: ScopeState, action: Action) -> Value:
    """Return the value that a state has for what an action changes."""
    if action.entry is None:
        return bool(getattr(state, SETTINGS[action.operation]))
    return entry_permissions(find_entry(state, action))


def value_before(action: Action) -> Value:
    """Return the value that an action expects before it is done."""
    if action.value is not None:
        return not action.value
    if action.operation == "add-entry":
        return None
    return entry_permissions(action.was if action.was is not None else action.entry)


def value_after(action: Action) -> Value:
    """Return the value that an action leads to."""
    if action.value is not None:
        return action.value
    if action.operation in {"remove-entry", "remove-outbound-entry"}:
        return None
    return entry_permissions(action.entry)


def find_entry(state: ScopeState, action: Action) -> EntryState | None:
    """Return the entry of a state that an action is about, None where the state has none."""
    outbound = action.operation == "remove-outbound-entry"
    entries = state.outbound_entries if outbound else state.entries
    wanted = action.entry.key if action.entry is not None else ""
    return next((entry for entry in entries if entry.key == wanted), None)


def entry_permissions(entry: EntryState | None) -> EntryPermissions | None:
    """Return what an entry permits, None for no entry."""
    if entry is None:
        return None
    return entry.default_permissions, tuple(sorted(entry.policies))


OUTBOUND_ENDS: Final = f"since GitLab {OUTBOUND_OFF_ONLY} the outbound limit cannot be switched on, nor its list extended"
"""Why what is taken away of the outbound limit does not come back."""


def inverse(action: Action) -> Action | None:
    """Return the action that undoes one; None where GitLab offers no way back.

    `OUTBOUND_ENDS` says why there may be none.
    """
    reason = "undo"
    if action.operation == "remove-outbound-entry":
        return None
    if action.value is not None:
        if action.operation == "set-outbound" and not action.value:
            return None
        return Action(operation=action.operation, value=not action.value, reason=reason)
    if action.operation == "change-permissions":
        return Action(
            operation="change-permissions", entry=action.was, was=action.entry, reason=reason
        )
    back = "remove-entry" if action.operation == "add-entry" else "add-entry"
    return Action(operation=back, entry=action.entry, reason=reason)


def additions_fit(state: ScopeState, actions: Sequence[Action]) -> bool:
    """Tell whether all entries fit into GitLab's places, even before anything is removed."""
    keys = {entry.key for entry in state.entries}
    keys |= {a.entry.key for a in actions if a.operation == "add-entry" and a.entry}
    return all(sum(k.startswith(kind) for k in keys) <= most for kind, most in PLACES.items())


def _scope_after(scope: Scope, action: Action, enforced: bool | None) -> Scope:
    if action.operation == "set-inbound":
        return _with_limit(scope, enforced, on=bool(action.value))
    if action.operation in SETTINGS:
        return _with_setting(scope, SETTINGS[action.operation], on=bool(action.value))
    entry = _entry(action)
    if action.operation == "remove-outbound-entry":
        if scope.outbound_entries is None:
            raise ImpossibleError("the outbound entries are not known")
        return replace(scope, outbound_entries=_without(scope.outbound_entries, entry))
    entries = scope.entries
    if action.operation == "add-entry":
        return replace(scope, entries=_with(entries, _new_entry(entry)))
    if action.operation == "remove-entry":
        return replace(scope, entries=_without(entries, entry))
    return replace(scope, entries=_changed(entries, entry, lambda old: _permitting(old, entry)))


def _state_after(state: ScopeState, action: Action) -> ScopeState:
    if action.entry is None:
        return state.model_copy(update={SETTINGS[action.operation]: bool(action.value)})
    entry = action.entry
    if action.operation == "remove-outbound-entry":
        left = _without(state.outbound_entries, entry)
        return state.model_copy(update={"outbound_entries": left})
    if action.operation == "add-entry":
        entries = _with(state.entries, entry)
    elif action.operation == "remove-entry":
        entries = _without(state.entries, entry)
    else:
        entries = _changed(state.entries, entry, lambda _: entry)
    return state.model_copy(update={"entries": entries})


def _with_setting(scope: Scope, name: str, *, on: bool) -> Scope:
    settings: dict[str, Any] = {name: on}
    return replace(scope, **settings)


def _with_limit(scope: Scope, enforced: bool | None, *, on: bool) -> Scope:
    effective: bool | None = on
    if not on:
        # An own flag that was off already leaves the effective flag what it was.
        known = scope.inbound_effective if scope.inbound_own is False else None
        effective = enforced if enforced is not None else known
    return replace(scope, inbound_own=on, inbound_effective=effective)


def _entry(action: Action) -> EntryState:
    if action.entry is None:
        raise ImpossibleError(f"{action.operation} names no entry")
    return action.entry


def _new_entry(entry: EntryState) -> AllowlistEntry:
    return AllowlistEntry(
        entry.kind,
        entry.id,
        entry.path,
        entry.default_permissions,
        tuple(sorted(entry.policies)),
        autopopulated=False,
    )


def _permitting(old: AllowlistEntry, new: EntryState) -> AllowlistEntry:
    return replace(
        old, default_permissions=new.default_permissions, policies=tuple(sorted(new.policies))
    )


def _with(entries: tuple[_E, ...], new: _E) -> tuple[_E, ...]:
    if any(entry.key == new.key for entry in entries):
        raise ImpossibleError(f"{new.key} is already in the allowlist")
    if sum(entry.kind == new.kind for entry in entries) >= PLACES[new.kind]:
        raise ImpossibleError(f"the allowlist has no place left for a {new.kind}")
    return tuple(sorted((*entries, new), key=_order))


def _order(entry: AllowlistEntry | EntryState) -> tuple[str, int]:
    number = entry.target_id if isinstance(entry, AllowlistEntry) else entry.id
    return entry.kind, number or 0


def _without(entries: tuple[_E, ...], old: EntryState) -> tuple[_E, ...]:
    left = tuple(entry for entry in entries if entry.key != old.key)
    if len(left) == len(entries):
        raise ImpossibleError(f"{old.key} is not in the allowlist")
    return left


def _changed(
    entries: tuple[_E, ...], new: EntryState, change: Callable[[_E], _E]
) -> tuple[_E, ...]:
    if not any(entry.key == new.key for entry in entries):
        raise ImpossibleError(f"{new.key} is not in the allowlist")
    return tuple(change(entry) if entry.key == new.key else entry for entry in entries)
