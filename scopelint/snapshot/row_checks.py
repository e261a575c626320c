"""What is checked of an opened snapshot before its rows are used: format, tables, values, counts.

A query that asks for known values would pass over a damaged row in silence, and a rule that meets
one entry twice would crash; so a file that holds what scopelint never writes is refused as a whole.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from scopelint.errors import SnapshotError
from scopelint.snapshot import sqlite_tables as tables
from scopelint.snapshot.file_checks import NOT_OURS
from scopelint.snapshot.header import Header

_HINT = "The file was damaged or changed; collect again."


def check_tables(db: sqlite3.Connection, path: Path) -> int:
    """Return the file's format; refuse another program's file, another format, or other tables."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (number,) = db.execute("PRAGMA user_version").fetchone()
    if application != tables.APPLICATION_ID:
        raise SnapshotError(
            f"{path} {NOT_OURS}", hint="Make one with: scopelint collect TARGET -o FILE"
        )
    if not tables.OLDEST <= number <= tables.FORMAT:
        raise SnapshotError(
            f"{path} is a snapshot of format {number}; this scopelint reads formats"
            f" {tables.OLDEST} to {tables.FORMAT}",
            hint="Collect again, or use the scopelint version that made it.",
        )
    found = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL"))
    if found != tables.expected(number):
        raise SnapshotError(
            f"{path} holds other tables, views or triggers than a snapshot does",
            hint="The file was changed; do not trust it. Collect again.",
        )
    return int(number)


def check_rows(db: sqlite3.Connection, path: Path, names: Mapping[str, str]) -> None:
    """Refuse what SQLite finds damaged, values of another type, and rows never written.

    `names` are the file's tables.
    """
    for (fault,) in db.execute("PRAGMA quick_check(1)"):
        if fault != "ok":
            raise SnapshotError(
                f"{path} is damaged: {fault}", hint="Copy it again, or collect again."
            )
    for table, condition in tables.NEVER.items():
        if table not in names:
            continue
        query = f"SELECT 1 FROM {table} NOT INDEXED WHERE {condition} LIMIT 1"  # noqa: S608 - fixed names
        if db.execute(query).fetchone():
            raise SnapshotError(
                f"{path}: a row of {table} holds a value that scopelint never writes", hint=_HINT
            )
    if twice := db.execute(tables.ENTRY_TWICE).fetchone():
        project, direction, kind = twice
        raise SnapshotError(
            f"{path}: project {project} has two {direction} entries for one {kind}, which scopelint"
            " never writes",
            hint=_HINT,
        )


def check_row_counts(db: sqlite3.Connection, path: Path, header: Header, number: int) -> None:
    """Refuse a finished collection that has lost rows: what is not there would not be judged.

    For files whose header has the counts (`tables.COUNTED`); `number` is the file's format.
    """
    if header.finished_at is None:
        return
    for name, count in tables.row_counts(db, number).items():
        known = header.row_counts.get(name)
        if count != known:
            raise SnapshotError(
                f"{path} is damaged: its table {name} has {count:,} rows, and it says"
                f" {'nothing of them' if known is None else f'{known:,}'}",
                hint="Copy it again, or collect again.",
            )
