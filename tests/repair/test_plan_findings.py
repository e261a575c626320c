"""Plans from findings: what is safe, what needs --unsafe, what is not planned, and why."""

from dataclasses import replace
from typing import Any

import pytest

from scopelint import engine
from scopelint.finding import PASS, Severity, State, Verdict
from scopelint.registry import find_rules
from scopelint.remedy import RemoveEntry, SafeIf, SwitchSetting
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan
from scopelint.repair.plan_text import plan_lines
from scopelint.rule import EntryContext, EntryRule, ProjectContext, ProjectRule, Rule
from scopelint.testing import inventory
from tests.repair.inventories import remedies

OLD = "2024-01-01T00:00:00Z"
USED = [{"origin": "acme/tool", "at": "2026-07-30T00:00:00Z"}]
AGED = [{"origin": "acme/other", "at": "2026-01-01T00:00:00Z"}]


def planned(
    project: dict[str, Any],
    *,
    unsafe: bool = False,
    irreversible: bool = True,
    rules: str = "",
    **more: Any,
) -> Plan:
    """The plan for `acme/web/shop`, a project among others, with the rules named (or default)."""
    described = {
        "version": "19.3.0-ee",
        "enforcement": "off",
        "projects": {
            "acme/web/shop": project,
            "acme/web/till": {},
            "acme/tool": {"uses": AGED},
            "acme/other": {},
        },
        **more,
    }
    found = find_rules().values()
    wanted = rules.split()
    classes = [f.cls for f in found if (f.cls.code in wanted if wanted else not f.cls.strict)]
    with inventory(described) as observed:
        report = engine.run(observed, [cls() for cls in classes])
        return plan_from_findings(
            observed, report.findings, remedies(), unsafe=unsafe, irreversible=irreversible
        )


def done(plan: Plan) -> list[str]:
    """The actions of the one project as text."""
    found = [part for part in plan.projects if part.path == "acme/web/shop"]
    return [
        f"{a.operation} {a.entry.path if a.entry else a.value}{'' if a.safe else ' unsafe'}"
        for part in found
        for a in part.actions
    ]


def said(plan: Plan) -> str:
    """All that is said of the one project besides its actions."""
    notes = [note for part in plan.projects if part.path == "acme/web/shop" for note in part.notes]
    return "\n".join(
        [*notes, *(each.reason for each in plan.skipped if each.path == "acme/web/shop")]
    )


def listed(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A restricted project with these entries, all of them old."""
    return {"entries": [{"created_at": OLD, **entry} for entry in entries], **more}


WEB, TILL, TOOL = {"group": "acme/web"}, {"project": "acme/web/till"}, {"project": "acme/tool"}
READ = {"policies": ["READ_JOBS"]}
EMPTY = {"default_permissions": False}

SAFE = {
    "redundant": (listed(WEB, TILL), ["remove-entry acme/web/till"]),
    "redundant, though it is used": (
        listed(WEB, TILL, uses=[{"origin": "acme/web/till", "at": "2026-07-30T00:00:00Z"}]),
        ["remove-entry acme/web/till"],
    ),
    "dangling": (
        listed({"project": "acme/gone-deletion_scheduled-9"}),
        ["remove-entry acme/gone-deletion_scheduled-9"],
    ),
    "empty and not used": (listed({**TOOL, **EMPTY}, uses=AGED), ["remove-entry acme/tool"]),
    "unused": (listed(TOOL, uses=AGED), ["remove-entry acme/tool"]),
    "outbound leftovers": (
        {"outbound_entries": [TOOL]},
        ["remove-outbound-entry acme/tool"],
    ),
    "only enforced": ({"inbound_own": False, "inbound_effective": True}, ["set-inbound True"]),
    "open, with a log": (
        {"inbound_own": False, "uses": USED},
        ["add-entry acme/tool", "set-inbound True"],
    ),
    "open and archived": (
        {"inbound_own": False, "archived": True, "uses": []},
        ["set-inbound True"],
    ),
}


@pytest.mark.parametrize("name", SAFE)
def test_what_is_safe(name: str) -> None:
    project, actions = SAFE[name]
    more: dict[str, Any] = {"enforcement": "on"} if name == "only enforced" else {}
    plan = planned(project, **more)
    assert done(plan) == actions
    assert all(a.findings for p in plan.projects for a in p.actions if a.operation != "add-entry")


LEFT = {
    "an old use": (
        listed(TOOL, uses=[{"origin": "acme/tool", "at": "2026-01-02T00:00:00Z"}]),
        "needs --unsafe: the log has uses by acme/tool",
    ),
    "a dangling target that is used": (
        listed(
            {"project": "acme/gone-deletion_scheduled-9"},
            uses=[{"origin": "acme/gone-deletion_scheduled-9", "at": OLD}],
        ),
        "the log has uses by acme/gone-deletion_scheduled-9",
    ),
    "empty, and an empty log": (
        listed({**TOOL, **EMPTY}, uses=[]),
        "needs --unsafe: its authentication log shows no use at all, and an empty log proves nothing",
    ),
    "empty, and young": (
        listed({**TOOL, **EMPTY, "created_at": "2026-07-01T00:00:00Z"}, uses=AGED),
        "needs --unsafe: it is younger than 90 days",
    ),
    "empty, and no log": (listed({**TOOL, **EMPTY}), "its authentication log was not read"),
    "the whole top level": (
        listed({"group": "acme"}, uses=USED),
        "needs --unsafe: projects that use it today would lose access",
    ),
    "an own entry": (
        listed({"project": "acme/web/shop", **EMPTY}),
        "a project's own entry is never touched",
    ),
    "outbound in force": (
        {"outbound": True, "outbound_entries": [TOOL]},
        "the outbound limit is still on",
    ),
    "push": ({"push": True}, "SL601: switching it off needs --unsafe"),
    "open, and no log": ({"inbound_own": False}, "its authentication log was not read"),
    "open, a log with gaps": (
        {"inbound_own": False, "uses": USED, "missing": ["log"]},
        "could not be read whole",
    ),
    "archived": (listed(WEB, TILL, archived=True), "it is archived"),
    "unreadable": ({"unreadable": "forbidden"}, "could not be read (forbidden)"),
    "a gone target": (
        {"entries": [{"gone": "project", "created_at": OLD}]},
        "the entry's target is gone",
    ),
    "a part of the list": (listed(WEB, TILL, missing=["entries"]), "entries"),
    "permissions unknown": (
        listed(
            {**WEB, "default_permissions": None, "policies": None},
            {"project": "acme/gone-deleted-9"},
        ),
        "the entry's permissions are not known",
    ),
    "to be deleted": (
        listed(WEB, TILL, deletion="scheduled"),
        "it is scheduled for deletion: GitLab removes it by itself",
    ),
    "being deleted": (listed(WEB, TILL, deletion="in_progress"), "it is being deleted"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_planned_and_why(name: str) -> None:
    project, words = LEFT[name]
    plan = planned(project)
    assert words in said(plan)
    assert done(plan) == []
    assert words in "\n".join(plan_lines(plan))


def test_a_narrow_entry_below_a_used_wider_one_stays() -> None:
    used = [{"origin": "acme/tool", "at": "2026-07-30T00:00:00Z"}]
    project = listed({**WEB, **EMPTY}, {"group": "acme"}, uses=used)
    plan = planned(project, rules="SL503")
    assert done(plan) == []
    assert "would widen access: a wider entry grants more" in said(plan)
    assert done(planned(project, rules="SL503", unsafe=True)) == []


UNSAFE = {
    "the whole top level": (
        listed({"group": "acme"}, uses=USED),
        ["add-entry acme/tool", "remove-entry acme unsafe"],
    ),
    "a redundant one below it stays": (
        listed({"group": "acme"}, TOOL, uses=USED),
        ["remove-entry acme unsafe"],
    ),
    "outbound": (
        {"outbound": True, "outbound_entries": [TOOL]},
        ["set-outbound False unsafe", "remove-outbound-entry acme/tool unsafe"],
    ),
    "push": ({"push": True}, ["set-push False unsafe"]),
    "cross-project push": (
        listed(TOOL, uses=USED, push=True, cross_project_push=True),
        ["set-push False unsafe", "set-cross-project-push False unsafe"],
    ),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_with_unsafe(name: str) -> None:
    project, actions = UNSAFE[name]
    plan = planned(project, unsafe=True)
    assert done(plan) == actions
    assert plan.unsafe
    assert "(unsafe: " in "\n".join(plan_lines(plan))
    assert not [action for action in done(planned(project)) if action in actions]


def test_nothing_is_planned_about_what_has_no_remedy() -> None:
    levels = {"repository": "enabled", "builds": "enabled"}
    public = listed(TOOL, visibility="public", access_levels=levels)
    plan = planned(public, rules="SL104 SL501")
    assert done(plan) == []
    assert "SL104: the project's visibility" in said(plan)
    assert "SL501: which permissions its jobs need is in no log" in said(plan)


def test_a_log_that_was_not_read_makes_a_dangling_entry_less_sure() -> None:
    plan = planned(listed({"project": "acme/gone-deletion_scheduled-9"}))
    [part] = plan.projects
    assert part.confidence == "low"
    assert "whether acme/gone-deletion_scheduled-9 is still in use is not known" in said(plan)


def test_a_waived_finding_is_ignored() -> None:
    dangling = listed({"project": "acme/x-deleted-9"})
    described = {"version": "19.3.0", "projects": {"acme/a": {}, "acme/b": dangling}}
    rules = [find_rules()["SL402"].cls()]
    with inventory(described) as observed:
        report = engine.run(observed, rules)
        [finding] = report.findings
        waived = replace(finding, state=State.WAIVED)
        assert plan_from_findings(observed, [waived], remedies()).projects == ()
        assert len(plan_from_findings(observed, [finding], remedies()).left) == 1


def test_what_was_not_read_is_named() -> None:
    plan = planned({}, listed=["acme/late"], finished_at=None)
    assert [(each.path, each.reason) for each in plan.skipped] == [
        ("acme/late", "it was not read: the collection was interrupted")
    ]


def test_same_plan_each_time() -> None:
    project = listed({"group": "acme"}, WEB, TILL, TOOL, uses=USED, push=True)
    assert planned(project, unsafe=True).text() == planned(project, unsafe=True).text()


class SandboxAllowed(EntryRule):
    """A third party's rule."""

    code, name, title, severity = "ACME001", "sandbox-allowed", "A sandbox", Severity.HIGH
    remedy = RemoveEntry("it is a sandbox")

    def judge(self, context: EntryContext) -> Verdict:
        return self.fail("a sandbox") if context.entry.target_path == "acme/tool" else PASS


class UnusedSandboxAllowed(SandboxAllowed):
    remedy = RemoveEntry("it is a sandbox", SafeIf.NOT_USED)


class NothingDeclared(EntryRule):
    code, name, title, severity = "ACME003", "nothing-declared", "A sandbox", Severity.HIGH

    def judge(self, context: EntryContext) -> Verdict:
        return self.fail("a sandbox")


FINAL: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "an entry whose target is out of sight": (
        listed({"project": "acme/gone-deletion_scheduled-9"}),
        {},
        "remove project acme/gone-deletion_scheduled-9",
        "whether this token sees the project is not known",
    ),
    "outbound leftovers": (
        {"outbound_entries": [TOOL]},
        {},
        "remove the outbound entry project acme/tool",
        "since GitLab 16.0 the outbound limit cannot be switched on",
    ),
    "a limit that the instance enforces": (
        {"inbound_own": False, "inbound_effective": True},
        {"enforcement": "on"},
        "switch the limit on",
        "since GitLab 18.8 no limit can be switched off while the instance enforces it",
    ),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_no_undo_brings_back_needs_a_flag_of_its_own(name: str) -> None:
    project, more, what, why = FINAL[name]
    plan = planned(project, irreversible=False, **more)
    assert done(plan) == []
    text = "\n".join(plan_lines(plan))
    title = "Left out, since no undo would bring it back (--irreversible):"
    assert f"{title}\n  acme/web/shop: {what}\n      {why}" in text
    plan = planned(project, **more)
    assert len(done(plan)) == 1
    text = "\n".join(plan_lines(plan))
    assert f"No undo brings this back:\n  acme/web/shop: {what}\n      {why}" in text


@pytest.mark.parametrize(("version", "planned_it"), [("17.10.4", 0), ("18.11.0", 0), ("19.0.0", 1)])
def test_a_removal_that_gitlab_refuses_is_not_planned(version: str, planned_it: int) -> None:
    hidden = listed({"project": "acme/gone-deletion_scheduled-9"}, uses=[])
    plan = planned(hidden, version=version)
    assert len(done(plan)) == planned_it
    refused = (
        "remove project acme/gone-deletion_scheduled-9 is not planned: before GitLab 19.0 only"
    )
    assert (refused in said(plan)) == (not planned_it)


def test_what_lies_in_a_group_that_stays_stays_too() -> None:
    """A narrow entry's origins could do more, once only the wide one around it is left."""
    project = listed(
        {"group": "partner"},
        {"project": "partner/sdk", "policies": ["READ_PACKAGES"]},
        uses=AGED,
        inbound_own=True,
    )
    seen = [{"project": "partner/sdk"}]
    plan = planned(project, rules="SL701", irreversible=False, resolved=seen)
    assert done(plan) == []
    assert [left.action.entry.path for left in plan.left if left.action.entry] == ["partner"]
    assert "it goes with the entry for partner, which stays" in said(plan)
    both = ["remove-entry partner", "remove-entry partner/sdk"]
    assert done(planned(project, rules="SL701", resolved=seen)) == both


@pytest.mark.parametrize(("version", "number"), [("17.7.0", 0), ("17.8.0", 1)])
def test_an_entry_that_cannot_be_added_with_its_permissions(version: str, number: int) -> None:
    plan = planned(
        listed({**TOOL, "policies": ["READ_PACKAGES"]}, uses=AGED),
        rules="SL701",
        irreversible=False,
        version=version,
    )
    assert len(done(plan)) == number


class PushAllowed(ProjectRule):
    code, name, title, severity = "ACME002", "push", "Push", Severity.HIGH
    remedy = SwitchSetting("push", False, "nobody pushes here")

    def judge(self, context: ProjectContext) -> Verdict:
        return self.fail("it may push") if context.scope.push else PASS


def fixed_by(rule: type[Rule], project: dict[str, Any], *, unsafe: bool = False) -> Plan:
    """The plan for `acme/web/shop` by one rule, built in or not."""
    described = {
        "version": "19.3.0-ee",
        "enforcement": "off",
        "projects": {"acme/web/shop": project, "acme/tool": {}},
    }
    with inventory(described) as observed:
        report = engine.run(observed, [rule()])
        return plan_from_findings(
            observed, report.findings, {rule.code: rule.remedy}, unsafe=unsafe
        )


def test_a_rule_says_what_fixes_its_findings_whoever_wrote_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Rule, "page", classmethod(lambda _cls: ""))
    used = listed(TOOL, WEB, uses=USED)
    assert "ACME001) needs --unsafe" in said(fixed_by(SandboxAllowed, used))
    plan = fixed_by(SandboxAllowed, used, unsafe=True)
    assert done(plan) == ["remove-entry acme/tool unsafe"]
    assert plan.projects[0].actions[0].reason.startswith("ACME001: it is a sandbox (unsafe: ")

    unused = listed(TOOL, uses=AGED)
    assert done(fixed_by(UnusedSandboxAllowed, unused)) == ["remove-entry acme/tool"]
    assert done(fixed_by(SandboxAllowed, unused)) == []

    assert done(fixed_by(PushAllowed, {"push": True})) == ["set-push False"]
    assert "ACME003: no change of the token scope alone fixes it" in said(
        fixed_by(NothingDeclared, used, unsafe=True)
    )
