"""When the next request may go: never faster than the user allows, GitLab's allowance spread."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_ORDERED: Final = 600.0
"""Seconds; GitLab's longest documented interval (its application limits)."""
PLENTY: Final = 0.5
"""Share of the allowance that may be used at full speed; the rest is spread over its time."""


@dataclass
class RateLimit:
    """Gives out turns, at most `max_rpm` a minute; threads may ask at the same time.

    While GitLab's headers say that less than half of the allowance is left, what is left of it is
    spread evenly over the time until it is renewed, requests under way taken off; so a run slows
    down instead of being refused. Times are seconds by `clock`.
    """

    max_rpm: int | None = None
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _next: float = 0.0
    _held_until: float = 0.0
    _interval: float = 0.0
    _interval_until: float = 0.0
    _under_way: int = 0

    def take_turn(self) -> float:
        """Reserve the next turn and return its time; `done` gives it back after the answer."""
        with self._lock:
            now = self.clock()
            turn = max(now, self._next, self._held_until)
            interval = 60.0 / self.max_rpm if self.max_rpm else 0.0
            if turn < self._interval_until:
                interval = max(interval, self._interval)
            self._next = turn + interval
            self._under_way += 1
            return turn

    def postponed(self, turn: float) -> float:
        """Return the time of a turn that was taken, later where a hold has come since."""
        with self._lock:
            return max(turn, self._held_until)

    def done(self) -> None:
        """Tell that the request of a turn is over, however it ended."""
        with self._lock:
            self._under_way -= 1

    def hold(self, seconds: float) -> None:
        """Let no request go for this long."""
        with self._lock:
            self._held_until = max(self._held_until, self.clock() + seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Read the `RateLimit-*` headers of an answer; a GitLab without limits sends none."""
        remaining = _number(headers, "RateLimit-Remaining")
        seconds = until_reset(headers)
        if remaining is None or seconds is None:
            return
        seconds = min(seconds, LONGEST_ORDERED)
        limit = _number(headers, "RateLimit-Limit") or 0
        with self._lock:
            now = self.clock()
            spare = remaining - self._under_way
            if remaining == 0 or (spare <= 0 and remaining < limit * PLENTY):
                self._held_until = max(self._held_until, now + seconds)
            elif remaining < limit * PLENTY:
                self._interval, self._interval_until = seconds / spare, now + seconds
            else:
                self._interval_until = now


def ordered_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds an answer asks us to wait, None where it asks nothing.

    `Retry-After` is seconds and goes first; else `RateLimit-Reset` tells
    (doc/administration/settings/user_and_ip_rate_limits.md).
    """
    retry_after = _number(headers, "Retry-After")
    return until_reset(headers) if retry_after is None else float(retry_after)


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the allowance is renewed, None where the answer does not tell.

    `RateLimit-Reset` is a Unix time, taken against the server's own `Date` so that a wrong clock
    here does no harm.
    """
    reset = _number(headers, "RateLimit-Reset")
    if reset is None:
        return None
    try:
        now = parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError):
        now = time.time()
    return max(0.0, reset - now)


def is_general(headers: Mapping[str, str]) -> bool:
    """Tell whether a 429 is of a limit for all requests, and not of one endpoint's own.

    An application limit (such as of `/groups/:id/projects`) names its wait and no `RateLimit-*`
    (doc/security/rate_limits.md); an edge in front of GitLab may name nothing at all.
    """
    return "RateLimit-Limit" in headers or "Retry-After" not in headers


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if re.fullmatch("[0-9]{1,15}", value) else None
