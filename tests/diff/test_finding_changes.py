"""Findings of two runs by fingerprint: new, fixed, and what the other run could not tell."""

from collections.abc import Iterable
from typing import Any

from scopelint import engine
from scopelint.diff import JudgedSnapshot, compare, compare_findings, lists_deleted
from scopelint.diff.changes import FindingChanges
from scopelint.registry import find_rules
from scopelint.rule import Policy
from scopelint.testing import inventory

RULES = ("SL101", "SL301", "SL501", "SL701", "SL901")


def _changes(
    old: dict[str, Any], new: dict[str, Any], codes: Iterable[str] = RULES
) -> FindingChanges:
    found = find_rules()
    rules = [found[code].cls(None, Policy()) for code in codes]
    with inventory(old) as before, inventory(new) as after:
        reports = [engine.run(one, rules) for one in (before, after)]
        one, other = (
            JudgedSnapshot.of(report, lists_deleted=lists_deleted(read))
            for report, read in zip(reports, (before, after), strict=True)
        )
        return compare_findings(one, other, compare(before, after).not_judged)


def _inventory(shop: dict[str, Any], **more: Any) -> dict[str, Any]:
    projects = {"acme/shop": {"id": 1, **shop}, "acme/tool": {"id": 2}}
    groups = [{"path": "acme", "id": 10}]
    return {"projects": projects, "groups": groups, "enforcement": "off"} | more


def _rules(findings: Iterable[Any]) -> list[str]:
    return [finding.rule for finding in findings]


TOP = {"entries": [{"group": "acme", "id": 10}]}


def test_new_and_fixed() -> None:
    found = _changes(_inventory({"inbound_own": False}), _inventory(TOP))
    assert (_rules(found.new), _rules(found.fixed)) == (["SL301", "SL501"], ["SL101"])
    assert found.unknown == ()
    assert [(one.rule, one.side) for one in found.not_compared] == [("SL701", "both")]


def test_a_renamed_project_has_the_same_findings() -> None:
    moved = _inventory(TOP)
    moved["projects"]["acme/store"] = moved["projects"].pop("acme/shop")
    found = _changes(_inventory(TOP), moved)
    assert (found.new, found.fixed, found.unknown) == ((), (), ())


def test_an_api_that_lists_no_deleted_target_fixes_nothing() -> None:
    """REST does not list such an entry: whether it or its finding is new or gone is not known."""
    gone = {"entries": [{"gone": "project", "created_at": "2026-01-01T00:00:00Z"}]}
    rest = _inventory({}, api="rest")
    for old, new in ((_inventory(gone), rest), (rest, _inventory(gone))):
        found = _changes(old, new, ("SL402",))
        assert (found.new, found.fixed, _rules(found.unknown)) == ((), (), ["SL402"])
        with inventory(old) as before, inventory(new) as after:
            assert not compare(before, after).changed
    found = _changes(_inventory(gone), _inventory({}), ("SL402",))
    assert _rules(found.fixed) == ["SL402"]


def test_an_unread_project_has_neither_new_nor_fixed_findings() -> None:
    unread = _inventory({"unreadable": "forbidden"})
    for found in (_changes(_inventory(TOP), unread), _changes(unread, _inventory(TOP))):
        assert (found.new, found.fixed) == ((), ())
        assert _rules(found.unknown) == ["SL301", "SL501"]


def test_a_rule_that_could_not_tell_leaves_its_findings_open() -> None:
    unread = _inventory({"entries": [], "missing": ["entries"]})
    found = _changes(unread, _inventory(TOP))
    assert found.new == ()
    assert _rules(found.unknown) == ["SL301", "SL501"]


def test_a_rule_that_could_not_judge_a_run_is_not_compared() -> None:
    rest = _inventory(TOP, api="rest", unavailable={"permissions": "REST does not show them"})
    found = _changes(rest, _inventory(TOP))
    assert found.new == ()
    assert ("SL501", "old") in {(one.rule, one.side) for one in found.not_compared}


def test_the_findings_of_a_project_that_is_gone_are_fixed() -> None:
    gone = _inventory(TOP)
    del gone["projects"]["acme/shop"]
    assert _rules(_changes(_inventory(TOP), gone).fixed) == ["SL301", "SL501"]
