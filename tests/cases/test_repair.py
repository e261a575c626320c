"""Repair: nothing is removed that the log does not prove to be unused, and nothing that is used."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.kit import INPUTS, GitLab
from tests.cli.kit import call

pytestmark = pytest.mark.usefixtures("place")


def collected(gitlab: GitLab, target: str) -> str:
    """Collect with the log; return the snapshot's name."""
    gitlab.run("collect", target, "--usage", "-o", "s").expect(0)
    return "s"


def planned(*args: object) -> dict[str, list[str]]:
    """Make a plan; return each project's actions as text."""
    call(*args, "-o", "plan")
    plan = json.loads(Path("plan").read_text("utf-8"))
    return {
        project["path"]: [
            f"{action['operation']} {(action['entry'] or {}).get('path', action['value'])}"
            + ("" if action["safe"] else " unsafe")
            for action in project["actions"]
        ]
        for project in plan["projects"]
    }


def test_an_entry_younger_than_the_log_is_removed_by_no_plan() -> None:
    with GitLab("young.yml") as gitlab:
        snapshot = collected(gitlab, "acme")
    call("check", snapshot, "--select", "SL701", "--exit-zero").expect(0)
    for how in (["suggest"], ["plan"]):
        found = planned(*how, snapshot)
        assert "acme/lib" not in found
    told = call("suggest", snapshot)
    assert "acme/app stays: it is younger than 90 days" in told.out


def test_the_rules_thresholds_hold_for_every_plan() -> None:
    """What the configuration says of SL701 holds for `plan` and `suggest`, by path too."""
    with GitLab("young.yml") as gitlab:
        snapshot = collected(gitlab, "acme")
    used_long_ago = {"acme/busy"}
    report = json.loads(call("check", snapshot, "--select", "SL701", "-f", "json").raw)
    failed = {each["project"]["path"] for each in report["findings"] if each["verdict"] == "fail"}
    assert failed == used_long_ago
    Path("scopelint.yml").write_text(
        "overrides:\n  - projects: [acme/busy]\n    rules: {unused-entry: {days: 10000}}\n"
    )
    report = json.loads(call("check", snapshot, "--select", "SL701", "-f", "json").raw)
    assert not [each for each in report["findings"] if each["verdict"] == "fail"]
    assert planned("suggest", snapshot) == {}


def test_an_empty_log_proves_nothing_and_its_hole_is_named() -> None:
    with GitLab("log-blind-spot.yml") as gitlab:
        snapshot = collected(gitlab, "corp")
    assert planned("plan", snapshot) == {}
    assert planned("suggest", snapshot) == {}
    report = json.loads(call("check", snapshot, "--select", "SL701", "-f", "json").raw)
    [found] = [each for each in report["findings"] if each["rule"] == "SL701"]
    assert found["verdict"] == "unknown"
    assert "an empty log proves nothing" in found["message"]
    assert "needs:project" in found["message"]


def test_a_wide_group_entry_is_narrowed_to_what_used_it() -> None:
    with GitLab("autopopulated-wide-group.yml") as gitlab:
        snapshot = collected(gitlab, "corp")
    narrowed = ["add-entry corp/eng/be/api", "remove-entry corp/eng"]
    assert planned("suggest", snapshot) == {"corp/ops/images": narrowed}
    told = call("plan", snapshot)
    assert planned("plan", snapshot, "--select", "SL703") == {"corp/ops/images": narrowed}
    unsafe = planned("plan", snapshot, "--select", "SL3", "--unsafe")
    for actions in unsafe.values():
        assert "add-entry corp/eng/be/api" in actions
    told = call("suggest", snapshot)
    assert told.out.startswith("1 group entry lets in 32 projects, of which 1 used them")
    told = call("plan", snapshot, "--select", "SL703")
    assert "It cannot tell:" in told.out
    assert "artifacts fetched by needs:project" in told.out


def test_a_projects_own_jobs_are_an_origin_like_any_other() -> None:
    with GitLab("own-entry.yml") as gitlab:
        snapshot = collected(gitlab, "acme")
    assert planned("suggest", snapshot) == {}
    told = call("suggest", snapshot)
    assert "its jobs used their token, last on 2026-11-26" in told.out
    found: Any = planned("plan", snapshot)
    assert "acme/app" not in found


def test_the_wanted_state_is_judged_before_anything_is_written() -> None:
    """What a policy brings is said by `check --after` and `plan`, and is what a scan finds then."""
    for name in ("declared-policy.yml", "declared-scopelint.yml"):
        text = (INPUTS / name).read_text("utf-8")
        Path(name.removeprefix("declared-")).write_text(text, "utf-8")
    with GitLab("declared-estate.yml") as gitlab:
        snapshot = collected(gitlab, "acme")
        today = _fails(call("check", snapshot, "-f", "json").expect(1).raw)
        foretold = json.loads(
            call("check", snapshot, "--after", "policy.yml", "-f", "json").expect(1).raw
        )
        new = {
            (each["rule"], each["project"]["path"])
            for each in foretold["findings"]
            if each["fingerprint"] in foretold["after"]["new"]
        }
        libs = ("acme/libs/core", "acme/libs/python")
        assert new == {(rule, path) for rule in ("SL301", "SL308") for path in libs}

        safe = planned("plan", snapshot, "--to", "declared")
        assert safe == {"acme/libs/python": ["remove-entry acme/web/shop"]}
        told = call("plan", snapshot, "--to", "declared").expect(0).out
        assert "needs --unsafe: add group acme (default permissions)" in told
        assert "it brings SL301 (high)" in told
        assert "and brings none." in told
        told = call("plan", snapshot, "--to", "declared", "--unsafe", "-o", "plan").expect(0).out
        assert "and brings 4 high." in told

        Path("root").write_text("glpat-root", "utf-8")
        to = ("--url", gitlab.url, "--token-file", "root")
        call("apply", "plan", "--yes", *to).expect(0)
        gitlab.run("collect", "acme", "--usage", "-o", "then").expect(0)
    then = _fails(call("check", "then", "-f", "json").expect(1).raw)
    assert then == {each["fingerprint"] for each in foretold["findings"]}
    assert then - today == set(foretold["after"]["new"])


def _fails(report: bytes) -> set[str]:
    found = json.loads(report)["findings"]
    return {each["fingerprint"] for each in found if each["verdict"] == "fail"}
