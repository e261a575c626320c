"""`scopelint plan`: what is written and shown, exit codes, and what is refused."""

import json
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import lxml.html
import pytest

from scopelint.repair.plan_file import load_plan
from scopelint.testing import write
from scopelint_simulator import Simulator
from tests.cli.kit import TOKEN, call

DESCRIBED = {
    "version": "19.3.0-ee",
    "enforcement": "off",
    "projects": {
        "acme/a": {"entries": [{"group": "acme/web"}, {"project": "acme/web/x"}]},
        "acme/open": {"inbound_own": False},
        "acme/web/x": {"push": True},
    },
}


@pytest.fixture
def kept(place: Path) -> Path:
    """A snapshot of a small tree."""
    path = place / "kept"
    write(DESCRIBED, path)
    return path


def test_the_plan_is_shown_and_written(kept: Path) -> None:
    result = call("plan", kept, "-o", "p.json").expect(0)
    assert "acme/a\n  - project acme/web/x\n      SL401: " in result.out
    assert "Skipped: 2 projects" in result.out
    assert "Plan: 1 project: 0 to add, 0 to change, 1 to remove." in result.out
    assert "scopelint apply p.json" in result.out
    assert "undo restores a removed entry" in result.out
    plan = load_plan(Path("p.json"))
    assert (plan.made_from, plan.unsafe, plan.removals) == ("findings", False, 1)
    assert Path("p.json").stat().st_mode & 0o777 == 0o600


def test_the_same_bytes_each_time(kept: Path) -> None:
    call("plan", kept, "-o", "one").expect(0)
    call("plan", kept, "-o", "two", "-q").expect(0)
    assert Path("one").read_bytes() == Path("two").read_bytes()
    shown = call("plan", kept, "-f", "json").expect(0)
    assert shown.out == Path("one").read_text(encoding="utf-8")


def test_the_schema_fits(kept: Path) -> None:
    schema = json.loads(call("config", "schema", "--plan").expect(0).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    plan = json.loads(call("plan", kept, "--unsafe", "-f", "json").out)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(plan)) == []
    plan["projects"][0]["actions"][0]["operation"] = "drop-table"
    assert list(validator.iter_errors(plan)) != []
    call("config", "schema", "--plan", "--report").expect(2, "Ask for one at a time")


def test_unsafe_is_asked_for(kept: Path) -> None:
    assert "[unsafe]" not in call("plan", kept).out
    assert "needs --unsafe" in call("plan", kept).out
    assert (
        "push by the project's own jobs: on -> off  [unsafe]" in call("plan", kept, "--unsafe").out
    )


def test_entry_plans_only_what_is_about_it(place: Path) -> None:
    """The page's "Remove group X" prints a command with --entry; it plans nothing else."""
    others = [{"project": "acme/web/x"}, {"group": "acme/none"}]
    found = {"acme/a": {"entries": others}, "acme/web/x": {}}
    write({"projects": found, "groups": ["acme/none"]}, place / "kept")
    command = ["plan", place / "kept", "--select", "SL405,SL701,SL3", "--unsafe", "--exit-code"]
    assert call(*command, "--entry", "nowhere").expect(2).err.count("--entry") == 1
    assert "acme/none" in call(*command, "--entry", "acme/none").expect(5).out
    assert "acme/web/x" not in call(*command, "--entry", "acme/none").out
    call("plan", place / "kept", "--to", "declared", "--entry", "a").expect(2, "--to declared")


def test_the_commands_of_the_page_work_as_printed(place: Path) -> None:
    """Each of "Do these first" names the snapshot that was judged; its plan changes something."""
    entries = [{"group": "partner"}, {"project": "far/sdk"}]
    seen = [{"group": "partner", "projects": 3}, {"project": "far/sdk"}]
    projects = {"acme/a": {"entries": entries}, "acme/b": {"push": True}}
    write({"projects": projects, "resolved": seen}, place / "kept")
    call("check", place / "kept", "-f", "html", "-o", "page.html", "--exit-zero").expect(0)
    page: Any = lxml.html.document_fromstring(Path("page.html").read_text(encoding="utf-8"))
    commands = [code.text_content() for code in page.xpath("//ol[@class='changes']//pre/code")]
    assert len(commands) == 3
    for command in commands:
        words = shlex.split(command)
        assert words[:2] == ["scopelint", "plan"]
        assert "1 project: 0 to add" in call(*words[1:]).expect(0).out


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 5), (["--select", "SL402"], 0), (["--ignore", "SL401"], 0)],
)
def test_exit_code_when_asked_for(kept: Path, options: list[str], code: int) -> None:
    assert call("plan", kept, *options).code == 0
    call("plan", kept, "--exit-code", *options).expect(code)


def test_an_incomplete_scan_is_said(place: Path) -> None:
    path = place / "partial"
    write({"projects": {"acme/a": {}, "acme/b": {"unreadable": "forbidden"}}}, path)
    result = call("plan", path).expect(0, "the scan is incomplete")
    assert "Plan: nothing to change." in result.out
    call("plan", path, "--exit-code").expect(3)


def test_what_rest_does_not_show(place: Path) -> None:
    unknown = {"default_permissions": None, "policies": None}
    project = {"entries": [{"group": "acme", **unknown}], "outbound_entries": None}
    write({"api": "rest", "projects": {"acme/a": project}}, place / "rest")
    result = call("plan", place / "rest").expect(0, "collect through GraphQL")
    assert "Skipped: 1 project\n  acme/a\n      not everything of the project" in result.out


def test_shards_are_one(gitlab: Simulator, token: str, snapshot: Path) -> None:
    del token
    names = ["shard1", "shard2"]
    for number, name in enumerate(names, 1):
        shard = ("--shard", f"{number}/2", "-o", name)
        call("collect", "acme", "--url", gitlab.url, "-q", *shard).expect(0)
    whole = json.loads(call("plan", snapshot, "--unsafe", "-f", "json").expect(0).out)
    parts = json.loads(call("plan", *names, "--unsafe", "-f", "json").expect(0).out)
    assert parts["projects"] == whole["projects"]
    assert parts["projects"]
    alone = json.loads(call("plan", names[0], "-f", "json").expect(0, "incomplete").out)
    assert "its shard of the collection is missing" in json.dumps(alone["skipped"])


def test_an_empty_scan(place: Path) -> None:
    write({"projects": {}, "targets": ["acme"]}, place / "none")
    call("plan", place / "none").expect(3, "no project to plan for")


@pytest.mark.parametrize("output", ["kept", ".", "no/such/folder/p"])
def test_where_it_cannot_go(kept: Path, output: str) -> None:
    before = kept.read_bytes()
    call("plan", kept, "-o", output).expect(2)
    assert kept.read_bytes() == before


def test_to_declared(kept: Path, place: Path) -> None:
    config = place / "policy.yml"
    config.write_text(
        "declared:\n  projects_and_groups:\n    acme/a:\n      job_token_scope:\n"
        "        allowlist: {enforce: true, groups: [], projects: [acme/open]}\n"
    )
    command = ("plan", kept, "--to", "declared", "--config", "policy.yml")
    held = call(*command).expect(0)
    assert "note: needs --unsafe: add project acme/open (default permissions)" in held.out
    assert "0 to add, 0 to change, 1 to remove" in held.out
    result = call(*command, "--unsafe").expect(0)
    assert "  + project acme/open  [unsafe]\n      declared at policy.yml:5" in result.out
    assert "  - group acme/web" in result.out
    call("plan", kept, "--to", "declared").expect(2, "no policy is declared", "gitlabform")
    call("plan", kept, "--config", config, "-o", config).expect(2, "would replace")


LIBRARIES = {
    "version": "19.3.0-ee",
    "enforcement": "off",
    "projects": {
        "acme/web/till": {"entries": [{"group": "acme"}]},
        "acme/libs/core": {"inbound_own": False},
        "acme/libs/python": {"entries": [{"project": "acme/web/shop"}]},
        "acme/web/shop": {},
    },
}
ASKS_TOO_MUCH = """
boundaries:
  - {name: libs, projects: ["acme/libs/**"], allow_from: ["acme/web/**"]}
declared:
  projects_and_groups:
    acme/libs/*:
      job_token_scope:
        limit_access_to_this_project: true
        allowlist: {enforce: true, groups: [acme], projects: []}
    acme/libs/core:
      job_token_scope:
        limit_access_to_this_project: false
"""


def test_a_policy_that_brings_findings_needs_unsafe(place: Path) -> None:
    """Case C2: the policy asks for the group that SL301 calls high; nothing of it is planned unasked."""
    write(LIBRARIES, place / "kept")
    (place / "scopelint.yml").write_text(ASKS_TOO_MUCH, encoding="utf-8")
    held = call("plan", "kept", "--to", "declared", "-o", "held.json").expect(0)
    assert load_plan(Path("held.json")).projects == ()
    assert "needs --unsafe: add group acme (default permissions)" in held.out
    asked = call("plan", "kept", "--to", "declared", "--unsafe", "-o", "p.json").expect(0)
    assert "  + group acme  [unsafe]" in asked.out
    brought = load_plan(Path("p.json")).findings
    assert brought is not None
    assert {each.rule for each in brought.new if each.severity == "high"} == {"SL301", "SL308"}
    counts = f"brings {len([e for e in brought.new if e.severity == 'high'])} high"
    assert counts in asked.out
    assert "  high SL301 acme/libs/python: " in asked.out


def test_the_severity_that_needs_unsafe_is_the_gates(place: Path) -> None:
    """An entry that gives nobody more brings a medium finding: asked for from that severity on."""
    partner = {"entries": [{"group": "partner"}]}
    projects = {"acme/a": partner, "acme/b": {"entries": [{"project": "partner/sdk"}]}}
    write({"enforcement": "off", "projects": projects}, place / "kept")
    (place / "scopelint.yml").write_text(
        "declared:\n  projects_and_groups:\n    acme/a:\n      job_token_scope:\n"
        "        allowlist: {projects: [partner/sdk]}\n"
    )
    command = ("plan", "kept", "--to", "declared")
    added = "  + project partner/sdk\n"
    assert added in call(*command, "--fail-on", "high").expect(0).out
    held = call(*command).expect(0)
    assert added not in held.out
    assert "add project partner/sdk (default permissions) (it brings SL305 (medium))" in held.out
    asked = call(*command, "--unsafe").expect(0).out
    assert "  + project partner/sdk  [unsafe]" in asked
    assert "  medium SL305 acme/a: " in asked


def test_names_are_text(place: Path) -> None:
    path = place / "odd"
    name = "acme/x\x1b[2J\u202e-deletion_scheduled-9"
    write({"projects": {"acme/a": {"entries": [{"project": name}]}}}, path)
    result = call("plan", path).expect(0)
    assert "remove" in result.out
    assert "\x1b" not in result.out
    assert "\u202e" not in result.out


def test_nothing_is_asked_of_gitlab(gitlab: Simulator, snapshot: Path) -> None:
    gitlab.reset_counts()
    result = call("plan", snapshot, "-o", "p", "--unsafe").expect(0)
    assert not any(gitlab.counts.values())
    assert TOKEN not in result.text + Path("p").read_text(encoding="utf-8")
