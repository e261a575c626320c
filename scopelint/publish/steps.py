"""The steps of a delivery: what would be written, and what became of it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from scopelint.errors import UsageError
from scopelint.gitlab.rest_write import LostAnswerError, WriteRefusedError

Action = Literal[
    "create", "update", "close", "reopen", "send", "delete", "none", "left", "unreadable"
]
Status = Literal["planned", "done", "unchanged", "left", "failed"]
IDEMPOTENT_TRIES = 3
"""How often a write is sent whose repetition changes nothing, while its answers are lost."""


@dataclass(frozen=True, slots=True)
class PublishStep:
    """One thing to bring up to date, and what that takes."""

    action: Action
    """`none` is up to date; `left` must not be written, `unreadable` cannot be compared, and
    `detail` says why."""
    subject: str
    """Whose or what it is: an owner, a project, a merge request."""
    where: str
    """The project, issue or note that is written."""
    detail: str = ""
    """What changes, or why nothing does, in words."""
    writes: int = 0
    """Requests that write, where none has to be repeated."""
    run: Callable[[], str | None] | None = None
    """Writes it; returns why it was left alone, None where it was not. Raises WriteRefusedError or
    LostAnswerError."""
    status: Status = "planned"
    attention: bool = False
    """Whether somebody has to look at it although it is no failure."""


def total_writes(steps: Iterable[PublishStep]) -> int:
    """Return how many requests the steps write with."""
    return sum(step.writes for step in steps)


def check_writes(steps: Iterable[PublishStep], most: int) -> None:
    """Raise UsageError where the steps write more than may be written at once."""
    number = total_writes(steps)
    if number > most:
        raise UsageError(
            f"this would write {number:,} times, and --max-writes is {most:,}: nothing was written",
            hint=f"Look at what it shows without --yes; if it is right, give --max-writes {number}.",
        )


def settled(step: PublishStep) -> PublishStep:
    """Return a step that writes nothing with its status."""
    if step.action == "left":
        return replace(step, status="left")
    if step.action == "unreadable":
        return replace(step, status="failed")
    return replace(step, status="unchanged") if step.run is None else step


def perform(steps: Iterable[PublishStep], *, concurrency: int = 1) -> Iterator[PublishStep]:
    """Do the steps and yield each with its status, in their order.

    A step that fails does not stop the others. Raises a GitLabError for what ends the run.
    """
    if concurrency == 1:
        yield from map(_perform, steps)
        return
    with ThreadPoolExecutor(concurrency) as pool:
        try:
            yield from pool.map(_perform, steps)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _perform(step: PublishStep) -> PublishStep:
    if step.run is None:
        return settled(step)
    try:
        reason = step.run()
    except WriteRefusedError as error:
        return replace(step, status="failed", detail=str(error))
    except LostAnswerError as error:
        reason = f"it is not known whether it was written ({error}): run the same again"
        return replace(step, status="failed", detail=reason)
    if reason is not None:
        return replace(step, status="left", detail=reason, attention=True)
    return replace(step, status="done")


def repeated(write: Callable[[], None]) -> None:
    """Send a write whose repetition changes nothing, again while its answer is lost."""
    for left in reversed(range(IDEMPOTENT_TRIES)):
        try:
            write()
        except LostAnswerError:
            if not left:
                raise
        else:
            return
