"""Rows of the inventory as CSV for spreadsheets (RFC 4180, UTF-8) and as JSON Lines for programs.

Every cell is quoted, on one line, and no formula.
"""

import csv
import json
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any, BinaryIO

import scopelint
from scopelint.export.rows import ENTRY_COLUMNS, PROJECT_COLUMNS, Row, projects
from scopelint.snapshot.inventory import Inventory
from scopelint.text import csv_cell

SCHEMA = "scopelint-inventory/1"
"""The name and version of the JSON Lines' shape; later versions add columns at the end only."""
UNKNOWN = "unknown"
"""A cell of what was not read; an empty cell is nothing, and known."""


def write_csv(inventory: Inventory, project_file: BinaryIO, entry_file: BinaryIO) -> None:
    """Write `projects.csv` and `entries.csv` in one pass over the inventory."""
    add_project = _table(project_file, PROJECT_COLUMNS)
    add_entry = _table(entry_file, ENTRY_COLUMNS)
    for project, entries in projects(inventory):
        add_project(project)
        for entry in entries:
            add_entry(entry)


def write_jsonl(inventory: Inventory, file: BinaryIO) -> None:
    """Write the inventory as JSON Lines: the scan, its gaps, then each project and its entries.

    Every line has a `record`. A project's entries follow it; one that was not read has none.
    """
    for record in (_scan(inventory), *_gaps(inventory)):
        file.write(_line(record))
    for project, entries in projects(inventory):
        file.write(_line({"record": "project"} | dict(project)))
        for entry in entries:
            if entry["kind"] is not None:
                file.write(_line({"record": "entry"} | dict(entry)))


def _table(file: BinaryIO, columns: Sequence[str]) -> Callable[[Row], None]:
    line = StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n")

    def write(cells: Sequence[str]) -> None:
        writer.writerow(cells)
        file.write(line.getvalue().encode())
        line.seek(0)
        line.truncate()

    write(columns)
    return lambda row: write([_cell(column, row) for column in columns])


_INBOUND_ONLY = frozenset({"covers", "covers_exact", "last_used"})


def _cell(column: str, row: Row) -> str:
    value = row[column]
    if value is None:
        # A row without an entry has nothing in the entry's columns: it only says why.
        empty = row.get("kind", "") is None
        outbound = row.get("direction") == "outbound" and column in _INBOUND_ONLY
        return "" if empty or outbound else UNKNOWN
    if isinstance(value, bool):
        return "true" if value else "false"
    return csv_cell(" ".join(value) if isinstance(value, list) else str(value))


def _line(record: dict[str, Any]) -> bytes:
    return f"{json.dumps(record)}\n".encode()


def _scan(inventory: Inventory) -> dict[str, Any]:
    scan = inventory.scan
    return {
        "record": "scan",
        "schema": SCHEMA,
        "tool": {"name": "scopelint", "version": scopelint.__version__},
        "instance": scan.instance,
        "gitlab_version": scan.gitlab_version,
        "targets": list(scan.targets),
        "api": scan.api,
        "started_at": scan.started_at.isoformat(),
        "finished_at": scan.finished_at.isoformat() if scan.finished_at else None,
        "enforcement": scan.enforcement,
        "complete": inventory.complete,
        "projects": {
            "total": inventory.total,
            "read": inventory.read,
            "unreadable": inventory.total - inventory.read,
        }
        | ({"left_out": len(inventory.left_out)} if inventory.left_out else {}),
        "filters": scan.filters.words(),
        "entries": inventory.entry_count,
    }


def _gaps(inventory: Inventory) -> list[dict[str, Any]]:
    return [
        {
            "record": "gap",
            "fact": str(gap.fact),
            "reason": gap.reason.value,
            "detail": gap.detail,
            "kind": gap.subject_kind,
            "id": gap.subject_id,
            "path": gap.subject_path,
        }
        for gap in inventory.gaps
    ]
