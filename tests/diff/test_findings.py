"""Findings of two runs by fingerprint: new, fixed, and what the other run could not tell."""

from collections.abc import Iterable
from typing import Any

from scopelint import engine
from scopelint.diff import Judged, compare, compare_findings, lists_deleted
from scopelint.diff.model import FindingChanges
from scopelint.registry import find_rules
from scopelint.rule import Policy
from scopelint.testing import estate

RULES = ("SL101", "SL301", "SL501", "SL701", "SL901")


def _changes(
    old: dict[str, Any], new: dict[str, Any], codes: Iterable[str] = RULES
) -> FindingChanges:
    found = find_rules()
    rules = [found[code].cls(None, Policy()) for code in codes]
    with estate(old) as before, estate(new) as after:
        reports = [engine.run(one, rules) for one in (before, after)]
        one, other = (
            Judged(report.rules, report.findings, lists_deleted=lists_deleted(read))
            for report, read in zip(reports, (before, after), strict=True)
        )
        return compare_findings(one, other, compare(before, after).not_judged)


def _estate(shop: dict[str, Any], **more: Any) -> dict[str, Any]:
    projects = {"acme/shop": {"id": 1, **shop}, "acme/tool": {"id": 2}}
    groups = [{"path": "acme", "id": 10}]
    return {"projects": projects, "groups": groups, "enforcement": "off"} | more


def _rules(findings: Iterable[Any]) -> list[str]:
    return [finding.rule for finding in findings]


TOP = {"entries": [{"group": "acme", "id": 10}]}


def test_new_and_fixed() -> None:
    found = _changes(_estate({"inbound_own": False}), _estate(TOP))
    assert (_rules(found.new), _rules(found.fixed)) == (["SL301", "SL501"], ["SL101"])
    assert found.unknown == ()
    assert [(one.rule, one.side) for one in found.not_compared] == [("SL701", "both")]


def test_a_renamed_project_has_the_same_findings() -> None:
    moved = _estate(TOP)
    moved["projects"]["acme/store"] = moved["projects"].pop("acme/shop")
    found = _changes(_estate(TOP), moved)
    assert (found.new, found.fixed, found.unknown) == ((), (), ())


def test_a_way_of_reading_that_lists_no_deleted_target_fixes_nothing() -> None:
    """REST leaves such a row out: neither the row nor its finding came or went for certain."""
    gone = {"entries": [{"gone": "project", "created_at": "2026-01-01T00:00:00Z"}]}
    rest = _estate({}, api="rest")
    for old, new in ((_estate(gone), rest), (rest, _estate(gone))):
        found = _changes(old, new, ("SL402",))
        assert (found.new, found.fixed, _rules(found.unknown)) == ((), (), ["SL402"])
        with estate(old) as before, estate(new) as after:
            assert not compare(before, after).changed
    found = _changes(_estate(gone), _estate({}), ("SL402",))
    assert _rules(found.fixed) == ["SL402"]


def test_an_unread_project_has_neither_new_nor_fixed_findings() -> None:
    unread = _estate({"unreadable": "forbidden"})
    for found in (_changes(_estate(TOP), unread), _changes(unread, _estate(TOP))):
        assert (found.new, found.fixed) == ((), ())
        assert _rules(found.unknown) == ["SL301", "SL501"]


def test_a_rule_that_could_not_tell_leaves_its_findings_open() -> None:
    unread = _estate({"entries": [], "missing": ["entries"]})
    found = _changes(unread, _estate(TOP))
    assert found.new == ()
    assert _rules(found.unknown) == ["SL301", "SL501"]


def test_a_rule_that_could_not_judge_a_run_is_not_compared() -> None:
    rest = _estate(TOP, api="rest", unavailable={"permissions": "REST does not show them"})
    found = _changes(rest, _estate(TOP))
    assert found.new == ()
    assert ("SL501", "old") in {(one.rule, one.side) for one in found.not_compared}


def test_a_project_that_is_gone_took_its_findings_along() -> None:
    gone = _estate(TOP)
    del gone["projects"]["acme/shop"]
    assert _rules(_changes(_estate(TOP), gone).fixed) == ["SL301", "SL501"]
