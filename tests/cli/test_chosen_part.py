"""`--include` and `--exclude` of what was read before: a part is judged with all that was read."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.globs import matches
from scopelint.testing import write
from tests.cli.kit import Result, call

INVENTORY: dict[str, Any] = {
    "targets": ["acme"],
    "enforcement": "off",
    "administrator": True,
    "projects": {
        "acme/web/shop": {"entries": [{"group": "acme"}]},
        "acme/web/site": {"inbound_own": False},
        "acme/web/calm": {},
        "acme/ops/open": {"inbound_own": False},
        "acme/ops/dark": {"unreadable": "forbidden"},
        "acme/ops/wide": {"entries": [{"group": "acme/web"}]},
        "acme/lab/one": {"entries": [{"project": "acme/web/shop"}]},
    },
}
PART = ("--include", "acme/web/**", "--exclude", "acme/web/site")


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.snapshot"
    write(INVENTORY, path)
    return path


def report_of(*args: object) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(call("check", *args, "-f", "json", "--exit-zero").out)
    return data


def place(finding: dict[str, Any]) -> str | None:
    path: str | None = finding["project"] and finding["project"]["path"]
    return path


@pytest.mark.parametrize(
    ("words", "globs"),
    [
        (("--include", "acme/web/**"), ["acme/web/**"]),
        (("--include", "acme/ops/*,acme/lab/**"), ["acme/ops/*", "acme/lab/**"]),
        (("--exclude", "acme/web/**,acme/ops/**"), ["acme/lab/**"]),
    ],
)
def test_a_part_has_the_findings_that_the_whole_has_there(
    whole: Path, words: tuple[str, ...], globs: list[str]
) -> None:
    """What was read of the others stays known; findings about the instance stay."""
    every, part = report_of(whole), report_of(whole, *words)
    of_rule_902 = [f for f in every["findings"] if f["rule"] == "SL902"]
    assert of_rule_902
    expected = [
        finding
        for finding in every["findings"]
        if finding["rule"] != "SL902"
        and ((path := place(finding)) is None or any(matches(glob, path) for glob in globs))
    ]
    assert [f for f in part["findings"] if f["rule"] != "SL902"] == expected
    assert any(place(finding) is None for finding in expected), "SL103 is about the instance"
    chosen = [path for path in every["projects"] if any(matches(glob, path) for glob in globs)]
    assert part["projects"] == chosen
    counts = part["scan"]["projects"]
    assert counts["total"] == every["scan"]["projects"]["total"] == 7
    assert counts["left_out"] == 7 - len(chosen)
    assert part["scan"]["complete"] is ("acme/ops/dark" not in chosen)


def test_the_report_and_every_format_for_people_name_the_part(whole: Path) -> None:
    reports = ("--report", "html=r.html", "--report", "markdown=r.md", "--report", "json=r.json")
    done = call("check", whole, *PART, *reports, "--exit-zero").expect(0)
    data = json.loads(Path("r.json").read_text())
    assert data["scan"]["filters"] == {
        "include": [],
        "exclude": [],
        "archived": "include",
        "chosen": {"include": ["acme/web/**"], "exclude": ["acme/web/site"]},
    }
    assert data["scan"]["left_out"] == [
        {"filter": "include", "projects": 4, "groups": ["acme/ops", "acme/lab"]},
        {"filter": "exclude", "projects": 1, "groups": ["acme/web"]},
    ]
    groups = {each["path"]: each for each in data["overview"]["groups"]}
    assert groups["acme/ops"] == {"path": "acme/ops", "projects": 3, "unread": 0, "left_out": 3}
    assert groups["acme/web"]["left_out"] == 1
    texts = (done.out, Path("r.md").read_text().replace("\\", ""), Path("r.html").read_text())
    for text in texts:
        flat = " ".join(text.split())
        assert "2 of 7 projects judged, 4 left out by --include, 1 left out by --exclude" in flat
        assert "acme/web/**" in flat
    call("gate", "r.json").expect(1)


def test_a_part_of_a_part_says_both_filters(tmp_path: Path) -> None:
    path = tmp_path / "narrow.snapshot"
    inventory = INVENTORY | {"excluded": ["acme/old/x"], "filters": {"exclude": ["acme/old/**"]}}
    write(inventory, path)
    done = call("check", path, "--exclude", "acme/ops/**", "--exit-zero").expect(0)
    assert "4 of 8 projects judged, 4 left out by --exclude" in done.out
    assert "4 projects by --exclude acme/old/** and then acme/ops/**" in " ".join(done.out.split())


COMMANDS = ("check", "diff", "export", "gate")


def run(command: str, whole: Path, *words: object) -> Result:
    if command == "gate":
        call("check", whole, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    given = {
        "check": ("check", whole),
        "diff": ("diff", whole, whole),
        "export": ("export", "jsonl", whole),
        "gate": ("gate", "r.json"),
    }[command]
    return call(*given, *words)


@pytest.mark.parametrize("command", COMMANDS)
def test_globs_are_checked_as_those_of_scan(command: str, whole: Path) -> None:
    run(command, whole, "--include", "/acme/web/").expect(2, "--include", "write acme/web")
    run(command, whole, "--exclude", "https://gitlab.example.com/acme").expect(2, "a URL")
    found = run(command, whole, "--exclude", "acme/web", "--include", "acme/web/**,acme/no/*")
    assert "warning: --include acme/no/* matches no project of" in found.err
    assert "--exclude acme/web matches no project of" in found.err
    assert "acme/web/** would match what is below it" in found.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_choice_of_nothing_is_no_pass(command: str, whole: Path) -> None:
    run(command, whole, "--include", "acme/typo/**").expect(3, "acme/typo/**")


def test_gate_judges_the_findings_of_the_chosen_projects(whole: Path) -> None:
    call("check", whole, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    done = call("gate", "r.json", "--include", "acme/web/**").expect(1)
    assert done.out == "fail (fail on medium; of 7 projects, 3 chosen): 2 high\n"
    # SL103 is about the instance: it counts whatever is chosen.
    done = call("gate", "r.json", "--include", "acme/lab/**", "--fail-on", "low").expect(1)
    assert "of 7 projects, 1 chosen" in done.out
    # What could not be read is of another project.
    done = call("gate", "r.json", "--include", "acme/lab/**").expect(0)
    assert done.out == "pass (fail on medium; of 7 projects, 1 chosen)\n"
    call("gate", "r.json", "--include", "acme/ops/dark").expect(3)
    call("gate", "r.json", "--exclude", "acme/*/**").expect(3, "leaves none of 7 projects")


@pytest.mark.parametrize("words", [("acme/web/**",), ("acme/ops/**",), ("acme/lab/**",)])
def test_gate_of_a_part_is_the_gate_of_a_check_of_that_part(
    whole: Path, words: tuple[str, ...]
) -> None:
    call("check", whole, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    code = call("check", whole, "--include", *words, "-o", "out.txt").code
    call("gate", "r.json", "--include", *words).expect(code)


def test_gate_refuses_to_choose_where_it_cannot_know(whole: Path) -> None:
    call("check", whole, "-f", "json", "-o", "r.json", "--exit-zero", "--min-severity", "high")
    call("gate", "r.json", "--include", "acme/**").expect(2, "does not list every finding")
    call("check", whole, "-f", "json", "-o", "r.json", "--exit-zero")
    data = json.loads(Path("r.json").read_text())
    del data["projects"]
    Path("r.json").write_text(json.dumps(data))
    call("gate", "r.json", "--include", "acme/**").expect(2, "does not list its projects")
    call("gate", "r.json").expect(1)


def test_a_list_that_is_not_whole_concerns_every_part(tmp_path: Path) -> None:
    path = tmp_path / "s.snapshot"
    gap = {"fact": "enumeration", "reason": "timed_out", "detail": "page 7", "group": "acme"}
    write(INVENTORY | {"gaps": [gap]}, path)
    call("check", path, "--include", "acme/lab/**").expect(3)
    call("check", path, "-f", "json", "-o", "r.json", "--exit-zero")
    call("gate", "r.json", "--include", "acme/lab/**").expect(3)


def test_a_waiver_of_what_was_left_out_is_not_called_needless(whole: Path) -> None:
    Path("scopelint.yml").write_text(
        "waivers:\n  - {rule: SL305, project: acme/ops/*, reason: x, expires: 2999-01-01}\n"
    )
    assert "matches no finding" in call("check", whole, "--exit-zero").err
    assert "matches no finding" not in call("check", whole, *PART, "--exit-zero").err


def test_diff_compares_the_part_and_says_so(whole: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.snapshot"
    changed = {**INVENTORY["projects"], "acme/ops/wide": {}, "acme/web/calm": {"push": True}}
    write(INVENTORY | {"projects": changed}, new)
    done = call("diff", whole, new, *PART).expect(0)
    assert "only a part is compared: --include acme/web/** --exclude acme/web/site" in done.out
    assert "2 projects, 5 left out" in done.out
    assert "acme/ops/wide" not in done.out
    assert "acme/web/calm" in done.out
    data = json.loads(call("diff", whole, new, *PART, "-f", "json").out)
    assert data["new"]["filters"] == ["--include acme/web/**", "--exclude acme/web/site"]
    assert data["new"]["projects"] == {"total": 2, "read": 2, "unreadable": 0, "left_out": 5}
    assert "--include acme/web/**" in call("diff", whole, new, *PART, "-f", "markdown").out
    call("diff", whole, new, "--include", "acme/lab/**", "--exit-code").expect(0)


@pytest.mark.parametrize("name", ["gitlabform", "terraform", "yaml"])
def test_exported_code_of_a_part_does_not_look_whole(whole: Path, name: str) -> None:
    done = call("export", name, whole, *PART).expect(0, "5 projects were left out by --include")
    head = done.out.partition("acme/web/calm")[0]
    assert "# Of a part: 5 projects were left out by --include acme/web/** --exclude" in head
    assert "acme/ops" not in done.out
    assert "Of a part" not in call("export", name, whole).expect(3).out


def test_an_exported_inventory_of_a_part_names_it(whole: Path) -> None:
    lines = call("export", "jsonl", whole, *PART).expect(0).out.splitlines()
    first, *others = map(json.loads, lines)
    assert first["filters"] == ["--include acme/web/**", "--exclude acme/web/site"]
    assert first["projects"] == {"total": 2, "read": 2, "unreadable": 0, "left_out": 5}
    paths = {each["path"] for each in others if each["record"] == "project"}
    assert paths == {"acme/web/shop", "acme/web/calm"}
    call("export", "csv", whole, *PART, "-o", "tables").expect(0)
    assert "acme/ops" not in Path("tables/projects.csv").read_text()


def test_prune_keeps_what_a_part_could_not_judge(whole: Path) -> None:
    call("check", whole, "-f", "json", "-o", "all.json", "--exit-zero")
    call("baseline", "create", "all.json", "-o", "b.json").expect(0)
    before = Path("b.json").read_text()
    call("check", whole, *PART, "-f", "json", "-o", "part.json", "--exit-zero")
    call("baseline", "prune", "part.json", "-o", "b.json").expect(0, "0 dropped")
    assert Path("b.json").read_text() == before
