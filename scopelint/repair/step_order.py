"""The order of a project's steps, so that no access is lost on the way, and which need which."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scopelint.paths import is_inside
from scopelint.repair.journal import Direction
from scopelint.repair.plan_file import Action
from scopelint.repair.plan_text import describe_action

_DEEPEST: Final = 10_000
"""More than the levels of any path."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """An action at its number in the plan."""

    index: int
    """The number of the plan's action among those of its project, from 0."""
    action: Action
    maybe_done: bool = False
    """Whether an earlier run may have done it already."""


def phase(action: Action, direction: Direction = "apply") -> int:
    """Return when an action is done: 0 for what gives access, 1 for settings, 2 for removals.

    An undo that switches the limit off does that before all else, as it lets everybody in again.
    """
    if action.entry is None:
        return (
            -1
            if direction == "undo" and action.operation == "set-inbound" and not action.value
            else 1
        )
    return 0 if action.operation in {"add-entry", "change-permissions"} else 2


def sort_steps(steps: Iterable[PlanStep], direction: Direction = "apply") -> list[PlanStep]:
    """Sort steps so that no access is lost on the way: add, change, switch, then remove.

    An undo adds projects first and wide groups last: an entry with few permissions is there again
    before a wider one could let its origins do more.
    """

    def position(step: PlanStep) -> tuple[int, bool, int, int]:
        entry, depth = step.action.entry, 0
        if direction == "undo" and step.action.operation == "add-entry" and entry is not None:
            depth = 1 - entry.path.count("/") if entry.kind == "group" else -_DEEPEST
        changes = step.action.operation == "change-permissions"
        return phase(step.action, direction), changes, depth, step.index

    return sorted(steps, key=position)


def depends_on(step: PlanStep, refused: PlanStep) -> bool:
    """Tell whether a later step is safe only after the refused one.

    Steps on entries of which one holds the other decide together who gets in. The limit goes on
    only once all who are to get in are on the list, and while it stays on nothing is taken from it.
    """
    entry, other = step.action.entry, refused.action.entry
    if refused.action.operation == "set-inbound" and not refused.action.value:
        return step.action.operation in {"remove-entry", "change-permissions"}
    if entry is None or other is None:
        return (
            other is not None and step.action.operation == "set-inbound" and bool(step.action.value)
        )
    return entry.key == other.key or any(
        wide.kind == "group" and is_inside(narrow.path, wide.path)
        for wide, narrow in ((entry, other), (other, entry))
    )


def goes_with(step: PlanStep, others: Iterable[PlanStep]) -> str | None:
    """Say with which of the others, that are not done, a step is not done either; None with none."""
    first = next((one for one in others if depends_on(step, one)), None)
    if first is None:
        return None
    return f"left, it goes with what is not done: {describe_action(first.action)}"
