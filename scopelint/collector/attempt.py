"""One question to GitLab, and what becomes of it when it fails."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from scopelint.collector.answers import fatal
from scopelint.collector.graphql import TooMuchError
from scopelint.collector.patience import ExchangeError, Failure
from scopelint.collector.rest_errors import UnreadableError
from scopelint.errors import GitLabError, TargetNotFoundError, UnexpectedAnswerError
from scopelint.model import Reason

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Failed:
    """An answer that never came. `too_much` tells that a smaller question may be answered."""

    reason: Reason
    detail: str
    too_much: bool = False


def understood(ask: Callable[[], _T]) -> _T:
    """Ask; raise UnexpectedAnswerError for JSON of another form than GitLab's API has."""
    try:
        return ask()
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise UnexpectedAnswerError(
            f"an answer of GitLab has another form than its API documents ({error!r:.200})",
            hint="Does --url name a GitLab? If it does, report this with the GitLab version.",
        ) from error


def needed(ask: Callable[[], _T], url: str) -> _T:
    """Ask for what a run cannot do without; every failure is a GitLabError that names `url`."""
    try:
        return understood(ask)
    except ExchangeError as error:
        raise fatal(error, url) from None
    except TooMuchError as error:
        raise GitLabError(f"{url} did not answer: {error}", hint="Try --api rest.") from None


def attempt(ask: Callable[[], _T]) -> _T | Failed:
    """Ask, and hand back a failure that concerns this question alone.

    Raises what concerns the whole run: GitLab out of reach, the token refused.
    """
    try:
        return understood(ask)
    except TooMuchError as error:
        reason = Reason.TIMED_OUT if error.timed_out else Reason.ERROR
        return Failed(reason, str(error)[:300], too_much=True)
    except ExchangeError as error:
        if error.failure in {Failure.SERVER, Failure.LOCKED, Failure.BROKEN}:
            return Failed(Reason.ERROR, str(error)[:300])
        raise fatal(error, "while collecting") from None
    except UnreadableError as error:
        return Failed(error.reason, error.detail)
    except TargetNotFoundError as error:
        return Failed(Reason.NOT_FOUND, error.message)
