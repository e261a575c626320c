"""A scopelint plan as a wanted state: what GitLab has once `apply` has done it."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scopelint.declared import DeclaredAt
from scopelint.errors import UsageError
from scopelint.repair.plan_file import (
    Action,
    EntryState,
    Plan,
    ProjectPlan,
    SkippedProject,
    load_plan,
)
from scopelint.repair.planning import state_of
from scopelint.wanted.state import (
    LeftAlone,
    NotKnown,
    Setting,
    WantedEntry,
    WantedProject,
    WantedSetting,
    WantedState,
)

if TYPE_CHECKING:
    from scopelint.snapshot import Inventory

_SETTINGS: Final[dict[str, Setting]] = {
    "set-inbound": "inbound_own",
    "set-outbound": "outbound",
    "set-push": "push",
    "set-cross-project-push": "cross_project_push",
}
_OPERATION: Final = re.compile(r'(?<!\\)"operation"\s*:')
"""An action's first key in a plan's text; in a string its quotes would be escaped."""
_AT_ONCE: Final = 500


def lines_of_actions(text: str, plan: Plan) -> list[int]:
    """Return the line (from 1) of every action of a plan's text, in its order.

    Raises UsageError where the text has a key twice, so that nobody can tell which one counts.
    """
    ends = [match.start() for match in re.finditer("\n", text)]
    found = [bisect_right(ends, match.start()) + 1 for match in _OPERATION.finditer(text)]
    number = sum(len(part.actions) for part in plan.projects)
    if len(found) != number + len(plan.left):
        raise UsageError("the plan names an operation twice", hint="Make the plan anew.")
    # What was left out of the plan has operations too; `left` stands behind `projects`.
    return found[:number]


def wanted_by_plan(
    plan: Plan, inventory: "Inventory", source: str, text: str | None = None
) -> WantedState:
    """Return what a plan makes of the projects of an inventory.

    `source` names the plan in messages; `text` is its file's, for the lines of its actions. A
    project that moved since the plan was made, or that cannot be planned for, stays as it is, as
    `apply` leaves it. Raises UsageError where the plan is of another instance.
    """
    if plan.instance != inventory.scan.instance:
        raise UsageError(
            f"{source} is a plan for {plan.instance}, and the snapshot is of"
            f" {inventory.scan.instance}",
            hint="Make the plan from this snapshot.",
        )
    lines = iter(lines_of_actions(text, plan) if text is not None else [])
    places = {
        part.id: [DeclaredAt(source, next(lines, 1)) for _ in part.actions]
        for part in plan.projects
    }
    if len(places) != len(plan.projects):
        raise UsageError(f"{source} names a project twice", hint="Make the plan anew.")
    found: dict[int, WantedProject] = {}
    left: list[LeftAlone] = []
    unknown: list[NotKnown] = []
    for part, reason, read in _states(plan, inventory):
        if not read:
            unknown.append(NotKnown(part.path, reason, places[part.id][0]))
        elif reason:
            left.append(LeftAlone(part.path, reason))
        else:
            found[part.id] = _Part(part, places[part.id], inventory).wanted()
    return WantedState("plan", source, found, tuple(left), tuple(unknown))


def _states(plan: Plan, inventory: "Inventory") -> Iterator[tuple[ProjectPlan, str, bool]]:
    """Yield each part of a plan, why it is not done, empty where it is, and whether it was read."""
    for start in range(0, len(plan.projects), _AT_ONCE):
        parts = plan.projects[start : start + _AT_ONCE]
        projects = {each.id: each for each in inventory.projects([part.id for part in parts])}
        for part in parts:
            project = projects.get(part.id)
            if project is None:
                yield part, "the snapshot does not hold it", False
                continue
            if project.scope is None:
                yield part, "its scope was not read", False
                continue
            state = state_of(project)
            if isinstance(state, SkippedProject):
                yield part, state.reason, True
            elif state.digest != part.digest:
                yield part, "it is no longer as the plan saw it, so apply leaves it alone", True
            else:
                yield part, "", True


@dataclass(frozen=True, slots=True)
class _Part:
    part: ProjectPlan
    places: list[DeclaredAt]
    inventory: "Inventory"

    def wanted(self) -> WantedProject:
        settings: dict[Setting, WantedSetting] = {}
        entries: dict[str, WantedEntry] = {}
        removed: dict[str, WantedEntry] = {}
        outbound: list[WantedEntry] = []
        for action, at in zip(self.part.actions, self.places, strict=True):
            if action.entry is None:
                settings[_SETTINGS[action.operation]] = WantedSetting(bool(action.value), at)
                continue
            entry = self._entry(action.entry, at)
            if action.operation == "remove-outbound-entry":
                outbound.append(entry)
            elif action.operation == "remove-entry":
                entries.pop(entry.key, None)
                removed[entry.key] = entry
            else:
                removed.pop(entry.key, None)
                entries[entry.key] = replace(entry, permissions=_permissions(action))
        return WantedProject(
            self.part.id,
            self.part.path,
            self.places[0],
            settings,
            tuple(entries.values()),
            tuple(removed.values()),
            removed_outbound=tuple(outbound),
        )

    def _entry(self, entry: EntryState, at: DeclaredAt) -> WantedEntry:
        # A target may have moved since the plan was made.
        path = self.inventory.path_of(entry.kind, entry.id) or entry.path
        return WantedEntry(entry.kind, entry.id, path, at)


def _permissions(action: Action) -> tuple[bool, tuple[str, ...]]:
    entry = action.entry
    assert entry is not None  # noqa: S101 - only actions on entries come here
    return entry.default_permissions, tuple(sorted(entry.policies))


def read_plan(path: Path, inventory: "Inventory") -> WantedState:
    """Read a plan's file and return what it makes of an inventory; raises UsageError."""
    plan = load_plan(path)
    return wanted_by_plan(plan, inventory, str(path), path.read_text(encoding="utf-8-sig"))
