"""What a run could not judge is carried over from the last report, and nothing else is."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.engine.baseline import create
from scopelint.engine.rule_sets import Override
from scopelint.engine.waivers import WaiverRule
from scopelint.extent import Extent
from scopelint.finding import Outcome, Severity, State
from scopelint.globs import GlobSet
from scopelint.report import Report
from scopelint.testing.specs import FINISHED
from tests.engine.nights import (
    RULES,
    WHOLE,
    Fact,
    Night,
    Sight,
    carried,
    keys,
    reread,
    run,
    truth,
)
from tests.examples import examples
from tests.reports.gitlab_history import CONSUMERS, History, identities

ALL = [("SL101", 1), ("SL101", 3), ("SL304", 1), ("SL305", 2), ("SL305", 3), ("SL403", 2), ("SL403", 3)]  # fmt: skip
OF_1 = [key for key in ALL if key[1] == 1]


@pytest.fixture(scope="module")
def first() -> Report:
    report = run(Night(WHOLE))
    assert keys(report.findings) == ALL
    assert report.scan.complete
    assert report.since is None
    return report


def without(number: int, **changes: Any) -> dict[int, Fact]:
    """The tree with one project changed."""
    return WHOLE | {number: replace(WHOLE[number], **changes)}


def test_what_was_read_is_never_carried_over(first: Report) -> None:
    second = run(Night(WHOLE), 1, first)
    assert (carried(second), keys(second.findings)) == ([], ALL)
    assert second.since is not None
    assert (second.since.finished_at, second.since.new, second.since.fixed) == (FINISHED, (), ())
    assert second.summary == first.summary


@pytest.mark.parametrize(
    ("sight", "kept"),
    [
        ("unreadable", OF_1),
        ("excluded", OF_1),
        ("archived", OF_1),
        ("partly", [("SL304", 1)]),
        ("flagless", [("SL101", 1)]),
    ],
)
def test_what_could_not_be_read_or_was_left_out_is_kept(
    sight: Sight, kept: list[tuple[str, int]], first: Report
) -> None:
    second = run(Night(WHOLE, {1: sight}), 1, first)
    assert carried(second) == kept
    fails = [each for each in second.findings if each.verdict is Outcome.FAIL]
    assert keys(fails) == ALL
    assert {each.carried.last_seen for each in second.findings if each.carried} == {FINISHED}
    assert second.summary.carried == len(kept)
    assert second.scan.complete is (sight in {"excluded", "archived"})


def test_a_project_is_gone_only_where_the_list_is_whole(first: Report) -> None:
    """Deleted, or moved out of the tree: it is no longer listed."""
    facts = {number: fact for number, fact in WHOLE.items() if number != 1}
    gone = run(Night(facts), 1, first)
    assert carried(gone) == []
    assert gone.since is not None
    assert [(each.how, each.finding.rule) for each in gone.since.fixed] == [
        ("gone", "SL101"),
        ("gone", "SL304"),
    ]
    assert carried(run(Night(facts, listed=False), 1, first)) == OF_1


def test_what_is_fixed_is_dropped_and_named(first: Report) -> None:
    second = run(Night(without(1, open=False)), 1, first)
    assert second.since is not None
    [fixed] = second.since.fixed
    assert (fixed.how, fixed.finding.rule, carried(second)) == ("read", "SL101", [])
    entry = run(Night(without(1, group=False)), 1, first)
    assert entry.since is not None
    assert [each.finding.rule for each in entry.since.fixed] == ["SL304"]


def test_a_rule_that_did_not_judge_fixes_nothing(first: Report) -> None:
    rules = tuple(code for code in RULES if code != "SL101")
    second = run(Night(WHOLE, rules=rules), 1, first)
    assert carried(second) == [("SL101", 1), ("SL101", 3)]
    assert [(rule.code, rule.title) for rule in second.carried_rules] == [
        (rule.code, rule.title) for rule in first.rules if rule.code == "SL101"
    ]
    override = Override(GlobSet(["acme/web/**"]), ignore=frozenset({"SL101"}))
    assert carried(run(Night(WHOLE), 1, first, overrides=(override,))) == [("SL101", 1)]


def test_silence_about_an_entry_whose_target_is_not_seen_is_no_pass(first: Report) -> None:
    second = run(Night(WHOLE, sees_sdk=False), 1, first)
    assert carried(second) == [("SL403", 2), ("SL403", 3)]
    without_entry = run(Night(without(2, sdk=False), sees_sdk=False), 1, first)
    assert carried(without_entry) == [("SL403", 3)]


def test_an_unknown_gives_way_to_the_fail_that_it_was(first: Report) -> None:
    """They have one fingerprint, and one of them says all: it failed, and nobody knows of now."""
    second = run(Night(WHOLE, {1: "flagless"}), 1, first)
    of_rule = [each for each in second.findings if each.rule == "SL101"]
    assert keys(each for each in of_rule if each.verdict is Outcome.UNKNOWN) == []
    assert len({each.fingerprint for each in second.findings}) == len(list(second.findings))
    [rule] = [rule for rule in second.rules if rule.code == "SL101"]
    assert rule.outcomes[Outcome.UNKNOWN] == 1
    assert not second.scan.complete


def test_it_never_gates_and_hides_no_incompleteness(first: Report) -> None:
    facts = {
        number: replace(fact, open=False, group=False, sdk=False) for number, fact in WHOLE.items()
    }
    second = run(Night(facts, {1: "unreadable"}), 1, first)
    assert carried(second) == OF_1
    assert (second.gate.result, second.gate.reasons) == ("incomplete", ("the scan is incomplete",))
    assert sum(second.summary.severities.values()) == 0
    excluded = run(Night(facts, {1: "excluded"}), 1, first)
    assert (excluded.gate.result, excluded.scan.complete) == ("pass", True)


def test_the_first_time_is_kept_until_it_is_too_long_ago(first: Report) -> None:
    second = run(Night(WHOLE, {1: "unreadable"}), 1, first)
    third = run(Night(WHOLE, {1: "unreadable"}), 90, second)
    assert {each.carried.last_seen for each in third.findings if each.carried} == {FINISHED}
    late = run(Night(WHOLE, {1: "flagless"}), 91, third)
    assert carried(late) == []
    assert late.since is not None
    assert late.since.expired == 1
    # It is not known again, and no longer what it was.
    assert ("SL101", 1) in keys(e for e in late.findings if e.verdict is Outcome.UNKNOWN)
    soon = run(Night(WHOLE, {1: "unreadable"}), 2, second, days=1)
    assert (carried(soon), soon.since and soon.since.expired) == ([], 2)


def test_seen_again_it_is_an_ordinary_finding(first: Report) -> None:
    second = run(Night(WHOLE, {1: "unreadable"}), 1, first)
    third = run(Night(WHOLE), 2, second)
    assert (carried(third), keys(third.findings)) == ([], ALL)
    assert third.since is not None
    assert (third.since.new, third.since.first_judged, third.since.fixed) == ((), (), ())


def test_a_renamed_project_has_its_new_path(first: Report) -> None:
    for sight in ("unreadable", "excluded"):
        facts = without(1, path="acme/store")
        second = run(Night(facts, {1: sight}), 1, first)
        [finding] = [each for each in second.findings if each.carried and each.rule == "SL101"]
        assert finding.project is not None
        assert finding.project.path == "acme/store"
        assert finding.project.web_url == "https://gitlab.example.com/acme/store"
        assert "acme/web/shop" not in finding.message
        assert finding.fingerprint in {each.fingerprint for each in first.findings}


def test_waivers_and_the_baseline_are_asked_again(first: Report) -> None:
    waiver = WaiverRule(frozenset({"SL101"}), "acme/web/shop", "known", date(2026, 12, 31))
    night = Night(WHOLE, {1: "unreadable"})
    known = create("https://gitlab.example.com", first.findings)
    waived = run(night, 1, first, waivers=(waiver,), today=date(2026, 8, 2), baseline=known)
    states = {e.rule: e.state for e in waived.findings if e.carried}
    assert states == {"SL101": State.WAIVED, "SL304": State.BASELINED}
    assert (waived.summary.carried, waived.summary.waived) == (0, 1)
    later = run(night, 2, waived, waivers=(waiver,), today=date(2027, 1, 1))
    assert {e.rule: e.state for e in later.findings if e.carried} == {
        "SL101": State.NEW,
        "SL304": State.NEW,
    }
    assert all(e.waiver is None for e in later.findings)


def test_new_is_told_from_judged_for_the_first_time(first: Report) -> None:
    second = run(Night(WHOLE, {1: "unreadable", 2: "excluded"}), 1)
    facts = WHOLE | {3: replace(WHOLE[3], group=True)}
    third = run(Night(facts), 2, second)
    assert third.since is not None
    by_print = {each.fingerprint: each for each in third.findings}
    assert keys(by_print[one] for one in third.since.new) == [("SL304", 3)]
    assert keys(by_print[one] for one in third.since.first_judged) == [
        *OF_1,
        ("SL305", 2),
        ("SL403", 2),
    ]


def test_a_last_report_that_hid_findings_makes_none_of_them_new(first: Report) -> None:
    hidden = replace(first, min_severity=Severity.HIGH)
    second = run(Night(WHOLE), 1, hidden)
    assert second.since is not None
    assert second.since.new == ()
    assert len(second.since.first_judged) == sum(
        not each.severity.reaches(Severity.HIGH) for each in first.findings
    )


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_carry_over_what_one_does(processes: int, first: Report) -> None:
    night = Night(without(3, open=False), {1: "unreadable", 2: "flagless"}, RULES[1:])
    alone = run(night, 1, first, processes=1)
    together = run(night, 1, first, processes=processes)
    assert list(together.findings) == list(alone.findings)
    assert (together.since, together.summary) == (alone.since, alone.summary)


def test_a_carried_report_is_read_back_and_carried_on(first: Report) -> None:
    second = run(Night(WHOLE, {1: "unreadable"}), 1, first)
    assert carried(reread(second)) == OF_1
    third = run(Night(WHOLE, {1: "excluded"}), 2, second)
    assert carried(third) == OF_1


# Three nights, and any number of them, through what consumers make of the uploads.


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_three_nights_close_nothing_that_is_there_and_keep_nothing_fixed(consumer: str) -> None:
    history = History(consumer)
    first = run(Night(WHOLE))
    assert history.upload(first) == set()
    # The token lost a role, and what nobody can see is closed meanwhile.
    fixed = without(1, open=False)
    second = run(Night(fixed, {1: "unreadable"}), 1, first)
    assert history.upload(second) == set()
    assert history.detected >= identities(consumer, first)
    third = run(Night(fixed), 2, second)
    closed = history.upload(third)
    assert history.detected == identities(consumer, truth(Night(fixed), 2))
    assert closed - identities(consumer, second) == set()
    assert len(closed) == 2  # the limit that is on again, and that the scan is incomplete


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_without_the_last_report_a_part_closes_what_is_there(consumer: str) -> None:
    """The model can fail: this is what happened before anything was carried over."""
    history = History(consumer)
    history.upload(run(Night(WHOLE)))
    assert len(history.upload(run(Night(WHOLE, {1: "unreadable"}), 1))) == len(OF_1)


SIGHTS: tuple[Sight, ...] = (
    "read", "read", "read", "unreadable", "partly", "flagless", "excluded", "archived", "hidden",
)  # fmt: skip
FACTS = st.builds(
    Fact,
    path=st.sampled_from(["a", "b"]),
    open=st.booleans(),
    group=st.booleans(),
    sdk=st.booleans(),
)


@st.composite
def nights(draw: st.DrawFn) -> Night:
    """A night: what is there, in any state, and what of it can be seen."""
    there = draw(st.sets(st.sampled_from([1, 2, 3]), min_size=1))
    facts = {}
    for number in sorted(there):
        fact = draw(FACTS)
        facts[number] = replace(fact, path=f"acme/{fact.path}/p{number}")
    sight = {number: draw(st.sampled_from(SIGHTS)) for number in facts}
    listed = "hidden" not in sight.values() and draw(st.booleans())
    off = draw(st.sets(st.sampled_from(["SL101", "SL304", "SL403"]), max_size=2))
    rules = tuple(code for code in RULES if code not in off)
    return Night(facts, sight, rules, listed, sees_sdk=draw(st.booleans()))


def saw(night: Night, rule: str, number: int) -> bool:
    """Whether a night shows that a finding of a rule is not there."""
    if number not in night.facts:
        return night.listed
    sight = night.seen(number)
    if rule not in night.rules or sight not in {"read", "partly", "flagless"}:
        return False
    if rule == "SL101":
        return sight != "flagless"
    if sight == "partly":
        return False
    return rule != "SL403" or night.sees_sdk or not night.facts[number].sdk


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(nights(), min_size=2, max_size=4))
def test_any_nights_close_nothing_that_is_there_and_keep_nothing_fixed(row: list[Night]) -> None:
    histories = {consumer: History(consumer) for consumer in CONSUMERS}
    report: Report | None = None
    for day, night in enumerate(row):
        report = run(night, day, report)
        actual = truth(night, day)
        there = {each.fingerprint for each in actual.findings}
        for consumer, history in histories.items():
            closed = history.upload(report)
            assert not closed & identities(consumer, actual), consumer
        for each in report.findings:
            if each.verdict is Outcome.FAIL and each.fingerprint not in there:
                assert each.carried
                assert each.project
                assert not saw(night, each.rule, each.project.id)
        assert sum(report.summary.as_dict().values()) == len(list(report.findings))
        assert reread(report).summary.as_dict() == report.summary.as_dict()


def test_what_outgrew_an_acceptance_says_so_once_however_often_it_is_carried(first: Report) -> None:
    accepted = [replace(each, extent=each.extent and Extent(())) for each in first.findings]
    known = create(first.scan.scan.instance, accepted)
    second = run(Night(WHOLE), 1, first, baseline=known)
    third = run(Night(WHOLE, {1: "unreadable"}), 2, second, baseline=known)
    fourth = run(Night(WHOLE, {1: "unreadable"}), 3, third, baseline=known)
    for report, number in ((second, 0), (third, 1), (fourth, 1)):
        grown = [each for each in report.findings if each.outgrown]
        assert {each.rule for each in grown} == {"SL304", "SL305", "SL403"}
        assert sum(each.carried is not None for each in grown) == number
        assert all(each.message.count("The baseline accepts") == 1 for each in grown)
