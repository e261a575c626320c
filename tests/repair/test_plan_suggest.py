"""Suggestions from the log: the smallest allowlist, what holds back, how sure it is."""

from typing import Any

import pytest
import yaml

from scopelint.policy import declared_from
from scopelint.repair.allowlist import AllowlistOptions
from scopelint.repair.plan_file import Plan
from scopelint.repair.plan_text import declared_policy, plan_lines
from scopelint.repair.suggest import suggest
from scopelint.testing import inventory
from scopelint.yaml import MappingNode, load

OLD = "2024-01-01T00:00:00Z"
LATE = "2026-07-30T00:00:00Z"
SHOP = "acme/web/shop"


def used(*paths: str, at: str = LATE) -> list[dict[str, str]]:
    """A log with these origins."""
    return [{"origin": path, "at": at} for path in paths]


def suggested(
    project: dict[str, Any], others: dict[str, Any] | None = None, **options: Any
) -> Plan:
    """What is suggested for a project among others; the log is 212 days old or more."""
    projects = {
        SHOP: project,
        "acme/old": {"uses": used("acme/tool", at="2026-01-01T00:00:00Z")},
        "acme/tool": {},
        **{f"acme/lib/p{number}": {} for number in range(5)},
        **(others or {}),
    }
    with inventory(
        {"version": "19.3.0-ee", "enforcement": "off", "projects": projects}
    ) as observed:
        return suggest(observed, AllowlistOptions(**options))


def done(plan: Plan) -> list[str]:
    """The project's actions as text."""
    return [
        f"{a.operation.partition('-')[0]} {a.entry.path if a.entry else a.value}"
        for part in plan.projects
        if part.path == SHOP
        for a in part.actions
    ]


def reasons(plan: Plan) -> list[str]:
    """Why the project is left alone."""
    return [each.reason for each in plan.skipped if each.path == SHOP]


def is_open(**more: Any) -> dict[str, Any]:
    """An open project."""
    return {"inbound_own": False, **more}


LIB = [f"acme/lib/p{number}" for number in range(5)]
CLOSED: dict[str, tuple[list[dict[str, str]], dict[str, Any], list[str]]] = {
    "projects by default": (used("acme/tool", LIB[0]), {}, ["acme/lib/p0", "acme/tool"]),
    "a group whose projects are all used": (used(*LIB, "acme/tool"), {}, ["acme/lib", "acme/tool"]),
    "not all of a group": (used(*LIB[:4]), {}, LIB[:4]),
    "enough of a group": (used(*LIB[:4]), {"allow_groups": True}, ["acme/lib"]),
    "too few of a group": (used(*LIB[:3]), {"allow_groups": True}, LIB[:3]),
    "a smaller share": (used(*LIB[:3]), {"allow_groups": True, "min_share": 60}, ["acme/lib"]),
    "an outside project": (used("partner/sdk"), {}, ["partner/sdk"]),
    "a personal project": (used("mia/scratch"), {"allow_groups": True}, ["mia/scratch"]),
    "no use": ([], {}, []),
    "never the top-level group": (
        used("acme/tool", "acme/old", *LIB),
        {"allow_groups": True},
        ["acme/lib", "acme/old", "acme/tool"],
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_an_open_project_is_closed(name: str) -> None:
    uses, options, allowed = CLOSED[name]
    plan = suggested(is_open(uses=uses), **options)
    assert done(plan) == [*(f"add {path}" for path in allowed), "set True"]
    [part] = [part for part in plan.projects if part.path == SHOP]
    assert part.confidence == ("high" if uses else "low")
    assert "known to reach back 212 days" in part.notes[0]


def test_archived_ones_too_and_own_uses_count_for_nothing() -> None:
    plan = suggested(is_open(archived=True, uses=used(SHOP)))
    assert done(plan) == ["set True"]
    assert "the project is archived" in "\n".join(plan_lines(plan))


def test_entries_of_an_open_project_become_the_smallest_set() -> None:
    entries: list[dict[str, Any]] = [
        {"group": "acme", "created_at": OLD},
        {"project": "acme/tool", "policies": ["READ_JOBS"], "created_at": OLD},
        {"project": LIB[0], "created_at": OLD},
        {"project": LIB[1], "created_at": OLD},
    ]
    plan = suggested(is_open(entries=entries, uses=used("acme/tool", LIB[0], LIB[2])))
    assert done(plan) == [
        f"add {LIB[2]}",
        "change acme/tool",
        "set True",
        "remove acme",
        f"remove {LIB[1]}",
    ]
    text = "\n".join(plan_lines(plan))
    assert "acme/tool: READ_JOBS -> default permissions" in text
    assert "wider than the use" in text


def test_an_entry_of_an_open_project_that_the_log_proves_nothing_of_stays() -> None:
    """The log is 212 days old; what it does not show of a young entry tells nothing."""
    entries = [
        {"project": LIB[1], "created_at": LATE},
        {"group": "acme/old", "id": 77},
        {"project": "acme/tool", "created_at": OLD},
    ]
    plan = suggested(is_open(entries=entries, uses=used(LIB[0])))
    assert done(plan) == [f"add {LIB[0]}", "set True", "remove acme/tool"]
    text = "\n".join(plan_lines(plan))
    assert f"the project entry {LIB[1]} stays: it is younger than 90 days" in text
    assert "the group entry acme/old stays: how old the entry is could not be read" in text


def test_its_own_entry_stays() -> None:
    own = {"project": SHOP, "default_permissions": False}
    plan = suggested(is_open(entries=[own], uses=used("acme/tool")))
    assert done(plan) == ["add acme/tool", "set True"]
    [part] = [part for part in plan.projects if part.path == SHOP]
    assert part.confidence == "low"
    assert any("own entry is fine-grained" in note for note in part.notes)


@pytest.mark.parametrize("last_used", [LATE, None])
def test_an_own_entry_narrower_than_the_own_tokens_use_is_left_alone(last_used: str | None) -> None:
    own = {"project": SHOP, "policies": ["READ_JOBS"]}
    uses = [*used("acme/tool"), *(used(SHOP, at=last_used) if last_used else ())]
    plan = suggested(is_open(entries=[own], uses=uses))
    if last_used is None:
        assert done(plan) == ["add acme/tool", "set True"]
        return
    assert done(plan) == []
    [reason] = reasons(plan)
    assert "its jobs used their token, last on 2026-07-30" in reason
    assert "widen that entry or remove it first" in reason


def test_an_own_entry_that_takes_nothing_from_its_jobs_hinders_nothing() -> None:
    plan = suggested(is_open(entries=[{"project": SHOP}], uses=used("acme/tool", SHOP)))
    assert done(plan) == ["add acme/tool", "set True"]
    assert "own entry" not in "\n".join(plan_lines(plan))


MANY = [f"acme/many/p{number:03d}" for number in range(201)]


def test_more_than_there_are_places() -> None:
    others: dict[str, Any] = {path: {} for path in [*MANY, "acme/many/unused"]}
    plan = suggested(is_open(uses=used(*MANY)), others)
    assert done(plan) == ["add acme/many", "set True"]
    text = "\n".join(plan_lines(plan))
    assert "201 of 202 projects in it use this project" in text
    assert "1 of its projects have no use in the log" in text
    assert "every project that is added to the group acme/many gains access" in text
    full = suggested(is_open(uses=used(*MANY, "acme/many/unused")), others)
    assert done(full) == ["add acme/many", "set True"]
    outside = suggested(is_open(uses=used(*(f"far/p{number}" for number in range(201)))))
    assert done(outside) == []
    assert "201 project entries, and GitLab allows 200" in reasons(outside)[0]


def test_places_that_are_free_only_after_the_removals() -> None:
    others: dict[str, Any] = {path: {} for path in MANY}
    entries = [{"project": path, "created_at": OLD} for path in MANY[:150]]
    far = [f"far/p{number}" for number in range(52)]
    plan = suggested(is_open(entries=entries, uses=used(*far)), others)
    assert done(plan) == []
    assert "52 project entries would be added to the 150" in reasons(plan)[0]


SKIPPED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no log": (is_open(), {}, "authentication log was not read"),
    "a full log": (is_open(uses=used(*(f"x/p{n}" for n in range(1000)))), {}, "log is full (1,000"),
    "a log with gaps": (is_open(uses=[], missing=["log"]), {}, "could not be read whole"),
    "a young log": (is_open(uses=[]), {"min_log_days": 300}, "--min-log-days requires 300"),
    "unreadable": ({"unreadable": "forbidden"}, {}, "could not be read (forbidden)"),
    "closed, no log": (
        {"entries": [{"group": "acme"}]},
        {},
        "which of its entries are used is not",
    ),
    "a young entry": (
        {"entries": [{"project": "acme/tool", "created_at": LATE}], "uses": used(LIB[0])},
        {},
        "it is younger than 90 days",
    ),
    "an entry younger than asked": (
        {
            "entries": [{"project": "acme/tool", "created_at": "2026-03-01T00:00:00Z"}],
            "uses": used(LIB[0]),
        },
        {"min_log_days": 200},
        "it is younger than 200 days",
    ),
    "an empty log": (
        {"entries": [{"project": "acme/tool", "created_at": OLD}], "uses": []},
        {},
        "an empty log proves nothing",
    ),
    "artifacts alone": (
        {
            "entries": [{"project": "acme/tool", "created_at": OLD, "policies": ["READ_JOBS"]}],
            "uses": used(LIB[0]),
        },
        {},
        "artifacts that are fetched leave no row",
    ),
    "a narrow entry below a used one": (
        {
            "entries": [
                {"group": "acme", "created_at": LATE},
                {"group": "acme/lib", "policies": ["READ_PACKAGES"], "created_at": OLD},
            ],
            "uses": used("acme/tool"),
        },
        {},
        "without it a wider entry would grant more",
    ),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_what_is_skipped(name: str) -> None:
    project, options, words = SKIPPED[name]
    plan = suggested(project, **options)
    assert done(plan) == []
    assert words in " ".join(reasons(plan))


def test_whether_it_is_open_must_be_known() -> None:
    project = {"inbound_own": False, "uses": []}
    with inventory({"version": "19.3.0", "projects": {SHOP: project}}) as observed:
        plan = suggest(observed)
    assert "whether the instance enforces the limit is not known" in reasons(plan)[0]


def test_a_closed_project_loses_what_nobody_used() -> None:
    entries = [
        {"group": "acme/lib", "created_at": OLD},
        {"project": "acme/tool", "created_at": OLD},
        {"project": SHOP},
    ]
    plan = suggested({"entries": entries, "uses": used("acme/tool")})
    assert done(plan) == ["remove acme/lib"]
    assert [part.confidence for part in plan.projects] == ["high"]


def test_a_group_entry_wider_than_its_use_is_narrowed() -> None:
    group = {"group": "acme/lib", "created_at": OLD, "policies": ["READ_PACKAGES"]}
    plan = suggested({"entries": [group], "uses": used(*LIB[:2])})
    assert done(plan) == [*(f"add {path}" for path in LIB[:2]), "remove acme/lib"]
    [part] = plan.projects
    assert all(a.entry and a.entry.policies == ("READ_PACKAGES",) for a in part.actions)
    assert next(plan_lines(plan)) == "1 group entry lets in 5 projects, of which 2 used them"
    assert suggested({"entries": [group], "uses": used(*LIB)}).projects == ()


def test_a_narrower_group_all_of_whose_projects_are_used_replaces_a_wide_one() -> None:
    wide = {"group": "acme", "created_at": OLD}
    plan = suggested({"entries": [wide], "uses": used(*LIB)})
    assert done(plan) == ["add acme/lib", "remove acme"]
    assert "added to the group acme/lib gains access" in "\n".join(plan_lines(plan))


def test_no_group_stands_for_two_projects_unless_asked() -> None:
    two: dict[str, Any] = {"acme/two/a": {}, "acme/two/b": {}}
    project = is_open(uses=used(*two))
    assert done(suggested(project, two)) == ["add acme/two/a", "add acme/two/b", "set True"]
    assert done(suggested(project, two, allow_groups=True)) == ["add acme/two", "set True"]


def test_the_policy_it_leads_to() -> None:
    plan = suggested(is_open(uses=used("acme/tool", *LIB), entries=[{"project": SHOP}]))
    text = declared_policy(plan)
    declared = yaml.safe_load(text)["declared"]["projects_and_groups"][SHOP]["job_token_scope"]
    assert declared == {
        "limit_access_to_this_project": True,
        "allowlist": {"enforce": True, "groups": ["acme/lib"], "projects": ["acme/tool"]},
    }
    root = load(text, "scopelint.yml").root
    assert isinstance(root, MappingNode)
    section = root.get("declared")
    assert isinstance(section, MappingNode)
    scope = declared_from(section).scope(SHOP)
    assert scope is not None
    assert (scope.limit, scope.enforce) == (True, True)
    assert [name.name for name in (*(scope.groups or ()), *(scope.projects or ()))] == [
        "acme/lib",
        "acme/tool",
    ]


def test_projects_to_be_deleted_are_left_out_and_said_once() -> None:
    leaving = {"deletion": "scheduled", "inbound_own": False, "uses": used("acme/tool")}
    inside = "acme/gone-deletion_scheduled-9/one"
    plan = suggested(
        is_open(uses=used("acme/tool")),
        {"acme/leaving": leaving, inside: {**leaving, "deletion": "none"}},
    )
    planned = {part.path for part in plan.projects}
    assert SHOP in planned
    assert not planned & {"acme/leaving", inside}
    text = "\n".join(plan_lines(plan))
    assert text.count("scheduled for deletion: GitLab removes it by itself") == 1
    assert f"acme/{inside.split('/', 1)[1]}, acme/leaving" in text
