"""How far a collection is: what those that collect and those that show it have in common."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """The numbers of a running collection."""

    listed: int = 0
    expected: int | None = None
    """How many projects there will be; None while that is not known."""
    read: int = 0
    unreadable: int = 0
    requests: int = 0
    retries: int = 0
    waiting: float = 0.0
    """Seconds until GitLab's rate limit lets the next request go; 0 where none waits."""
    step: str = "listing"

    @property
    def done(self) -> int:
        """How many projects have been tried."""
        return self.read + self.unreadable


Listener = Callable[[Progress], None]
"""Called after every page, and about once a second while nothing arrives."""


def silent(progress: Progress) -> None:
    """Listen to nothing."""
    del progress
