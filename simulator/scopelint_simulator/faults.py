"""Faults on demand: what goes wrong between a client and GitLab, the same way for the same seed."""

import re
import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from scopelint_simulator.answer import Answer, html_answer

Cut = Literal["drop", "truncate"]


@dataclass(slots=True)
class Faults:
    """Which faults the simulator makes; all are off by default.

    Times are seconds, rates are shares from 0 to 1.
    """

    latency: float = 0.0
    """Before every answer."""
    latency_per_project: float = 0.0
    """More for every project whose job token fields a GraphQL request resolves."""
    jitter: float = 0.0
    """At most this much more, at random."""
    error_rate: float = 0.0
    """Share of requests answered with `error_status` and an HTML page."""
    error_status: int = 502
    drop_rate: float = 0.0
    """Share of requests whose connection is closed without an answer."""
    truncate_rate: float = 0.0
    """Share of answers that break off half way."""
    seed: int = 0
    max_page: int | None = None
    """A GraphQL request for job token fields of more projects than this times out (503)."""
    rate_limit: int | None = None
    """Requests a minute; beyond it 429, plain text."""
    rate_window: float = 60.0
    """What counts as a minute for `rate_limit`: shorter in tests."""
    rate_limit_headers: bool = True
    """Whether answers tell about the rate limit in their headers."""
    html_sign_in: bool = False
    """Every API answer is a sign-in page with status 200."""
    redirect_to: str | None = None
    """Every API answer is a redirect (302) to this URL."""
    only: str | None = None
    """A regular expression: only requests whose path it is found in are hit (by all the above)."""

    def hits(self, path: str) -> bool:
        """Whether `only` lets a request of this path be hit."""
        return self.only is None or re.search(self.only, path) is not None


@dataclass(slots=True)
class Verdict:
    """What becomes of one request: an answer instead of the real one, a cut, a wait, headers."""

    answer: Answer | None = None
    cut: Cut | None = None
    wait: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


class FaultMaker:
    """Decides about each request in turn; safe to use from several threads."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = Random(faults.seed)  # noqa: S311 - to be repeatable, not secret
        self._lock = threading.Lock()
        self._window_start = 0.0
        self._in_window = 0

    def judge(self, path: str) -> Verdict:
        """Decide about the next request, which asks for `path`."""
        faults = self.faults
        if not faults.hits(path):
            return Verdict()
        with self._lock:
            draws = [self._random.random() for _ in range(4)]
            headers, retry_after = self._count()
        wait = faults.latency + faults.jitter * draws[3]
        if retry_after is not None:
            return Verdict(_too_many(faults, headers, retry_after), wait=wait)
        verdict = Verdict(self._instead(draws[1]), wait=wait, headers=headers)
        if draws[0] < faults.drop_rate:
            verdict.cut = "drop"
        elif draws[2] < faults.truncate_rate:
            verdict.cut = "truncate"
        return verdict

    def _instead(self, draw: float) -> Answer | None:
        faults = self.faults
        if faults.redirect_to is not None:
            return Answer(302, b"", "text/html", {"Location": faults.redirect_to})
        if faults.html_sign_in:
            return sign_in_page()
        if draw < faults.error_rate:
            text = "<center><h1>The server is on fire</h1></center>"
            return html_answer(faults.error_status, f"{faults.error_status} Error", text)
        return None

    def _count(self) -> tuple[dict[str, str], int | None]:
        """Headers about the limit, and the seconds to wait where it is used up."""
        faults = self.faults
        if faults.rate_limit is None:
            return {}, None
        now = time.monotonic()
        if not self._window_start or now - self._window_start >= faults.rate_window:
            self._window_start, self._in_window = now, 0
        self._in_window += 1
        left = max(0.0, faults.rate_window - (now - self._window_start))
        over = self._in_window > faults.rate_limit
        # Whole seconds, never zero: that is how GitLab sends it.
        retry_after = max(1, round(left + 0.5)) if over else None
        if not faults.rate_limit_headers:
            return {}, retry_after
        headers = {
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Limit": str(faults.rate_limit),
            "RateLimit-Observed": str(self._in_window),
            "RateLimit-Remaining": str(max(0, faults.rate_limit - self._in_window)),
            "RateLimit-Reset": str(int(time.time() + left) + 1),
        }
        return headers, retry_after


def sign_in_page() -> Answer:
    """What a browser without a session gets."""
    form = '<form action="/users/sign_in" method="post"><input name="user[login]"></form>'
    return html_answer(200, "Sign in · GitLab", form)


def _too_many(faults: Faults, headers: dict[str, str], retry_after: int) -> Answer:
    if faults.rate_limit_headers:
        reset = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + retry_after))
        headers = {**headers, "Retry-After": str(retry_after), "RateLimit-ResetTime": reset}
    return Answer(429, b"Retry later\n", "text/plain", headers)
