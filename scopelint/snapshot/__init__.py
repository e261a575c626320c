"""The snapshot: one SQLite file that holds what was observed, and what could not be read."""

from scopelint.model import Filters
from scopelint.snapshot.header import Cursor, Header
from scopelint.snapshot.merge import MergedSnapshots, Source, open_snapshots
from scopelint.snapshot.reader import Snapshot
from scopelint.snapshot.writer import Listed, SnapshotWriter

__all__ = [
    "Cursor",
    "Filters",
    "Header",
    "Listed",
    "MergedSnapshots",
    "Snapshot",
    "SnapshotWriter",
    "Source",
    "open_snapshots",
]
