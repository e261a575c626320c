"""The shared reports are what they say: otherwise every test built on them is worth little."""

import pytest

from scopelint.finding import Outcome, Severity, State
from scopelint.report import Report
from tests.reports import build


@pytest.mark.parametrize(
    "made", [build.clean(), build.everything(), build.incomplete(), build.large(600)]
)
def test_findings_are_sorted_unique_and_each_counted_once(made: Report) -> None:
    findings = list(made.findings)
    assert findings == sorted(findings, key=lambda f: f.sort_key)
    assert len({f.fingerprint for f in findings}) == len(findings)
    assert sum(made.summary.as_dict().values()) == len(findings)


def test_everything_holds_every_verdict_state_severity_and_subject() -> None:
    findings = list(build.everything().findings)
    assert {f.state for f in findings} == set(State)
    assert {f.severity for f in findings} == set(Severity)
    assert {f.verdict for f in findings} == {Outcome.FAIL, Outcome.UNKNOWN}
    assert {f.entry.kind if f.entry else None for f in findings} == {"group", "project", None}
    assert any(f.project is None for f in findings)
    assert {f.project.path for f in findings if f.project} >= set(build.HOSTILE_PATHS)


def test_clean_is_clean_and_incomplete_is_not_complete() -> None:
    assert build.clean().gate.result == "pass"
    assert build.clean().scan.complete
    assert build.incomplete().gate.result == "incomplete"
    assert not build.incomplete().scan.complete
    assert len(build.large(600).findings) == 600
