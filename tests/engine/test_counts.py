"""The tally: every finding is in one count, and the tallies of parts add up to the whole's."""

from hypothesis import given
from hypothesis import strategies as st

from scopelint.engine.counts import FindingCounts, counted
from scopelint.finding import (
    Confidence,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    fingerprint,
)

_FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["SL101", "SL901", "SL902"]),
        name=st.just("x"),
        severity=st.sampled_from(list(Severity)[:5]),
        confidence=st.just(Confidence.HIGH),
        verdict=st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN]),
        message=st.just("m"),
        project=st.none()
        | st.integers(1, 3).map(lambda number: ProjectRef(number, f"acme/g{number}/p", None)),
        entry=st.none(),
        fingerprint=st.just(fingerprint("SL101", "https://g", 1, "")),
        state=st.sampled_from(State),
    )
)


@given(_FINDINGS, _FINDINGS)
def test_parts_add_up(one: list[Finding], other: list[Finding]) -> None:
    whole = counted(one)
    whole.include(counted(other))
    assert whole == counted([*one, *other])


@given(_FINDINGS)
def test_against_the_words_of_the_contract(findings: list[Finding]) -> None:
    tally = counted(findings)
    assert sum(tally.summary().as_dict().values()) == len(findings)
    new = [finding for finding in findings if finding.state is State.NEW]
    fails = [finding for finding in new if finding.verdict is Outcome.FAIL]
    for severity in Severity:
        expected = sum(finding.severity is severity for finding in fails)
        assert tally.summary().severities.get(severity, 0) == expected
    assert tally.summary().unknown == len(new) - len(fails)
    assert sum(tally.namespaces.values()) == sum(finding.project is not None for finding in new)
    for number in (1, 2, 3):
        mine = [f for f in findings if f.project and f.project.id == number]
        unknown = [f for f in mine if f.verdict is Outcome.UNKNOWN]
        accepted = all(f.state is not State.NEW for f in unknown) if unknown else None
        assert tally.accepted.get(number) is accepted
        assert tally.namespaces[f"acme/g{number}", "unknown"] == sum(
            finding.state is State.NEW for finding in unknown
        )


def test_nothing_is_nothing() -> None:
    assert counted(()) == FindingCounts()
    assert set(FindingCounts().summary().as_dict().values()) == {0}
