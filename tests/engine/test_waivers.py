"""Waivers: by rule, project and entry; the last day counts; nothing lapses unseen."""

from datetime import date
from typing import Any

import pytest

from scopelint.engine.waivers import WaiverBook, WaiverRule
from scopelint.finding import (
    Confidence,
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    fingerprint,
)

TODAY = date(2026, 11, 21)


def finding(
    rule: str = "SL305", path: str | None = "acme/web/shop", entry: Any = "partner/sdk"
) -> Finding:
    number = sum(map(ord, f"{path}"))
    return Finding(
        rule=rule,
        name="x",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        verdict=Outcome.FAIL,
        message="m",
        project=ProjectRef(number, path, None) if path else None,
        entry=EntryRef("project", 42, entry) if entry else None,
        fingerprint=fingerprint(rule, "https://g", number, str(entry)),
    )


def waiver(**given: Any) -> WaiverRule:
    values: dict[str, Any] = {
        "rules": frozenset({"SL305"}),
        "project": "acme/web/shop",
        "reason": "contract 42",
        "expires": date(2026, 12, 31),
    }
    return WaiverRule(**(values | given))


@pytest.mark.parametrize(
    ("given", "covers"),
    [
        ({}, True),
        ({"rules": frozenset({"SL304"})}, False),
        ({"project": "acme/**"}, True),
        ({"project": "acme/*"}, False),
        ({"project": None}, False),
        ({"entry": "partner/sdk"}, True),
        ({"entry": "partner/*"}, True),
        ({"entry": "project:42"}, True),
        ({"entry": "other/sdk"}, False),
    ],
)
def test_what_a_waiver_covers(given: dict[str, Any], covers: bool) -> None:
    """Rule, project glob and entry must all fit."""
    assert waiver(**given).covers(finding()) is covers


def test_a_waiver_for_an_entry_needs_an_entry() -> None:
    """A finding about the whole project is not an entry's."""
    assert not waiver(entry="**").covers(finding(entry=None))
    assert waiver().covers(finding(entry=None))


def test_instance_findings_are_waived_without_a_project() -> None:
    """SL902 has no project, and a project's waiver does not reach it."""
    assert waiver(project=None).covers(finding(path=None, entry=None))
    assert not waiver(project="**").covers(finding(path=None, entry=None))


@pytest.mark.parametrize(
    ("expires", "state", "expired", "ending"),
    [
        (date(2026, 11, 20), State.NEW, 1, 0),
        (date(2026, 11, 21), State.WAIVED, 0, 1),
        (date(2026, 12, 21), State.WAIVED, 0, 1),
        (date(2026, 12, 22), State.WAIVED, 0, 0),
        (None, State.WAIVED, 0, 0),
    ],
)
def test_the_day_itself_still_counts(
    expires: date | None, state: State, expired: int, ending: int
) -> None:
    """An expired waiver hides nothing and is named; one that ends within 30 days is warned about."""
    book = WaiverBook([waiver(expires=expires)], TODAY)
    assert book.mark(finding()).state is state
    assert (len(book.expired), len(book.ending), len(book.unmatched)) == (expired, ending, 0)


def test_what_matches_nothing_is_reported_expired_or_not() -> None:
    """A list that nobody prunes is shown as such."""
    stale = [waiver(project="acme/gone"), waiver(rules=frozenset({"SL999"}), expires=TODAY)]
    book = WaiverBook(stale, TODAY)
    assert book.mark(finding()).state is State.NEW
    assert book.unmatched == tuple(stale)


def test_what_another_part_of_the_run_used_counts() -> None:
    """A helper that judges some of the projects has a book of its own."""
    waivers = [waiver(), waiver(project="acme/gone")]
    helper, book = WaiverBook(waivers, TODAY), WaiverBook(waivers, TODAY)
    helper.mark(finding())
    book.used |= helper.used
    assert book.unmatched == (waivers[1],)


def test_the_waiver_that_ends_last_is_shown() -> None:
    """Order in the file does not matter; ticket and owner are shown."""
    short = waiver(expires=date(2026, 12, 1), reason="short")
    long = waiver(project="acme/**", reason="long", ticket="SEC-7", owner="@web")
    for waivers in ([short, long], [long, short]):
        found = WaiverBook(waivers, TODAY).mark(finding())
        assert found.waiver is not None
        assert found.waiver.reason == "long (SEC-7)"
        assert found.waiver.expires == "2026-12-31"
        assert found.waiver.owner == "@web"
