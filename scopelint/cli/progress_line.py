"""How far a collection is, on stderr: one line that is rewritten on a terminal, else now and then."""

import shutil
import time
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from scopelint.cli.console import Console, err, err_is_terminal
from scopelint.progress import Progress

PLAIN_EVERY = 30.0
"""Seconds between two lines where there is no terminal."""
REDRAW_EVERY = 0.1
"""Seconds between two drawings on a terminal."""

BAR = 20
"""Characters of the bar."""


class ProgressLine:
    """Listens to a collection. Use as a context manager: it clears its line at the end."""

    def __init__(self, console: Console) -> None:
        wanted = console.progress
        self._live = err_is_terminal()
        self._on = not console.quiet and (self._live if wanted is None else wanted)
        self._plain = not console.quiet and not self._live and wanted is not False
        self._drawn = False
        self._started = self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            err("", end="", rewrite=True)

    def __call__(self, progress: Progress) -> None:
        """Show the progress, if enough time has passed since the last time."""
        now = time.monotonic()
        if self._on and self._live:
            if now - self._last >= REDRAW_EVERY:
                self._last = now
                self._drawn = True
                line = f"{_bar(progress)} {self._text(progress, now)}"
                # A line that wraps could not be rewritten.
                room = shutil.get_terminal_size().columns - 1
                err(line[:room], end="", rewrite=True)
        elif (self._on or self._plain) and now - self._last >= PLAIN_EVERY:
            self._last = now
            err(self._text(progress, now))

    def _text(self, progress: Progress, now: float) -> str:
        total = _total(progress)
        rate = progress.done / max(now - self._started, 0.001)
        text = (
            f"{progress.step}: {progress.done} of {total} projects, {progress.requests} requests,"
            f" {rate:.0f} projects/s"
        )
        if progress.retries:
            text += f", {progress.retries} retried"
        if progress.waiting >= 1:
            until = datetime.now(UTC) + timedelta(seconds=progress.waiting)
            text += f", waiting for GitLab until {until:%H:%M:%S} UTC"
        return text


def _total(progress: Progress) -> int:
    """Return how many projects there are, as far as is known; never less than were done."""
    known = progress.listed if progress.expected is None else progress.expected
    return max(known, progress.done)


def _bar(progress: Progress) -> str:
    total = _total(progress)
    full = BAR * progress.done // total if total else 0
    return f"[{'#' * full}{'-' * (BAR - full)}]"
