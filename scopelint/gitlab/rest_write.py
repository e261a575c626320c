"""One write over REST, and what became of it: done, refused, or not known.

No write is repeated here while the one before may have happened: that raises LostAnswerError, and
the caller reads again to learn which it was.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import gitlab

from scopelint.errors import AuthenticationError, UnexpectedAnswerError
from scopelint.gitlab.answers import refused
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.credentials import is_job_token
from scopelint.gitlab.retry import ExchangeError


class LostAnswerError(Exception):
    """No whole answer to a write arrived: it may have happened or not."""


class WriteRefusedError(Exception):
    """A write that was not done, with GitLab's reason or ours; the text is for people.

    `status` is the HTTP status where GitLab answered one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def send(
    connection: Connection, verb: str, path: str, data: Mapping[str, Any] | None, *, hint: str
) -> Any:
    """Send a write to a path below `/api/v4`; return the answer's JSON, None where there is none.

    `hint` says which token it needs. Raises WriteRefusedError, LostAnswerError, and a GitLabError
    for what ends the run.
    """
    try:
        answer = connection.rest.http_request(
            verb, path, post_data=None if data is None else dict(data), obey_rate_limit=False
        )
    except ExchangeError as error:
        raise LostAnswerError(str(error)) from None
    except gitlab.GitlabError as error:
        status = error.response_code or 0
        body = (error.response_body or b"").decode("utf-8", "replace")
        raise _refusal(connection, status, body, hint) from None
    return _json(answer.content)


def send_signed(
    connection: Connection,
    verb: str,
    path: str,
    data: Mapping[str, str],
    *,
    sign: Callable[[str], Mapping[str, str]],
) -> None:
    """Send a write as a form; `sign` makes the headers that prove it, anew for each attempt.

    It is given the request's whole path. Raises as `send` does; a 401 is a refusal of this write
    alone, since it may be the signature that is wrong.
    """
    try:
        answer = connection.send_signed(verb, f"/api/v4{path}", data, sign)
    except ExchangeError as error:
        raise LostAnswerError(str(error)) from None
    except UnexpectedAnswerError:
        raise
    if answer.status_code >= 400:
        body = answer.text
        raise WriteRefusedError(
            _refused_words(connection, answer.status_code, body), answer.status_code
        )


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        raise LostAnswerError("the answer to a write is no JSON") from None


def _refusal(connection: Connection, status: int, body: str, hint: str) -> Exception:
    refusal = refused(status, body, job_token=is_job_token(connection.server.token))
    if refusal is not None:
        return AuthenticationError(refusal.message, hint=hint, status=status)
    if status >= 500:
        return LostAnswerError(f"HTTP {status}")
    return WriteRefusedError(_refused_words(connection, status, body), status)


def _refused_words(connection: Connection, status: int, body: str) -> str:
    return f"GitLab refused (HTTP {status}): {_reason(connection, body)}"


def _reason(connection: Connection, body: str) -> str:
    """Take GitLab's words out of an answer: `{"message": "400 Bad request - words"}`."""
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    reason = found.get("message") or found.get("error") if isinstance(found, dict) else None
    given = json.dumps(reason) if reason else "no reason given"
    text = reason if isinstance(reason, str) else given
    return connection.server.token.redact(text.partition(" - ")[2] or text)[:300]
