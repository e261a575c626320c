"""Whether the authentication log of a project can be relied on, and for how long it speaks.

Source: docs.gitlab.com, "CI/CD job token", "Authentication log".
"""

from typing import TYPE_CHECKING, Final, Literal

from scopelint.model import Fact, Scope

if TYPE_CHECKING:
    from scopelint.estate import Estate

CAP: Final = 1000
"""Origins that GitLab shows of a project's log at most."""
MEDIUM_DAYS: Final = 30
HIGH_DAYS: Final = 90
"""Days that a log must speak for, for what is built on it to be sure."""
UNKNOWABLE: Final = (
    "attempts that GitLab refused, since only accepted tokens are logged",
    "a project that comes for the first time tomorrow, or rarely (a yearly release)",
    "uses older than the log, and all but the last use of each origin",
    "reads that the project's visibility leaves open to anybody",
)
"""What no log can tell, as a reader of a suggestion should know."""

Confidence = Literal["high", "medium", "low"]


def fault(scope: Scope, estate: "Estate") -> str | None:
    """Say why a project's log cannot be relied on; None where it was read whole."""
    if scope.uses is None:
        reason = estate.scan.unavailable.get(Fact.LOG)
        return f"its authentication log was not read{f' ({reason})' if reason else ''}"
    if len(scope.uses) >= CAP:
        return f"its authentication log is full ({CAP:,} origins are shown at most), so there may be more"
    if Fact.LOG in scope.missing:
        return "its authentication log could not be read whole"
    return None


def days(estate: "Estate") -> int | None:
    """Return for how many days the log is known to speak at least; None where nothing tells."""
    since = estate.log_since
    return None if since is None else max(0, (estate.as_of - since).days)


def speaks(estate: "Estate") -> str:
    """Say in words for how long the log speaks."""
    number, since = days(estate), estate.log_since
    if number is None or since is None:
        return "how far the log reaches back is not known: it shows no use at all"
    return f"the log is known to reach back {number} {'day' if number == 1 else 'days'} (to {since.date()})"


def confidence(estate: "Estate", *, empty: bool) -> Confidence:
    """Tell how sure one can be of what the log does not show; an empty log never makes sure."""
    number = days(estate)
    if empty or number is None or number < MEDIUM_DAYS:
        return "low"
    return "high" if number >= HIGH_DAYS else "medium"
