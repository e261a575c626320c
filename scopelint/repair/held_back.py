"""What a plan may not do unasked: its actions that are not safe, held back with the reason."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from scopelint.model import Project
from scopelint.repair.plan_file import Action, Plan, ProjectPlan, SkippedProject
from scopelint.repair.plan_text import describe_action
from scopelint.repair.planning import project_after, skipped
from scopelint.repair.safety import Assumptions, check_safety

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

Held = tuple[int, str, str]
"""An action of a plan: its project's id, its operation, its entry's key or an empty text."""
NEEDS_UNSAFE: Final = "needs --unsafe: "
"""How the reason begins why an action was held back."""
_GIVES: Final = "it gives access, or takes access that may be used"
_SHOWN: Final = 5
"""Actions that a reason names."""
_AT_ONCE: Final = 500


def marked(plan: Plan, held: Mapping[Held, str]) -> Plan:
    """Return the plan with these actions marked as not safe."""
    parts = tuple(
        part.model_copy(
            update={
                "actions": tuple(
                    action.model_copy(
                        update={"safe": action.safe and not _is_in(part, action, held)}
                    )
                    for action in part.actions
                )
            }
        )
        for part in plan.projects
    )
    return plan.model_copy(update={"projects": parts, "unsafe": plan.unsafe or bool(held)})


def only_safe(
    plan: Plan, inventory: "Inventory", assumptions: Assumptions, held: Mapping[Held, str]
) -> Plan:
    """Return the plan without the actions that are not safe; `held` says why some are not.

    The others of a project stay where they are safe without these, and else the project is skipped.
    """
    parts: list[ProjectPlan] = []
    left: list[SkippedProject] = []
    projects = _projects(plan, inventory)
    for part in plan.projects:
        if all(action.safe for action in part.actions):
            parts.append(part)
            continue
        reason = NEEDS_UNSAFE + _named(part, held)
        rest = tuple(action for action in part.actions if action.safe)
        project = projects[part.id]
        if rest and _is_safe(project, rest, inventory, assumptions):
            notes = (*part.notes, skipped(project, reason).reason)
            parts.append(part.model_copy(update={"actions": rest, "notes": notes}))
        else:
            left.append(skipped(project, reason))
    order = sorted((*plan.skipped, *left), key=lambda one: (one.path, one.id, one.reason))
    return plan.model_copy(
        update={"projects": tuple(parts), "skipped": tuple(order), "unsafe": False}
    )


def _projects(plan: Plan, inventory: "Inventory") -> dict[int, Project]:
    """Return the projects of a plan that hold an action which is not safe."""
    ids = [part.id for part in plan.projects if not all(action.safe for action in part.actions)]
    found = (
        project
        for start in range(0, len(ids), _AT_ONCE)
        for project in inventory.projects(ids[start : start + _AT_ONCE])
    )
    return {project.id: project for project in found}


def _named(part: ProjectPlan, held: Mapping[Held, str]) -> str:
    """Name the actions that are not safe, each with why."""
    texts = list(_texts(part, held))
    more = f", and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def _texts(part: ProjectPlan, held: Mapping[Held, str]) -> Iterator[str]:
    for action in part.actions:
        if not action.safe:
            why = held.get((part.id, action.operation, _key(action)), _GIVES)
            yield f"{describe_action(action)} ({why})"


def _is_safe(
    project: Project,
    actions: tuple[Action, ...],
    inventory: "Inventory",
    assumptions: Assumptions,
) -> bool:
    enforced = {"on": True, "off": False}.get(inventory.scan.enforcement)
    later = project_after(project, actions, enforced=enforced)
    return check_safety(project, later, assumptions).safe


def _is_in(part: ProjectPlan, action: Action, held: Mapping[Held, str]) -> bool:
    return (part.id, action.operation, _key(action)) in held


def _key(action: Action) -> str:
    return action.entry.key if action.entry is not None else ""
