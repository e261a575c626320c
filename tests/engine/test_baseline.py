"""The baseline: fingerprints with what a person needs; a risen severity is new again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scopelint.engine.baseline import SCHEMA, Known, create, load
from scopelint.errors import UsageError
from scopelint.finding import Finding, Outcome, Severity, State
from tests.engine.test_waivers import finding

ONE, TWO = finding(), finding(path="acme/api")


def test_round_trip(tmp_path: Path) -> None:
    """What is written is read back, the same text again, one finding a line in a stable order."""
    path = tmp_path / "baseline.json"
    baseline = create("https://g", [TWO, ONE])
    path.write_text(baseline.text(), encoding="utf-8")
    assert load(path) == create("https://g", [ONE, TWO])
    assert load(path).text() == baseline.text()
    lines = [line for line in baseline.text().splitlines() if "fingerprint" in line]
    assert ["acme/api" in lines[0], "acme/web/shop" in lines[1]] == [True, True]
    assert create("https://g", []).text().endswith('"findings": []\n}\n')
    path.write_text(create("https://g", []).text(), encoding="utf-8")
    assert load(path).known == {}


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (Severity.HIGH, State.NEW),
        (Severity.MEDIUM, State.BASELINED),
        (Severity.LOW, State.BASELINED),
    ],
)
def test_a_severer_finding_is_new_again(now: Severity, state: State) -> None:
    """Accepted as medium is not accepted as high."""
    baseline = create("https://g", [ONE])
    found = baseline.mark(replace(ONE, severity=now))
    assert found.state is state


def test_names_and_messages_play_no_part() -> None:
    """A renamed project, another message: the fingerprint decides."""
    assert ONE.project is not None
    renamed = replace(ONE, message="other", project=replace(ONE.project, path="acme/new"))
    assert create("https://g", [ONE]).mark(renamed).state is State.BASELINED


def test_a_waived_finding_stays_waived_and_is_not_taken_in() -> None:
    """Each finding is counted once, and a waiver that has ended hides nothing."""
    waived = replace(ONE, state=State.WAIVED)
    assert create("https://g", [waived]).known == {}
    assert create("https://g", [ONE]).mark(waived).state is State.WAIVED


def test_update_and_prune() -> None:
    """Update takes in what is new, prune only drops what is fixed."""
    baseline = create("https://g", [ONE])
    assert set(baseline.updated([TWO]).known) == {TWO.fingerprint}
    assert set(baseline.pruned([TWO]).known) == set()
    assert set(create("https://g", [ONE, TWO]).pruned([TWO]).known) == {TWO.fingerprint}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "not json",
        json.dumps({"schema": "scopelint-baseline/2", "instance": "x", "findings": []}),
        json.dumps({"schema": SCHEMA, "instance": "x", "findings": [{"fingerprint": "abc"}]}),
        json.dumps({"schema": SCHEMA, "instance": "x", "findings": [], "more": 1}),
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    """Exit code 2, with words, before GitLab is asked."""
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        load(path)


def test_missing_folder_too_large(tmp_path: Path) -> None:
    """A path that is no file, or a file past the limit."""
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path)
    path = tmp_path / "b.json"
    path.write_text(create("https://g", [ONE, TWO]).text())
    with pytest.raises(UsageError, match="larger than"):
        load(path, limit=10)


def test_what_was_unknown_and_fails_now_is_new() -> None:
    """A missing answer that was accepted accepts no answer; the other way round it does."""
    unknown = replace(ONE, verdict=Outcome.UNKNOWN)
    baseline = create("https://g", [unknown])
    assert baseline.known[ONE.fingerprint].severity == "unknown"
    assert baseline.mark(ONE).state is State.NEW
    assert baseline.mark(unknown).state is State.BASELINED
    assert create("https://g", [ONE]).mark(unknown).state is State.BASELINED


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ({"group": 1, "scope": 9}, State.BASELINED),
        ({"scope": 9}, State.BASELINED),
        ({"group": 2, "scope": 1}, State.NEW),
        ({"group": 1, "count": 1}, State.NEW),
        ({}, State.BASELINED),
    ],
)
def test_a_sum_of_gaps_is_new_once_it_holds_more(
    tmp_path: Path, now: dict[str, int], state: State
) -> None:
    """Gaps of projects have findings of their own and do not count in the sum's state."""

    def summed(gaps: dict[str, int]) -> Finding:
        whole = finding(path=None, entry=None)
        return replace(whole, verdict=Outcome.UNKNOWN, evidence={"gaps": gaps})

    path = tmp_path / "baseline.json"
    path.write_text(create("https://g", [summed({"group": 1, "scope": 3})]).text())
    assert load(path).mark(summed(now)).state is state


def test_what_could_not_be_judged_is_kept() -> None:
    """A baseline that is renewed says what is not known."""
    baseline = create("https://g", [ONE, TWO])
    kept = {TWO.fingerprint}

    def not_judged(known: Known) -> bool:
        return known.project == "acme/api"

    assert baseline.pruned([], not_judged).known.keys() == kept
    assert baseline.updated([ONE], not_judged).known.keys() == {ONE.fingerprint} | kept
