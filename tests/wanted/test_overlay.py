"""An inventory with a wanted state laid over it: what is set, what stays, what nobody can tell."""

from typing import Any

import pytest

from scopelint.access import Answer, InboundCounter, decide
from scopelint.model import Fact
from scopelint.repair.planning import make_plan, project_plan, removal, state_of
from scopelint.snapshot import Source
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import after, wanted_by_plan, wanted_by_policy
from tests.wanted.kit import SHOP, by_path, changed, names, policy, scope, snapshot

TOOL: dict[str, Any] = {"acme/tool": {}, "acme/other": {}}


def test_what_is_wanted_is_there_and_the_rest_stays() -> None:
    live = {SHOP: {"entries": [{"project": "acme/other"}], "inbound_own": False}, **TOOL}
    with changed(policy(allowlist="{projects: [Acme/Tool], groups: [acme]}"), live) as (new, _):
        assert set(names(new)) == {"acme", "acme/other", "acme/tool"}
        assert (scope(new).inbound_own, scope(new).inbound_effective) == (True, True)
        assert new.entry_count == 3
        assert new.complete
        added = next(e for e in scope(new).entries if e.target_path == "acme/tool")
        assert (added.created_at, added.default_permissions) == (new.as_of, True)
        assert new.target(added) is not None
        assert scope(new, "acme/tool").entries == ()


def test_an_exact_list_removes_the_rest_but_never_its_own_entry() -> None:
    live = {SHOP: {"entries": [{"project": "acme/other"}, {"project": SHOP}]}, **TOOL}
    with changed(policy(allowlist="{enforce: true, projects: []}"), live) as (new, _):
        assert names(new) == [SHOP]


@pytest.mark.parametrize(
    ("enforcement", "effective", "fact"),
    [("on", True, None), ("off", False, None), ("unknown", None, Fact.ENFORCEMENT)],
)
def test_a_limit_that_goes_off_leaves_what_the_instance_enforces(
    enforcement: str, effective: bool | None, fact: Fact | None
) -> None:
    with changed(policy("false"), {SHOP: {}}, enforcement=enforcement) as (new, _):
        assert scope(new).inbound_own is False
        assert scope(new).inbound_effective is effective
        assert [gap.fact for gap in new.gaps if gap.breaks_completeness] == ([fact] if fact else [])


def test_a_limit_that_goes_on_closes_the_gap_of_enforcement() -> None:
    live = {SHOP: {"inbound_own": False}}
    with snapshot(live, enforcement="unknown") as source:
        before = Inventory(source)
        assert not before.complete
        assert after(source, wanted_by_policy(policy(), before)).complete


def test_a_limit_that_is_no_boolean_is_not_known() -> None:
    with changed(policy("'yes'"), {SHOP: {}}) as (new, _):
        assert scope(new).inbound_effective is None
        assert Fact.OWN_FLAG in scope(new).missing
        gap = next(gap for gap in new.gaps if gap.fact == Fact.OWN_FLAG)
        assert gap.subject_path == SHOP
        assert "policy.yml:5" in gap.detail
        assert not new.complete


def test_a_target_that_the_snapshot_does_not_know_leaves_the_list_open() -> None:
    live = {SHOP: {"entries": [{"project": "acme/other"}]}, **TOOL}
    wanted = policy(allowlist="{enforce: true, projects: [partner/sdk], groups: [acme]}")
    with changed(wanted, live) as (new, _):
        # What may go stays: it is not known whether it is the one that is meant.
        assert set(names(new)) == {"acme", "acme/other"}
        assert Fact.ENTRIES in scope(new).missing
        gap = next(gap for gap in new.gaps if gap.fact == Fact.ENTRIES)
        assert "the project partner/sdk is not known after the change (policy.yml:6)" in gap.detail
        assert not new.complete


def test_a_list_that_cannot_be_read_leaves_it_open() -> None:
    with changed(policy(allowlist="{projects: [null]}"), {SHOP: {}}) as (new, _):
        assert Fact.ENTRIES in scope(new).missing
        assert not new.complete


def test_more_entries_than_gitlab_has_places_for_are_not_known() -> None:
    many = [f"acme/p{number}" for number in range(201)]
    live: dict[str, Any] = {SHOP: {}, **{path: {} for path in many}}
    wanted = policy(allowlist=f"{{projects: [{', '.join(many)}]}}")
    with changed(wanted, live) as (new, _):
        gap = next(gap for gap in new.gaps if gap.fact == Fact.ENTRIES)
        assert "201 project entries are wanted, and GitLab allows 200" in gap.detail


def test_what_was_not_read_stays_unread() -> None:
    live: dict[str, Any] = {SHOP: {"unreadable": "forbidden"}}
    with changed(policy(), live) as (new, wanted):
        assert next(new.projects()).scope is None
        assert not new.complete
        assert not wanted.projects


def test_projects_that_the_policy_does_not_cover_are_left_alone() -> None:
    live = {SHOP: {"archived": True, "inbound_own": False}}
    with changed(policy(), live) as (new, wanted):
        assert scope(new).inbound_effective is False
        assert [each.path for each in wanted.left_alone] == [SHOP]


def plan_of_removal(source: Source, *, instance: str | None = None) -> Any:
    inventory = Inventory(source)
    project = next(each for each in inventory.projects() if each.path == SHOP)
    state = state_of(project)
    assert project.scope is not None
    actions = [removal(entry, "test") for entry in project.scope.entries]
    part = project_plan(project, state, actions)  # type: ignore[arg-type]
    plan = make_plan(inventory, "findings", [part])
    return plan.model_copy(update={"instance": instance}) if instance else plan


def test_a_plan_points_to_the_line_of_each_action() -> None:
    live = {SHOP: {"entries": [{"project": "acme/other"}, {"group": "acme"}]}, **TOOL}
    with snapshot(live) as source:
        plan = plan_of_removal(source)
        text = plan.text()
        wanted = wanted_by_plan(plan, Inventory(source), "p.json", text)
        number = next(iter(wanted.projects))
        lines = [entry.at.line for entry in wanted.projects[number].removed]
        assert len(lines) == 2
        for line in lines:
            assert '"operation": "remove-entry"' in text.splitlines()[line - 1]
        new = after(source, wanted)
        assert names(new) == []
        assert new.entry_count == 0


def test_a_plan_leaves_alone_what_moved() -> None:
    live = {SHOP: {"entries": [{"project": "acme/other"}]}, **TOOL}
    moved = {SHOP: {"entries": [{"project": "acme/other"}], "push": True}, **TOOL}
    with snapshot(live) as source:
        plan = plan_of_removal(source)
    with snapshot(moved) as source:
        wanted = wanted_by_plan(plan, Inventory(source), "p.json")
        assert "no longer as the plan saw it" in wanted.left_alone[0].reason
        assert names(after(source, wanted)) == ["acme/other"]


def test_the_overlay_is_read_again_in_another_process() -> None:
    live = {SHOP: {"inbound_own": False}, **TOOL}
    with changed(policy(allowlist="{projects: [acme/tool]}"), live) as (new, _):
        with new.reopened():
            assert names(new) == ["acme/tool"]
            assert scope(new).inbound_effective is True
        assert names(new) == ["acme/tool"]


def test_nothing_wanted_changes_nothing() -> None:
    live = {SHOP: {"entries": [{"group": "acme"}], "inbound_own": False}, **TOOL}
    with snapshot(live) as source:
        before = Inventory(source)
        wanted = wanted_by_plan(make_plan(before, "findings", []), before, "p.json")
        new = after(source, wanted)
        assert list(new.projects()) == list(before.projects())
        assert (new.gaps, new.entry_count) == (before.gaps, before.entry_count)


def test_reach_and_decision_see_the_inventory_after_the_change() -> None:
    live: dict[str, Any] = {SHOP: {"inbound_own": False}, **TOOL}
    with snapshot(live) as source:
        before = Inventory(source)
        new = after(source, wanted_by_policy(policy(allowlist="{projects: [acme/tool]}"), before))
        counts = []
        for inventory in (before, new):
            shop, tool, other = (by_path(inventory, p) for p in (SHOP, "acme/tool", "acme/other"))
            counts.append(InboundCounter(inventory).count(shop).number)
            version = inventory.scan.version
            answers = [decide(each, shop, (), version=version).answer for each in (tool, other)]
            closed = inventory is new
            assert answers == [Answer.GRANTED, Answer.DENIED if closed else Answer.GRANTED]
        assert counts == [2, 1]
