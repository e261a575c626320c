"""What actions change in a state, what undoes them, and where two states differ.

The state that actions make of another one is in `effect`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from scopelint.repair.effect import PLACES
from scopelint.repair.plan_file import Action, EntryState, ScopeState

_PHASES: Final = {"add-entry": 0, "change-permissions": 0, "remove-entry": 2}
_FLAGS: Final = {
    "set-inbound": "inbound",
    "set-push": "push",
    "set-cross-project-push": "cross_project_push",
    "set-outbound": "outbound",
}
LABELS: Final = {
    "set-inbound": "limit",
    "set-push": "push setting",
    "set-cross-project-push": "cross-project push setting",
    "set-outbound": "outbound setting",
}
"""What people call what a flag's action switches."""

Row = tuple[bool, tuple[str, ...]]
"""What an entry permits, as far as a plan can change it."""
Value = bool | Row | None
"""The value of what an action changes: a flag, an entry, None for an entry that is not there."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """An action at its number in the plan. `doubted`: an earlier try may have done it already."""

    index: int
    action: Action
    doubted: bool = False


def phase(action: Action) -> int:
    """Return when an action's turn is: 0 for what opens, 1 for settings, 2 for what removes."""
    if action.operation in _FLAGS:
        return 1
    return _PHASES.get(action.operation, 2)


def in_order(steps: Iterable[PlanStep]) -> list[PlanStep]:
    """Sort steps so that no access is lost on the way: add, change, switch, then remove."""
    return sorted(steps, key=lambda step: (phase(step.action), _is_change(step.action), step.index))


def _is_change(action: Action) -> bool:
    return action.operation == "change-permissions"


def subject(action: Action) -> str:
    """Return what an action changes: a setting's name, or an entry's key and direction."""
    if action.entry is None:
        return _FLAGS[action.operation]
    direction = "outbound " if action.operation == "remove-outbound-entry" else ""
    return f"{direction}{action.entry.key}"


def value(state: ScopeState, action: Action) -> Value:
    """Return the value that a state has for what an action changes."""
    if action.entry is None:
        return bool(getattr(state, _FLAGS[action.operation]))
    return _row(find(state, action))


def find(state: ScopeState, action: Action) -> EntryState | None:
    """Return the entry of a state that an action is about."""
    outbound = action.operation == "remove-outbound-entry"
    entries = state.outbound_entries if outbound else state.entries
    wanted = action.entry.key if action.entry is not None else ""
    return next((entry for entry in entries if entry.key == wanted), None)


def _row(entry: EntryState | None) -> Value:
    if entry is None:
        return None
    return entry.default_permissions, tuple(sorted(entry.policies))


def value_before(action: Action) -> Value:
    """Return the value that an action finds."""
    if action.value is not None:
        return not action.value
    if action.operation == "add-entry":
        return None
    return _row(action.was if action.was is not None else action.entry)


def value_after(action: Action) -> Value:
    """Return the value that an action leaves."""
    if action.value is not None:
        return action.value
    if action.operation in {"remove-entry", "remove-outbound-entry"}:
        return None
    return _row(action.entry)


def inverse(action: Action) -> Action | None:
    """Return the action that undoes one; None for what GitLab lets nobody bring back.

    Since 16.0 the outbound setting cannot be switched on nor its entries be added
    (doc/update/deprecations.md).
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


def fits(state: ScopeState, actions: Sequence[Action]) -> bool:
    """Tell whether the entries fit in GitLab's places even before anything is removed."""
    keys = {entry.key for entry in state.entries}
    keys |= {a.entry.key for a in actions if a.operation == "add-entry" and a.entry}
    return all(sum(k.startswith(kind) for k in keys) <= most for kind, most in PLACES.items())


def differences(planned: ScopeState, found: ScopeState) -> list[str]:
    """Say in words where the found state is not the planned one."""
    words = []
    for operation, name in _FLAGS.items():
        one, other = getattr(planned, name), getattr(found, name)
        if one != other:
            words.append(f"the {LABELS[operation]} is {_on(other)}, not {_on(one)}")
    words += _rows("", planned.entries, found.entries)
    words += _rows("outbound ", planned.outbound_entries, found.outbound_entries)
    return words


def _on(flag: bool) -> str:
    return "on" if flag else "off"


def _rows(kind: str, planned: Sequence[EntryState], found: Sequence[EntryState]) -> list[str]:
    one, other = {entry.key: entry for entry in planned}, {entry.key: entry for entry in found}
    words = []
    for key in sorted(one.keys() | other.keys()):
        if key not in other:
            words.append(f"the {kind}entry {_name(one[key])} is gone")
        elif key not in one:
            words.append(f"the {kind}entry {_name(other[key])} is new")
        elif _row(one[key]) != _row(other[key]):
            words.append(f"the {kind}entry {_name(other[key])} permits something else")
    return words


def _name(entry: EntryState) -> str:
    return f"{entry.kind} {entry.path}"


def in_words(action: Action) -> str:
    """Say what an action does."""
    entry = action.entry
    if entry is None:
        return f"switch the {LABELS[action.operation]} {_on(bool(action.value))}"
    if entry.default_permissions:
        permits = "default permissions"
    else:
        permits = ", ".join(entry.policies) or "no permission"
    match action.operation:
        case "add-entry":
            return f"add {_name(entry)} ({permits})"
        case "change-permissions":
            return f"change {_name(entry)} to {permits}"
        case "remove-outbound-entry":
            return f"remove the outbound entry {_name(entry)}"
        case _:
            return f"remove {_name(entry)}"
