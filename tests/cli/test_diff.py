"""`scopelint diff OLD NEW`: exit codes, forms, and what is no comparison."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scopelint.diff.diff_records import diff_schema
from scopelint.testing import write
from tests.cli.kit import call, process

SHOP = {"id": 1, "entries": [{"group": "acme/web", "id": 11}]}
WIDE = {"id": 1, "entries": [{"group": "acme", "id": 10, "added_by": "mia"}]}
GROUPS = [{"path": "acme", "id": 10}, {"path": "acme/web", "id": 11}]


def _write(path: str | Path, shop: dict[str, Any], **more: Any) -> Path:
    projects = {"acme/web/shop": shop, "acme/tool": {"id": 2}}
    base = {"projects": projects, "groups": GROUPS, "targets": ["acme"], "enforcement": "off"}
    write(base | more, Path(path))
    return Path(path)


@pytest.fixture
def old(place: Path) -> Path:
    """Give the snapshot from which it started."""
    return _write(place / "old.snapshot", SHOP)


@pytest.fixture
def new(place: Path) -> Path:
    """Give a later one in which the shop lets its whole top-level group in."""
    return _write(place / "new.snapshot", WIDE, finished_at="2026-08-08T06:00:00Z")


def test_what_the_console_says(old: Path, new: Path) -> None:
    text = call("diff", old, new).expect(0).out
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    for line in (
        "    acme/web/shop: 0 -> 1 project can reach it",
        "  +   group acme (2 projects)",
        "  +   group acme, all permissions, added by mia",
        "  -   group acme/web, all permissions",
    ):
        assert line in text.splitlines()
    assert "  + high SL301 acme/web/shop: " in text
    assert text.count("Changed: 1 project reachable by more, 1 new entry, 1 entry gone, ") == 1
    assert "\x1b[32m" in call("diff", old, new, "--color", "always").expect(0).out


def test_exit_codes(old: Path, new: Path, place: Path) -> None:
    call("diff", old, new, "--exit-code").expect(5)
    call("diff", old, old, "--exit-code").expect(0)
    call("diff", old, new, "--exit-code", "--exit-zero").expect(0)
    part = _write(place / "part.snapshot", {"id": 1, "unreadable": "forbidden"})
    result = call("diff", old, part, "--exit-code").expect(3)
    assert "There may be more: 1 project could not be read in NEW." in result.out
    assert "  ? acme/web/shop: its scope could not be read: forbidden (in NEW)" in result.out
    call("diff", old, part, "--exit-code", "--allow-incomplete").expect(0)
    call("diff", part, old, "--exit-zero").expect(0)
    # A change that is known goes before what could not be read.
    other = _write(
        place / "other.snapshot",
        SHOP,
        projects={
            "acme/web/shop": {"id": 1, "unreadable": "forbidden"},
            "acme/tool": {"id": 2, "push": True},
        },
    )
    call("diff", old, other, "--exit-code").expect(5)


def test_json_is_valid_and_the_same_again(old: Path, new: Path, place: Path) -> None:
    first = call("diff", old, new, "-f", "json").expect(0)
    data = json.loads(first.out)
    jsonschema.Draft202012Validator(diff_schema()).validate(data)
    assert data["changed"]
    assert [one["rule"] for one in data["findings"]["new"]] == ["SL301"]
    assert process("diff", old, new, "-f", "json", cwd=place).expect(0).raw == first.raw
    call("diff", old, new, "-f", "json", "-o", "diff.json").expect(0)
    assert (place / "diff.json").read_bytes() == first.raw


def test_markdown_is_a_note(old: Path, new: Path) -> None:
    text = call("diff", old, new, "-f", "markdown").expect(0).out
    assert text.startswith("<!-- scopelint:diff -->\n## scopelint diff: changed\n")
    assert "```diff\n" in text
    assert "\n+   group acme (2 projects)\n" in text


def test_the_same_rules_and_config_judge_both(old: Path, new: Path, place: Path) -> None:
    (place / "scopelint.yml").write_text("severity: {SL301: low}\n")
    assert "+ low SL301" in call("diff", old, new).expect(0).out
    assert "SL301" not in call("diff", old, new, "--ignore", "SL301").expect(0).out
    call("diff", old, new, "--select", "SL999").expect(2, "SL999")


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"instance": "https://other.example.com"}, "instances"),
        ({"targets": ["acme/web"]}, "targets"),
    ],
)
def test_two_of_different_things_are_refused(old: Path, more: dict[str, Any], word: str) -> None:
    other = _write("other.snapshot", SHOP, **more)
    call("diff", old, other).expect(2, f"different {word}")


def test_different_filters_are_refused(old: Path, gitlab: Any, token: str) -> None:
    for name, words in (("a", ()), ("b", ("--exclude", "acme/web/**")), ("c", ("--usage",))):
        given = ("--url", gitlab.url, "-q", *words)
        call("collect", "acme", *given, "-o", f"{name}.snapshot").expect(0)
    call("diff", "a.snapshot", "b.snapshot").expect(2, "different filters")
    call("diff", "a.snapshot", "c.snapshot", "--exit-code").expect(0)
    call("diff", old, "a.snapshot").expect(2, "different instances")


def test_what_is_no_snapshot(old: Path, place: Path) -> None:
    call("diff", old).expect(2, "Missing argument")
    call("diff", old, "missing").expect(2, "missing")
    (place / "text").write_text("text")
    call("diff", "text", old).expect(2, "not a scopelint snapshot")
    (place / "empty").mkdir()
    call("diff", old, "empty").expect(2, "no snapshot in the folder")
    before = old.read_bytes()
    call("diff", old, old, "-o", old).expect(2, "would replace")
    assert old.read_bytes() == before


def test_the_wrong_order_is_told(old: Path, new: Path) -> None:
    call("diff", new, old).expect(0, "NEW was collected before OLD")
    assert call("diff", old, new).expect(0).err == ""


def test_nothing_to_compare_is_an_empty_scan(place: Path) -> None:
    write({"projects": {}, "targets": ["acme"]}, place / "none.snapshot")
    call("diff", "none.snapshot", "none.snapshot").expect(3, "no project")
    call("diff", "none.snapshot", "none.snapshot", "--exit-zero").expect(0, "no project")


def test_a_folder_holds_the_shards_of_one_collection(gitlab: Any, token: str, place: Path) -> None:
    given = ("--url", gitlab.url, "-q")
    call("collect", "acme", *given, "-o", "whole.snapshot").expect(0)
    (place / "parts").mkdir()
    for number in (1, 2):
        shard = ("--shard", f"{number}/2", "-o", f"parts/{number}.snapshot")
        call("collect", "acme", *given, *shard)
    call("diff", "whole.snapshot", "parts", "--exit-code").expect(0)
    (place / "parts" / "2.snapshot").unlink()
    result = call("diff", "whole.snapshot", "parts", "--exit-code").expect(3)
    assert "in a missing shard" in result.out


def test_the_schema_is_published() -> None:
    assert (
        call("config", "schema", "--diff").expect(0).out
        == f"{json.dumps(diff_schema(), indent=2)}\n"
    )
    call("config", "schema", "--diff", "--report").expect(2, "one at a time")


@pytest.mark.parametrize("target", ["acme", "part"])
def test_the_way_of_reading_is_no_change(target: str, gitlab: Any, token: str) -> None:
    for api in ("graphql", "rest"):
        given = ("--url", gitlab.url, "-q", "--api", api, "-o", f"{api}.snapshot")
        call("collect", target, *given)
    for pair in (("graphql", "rest"), ("rest", "graphql")):
        old, new = (f"{api}.snapshot" for api in pair)
        result = call("diff", old, new, "--exit-code", "--allow-incomplete").expect(0)
        assert "No change" in result.out
        assert "not known on both sides" in result.out
