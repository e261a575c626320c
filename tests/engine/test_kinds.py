"""Overrides, boundaries, waivers and owners by kind: what was not read is said, never guessed."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from scopelint import engine
from scopelint.engine.rule_sets import Override
from scopelint.engine.waivers import WaiverRule
from scopelint.finding import Outcome, Severity, State
from scopelint.globs import GlobSet
from scopelint.owners import Owner, OwnerRule
from scopelint.project_pattern import ProjectPattern
from scopelint.report import Report
from scopelint.rule import Boundary, Policy
from scopelint.testing import inventory
from scopelint_rules.boundary_crossed import BoundaryCrossed
from scopelint_rules.group_entry_too_broad import GroupEntryTooBroad
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from scopelint_rules.less_private_project_allowed import LessPrivateProjectAllowed

OPEN = {"inbound_own": False, "inbound_effective": False}
PCI = ProjectPattern(topics=frozenset({"pci"}))
ALL = GlobSet(["**"])


def judged(projects: dict[str, Any], **settings: Any) -> Report:
    with inventory({"targets": ["acme"], "projects": projects}) as observed:
        rules = [InboundLimitDisabled(None, Policy())]
        return engine.run(observed, rules, engine.Settings(**settings))


TREE: dict[str, dict[str, Any]] = {
    "acme/pci": OPEN | {"topics": ["PCI"]},
    "acme/other": OPEN | {"topics": []},
    "acme/dark": OPEN | {"topics": None},
}


def test_an_owner_by_topic_and_one_that_cannot_be_told() -> None:
    rules = (
        OwnerRule(ProjectPattern(GlobSet(["acme/**"])), Owner("all")),
        OwnerRule(PCI, Owner("payments")),
    )
    found = judged(TREE, owners=rules)
    assert {f.project.path: f.owner for f in found.findings if f.project} == {
        "acme/pci": "payments",
        "acme/other": "all",
        "acme/dark": "unknown",
    }
    assert found.ownership is not None
    assert list(found.ownership.parts(TREE)) == ["all", "payments", "unknown"]


def test_a_later_owner_by_path_settles_what_an_earlier_one_leaves_open() -> None:
    rules = (OwnerRule(PCI, Owner("payments")), OwnerRule(ProjectPattern(ALL), Owner("all")))
    assert {f.owner for f in judged(TREE, owners=rules).findings} == {"all"}


def severity_by_path(found: Report) -> dict[str, Severity]:
    return {
        f.project.path: f.severity
        for f in found.findings
        if f.project and f.verdict is Outcome.FAIL
    }


@pytest.mark.parametrize(
    ("level", "dark"), [(Severity.CRITICAL, Severity.CRITICAL), (Severity.LOW, Severity.HIGH)]
)
def test_of_two_severities_the_higher_one_counts_where_it_is_not_known(
    level: Severity, dark: Severity
) -> None:
    override = Override(ALL, severities={"SL101": level}, kind=PCI, place="c.yml:3:5")
    found = judged(TREE, overrides=(override,))
    assert severity_by_path(found) == {
        "acme/pci": level,
        "acme/other": Severity.HIGH,
        "acme/dark": dark,
    }
    assert [text for text in found.warnings if "c.yml:3:5" in text] == [
        "whether c.yml:3:5 is for a project is not known, because topics pci was not read:"
        " the stricter of both holds there"
    ]


def test_a_rule_that_may_be_ignored_judges_all_the_same() -> None:
    override = Override(ALL, ignore=frozenset({"SL101"}), kind=PCI)
    assert severity_by_path(judged(TREE, overrides=(override,))).keys() == {
        "acme/other",
        "acme/dark",
    }


def test_a_rule_that_may_be_selected_judges() -> None:
    projects = {
        path: {
            "visibility": "private",
            "topics": value["topics"],
            "entries": [{"project": "acme/open"}],
        }
        for path, value in TREE.items()
    } | {"acme/open": {"visibility": "public", "topics": []}}
    override = Override(ALL, select=frozenset({"SL307"}), kind=PCI)
    strict = LessPrivateProjectAllowed(None, Policy())
    found = judged(projects, overrides=(override,), selectable=(strict,))
    assert {f.project.path for f in found.findings if f.project and f.rule == "SL307"} == {
        "acme/pci",
        "acme/dark",
    }


def test_options_that_may_be_others_are_said_and_a_verdict_stays() -> None:
    group = {"entries": [{"group": "acme/big"}]}
    projects = {path: group | {"topics": value["topics"]} for path, value in TREE.items()}
    projects |= {f"acme/big/p{n}": {"topics": []} for n in range(4)}
    override = Override(ALL, options={"SL302": {"max_projects": 1}}, kind=PCI, place="c.yml:3:5")
    with inventory({"targets": ["acme"], "projects": projects}) as observed:
        rule = GroupEntryTooBroad(None, Policy())
        found = engine.run(observed, [rule], engine.Settings(overrides=(override,)))
    assert [(f.project.path, f.verdict) for f in found.findings if f.project] == [
        ("acme/dark", Outcome.UNKNOWN),
        ("acme/pci", Outcome.FAIL),
    ]
    unknown = next(f for f in found.findings if f.verdict is Outcome.UNKNOWN)
    assert unknown.evidence == {"override": "c.yml:3:5", "not_read": ["topics"]}


def test_where_nothing_depends_on_a_kind_nothing_is_said() -> None:
    override = Override(ALL, severities={"SL101": Severity.LOW})
    assert judged(TREE, overrides=(override,)).warnings == ()


def test_rule_sets_are_the_same_in_every_process() -> None:
    projects = {f"acme/p{n}": OPEN | {"topics": [None, ["pci"], []][n % 3]} for n in range(30)}
    override = Override(ALL, severities={"SL101": Severity.LOW}, kind=PCI, place="x")
    waiver = WaiverRule(frozenset({"SL101"}), "acme/p1*", "known", date(2999, 1, 1), kind=PCI)
    one, three = (
        judged(projects, overrides=(override,), waivers=(waiver,), processes=number)
        for number in (1, 3)
    )
    assert list(one.findings) == list(three.findings)
    assert one.warnings == three.warnings
    assert any("10 projects" in text for text in one.warnings)


def test_a_waiver_by_kind_does_not_hold_where_that_is_not_known() -> None:
    waiver = WaiverRule(frozenset({"SL101"}), "**", "known", date(2999, 1, 1), kind=PCI, place="w")
    found = judged(TREE, waivers=(waiver,))
    states = {f.project.path: f.state for f in found.findings if f.project}
    assert states == {
        "acme/pci": State.WAIVED,
        "acme/other": State.NEW,
        "acme/dark": State.NEW,
    }
    assert any("does not hold for a finding" in t and "topics pci" in t for t in found.warnings)
    assert not any("matches no finding" in text for text in found.warnings)


def test_a_boundary_by_kind_is_unknown_where_that_is_not_known() -> None:
    boundary = Boundary("cards", ALL, GlobSet(["acme/pci/**"]), PCI)
    projects = TREE | {"acme/calm": {"topics": None}}
    with inventory({"targets": ["acme"], "projects": projects}) as observed:
        rule = BoundaryCrossed(None, Policy(boundaries=(boundary,)))
        found = engine.run(observed, [rule])
    assert {(f.project.path, f.verdict) for f in found.findings if f.project} == {
        ("acme/pci", Outcome.FAIL),
        ("acme/dark", Outcome.UNKNOWN),
    }
    unknown = next(f for f in found.findings if f.verdict is Outcome.UNKNOWN)
    assert unknown.evidence == {"boundaries": ["cards"], "not_read": ["topics"]}


def test_visibility_and_age_choose_too() -> None:
    rules = (
        OwnerRule(ProjectPattern(visibility=frozenset({"public"})), Owner("outward")),
        OwnerRule(ProjectPattern(created_after=date(2026, 1, 1)), Owner("young")),
    )
    projects = {
        "acme/a": OPEN | {"visibility": "public", "created_at": datetime(2020, 1, 1, tzinfo=UTC)},
        "acme/b": OPEN | {"created_at": datetime(2026, 3, 1, tzinfo=UTC)},
    }
    found = judged(projects, owners=rules)
    assert {f.project.path: f.owner for f in found.findings if f.project} == {
        "acme/a": "outward",
        "acme/b": "young",
    }
