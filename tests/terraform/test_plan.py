"""`terraform show -json` of a plan: what GitLab has once it is applied, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.declared import DeclaredPolicy, DeclaredScope
from scopelint.errors import ConfigError
from scopelint.terraform import read_plan
from tests.terraform.plans import SCOPE, SCOPES, changed, plan

WEB = {"project": "acme/web", "enabled": True, "target_group_ids": [7], "target_project_ids": [8]}


def read(*changes: dict[str, Any], **more: Any) -> DeclaredPolicy:
    return read_plan(json.dumps(plan(*changes, **more)), "plan.json")


def scope(policy: DeclaredPolicy, path: str = "acme/web") -> DeclaredScope:
    found = policy.scope(path)
    assert found is not None
    return found


def names(found: DeclaredScope) -> list[str]:
    return [name.key for name in (*(found.groups or ()), *(found.projects or ()))]


@pytest.mark.parametrize("action", ["create", "update", "no-op"])
def test_the_values_after_it_are_declared(action: str) -> None:
    found = scope(read(changed(f"{SCOPES}.web", WEB, actions=[action])))
    assert found.limit is True
    assert found.enforce
    assert names(found) == ["group:7", "project:8"]
    assert found.unknown == ()


def test_findings_point_to_the_line_and_the_address() -> None:
    text = json.dumps(plan(changed(f"{SCOPES}.a", WEB), changed(f"{SCOPES}.b", WEB)), indent=1)
    policy = read_plan(text, "plan.json")
    at = scope(policy).at
    assert text.splitlines()[at.line - 1].strip() == f'"address": "{at.address}",'
    assert (
        str(read(changed(f"{SCOPES}.web", WEB)).subjects()[0].at) == f"plan.json:1 ({SCOPES}.web)"
    )


def test_a_child_module_is_read_by_its_full_address() -> None:
    address = f'module.team["web"].{SCOPES}.this'
    policy = read(changed(address, WEB))
    assert scope(policy).at.address == address


@pytest.mark.parametrize(
    ("key", "about"),
    [("enabled", "limit"), ("target_group_ids", "group"), ("target_project_ids", "project")],
)
def test_what_is_known_after_the_apply_is_unknown(key: str, about: str) -> None:
    found = scope(read(changed(f"{SCOPES}.web", {**WEB, key: None}, after_unknown={key: True})))
    [unknown] = found.unknown
    assert (unknown.about, unknown.address) == (about, f"{SCOPES}.web.{key}")
    assert "once the plan is applied" in unknown.why


def test_one_id_that_is_known_after_the_apply_leaves_the_others_known() -> None:
    after = {**WEB, "target_group_ids": [7, None]}
    unknown = {"target_group_ids": [False, True]}
    found = scope(read(changed(f"{SCOPES}.web", after, after_unknown=unknown)))
    assert names(found) == ["group:7", "project:8"]
    assert [each.about for each in found.unknown] == ["group"]


def test_a_list_whose_length_is_not_known_is_unknown() -> None:
    unknown = {"target_group_ids": [False, True]}
    found = scope(read(changed(f"{SCOPES}.web", WEB, after_unknown=unknown)))
    assert [each.about for each in found.unknown] == ["group"]


def test_a_project_that_terraform_has_still_to_make_is_unknown() -> None:
    policy = read(
        changed(f"{SCOPES}.web", {**WEB, "project": None}, after_unknown={"project": True})
    )
    assert policy.subjects() == ()
    assert [each.about for each in policy.unknowns()] == ["resource"]


def test_destroying_the_allowlist_empties_it_and_turns_the_limit_on() -> None:
    before = {**WEB, "enabled": False}
    found = scope(read(changed(f"{SCOPES}.web", None, before=before, actions=["delete"])))
    assert found.limit is True
    assert found.enforce
    assert names(found) == []
    assert found.unknown == ()


def test_destroying_one_entry_removes_that_entry_alone() -> None:
    before = {"project": "acme/web", "target_group_id": 7, "target_project_id": None}
    found = scope(read(changed(f"{SCOPE}.web", None, before=before, actions=["delete"])))
    assert not found.enforce
    assert [name.key for name in found.removed] == ["group:7"]
    assert not found.says_limit


def test_one_entry_that_is_replaced() -> None:
    before = {"project": "acme/web", "target_group_id": 7}
    after = {"project": "acme/web", "target_project_id": 9}
    found = scope(read(changed(f"{SCOPE}.web", after, before=before, actions=["delete", "create"])))
    assert names(found) == ["project:9"]
    assert [name.key for name in found.removed] == ["group:7"]


def test_an_entry_that_another_resource_keeps_is_not_removed() -> None:
    entry = {"project": "acme/web", "target_group_id": 7}
    found = scope(
        read(
            changed(f"{SCOPE}.old", None, before=entry, actions=["delete"]),
            changed(f"{SCOPE}.new", entry, actions=["create"]),
        )
    )
    assert found.removed == ()
    assert names(found) == ["group:7"]


@pytest.mark.parametrize(
    ("actions", "left"),
    [(["delete", "create"], ["group:7", "project:8"]), (["create", "delete"], [])],
)
def test_the_later_step_of_a_replacement_decides(actions: list[str], left: list[str]) -> None:
    found = scope(read(changed(f"{SCOPES}.web", WEB, before=WEB, actions=actions)))
    assert names(found) == left
    assert found.unknown == ()


def test_a_project_that_is_left_for_another_is_emptied() -> None:
    after = {**WEB, "project": "acme/other"}
    policy = read(changed(f"{SCOPES}.web", after, before=WEB, actions=["delete", "create"]))
    assert names(scope(policy)) == []
    assert names(scope(policy, "acme/other")) == ["group:7", "project:8"]


def test_what_is_forgotten_is_not_declared() -> None:
    assert read(changed(f"{SCOPES}.web", None, before=WEB, actions=["forget"])).subjects() == ()


def test_actions_of_a_later_terraform_are_unknown() -> None:
    policy = read(changed(f"{SCOPES}.web", WEB, actions=["shelve"]))
    assert [each.why for each in policy.unknowns()] == [
        "scopelint does not know the actions [shelve]"
    ]


def test_what_is_deferred_is_unknown() -> None:
    later = {"reason": "provider_config_unknown", "resource_change": changed(f"{SCOPES}.web", WEB)}
    policy = read(deferred_changes=[later])
    assert [each.address for each in policy.unknowns()] == [f"{SCOPES}.web"]


def test_the_older_name_of_the_project_counts_and_is_a_fault() -> None:
    older = {**WEB, "project_id": 42}
    policy = read(changed(f"{SCOPES}.web", {**older, "project": None}))
    assert policy.scope("any/path", 42) is not None
    assert [fault.kind for fault in policy.faults(())] == ["removed-argument"]
    both = read(changed(f"{SCOPES}.web", {**older, "project": "42"}))
    assert both.faults(()) == ()


def test_sensitive_values_are_not_read() -> None:
    secret = "glpat-" + "x" * 20
    policy = read(
        changed(f"{SCOPES}.a", {**WEB, "project": secret}, after_sensitive={"project": True}),
        changed(f"{SCOPES}.b", {**WEB, "enabled": secret}, after_sensitive={"enabled": True}),
    )
    shown = f"{policy.unknowns()}{policy.faults(())}{policy.subjects()}{policy.entries()}"
    assert secret not in shown
    assert {each.why for each in policy.unknowns()} == {"it is sensitive, so it is not read"}


def test_other_resources_are_passed_over() -> None:
    other = {"address": "gitlab_project.x", "type": "gitlab_project", "change": 5}
    assert read(other).subjects() == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan.json:1:1: this is no JSON"),
        ("{", "plan.json:1:2: this is no JSON"),
        ('{"a": 1,\n "a": 2}', "one key twice"),
        ("[]", "this is no plan: it has no format_version"),
        ('{"format_version": 1}', "it has no format_version"),
        ('{"format_version": "2.0"}', "another than 0 and 1"),
        ('{"format_version": "1.0", "values": {}}', "this is a state, not a plan"),
        ('{"format_version": "1.0"}', "this is no plan"),
        (
            '{"format_version": "1.0", "planned_values": {"root_module": 1}}',
            "has no resource_changes",
        ),
        (
            '{"format_version": "1.0", "resource_changes": [], "errored": true}',
            "ended with an error",
        ),
        ('{"format_version": "1.0", "resource_changes": 5}', "is not a list of objects"),
        ('{"format_version": "1.0", "resource_changes": [5]}', "is not a list of objects"),
        ("[" * 101 + "]" * 101, "plan.json:1:101: nested deeper than 100 levels"),
        ("1" * 5000, "a number is too long"),
        ("\x00", "character U+0000 is not allowed in a JSON file"),
        (json.dumps(plan(changed(f"{SCOPES}.x", 5))), "change.after of this resource is no object"),
        (json.dumps(plan({"type": SCOPES, "change": {}})), "has no address"),
        (json.dumps(plan({"type": SCOPES, "address": "a"})), "has no change.actions"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_plan(text, "plan.json")
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_plan(tmp_path / "plan.json", "plan.json")
