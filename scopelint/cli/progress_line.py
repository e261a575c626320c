"""How far a collection is, on stderr: one line that is rewritten on a terminal, else now and then."""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from scopelint.cli.console import Console, err, err_is_terminal
from scopelint.progress import Progress
from scopelint.text import counted

PLAIN_EVERY = 30.0
"""Seconds between two lines where there is no terminal."""
REDRAW_EVERY = 0.1
"""Seconds between two drawings on a terminal."""

BAR = 20
"""Characters of the bar."""
SURE_AFTER = 3.0
"""Seconds before which the pace tells nothing about the time that is left."""


class ProgressLine:
    """Listens to a collection. Use as a context manager: it clears its line at the end."""

    def __init__(self, console: Console) -> None:
        wanted = console.progress
        self._live = err_is_terminal()
        self._on = not console.quiet and (self._live if wanted is None else wanted)
        self._plain = not console.quiet and not self._live and wanted is not False
        self._drawn = False
        self._started = self._last = time.monotonic()
        self._before: int | None = None
        """Projects that a resumed collection had done: they say nothing about the pace."""

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
        if self._before is None:
            self._before = progress.done
        if self._on and self._live:
            if now - self._last >= REDRAW_EVERY:
                self._last = now
                self._drawn = True
                # A line that wraps could not be rewritten.
                room = shutil.get_terminal_size().columns - 1
                err(fitted(_bar(progress), self._parts(progress, now), room), end="", rewrite=True)
        elif (self._on or self._plain) and now - self._last >= PLAIN_EVERY:
            self._last = now
            err(", ".join(self._parts(progress, now)))

    def _parts(self, progress: Progress, now: float) -> Iterator[str]:
        """Yield what there is to say, what matters most first."""
        total = _total(progress)
        of = f": {progress.done:,} of {counted(total, 'project')}" if total else ""
        yield f"{progress.step}{of}"
        pace = (progress.done - (self._before or 0)) / max(now - self._started, 0.001)
        sure = progress.expected is not None and now - self._started >= SURE_AFTER
        if progress.waiting >= 1:
            until = datetime.now(UTC) + timedelta(seconds=progress.waiting)
            yield f"waiting for GitLab until {until:%H:%M:%S} UTC"
        elif sure and pace > 0 and progress.done < total:
            yield f"{_duration((total - progress.done) / pace)} left"
        if pace > 0:
            yield f"{pace:.0f} projects/s"
        yield counted(progress.requests, "request")
        if progress.retries:
            yield f"{progress.retries:,} retried"


def fitted(bar: str, parts: Iterator[str], room: int) -> str:
    """Return the bar and as many parts as `room` columns hold, the first ones first.

    Where not even the first part fits beside the bar the bar goes, and then the end of the part.
    """
    line = next(parts)
    if len(bar) + 1 + len(line) > room:
        return line[:room]
    line = f"{bar} {line}"
    for part in parts:
        if len(line) + len(", ") + len(part) <= room:
            line += f", {part}"
    return line


def _duration(seconds: float) -> str:
    """Return how long that is, as exactly as a forecast may be: seconds, minutes, hours."""
    if seconds < 55:
        return f"about {max(5 * round(seconds / 5), 5)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60} min"


def _total(progress: Progress) -> int:
    """Return how many projects there are, as far as is known; never less than were done."""
    known = progress.listed if progress.expected is None else progress.expected
    return max(known, progress.done)


def _bar(progress: Progress) -> str:
    total = _total(progress)
    full = BAR * progress.done // total if total else 0
    return f"[{'#' * full}{'-' * (BAR - full)}]"
