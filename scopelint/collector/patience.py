"""When a request is tried again, how often, and how long to wait: one table for GraphQL and REST.

python-gitlab's and httpx's own retries are off, so that this is the only place.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Final, Protocol, TypeVar

from scopelint.collector.meter import Meter


class Failure(Enum):
    """Why an exchange did not give a usable answer."""

    RATE_LIMITED = auto()
    """429: GitLab's own limit, an application limit, or an edge in front of it."""
    SERVER = auto()
    """500, 502, 503, 504, 520 to 530: often with an HTML body from a proxy."""
    TIMED_OUT = auto()
    """GitLab gave up on the query, or we on GitLab: asking for less helps, asking again rarely."""
    CONNECTION = auto()
    """Reset, or closed before the answer was whole."""
    UNREACHABLE = auto()
    """No connection could be made: refused, no such host, no valid certificate."""
    BROKEN = auto()
    """A body that should be JSON and is not whole."""
    LOCKED = auto()
    """409 "Resource lock"."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What to do about a failure: at most `attempts` requests in all, `base` seconds doubling."""

    attempts: int
    base: float


MATRIX: Final[Mapping[Failure, Treatment]] = {
    Failure.RATE_LIMITED: Treatment(attempts=30, base=1.0),
    Failure.SERVER: Treatment(attempts=12, base=0.1),
    Failure.TIMED_OUT: Treatment(attempts=1, base=0.0),
    Failure.CONNECTION: Treatment(attempts=12, base=0.1),
    Failure.UNREACHABLE: Treatment(attempts=12, base=0.1),
    Failure.BROKEN: Treatment(attempts=12, base=0.1),
    Failure.LOCKED: Treatment(attempts=10, base=0.2),
}
"""The retry matrix. An explicit `Retry-After` or `RateLimit-Reset` goes before the doubling."""

FIRST_CONTACT: Final = 4
"""Attempts to connect before anything ever answered: then the address is wrong more often than
GitLab is restarting."""

LONGEST_BACKOFF: Final = 30.0
"""Seconds; no wait that we choose ourselves is longer."""
LONGEST_ORDERED: Final = 600.0
"""Seconds; GitLab's longest documented interval (its application limits)."""

SERVER_ERRORS: Final = frozenset({500, 502, 503, 504, *range(520, 531)})


class Answer(Protocol):
    """What `requests` and `httpx` answers have in common."""

    @property
    def status_code(self) -> int: ...  # noqa: D102
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def content(self) -> bytes | None: ...  # noqa: D102


A = TypeVar("A", bound=Answer)


class ExchangeError(Exception):
    """An exchange that failed for good; `failure` says how, `status` where there was an answer."""

    def __init__(self, failure: Failure, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status


def classify(answer: Answer) -> Failure | None:
    """Tell what is wrong with an answer's status, None where it is to be read.

    A 503 whose JSON says "Request timed out" is GitLab giving up on the query
    (doc/api/graphql/_index.md, "Limits"); any other 5xx is the server or a proxy in trouble.
    """
    if answer.status_code == 429:
        return Failure.RATE_LIMITED
    if answer.status_code == 503 and b"Request timed out" in (answer.content or b""):
        return Failure.TIMED_OUT
    if answer.status_code in SERVER_ERRORS:
        return Failure.SERVER
    if answer.status_code == 409 and b"Resource lock" in (answer.content or b""):
        return Failure.LOCKED
    return None


@dataclass
class Patience:
    """Sends with the retry matrix, never faster than GitLab or the user allows.

    `max_rpm` bounds the requests a minute of this process. `stop` ends every wait at once.
    `sleep` and `clock` are replaced in tests.
    """

    meter: Meter = field(default_factory=Meter)
    max_rpm: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _not_before: float = 0.0
    waiting_until: float = 0.0
    """Until when (by `clock`) a request waits for GitLab; in the past while none does."""
    _answered: bool = False

    def send(self, exchange: Callable[[], A], kind: str) -> A:
        """Run `exchange` until its answer can be read; raise ExchangeError when it never can.

        `exchange` raises ExchangeError for what went wrong below HTTP or in the body.
        """
        attempt = 0
        while True:
            attempt += 1
            self._wait_for_a_turn()
            self.meter.count(kind)
            answer: A | None = None
            try:
                answer = exchange()
                failure = classify(answer)
                error = ExchangeError(
                    failure or Failure.SERVER,
                    f"HTTP {answer.status_code}",
                    answer.status_code,
                )
            except ExchangeError as raised:
                failure, error = raised.failure, raised
            if answer is not None:
                self._answered = True
                self._learn(answer.headers)
            if failure is None and answer is not None:
                return answer
            treatment = MATRIX[error.failure]
            attempts = treatment.attempts
            if error.failure is Failure.UNREACHABLE and not self._answered:
                attempts = FIRST_CONTACT
            if attempt >= attempts or self.stop.is_set():
                raise error
            seconds = self._delay(treatment, attempt, answer)
            self.meter.retried(seconds)
            self._wait(seconds)

    def _delay(self, treatment: Treatment, attempt: int, answer: Answer | None) -> float:
        ordered = ordered_wait(answer.headers) if answer is not None else None
        if ordered is not None:
            # A little more than ordered, spread, so that waiting requests do not return together.
            return min(ordered, LONGEST_ORDERED) + self.jitter()
        backoff = min(treatment.base * 2.0 ** (attempt - 1), LONGEST_BACKOFF)
        return backoff * (0.5 + self.jitter() / 2)

    def _wait_for_a_turn(self) -> None:
        with self._lock:
            now = self.clock()
            turn = max(now, self._not_before)
            if self.max_rpm:
                self._not_before = turn + 60.0 / self.max_rpm
        if turn > now:
            self.meter.paused(turn - now)
            self._wait(turn - now)

    def _wait(self, seconds: float) -> None:
        self.waiting_until = max(self.waiting_until, self.clock() + seconds)
        self.stop.wait(seconds)

    def _learn(self, headers: Mapping[str, str]) -> None:
        """Hold back when GitLab says that the allowance of this minute is used up."""
        remaining = headers.get("RateLimit-Remaining", "")
        if remaining.isdecimal() and int(remaining) == 0:
            seconds = ordered_wait(headers)
            if seconds is not None:
                with self._lock:
                    until = self.clock() + min(seconds, LONGEST_ORDERED)
                    self._not_before = max(self._not_before, until)


def ordered_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds an answer asks us to wait, None where it asks nothing.

    `Retry-After` is seconds; `RateLimit-Reset` is a Unix time, taken against the server's own
    `Date` so that a wrong clock here does no harm
    (doc/administration/settings/user_and_ip_rate_limits.md).
    """
    retry_after = headers.get("Retry-After", "")
    if retry_after.isdecimal():
        return float(retry_after)
    reset = headers.get("RateLimit-Reset", "")
    if not reset.isdecimal():
        return None
    try:
        now = parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except ValueError:
        now = time.time()
    return max(0.0, float(reset) - now)
