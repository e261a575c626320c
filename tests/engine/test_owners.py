"""Owners: whose a project is, and that every finding says so."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scopelint import engine
from scopelint.finding import Finding
from scopelint.globs import GlobSet, matches
from scopelint.owners import Owner, OwnerRule, Ownership, named_owners, ownership
from scopelint.project_pattern import ProjectKind, ProjectPattern
from scopelint.report import Report
from scopelint.report_file import ReportRecord, report_schema
from scopelint.testing import rendered, report
from scopelint_reports.json_report import JsonReporter
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from scopelint_rules.scan_incomplete import ScanIncomplete
from scopelint_rules.scope_unreadable import ScopeUnreadable
from tests.engine.nights import WHOLE, Night, reread
from tests.engine.nights import run as run_night

OPEN = {"inbound_own": False, "inbound_effective": False}
WEB = Owner("web", "@acme/web-leads", "acme/web/security")


def pattern(globs: list[str]) -> ProjectPattern:
    return ProjectPattern(GlobSet(globs))


RULES = (
    OwnerRule(pattern(["acme/**"]), Owner("acme")),
    OwnerRule(pattern(["acme/web/**"]), WEB),
    OwnerRule(pattern(["acme/web/old"]), Owner("archive")),
)


def owned(*rules: OwnerRule) -> Ownership:
    found = ownership(rules)
    assert found is not None
    return found


def test_what_cannot_be_told_may_belong_to_each_part_that_the_unread_facts_leave() -> None:
    rules = (
        OwnerRule(pattern(["acme/lib/**"]), Owner("lib")),
        OwnerRule(ProjectPattern(topics=frozenset({"pci"})), Owner("payments")),
        OwnerRule(ProjectPattern(visibility=frozenset({"public"})), Owner("oss")),
        OwnerRule(
            ProjectPattern(GlobSet(["beta/**"]), frameworks=frozenset({"sox"})), Owner("sox")
        ),
    )
    kinds = {
        "acme/lib/a": ProjectKind(frozenset(), frozenset(), "private"),
        "acme/lib/b": ProjectKind(None, frozenset(), "private"),
        "acme/c": ProjectKind(None, None, None),
        "acme/d": ProjectKind(frozenset({"pci"}), None, None),
    }
    found = ownership(rules, lambda: kinds)
    assert found is not None
    names = ("lib", "payments", "oss", "sox", "unowned", "unknown")
    possible = {path: {n for n in names if found.may_belong_to(path, [n])} for path in kinds}
    assert possible == {
        "acme/lib/a": {"lib"},
        "acme/lib/b": {"lib", "payments", "unknown"},
        "acme/c": {"payments", "oss", "unowned", "unknown"},
        "acme/d": {"payments", "oss", "unknown"},
    }
    assert list(found.parts(["acme/lib/b"])) == ["lib", "payments", "unknown"]


@pytest.mark.parametrize(
    ("path", "name", "part"),
    [
        ("acme/ops/tool", "acme", "acme"),
        ("acme/web/shop", "web", "web"),
        ("ACME/Web/shop", "web", "web"),
        ("acme/web/old", "archive", "archive"),
        ("else/x", None, "unowned"),
    ],
)
def test_the_last_match_counts(path: str, name: str | None, part: str) -> None:
    found = owned(*RULES)
    assert (found.of(path), found.part_of(path)) == (name, part)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a/**", "a/b/*", "**/c", "a/b/c", "z"]), st.sampled_from("xy")),
        min_size=1,
    ),
    st.sampled_from(["a", "a/b", "a/b/c", "z", "q/c"]),
)
def test_the_last_match_counts_whatever_the_items(items: list[tuple[str, str]], path: str) -> None:
    expected = None
    for glob, name in items:
        if matches(glob, path):
            expected = name
    found = owned(*(OwnerRule(pattern([glob]), Owner(name)) for glob, name in items))
    assert found.of(path) == expected


def test_of_several_items_of_one_owner_the_last_contact_and_project_count() -> None:
    items = (
        OwnerRule(pattern(["a/**"]), Owner("web", "@old", "a/old")),
        OwnerRule(pattern(["b/**"]), Owner("ops")),
        OwnerRule(pattern(["c/**"]), Owner("web", "@new")),
    )
    assert named_owners(items) == (Owner("web", "@new", "a/old"), Owner("ops"))


def test_without_owners_nothing_is_said_of_them() -> None:
    assert ownership(()) is None


def findings(description: dict[str, Any], *rules: OwnerRule) -> Report:
    classes = (InboundLimitDisabled, ScopeUnreadable, ScanIncomplete)
    return report(description, classes, engine.Settings(owners=rules))


def by_subject(found: Report) -> dict[str, str | None]:
    def subject(finding: Finding) -> str:
        return finding.project.path if finding.project else ""

    return {subject(finding): finding.owner for finding in found.findings}


TREE = {
    "projects": {
        "acme/ops/tool": OPEN,
        "acme/web/shop": OPEN,
        "acme/web/x": {"unreadable": "forbidden"},
        "else/x": OPEN,
    }
}


def test_every_finding_of_a_project_has_its_owner() -> None:
    assert by_subject(findings(TREE, *RULES)) == {
        "acme/ops/tool": "acme",
        "acme/web/shop": "web",
        "acme/web/x": "web",
        "else/x": None,
        "": None,  # the instance is nobody's
    }


@pytest.mark.parametrize("processes", [1, 3])
def test_owners_are_the_same_however_many_processes_judge(processes: int) -> None:
    classes = (InboundLimitDisabled, ScopeUnreadable, ScanIncomplete)
    settings = engine.Settings(owners=RULES, processes=processes)
    assert by_subject(report(TREE, classes, settings)) == by_subject(findings(TREE, *RULES))


def test_the_report_says_who_owns_what_and_is_read_back() -> None:
    found = findings(TREE, *RULES)
    data = json.loads(rendered(JsonReporter(), found))
    assert data["owners"] == [
        {"name": "acme"},
        {"name": "web", "contact": "@acme/web-leads", "issues": "acme/web/security"},
        {"name": "archive"},
    ]
    assert dict(zip(data["projects"], data["project_owners"], strict=True)) == {
        "acme/ops/tool": "acme",
        "acme/web/shop": "web",
        "acme/web/x": "web",
        "else/x": None,
    }
    again = reread(found)
    assert by_subject(again) == by_subject(found)
    assert again.ownership is not None
    assert again.ownership.owners == (Owner("acme"), WEB, Owner("archive"))
    assert again.ownership.part_of("acme/web/x") == "web"
    assert rendered(JsonReporter(), again) == rendered(JsonReporter(), found)


def test_without_owners_the_report_is_as_before() -> None:
    data = json.loads(rendered(JsonReporter(), findings(TREE)))
    assert "owners" not in data
    assert "project_owners" not in data
    assert all("owner" not in finding for finding in data["findings"])
    assert reread(findings(TREE)).ownership is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"owners": None}, "go together"),
        ({"project_owners": ["web"]}, "not one item for each"),
        ({"project_owners": ["web", "web", "web", "strange"]}, "does not have 'strange'"),
    ],
)
def test_a_report_whose_owners_do_not_fit_is_refused(change: dict[str, Any], why: str) -> None:
    data = json.loads(rendered(JsonReporter(), findings(TREE, *RULES))) | change
    with pytest.raises(ValidationError, match=why):
        ReportRecord.model_validate_json(
            json.dumps({key: value for key, value in data.items() if value is not None})
        )


def test_the_schema_of_the_report_knows_owners() -> None:
    schema = report_schema()
    assert {"owners", "project_owners"} <= schema["properties"].keys()
    assert "owner" in schema["$defs"]["FindingRecord"]["properties"]


def test_what_is_carried_over_has_the_owner_of_today() -> None:
    first = run_night(Night(WHOLE))
    assert all(finding.owner is None for finding in first.findings)
    rules = (OwnerRule(pattern(["**"]), Owner("all")),)
    second = run_night(Night(WHOLE, sight={1: "unreadable"}), 1, first, owners=rules)
    old = [finding for finding in second.findings if finding.carried is not None]
    assert old
    assert {finding.owner for finding in old} == {"all"}
    closed = {number: replace(fact, open=False) for number, fact in WHOLE.items()}
    third = run_night(Night(closed), 1, first, owners=rules)
    assert third.since is not None
    assert {each.finding.owner for each in third.since.fixed} == {"all"}
