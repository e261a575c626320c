"""What actions make of a project's state: a pure model, as strict as GitLab is.

Plans are proved on it, and an `apply` that was done is compared with it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, TypeVar

from scopelint.model import GROUP_PLACES, PROJECT_PLACES, AllowlistEntry, Scope
from scopelint.repair.plan_file import Action, EntryState, ScopeState

_E = TypeVar("_E", bound=AllowlistEntry | EntryState)
PLACES = {"group": GROUP_PLACES, "project": PROJECT_PLACES}
"""Entries that a project can hold, by kind."""


class ImpossibleError(ValueError):
    """An action that GitLab would refuse in this state."""


def applied(scope: Scope, actions: Iterable[Action], *, enforced: bool | None = None) -> Scope:
    """Return the scope after these actions, in their order.

    `enforced` tells whether the instance makes every project restricted; where it is None a limit
    that is switched off leaves the effective flag unknown. What GitLab itself makes (age, author)
    is None for new entries. Raise ImpossibleError for what GitLab would refuse: an entry that is
    there twice, one that is not there, one more than there are places.
    """
    for action in actions:
        scope = _scope_after(scope, action, enforced)
    return scope


def state_after(state: ScopeState, actions: Iterable[Action]) -> ScopeState:
    """Return the state after these actions, in their order; raise ImpossibleError as `applied`."""
    for action in actions:
        state = _state_after(state, action)
    return state


_SETTINGS: Final = {
    "set-push": "push",
    "set-cross-project-push": "cross_project_push",
    "set-outbound": "outbound",
}


def _scope_after(scope: Scope, action: Action, enforced: bool | None) -> Scope:
    if action.operation == "set-inbound":
        return _limit(scope, enforced, on=bool(action.value))
    if action.operation in _SETTINGS:
        return _set(scope, _SETTINGS[action.operation], on=bool(action.value))
    entry = _entry(action)
    if action.operation == "remove-outbound-entry":
        if scope.outbound_entries is None:
            raise ImpossibleError("the outbound entries are not known")
        return replace(scope, outbound_entries=_without(scope.outbound_entries, entry))
    rows = scope.entries
    if action.operation == "add-entry":
        return replace(scope, entries=_with(rows, _made(entry)))
    if action.operation == "remove-entry":
        return replace(scope, entries=_without(rows, entry))
    return replace(scope, entries=_changed(rows, entry, lambda old: _permitting(old, entry)))


def _state_after(state: ScopeState, action: Action) -> ScopeState:
    if action.entry is None:
        setting = _SETTINGS.get(action.operation, "inbound")
        return state.model_copy(update={setting: bool(action.value)})
    entry = action.entry
    if action.operation == "remove-outbound-entry":
        left = _without(state.outbound_entries, entry)
        return state.model_copy(update={"outbound_entries": left})
    if action.operation == "add-entry":
        rows = _with(state.entries, entry)
    elif action.operation == "remove-entry":
        rows = _without(state.entries, entry)
    else:
        rows = _changed(state.entries, entry, lambda _: entry)
    return state.model_copy(update={"entries": rows})


def _set(scope: Scope, name: str, *, on: bool) -> Scope:
    settings: dict[str, Any] = {name: on}
    return replace(scope, **settings)


def _limit(scope: Scope, enforced: bool | None, *, on: bool) -> Scope:
    effective: bool | None = on
    if not on:
        # What an own flag that was off already stood for is what it stands for now.
        known = scope.inbound_effective if scope.inbound_own is False else None
        effective = enforced if enforced is not None else known
    return replace(scope, inbound_own=on, inbound_effective=effective)


def _entry(action: Action) -> EntryState:
    if action.entry is None:
        raise ImpossibleError(f"{action.operation} names no entry")
    return action.entry


def _made(entry: EntryState) -> AllowlistEntry:
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
    return tuple(sorted((*entries, new), key=_place))


def _place(entry: AllowlistEntry | EntryState) -> tuple[str, int]:
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
