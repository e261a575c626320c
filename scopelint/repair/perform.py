"""Does the steps of one project: journaled, in the safe order, and read back.

Whether a write happened is never guessed. Where its answer was lost, the project is read again, and
the write is repeated only if it did not happen.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from scopelint.gitlab.connection import Connection
from scopelint.model import Project
from scopelint.repair import states
from scopelint.repair.current_state import CurrentState
from scopelint.repair.effect import state_after
from scopelint.repair.journal import Begun, Closed, Direction, Intent, Journal, Result, StepOutcome
from scopelint.repair.plan import state_of
from scopelint.repair.plan_file import Action, ScopeState, Untouched
from scopelint.repair.states import PlanStep
from scopelint.repair.write import LostAnswerError, Writer, WriteRefusedError

ATTEMPTS: Final = 8
"""How often a write is sent whose answer was lost and that did not happen."""
_FIRST_PAUSE: Final = 0.1
"""Seconds before the second attempt; doubles with each."""

Status = Literal["done", "moved", "failed", "open"]
"""`moved`: somebody else changed the project. `open`: the run was stopped before its end."""


@dataclass(slots=True)
class ProjectResult:
    """What became of one project. `done` are the actions that this run did or found done."""

    id: int
    path: str
    verdict: Status = "done"
    done: list[Action] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    earlier: bool = False
    """Whether an earlier run had finished it."""


class StoppedError(Exception):
    """A project's steps cannot go on; the verdict and the words for the report."""

    def __init__(self, verdict: Status, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.verdict: Status = verdict
        self.reasons = reasons


@dataclass(slots=True)
class Performer:
    """Does steps, project by project; threads may run it at the same time.

    `halt` stops it between two writes.
    """

    connection: Connection
    live: CurrentState
    writer: Writer
    journal: Journal
    course: Direction
    halt: threading.Event = field(default_factory=threading.Event)

    def read(self, project_id: int, path: str) -> tuple[Project, ScopeState]:
        """Read a project and its state; raise StoppedError where not all of it can be known."""
        project = self.live.project(project_id, path)
        state = state_of(project)
        if isinstance(state, Untouched):
            raise StoppedError("failed", state.reason)
        return project, state

    def perform(
        self, report: ProjectResult, state: ScopeState, steps: Sequence[PlanStep], *, begun: bool
    ) -> None:
        """Do the steps from a state that was just read; what became of it goes into the report.

        Raises StoppedError at the first step that cannot be done; nothing after it is tried.
        """
        if not begun:
            begin = Begun(course=self.course, project=report.id, path=report.path, before=state)
            self.journal.add(begin)
        ours: list[PlanStep] = []
        last = -1
        for step in states.in_order(steps):
            phase = states.phase(step.action)
            if ours and phase != last:
                # Never close, and never remove, on the strength of something that is not there.
                self._check(report, state, ours)
            last = phase
            if self.halt.is_set():
                raise StoppedError("open", "the run was stopped")
            state = self._step(report, state, step)
            ours.append(step)
        found = self._check(report, state, ours) if ours else state
        self._note_enforced(report, ours)
        closed = Closed(course=self.course, project=report.id, result="verified", after=found)
        self.journal.add(closed)

    def _step(self, report: ProjectResult, state: ScopeState, step: PlanStep) -> ScopeState:
        """Do one step, announced before and noted after; return the state after it."""
        intent = Intent(course=self.course, project=report.id, index=step.index, action=step.action)
        self.journal.add(intent)
        goal = state_after(state, [step.action])
        self._outcome(report, step, self._send(report, state, goal, step))
        report.done.append(step.action)
        return goal

    def _send(
        self, report: ProjectResult, state: ScopeState, goal: ScopeState, step: PlanStep
    ) -> Result:
        """Send a write until it is known to be done; raise StoppedError where it cannot be."""
        lost = ""
        for attempt in range(ATTEMPTS):
            try:
                self._write(report, state, step.action)
            except LostAnswerError as error:
                lost = str(error)
            except WriteRefusedError as error:
                ours = attempt > 0 or step.doubted
                return self._refused(report, state, goal, step, error, ours=ours)
            else:
                return "done"
            if self._happened(report, state, goal, step):
                return "done"
            if self.halt.is_set() or self.connection.retrier.stop.wait(_FIRST_PAUSE * 2**attempt):
                self._outcome(report, step, "doubt", lost)
                raise StoppedError("open", "the run was stopped")
        self._outcome(report, step, "doubt", lost)
        words = states.in_words(step.action)
        raise StoppedError("failed", f"{words}: not done after {ATTEMPTS} attempts: {lost}")

    def _refused(
        self,
        report: ProjectResult,
        state: ScopeState,
        goal: ScopeState,
        step: PlanStep,
        error: WriteRefusedError,
        *,
        ours: bool,
    ) -> Result:
        """Tell a refusal from the one of what is done already, by us (`ours`) or somebody else."""
        words = states.in_words(step.action)
        if not self._happened(report, state, goal, step):
            self._outcome(report, step, "failed", str(error))
            raise StoppedError("failed", f"{words}: {error}") from None
        if ours:
            return "done"
        report.notes.append(f"{words}: somebody else had done it")
        return "found"

    def _happened(
        self, report: ProjectResult, state: ScopeState, goal: ScopeState, step: PlanStep
    ) -> bool:
        """Read the project again to learn whether a write happened.

        Raises StoppedError where anything else changed as well. Where the project cannot be
        read, the journal keeps the write as one in doubt.
        """
        _, found = self.read(report.id, report.path)
        happened = states.value(found, step.action) == states.value_after(step.action)
        expected = goal if happened else state
        if found.digest != expected.digest:
            self._outcome(report, step, "done" if happened else "failed", "the project moved")
            if happened:
                report.done.append(step.action)
            raise StoppedError("moved", *states.differences(expected, found))
        return happened

    def _check(
        self, report: ProjectResult, state: ScopeState, ours: Sequence[PlanStep]
    ) -> ScopeState:
        """Read the project back; raise StoppedError where it is not as it is to be by now."""
        _, found = self.read(report.id, report.path)
        if found.digest == state.digest:
            return found
        undone = [s for s in ours if states.value(found, s.action) != states.value_after(s.action)]
        if not undone:
            raise StoppedError("moved", *states.differences(state, found))
        for step in undone:
            self._outcome(report, step, "failed", "accepted, but read back otherwise")
            report.done.remove(step.action)
        words = ", ".join(states.in_words(step.action) for step in undone)
        raise StoppedError(
            "failed", f"GitLab accepted it and the project does not show it: {words}"
        )

    def _note_enforced(self, report: ProjectResult, ours: Sequence[PlanStep]) -> None:
        """Tell where an open project stays closed: the instance enforces the limit.

        Before 18.8 GitLab accepts the switch all the same (doc/api/project_job_token_scopes.md).
        """
        opened = any(s.action.operation == "set-inbound" and not s.action.value for s in ours)
        if opened and self.live.effective(report.id):
            report.notes.append(
                "its own limit is off, as asked, without effect: the instance enforces the limit"
            )

    def _outcome(
        self,
        report: ProjectResult,
        step: PlanStep,
        result: Result,
        detail: str = "",
    ) -> None:
        record = StepOutcome(
            course=self.course,
            project=report.id,
            index=step.index,
            result=result,
            detail=self.connection.server.token.redact(detail)[:1000],
        )
        self.journal.add(record)

    def _write(self, report: ProjectResult, state: ScopeState, action: Action) -> None:
        """Send the one write of an action."""
        entry, writer = action.entry, self.writer
        if entry is None:
            self._write_flag(report, action)
            return
        # Paths may have changed since the plan; what is in a list is named as it is now.
        current = states.find(state, action)
        match action.operation:
            case "add-entry" if entry.default_permissions:
                writer.add_entry(report.id, entry.kind, entry.id)
            case "add-entry":
                writer.add_fine_grained(report.path, entry.kind, entry.id, entry.policies)
            case "change-permissions":
                path = current.path if current is not None else entry.path
                default, policies = entry.default_permissions, entry.policies
                writer.update_policies(report.path, path, default, policies)
            case "remove-entry":
                writer.remove_entry(report.id, entry.kind, entry.id)
            case _:
                path = current.path if current is not None else entry.path
                writer.remove_outbound_entry(report.path, path)

    def _write_flag(self, report: ProjectResult, action: Action) -> None:
        wanted = bool(action.value)
        match action.operation:
            case "set-inbound":
                self.writer.set_inbound(report.id, wanted)
            case "set-push":
                self.writer.set_push(report.id, wanted)
            case "set-cross-project-push":
                self.writer.set_cross_project_push(report.path, wanted)
            case _ if not wanted:
                self.writer.end_outbound(report.path)
            case _:
                raise WriteRefusedError("since GitLab 16.0 the outbound setting cannot be on again")
