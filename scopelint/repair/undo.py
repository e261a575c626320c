"""Brings back what an apply changed, thing by thing, where nobody else changed it since."""

import threading
from collections import Counter

from scopelint.gitlab.connection import Connection
from scopelint.progress import Listener
from scopelint.repair import states
from scopelint.repair.current_state import CurrentState
from scopelint.repair.effect import PLACES
from scopelint.repair.journal import Journal, JournaledWrite, ProjectLog
from scopelint.repair.perform import Performer, ProjectResult, StoppedError
from scopelint.repair.plan_file import ScopeState
from scopelint.repair.pool import ProjectResults, Task, work
from scopelint.repair.states import PlanStep
from scopelint.repair.write import Writer

GONE_FOR_GOOD = "cannot be brought back since GitLab 16.0"


def undo(
    connection: Connection,
    live: CurrentState,
    journal: Journal,
    *,
    concurrency: int = 8,
    listener: Listener | None = None,
) -> ProjectResults:
    """Undo a journal's writes and journal that too; it may be called again until all is done.

    What somebody else changed since is left, and makes the project's verdict `moved`. Raises as
    `apply` does.
    """
    halt = threading.Event()
    writer = Writer(connection, live)
    performer = Performer(connection, live, writer, journal, "undo", halt)
    histories = sorted(journal.histories.items(), key=lambda item: item[1].path)
    tasks = [_task(performer, number, history) for number, history in histories]
    return work(
        connection, tasks, halt=halt, concurrency=concurrency, step="undoing", listener=listener
    )


def _task(performer: Performer, number: int, history: ProjectLog) -> Task:
    report = ProjectResult(number, history.path)

    def job() -> None:
        _undo(performer, report, history)

    return Task(report, job)


def to_undo(history: ProjectLog) -> dict[int, JournaledWrite]:
    """Return the actions of a project that were done, or may have been, and are not undone."""
    return {
        index: deed
        for index, deed in history.applied.items()
        if deed.result in {"done", "doubt"}
        and (index not in history.undone or history.undone[index].result not in {"done", "found"})
    }


def _undo(performer: Performer, report: ProjectResult, history: ProjectLog) -> None:
    deeds = to_undo(history)
    if not deeds:
        report.earlier = True
        return
    project, found = performer.read(report.id, history.path)
    report.path = project.path
    steps, left = _steps(found, deeds, history)
    report.reasons += left
    performer.perform(report, found, steps, begun=True)
    if left:
        raise StoppedError("moved")


def _steps(
    found: ScopeState, deeds: dict[int, JournaledWrite], history: ProjectLog
) -> tuple[list[PlanStep], list[str]]:
    """Return what is to be done, and in words what is left as it is."""
    steps: list[PlanStep] = []
    left: list[str] = []
    free = _free(found)
    for index, deed in deeds.items():
        action = deed.action
        now = states.value(found, action)
        words = states.in_words(action)
        back = states.inverse(action)
        if now == states.value_before(action):
            continue
        if now != states.value_after(action):
            left.append(f"left, it was changed since: {words}")
        elif back is None:
            left.append(f"{GONE_FOR_GOOD}: {words}")
        elif back.operation == "add-entry" and back.entry and not free[back.entry.kind]:
            left.append(f"left, the allowlist is full by now: {words}")
        else:
            if back.operation == "add-entry" and back.entry:
                free[back.entry.kind] -= 1
            steps.append(PlanStep(index, back, doubted=index in history.undone))
    return steps, left


def _free(found: ScopeState) -> Counter[str]:
    """Count the places that are left for entries of each kind."""
    taken = Counter[str](entry.kind for entry in found.entries)
    return Counter({kind: most - taken[kind] for kind, most in PLACES.items()})
