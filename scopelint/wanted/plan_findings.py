"""What a plan brings and fixes in findings, and which of its actions need to be asked for.

A plan is judged before it is written: the same rules over the snapshot as it is, and over the
snapshot with the plan laid over it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scopelint.finding import Finding, Severity, State
from scopelint.repair.held_back import Held, marked, only_safe
from scopelint.repair.plan_file import (
    Action,
    ChangedFinding,
    FindingChangesOfPlan,
    Plan,
    ProjectPlan,
)
from scopelint.wanted.comparison import Judging, changed_findings
from scopelint.wanted.from_plan import wanted_by_plan

if TYPE_CHECKING:
    from scopelint.diff.changes import FindingChanges
    from scopelint.engine import FailOn
    from scopelint.repair.safety import Assumptions
    from scopelint.snapshot import Inventory, Source


def judged_plan(
    plan: Plan,
    snapshot: "tuple[Source, Inventory]",
    judging: Judging,
    assumptions: "Assumptions",
    *,
    fail_on: "FailOn",
    unsafe: bool,
) -> Plan:
    """Return a plan with what it brings and fixes in findings (`Plan.findings`).

    An action that brings a new finding at or above `fail_on` is not safe. Without `unsafe` the plan
    returned holds safe actions alone: what else was planned is named among its notes and skipped
    projects. `snapshot` is the source and its inventory, that the plan was made for.
    """
    source, inventory = snapshot
    if not unsafe:
        plan = only_safe(plan, inventory, assumptions, {})
    while True:
        wanted = wanted_by_plan(plan, inventory, "the plan")
        found = changed_findings(source, inventory, wanted, judging)
        held = dict(_held(plan, found, fail_on))
        if not held:
            break
        plan = marked(plan, held)
        if unsafe:
            break
        plan = only_safe(plan, inventory, assumptions, held)
    return plan.model_copy(update={"findings": _of_plan(found)})


def _held(plan: Plan, found: "FindingChanges", fail_on: "FailOn") -> Iterator[tuple[Held, str]]:
    """Yield the safe actions that bring a gating finding, each with the finding in words.

    Actions that are marked already are passed over.
    """
    parts = {part.id: part for part in plan.projects}
    reasons: dict[Held, str] = {}
    for finding in found.new:
        if not _gates(finding, fail_on):
            continue
        part = parts.get(finding.project.id) if finding.project else None
        why = f"it brings {finding.rule} ({finding.severity})"
        for one, action in _bringing(finding, part, plan):
            if action.safe:
                reasons.setdefault((one.id, action.operation, _key(action)), why)
    yield from reasons.items()


def _gates(finding: Finding, fail_on: "FailOn") -> bool:
    known = fail_on != "never" and finding.state is State.NEW
    return known and finding.severity.reaches(Severity(fail_on))


def _bringing(
    finding: Finding, part: ProjectPlan | None, plan: Plan
) -> list[tuple[ProjectPlan, Action]]:
    """Return the actions that may bring a finding, each with its project: as few as can be told."""
    parts = plan.projects if part is None else (part,)
    every = [(one, action) for one in parts for action in one.actions]
    entry = finding.entry
    for group in (
        [(one, a) for one, a in every if entry and a.entry and _is_of(a, entry.kind, entry.id)],
        [(one, a) for one, a in every if not a.operation.startswith("remove-")],
    ):
        if group:
            return group
    return every


def _is_of(action: Action, kind: str, number: int | None) -> bool:
    return action.entry is not None and (action.entry.kind, action.entry.id) == (kind, number)


def _key(action: Action) -> str:
    return action.entry.key if action.entry is not None else ""


def _of_plan(found: "FindingChanges") -> FindingChangesOfPlan:
    return FindingChangesOfPlan(
        new=tuple(map(_record, found.new)),
        fixed=tuple(map(_record, found.fixed)),
        unknown=tuple(map(_record, found.unknown)),
    )


def _record(finding: Finding) -> ChangedFinding:
    return ChangedFinding(
        rule=finding.rule,
        severity=finding.severity.value,
        project=finding.project.path if finding.project else None,
        message=finding.message,
        fingerprint=finding.fingerprint,
    )
