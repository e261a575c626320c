"""Several projects at once: who is at work, when to stop, what became of each."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from scopelint.collect.run import Workers
from scopelint.errors import ScopelintError
from scopelint.gitlab.connection import Connection
from scopelint.progress import Listener, Progress, silent
from scopelint.repair.perform import ProjectResult, Status, StoppedError

MAX_FAILURES: Final = 10
"""Projects that may fail before no further one is begun."""
DRAIN: Final = 10.0
"""Seconds that a stopped run waits for the answers to what it has sent."""


@dataclass(frozen=True, slots=True)
class Task:
    """One project to work on; `work` fills its report, or raises StoppedError."""

    report: ProjectResult
    work: Callable[[], None]


@dataclass(slots=True)
class ProjectResults:
    """What became of every project, in the order they were given."""

    reports: list[ProjectResult] = field(default_factory=list)

    def of(self, verdict: Status) -> list[ProjectResult]:
        """Return those with a verdict."""
        return [report for report in self.reports if report.verdict == verdict]


def work(
    connection: Connection,
    tasks: Sequence[Task],
    *,
    halt: threading.Event,
    concurrency: int,
    step: str,
    listener: Listener | None = None,
) -> ProjectResults:
    """Work on all projects, `concurrency` at a time; stop after MAX_FAILURES failed ones.

    Ctrl-C (KeyboardInterrupt) lets the writes that are under way finish and is raised again; so is
    what ends the run: GitLab out of reach, the token refused, the journal's disk full.
    """
    for task in tasks:
        task.report.verdict = "open"
    workers = Workers(concurrency)
    watch = _Watch(connection, len(tasks), step, listener or silent, halt)
    for task in tasks:
        workers.submit(_guarded(task, halt), watch.finished)
    try:
        workers.run(watch.tell)
    except BaseException:
        halt.set()
        workers.close()
        _drain(workers)
        raise
    workers.close()
    return ProjectResults([task.report for task in tasks])


class _EnoughError(Exception):
    """Whoever is still at work is not waited for any longer."""


def _drain(workers: Workers) -> None:
    """Wait a while for the threads at work; each journals what became of the write it had sent.

    One that is not done by then has its write in the journal as one in doubt.
    """
    until = time.monotonic() + DRAIN

    def idle() -> None:
        if time.monotonic() >= until:
            raise _EnoughError

    while True:
        try:
            workers.run(idle)
        except ScopelintError:
            continue  # the first one is what is told
        except _EnoughError:
            pass
        return


def _guarded(task: Task, halt: threading.Event) -> Callable[[], ProjectResult]:
    def job() -> ProjectResult:
        report = task.report
        if halt.is_set():
            return report
        try:
            task.work()
            report.verdict = "done"
        except StoppedError as stopped:
            report.verdict = stopped.verdict
            report.reasons += stopped.reasons
        return report

    return job


@dataclass(slots=True)
class _Watch:
    connection: Connection
    total: int
    step: str
    listener: Listener
    halt: threading.Event
    done: int = 0
    failed: int = 0

    def finished(self, report: ProjectResult) -> None:
        """Count a project; after too many failures none is begun any more."""
        self.done += report.verdict != "open"
        self.failed += report.verdict == "failed"
        if self.failed >= MAX_FAILURES:
            self.halt.set()
        self.tell()

    def tell(self) -> None:
        """Tell how far it is."""
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


def fresh(reports: Iterable[ProjectResult]) -> list[ProjectResult]:
    """Return the projects that this run worked on, without those an earlier one had finished."""
    return [report for report in reports if not report.earlier]
