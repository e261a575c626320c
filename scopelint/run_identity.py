"""Of which run a file is: a snapshot, a shard, a report or a baseline stands for one.

A file that is of another run must not be taken for the one that is meant: what another scan read
looks like a pass of this one. Every command that is given such a file asks here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from scopelint.errors import UsageError
from scopelint.filters import Filters
from scopelint.model import Scan


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What tells a run from others. None stands for what a file does not say."""

    instance: str
    """The instance's normalised URL."""
    targets: tuple[str, ...] | None = None
    """Full paths, or `instance`."""
    filters: Filters | None = None
    api: str | None = None
    shard: tuple[int, int] | None = None
    """Index and total, from 1; None for a whole collection."""
    finished_at: datetime | None = None
    """None where it was interrupted."""
    release: str | None = None
    """The GitLab release; what it lacks was not asked for and counts as absent."""
    administrator: bool | None = None
    """Whether the token is an administrator's; what others may not see is hidden, not absent."""

    @classmethod
    def of(cls, scan: Scan, shard: tuple[int, int] | None = None) -> "RunIdentity":
        """Return that of a collection, or of one shard of it."""
        return cls(
            scan.instance,
            scan.targets,
            scan.filters,
            scan.api,
            shard,
            scan.finished_at,
            str(scan.version),
            scan.administrator,
        )

    def describe(self, now: datetime | None = None) -> str:
        """Say in words what was read, where, and how long ago it was finished."""
        text = f"{', '.join(self.targets or ())} on {self.instance}".lstrip()
        text += f", shard {self.shard[0]}/{self.shard[1]}" if self.shard else ""
        if self.filters is not None and not self.filters.everything:
            text += f", {_filters(self)}"
        if self.finished_at is None:
            return f"{text}, not finished"
        return f"{text}, finished {age(self.finished_at, now)}"


def age(moment: datetime, now: datetime | None = None) -> str:
    """Say in words how long ago a moment was, such as `3 hours ago`; `now` is the present time."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 0:
        return f"at {moment:%Y-%m-%d %H:%M} UTC, which is in the future"
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def _filters(run: RunIdentity) -> str:
    filters = run.filters or Filters()
    return (
        f"include={sorted(filters.include)} exclude={sorted(filters.exclude)}"
        f" archived={filters.archived}"
    )


FACTS: Final[dict[str, Callable[[RunIdentity], str | None]]] = {
    "instances": lambda run: run.instance,
    "targets": lambda run: None if run.targets is None else ", ".join(sorted(run.targets)),
    "filters": lambda run: None if run.filters is None else _filters(run),
    "uses of the log": lambda run: (
        None if run.filters is None else "--usage" if run.filters.usage else "--no-usage"
    ),
    "APIs": lambda run: run.api,
    "GitLab releases": lambda run: run.release,
    "rights": lambda run: (
        None
        if run.administrator is None
        else "an administrator's"
        if run.administrator
        else "no administrator's"
    ),
    "numbers of shards": lambda run: str(run.shard[1] if run.shard else 1),
    "shards": lambda run: f"{run.shard[0]}/{run.shard[1]}" if run.shard else "none",
}
"""What can differ between two runs, each with how it is shown; None is not known."""

SAME_INSTANCE: Final = ("instances",)
SAME_TARGETS: Final = (*SAME_INSTANCE, "targets")
"""The facts in which a run and the one after it agree: both look at the same tree, or parts of it."""
SAME_PROJECTS: Final = (*SAME_TARGETS, "filters")
"""The facts in which two collections of the same projects agree."""
SAME_COLLECTION: Final = (
    *SAME_PROJECTS,
    "uses of the log",
    "APIs",
    "GitLab releases",
    "numbers of shards",
)
"""The facts in which the parts of one collection agree."""
SAME_TOGETHER: Final = (
    *SAME_INSTANCE,
    "filters",
    "uses of the log",
    "APIs",
    "GitLab releases",
)
"""The facts in which collections agree that are judged together."""
SAME_SHARD: Final = (*SAME_COLLECTION, "shards", "rights")
"""The facts in which a collection and what goes on with it agree."""


def check_same(
    one: tuple[str, RunIdentity],
    other: tuple[str, RunIdentity],
    facts: tuple[str, ...],
    *,
    hint: str,
    error: type[UsageError] = UsageError,
) -> None:
    """Raise `error` where two runs differ in one of these facts, with both values.

    `one` and `other` are runs, each with the name that the message gives it.
    """
    for fact in facts:
        values = [FACTS[fact](run) for _, run in (one, other)]
        if None not in values and values[0] != values[1]:
            raise error(
                f"{one[0]} and {other[0]} are of different {fact}: {values[0]} and {values[1]}",
                hint=hint,
            )
