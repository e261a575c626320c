"""Counts what was sent to GitLab: requests by kind, retries, and seconds waited."""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Meter:
    """Thread-safe counters of one run.

    `requests` counts every request sent, retries included; `waited` the seconds in which at least
    one request waited, for the rate limit or before a retry.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    waited: float = 0.0
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
