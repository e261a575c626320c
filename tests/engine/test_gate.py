"""The gate: thresholds, tolerated numbers, and gaps that somebody accepted."""

from typing import Any

import pytest

from scopelint.engine.counts import counted
from scopelint.engine.gate import ACCEPTED, ALLOWED, gaps_accepted, gate
from scopelint.finding import (
    Confidence,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    fingerprint,
)
from scopelint.model import Fact, Gap, Reason
from scopelint.report import Summary

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW


def summary(**counts: int) -> Summary:
    severities = {Severity(name): count for name, count in counts.items()}
    return Summary(severities, unknown=7, waived=8, baselined=9)


@pytest.mark.parametrize(
    ("fail_on", "most", "counts", "reasons"),
    [
        (MEDIUM, {}, {"high": 1, "medium": 2, "low": 3}, ("1 high", "2 medium")),
        (MEDIUM, {MEDIUM: 2}, {"medium": 2}, ()),
        (MEDIUM, {MEDIUM: 2}, {"medium": 3}, ("3 medium, more than 2",)),
        (MEDIUM, {MEDIUM: 2}, {"high": 1, "medium": 2}, ("1 high",)),
        (HIGH, {MEDIUM: 10}, {"medium": 10, "low": 99}, ()),
        (HIGH, {MEDIUM: 10}, {"medium": 11}, ("11 medium, more than 10",)),
        (HIGH, {LOW: 0}, {"low": 1}, ("1 low, more than 0",)),
        (HIGH, {MEDIUM: 10, HIGH: 1}, {"high": 1, "critical": 1}, ("1 critical",)),
        ("never", {HIGH: 0}, {"critical": 5, "high": 5}, ()),
    ],
)
def test_what_fails(
    fail_on: Any, most: dict[Severity, int], counts: dict[str, int], reasons: tuple[str, ...]
) -> None:
    found = gate(summary(**counts), fail_on, complete=True, most=most)
    assert (found.result, found.reasons) == ("fail" if reasons else "pass", reasons)
    assert (found.fail_on, found.most) == (str(fail_on), most)


@pytest.mark.parametrize(
    ("allowed", "accepted", "result", "reason"),
    [
        (False, False, "incomplete", "the scan is incomplete"),
        (True, False, "pass", ALLOWED),
        (False, True, "pass", ACCEPTED),
        (True, True, "pass", ACCEPTED),
    ],
)
def test_an_incomplete_scan(*, allowed: bool, accepted: bool, result: str, reason: str) -> None:
    given: Any = {"complete": False, "allow_incomplete": allowed, "accepted": accepted}
    found = gate(summary(low=1), HIGH, **given)
    assert (found.result, found.reasons) == (result, (reason,))
    assert gate(summary(high=1), HIGH, **given).reasons == ("1 high",)
    assert gate(summary(high=1), HIGH, **given).result == "fail"


def unknown(rule: str, project: int | None, state: State) -> Finding:
    return Finding(
        rule=rule,
        name="x",
        severity=Severity.UNKNOWN,
        confidence=Confidence.HIGH,
        verdict=Outcome.UNKNOWN,
        message="m",
        project=ProjectRef(project, f"acme/{project}", None) if project else None,
        entry=None,
        fingerprint=fingerprint(rule, "https://g", project, ""),
        state=state,
    )


SCOPE = Gap(Fact.SCOPE, Reason.FORBIDDEN, "", "project", 7, "acme/7")
ENTRIES = Gap(Fact.ENTRIES, Reason.ERROR, "", "project", 8, "acme/8")
GROUP = Gap(Fact.GROUP, Reason.FORBIDDEN, "", "group", 7, "acme/closed")
LISTS = Gap(Fact.ENUMERATION, Reason.ERROR)
LOG = Gap(Fact.LOG, Reason.UNAVAILABLE)
WAIVED, BASELINED, NEW = State.WAIVED, State.BASELINED, State.NEW


@pytest.mark.parametrize(
    ("gaps", "findings", "accepted"),
    [
        ((), (), False),
        ((LOG,), (), False),
        ((SCOPE,), (), False),
        ((SCOPE,), (("SL901", 7, NEW),), False),
        ((SCOPE,), (("SL901", 7, WAIVED),), True),
        ((SCOPE,), (("SL901", 7, BASELINED), ("SL902", None, NEW)), True),
        ((SCOPE, LOG), (("SL901", 7, WAIVED),), True),
        ((SCOPE,), (("SL901", 9, WAIVED),), False),
        ((SCOPE,), (("SL902", None, WAIVED),), False),
        ((SCOPE, ENTRIES), (("SL901", 7, WAIVED),), False),
        ((ENTRIES,), (("SL301", 8, WAIVED), ("SL305", 8, BASELINED)), True),
        ((ENTRIES,), (("SL301", 8, WAIVED), ("SL305", 8, NEW)), False),
        ((GROUP, LISTS), (("SL902", None, WAIVED),), True),
        ((GROUP,), (("SL902", None, NEW),), False),
        ((GROUP,), (("SL103", None, WAIVED),), False),
        ((GROUP,), (("SL901", 7, WAIVED),), False),
        ((GROUP, SCOPE), (("SL902", None, BASELINED), ("SL901", 7, WAIVED)), True),
        ((Gap(Fact.UNFINISHED, Reason.ERROR),), (("SL902", None, WAIVED),), False),
        ((Gap(Fact.SHARD, Reason.ERROR),), (("SL902", None, BASELINED),), False),
    ],
)
def test_which_gaps_are_accepted(gaps: Any, findings: Any, *, accepted: bool) -> None:
    found = counted(unknown(*each) for each in findings).accepted
    assert gaps_accepted(gaps, found, {"SL902"}) is accepted


@pytest.mark.parametrize(
    ("codes", "accepted"),
    [
        ((), False),
        (("SL902",), False),
        (("ACME902",), True),
        (("ACME902", "ACME903"), True),
        (("ACME902", "SL902"), False),
    ],
)
def test_every_rule_that_sums_up_must_be_accepted(codes: Any, *, accepted: bool) -> None:
    findings = [unknown("SL902", None, NEW), unknown("ACME902", None, WAIVED)]
    assert gaps_accepted((GROUP,), counted(findings).accepted, codes) is accepted
