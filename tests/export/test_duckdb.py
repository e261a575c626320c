"""docs/comparing.md: DuckDB reads what `export jsonl` writes, and makes Parquet of it."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.meta.kit import run
from tests.meta.sources import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("duckdb") is None, reason="duckdb is not installed"),
]

DESCRIBED = {
    "projects": {
        "acme/web/shop": {"entries": [{"group": "acme"}, {"project": "acme/lib"}]},
        "acme/web/till": {"entries": [{"group": "acme"}]},
        "acme/lib": {"inbound_own": False, "inbound_effective": False},
        "acme/lost": {"unreadable": "forbidden"},
    }
}
TEXT = (ROOT / "docs" / "comparing.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
    if "inventory.jsonl" in line
]


def test_the_documented_lines_count_and_make_parquet(tmp_path: Path) -> None:
    duckdb: Any = import_module("duckdb")
    write(DESCRIBED, tmp_path / "day2.snapshot")
    export, counted, parquet = (run(["bash", "-uc", line], tmp_path) for line in LINES)
    # One project was not read, and so the inventory is not whole.
    assert (export.code, counted.code, parquet.code) == (3, 0, 0), counted.err + parquet.err
    rows = [line.split("│")[1:-1] for line in counted.out.splitlines() if "│ acme" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["acme", "group", "2"],
        ["acme/lib", "project", "1"],
    ]
    table = f"'{tmp_path / 'projects.parquet'}'"
    told = duckdb.sql(f"SELECT path, inbound_effective, why_not FROM {table} ORDER BY path")
    assert told.fetchall() == [
        ("acme/lib", False, ""),
        ("acme/lost", None, "forbidden"),
        ("acme/web/shop", True, ""),
        ("acme/web/till", True, ""),
    ]
