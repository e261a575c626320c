"""`--owner`, and `{owner}` or `{group}` in the names of report files: one run, a file a part."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.cli.parts import file_names
from scopelint.registry import find_reporters
from scopelint.testing import write
from tests.cli.kit import call

INVENTORY: dict[str, Any] = {
    "targets": ["acme"],
    "enforcement": "off",
    "administrator": True,
    "projects": {
        "acme/web/shop": {"entries": [{"group": "acme"}]},
        "acme/web/deep/site": {"inbound_own": False},
        "acme/web/calm": {},
        "acme/ops/dark": {"unreadable": "forbidden"},
        "acme/ops/wide": {"entries": [{"group": "acme/web"}]},
        "acme/lab/one": {"entries": [{"project": "acme/web/shop"}]},
        "acme/root": {"inbound_own": False},
    },
}
CONFIG = """\
owners:
  - {projects: ["acme/web/**"], owner: "@web/leads", contact: "@web/leads"}
  - {projects: ["acme/ops/**"], owner: ops}
  - {projects: ["acme/lab/**"], owner: calm}
  - {projects: ["beta/**"], owner: ghost}
"""
OWNED = {
    "@web/leads": ["acme/web/calm", "acme/web/deep/site", "acme/web/shop"],
    "ops": ["acme/ops/dark", "acme/ops/wide"],
    "calm": ["acme/lab/one"],
    "unowned": ["acme/root"],
}
FILES = {"@web/leads": "web-leads", "ops": "ops", "calm": "calm", "unowned": "unowned"}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.snapshot"
    write(INVENTORY, path)
    Path("scopelint.yml").write_text(CONFIG)
    return path


def loaded(path: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(path).read_text())
    return data


def test_each_part_gets_its_file_from_one_run(whole: Path) -> None:
    done = call("check", whole, "--report", "json={owner}.json").expect(1)
    assert {path.stem for path in Path().glob("*.json")} == {*FILES.values()}
    assert "4 parts by owner: @web/leads, ops, calm, unowned" in done.err
    assert "no project here, so no file: ghost" in done.err
    for name, paths in OWNED.items():
        data = loaded(f"{FILES[name]}.json")
        assert data["projects"] == paths
        assert {f["project"]["path"] for f in data["findings"] if f["project"]} <= {*paths}
        assert data["scan"]["projects"]["left_out"] == 7 - len(paths)
        assert data["scan"]["left_out"][0]["filter"] == "owner"
        assert data["scan"]["filters"]["chosen"]["owners"] == [name]


@pytest.mark.parametrize("name", OWNED)
def test_a_part_is_what_a_check_of_that_owner_gives(whole: Path, name: str) -> None:
    call("check", whole, "--report", "json={owner}.json", "--report", "html={owner}.html")
    call("check", whole, "--owner", name, "-f", "json", "-o", "own.json")
    assert loaded(f"{FILES[name]}.json") == loaded("own.json")
    call("check", whole, "--owner", name, "-f", "html", "-o", "own.html")
    assert Path(f"{FILES[name]}.html").read_bytes() == Path("own.html").read_bytes()


def test_each_part_has_its_own_gate_and_the_run_that_of_the_whole(whole: Path) -> None:
    call("check", whole, "--report", "json={owner}.json").expect(1)
    results = {name: loaded(f"{file}.json")["gate"]["result"] for name, file in FILES.items()}
    assert results == {
        "@web/leads": "fail",
        "ops": "incomplete",
        "calm": "pass",  # a part without a gating finding has its file too
        "unowned": "fail",
    }
    codes = {"@web/leads": 1, "ops": 3, "calm": 0, "unowned": 1}
    call("check", whole, "-f", "json", "-o", "all.json").expect(1)
    for name, code in codes.items():
        call("check", whole, "--owner", name, "-o", "out.txt").expect(code)
        call("gate", "all.json", "--owner", name).expect(code)
        call("gate", f"{FILES[name]}.json").expect(code)


def test_no_part_passes_without_a_project_that_may_be_its(tmp_path: Path) -> None:
    """Whose acme/ops/dark is cannot be told: what would settle it was not read."""
    path = tmp_path / "s.snapshot"
    dark = {"unreadable": "forbidden", "visibility": None}
    write(INVENTORY | {"projects": INVENTORY["projects"] | {"acme/ops/dark": dark}}, path)
    Path("scopelint.yml").write_text(
        "owners:\n"
        '  - {projects: ["acme/**"], owner: platform}\n'
        '  - {projects: ["acme/lab/**"], owner: lab}\n'
        '  - {projects: ["acme/ops/**"], owner: ops}\n'
        '  - {projects: ["acme/lab/**", "acme/ops/**"], visibility: [public], owner: oss}\n'
    )
    words = ("--fail-on", "critical")
    call("check", path, *words, "--report", "json={owner}.json", "-f", "json", "-o", "all.json")
    results = {name: loaded(f"{name}.json")["gate"]["result"] for name in ("lab", "ops", "oss")}
    assert results == {"lab": "pass", "ops": "incomplete", "oss": "incomplete"}
    for name, code in {"lab": 0, "ops": 3, "oss": 3}.items():
        done = call("check", path, *words, "--owner", name, "-o", "out.txt").expect(code)
        assert "owns no project" not in done.err
    # A report keeps whose a project is, not whose it may be: there it may be anybody's.
    for name in ("lab", "ops", "oss", "platform"):
        call("gate", "all.json", *words, "--owner", name).expect(3)


def test_a_part_without_a_finding_passes_and_is_there(tmp_path: Path) -> None:
    path = tmp_path / "s.snapshot"
    write(INVENTORY | {"administrator": False}, path)
    Path("scopelint.yml").write_text(
        'owners: [{projects: ["acme/web/calm"], owner: calm}, {projects: ["**/one"], owner: one}]\n'
    )
    call("check", path, "--report", "json={owner}.json").expect(1)
    assert loaded("calm.json")["findings"] == []
    assert loaded("calm.json")["gate"] == {"result": "pass", "fail_on": "medium", "reasons": []}


def test_groups_are_parts_too(whole: Path) -> None:
    done = call("check", whole, "--report", "json=r-{group}.json").expect(1)
    assert "4 parts by group: acme, acme/lab, acme/ops, acme/web" in done.err
    found = {path.name: loaded(path.name)["projects"] for path in Path().glob("r-*.json")}
    assert found == {
        "r-acme.json": ["acme/root"],
        "r-acme-lab.json": ["acme/lab/one"],
        "r-acme-ops.json": ["acme/ops/dark", "acme/ops/wide"],
        "r-acme-web.json": ["acme/web/calm", "acme/web/deep/site", "acme/web/shop"],
    }
    call("check", whole, "--include", "acme/web/**", "-f", "json", "-o", "web.json")
    assert loaded("r-acme-web.json") == loaded("web.json")


def test_of_a_whole_instance_the_parts_are_top_level_groups(tmp_path: Path) -> None:
    path = tmp_path / "s.snapshot"
    projects: dict[str, Any] = {"acme/a/x": {}, "acme/y": {}, "mia/own": {}}
    write({"whole_instance": True, "administrator": True, "projects": projects}, path)
    call("check", path, "--report", "json={group}.json").expect(0)
    assert {p.stem: loaded(p.name)["projects"] for p in Path().glob("*.json")} == {
        "acme": ["acme/a/x", "acme/y"],
        "mia": ["mia/own"],
    }


@pytest.mark.parametrize("name", [name for name in find_reporters() if name != "console"])
def test_every_format_can_be_written_a_part(whole: Path, name: str) -> None:
    call("check", whole, "--report", f"{name}=r-{{owner}}.x").expect(1)
    assert {path.name for path in Path().glob("r-*.x")} == {f"r-{n}.x" for n in FILES.values()}
    call("check", whole, "--owner", "ops", "-f", name, "-o", "ops.x", "--exit-zero")
    assert Path("r-ops.x").read_bytes() == Path("ops.x").read_bytes()


def test_parts_after_a_change_and_beside_a_last_report(whole: Path) -> None:
    call("check", whole, "-f", "json", "-o", "last.json").expect(1)
    call("check", whole, "--previous", "last.json", "--report", "json={owner}.json").expect(1)
    call("check", whole, "--previous", "last.json", "--owner", "ops", "-f", "json", "-o", "o.json")
    assert loaded("ops.json") == loaded("o.json")
    call("plan", whole, "-o", "p.json")
    call("check", whole, "--after", "p.json", "--report", "json={owner}.json")
    call("check", whole, "--after", "p.json", "--owner", "ops", "-f", "json", "-o", "o.json")
    assert loaded("ops.json") == loaded("o.json")
    assert loaded("ops.json")["after"]["source"].endswith("p.json")


def test_what_owner_names_and_what_it_cannot(whole: Path) -> None:
    call("check", whole, "--owner", "opps").expect(2, "opps", 'did you mean "ops"?')
    call("check", whole, "--owner", "ghost").expect(3, "--owner ghost leaves none of 7 projects")
    done = call("check", whole, "--owner", "ops,ghost").expect(3)
    assert "--owner ghost owns no project of" in done.err
    call("check", whole, "--owner", "unowned", "--owner", "calm").expect(1)
    call("check", whole, "--no-config", "--owner", "ops").expect(2, "names none")
    call("check", whole, "--no-config", "--report", "json={owner}.json").expect(2, "names none")
    call("gate", "r.json", "--owner", "ops").expect(2)
    call("check", whole, "--no-config", "-f", "json", "-o", "r.json")
    call("gate", "r.json", "--owner", "ops").expect(2, "names no owners")


def test_owner_narrows_what_include_left(whole: Path) -> None:
    call("check", whole, "--owner", "ops", "--exclude", "**/dark", "-f", "json", "-o", "o.json")
    data = loaded("o.json")
    assert data["projects"] == ["acme/ops/wide"]
    assert [each["filter"] for each in data["scan"]["left_out"]] == ["exclude", "owner"]


def test_people_are_told_what_is_left_out_by_owner(whole: Path) -> None:
    done = call("check", whole, "--owner", "ops", "--report", "markdown=r.md").expect(3)
    for text in (done.out, Path("r.md").read_text().replace("\\", "").replace("`", "")):
        flat = " ".join(text.split())
        assert "1 of 7 projects judged, 5 left out by --owner, 1 not read" in flat
        assert "5 projects by --owner ops, in" in flat


def test_diff_and_export_take_an_owner(whole: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.snapshot"
    changed = {**INVENTORY["projects"], "acme/ops/wide": {}, "acme/web/calm": {"push": True}}
    write(INVENTORY | {"projects": changed}, new)
    done = call("diff", whole, new, "--owner", "ops", "--allow-incomplete").expect(0)
    assert "acme/ops/wide" in done.out
    assert "acme/web/calm" not in done.out
    assert "--owner ops" in done.out
    lines = call("export", "jsonl", whole, "--owner", "ops").expect(3).out.splitlines()
    first, *others = map(json.loads, lines)
    assert first["filters"] == ["--owner ops"]
    assert {each["path"] for each in others if each["record"] == "project"} == {*OWNED["ops"]}
    call("export", "jsonl", whole, "--owner", "nobody").expect(2, "no owner is called so")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("{owner}/r.json", "not in its folder"),
        ("{owner}-{group}.json", "not of both"),
    ],
)
def test_file_names_that_divide_nothing_are_refused(whole: Path, name: str, why: str) -> None:
    call("check", whole, "--report", f"json={name}").expect(2, why)


def test_two_reports_of_a_part_never_share_a_file(whole: Path) -> None:
    words = ("--report", "json={owner}.json", "--report", "jsonl=ops.json")
    call("check", whole, *words).expect(2, "two reports would go to")
    Path("ops.yml").write_text(CONFIG)
    words = ("--config", "ops.yml", "--report", "json={owner}.yml")
    call("check", whole, *words).expect(2, "would replace the configuration")
    assert Path("ops.yml").read_text() == CONFIG
    call("check", whole, "-f", "json", "-o", "r.json")
    words = ("--from-report", "r.json", "--report", "html={owner}.html")
    call("check", *words).expect(2, "divide nothing")


@given(st.lists(st.text(min_size=1, max_size=30), unique=True, max_size=12))
def test_file_names_are_safe_and_of_one_part_alone(names: list[str]) -> None:
    found = file_names(names)
    assert {*found} == {*names}
    assert len({name.casefold() for name in found.values()}) == len(names)
    for name in found.values():
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name)
        assert len(name) < 120


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["web", "ops"], ["web", "ops"]),
        (["@web/leads"], ["web-leads"]),
        (["..", "/", "a/../b"], ["_-[0-9a-f]{12}", "_-[0-9a-f]{12}", "a-..-b"]),
        (["Web", "web"], ["Web-[0-9a-f]{12}", "web-[0-9a-f]{12}"]),
        (["@web", "web"], ["web-[0-9a-f]{12}", "web-[0-9a-f]{12}"]),
        (["con", "NUL.txt"], ["_con", "_NUL.txt"]),
        (["Ünïcode team"], ["n-code-team"]),
        (["mia@example.com"], ["mia-example.com"]),
    ],
)
def test_names_of_owners_as_names_of_files(names: list[str], files: list[str]) -> None:
    found = file_names(names)
    for name, pattern in zip(names, files, strict=True):
        assert re.fullmatch(pattern, found[name])


def test_nobody_can_take_the_file_of_another_part() -> None:
    taken = file_names(["A", "a"])["a"]
    found = file_names(["A", "a", taken])
    assert len({*found.values()}) == 3
