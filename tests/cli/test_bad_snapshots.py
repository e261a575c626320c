"""Files that are no snapshot: exit 2 with the reason, never a traceback, never a pass."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import call


def _sql(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    with database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_a_missing_snapshot_and_a_folder(place: Path) -> None:
    call("check", "nowhere.snapshot").expect(2, "nowhere.snapshot", "is not there", "collect")
    call("check", place).expect(2, "is a folder")
    call("check").expect(2, "no snapshot was given")
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
        "UPDATE meta SET value = '\"2026-08-01T06:00:00\"' WHERE key = 'started_at'",
        "UPDATE meta SET value = '1e999' WHERE key = 'requests'",
        "UPDATE meta SET value = '{\"a\": 1e999}' WHERE key = 'named'",
        "UPDATE meta SET value = 'NaN' WHERE key = 'retries'",
        "UPDATE meta SET value = '7.5' WHERE key = 'requests'",
        f"UPDATE meta SET value = '{'1' * 5000}' WHERE key = 'requests'",
        f"UPDATE meta SET value = '{'[' * 100_000}' WHERE key = 'targets'",
        "UPDATE meta SET value = '\"acme\"' WHERE key = 'targets'",
        "UPDATE meta SET value = '[\"a\\u0000b\"]' WHERE key = 'targets'",
        "UPDATE meta SET value = '1' WHERE key = 'administrator'",
        "UPDATE meta SET value = '[1, 300000000]' WHERE key = 'shard'",
        "UPDATE meta SET value = '[0, 2]' WHERE key = 'shard'",
        "UPDATE meta SET value = '[3, 2]' WHERE key = 'shard'",
        "UPDATE meta SET value = CAST(X'22FF22' AS TEXT) WHERE key = 'gitlab_version'",
    ],
)
def test_a_header_that_cannot_be_read(snapshot: Path, change: str) -> None:
    _sql(snapshot, change)
    result = call("check", snapshot)
    assert "cannot be read" in result.err or "UTF-8" in result.err
    result.expect(2, "ollect")


def test_a_version_of_5000_digits_is_refused(snapshot: Path) -> None:
    _sql(
        snapshot,
        f"UPDATE meta SET value = '\"{'1' * 5000}.{'2' * 5000}\"' WHERE key = 'gitlab_version'",
    )
    call("check", snapshot).expect(2, "a GitLab version of 10,001 characters", "collect again")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE projects SET missing = '[\"nothing\"]'",
        "UPDATE projects SET missing = 'no json'",
        "UPDATE entries SET created_at = 'yesterday'",
        # What a query that asks for known values would leave out.
        "UPDATE projects SET state = 'reading' WHERE id = (SELECT max(id) FROM projects)",
        "UPDATE entries SET direction = 'inward'",
        "UPDATE entries SET kind = 'user'",
        "UPDATE projects SET inbound_effective = 7",
        "UPDATE entries SET default_permissions = 2",
        "UPDATE projects SET path = path || char(0) || 'x'",
        "UPDATE groups SET path = 'acme' || char(0)",
        "UPDATE projects SET access_levels = '{\"a\": ' || hex(zeroblob(50000)) || '}'",
        f"UPDATE projects SET access_levels = '{'[' * 100_000}'",
        "UPDATE entries SET created_at = '2026-01-01T00:00:00'",
        "UPDATE projects SET last_activity_at = '2026-01-01'",
    ],
)
def test_a_value_that_is_never_written(snapshot: Path, change: str) -> None:
    _sql(snapshot, change)
    call("check", snapshot).expect(2, "never writes")


@pytest.mark.parametrize("table", ["projects", "groups", "entries", "walks"])
def test_a_snapshot_that_lost_rows_does_not_pass(snapshot: Path, table: str) -> None:
    """What is not there would not be judged: exit 0, where the whole file gives 1."""
    _sql(snapshot, f"DELETE FROM {table}")
    call("check", snapshot).expect(2, f"is damaged: its table {table} has 0 rows, and it says")


def test_a_snapshot_that_lost_its_counts_does_not_pass(snapshot: Path) -> None:
    _sql(snapshot, "DELETE FROM meta WHERE key = 'row_counts'")
    call("check", snapshot).expect(2, "is damaged", "it says nothing of them")


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
    call("check", "b?mode=rwc").expect(2, "is not there")
    assert not Path("b").exists()


def test_invalid_text_in_the_schema(snapshot: Path) -> None:
    data = snapshot.read_bytes()
    assert b"CREATE TABLE gaps" in data
    snapshot.write_bytes(data.replace(b"CREATE TABLE gaps", b"CREATE TABLE ga\xff\xfe", 1))
    call("check", snapshot).expect(2, "acme.snapshot")


def test_a_value_of_another_type_than_its_column(snapshot: Path) -> None:
    """What SQLite itself refuses to write into these tables, and a changed file may hold."""
    database = sqlite3.connect(snapshot)
    database.execute("PRAGMA writable_schema = ON")
    text = "SELECT sql FROM sqlite_master WHERE name = 'projects'"
    [(ours,)] = database.execute(text).fetchall()
    loose = ours.replace(") STRICT", ")")
    update = "UPDATE sqlite_master SET sql = ? WHERE name = 'projects'"
    database.execute(update, [loose])
    database.commit()
    database.close()
    _sql(snapshot, "UPDATE projects SET path = X'00FF'")
    database = sqlite3.connect(snapshot)
    database.execute("PRAGMA writable_schema = ON")
    database.execute(update, [ours])
    database.commit()
    database.close()
    call("check", snapshot).expect(2, "acme.snapshot")


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "Input/output error")])
def test_a_snapshot_of_another_user(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    opened = Path.open

    def refuse(path: Path, *given: Any, **more: Any) -> Any:
        if path == snapshot:
            raise error
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", refuse)
    words = "permission denied" if isinstance(error, PermissionError) else "Input/output error"
    call("check", snapshot).expect(2, "acme.snapshot cannot be read", words)
    call("diff", snapshot, snapshot).expect(2, words)


def test_a_snapshot_that_is_neither_file_nor_folder(place: Path) -> None:
    os.mkfifo(place / "pipe")
    call("check", "pipe").expect(2, "is no file")


def _broken_off(snapshot: Path, gitlab: Simulator) -> Path:
    """Return a snapshot whose writer was killed in the middle of a transaction."""
    path = snapshot.with_name("broken.snapshot")
    shutil.copy(snapshot, path)
    _sql(path, "UPDATE meta SET value = 'null' WHERE key = 'finished_at'")
    code = f"""
import os, sqlite3
database = sqlite3.connect({str(path)!r}, isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("PRAGMA synchronous = OFF")
database.execute("PRAGMA locking_mode = EXCLUSIVE")
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE projects SET name = hex(zeroblob(20000)), state = 'listed'")
database.execute("DELETE FROM entries")
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert path.with_name(f"{path.name}-journal").stat().st_size > 0
    return path


@pytest.mark.usefixtures("token")
def test_a_snapshot_broken_off_in_a_transaction_is_continued(
    snapshot: Path, gitlab: Simulator
) -> None:
    path = _broken_off(snapshot, gitlab)
    call("check", path).expect(2, "was interrupted in the middle of a write", "--resume")
    call("diff", path, snapshot).expect(2, "interrupted")
    call("collect", "acme", "--url", gitlab.url, "-o", path, "--resume").expect(0)
    before, after = (
        json.loads(call("check", one, "-f", "json").expect(1).out)["findings"]
        for one in (snapshot, path)
    )
    assert after == before


@pytest.mark.usefixtures("token")
def test_a_file_that_is_no_snapshot_is_not_resumed(gitlab: Simulator) -> None:
    Path("s").write_text("text")
    call("collect", "acme", "--url", gitlab.url, "-o", "s", "--resume").expect(2, "not a scopelint")
    assert Path("s").read_text() == "text"


RESUMED = Path(__file__).parent / "cases" / "resume-estate.yml"


@pytest.mark.parametrize("target", ["prod", "acme"])
@pytest.mark.parametrize("command", [("scan", "--snapshot"), ("collect", "-o")])
def test_a_finished_snapshot_is_never_taken_for_a_new_scan(
    monkeypatch: pytest.MonkeyPatch, target: str, command: tuple[str, str]
) -> None:
    with Simulator(load_instance(RESUMED)) as gitlab:
        monkeypatch.setenv("SCOPELINT_TOKEN", next(iter(load_instance(RESUMED).tokens)))
        monkeypatch.setenv("SCOPELINT_URL", gitlab.url)
        assert call("collect", "acme", "-o", "s").code in (0, 3)
        before = Path("s").read_bytes()
        gitlab.reset_counts()
        name, option = command
        result = call(name, target, option, "s", "--resume")
        result.expect(2, "finished collection (acme on ", "finished just now", "scopelint check s")
        assert gitlab.counts.total() == 0
        assert Path("s").read_bytes() == before


@pytest.mark.parametrize("table", [b"projects", b"entries", b"walks"])
def test_a_flipped_bit_anywhere_in_the_schema(snapshot: Path, table: bytes) -> None:
    """SQLite's message may repeat the damaged text, which is no UTF-8 then."""
    kept = snapshot.read_bytes()
    start = kept.index(b"CREATE TABLE " + table)
    for offset in range(0, 300, 11):
        data = bytearray(kept)
        data[start + offset] ^= 0x80
        snapshot.write_bytes(data)
        call("check", snapshot).expect(2, "acme.snapshot")
