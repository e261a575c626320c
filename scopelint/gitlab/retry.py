"""When a request is tried again, how often, and how long to wait: one table for GraphQL and REST.

python-gitlab's own retries are off, so that this is the only place.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol, TypeVar

from scopelint.gitlab.rate_limit import LONGEST_ORDERED, RateLimit, is_general, ordered_wait

log = logging.getLogger(__name__)


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
    """No connection could be made: refused, no such host, a proxy that will not."""
    UNTRUSTED = auto()
    """The certificate is not signed by an authority that is trusted here, or for another name."""
    BROKEN = auto()
    """A body that should be JSON and is not whole."""
    MALFORMED = auto()
    """A whole answer outside our bounds, or of another form: asking again would give it again."""
    LOCKED = auto()
    """409 "Resource lock"."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """What to do about a failure."""

    attempts: int
    """Requests in all, at most."""
    base: float
    """Seconds before the second request; doubled before each further one."""


MATRIX: Final[Mapping[Failure, RetryRule]] = {
    Failure.RATE_LIMITED: RetryRule(attempts=30, base=1.0),
    Failure.SERVER: RetryRule(attempts=12, base=0.1),
    Failure.TIMED_OUT: RetryRule(attempts=1, base=0.0),
    Failure.CONNECTION: RetryRule(attempts=12, base=0.1),
    Failure.UNREACHABLE: RetryRule(attempts=12, base=0.1),
    Failure.UNTRUSTED: RetryRule(attempts=1, base=0.0),
    Failure.BROKEN: RetryRule(attempts=12, base=0.1),
    Failure.MALFORMED: RetryRule(attempts=1, base=0.0),
    Failure.LOCKED: RetryRule(attempts=10, base=0.2),
}
"""The retry matrix. An explicit `Retry-After` or `RateLimit-Reset` goes before the doubling."""

CERTAINLY_NOT_DONE: Final = frozenset({Failure.RATE_LIMITED, Failure.LOCKED})
"""Answers that say that nothing was done: after any other failure a write may have happened."""

FIRST_CONTACT: Final = 4
"""Attempts to connect before anything ever answered: then the address is wrong more often than
GitLab is restarting."""

LONGEST_BACKOFF: Final = 30.0
"""Seconds; no wait that we choose ourselves is longer."""

SERVER_ERRORS: Final = frozenset({500, 502, 503, 504, *range(520, 531)})


class HttpAnswer(Protocol):
    """What the answers of both APIs have in common."""

    @property
    def status_code(self) -> int: ...  # noqa: D102
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def content(self) -> bytes | None: ...  # noqa: D102


A = TypeVar("A", bound=HttpAnswer)


class ExchangeError(Exception):
    """An exchange that failed for good; `failure` says how, `status` where there was an answer."""

    def __init__(self, failure: Failure, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status


def classify(answer: HttpAnswer) -> Failure | None:
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
class RequestStats:
    """Thread-safe counters of one run."""

    kinds: Counter[str] = field(default_factory=Counter)
    """Requests sent, retries included, by API: `graphql` and `rest`."""
    retries: int = 0
    waited: float = 0.0
    """Seconds in which at least one request waited, for the rate limit or before a retry."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.kinds.total()

    def count(self, kind: str) -> None:
        """Count one request of a kind (`graphql` or `rest`)."""
        with self._lock:
            self.kinds[kind] += 1

    def retried(self, seconds: float) -> None:
        """Count one retry and the seconds it adds to the waiting."""
        with self._lock:
            self.retries += 1
            self.waited += seconds

    def paused(self, seconds: float) -> None:
        """Count seconds of waiting so as not to be refused."""
        with self._lock:
            self.waited += seconds


@dataclass
class Retrier:
    """Sends with the retry matrix, never faster than GitLab or the user allows."""

    stats: RequestStats = field(default_factory=RequestStats)
    max_rpm: int | None = None
    """Requests a minute, at most, of this process."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Once set, every wait ends at once and nothing more is sent."""
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    """Returns the part of a wait that is left to chance, from 0 to 1."""
    waiting_until: float = 0.0
    """Until when (by `clock`) a request waits for GitLab; in the past while none does."""
    _answered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._rate_limit = RateLimit(self.max_rpm, self.clock)

    def send(self, exchange: Callable[[], A], kind: str, *, write: bool = False) -> A:
        """Run `exchange` until its answer can be read; raise ExchangeError when it never can.

        `exchange` raises ExchangeError for what went wrong below HTTP or in the body. A `write` is
        sent again only where GitLab's answer says that it was not done.
        """
        attempt = 0
        while True:
            attempt += 1
            if self.stop.is_set():
                # Connections are closed already: a thread still at work must not open another.
                raise ExchangeError(Failure.CONNECTION, "the run was stopped")
            answer, error = self._send_once(exchange, kind)
            if error is None and answer is not None:
                return answer
            assert error is not None  # noqa: S101 - one of the two is there
            if write and error.failure not in CERTAINLY_NOT_DONE:
                raise error
            rule = MATRIX[error.failure]
            attempts = rule.attempts
            if error.failure is Failure.UNREACHABLE and not self._answered:
                attempts = FIRST_CONTACT
            if attempt >= attempts or self.stop.is_set():
                raise error
            seconds = self._delay(rule, attempt, answer)
            log.debug("%s; again in %.1f s", error, seconds)
            self.stats.retried(self._announce(seconds))
            self.stop.wait(seconds)

    def _send_once(
        self, exchange: Callable[[], A], kind: str
    ) -> tuple[A | None, ExchangeError | None]:
        """Send when it is this request's turn; return the answer, what is wrong with it, or both."""
        self._wait_for_a_turn()
        self.stats.count(kind)
        try:
            answer = exchange()
        except ExchangeError as raised:
            return None, raised
        finally:
            self._rate_limit.done()
        self._answered = True
        self._rate_limit.learn(answer.headers)
        failure = classify(answer)
        if failure is None:
            return answer, None
        return answer, ExchangeError(failure, f"HTTP {answer.status_code}", answer.status_code)

    def _delay(self, rule: RetryRule, attempt: int, answer: HttpAnswer | None) -> float:
        """Choose how long to wait; a refusal that is not one endpoint's holds all others too."""
        refused = answer is not None and answer.status_code == 429
        ordered = ordered_wait(answer.headers) if answer is not None else None
        if ordered is not None:
            # A little more than ordered, spread, so that waiting requests do not return together.
            hold = min(ordered, LONGEST_ORDERED)
            seconds = hold + self.jitter()
        else:
            backoff = min(rule.base * 2.0 ** (attempt - 1), LONGEST_BACKOFF)
            hold = seconds = backoff * (0.5 + self.jitter() / 2)
        if refused and answer is not None and is_general(answer.headers):
            self._rate_limit.hold(hold)
        return seconds

    def _wait_for_a_turn(self) -> None:
        turn, waited_for = self._rate_limit.take_turn(), 0.0
        while turn > waited_for and not self.stop.is_set():
            seconds = turn - self.clock()
            if seconds > 0:
                self.stats.paused(self._announce(seconds))
                self.stop.wait(seconds)
            # A hold may have come in the meantime.
            turn, waited_for = self._rate_limit.postponed(turn), turn

    def _announce(self, seconds: float) -> float:
        """Note until when we wait; return how much longer that is than what was noted already.

        So the statistics count the time in which any request waited, not the sum over all that did.
        """
        with self._lock:
            now = self.clock()
            noted = max(self.waiting_until, now)
            self.waiting_until = max(noted, now + seconds)
            return self.waiting_until - noted
