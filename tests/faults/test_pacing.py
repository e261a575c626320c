"""A run slows down before GitLab refuses it, and waits as long as it is told: by a clock of ours."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from scopelint.gitlab.rate_limit import LONGEST_ORDERED, RateLimit, is_general
from scopelint.gitlab.retry import LONGEST_BACKOFF, MATRIX, ExchangeError, Failure, Retrier

START = 1_700_000_000.0
"""A Unix time that is a multiple of no window."""


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Moving(threading.Event):
    """Moves the clock instead of waiting, and keeps what it was asked."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.asked: list[float] = []
        self.meanwhile: Callable[[], object] | None = None

    def wait(self, timeout: float | None = None) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        self.asked.append(timeout or 0.0)
        self.clock.now += timeout or 0.0
        return self.is_set()


@dataclass(frozen=True)
class Said:
    """An answer."""

    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b"{}"


@dataclass
class Throttled:
    """A GitLab with `limit` requests a `window`; an exchange takes `seconds`."""

    clock: Clock
    limit: int
    window: float = 60.0
    seconds: float = 0.05
    style: str = "both"
    at: list[float] = field(default_factory=list)
    refused: int = 0
    _start: float = 0.0
    _used: int = 0

    def __call__(self) -> Said:
        now = self.clock.now
        if now - self._start >= self.window:
            self._start, self._used = now, 0
        self._used += 1
        reset = int(self._start + self.window) + 1
        left = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self._used)),
            "RateLimit-Reset": str(reset),
            "Date": formatdate(now, usegmt=True),
        }
        self.clock.now += self.seconds
        if self._used <= self.limit:
            self.at.append(now)
            return Said(200, left if self.style != "none" else {})
        self.refused += 1
        if self.style == "none":
            return Said(429, {"Content-Type": "text/html"}, b"<html>too many</html>")
        retry = {"Retry-After": str(int(reset - now))} if self.style == "both" else {}
        return Said(429, {**left, **retry}, b"Retry later\n")


def timed(max_rpm: int | None = None, jitter: float = 0.0) -> tuple[Retrier, Clock, Moving]:
    clock = Clock()
    stop = Moving(clock)
    return (
        Retrier(max_rpm=max_rpm, stop=stop, clock=clock, jitter=lambda: jitter),
        clock,
        stop,
    )


def test_an_allowance_is_spread_before_it_is_used_up() -> None:
    retrier, clock, stop = timed()
    server = Throttled(clock, limit=60)
    for _ in range(200):
        retrier.send(server, "graphql")
    assert server.refused == 0
    assert retrier.stats.retries == 0
    first_minute = [at - START for at in server.at if at - START < 60]
    assert len(first_minute) >= 55
    # Half of it goes at once, the rest evenly: no pause longer than a few of their fair shares.
    assert first_minute[29] < 2
    assert max(stop.asked) < 6
    assert clock.now - START < 220


def test_a_plentiful_allowance_costs_nothing() -> None:
    retrier, clock, stop = timed()
    server = Throttled(clock, limit=2000)
    for _ in range(500):
        retrier.send(server, "graphql")
    assert stop.asked == []


def test_the_last_one_is_not_followed_before_the_reset() -> None:
    retrier, clock, stop = timed()
    headers = {
        "RateLimit-Limit": "10",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(int(START) + 30),
        "Date": formatdate(START, usegmt=True),
    }
    retrier.send(lambda: Said(200, headers), "rest")
    retrier.send(lambda: Said(200), "rest")
    assert stop.asked == [30.0]
    assert clock.now == START + 30


def test_requests_under_way_are_taken_off_the_allowance() -> None:
    clock = Clock()
    pace = RateLimit(clock=clock)
    turns = [pace.take_turn() for _ in range(8)]
    assert turns == [START] * 8
    headers = {
        "RateLimit-Limit": "100",
        "RateLimit-Remaining": "17",
        "RateLimit-Reset": str(int(START) + 60),
        "Date": formatdate(START, usegmt=True),
    }
    pace.done()
    pace.learn(headers)
    # Seven more may not be in that count yet: ten are left for sixty seconds.
    later = [pace.take_turn() - START for _ in range(3)]
    assert later == pytest.approx([0.0, 6.0, 12.0])
    pace.learn({**headers, "RateLimit-Remaining": "3"})
    assert pace.take_turn() - START == 60.0


def test_a_new_minute_is_used_at_full_speed() -> None:
    clock = Clock()
    pace = RateLimit(clock=clock)
    low = {
        "RateLimit-Limit": "100",
        "RateLimit-Remaining": "10",
        "RateLimit-Reset": str(int(START) + 60),
        "Date": formatdate(START, usegmt=True),
    }
    pace.learn(low)
    assert pace.take_turn() == START
    assert pace.take_turn() == START + 6
    clock.now += 60
    assert [pace.take_turn() for _ in range(3)] == [clock.now] * 3
    pace.learn(low | {"RateLimit-Remaining": "90"})
    assert [pace.take_turn() for _ in range(3)] == [clock.now] * 3


def test_many_threads_take_no_turn_twice() -> None:
    clock = Clock()
    pace = RateLimit(max_rpm=600, clock=clock)
    turns: list[float] = []

    def take() -> None:
        for _ in range(50):
            turn = pace.take_turn()
            turns.append(turn)
            pace.done()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns) == pytest.approx([START + 0.1 * i for i in range(400)])


def test_the_users_limit_goes_with_gitlabs() -> None:
    retrier, clock, _ = timed(max_rpm=30)
    server = Throttled(clock, limit=1000)
    for _ in range(31):
        retrier.send(server, "graphql")
    assert clock.now - START == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize("style", ["both", "reset"])
def test_a_refusal_is_waited_out_to_the_reset_and_no_longer(style: str) -> None:
    retrier, clock, stop = timed(jitter=0.5)
    server = Throttled(clock, limit=5, style=style)
    for _ in range(5):
        server()
    retrier.send(server, "graphql")
    assert server.refused == 1
    assert 59 <= sum(stop.asked) <= 62
    assert retrier.stats.retries == 1


def test_a_refusal_without_a_word_is_outwaited() -> None:
    """A gateway in front of GitLab refuses with a web page and no header for a minute and more."""
    retrier, clock, stop = timed(jitter=0.0)
    server = Throttled(clock, limit=0, window=1e9, style="none")
    with pytest.raises(ExchangeError) as caught:
        retrier.send(server, "graphql")
    assert caught.value.failure is Failure.RATE_LIMITED
    assert server.refused >= 10
    assert sum(stop.asked) >= 60
    assert max(stop.asked) <= LONGEST_BACKOFF


def test_every_page_has_ten_attempts() -> None:
    alone = {Failure.TIMED_OUT, Failure.UNTRUSTED, Failure.MALFORMED}
    assert all(MATRIX[failure].attempts >= 10 for failure in set(Failure) - alone)
    # Asking for less helps the first, a trusted certificate the second; the third stays as it is.
    assert all(MATRIX[failure].attempts == 1 for failure in alone)


def _sent_while_another_waits(refusal: Said) -> float:
    """Return after how many seconds a request goes that comes while a refused one waits."""
    retrier, clock, stop = timed()
    answers = iter([refusal, Said(200)])
    sent: list[float] = []

    def other() -> Said:
        sent.append(clock.now - START)
        return Said(200)

    stop.meanwhile = lambda: retrier.send(other, "rest")
    retrier.send(lambda: next(answers), "rest")
    [seconds] = sent
    return seconds


def test_a_refusal_holds_the_other_requests_too() -> None:
    refusal = Said(429, {"RateLimit-Limit": "5", "Retry-After": "40"})
    assert _sent_while_another_waits(refusal) == 40


def test_the_limit_of_one_endpoint_holds_only_its_request() -> None:
    assert _sent_while_another_waits(Said(429, {"Retry-After": "60"})) == 0


def test_a_turn_that_was_taken_before_a_hold_is_postponed() -> None:
    pace = RateLimit(clock=Clock())
    turn = pace.take_turn()
    pace.hold(40)
    assert (turn, pace.postponed(turn)) == (START, START + 40)


def test_an_absurd_reset_is_bounded() -> None:
    retrier, _, stop = timed()
    far = {"RateLimit-Remaining": "0", "RateLimit-Reset": "99999999999"}
    retrier.send(lambda: Said(200, far), "rest")
    retrier.send(lambda: Said(200), "rest")
    assert stop.asked == [LONGEST_ORDERED]


@pytest.mark.parametrize(
    ("headers", "general"),
    [
        ({"RateLimit-Limit": "5", "Retry-After": "3"}, True),
        ({"RateLimit-Limit": "5"}, True),
        ({"Retry-After": "60"}, False),
        ({}, True),
    ],
)
def test_whose_limit_it_is(headers: dict[str, str], general: bool) -> None:
    assert is_general(headers) is general


@contextmanager
def stopped_later(stop: threading.Event, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def test_a_stop_ends_a_long_wait_at_once() -> None:
    retrier = Retrier()
    retrier.stop = threading.Event()
    with stopped_later(retrier.stop, 0.1), pytest.raises(ExchangeError):
        retrier.send(lambda: Said(429, {"Retry-After": "600"}), "rest")
    assert retrier.stats.requests <= 2
