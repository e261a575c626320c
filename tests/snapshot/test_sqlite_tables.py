"""What a snapshot never holds is refused when it is opened: by table, flags, numbers, doubles."""

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
    "projects": {
        "acme/a": {
            "entries": [{"group": "partner"}],
            "uses": [{"origin": "acme/b", "at": "2026-01-01T00:00:00Z"}],
        }
    },
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


@pytest.mark.parametrize(
    ("table", "column"), [("entries", "target_id"), ("uses", "origin_id"), ("targets", "id")]
)
def test_a_number_that_gitlab_gives_nothing_is_refused(
    tmp_path: Path, table: str, column: str
) -> None:
    path = tmp_path / "s.snapshot"
    write(INVENTORY, path)
    with sqlite3.connect(path) as database:
        assert database.execute(f"UPDATE {table} SET {column} = 0").rowcount
    with pytest.raises(SnapshotError, match=f"a row of {table} holds a value that scopelint"):
        Snapshot(path)


LISTS = """
projects:
  acme/a:
    id: 7
    entries:
      - {group: partner}
      - {group: tools}
      - {project: acme/b}
      - {project: acme/c}
      - {gone: project, created_at: 2026-01-01T00:00:00Z}
      - {gone: project, created_at: 2026-02-01T00:00:00Z}
    outbound_entries: [{project: acme/b}, {project: acme/c}]
"""
"""One target in the lists of both directions, and two targets that are gone: nothing is double."""


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("target_id = (SELECT max(target_id) FROM entries WHERE kind = 'group')", "group"),
        ("target_id = (SELECT max(target_id) FROM entries WHERE kind = 'project')", "project"),
        ("created_at = '2026-01-01T00:00:00+00:00'", "project"),
        ("target_id = NULL, created_at = NULL", "group"),
    ],
)
def test_two_entries_for_one_target_are_refused(tmp_path: Path, change: str, what: str) -> None:
    """Rules give a verdict an entry, and two of one key would be two findings of one print."""
    path = tmp_path / "s.snapshot"
    write(LISTS, path)
    with Snapshot(path) as snapshot:
        [project] = snapshot.projects()
    assert project.scope is not None
    assert len(project.scope.entries) == 6
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE entries SET {change} WHERE kind = '{what}'")
    said = rf"project 7 has two inbound entries for one {what}, which scopelint never writes"
    with pytest.raises(SnapshotError, match=said):
        Snapshot(path)


def test_two_leftover_entries_for_one_target_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.snapshot"
    write(LISTS, path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE entries SET target_id = 5 WHERE direction = 'outbound'")
    with pytest.raises(SnapshotError, match="project 7 has two outbound entries for one project"):
        Snapshot(path)
