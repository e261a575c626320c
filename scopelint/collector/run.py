"""What the steps of one collection share: the reader, the file, the workers, the progress."""

import time
from dataclasses import dataclass, field

from scopelint.collector.connection import Connection
from scopelint.collector.progress import Listener, Progress
from scopelint.collector.reader import Reader
from scopelint.collector.workers import Workers
from scopelint.snapshot import SnapshotWriter


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
        patience = self.connection.patience
        self.progress.requests = patience.meter.requests
        self.progress.retries = patience.meter.retries
        self.progress.waiting = max(0.0, patience.waiting_until - time.monotonic())
        self.listener(self.progress)
