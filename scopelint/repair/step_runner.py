"""Does the actions of one project: journaled, in the safe order, and read back.

Whether a write happened is never guessed. Where its answer was lost, the project is read again, and
the write is repeated only if it did not happen.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from scopelint.collect.current_state import CurrentState
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.rest_write import LostAnswerError, WriteRefusedError
from scopelint.gitlab.write import Writer
from scopelint.model import Project, Reason
from scopelint.repair.actions import (
    OUTBOUND_ENDS,
    current_value,
    find_entry,
    state_after,
    value_after,
)
from scopelint.repair.journal import (
    Direction,
    Journal,
    ProjectBegun,
    ProjectClosed,
    Result,
    WriteIntent,
    WriteOutcome,
)
from scopelint.repair.plan_file import Action, ScopeState, SkippedProject
from scopelint.repair.plan_text import describe_action, describe_differences
from scopelint.repair.planning import state_of
from scopelint.repair.step_order import PlanStep, goes_with, phase, sort_steps

ATTEMPTS: Final = 8
"""How often a write is sent whose answer was lost and that did not happen."""
_FIRST_PAUSE: Final = 0.1
"""Seconds before the second attempt; each later pause is twice as long."""
Status = Literal["done", "moved", "failed", "open"]
"""What became of a project. `moved`: it is not what the plan was made for (somebody changed it, or
used what was unused) and is left. `open`: the run stopped before its end."""


@dataclass(slots=True)
class ProjectResult:
    """What became of one project."""

    id: int
    path: str
    status: Status = "done"
    done: list[Action] = field(default_factory=list)
    """The actions that this run did, or found done."""
    reasons: list[str] = field(default_factory=list)
    """Why the project is not `done`, for a reader."""
    notes: list[str] = field(default_factory=list)
    """What a reader should know besides."""
    finished_earlier: bool = False
    """Whether nothing was left to do: an earlier run had finished the project."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the steps of a project ended."""

    state: ScopeState
    """The state that was read last."""
    undone: tuple[tuple[PlanStep, str], ...] = ()
    """The steps of an undo that GitLab refused, and those that depend on what is not done; why."""
    refused: bool = False
    """Whether GitLab refused any."""


class StoppedError(Exception):
    """A project's steps cannot go on; carries the status and reasons of its result."""

    def __init__(self, status: Status, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.status: Status = status
        self.reasons = reasons


class StepRefusedError(StoppedError):
    """A step that GitLab refused, and that changed nothing: an undo goes on with the others."""


@dataclass(slots=True)
class StepRunner:
    """Does the steps of projects; threads may use it at the same time."""

    connection: Connection
    current: CurrentState
    writer: Writer
    journal: Journal
    direction: Direction
    halt: threading.Event = field(default_factory=threading.Event)
    """Once it is set, no further write is sent."""

    def read(self, project_id: int, path: str, *, log: bool = False) -> tuple[Project, ScopeState]:
        """Read a project and its state, with its log if asked; raise StoppedError where it is not known."""
        project = self.current.project(project_id, path, log=log)
        if project.gap is not None and project.gap.reason is Reason.NOT_FOUND:
            raise StoppedError("moved", "it was deleted, or this token does not see it any more")
        state = state_of(project)
        if isinstance(state, SkippedProject):
            raise StoppedError("failed", state.reason)
        return project, state

    def run(
        self,
        project: ProjectResult,
        state: ScopeState,
        steps: Sequence[PlanStep],
        *,
        begun: bool,
        left: Sequence[PlanStep] = (),
    ) -> Ended:
        """Do the steps from a state that was just read, and fill in the project's result.

        `begun` tells that the journal holds the project's beginning already. Raises StoppedError
        at the first step that cannot be done; nothing after it is tried. Only an undo goes on after
        a step that GitLab refused, with those that do not depend on it, nor on those of `left`, which
        are not done at all.
        """
        if not begun:
            self.journal.add(
                ProjectBegun(
                    direction=self.direction,
                    project=project.id,
                    path=project.path,
                    before=state,
                )
            )
        finished: list[PlanStep] = []
        undone: list[tuple[PlanStep, str]] = []
        refused, last_phase = False, -2
        for step in sort_steps(steps, self.direction):
            if why := goes_with(step, (*left, *(one for one, _ in undone))):
                undone.append((step, why))
                continue
            if finished and phase(step.action, self.direction) != last_phase:
                # Never close or remove anything before the earlier steps are known to be done.
                self._read_back(project, state, finished)
            last_phase = phase(step.action, self.direction)
            if self.halt.is_set():
                raise StoppedError("open", "the run was stopped")
            try:
                state = self._step(project, state, step)
            except StepRefusedError as error:
                if self.direction == "apply":
                    raise
                refused = True
                undone.append((step, str(error)))
            else:
                finished.append(step)
        found = self._read_back(project, state, finished) if finished else state
        self._note_enforced(project, finished)
        if not undone:
            closed = ProjectClosed(direction=self.direction, project=project.id, after=found)
            self.journal.add(closed)
        return Ended(found, tuple(undone), refused)

    def _step(self, project: ProjectResult, state: ScopeState, step: PlanStep) -> ScopeState:
        """Do one step, journaled before and after; return the state after it."""
        self.journal.add(
            WriteIntent(
                direction=self.direction,
                project=project.id,
                index=step.index,
                action=step.action,
            )
        )
        after = state_after(state, [step.action])
        self._outcome(project, step, self._send(project, state, after, step))
        project.done.append(step.action)
        return after

    def _send(
        self, project: ProjectResult, state: ScopeState, expected: ScopeState, step: PlanStep
    ) -> Result:
        """Send a write until it is known to be done; raise StoppedError where it cannot be."""
        lost = ""
        for attempt in range(ATTEMPTS):
            try:
                self._write(project, state, step.action)
            except LostAnswerError as error:
                lost = str(error)
            except WriteRefusedError as error:
                maybe_ours = attempt > 0 or step.maybe_done
                return self._refused(project, state, expected, step, error, maybe_ours=maybe_ours)
            else:
                return "done"
            if self._happened(project, state, expected, step, if_not="doubt"):
                return "done"
            if self.halt.is_set() or self.connection.retrier.stop.wait(_FIRST_PAUSE * 2**attempt):
                self._outcome(project, step, "doubt", lost)
                raise StoppedError("open", "the run was stopped")
        self._outcome(project, step, "doubt", lost)
        what = describe_action(step.action)
        raise StoppedError("failed", f"{what}: not done after {ATTEMPTS} attempts: {lost}")

    def _refused(
        self,
        project: ProjectResult,
        state: ScopeState,
        expected: ScopeState,
        step: PlanStep,
        error: WriteRefusedError,
        *,
        maybe_ours: bool,
    ) -> Result:
        """Return the result of a refused write: GitLab refuses what is done already, too.

        `maybe_ours` tells that an earlier attempt may have done it; else it was somebody else.
        """
        what = describe_action(step.action)
        if not self._happened(project, state, expected, step, if_not="failed"):
            self._outcome(project, step, "failed", str(error))
            raise StepRefusedError("failed", f"{what}: {error}") from None
        if maybe_ours:
            return "done"
        project.notes.append(f"{what}: somebody else had done it already")
        return "found"

    def _happened(
        self,
        project: ProjectResult,
        state: ScopeState,
        expected: ScopeState,
        step: PlanStep,
        *,
        if_not: Result,
    ) -> bool:
        """Read the project again to learn whether a write happened.

        `if_not` is the result of one that did not: without an answer it may still be under way. Raises StoppedError where anything else changed as well, or where the project cannot be
        read: the write then stays in doubt in the journal.
        """
        _, found = self.read(project.id, project.path)
        happened = _is_done(step, found)
        if not happened:
            expected = state
        if found.digest != expected.digest:
            self._outcome(project, step, "done" if happened else if_not, "the project was changed")
            if happened:
                project.done.append(step.action)
            raise StoppedError("moved", *describe_differences(expected, found))
        return happened

    def _read_back(
        self, project: ProjectResult, state: ScopeState, finished: Sequence[PlanStep]
    ) -> ScopeState:
        """Read the project again; raise StoppedError where it is not in the expected state."""
        _, found = self.read(project.id, project.path)
        if found.digest == state.digest:
            return found
        missing = [step for step in finished if not _is_done(step, found)]
        if not missing:
            raise StoppedError("moved", *describe_differences(state, found))
        for step in missing:
            # GitLab may show it later: then an undo finds it, and takes it back.
            self._outcome(project, step, "doubt", "accepted, but read back otherwise")
            project.done.remove(step.action)
        what = ", ".join(describe_action(step.action) for step in missing)
        raise StoppedError(
            "failed", f"GitLab accepted this, but the project does not show it: {what}"
        )

    def _note_enforced(self, project: ProjectResult, finished: Sequence[PlanStep]) -> None:
        """Note that a project which was opened stays closed, as the instance enforces the limit.

        Before 18.8 GitLab accepts the switch nevertheless (doc/api/project_job_token_scopes.md).
        """
        opened = any(
            step.action.operation == "set-inbound" and not step.action.value for step in finished
        )
        if opened and self.current.effective(project.id):
            project.notes.append(
                "its own limit is off now, without effect: the instance enforces the limit"
            )

    def _outcome(
        self,
        project: ProjectResult,
        step: PlanStep,
        result: Result,
        detail: str = "",
    ) -> None:
        record = WriteOutcome(
            direction=self.direction,
            project=project.id,
            index=step.index,
            result=result,
            detail=self.connection.server.token.redact(detail)[:1000],
        )
        self.journal.add(record)

    def _write(self, project: ProjectResult, state: ScopeState, action: Action) -> None:
        """Send the one write of an action."""
        entry, writer = action.entry, self.writer
        if entry is None:
            self._write_flag(project, action)
            return
        # The path may have changed since the plan was made: use the one that the list shows now.
        now = find_entry(state, action)
        match action.operation:
            case "add-entry" if entry.default_permissions:
                writer.add_entry(project.id, entry.kind, entry.id)
            case "add-entry":
                writer.add_fine_grained(project.path, entry.kind, entry.id, entry.policies)
            case "change-permissions":
                path = now.path if now is not None else entry.path
                default, policies = entry.default_permissions, entry.policies
                writer.update_policies(project.path, path, default, policies)
            case "remove-entry":
                writer.remove_entry(project.id, entry.kind, entry.id)
            case _:
                path = now.path if now is not None else entry.path
                writer.remove_outbound_entry(project.path, path)

    def _write_flag(self, project: ProjectResult, action: Action) -> None:
        wanted = bool(action.value)
        match action.operation:
            case "set-inbound":
                self.writer.set_inbound(project.id, wanted)
            case "set-push":
                self.writer.set_push(project.id, wanted)
            case "set-cross-project-push":
                self.writer.set_cross_project_push(project.path, wanted)
            case _ if not wanted:
                self.writer.end_outbound(project.path)
            case _:
                raise WriteRefusedError(OUTBOUND_ENDS)


def _is_done(step: PlanStep, found: ScopeState) -> bool:
    return current_value(found, step.action) == value_after(step.action)
