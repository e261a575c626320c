"""Applies a plan: only where nothing moved, journaled, read back.

A project is left whose state is no longer the plan's; the others go on.
"""

import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from scopelint.errors import UsageError
from scopelint.gitlab.connection import Connection
from scopelint.progress import Listener
from scopelint.repair import states
from scopelint.repair.current_state import CurrentState
from scopelint.repair.effect import state_after
from scopelint.repair.journal import Journal, JournaledWrite, ProjectLog, StepOutcome, plan_digest
from scopelint.repair.perform import Performer, ProjectResult, StoppedError
from scopelint.repair.plan_file import Action, Plan, ProjectPlan, ScopeState
from scopelint.repair.pool import ProjectResults, Task, work
from scopelint.repair.states import PlanStep
from scopelint.repair.write import Writer


def check_plan(plan: Plan, *, max_removals: int, max_projects: int) -> None:
    """Raise UsageError for a plan that is not to be applied, before GitLab is asked.

    A plan is data that anybody may have edited: it must follow from the states it names, and
    never touch a project's own entry.
    """
    if len(plan.projects) > max_projects:
        raise UsageError(
            f"the plan changes {len(plan.projects)} projects, and --max-projects is {max_projects}",
            hint="Look the plan over; then apply it in parts, or give a larger --max-projects.",
        )
    if plan.removals > max_removals:
        raise UsageError(
            f"the plan removes {plan.removals} entries, and --max-removals is {max_removals}",
            hint="Look the plan over; then apply it in parts, or give a larger --max-removals.",
        )
    [(most, times)] = Counter(project.id for project in plan.projects).most_common(1) or [(0, 0)]
    if times > 1:
        raise UsageError(f"the plan names project {most} {times} times")
    for project in plan.projects:
        faults = [fault for action in project.actions if (fault := _fault(project, action))]
        subjects = Counter(states.subject(action) for action in project.actions)
        faults += [f"two actions for {name}" for name, count in subjects.items() if count > 1]
        if not states.fits(project.before, project.actions):
            faults.append(
                "with what it adds there would be more than 200 entries of a kind before any is"
                " removed: remove some first, with a plan of its own"
            )
        if not plan.unsafe and not all(action.safe for action in project.actions):
            faults.append("an unsafe action in a plan that was not made with --unsafe")
        if faults:
            raise UsageError(f"the plan cannot be applied: {project.path}: {faults[0]}")


def _fault(project: ProjectPlan, action: Action) -> str | None:
    entry = action.entry
    if entry is not None and entry.key == f"project:{project.id}":
        return "it touches the project's own entry"
    if action.operation == "set-outbound" and action.value:
        return "the outbound setting cannot be switched on since GitLab 16.0"
    if action.was is not None and entry is not None and action.was.key != entry.key:
        return f"{states.in_words(action)} names another entry as the one before"
    if states.value(project.before, action) != states.value_before(action):
        return f"{states.in_words(action)} does not follow from the state beside it"
    return None


def new_journal(path: Path, plan: Plan, live: CurrentState) -> Journal:
    """Make the journal of a new apply."""
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    return Journal.create(path, plan, gitlab_version=live.caps.version_text, now=now)


def open_journal(path: Path, plan: Plan) -> Journal:
    """Open the journal of an apply that is to be finished.

    Raise UsageError where it is another plan's, or was undone in part.
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
            f"the journal {journal.path} is of another plan", hint="Name its own with --journal."
        )
    if any(history.undone for history in journal.histories.values()):
        raise UsageError(
            f"the journal {journal.path} was undone, at least in part",
            hint="Finish the undo, then apply the plan with a new --journal.",
        )


def apply(
    connection: Connection,
    live: CurrentState,
    plan: Plan,
    journal: Journal,
    *,
    concurrency: int = 8,
    listener: Listener | None = None,
) -> ProjectResults:
    """Apply a plan that `check_plan` let pass; go on where its journal breaks off.

    Raises a GitLabError for what ends the run, OutputError where the journal cannot be written,
    KeyboardInterrupt after Ctrl-C; the journal holds every write in each case.
    """
    halt = threading.Event()
    writer = Writer(connection, live)
    performer = Performer(connection, live, writer, journal, "apply", halt)
    tasks = [
        _task(performer, project, journal.histories.get(project.id)) for project in plan.projects
    ]
    return work(
        connection,
        tasks,
        halt=halt,
        concurrency=concurrency,
        step="applying",
        listener=listener,
    )


def _task(performer: Performer, planned: ProjectPlan, history: ProjectLog | None) -> Task:
    report = ProjectResult(planned.id, planned.path)

    def job() -> None:
        _apply(performer, planned, report, history)

    return Task(report, job)


def _apply(
    performer: Performer, planned: ProjectPlan, report: ProjectResult, history: ProjectLog | None
) -> None:
    if history is not None and history.verified:
        report.earlier = True
        return
    project, found = performer.read(planned.id, planned.path)
    report.path = project.path
    deeds = history.applied if history is not None else {}
    expected = _expected(performer, planned, found, deeds)
    if found.digest != expected.digest:
        raise StoppedError("moved", *states.differences(expected, found))
    steps = [
        PlanStep(index, action, doubted=index in deeds)
        for index, action in enumerate(planned.actions)
        if index not in deeds or deeds[index].result not in {"done", "found"}
    ]
    performer.perform(report, found, steps, begun=history is not None)


def _expected(
    performer: Performer, planned: ProjectPlan, found: ScopeState, deeds: dict[int, JournaledWrite]
) -> ScopeState:
    """Return the state that the project is to have now, by the plan and what is journaled.

    A write in doubt, the one that a killed run had sent last, is looked up in the found state.
    """
    for index, deed in list(deeds.items()):
        if deed.result == "doubt":
            there = states.value(found, deed.action) == states.value_after(deed.action)
            performer.journal.add(
                StepOutcome(
                    course="apply",
                    project=planned.id,
                    index=index,
                    result="done" if there else "failed",
                    detail="read back by a later run",
                )
            )
    done = [planned.actions[i] for i, deed in deeds.items() if deed.result in {"done", "found"}]
    return state_after(planned.before, done)
