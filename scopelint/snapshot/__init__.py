"""The snapshot: one SQLite file with what was observed, and the inventory, its read model.

`SnapshotWriter` writes a file page by page while collecting, so that a killed run can be resumed.
`open_snapshots` opens one file, or the shards of one collection, and `Inventory` answers what is in
them. What could not be read is in it as a gap.

It may import `errors`, `filters`, `limit_change`, `model`, `paths`, `project_pattern`, `run_identity`, `text` and `versions`. No other package knows
SQLite or its tables.
"""

from scopelint.filters import Filters
from scopelint.snapshot.group_tree import GroupTree
from scopelint.snapshot.header import MAX_SHARDS, Cursor, Header
from scopelint.snapshot.inventory import Inventory
from scopelint.snapshot.inventory_gaps import completed
from scopelint.snapshot.shards import MergedSnapshots, Source
from scopelint.snapshot.sqlite_reader import Completion, Snapshot, as_observed
from scopelint.snapshot.sqlite_writer import Listed, SnapshotWriter
from scopelint.snapshot.together import JoinedCollections, open_snapshots

__all__ = [
    "MAX_SHARDS",
    "Completion",
    "Cursor",
    "Filters",
    "GroupTree",
    "Header",
    "Inventory",
    "JoinedCollections",
    "Listed",
    "MergedSnapshots",
    "Snapshot",
    "SnapshotWriter",
    "Source",
    "as_observed",
    "completed",
    "open_snapshots",
]
