"""The retry matrix, the pace, and what GitLab's headers order."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from scopelint.gitlab.rate_limit import LONGEST_ORDERED, ordered_wait
from scopelint.gitlab.retry import (
    LONGEST_BACKOFF,
    MATRIX,
    ExchangeError,
    Failure,
    RequestStats,
    Retrier,
    classify,
)
from tests.collect.kit import Hurried, hurried


@dataclass(frozen=True)
class Said:
    """An answer."""

    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = b"{}"


class Clock:
    """A clock that only the waits of a retrier move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stop(Hurried):
    """Moves the clock instead of waiting."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        self.clock.now += timeout or 0.0
        return self.is_set()


def timed(max_rpm: int | None = None, jitter: float = 1.0) -> tuple[Retrier, Stop]:
    clock = Clock()
    stop = Stop(clock)
    return Retrier(max_rpm=max_rpm, stop=stop, clock=clock, jitter=lambda: jitter), stop


def script(*said: Said | ExchangeError) -> Callable[[], Said]:
    """An exchange that says these in turn, the last for ever."""
    queue = list(said)

    def exchange() -> Said:
        one = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(one, ExchangeError):
            raise one
        return one

    return exchange


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Said(200), None),
        (Said(401), None),
        (Said(404), None),
        (Said(422), None),
        (Said(429), Failure.RATE_LIMITED),
        (Said(500), Failure.SERVER),
        (Said(502, content=b"<html>"), Failure.SERVER),
        (Said(503, content=None), Failure.SERVER),
        (Said(504), Failure.SERVER),
        (Said(520), Failure.SERVER),
        (Said(530), Failure.SERVER),
        (Said(501), None),
        (
            Said(503, content=b'{"errors":[{"message":"Request timed out. Please"}]}'),
            Failure.TIMED_OUT,
        ),
        (Said(409, content=b'{"message":"409 Conflict: Resource lock"}'), Failure.LOCKED),
        (Said(409), None),
    ],
)
def test_a_status_is_told_from_another(answer: Said, failure: Failure | None) -> None:
    assert classify(answer) is failure


def test_every_failure_has_a_treatment() -> None:
    assert set(MATRIX) == set(Failure)
    assert all(treatment.attempts >= 1 for treatment in MATRIX.values())


def test_a_good_answer_is_sent_for_once() -> None:
    retrier = hurried()
    assert retrier.send(script(Said(200)), "rest").status_code == 200
    assert retrier.stats.kinds == {"rest": 1}
    assert retrier.stats.retries == 0


@pytest.mark.parametrize("failure", [Failure.SERVER, Failure.RATE_LIMITED, Failure.LOCKED])
def test_a_failure_that_passes_is_waited_out(failure: Failure) -> None:
    bad = {
        Failure.SERVER: Said(502),
        Failure.RATE_LIMITED: Said(429, content=b"Retry later\n"),
        Failure.LOCKED: Said(409, content=b"Resource lock"),
    }[failure]
    retrier = hurried()
    assert retrier.send(script(bad, bad, Said(200)), "graphql").status_code == 200
    assert retrier.stats.requests == 3
    assert retrier.stats.retries == 2


@pytest.mark.parametrize("failure", list(Failure))
def test_a_failure_that_stays_is_raised_after_its_attempts(failure: Failure) -> None:
    retrier = hurried()
    # An answer before it, so that GitLab was reached once.
    retrier.send(script(Said(200)), "rest")
    with pytest.raises(ExchangeError) as caught:
        retrier.send(script(ExchangeError(failure, "no luck", 599)), "rest")
    assert caught.value.failure is failure
    assert caught.value.status == 599
    assert retrier.stats.requests == 1 + MATRIX[failure].attempts


def test_a_query_that_took_too_long_is_not_sent_again() -> None:
    retrier = hurried()
    with pytest.raises(ExchangeError) as caught:
        retrier.send(script(Said(503, content=b"Request timed out."), Said(200)), "graphql")
    assert caught.value.failure is Failure.TIMED_OUT
    assert retrier.stats.requests == 1


def test_a_failing_status_is_named() -> None:
    with pytest.raises(ExchangeError, match="HTTP 502") as caught:
        hurried().send(script(Said(502)), "rest")
    assert caught.value.status == 502


def test_waits_double_and_end_at_a_bound() -> None:
    retrier, stop = timed()
    with pytest.raises(ExchangeError):
        retrier.send(script(Said(429)), "rest")
    waits = stop.asked
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(waits) == LONGEST_BACKOFF
    assert retrier.stats.waited == pytest.approx(sum(waits))


def test_waits_are_spread_over_their_upper_half() -> None:
    short, stop_short = timed(jitter=0.0)
    long, stop_long = timed(jitter=1.0)
    for retrier in (short, long):
        retrier.send(script(Said(429), Said(200)), "rest")
    assert (stop_short.asked, stop_long.asked) == ([0.5], [1.0])


def test_what_is_ordered_goes_before_the_doubling() -> None:
    retrier, stop = timed(jitter=0.25)
    retrier.send(script(Said(429, {"Retry-After": "42"}), Said(200)), "rest")
    assert stop.asked == [42.25]


def test_an_order_is_bounded() -> None:
    retrier, stop = timed(jitter=0.0)
    retrier.send(script(Said(429, {"Retry-After": "86400"}), Said(200)), "rest")
    assert stop.asked == [LONGEST_ORDERED]


def test_an_empty_allowance_holds_the_next_request_back() -> None:
    retrier, stop = timed()
    headers = {
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "1700000030",
        "Date": formatdate(1700000000, usegmt=True),
    }
    retrier.send(script(Said(200, headers)), "rest")
    assert stop.asked == []
    retrier.send(script(Said(200)), "rest")
    assert stop.asked == [30.0]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"RateLimit-Remaining": "5", "RateLimit-Reset": "9999999999"},
        {"RateLimit-Remaining": "0"},
        {"RateLimit-Remaining": "soon", "Retry-After": "9"},
        {"RateLimit-Remaining": "\u00b2", "Retry-After": "9"},
    ],
)
def test_other_headers_hold_nothing_back(headers: dict[str, str]) -> None:
    retrier, stop = timed()
    for _ in range(3):
        retrier.send(script(Said(200, headers)), "rest")
    assert stop.asked == []


def test_the_users_limit_paces() -> None:
    retrier, stop = timed(max_rpm=60)
    for _ in range(4):
        retrier.send(script(Said(200)), "rest")
    assert stop.asked == pytest.approx([1.0, 1.0, 1.0])
    assert retrier.stats.waited == pytest.approx(3.0)
    assert retrier.stats.retries == 0


def test_a_stop_ends_the_retries() -> None:
    retrier = hurried()

    def exchange() -> Said:
        retrier.stop.set()
        return Said(502)

    with pytest.raises(ExchangeError):
        retrier.send(exchange, "rest")
    assert retrier.stats.requests == 1
    with pytest.raises(ExchangeError, match="stopped"):
        retrier.send(exchange, "rest")
    assert retrier.stats.requests == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "\u00b2"}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "7", "RateLimit-Reset": "1"}, 7.0),
        ({"RateLimit-Reset": "soon"}, None),
        ({"RateLimit-Reset": "\u00b2"}, None),
        ({"RateLimit-Reset": "1700000060", "Date": formatdate(1700000000, usegmt=True)}, 60.0),
        ({"RateLimit-Reset": "1699999999", "Date": formatdate(1700000000, usegmt=True)}, 0.0),
    ],
)
def test_an_order_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert ordered_wait(headers) == seconds


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_without_the_servers_date_our_clock_counts(date: str | None) -> None:
    headers = {"RateLimit-Reset": str(int(time.time()) + 100)}
    if date is not None:
        headers["Date"] = date
    assert ordered_wait(headers) == pytest.approx(100, abs=5)


def test_the_stats_counts_by_kind() -> None:
    stats = RequestStats()
    stats.count("rest")
    stats.count("rest")
    stats.count("graphql")
    stats.retried(1.5)
    stats.paused(0.5)
    assert (stats.requests, stats.kinds["rest"], stats.retries, stats.waited) == (3, 2, 1, 2.0)
