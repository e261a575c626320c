"""Undoes an apply, action by action, where nobody changed the same thing since."""

import threading
from collections import Counter
from collections.abc import Mapping

from scopelint.collect.current_state import CurrentState
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.write import Writer
from scopelint.progress import Listener
from scopelint.repair.actions import (
    OUTBOUND_ENDS,
    PLACES,
    current_value,
    inverse,
    subject,
    value_after,
    value_before,
)
from scopelint.repair.journal import Journal, JournaledWrite, ProjectLog
from scopelint.repair.plan_file import Action, ScopeState
from scopelint.repair.plan_text import describe_action, differences
from scopelint.repair.pool import ProjectResults, Task, run_tasks
from scopelint.repair.step_order import PlanStep
from scopelint.repair.step_runner import ProjectResult, StepRunner, StoppedError


def undo(
    connection: Connection,
    current: CurrentState,
    journal: Journal,
    *,
    concurrency: int = 8,
    listener: Listener | None = None,
) -> ProjectResults:
    """Undo a journal's writes, and journal that too; it may be called again until all is done.

    What somebody else changed since is left as it is, and gives the project the status `moved`.
    Raises what `apply` raises.
    """
    halt = threading.Event()
    runner = StepRunner(
        connection,
        current,
        Writer(connection, current.caps.version_text, current.target_path),
        journal,
        "undo",
        halt,
    )
    logs = sorted(journal.projects.items(), key=lambda item: item[1].path)
    return run_tasks(
        connection,
        [_task(runner, project_id, log) for project_id, log in logs],
        halt=halt,
        concurrency=concurrency,
        step="undoing",
        listener=listener,
        # Those that fail each time must not keep the others from being undone.
        max_failures=None,
    )


def writes_to_undo(log: ProjectLog) -> dict[int, JournaledWrite]:
    """Return a project's writes that happened, or may have, and are not undone yet.

    The keys are the numbers of the plan's actions.
    """
    return {
        index: write
        for index, write in log.applied.items()
        if write.result in {"done", "doubt"}
        and (index not in log.undone or log.undone[index].result not in {"done", "found"})
    }


def _task(runner: StepRunner, project_id: int, log: ProjectLog) -> Task:
    result = ProjectResult(project_id, log.path)

    def job() -> None:
        _undo(runner, result, log)

    return Task(result, job)


def _undo(runner: StepRunner, result: ProjectResult, log: ProjectLog) -> None:
    writes = writes_to_undo(log)
    if not writes:
        result.finished_earlier = True
        return
    project, found = runner.read(result.id, log.path)
    result.path = project.path
    steps, left, why = _steps(found, writes, log)
    moved = bool(why)
    try:
        ended = runner.run(result, found, steps, begun=True, left=left)
    except StoppedError as stopped:
        if stopped.status == "open":
            raise
        result.reasons += stopped.reasons
        pending = (step.action for step in steps if step.action not in result.done)
        why |= {subject(action): "not undone yet" for action in pending}
        _compare(result, log, runner.read(result.id, project.path)[1], why)
        raise StoppedError(stopped.status) from None
    why |= {subject(step.action): reason for step, reason in ended.undone}
    _compare(result, log, ended.state, why)
    if ended.refused:
        raise StoppedError("failed")
    if moved or ended.undone:
        raise StoppedError("moved")


def _compare(
    result: ProjectResult, log: ProjectLog, found: ScopeState, why: Mapping[str, str]
) -> None:
    """Tell what is not as it was before the apply, and why."""
    for name, text in differences(log.before, found).items():
        if name in why:
            result.reasons.append(f"not as before: {text} ({why[name]})")
        else:
            # Nothing that the apply did: it stays, and does not make the undo less than done.
            result.notes.append(f"not as before: {text} (somebody else changed it since)")


def _steps(
    found: ScopeState, writes: dict[int, JournaledWrite], log: ProjectLog
) -> tuple[list[PlanStep], list[PlanStep], dict[str, str]]:
    """Return the steps that undo these writes, the steps that are left, and why, by what they change."""
    steps: list[PlanStep] = []
    left: list[PlanStep] = []
    reasons: dict[str, str] = {}
    free = _free_places(found)
    for index, write in writes.items():
        action = write.action
        now = current_value(found, action)
        what = describe_action(action)
        back = inverse(action)
        if now == value_before(action):
            continue
        step = PlanStep(index, back, maybe_done=index in log.undone) if back is not None else None
        if now != value_after(action):
            reasons[subject(action)] = f"left, it was changed since: {what}"
        elif step is None:
            reasons[subject(action)] = f"cannot be undone, {OUTBOUND_ENDS}: {what}"
            continue
        elif not _has_place(step.action, free):
            reasons[subject(action)] = f"left, the allowlist is full now: {what}"
        else:
            steps.append(step)
            continue
        # Others may depend on an entry that does not come back, not on one that stays.
        if step is not None and step.action.operation == "add-entry":
            left.append(step)
    return steps, left, reasons


def _has_place(action: Action, free: Counter[str]) -> bool:
    """Take a place for an entry that is added; tell whether there was one."""
    if action.operation != "add-entry" or action.entry is None:
        return True
    free[action.entry.kind] -= 1
    return free[action.entry.kind] >= 0


def _free_places(found: ScopeState) -> Counter[str]:
    """Count the places that are left for entries of each kind."""
    taken = Counter[str](entry.kind for entry in found.entries)
    return Counter({kind: most - taken[kind] for kind, most in PLACES.items()})
