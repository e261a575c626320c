"""Applies a plan: only where nothing was changed since, journaled, and read back.

A project whose state is not the plan's any more is left as it is; the others go on.
"""

import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from scopelint.collect.current_state import CurrentState
from scopelint.errors import UsageError
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.write import Writer
from scopelint.progress import Listener
from scopelint.repair.actions import (
    OUTBOUND_ENDS,
    additions_fit,
    current_value,
    state_after,
    subject,
    value_after,
    value_before,
)
from scopelint.repair.irreversible import UndoLimits
from scopelint.repair.journal import (
    Journal,
    JournaledWrite,
    ProjectLog,
    WriteOutcome,
    plan_digest,
)
from scopelint.repair.plan_file import Action, Plan, ProjectPlan, ScopeState
from scopelint.repair.plan_text import describe_action, describe_differences
from scopelint.repair.pool import ProjectResults, Task, run_tasks
from scopelint.repair.recheck import Doubts, rests_on_log, visible_targets
from scopelint.repair.safety import Assumptions
from scopelint.repair.step_order import PlanStep
from scopelint.repair.step_runner import ProjectResult, StepRunner, StoppedError
from scopelint.versions import parse_version


def check_plan(plan: Plan, *, max_removals: int, max_projects: int) -> None:
    """Raise UsageError for a plan that must not be applied; GitLab is not asked.

    A plan is data that anybody may have edited: its actions must follow from the states beside
    them, and must not change a project's own entry.
    """
    if len(plan.projects) > max_projects:
        raise UsageError(
            f"the plan changes {len(plan.projects)} projects, and --max-projects is {max_projects}",
            hint="Review the plan; then apply it in parts, or give a larger --max-projects.",
        )
    if plan.removals > max_removals:
        raise UsageError(
            f"the plan removes {plan.removals} entries, and --max-removals is {max_removals}",
            hint="Review the plan; then apply it in parts, or give a larger --max-removals.",
        )
    [(most, times)] = Counter(project.id for project in plan.projects).most_common(1) or [(0, 0)]
    if times > 1:
        raise UsageError(f"the plan names project {most} {times} times")
    for project in plan.projects:
        faults = [fault for action in project.actions if (fault := _fault(project, action))]
        subjects = Counter(subject(action) for action in project.actions)
        faults += [f"two actions for {name}" for name, count in subjects.items() if count > 1]
        if not additions_fit(project.before, project.actions):
            faults.append(
                "with what it adds there would be more than 200 entries of a kind before any is"
                " removed: remove some first, with another plan"
            )
        if not plan.unsafe and not all(action.safe for action in project.actions):
            faults.append("an unsafe action in a plan that was not made with --unsafe")
        if faults:
            raise UsageError(f"the plan cannot be applied: {project.path}: {faults[0]}")


def check_irreversible(plan: Plan, current: CurrentState, *, allowed: bool) -> None:
    """Raise UsageError for what GitLab would refuse, or no undo would bring back unless `allowed`.

    The token that applies a plan may see less than the one that collected for it: GitLab is asked
    which targets of the plan's removals it shows now. Raises a GitLabError for what ends the run.
    """
    version = parse_version(current.caps.version_text)
    seen = visible_targets(plan, current, "remove-entry")
    limits = UndoLimits(version, lambda kind, number: number in seen[kind])
    final: list[str] = []
    for path, action in ((one.path, action) for one in plan.projects for action in one.actions):
        if action.operation == "add-entry":
            continue  # That holds up its own project alone: see `_apply`.
        what = f"{path}: {describe_action(action)}"
        if why := limits.why_refused(action):
            raise UsageError(f"the plan cannot be applied: {what}: {why}")
        # Whether the instance enforces the limit is in the plan alone.
        if why := limits.why_final(action, enforced=False) or action.irreversible:
            final.append(f"{what}: {why}")
    if final and not allowed:
        more = f", and {len(final) - 1} more" if final[1:] else ""
        raise UsageError(
            f"no undo would bring this back: {final[0]}{more}",
            hint="Look the plan over; then give --irreversible, or plan again without it.",
        )


def _fault(project: ProjectPlan, action: Action) -> str | None:
    entry = action.entry
    if entry is not None and entry.key == f"project:{project.id}":
        return "it changes the project's own entry"
    if action.operation == "set-outbound" and action.value:
        return OUTBOUND_ENDS
    if action.was is not None and entry is not None and action.was.key != entry.key:
        return f"{describe_action(action)} names another entry as the one before"
    if current_value(project.before, action) != value_before(action):
        return f"{describe_action(action)} does not follow from the state beside it"
    return None


def new_journal(path: Path, plan: Plan, current: CurrentState) -> Journal:
    """Create the journal of a new apply; raises UsageError where the file exists."""
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    return Journal.create(path, plan, gitlab_version=current.caps.version_text, now=now)


def open_journal(path: Path, plan: Plan) -> Journal:
    """Open the journal of an apply that is to be finished.

    Raises UsageError where the journal belongs to another plan, or was undone in part.
    """
    journal = Journal.open(path)
    try:
        _check_journal(journal, plan)
    except UsageError:
        journal.close()
        raise
    return journal


def _check_journal(journal: Journal, plan: Plan) -> None:
    if journal.header.plan != plan_digest(plan):
        raise UsageError(
            f"the journal {journal.path} belongs to another plan",
            hint="Name this plan's journal with --journal.",
        )
    if any(log.undone for log in journal.projects.values()):
        raise UsageError(
            f"the journal {journal.path} was undone, at least in part",
            hint="Finish the undo, then apply the plan with a new --journal.",
        )


def apply(
    connection: Connection,
    current: CurrentState,
    plan: Plan,
    journal: Journal,
    *,
    assume: bool | None = None,
    concurrency: int = 8,
    listener: Listener | None = None,
) -> ProjectResults:
    """Apply a plan that `check_plan` accepts, or finish the apply that the journal holds.

    `assume` says whether fine-grained permissions are in force, as for a plan. Raises UsageError
    where GitLab does not tell whether the token sees what entries are added for, a GitLabError for what ends the run, OutputError where the journal cannot be written,
    KeyboardInterrupt after Ctrl-C; in each case the journal holds every write that was sent.
    """
    halt = threading.Event()
    version = parse_version(current.caps.version_text)
    doubts = Doubts(visible_targets(plan, current, "add-entry"), Assumptions(version, assume))
    runner = StepRunner(
        connection,
        current,
        Writer(connection, current.caps.version_text, current.target_path),
        journal,
        "apply",
        halt,
    )
    return run_tasks(
        connection,
        [
            _task(runner, planned, journal.projects.get(planned.id), doubts)
            for planned in plan.projects
        ],
        halt=halt,
        concurrency=concurrency,
        step="applying",
        listener=listener,
    )


def _task(runner: StepRunner, planned: ProjectPlan, log: ProjectLog | None, doubts: Doubts) -> Task:
    result = ProjectResult(planned.id, planned.path)

    def job() -> None:
        _apply(runner, planned, result, log, doubts)

    return Task(result, job)


def _apply(
    runner: StepRunner,
    planned: ProjectPlan,
    result: ProjectResult,
    log: ProjectLog | None,
    doubts: Doubts,
) -> None:
    if log is not None and log.verified:
        result.finished_earlier = True
        return
    writes = log.applied if log is not None else {}
    project, found = runner.read(planned.id, planned.path, log=rests_on_log(planned.actions))
    result.path = project.path
    expected = _expected_state(runner, planned, found, writes)
    if found.digest != expected.digest:
        raise StoppedError("moved", *describe_differences(expected, found))
    steps = [
        PlanStep(index, action, maybe_done=index in writes)
        for index, action in enumerate(planned.actions)
        if index not in writes or writes[index].result not in {"done", "found"}
    ]
    if reasons := list(doubts.of(planned, project, [step.action for step in steps])):
        raise StoppedError("moved", *reasons)
    runner.run(result, found, steps, begun=log is not None)


def _expected_state(
    runner: StepRunner,
    planned: ProjectPlan,
    found: ScopeState,
    writes: dict[int, JournaledWrite],
) -> ScopeState:
    """Return the state that the project should have now, by the plan and the journaled writes.

    For a write in doubt, the last one that a killed run had sent, the found state decides, and
    the journal gets its outcome.
    """
    for index, write in list(writes.items()):
        if write.result == "doubt":
            happened = current_value(found, write.action) == value_after(write.action)
            runner.journal.add(
                WriteOutcome(
                    direction="apply",
                    project=planned.id,
                    index=index,
                    result="done" if happened else "failed",
                    detail="read back by a later run",
                )
            )
    done = [planned.actions[i] for i, write in writes.items() if write.result in {"done", "found"}]
    return state_after(planned.before, done)
