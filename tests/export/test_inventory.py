"""The inventory's rows, its tables and its lines."""

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.export.rows import ENTRY_COLUMNS, PROJECT_COLUMNS
from scopelint.export.tables import write_csv, write_jsonl
from scopelint.model import AllowlistEntry, Enforcement, Flags, Project, Scope
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory
from scopelint.text import csv_cell
from tests.access.kit import Memory
from tests.examples import examples

Rows = list[dict[str, str]]

INVENTORY: dict[str, Any] = {
    "projects": {
        "acme/web/shop": {
            "id": 1,
            "entries": [
                {"group": "acme/web", "id": 11, "added_by": "mia", "autopopulated": True},
                {
                    "project": "partner/sdk",
                    "id": 90,
                    "policies": ["READ_PACKAGES", "READ_JOBS"],
                    "created_at": "2026-01-02T03:04:05+02:00",
                },
                {"group": "far", "id": 91, "default_permissions": None, "policies": None},
            ],
            "outbound_entries": [{"project": "acme/tool", "id": 2}],
            "uses": [{"origin": "acme/web/till", "at": "2026-07-01T00:00:00Z"}],
        },
        "acme/tool": {"id": 2, "archived": True, "visibility": "public", "uses": []},
        "acme/web/till": {"id": 3, "inbound_own": False, "missing": ["entries"]},
        "acme/hr": {"id": 4, "unreadable": {"reason": "forbidden", "detail": "HTTP 403"}},
    },
    "groups": [{"path": "acme", "id": 10}, {"path": "acme/web", "id": 11}],
    "listed": ["acme/late"],
    "excluded": ["acme/left-out"],
    "enforcement": "off",
}


def _tables(description: Mapping[str, Any]) -> tuple[Rows, Rows]:
    with inventory(description) as observed:
        return _read(observed)


def _read(observed: Inventory) -> tuple[Rows, Rows]:
    files = io.BytesIO(), io.BytesIO()
    write_csv(observed, *files)
    texts = (io.StringIO(file.getvalue().decode(), newline="") for file in files)
    projects, entries = (list(csv.DictReader(text)) for text in texts)
    return projects, entries


def _lines(description: Mapping[str, Any]) -> list[dict[str, Any]]:
    with inventory(description) as observed:
        file = io.BytesIO()
        write_jsonl(observed, file)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_every_requested_project_has_a_row() -> None:
    projects, _ = _tables(INVENTORY)
    assert [row["path"] for row in projects] == [
        "acme/web/shop",
        "acme/tool",
        "acme/web/till",
        "acme/hr",
        "acme/late",
    ]
    shop, tool, till, hr, late = projects
    assert tuple(shop) == PROJECT_COLUMNS
    numbers = ("group_entries", "project_entries", "outbound_entries", "reached_by", "last_used")
    assert [shop[name] for name in numbers] == ["2", "1", "1", "2", "2026-07-01T00:00:00Z"]
    assert shop["reached_by_exact"] == "false"
    assert (tool["archived"], tool["visibility"], tool["last_used"]) == ("true", "public", "")
    assert (till["inbound_effective"], till["inbound_own"]) == ("false", "false")
    assert (till["read"], till["why_not"]) == ("true", "a part of the allowlist")
    assert till["group_entries"] == till["last_used"] == "unknown"
    assert (hr["read"], hr["why_not"]) == ("false", "forbidden: HTTP 403")
    assert hr["inbound_effective"] == hr["group_entries"] == hr["reached_by"] == "unknown"
    assert (late["read"], late["visibility"]) == ("false", "unknown")
    assert "interrupted" in late["why_not"]


def test_every_entry_has_a_row_and_so_has_what_was_not_read() -> None:
    _, entries = _tables(INVENTORY)
    assert all(tuple(row) == ENTRY_COLUMNS for row in entries)
    web, sdk, far, tool, *missing = sorted(
        entries, key=lambda row: (row["kind"] == "", row["direction"], row["target_id"])
    )
    assert (web["target"], web["covers"], web["covers_exact"]) == ("acme/web", "1", "false")
    assert (web["permissions"], web["policies"], web["added_by"]) == ("default", "", "mia")
    assert (web["autopopulated"], web["last_used"]) == ("true", "2026-07-01T00:00:00Z")
    assert (sdk["permissions"], sdk["policies"]) == ("fine-grained", "READ_JOBS READ_PACKAGES")
    assert (sdk["created_at"], sdk["last_used"]) == ("2026-01-02T01:04:05Z", "")
    assert (far["permissions"], far["policies"], far["covers"]) == ("unknown",) * 3
    assert (tool["direction"], tool["target"], tool["covers"]) == ("outbound", "acme/tool", "")
    assert [(row["project"], row["kind"], row["read"]) for row in missing] == [
        ("acme/web/till", "", "true"),
        ("acme/hr", "", "false"),
        ("acme/late", "", "false"),
    ]
    assert all(row["why_not"] for row in missing)


def test_the_lines_hold_the_same() -> None:
    lines = _lines(INVENTORY)
    projects, entries = _tables(INVENTORY)
    scan, *rest = lines
    assert (scan["record"], scan["schema"]) == ("scan", "scopelint-inventory/1")
    assert scan["projects"] == {"total": 5, "read": 3, "unreadable": 2, "left_out": 1}
    assert scan["complete"] is False
    assert {line["record"] for line in rest} == {"gap", "project", "entry"}
    found = [line for line in rest if line["record"] == "project"]
    assert [line["path"] for line in found] == [row["path"] for row in projects]
    assert found[3]["inbound_effective"] is None
    rows = [line for line in rest if line["record"] == "entry"]
    assert len(rows) == sum(row["kind"] != "" for row in entries)
    [sdk] = [row for row in rows if row["target"] == "partner/sdk"]
    assert sdk["policies"] == ["READ_JOBS", "READ_PACKAGES"]


@given(st.text(max_size=12))
def test_no_cell_is_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert cell.lstrip()[:1] not in {*"=+-@\uff1d\uff0b\uff0d\uff20"} | {"\t", "\r", "\n"}
    assert "\n" not in cell
    assert "\r" not in cell


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-A1", "@SUM(A1)", '"=x', "a,b", "x\u202ey"])
def test_hostile_names_are_cells(name: str) -> None:
    entries = [{"group": f"{name}", "id": 9, "added_by": name}]
    [row], [found] = _tables({"projects": {"acme/x": {"visibility": name, "entries": entries}}})
    for cell in (row["visibility"], found["target"], found["added_by"]):
        assert cell.lstrip("'") == name.replace("\u202e", "\ufffd")
        assert not cell.startswith(("=", "+", "-", "@"))


class Many(Memory):
    """Many projects that are made while they are read."""

    def __init__(self, number: int) -> None:
        super().__init__((), (18, 5))
        self.number = number

    def project_paths(self) -> Iterator[tuple[int, str]]:
        return ((number, f"a/p{number}") for number in range(1, self.number + 1))

    def project_states(self) -> Iterator[tuple[int, str, str]]:
        return ((number, path, "read") for number, path in self.project_paths())

    def count(self, *states: str) -> int:
        return self.number if "read" in states else 0

    def projects(
        self, only: Collection[int] | None, flags: Callable[[Flags, Enforcement], Flags]
    ) -> Iterator[Project]:
        entries = tuple(AllowlistEntry("group", 1, f"a/{name}") for name in "xyz")
        scope = Scope(True, True, entries=entries)
        first = Project(0, "", visibility="private", scope=scope)
        for number, path in self.project_paths():
            if only is None or number in only:
                yield replace(first, id=number, path=path)


class Nowhere(io.RawIOBase):
    """Counts the bytes that are written to it."""

    def __init__(self) -> None:
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.size += len(data)
        return len(data)


@contextmanager
def _measured() -> Iterator[list[int]]:
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_projects() -> None:
    peaks = []
    for number in (500, 4_000):
        observed = Inventory(Many(number))
        list(observed.tree.paths())
        files: list[Any] = [Nowhere(), Nowhere(), Nowhere()]
        with _measured() as peak:
            write_csv(observed, files[0], files[1])
            write_jsonl(observed, files[2])
        peaks += peak
        assert all(file.size > number * 50 for file in files)
    assert peaks[1] < peaks[0] * 2 + 100_000


@settings(max_examples=examples(20))
@given(st.sampled_from(["graphql", "rest"]))
def test_the_same_snapshot_gives_the_same_bytes(api: str) -> None:
    assert _tables({**INVENTORY, "api": api}) == _tables({**INVENTORY, "api": api})


def test_the_last_use_of_a_projects_own_token_is_a_column_of_its_own() -> None:
    own = {"uses": [{"origin": "acme/a", "at": "2026-07-01T00:00:00Z"}]}
    for version, cells in (
        ("18.5.0", ["2026-07-01T00:00:00Z", "", "unknown"]),
        ("18.0.0", ["unknown", "unknown", "unknown"]),
    ):
        projects, _ = _tables(
            {"version": version, "projects": {"acme/a": own, "acme/b": {"uses": []}, "acme/c": {}}}
        )
        assert [row["own_token_last_used"] for row in projects] == cells
        assert [row["last_used"] for row in projects] == ["", "", "unknown"]
