"""What a snapshot never holds is refused when it is opened: each flag of each table."""

import re
import sqlite3
from pathlib import Path

import pytest

from scopelint.errors import SnapshotError
from scopelint.snapshot import Snapshot
from scopelint.snapshot.sqlite_tables import FLAGS, NEVER, TABLES
from scopelint.testing import write

NUMBERS = {"id", "position", "access_level", "project_count", "seen", "expected"}
"""The integers that are no flags, beside those whose names end in `_id`."""
INVENTORY = {
    "projects": {"acme/a": {"entries": [{"group": "partner"}]}},
    "resolved": [{"group": "partner", "projects": 2}],
}


def integers(table: str) -> set[str]:
    return set(re.findall(r"(\w+) INTEGER", TABLES[table]))


def test_every_integer_that_is_no_number_is_checked_as_a_flag() -> None:
    for table in TABLES:
        flags = {n for n in integers(table) - NUMBERS if not n.endswith("_id")}
        assert flags == set(FLAGS.get(table, ())), table
        for flag in flags:
            assert f"{flag} NOT IN (0, 1)" in NEVER[table]


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in FLAGS for column in FLAGS[table]]
)
def test_a_flag_of_another_value_is_refused(tmp_path: Path, table: str, column: str) -> None:
    path = tmp_path / "s.snapshot"
    write(INVENTORY, path)
    with sqlite3.connect(path) as database:
        if table == "walks":
            database.execute("INSERT INTO walks (name, done, seen) VALUES ('projects:acme', 1, 1)")
        changed = database.execute(f"UPDATE {table} SET {column} = 2").rowcount
    assert changed
    with pytest.raises(SnapshotError, match=f"a row of {table} holds a value that scopelint"):
        Snapshot(path)
