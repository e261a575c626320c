"""The table of what audit events tell about the limits of open projects, while a snapshot is written.

It came with format 3 of the tables: older snapshots have none, and nothing is known there.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from scopelint.limit_change import LimitChange
from scopelint.snapshot import sqlite_rows as rows

COLUMNS: Final = "project_id, last, at, author, author_id"
"""Those of the table `limit_changes`."""


class LimitChangeTable:
    """Writes the table; `transaction` is the writer's own, and turns what SQLite refuses into errors."""

    def __init__(
        self,
        database: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._db, self._transaction = database, transaction

    def lacking(self, *, own_flag_decides: bool) -> list[tuple[int, str]]:
        """Return number and path of the open projects whose audit events were not read, by number.

        Open are those whose effective limit is off and, where `own_flag_decides`, those whose own
        one is off while the effective one was not read.
        """
        found = self._db.execute(
            "SELECT id, path FROM projects WHERE state = 'read' AND (inbound_effective = 0"
            " OR (? AND inbound_effective IS NULL AND inbound_own = 0))"
            " AND id NOT IN (SELECT project_id FROM limit_changes) ORDER BY id",
            (own_flag_decides,),
        )
        return list(found)

    def add(self, project_id: int, change: LimitChange) -> None:
        """Store what a project's audit events tell."""
        with self._transaction():
            self._db.execute(
                f"INSERT OR REPLACE INTO limit_changes ({COLUMNS})"  # noqa: S608 - fixed names
                f" VALUES ({rows.marks(COLUMNS)})",
                limit_change_row(project_id, change),
            )


def limit_change_row(project_id: int, change: LimitChange) -> rows.Row:
    """Return the row of what a project's audit events tell."""
    at = None if change.at is None else change.at.isoformat()
    return (project_id, change.last, at, change.author, change.author_id)


def to_limit_change(row: rows.Row) -> LimitChange:
    """Read a row of `COLUMNS`."""
    _, last, at, author, author_id = row
    return LimitChange(last, rows.time(at), author, author_id)
