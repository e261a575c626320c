"""Terraform as a wanted state: what GitLab has once a plan is applied."""

import json
from typing import Any, Final

from scopelint.declared import DeclaredPolicy
from scopelint.terraform import read_plan
from tests.terraform.plans import SCOPE, SCOPES, changed, plan
from tests.wanted import kit

OPEN: Final = {
    kit.SHOP: {
        "inbound_own": False,
        "inbound_effective": False,
        "entries": [{"group": "acme/a", "id": 7}, {"project": "acme/b", "id": 8}],
    }
}
WANTED: Final = {
    "project": kit.SHOP,
    "enabled": True,
    "target_group_ids": [7],
    "target_project_ids": [],
}


def policy(*changes: dict[str, Any]) -> DeclaredPolicy:
    return read_plan(json.dumps(plan(*changes)), "plan.json")


def test_the_whole_allowlist() -> None:
    with kit.changed(policy(changed(f"{SCOPES}.x", WANTED)), OPEN) as (inventory, wanted):
        assert kit.scope(inventory).inbound_effective is True
        assert kit.names(inventory) == ["acme/a"]
        assert wanted.unknown == ()


def test_a_destruction_empties_it_and_turns_the_limit_on() -> None:
    destroyed = changed(f"{SCOPES}.x", None, before=WANTED, actions=["delete"])
    with kit.changed(policy(destroyed), OPEN) as (inventory, _):
        assert kit.scope(inventory).inbound_effective is True
        assert kit.names(inventory) == []


def test_one_entry_that_is_destroyed_and_one_that_is_made() -> None:
    old = {"project": kit.SHOP, "target_group_id": 7}
    new = {"project": kit.SHOP, "target_project_id": 8}
    changes = (
        changed(f"{SCOPE}.x", None, before=old, actions=["delete"]),
        changed(f"{SCOPE}.y", new),
    )
    with kit.changed(policy(*changes), OPEN) as (inventory, _):
        assert kit.scope(inventory).inbound_effective is False
        assert kit.names(inventory) == ["acme/b"]


def test_a_list_that_is_not_known_removes_nothing_and_is_a_gap() -> None:
    after = {**WANTED, "target_group_ids": None}
    unknown = changed(f"{SCOPES}.x", after, after_unknown={"target_group_ids": True})
    with kit.changed(policy(unknown), OPEN) as (inventory, _):
        assert kit.names(inventory) == ["acme/a", "acme/b"]
        assert not inventory.complete
        assert any(f"{SCOPES}.x.target_group_ids" in gap.detail for gap in inventory.gaps)


def test_a_limit_that_is_not_known_is_unknown_after_it() -> None:
    after = {**WANTED, "enabled": None}
    unknown = changed(f"{SCOPES}.x", after, after_unknown={"enabled": True})
    with kit.changed(policy(unknown), OPEN) as (inventory, _):
        assert kit.scope(inventory).inbound_effective is None


def test_a_resource_of_which_the_project_is_not_known() -> None:
    after = {**WANTED, "project": None}
    unknown = changed(f"{SCOPES}.x", after, after_unknown={"project": True})
    with kit.changed(policy(unknown), OPEN) as (inventory, wanted):
        assert [each.address for each in wanted.unknown] == [f"{SCOPES}.x"]
        [gap] = [gap for gap in inventory.gaps if f"{SCOPES}.x" in gap.detail]
        assert gap.subject_kind is None
        assert not inventory.complete
