"""Does the actions of one project: journaled, in the safe order, and read back.

Whether a write happened is never guessed. Where its answer was lost, the project is read again, and
the write is repeated only if it did not happen.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from scopelint.collect.current_state import CurrentState
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.rest_write import LostAnswerError, WriteRefusedError
from scopelint.gitlab.write import Writer
from scopelint.model import Project
from scopelint.paths import is_inside
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

ATTEMPTS: Final = 8
"""How often a write is sent whose answer was lost and that did not happen."""
_FIRST_PAUSE: Final = 0.1
"""Seconds before the second attempt; each later pause is twice as long."""
_DEEPEST: Final = 10_000
"""More than the levels of any path."""

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
class PlanStep:
    """An action at its number in the plan."""

    index: int
    """The number of the plan's action among those of its project, from 0."""
    action: Action
    maybe_done: bool = False
    """Whether an earlier run may have done it already."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the steps of a project ended."""

    state: ScopeState
    """The state that was read last."""
    refused: tuple[tuple[PlanStep, str], ...] = ()
    """The steps of an undo that GitLab refused, and those that depend on them; why."""


def phase(action: Action) -> int:
    """Return when an action is done: 0 for what gives access, 1 for settings, 2 for removals."""
    if action.entry is None:
        return 1
    return 0 if action.operation in {"add-entry", "change-permissions"} else 2


def sort_steps(steps: Iterable[PlanStep], direction: Direction = "apply") -> list[PlanStep]:
    """Sort steps so that no access is lost on the way: add, change, switch, then remove.

    An undo adds projects first and wide groups last: an entry with few permissions is there again
    before a wider one could let its origins do more.
    """

    def position(step: PlanStep) -> tuple[int, bool, int, int]:
        entry, depth = step.action.entry, 0
        if direction == "undo" and step.action.operation == "add-entry" and entry is not None:
            depth = 1 - entry.path.count("/") if entry.kind == "group" else -_DEEPEST
        changes = step.action.operation == "change-permissions"
        return phase(step.action), changes, depth, step.index

    return sorted(steps, key=position)


def depends_on(step: PlanStep, refused: PlanStep) -> bool:
    """Tell whether a later step is safe only after the refused one.

    Steps on entries of which one holds the other decide together who gets in. And the limit goes
    on only once all who are to get in are on the list.
    """
    entry, other = step.action.entry, refused.action.entry
    if entry is None or other is None:
        return (
            other is not None and step.action.operation == "set-inbound" and bool(step.action.value)
        )
    return entry.key == other.key or any(
        wide.kind == "group" and is_inside(narrow.path, wide.path)
        for wide, narrow in ((entry, other), (other, entry))
    )


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
        state = state_of(project)
        if isinstance(state, SkippedProject):
            raise StoppedError("failed", state.reason)
        return project, state

    def run(
        self, project: ProjectResult, state: ScopeState, steps: Sequence[PlanStep], *, begun: bool
    ) -> Ended:
        """Do the steps from a state that was just read, and fill in the project's result.

        `begun` tells that the journal holds the project's beginning already. Raises StoppedError
        at the first step that cannot be done; nothing after it is tried. Only an undo goes on after
        a step that GitLab refused, with those that do not depend on it.
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
        refused: list[tuple[PlanStep, str]] = []
        last_phase = -1
        for step in sort_steps(steps, self.direction):
            first = next((one for one, _ in refused if depends_on(step, one)), None)
            if first is not None:
                why = f"left, it goes with what was refused: {describe_action(first.action)}"
                refused.append((step, why))
                continue
            if finished and phase(step.action) != last_phase:
                # Never close or remove anything before the earlier steps are known to be done.
                self._read_back(project, state, finished)
            last_phase = phase(step.action)
            if self.halt.is_set():
                raise StoppedError("open", "the run was stopped")
            try:
                state = self._step(project, state, step)
            except StepRefusedError as error:
                if self.direction == "apply":
                    raise
                refused.append((step, str(error)))
            else:
                finished.append(step)
        found = self._read_back(project, state, finished) if finished else state
        self._note_enforced(project, finished)
        if not refused:
            closed = ProjectClosed(direction=self.direction, project=project.id, after=found)
            self.journal.add(closed)
        return Ended(found, tuple(refused))

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
            if self._happened(project, state, expected, step):
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
        if not self._happened(project, state, expected, step):
            self._outcome(project, step, "failed", str(error))
            raise StepRefusedError("failed", f"{what}: {error}") from None
        if maybe_ours:
            return "done"
        project.notes.append(f"{what}: somebody else had done it already")
        return "found"

    def _happened(
        self, project: ProjectResult, state: ScopeState, expected: ScopeState, step: PlanStep
    ) -> bool:
        """Read the project again to learn whether a write happened.

        Raises StoppedError where anything else changed as well, or where the project cannot be
        read: the write then stays in doubt in the journal.
        """
        _, found = self.read(project.id, project.path)
        happened = _is_done(step, found)
        if not happened:
            expected = state
        if found.digest != expected.digest:
            self._outcome(
                project, step, "done" if happened else "failed", "the project was changed"
            )
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
            self._outcome(project, step, "failed", "accepted, but read back otherwise")
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
