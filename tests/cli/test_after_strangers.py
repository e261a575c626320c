"""`check --after` with files that are for other projects than the snapshot: nothing passes in silence."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.cli.kit import Result, call
from tests.terraform.plans import changed, plan

DESCRIBED: dict[str, Any] = {
    "version": "19.3.0-ee",
    "enforcement": "off",
    "groups": ["acme", "acme/web"],
    "projects": {
        "acme/web/shop": {
            "id": 101,
            "entries": [{"group": "acme/web"}, {"project": "acme/web/x"}],
        },
        "acme/web/x": {"id": 105},
        "acme/open": {"id": 102, "inbound_own": False},
        "acme/hidden": {"id": 103, "unreadable": "forbidden"},
        "acme/old": {"id": 104, "archived": True, "inbound_own": False},
    },
}
CLOSED = "{job_token_scope: {limit_access_to_this_project: true}}"


@pytest.fixture(autouse=True)
def _kept(place: Path) -> None:
    write(DESCRIBED, place / "kept")
    readable = {key: each for key, each in DESCRIBED["projects"].items() if key != "acme/hidden"}
    write({**DESCRIBED, "projects": readable}, place / "whole")


def policy(*levels: str) -> str:
    """Write a gitlabform config that closes these levels; return its name."""
    keys = "".join(f"  {level}: {CLOSED}\n" for level in levels)
    Path("policy.yml").write_text(f"config_version: 4\nprojects_and_groups:\n{keys}", "utf-8")
    return "policy.yml"


def after(snapshot: str, file: str, *more: str) -> Result:
    return call("check", snapshot, "--after", file, "-f", "json", "--fail-on", "never", *more)


def gaps(result: Result) -> Iterator[str]:
    for gap in json.loads(result.raw)["scan"]["gaps"]:
        yield gap["detail"]


def test_a_policy_for_other_projects_alone_is_no_pass() -> None:
    result = after("whole", policy("other/one", '"other/two/*"')).expect(3)
    assert not result.raw
    assert "policy.yml is for no project of the snapshot" in result.err
    assert "it names other/one, other/two" in result.err


def test_what_lies_outside_is_said_and_the_rest_is_judged() -> None:
    result = after("whole", policy("other/one", "acme/open")).expect(0)
    assert "policy.yml: not in the snapshot, so not judged: other/one" in result.err
    assert [each["rule"] for each in json.loads(result.raw)["after"]["fixed"]] == ["SL101"]


@pytest.mark.parametrize("level", ["acme/web/new", '"acme/new/*"'])
def test_a_name_inside_that_is_not_listed_is_not_known(level: str) -> None:
    result = after("whole", policy(level, "acme/open")).expect(3)
    [said] = gaps(result)
    assert "(policy.yml:3): the snapshot does not list it (it is new, moved, misspelled" in said
    assert json.loads(result.raw)["after"]["access_known"] is False


@pytest.mark.parametrize("level", ["acme/hidden", '"acme/*"', '"*"'])
def test_a_project_that_was_not_read_is_not_known_afterwards(level: str) -> None:
    result = after("kept", policy(level)).expect(3)
    said = "acme/hidden is not known after the change (policy.yml:3): its scope was not read"
    assert said in list(gaps(result))
    assert json.loads(result.raw)["after"]["access_known"] is False


def test_a_project_that_was_not_read_and_is_not_named_leaves_the_access_known() -> None:
    result = after("kept", policy("acme/open")).expect(3)
    assert json.loads(result.raw)["after"].get("access_known", True) is True


def test_a_file_that_asks_for_nothing_is_said_to() -> None:
    text = "config_version: 4\nprojects_and_groups:\n  acme/open: {project_settings: {a: b}}\n"
    Path("policy.yml").write_text(text, "utf-8")
    result = after("whole", "policy.yml").expect(0)
    assert "policy.yml asks for nothing: after it everything is as it is today" in result.err
    other = {**changed("gitlab_project.x", {}), "type": "gitlab_project"}
    Path("tf.json").write_text(json.dumps(plan(other)), "utf-8")
    assert "tf.json asks for nothing" in after("whole", "tf.json").expect(0).err
    call("plan", "whole", "--select", "SL302", "-o", "p.json").expect(0)
    assert "p.json asks for nothing" in after("whole", "p.json").expect(0).err


def _plan() -> dict[str, Any]:
    call("plan", "whole", "--unsafe", "-o", "p.json").expect(0)
    found: dict[str, Any] = json.loads(Path("p.json").read_text("utf-8"))
    assert [part["path"] for part in found["projects"]] == ["acme/web/shop"]
    return found


def test_a_plan_for_what_the_snapshot_does_not_hold_is_not_known() -> None:
    made = _plan()
    made["projects"][0]["id"] = 5101
    Path("p.json").write_text(json.dumps(made, indent=2), "utf-8")
    result = after("whole", "p.json").expect(3)
    assert any(
        "acme/web/shop is not known" in said and "the snapshot does not hold it" in said
        for said in gaps(result)
    )
    hidden = json.dumps(made, indent=2).replace("5101", "103")
    Path("p.json").write_text(hidden, "utf-8")
    said = list(gaps(after("kept", "p.json").expect(3)))
    assert any("its scope was not read" in each for each in said)


def test_a_plan_that_names_a_project_twice_is_refused() -> None:
    made = _plan()
    made["projects"] += made["projects"][:1]
    Path("p.json").write_text(json.dumps(made), "utf-8")
    assert "p.json names a project twice" in after("whole", "p.json").expect(2).err


def test_a_policy_that_names_a_project_twice_is_refused_or_merged() -> None:
    result = after("whole", policy("acme/open", "acme/open")).expect(2)
    assert "acme/open" in result.err
    scope = "gitlab_project_job_token_scopes"
    lists: dict[str, Any] = {"enabled": True, "target_group_ids": [], "target_project_ids": []}
    twice = plan(
        changed(f"{scope}.a", {"project": "acme/open", **lists}),
        changed(f"{scope}.b", {"project": "102", **lists}),
    )
    Path("tf.json").write_text(json.dumps(twice), "utf-8")
    said = list(gaps(after("whole", "tf.json").expect(3)))
    assert any("undo one another's work" in each for each in said)


@pytest.mark.parametrize("version", ["17.2.0", "17.5.3", "17.6.0", "17.11.0", "18.0.0", "19.3.0"])
def test_an_exact_list_on_every_release(version: str) -> None:
    described = {
        **DESCRIBED,
        "version": version,
        "enforcement": "off",
        "projects": {
            "acme/web/shop": {"entries": [{"group": "acme"}, {"project": "acme/web/x"}]},
            "acme/web/x": {},
        },
    }
    write(described, Path("old"))
    text = (
        "declared:\n  projects_and_groups:\n    acme/web/shop:\n      job_token_scope:\n"
        "        limit_access_to_this_project: true\n"
        "        allowlist: {enforce: true, groups: [acme/web], projects: []}\n"
    )
    Path("own.yml").write_text(text, "utf-8")
    found = json.loads(after("old", "own.yml").expect(0).raw)
    [change] = found["after"]["access"]
    assert change["lost"] == ["group acme"]
    assert "SL301" in {each["rule"] for each in found["after"]["fixed"]}
    assert found["scan"]["entries"] == 1


MODULE = 'module.scopes["web"].gitlab_project_job_token_scopes.this[0]'
LISTS: dict[str, Any] = {"project": "101", "enabled": True, "target_project_ids": []}


def _terraform(*changes: dict[str, Any]) -> str:
    Path("tf.json").write_text(json.dumps(plan(*changes)), "utf-8")
    return "tf.json"


def _numbers() -> dict[str, int]:
    write(
        {**DESCRIBED, "groups": [{"path": "acme", "id": 1}, {"path": "acme/web", "id": 2}]},
        Path("ids"),
    )
    return {"acme": 1, "acme/web": 2}


def test_a_resource_of_a_module_with_an_index_is_named_by_its_address() -> None:
    ids = _numbers()
    made = changed(MODULE, {**LISTS, "target_group_ids": [ids["acme"]]})
    found = json.loads(after("ids", _terraform(made)).expect(3).raw)
    [change] = found["after"]["access"]
    assert (change["gained"], change["project"]) == (["group acme"], "acme/web/shop")
    [new] = [each for each in found["findings"] if each["rule"] == "SL301"]
    assert new["evidence"]["declared_at"]["address"] == MODULE


def test_a_sensitive_list_is_a_gap_by_its_address() -> None:
    hidden: dict[str, Any] = {"after_sensitive": {"target_group_ids": True}}
    made = changed(MODULE, {**LISTS, "target_group_ids": [1]}, **hidden)
    result = after("whole", _terraform(made)).expect(3)
    said = f"{MODULE}.target_group_ids is not known after the change"
    assert any(said in gap and "sensitive" in gap for gap in gaps(result))
    assert "not known: " in result.err


@pytest.mark.parametrize("actions", [["delete", "create"], ["create", "delete"]])
def test_what_is_replaced_counts_by_its_later_step(actions: list[str]) -> None:
    ids = _numbers()
    before = {**LISTS, "target_group_ids": [ids["acme/web"]]}
    values = {**LISTS, "target_group_ids": [ids["acme"]]}
    made = changed(MODULE, values, before=before, actions=actions)
    found = json.loads(after("ids", _terraform(made)).raw)
    [change] = found["after"]["access"]
    if actions[-1] == "create":
        assert change["gained"] == ["group acme"]
    else:
        assert (change.get("gained"), change["lost"]) == (None, ["group acme/web"])


def test_a_resource_for_one_entry_and_the_older_name_of_its_project() -> None:
    ids = _numbers()
    one = changed(
        "gitlab_project_job_token_scope.one",
        {"project_id": 101, "target_group_id": ids["acme"], "target_project_id": None},
    )
    found = json.loads(after("ids", _terraform(one)).raw)
    [change] = found["after"]["access"]
    assert (change["gained"], change.get("lost")) == (["group acme"], None)
