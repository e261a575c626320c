"""One question to GitLab, and what becomes of it when it fails."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import gitlab

from scopelint.errors import GitLabError, ScopelintError, TargetNotFoundError, UnexpectedAnswerError
from scopelint.gitlab import graphql
from scopelint.gitlab.answers import fatal, refused
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.credentials import is_job_token
from scopelint.gitlab.graphql import TooMuchError
from scopelint.gitlab.retry import ExchangeError, Failure
from scopelint.gitlab.values import FormError
from scopelint.model import Reason

_T = TypeVar("_T")
_OF_ONE_QUESTION: Final = {Failure.SERVER, Failure.LOCKED, Failure.BROKEN, Failure.MALFORMED}
"""Failures of a server that answers other questions."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that GitLab did not answer."""

    reason: Reason
    detail: str
    too_much: bool = False
    """Whether GitLab may answer a smaller question."""


def ask_required(ask: Callable[[], _T], url: str) -> _T:
    """Ask for what a run cannot do without; every failure is a GitLabError that names `url`."""
    try:
        return ask()
    except ExchangeError as error:
        raise fatal(error, url) from None
    except FormError as error:
        raise UnexpectedAnswerError(
            f"the answer of {url} has another form than GitLab's API documents: {error}",
            hint="Does --url name a GitLab? If it does, report this with the GitLab version.",
        ) from None
    except TooMuchError as error:
        raise GitLabError(f"{url} did not answer: {error}", hint="Try --api rest.") from None


def ask_optional(ask: Callable[[], _T]) -> _T | Failed:
    """Ask, and hand back a failure that concerns this question alone.

    Raises what concerns the whole run: GitLab out of reach, the token refused.
    """
    try:
        return ask()
    except TooMuchError as error:
        reason = Reason.TIMED_OUT if error.timed_out else Reason.ERROR
        return Failed(reason, str(error)[:300], too_much=True)
    except ExchangeError as error:
        if error.failure in _OF_ONE_QUESTION:
            return Failed(Reason.ERROR, str(error)[:300])
        raise fatal(error, "while collecting") from None
    except FormError as error:
        return Failed(Reason.ERROR, f"GitLab's answer has another form than documented: {error}")
    except UnreadableError as error:
        return Failed(error.reason, error.detail)
    except TargetNotFoundError as error:
        return Failed(Reason.NOT_FOUND, error.message)


class UnreadableError(TargetNotFoundError):
    """One thing that REST refused or could not give; the run goes on with a gap."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def no_api(connection: Connection) -> GitLabError:
    """Return the error for an address that has no GitLab API at all."""
    return GitLabError(
        f"{connection.server.url} has no GitLab API (HTTP 404)",
        hint="Check --url; a GitLab below a relative URL needs that path too.",
        status=404,
    )


def _token_kind_refused(connection: Connection, body: str) -> str:
    """Return what GitLab said of the kind of token that it wants, or what it means in our words."""
    try:
        said = json.loads(body)["error_description"]
    except (ValueError, KeyError, TypeError):
        said = None
    lacks = "the fine-grained token lacks a permission to read this"
    if not isinstance(said, str) or not said:
        return lacks
    said = connection.server.token.redact(said)[:300]
    return said if "requires a fine-grained" in said else f"{lacks}: {said}"


def translate(connection: Connection, error: gitlab.GitlabError) -> ScopelintError:
    """Return what a refusal means: the token is refused, one thing is unreadable, or it failed."""
    status = error.response_code or 0
    text = (error.response_body or b"").decode("utf-8", "replace")
    job_token = is_job_token(connection.server.token)
    refusal = refused(status, text, job_token=job_token)
    if refusal is not None:
        return refusal
    if status == 403:
        wants_other_kind = graphql.refuses_token_kind(text)
        role = "the token's role here is below Maintainer"
        why = _token_kind_refused(connection, text) if wants_other_kind else role
        return UnreadableError(Reason.FORBIDDEN, why)
    if status == 404:
        return UnreadableError(Reason.NOT_FOUND, "not found or not visible to this token")
    if status == 405:
        # The cap on offsets, 50,000 by default (doc/administration/instance_limits.md).
        return UnreadableError(Reason.CAPPED, "GitLab pages no further into this list by REST")
    said = connection.server.token.redact(str(error.error_message))
    message = f"{connection.server.url} answered HTTP {status}: {said:.200}"
    if 400 <= status < 500:
        # An answer to this question: 401 is handled above, 407 and 429 never come here.
        return UnreadableError(Reason.ERROR, message)
    return GitLabError(message, status=status)
