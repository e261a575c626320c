"""Rules by file, and a config's overrides, boundaries and assumptions, through the commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.registry import Found, find_rules
from scopelint.rule import Rule
from scopelint.testing import write
from scopelint_simulator import Simulator
from tests.cli.kit import TOKEN, call

RULE = """
from pydantic import Field
from scopelint.finding import PASS, Severity
from scopelint.rule import ProjectRule, RuleOptions


class {name}Options(RuleOptions):
    most: int = Field(default=0, description="The most entries.")


class {name}(ProjectRule):
    code = "{code}"
    name = "{slug}"
    title = "Too many entries"
    requirement = "It is in order"
    severity = Severity.LOW
    Options = {name}Options

    def judge(self, context):
        yield self.fail("too many") if len(context.scope.entries) > self.options.most else PASS
"""
INVENTORY: dict[str, Any] = {
    "projects": {
        "acme/prod/shop": {"entries": [{"group": "acme"}]},
        "acme/prod/till": {"unreadable": "forbidden"},
        "acme/sandbox/toy": {"entries": [{"group": "acme"}]},
        "acme/web": {"entries": [{"group": "acme"}]},
    }
}


def rule_file(folder: Path, code: str = "ACME007", slug: str = "too-long") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "mine.py"
    name = slug.title().replace("-", "")
    file.write_text(RULE.format(code=code, slug=slug, name=name), encoding="utf-8")
    file.with_suffix(".md").write_text(f"# {code} {slug}\n\nThe page of {code}.\n")
    return file


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "acme.db"
    write(INVENTORY, path)
    return path


def report(snapshot: Path, *words: object) -> dict[str, Any]:
    said = call("check", snapshot, "-f", "json", "--exit-zero", *words).expect(0)
    found: dict[str, Any] = json.loads(said.out)
    return found


def found_by(what: dict[str, Any], code: str) -> dict[str, str]:
    """The severity of a rule's findings, by project."""
    return {f["project"]["path"]: f["severity"] for f in what["findings"] if f["rule"] == code}


# --rules-file ----------------------------------------------------------------------------------


def test_check_judges_with_the_rules_of_files_and_names_them(snapshot: Path) -> None:
    one = rule_file(Path("one"))
    two = rule_file(Path("two"), "ACME008", "still-too-long")
    files = ("--rules-file", one, "--rules-file", two, "--rules-file", one)
    judged = report(snapshot, *files, "--select", "ACME")
    assert [rule["code"] for rule in judged["rules"]] == ["ACME007", "ACME008"]
    assert len(found_by(judged, "ACME008")) == 3
    text = call("check", snapshot, *files, "--exit-zero", "--select", "ACME").expect(0).out
    joined = " ".join(text.split())
    assert f"{one}: ACME007; {two}: ACME008" in joined
    # Of two files with one name each has its own page.
    for code, file in (("ACME007", one), ("ACME008", two)):
        page = call("explain", code, "--rules-file", one, "--rules-file", two).expect(0).out
        assert f"The page of {code}." in page, file


def test_scan_takes_rules_of_a_file(gitlab: Simulator, token: str, tmp_path: Path) -> None:
    assert token == TOKEN
    file = rule_file(tmp_path / "one")
    words = ("--url", gitlab.url, "-f", "json", "--exit-zero", "--rules-file", file, "-q")
    judged = json.loads(call("scan", "acme", *words).expect(0).out)
    assert found_by(judged, "ACME007") == {"acme/web/shop": "low"}


def test_a_config_knows_the_rules_of_a_file_where_it_is_named(
    snapshot: Path, tmp_path: Path, place: Path
) -> None:
    file = rule_file(tmp_path / "one")
    (place / "scopelint.yml").write_text("rules: {ACME007: {most: 1}}\nseverity: {ACME: high}\n")
    assert found_by(report(snapshot, "--rules-file", file), "ACME007") == {}
    call("check", snapshot).expect(2, "unknown rule", "scopelint.yml:1:9")
    call("config", "check").expect(2, "unknown rule")
    assert "scopelint.yml: no fault found" in call("config", "check", "--rules-file", file).out
    schema = json.loads(call("config", "schema", "--rules-file", file).expect(0).out)
    assert schema["$defs"]["ACME007-options"]["properties"]["most"]["default"] == 0


def test_a_config_never_names_code(snapshot: Path, tmp_path: Path, place: Path) -> None:
    """Else a merge request that changes the config would run code with the token."""
    file = rule_file(tmp_path / "one")
    for key in ("rules_file", "rules-file", "rules_files"):
        (place / "scopelint.yml").write_text(f"{key}: {file}\n")
        call("check", snapshot).expect(2, "unknown key", "--rules-file on the command line")
    (place / "scopelint.yml").unlink()
    assert "ACME007" not in {rule["code"] for rule in report(snapshot)["rules"]}


@pytest.mark.parametrize("command", ["check", "rules", "explain"])
def test_a_rules_file_that_is_not_there_or_broken(
    command: str, snapshot: Path, tmp_path: Path
) -> None:
    first: dict[str, list[object]] = {"check": [snapshot], "rules": [], "explain": ["SL101"]}
    words = first[command]
    call(command, *words, "--rules-file", tmp_path / "none.py").expect(2, "is not there")
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('no')")
    call(command, *words, "--rules-file", broken).expect(4, "broken.py cannot be loaded")


def test_a_report_never_replaces_the_rules_file(snapshot: Path, tmp_path: Path) -> None:
    file = rule_file(tmp_path / "one")
    before = file.read_bytes()
    call("check", snapshot, "--rules-file", file, "-f", "json", "-o", file).expect(2, "mine.py")
    assert file.read_bytes() == before


# overrides -------------------------------------------------------------------------------------

OVERRIDES = """
ignore: [SL301]
overrides:
  - {projects: ["acme/prod/**"], select: [SL301], severity: {SL301: critical}}
  - {projects: ["acme/sandbox/**"], ignore: [ACME]}
  - {projects: [acme/web], rules: {too-long: {most: 1}}}
"""


def overridden(snapshot: Path, place: Path, file: Path, *words: object) -> dict[str, Any]:
    (place / "scopelint.yml").write_text(OVERRIDES)
    return report(snapshot, "--rules-file", file, *words)


def test_overrides_hold_for_their_projects(snapshot: Path, tmp_path: Path, place: Path) -> None:
    judged = overridden(snapshot, place, rule_file(tmp_path / "one"))
    assert found_by(judged, "SL301") == {"acme/prod/shop": "critical"}
    assert found_by(judged, "ACME007") == {"acme/prod/shop": "low"}
    [rule] = [rule for rule in judged["rules"] if rule["code"] == "ACME007"]
    assert rule["outcomes"] == {"pass": 1, "fail": 1, "unknown": 0}
    [dark] = [f for f in judged["findings"] if f["rule"] == "SL901"]
    assert "SL301" in dark["evidence"]["rules"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--ignore", "SL301"], set()),
        (["--select", "ACME"], set()),
        (["--select", "SL3"], {"acme/prod/shop"}),
        (["--extend-select", "SL103"], {"acme/prod/shop"}),
    ],
)
def test_the_command_line_has_the_last_word(
    words: list[str], expected: set[str], snapshot: Path, tmp_path: Path, place: Path
) -> None:
    judged = overridden(snapshot, place, rule_file(tmp_path / "one"), *words)
    assert set(found_by(judged, "SL301")) == expected


def test_passes_in_junit_follow_the_overrides(snapshot: Path, tmp_path: Path, place: Path) -> None:
    """A rule that is not selected for a project has no test case there."""
    file = rule_file(tmp_path / "one")
    (place / "scopelint.yml").write_text(OVERRIDES)
    words = ("--rules-file", file, "-f", "junit", "--exit-zero")
    text = call("check", snapshot, *words).expect(0).out
    cases = [line for line in text.splitlines() if "<testcase" in line and "ACME007" in line]
    assert sum("acme/sandbox/toy" in line for line in cases) == 0
    assert sum("acme/web" in line for line in cases) == 1


# boundaries, assume ----------------------------------------------------------------------------


TELLING = """
from scopelint.finding import Severity
from scopelint.rule import InstanceRule


class Telling(InstanceRule):
    code = "ACME009"
    name = "telling"
    title = "What rules are told"
    requirement = "It is in order"
    severity = Severity.INFO

    def judge(self, context):
        told = [[b.name, *b.projects.patterns, *b.allow_from.patterns] for b in self.policy.boundaries]
        yield self.fail("told", evidence={"fine": self.policy.assume_fine_grained, "told": told})
"""


@pytest.mark.parametrize(
    ("text", "fine"), [("assume: {fine_grained: on}\n", True), ("", None)], ids=["on", "not given"]
)
def test_rules_are_told_the_boundaries_and_what_is_assumed(
    text: str, fine: bool | None, snapshot: Path, tmp_path: Path, place: Path
) -> None:
    file = tmp_path / "telling.py"
    file.write_text(TELLING)
    file.with_suffix(".md").write_text("# ACME009 telling\n")
    boundary = "{name: production, projects: ['acme/prod/**'], allow_from: [acme/web]}"
    (place / "scopelint.yml").write_text(f"{text}boundaries: [{boundary}]\n")
    judged = report(snapshot, "--rules-file", file, "--select", "ACME")
    [finding] = judged["findings"]
    assert finding["evidence"] == {
        "fine": fine,
        "told": [["production", "acme/prod/**", "acme/web"]],
    }


def test_the_registry_is_not_changed_by_a_file(tmp_path: Path) -> None:
    before = list(find_rules())
    found: dict[str, Found[Rule]] = find_rules([rule_file(tmp_path / "one")])
    assert list(found) != before
    assert list(find_rules()) == before
