"""Plans that make the live state what the policy declares."""

import json
from typing import Any

from scopelint.declared import DeclaredPolicy
from scopelint.policy import read_gitlabform
from scopelint.repair.actions import state_after
from scopelint.repair.from_declared import plan_to_declared
from scopelint.repair.plan_file import Plan
from scopelint.repair.plan_text import declared_policy, plan_lines
from scopelint.repair.suggest import suggest
from scopelint.terraform import read_plan as read_terraform
from scopelint.testing import inventory
from tests.terraform.plans import SCOPE, SCOPES, changed
from tests.terraform.plans import plan as terraform_plan

SHOP = "acme/web/shop"
LOGGED = [{"origin": "acme/tool", "at": "2026-07-30T00:00:00Z"}]


def policy(limit: str = "true", allowlist: str = "{}", **options: Any) -> DeclaredPolicy:
    """A policy for the one project."""
    text = f"""
config_version: 4
projects_and_groups:
  {SHOP}:
    job_token_scope:
      limit_access_to_this_project: {limit}
      allowlist: {allowlist}
"""
    return read_gitlabform(text, "policy.yml", **options)


def planned(project: dict[str, Any], declared: DeclaredPolicy, **more: Any) -> Plan:
    """The plan for the project among others."""
    described = {
        "version": "19.3.0-ee",
        "enforcement": "off",
        "projects": {SHOP: project, "acme/tool": {}, "acme/other": {}},
        **more,
    }
    with inventory(described) as observed:
        return plan_to_declared(observed, declared)


def done(plan: Plan) -> list[str]:
    """The actions as text."""
    return [
        f"{a.operation} {a.entry.path if a.entry else a.value}{'' if a.safe else ' unsafe'}"
        for part in plan.projects
        for a in part.actions
    ]


def test_what_is_missing_is_added_and_nothing_removed_without_enforce() -> None:
    live = {"entries": [{"project": "acme/other"}]}
    plan = planned(live, policy(allowlist="{projects: [Acme/Tool], groups: [acme]}"))
    assert done(plan) == ["add-entry acme unsafe", "add-entry acme/tool unsafe"]
    assert plan.unsafe
    assert "declared at policy.yml:" in "\n".join(plan_lines(plan))


def test_enforce_removes_the_rest_but_never_its_own_entry() -> None:
    live = {
        "entries": [{"project": "acme/other"}, {"project": SHOP}, {"group": "partner/x", "id": 77}],
        "uses": LOGGED,
    }
    plan = planned(live, policy(allowlist="{enforce: true, groups: [77], projects: []}"))
    assert done(plan) == ["remove-entry acme/other"]
    assert not plan.unsafe


def test_a_logged_origin_that_loses_is_named() -> None:
    plan = planned({"inbound_own": False, "uses": LOGGED}, policy())
    assert done(plan) == ["set-inbound True unsafe"]
    assert "origins in the log lose access: acme/tool" in plan.projects[0].notes
    listed = policy(allowlist="{projects: [acme/tool]}")
    plan = planned({"inbound_own": False, "uses": LOGGED}, listed)
    assert done(plan) == ["add-entry acme/tool", "set-inbound True"]


def test_opening_is_never_safe() -> None:
    for enforcement in ("off", "unknown"):
        plan = planned({}, policy("false"), enforcement=enforcement)
        assert done(plan) == ["set-inbound False unsafe"]


def test_what_is_equal_is_no_part_of_the_plan() -> None:
    plan = planned({"entries": [{"group": "acme"}]}, policy(allowlist="{groups: [ACME]}"))
    assert (plan.projects, plan.skipped) == ((), ())


def reasons(plan: Plan) -> str:
    """Why projects are left alone."""
    return "; ".join(each.reason for each in plan.skipped)


def test_what_cannot_be_found_is_said() -> None:
    plan = planned({}, policy(allowlist="{projects: [acme/nowhere, 4242]}"))
    assert done(plan) == []
    assert "the project acme/nowhere of policy.yml:" in reasons(plan)
    assert "the project 4242 of policy.yml:" in reasons(plan)


def test_a_list_that_cannot_be_read_removes_nothing() -> None:
    live = {"entries": [{"project": "acme/other"}]}
    plan = planned(live, policy(allowlist="{enforce: true, projects: [null]}"))
    assert done(plan) == []
    assert "cannot be read, so nothing is removed" in reasons(plan)


def test_a_limit_that_is_no_boolean() -> None:
    plan = planned({}, policy("'yes'"))
    assert "is not a boolean" in reasons(plan)


def test_archived_projects_are_left_alone_unless_included() -> None:
    live = {"inbound_own": False, "archived": True}
    assert "archived" in reasons(planned(live, policy()))
    assert done(planned(live, policy(include_archived=True))) == ["set-inbound True unsafe"]


def test_unreadable_projects_are_said() -> None:
    assert "forbidden" in reasons(planned({"unreadable": "forbidden"}, policy()))


def test_more_than_there_are_places() -> None:
    others: dict[str, Any] = {f"acme/p{number:03d}": {} for number in range(201)}
    names = ", ".join(others)
    described = {"version": "19.3.0", "projects": {SHOP: {}, **others}}
    with inventory(described) as observed:
        plan = plan_to_declared(observed, policy(allowlist=f"{{projects: [{names}]}}"))
    assert done(plan) == []
    assert "GitLab allows 200" in reasons(plan)


def test_a_suggestion_and_the_policy_it_writes_lead_to_the_same_state() -> None:
    old = "2024-01-01T00:00:00Z"
    entries = [
        {"group": "acme", "created_at": old},
        {"project": "acme/other", "created_at": old},
    ]
    uses = [*LOGGED, {"origin": "partner/sdk", "at": "2026-07-01T00:00:00Z"}]
    project = {"inbound_own": False, "uses": uses, "entries": entries}
    described = {
        "version": "19.3.0",
        "enforcement": "off",
        "projects": {
            SHOP: project,
            "acme/tool": {},
            "acme/other": {"uses": [{"origin": "acme/tool", "at": "2026-01-01T00:00:00Z"}]},
        },
    }
    with inventory(described) as observed:
        plan = suggest(observed)
        text = declared_policy(plan).replace("declared:\n", "config_version: 4\n")
        text = text.replace("\n  ", "\n")
        other = plan_to_declared(observed, read_gitlabform(text, "policy.yml"))
    states = [[state_after(p.before, p.actions) for p in each.projects] for each in (plan, other)]
    assert states[0] == states[1]
    assert [action.safe for part in other.projects for action in part.actions] == [True] * 5


def test_a_declared_push_setting_is_set_and_never_called_safe() -> None:
    section = "job_token_scope: {allow_push_repository_for_job_token: false}"
    text = f"config_version: 4\nprojects_and_groups: {{{SHOP}: {{{section}}}}}\n"
    declared = read_gitlabform(text, "policy.yml")
    assert done(planned({"push": True}, declared)) == ["set-push False unsafe"]
    assert done(planned({"push": False}, declared)) == []


def test_what_terraform_destroys_is_removed_and_the_rest_stays() -> None:
    entry = {"project": SHOP, "target_group_id": 77, "target_project_id": None}
    destroyed = changed(f"{SCOPE}.x", None, before=entry, actions=["delete"])
    declared = read_terraform(json.dumps(terraform_plan(destroyed)), "plan.json")
    live = {"entries": [{"project": "acme/other"}, {"group": "partner/x", "id": 77}], "uses": []}
    plan = planned(live, declared, resolved=[{"group": "partner/x", "projects": 1}])
    assert done(plan) == ["remove-entry partner/x"]
    assert f"removed at plan.json:1 ({SCOPE}.x)" in "\n".join(plan_lines(plan))


def test_what_terraform_does_not_tell_is_noted_and_changes_nothing() -> None:
    values = {"project": SHOP, "enabled": None, "target_group_ids": None}
    unknown = {"enabled": True, "target_group_ids": True}
    made = changed(f"{SCOPES}.x", {**values, "target_project_ids": []}, after_unknown=unknown)
    declared = read_terraform(json.dumps(terraform_plan(made)), "plan.json")
    live = {"inbound_own": False, "entries": [{"project": "acme/other"}], "uses": []}
    plan = planned(live, declared)
    assert done(plan) == []
    notes = str(plan.skipped)
    assert "whether the limit is on is not known" in notes
    assert "nothing is removed" in notes
