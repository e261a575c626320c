"""How many projects to ask the scopes of at once: less after a failure, more after quick answers."""

from typing import Final

SLOW: Final = 5.0
"""Seconds; a first page that takes longer is followed by smaller ones."""
QUICK: Final = 2.0
"""Seconds; answers that come sooner leave room for more."""
STREAK: Final = 4
"""Quick answers in a row before more is asked for."""
FORGET: Final = 32
"""Answers after which a size that once failed may be tried again."""


class PageSize:
    """The size of the next page, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.value = limit
        self._ceiling = limit
        self._streak = 0
        self._since_failure = 0
        self._first = True
        self._managed = 0

    def answered(self, size: int, seconds: float, *, tight: bool = False) -> None:
        """Learn from a page of `size` projects that came in `seconds`.

        `tight`: its query came near the server's limit of complexity.
        """
        if self._first and (seconds > SLOW or tight) and size == self.value:
            self.value = max(1, self.value // 2)
        self._first = False
        self._managed = max(self._managed, size)
        self._since_failure += 1
        if self._since_failure >= FORGET:
            self._ceiling = self.limit
        if size < self.value or seconds > QUICK:
            self._streak = 0
            return
        self._streak += 1
        if self._streak >= STREAK and self.value < self._ceiling:
            self.value = min(self.value * 2, self._ceiling)
            self._streak = 0

    def refused(self, size: int) -> None:
        """Learn from a page of `size` projects that was too much.

        Where as many were answered before, these projects are to blame and not their number; it
        is the number all the same if that happens again before another such answer.
        """
        self._first = False
        if size <= self._managed:
            self._managed = (size + 1) // 2
            return
        self._streak = self._since_failure = 0
        self._ceiling = max(1, min(self._ceiling, size - 1))
        self.value = max(1, min(self.value, size // 2))
