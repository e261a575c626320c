"""What the steps of one collection share: the reader, the file, the workers, the progress."""

import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from scopelint.collect.reader import Reader
from scopelint.gitlab.connection import Connection
from scopelint.progress import Listener, Progress
from scopelint.snapshot import SnapshotWriter

_T = TypeVar("_T")


NAME: Final = "scopelint-reader"
"""What the threads are called."""


class Workers:
    """Runs jobs on `size` threads; results are handled in the calling thread, by `run()`."""

    def __init__(self, size: int) -> None:
        self._waiting: deque[tuple[Callable[[], Any], Callable[[Any], None]]] = deque()
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None] = (
            queue.SimpleQueue()
        )
        self._results: queue.SimpleQueue[
            tuple[Callable[[Any], None], Any, BaseException | None]
        ] = queue.SimpleQueue()
        self._size = size
        self._running = 0
        self._threads: list[threading.Thread] = []

    def submit(
        self, job: Callable[[], Any], then: Callable[[Any], None], *, first: bool = False
    ) -> None:
        """Queue a job; `then` gets its result in the thread that calls `run`.

        `first` puts it before those that wait: for jobs that bring more jobs.
        """
        if first:
            self._waiting.appendleft((job, then))
        else:
            self._waiting.append((job, then))

    def run(self, idle: Callable[[], None]) -> None:
        """Work until no job is left; raise what a job or a `then` raised.

        `idle` is called about once a second while no result arrives.
        """
        while self._waiting or self._running:
            self._start()
            try:
                then, result, error = self._results.get(timeout=1.0)
            except queue.Empty:
                idle()
                continue
            self._running -= 1
            if error is not None:
                raise error
            then(result)

    def close(self) -> None:
        """Let idle threads end; those at work are daemons and end with the program."""
        self._waiting.clear()
        for _ in self._threads:
            self._jobs.put(None)
        if not self._running:
            # Judging starts helpers only where no other thread is left.
            for thread in self._threads:
                thread.join()

    def _start(self) -> None:
        while self._waiting and self._running < self._size:
            if len(self._threads) < self._size:
                thread = threading.Thread(target=self._work, name=NAME, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._running += 1
            self._jobs.put(self._waiting.popleft())

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, then = job
            try:
                self._results.put((then, work(), None))
            except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
                self._results.put((then, None, error))


@dataclass
class Run:
    """One collection under way."""

    connection: Connection
    reader: Reader
    writer: SnapshotWriter
    workers: Workers
    listener: Listener
    progress: Progress = field(default_factory=Progress)

    def work(self) -> None:
        """Work until nothing is queued; the listener hears about it once a second at least."""
        self.workers.run(self.tell)

    def tell(self) -> None:
        """Tell the listener how far it is."""
        tell(self.connection, self.progress, self.listener)


def tell(connection: Connection, progress: Progress, listener: Listener) -> None:
    """Tell a listener the progress, with what the connection knows of it."""
    retrier = connection.retrier
    progress.requests = retrier.stats.requests
    progress.retries = retrier.stats.retries
    progress.waiting = max(0.0, retrier.waiting_until - retrier.clock())
    listener(progress)


def run_before(connection: Connection, listener: Listener, job: Callable[[], _T]) -> _T:
    """Run what comes before a `Run`, on one thread, so that the listener hears of its waits."""
    found: list[_T] = []
    workers, progress = Workers(1), Progress(step="starting")
    workers.submit(job, found.append)
    try:
        workers.run(lambda: tell(connection, progress, listener))
    finally:
        workers.close()
    return found[0]
