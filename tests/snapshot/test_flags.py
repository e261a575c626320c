"""A boolean of a snapshot is 0, 1 or null; a file that holds another number is refused."""

import sqlite3
from pathlib import Path

import pytest

from scopelint.collect.collection import collect
from scopelint.collect.request import CollectRequest
from scopelint.errors import SnapshotError
from scopelint.snapshot import Snapshot
from scopelint.snapshot.inventory import Inventory
from tests.collect.kit import TOKEN, company, connect, serve, target_refs


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("flags") / "s.db"
    with serve(company()) as simulator, connect(simulator.url, TOKEN) as connection:
        collect(connection, CollectRequest(target_refs("acme")), path)
    return path.read_bytes()


def read_all(path: Path) -> None:
    with Snapshot(path) as snapshot:
        assert list(snapshot.projects())
        assert list(snapshot.targets())
        assert Inventory(snapshot).gaps is not None


COLUMNS = [
    ("projects", name)
    for name in ("archived", "jobs_enabled", "personal", "inbound_own", "inbound_effective")
]
COLUMNS += [("projects", name) for name in ("outbound", "push", "cross_project_push")]
COLUMNS += [("projects", name) for name in ("outbound_entries_known", "uses_known")]
COLUMNS += [("entries", "default_permissions"), ("entries", "autopopulated")]
COLUMNS += [("targets", "visible"), ("targets", "archived"), ("walks", "done")]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
@pytest.mark.parametrize("value", [2, -1])
def test_another_number_is_no_boolean(
    content: bytes, tmp_path: Path, table: str, column: str, value: int
) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(content)
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE {table} SET {column} = ?", (value,))
    database.close()
    with pytest.raises(SnapshotError, match="never writes"):
        read_all(path)


@pytest.mark.parametrize("key", ["administrator", "whole_instance", "requests", "retries"])
@pytest.mark.parametrize("value", ['"false"', "0.5", "[]", "-1", "1e999"])
def test_another_type_is_no_value_of_the_header(
    content: bytes, tmp_path: Path, key: str, value: str
) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(content)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
    database.close()
    with pytest.raises(SnapshotError, match="header cannot be read"):
        Snapshot(path)
