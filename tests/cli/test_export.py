"""`scopelint export FORMAT S`: where it goes, exit codes, shards."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.cli.kit import call, files_below, process


def _names(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return [row["path"] for row in csv.DictReader(file)]


def test_two_tables_in_a_folder(snapshot: Path, place: Path) -> None:
    result = call("export", "csv", snapshot, "-o", "inventory").expect(0)
    assert result.text == ""
    folder = place / "inventory"
    assert [path.name for path in files_below(folder)] == ["entries.csv", "projects.csv"]
    assert sorted(_names(folder / "projects.csv")) == [
        "acme/tool",
        "acme/web/shop",
        "acme/web/site",
    ]
    # Again into the same folder: replaced, not added to.
    before = (folder / "projects.csv").read_bytes()
    call("export", "csv", snapshot, "-o", "inventory").expect(0)
    assert (folder / "projects.csv").read_bytes() == before


def test_lines_to_stdout_or_a_file(snapshot: Path, place: Path) -> None:
    raw = call("export", "jsonl", snapshot).expect(0).raw
    records = [json.loads(line)["record"] for line in raw.splitlines()]
    assert records[0] == "scan"
    assert records.count("project") == 3
    call("export", "jsonl", snapshot, "-o", "inventory.jsonl").expect(0)
    assert (place / "inventory.jsonl").read_bytes() == raw
    assert process("export", "jsonl", snapshot, cwd=place).expect(0).raw == raw


def test_shards_are_read_as_one(gitlab: Any, token: str, snapshot: Path, place: Path) -> None:
    for number in (1, 2):
        shard = ("--shard", f"{number}/2", "-o", f"{number}.snapshot")
        call("collect", "acme", "--url", gitlab.url, "-q", *shard)
    call("export", "csv", "1.snapshot", "2.snapshot", "-o", "both").expect(0)
    call("export", "csv", snapshot, "-o", "whole").expect(0)
    assert (place / "both" / "projects.csv").read_bytes() == (
        place / "whole" / "projects.csv"
    ).read_bytes()
    call("export", "csv", "1.snapshot", "-o", "one").expect(3, "incomplete")
    assert _names(place / "one" / "projects.csv") == _names(place / "both" / "projects.csv")


def test_an_incomplete_snapshot_is_told(place: Path) -> None:
    write({"projects": {"acme/x": {"unreadable": "forbidden"}}}, place / "part")
    result = call("export", "jsonl", "part").expect(3, "1 of 1 projects were not read")
    assert json.loads(result.out.splitlines()[-1])["why_not"] == "forbidden"
    call("export", "jsonl", "part", "--allow-incomplete").expect(0, "incomplete")
    write({"projects": {}, "targets": ["acme"]}, place / "none")
    call("export", "jsonl", "none", "--allow-incomplete").expect(3, "no project")


def test_wrong_calls(snapshot: Path, place: Path) -> None:
    call("export", "csv", snapshot).expect(2, "name the folder")
    call("export", "xml", snapshot).expect(2, "xml")
    call("export", "csv").expect(2, "Missing argument")
    call("export", "csv", "missing", "-o", "x").expect(2, "missing")
    (place / "file").write_text("kept")
    call("export", "csv", snapshot, "-o", "file").expect(2, "cannot be made")
    call("export", "csv", snapshot, "-o", "no/such").expect(2, "cannot be made")
    call("export", "jsonl", snapshot, "-o", snapshot).expect(2, "would replace")
    (place / "text").write_text("text")
    call("export", "jsonl", "text").expect(2, "not a scopelint snapshot")
    assert (place / "file").read_text() == "kept"


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "\u001b[2J"])
def test_hostile_names_reach_no_terminal(name: str, place: Path) -> None:
    entries = [{"group": "far", "id": 9, "added_by": name}]
    write({"projects": {"acme/x": {"entries": entries}}}, place / "hostile")
    assert "\x1b" not in call("export", "jsonl", "hostile").expect(0).out
    call("export", "csv", "hostile", "-o", "out").expect(0)
    text = (place / "out" / "entries.csv").read_text()
    assert "\x1b" not in text
    assert ',"=' not in text


CODE = {
    "gitlabform": "acme/web/shop:",
    "yaml": "declared:\n  projects_and_groups:",
    "terraform": 'resource "gitlab_project_job_token_scopes" "acme_web_shop" {',
}


@pytest.mark.parametrize("name", CODE)
def test_policy_code_goes_to_stdout_or_a_file(name: str, snapshot: Path, place: Path) -> None:
    result = call("export", name, snapshot).expect(0)
    assert CODE[name] in result.out
    assert result.err == ""
    call("export", name, snapshot, "-o", "code").expect(0)
    assert (place / "code").read_bytes() == result.raw


@pytest.mark.parametrize("name", CODE)
def test_policy_code_names_what_it_leaves_out(name: str, place: Path) -> None:
    projects = {"acme/good": {}, "acme/bad": {"unreadable": "forbidden"}}
    write({"projects": projects}, place / "part")
    result = call("export", name, "part").expect(3, "left out: acme/bad: ", "incomplete")
    assert "acme/good" in result.out
    assert "bad" not in result.out
    call("export", name, "part", "--allow-incomplete").expect(0, "acme/bad")
    many = {f"acme/p{number:03d}": {"unreadable": "forbidden"} for number in range(130)}
    write({"projects": many}, place / "many")
    named = call("export", name, "many").expect(3, "left out: 30 more").err
    assert named.count("left out: acme/p") == 100


@pytest.mark.parametrize("name", CODE)
def test_policy_code_leaves_out_what_is_to_be_deleted_and_says_it_once(
    name: str, place: Path
) -> None:
    leaving = {f"acme/p{number}": {"deletion": "scheduled"} for number in range(4)}
    inside: dict[str, dict[str, str]] = {"acme/old-deletion_scheduled-7/x": {}}
    write({"projects": {"acme/good": {}, **leaving, **inside}}, place / "s")
    result = call("export", name, "s").expect(0)
    assert "acme/good" in result.out
    assert not re.search("acme/p|deletion", result.out)
    assert result.err.count("to be deleted") == 1
    assert (
        "5 projects are to be deleted, and left out: acme/old-deletion_scheduled-7/x, acme/p0, acme/p1 and 2 more"
        in result.err
    )


def test_declared_yaml_is_a_config_that_finds_nothing(snapshot: Path) -> None:
    call("export", "yaml", snapshot, "-o", "scopelint.yml").expect(0)
    call("config", "check", "scopelint.yml").expect(0)
    call("check", snapshot, "--select", "SL8").expect(0)
