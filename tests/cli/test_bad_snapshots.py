"""Files that are no snapshot: exit 2 with the reason, never a traceback, never a pass."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.kit import call


def _sql(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    with database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_a_missing_snapshot_and_a_folder(place: Path) -> None:
    call("check", "nowhere.snapshot").expect(2, "nowhere.snapshot", "does not exist", "collect")
    call("check", place).expect(2, "is a folder")
    call("check").expect(2, "Missing argument")
    call("check", "").expect(2, "empty")


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 5000, b"SQLite format 3\0", b"{}", "text: ü\n".encode(), b"\xff" * 10]
)
def test_a_file_that_is_no_snapshot(data: bytes) -> None:
    Path("s").write_bytes(data)
    result = call("check", "s", "-f", "json", "-o", "r.json")
    result.expect(2, "s is not a scopelint snapshot", "collect")
    assert not Path("r.json").exists()


def test_another_programs_database() -> None:
    _sql(Path("s"), "CREATE TABLE t (x)")
    call("check", "s").expect(2, "not a scopelint snapshot")


@pytest.mark.parametrize("part", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_truncated_snapshot(snapshot: Path, part: float) -> None:
    data = snapshot.read_bytes()
    snapshot.write_bytes(data[: int(len(data) * part)])
    call("check", snapshot, "-f", "json", "-o", "r.json").expect(2, "acme.snapshot")
    assert not Path("r.json").exists()


@pytest.mark.parametrize("page", range(1, 10))
def test_a_snapshot_with_a_damaged_page(snapshot: Path, page: int) -> None:
    data = bytearray(snapshot.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    if page * size >= len(data):
        pytest.skip("the snapshot has fewer pages")
    data[page * size : (page + 1) * size] = b"\xa5" * size
    snapshot.write_bytes(data)
    result = call("check", snapshot)
    # Damage in an index that is not used goes unseen; it must not change what is said.
    assert result.code in (1, 2), result.text
    result.expect(int(result.code))


@pytest.mark.parametrize("version", [0, 1, 99])
def test_another_version(snapshot: Path, version: int) -> None:
    _sql(snapshot, f"PRAGMA user_version = {version}")
    call("check", snapshot).expect(2, f"format {version}", "reads format")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM projects; END",
        "CREATE VIEW v AS SELECT * FROM projects",
        "CREATE TABLE more (x)",
        "ALTER TABLE projects ADD COLUMN more TEXT",
        "DROP TABLE gaps",
        "CREATE INDEX more ON projects (path)",
    ],
)
def test_a_tampered_snapshot(snapshot: Path, change: str) -> None:
    _sql(snapshot, change)
    call("check", snapshot).expect(2, "other tables, views or triggers", "do not trust")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM meta",
        "DELETE FROM meta WHERE key = 'instance'",
        "UPDATE meta SET value = 'no json' WHERE key = 'targets'",
        "UPDATE meta SET value = '7' WHERE key = 'instance'",
        "UPDATE meta SET value = '[]' WHERE key = 'filters'",
        "UPDATE meta SET value = '\"soap\"' WHERE key = 'api'",
        "UPDATE meta SET value = '\"yesterday\"' WHERE key = 'started_at'",
    ],
)
def test_a_header_that_cannot_be_read(snapshot: Path, change: str) -> None:
    _sql(snapshot, change)
    call("check", snapshot).expect(2, "header", "collect again")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE projects SET missing = '[\"nothing\"]'",
        "UPDATE projects SET missing = 'no json'",
        "UPDATE entries SET created_at = 'yesterday'",
        "INSERT INTO gaps (fact, reason, detail) VALUES ('scope', 'because', '')",
    ],
)
def test_a_value_that_is_never_written(snapshot: Path, change: str) -> None:
    _sql(snapshot, change)
    call("check", snapshot).expect(2, "never writes")


def test_a_snapshot_is_only_read(snapshot: Path) -> None:
    before = snapshot.read_bytes()
    snapshot.chmod(0o400)
    call("check", snapshot).expect(1)
    assert snapshot.read_bytes() == before
    assert [path.name for path in snapshot.parent.glob("acme*")] == ["acme.snapshot"]


def test_a_name_with_characters_that_mean_something_in_a_uri(snapshot: Path) -> None:
    odd = Path("a?mode=rwc#50% ü.snapshot")
    shutil.move(snapshot, odd)
    call("check", odd).expect(1)
    call("check", "b?mode=rwc").expect(2, "does not exist")
    assert not Path("b").exists()
