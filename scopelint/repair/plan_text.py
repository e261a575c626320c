"""A plan as lines for a reader: + what is added, ~ what is changed, - what is removed, and why."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from scopelint.repair.plan_file import Action, EntryState, Plan, ProjectPlan

SIGNS: Final = {"add-entry": "+", "remove-entry": "-", "remove-outbound-entry": "-"}
"""The sign of each operation; all others are changes, `~`."""
_SETTINGS: Final = {
    "set-inbound": "limit access to this project",
    "set-outbound": "limit access from this project (deprecated)",
    "set-push": "push by the project's own jobs",
    "set-cross-project-push": "push by jobs of allowlisted projects",
}
_SHOWN: Final = 5


def lines(plan: Plan) -> Iterator[str]:
    """Yield the plan's lines: each project, what is not touched, what is lost, the totals."""
    for project in plan.projects:
        yield from _project(project)
        yield ""
    yield from _untouched(plan)
    if plan.removals:
        yield (
            "A removed entry's age, author and origin are GitLab's own: undo brings the entry back,"
            " not these."
        )
    yield totals(plan)


def sign(action: Action) -> str:
    """Return `+`, `-` or `~`."""
    return SIGNS.get(action.operation, "~")


def what(action: Action) -> str:
    """Return what an action changes, without its sign and reason."""
    if action.entry is None:
        on, off = ("on", "off") if action.value else ("off", "on")
        return f"{_SETTINGS[action.operation]}: {off} -> {on}"
    entry = f"{action.entry.kind} {action.entry.path}"
    if action.operation == "remove-outbound-entry":
        return f"outbound {entry}"
    if action.was is not None:
        return f"{entry}: {permits(action.was)} -> {permits(action.entry)}"
    return entry if action.entry.default_permissions else f"{entry} ({permits(action.entry)})"


def permits(entry: EntryState) -> str:
    """Return in words what an entry permits."""
    if entry.default_permissions:
        return "default permissions"
    return ", ".join(entry.policies) or "no permission"


def _project(project: ProjectPlan) -> Iterator[str]:
    sure = "" if project.confidence == "high" else f"  ({project.confidence} confidence)"
    yield f"{project.path}{sure}"
    for action in project.actions:
        warning = "" if action.safe else "  [unsafe]"
        yield f"  {sign(action)} {what(action)}{warning}"
        yield f"      {action.reason}"
    for note in project.notes:
        yield f"    note: {note}"


def _untouched(plan: Plan) -> Iterator[str]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for each in plan.untouched:
        by_reason[each.reason].append(each.path)
    if not by_reason:
        return
    number = len({each.id for each in plan.untouched})
    yield f"Not touched: {number} {'project' if number == 1 else 'projects'}"
    for reason in sorted(by_reason, key=lambda reason: (-len(by_reason[reason]), reason)):
        paths = by_reason[reason]
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        yield f"  {', '.join(paths[:_SHOWN])}{more}"
        yield f"      {reason}"
    yield ""


def totals(plan: Plan) -> str:
    """Return the last line: how many projects, and how much of what."""
    signs = Counter(sign(action) for project in plan.projects for action in project.actions)
    if not plan.projects:
        return "Plan: nothing to change."
    number = len(plan.projects)
    unsafe = sum(not action.safe for project in plan.projects for action in project.actions)
    return (
        f"Plan: {number} {'project' if number == 1 else 'projects'}:"
        f" {signs['+']} to add, {signs['~']} to change, {signs['-']} to remove"
        + (f" ({unsafe} unsafe)." if unsafe else ".")
    )
