"""What the steps of one collection share: the reader, the file, the workers, the progress."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from scopelint.collector.connection import Connection
from scopelint.collector.progress import Listener, Progress
from scopelint.collector.reader import Reader
from scopelint.collector.workers import Workers
from scopelint.snapshot import SnapshotWriter

_T = TypeVar("_T")


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
    patience = connection.patience
    progress.requests = patience.meter.requests
    progress.retries = patience.meter.retries
    progress.waiting = max(0.0, patience.waiting_until - patience.clock())
    listener(progress)


def aside(connection: Connection, listener: Listener, job: Callable[[], _T]) -> _T:
    """Run what comes before a `Run`, on one thread, so that the listener hears of its waits."""
    found: list[_T] = []
    workers, progress = Workers(1), Progress(step="starting")
    workers.submit(job, found.append)
    try:
        workers.run(lambda: tell(connection, progress, listener))
    finally:
        workers.close()
    return found[0]
