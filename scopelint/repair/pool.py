"""Works on several projects at once: when to stop, and what became of each project."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from scopelint.collect.run import Workers
from scopelint.errors import ScopelintError
from scopelint.gitlab.connection import Connection
from scopelint.progress import Listener, Progress, silent
from scopelint.repair.step_runner import ProjectResult, Status, StoppedError

MAX_FAILURES: Final = 10
"""Projects that may fail before no further one is begun."""
_DRAIN_SECONDS: Final = 10.0
"""How long a stopped run waits for the answers to what it has sent."""


@dataclass(frozen=True, slots=True)
class Task:
    """One project to work on."""

    result: ProjectResult
    """What became of it; `work` fills it in."""
    work: Callable[[], None]
    """Does the work; raises StoppedError where it cannot be finished."""


@dataclass(slots=True)
class ProjectResults:
    """What became of every project, in the order they were given."""

    all: list[ProjectResult] = field(default_factory=list)

    def of(self, status: Status) -> list[ProjectResult]:
        """Return the projects with this status."""
        return [result for result in self.all if result.status == status]


def run_tasks(
    connection: Connection,
    tasks: Sequence[Task],
    *,
    halt: threading.Event,
    concurrency: int,
    step: str,
    listener: Listener | None = None,
    max_failures: int | None = MAX_FAILURES,
) -> ProjectResults:
    """Work on all projects, `concurrency` at a time; stop after `max_failures` failed ones, if given.

    `halt` is set when no further write may be sent. `step` names the work in the progress that
    `listener` gets. After Ctrl-C (KeyboardInterrupt) or an error that ends the run (GitLab cannot
    be reached, the token is refused, the journal's disk is full) the writes under way are finished
    and the exception is raised again.
    """
    for task in tasks:
        task.result.status = "open"
    workers = Workers(concurrency)
    counter = _ProgressCounter(connection, len(tasks), step, listener or silent, halt, max_failures)
    for task in tasks:
        workers.submit(_job(task, halt), counter.finished)
    try:
        workers.run(counter.report)
    except BaseException:
        halt.set()
        workers.close()
        _drain(workers)
        raise
    workers.close()
    return ProjectResults([task.result for task in tasks])


class _DrainTimeoutError(Exception):
    """The threads still at work are not waited for any longer."""


def _drain(workers: Workers) -> None:
    """Wait a while for the threads at work; each journals the result of the write it had sent.

    A write without an answer by then stays in doubt in the journal.
    """
    until = time.monotonic() + _DRAIN_SECONDS

    def check_time() -> None:
        if time.monotonic() >= until:
            raise _DrainTimeoutError

    while True:
        try:
            workers.run(check_time)
        except ScopelintError:
            continue  # The error that ended the run is the one that is shown.
        except _DrainTimeoutError:
            pass
        return


def _job(task: Task, halt: threading.Event) -> Callable[[], ProjectResult]:
    def job() -> ProjectResult:
        result = task.result
        if halt.is_set():
            return result
        try:
            task.work()
            result.status = "done"
        except StoppedError as stopped:
            result.status = stopped.status
            result.reasons += stopped.reasons
        return result

    return job


@dataclass(slots=True)
class _ProgressCounter:
    connection: Connection
    total: int
    step: str
    listener: Listener
    halt: threading.Event
    max_failures: int | None
    done: int = 0
    failed: int = 0

    def finished(self, result: ProjectResult) -> None:
        """Count a project; after too many failures no further one is begun."""
        self.done += result.status != "open"
        self.failed += result.status == "failed"
        if self.max_failures is not None and self.failed >= self.max_failures:
            self.halt.set()
        self.report()

    def report(self) -> None:
        """Tell the listener how many projects are done."""
        retrier = self.connection.retrier
        self.listener(
            Progress(
                listed=self.total,
                expected=self.total,
                read=self.done - self.failed,
                unreadable=self.failed,
                requests=retrier.stats.requests,
                retries=retrier.stats.retries,
                waiting=max(0.0, retrier.waiting_until - retrier.clock()),
                step=self.step,
            )
        )
