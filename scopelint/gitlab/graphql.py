"""One GraphQL query to GitLab, with its data, its errors and its limits all visible.

Errors of GitLab's API come in many shapes (doc/api/graphql/_index.md): HTTP 200 with `errors` and
no data (validation, complexity), HTTP 200 with partial data and an error a path, 401, 403, 422,
503. Each is told apart here; nothing is read as empty.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scopelint.errors import AuthenticationError, GitLabError
from scopelint.gitlab import values
from scopelint.gitlab.answers import refused
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.credentials import is_job_token
from scopelint.gitlab.retry import ExchangeError, Failure
from scopelint.text import Secret

NO_PERMISSION = "does not exist or you don't have permission to perform this action"
_TOO_MUCH = re.compile(r"max complexity|max depth|Query too large", re.IGNORECASE)
_TIMEOUT = re.compile(r"timeout|timed out", re.IGNORECASE)
_FINE_GRAINED = re.compile(r"fine-grained (personal )?access token|granular_scope", re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(
    r"Field '(\w+)' doesn't exist on type '(\w+)'|Cannot query field '(\w+)' on type '(\w+)'"
)
_UNKNOWN_ARGUMENT = re.compile(r"doesn't accept argument '(\w+)'|Unknown argument '(\w+)'")


def refuses_token_kind(text: str) -> bool:
    """Tell whether GitLab's words refuse a kind of token: a classic or a fine-grained one."""
    return _FINE_GRAINED.search(text) is not None


class TooMuchError(Exception):
    """GitLab would answer a smaller query: it was too complex, too large, or took too long."""

    def __init__(self, message: str, *, timed_out: bool) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class InvalidQueryError(GitLabError):
    """GitLab refused the query as invalid: this instance lacks a field or an argument.

    `fields` names the fields as (type, field), `arguments` the arguments, where GitLab named them.
    """

    def __init__(self, message: str) -> None:
        super().__init__(
            f"this GitLab does not know a field that its version should have: {message:.300}",
            hint="Use --api rest, and report this with the GitLab version.",
        )
        found = [[part for part in match if part] for match in _UNKNOWN_FIELD.findall(message)]
        self.fields = [(type_name, field_name) for field_name, type_name in found]
        self.arguments = [one or other for one, other in _UNKNOWN_ARGUMENT.findall(message)]


class FineGrainedTokenError(AuthenticationError):
    """The token is a fine-grained one, for which GitLab shows job token scopes by REST alone."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"GraphQL does not serve this fine-grained token: {message:.200}",
            hint="Use --api rest, or a token with the scope read_api.",
        )


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error that left a null in the data."""

    message: str
    path: tuple[str | int, ...]
    """Where in the data, or in a part of it: names of fields and indexes of lists.

    Empty for an error that does not say where.
    """

    @property
    def timed_out(self) -> bool:
        """Whether GitLab ran out of time on this field."""
        return _TIMEOUT.search(self.message) is not None

    @property
    def refuses_token_kind(self) -> bool:
        """Whether this field does not answer this kind of token: classic, or fine-grained."""
        return refuses_token_kind(self.message)

    @property
    def forbidden(self) -> bool:
        """Whether the token's role does not suffice (or the object is gone; GitLab says either)."""
        return NO_PERMISSION in self.message

    def may_explain(self, name: str) -> bool:
        """Tell whether it may be why the field `name`, where `path` begins, is null.

        A field within, whose own null may not be, leaves null what holds it.
        """
        return not self.path or self.path[0] == name


@dataclass(frozen=True, slots=True)
class Result:
    """The data of a query, and the errors that left nulls in it."""

    data: Mapping[str, Any]
    errors: tuple[FieldError, ...] = ()

    def errors_at(self, place: tuple[str | int, ...]) -> list[FieldError]:
        """Return the errors that may have left nulls in what stands at `place`.

        Their paths begin there. They are empty for errors of what holds it, and for those whose
        own path is missing or leads nowhere.
        """
        found = []
        for error in self.errors:
            common = min(len(error.path), len(place))
            if error.path[:common] == place[:common]:
                found.append(replace(error, path=error.path[len(place) :]))
            elif error.path[0] not in self.data:
                found.append(replace(error, path=()))
        return found

    @property
    def near_limit(self) -> bool:
        """Whether the query's score, which it asks for, leaves less than a tenth of what GitLab allows."""
        complexity = values.child(self.data, "queryComplexity") or {}
        score, limit = values.count(complexity, "score"), values.count(complexity, "limit")
        return score is not None and limit is not None and score > 0.9 * limit > 0


def run(
    connection: Connection, text: str, variables: Mapping[str, Any], *, write: bool = False
) -> Result:
    """Send one query and return its result; `write` tells that it is a mutation.

    Raises TooMuchError where a smaller one may succeed, InvalidQueryError where the instance
    lacks a field, FineGrainedTokenError where the whole query is closed to the token (where one
    object is, the error with its path is in the result), another GitLabError for everything else
    that ends the run, ExchangeError where the retries of one page are used up, and FormError for
    JSON that is no GraphQL result.
    """
    url = connection.server.graphql_url
    try:
        answer = connection.post_graphql({"query": text, "variables": dict(variables)}, write=write)
    except ExchangeError as error:
        if error.failure is Failure.TIMED_OUT:
            raise TooMuchError(str(error), timed_out=True) from None
        raise
    if answer.status_code >= 400:
        raise _refusal(answer.status_code, answer.text, url, connection)
    body = answer.body
    if not isinstance(body, dict):
        raise values.FormError("it is no object with data or errors")
    listed = values.array(body, "errors")
    # A proxy's or plug-in's error might repeat the request; nothing that is kept shows the token.
    errors = tuple(
        _field_error(error, connection.server.token)
        for error in values.objects(listed or [], "errors")
    )
    data = values.child(body, "data")
    # With a path and data the refusal is one object's, which the other objects do not share.
    closed = next((each for each in errors if each.refuses_token_kind), None)
    if closed is not None and not (closed.path and data is not None):
        raise FineGrainedTokenError(closed.message)
    if data is None and not errors:
        raise values.FormError("it holds neither data nor an error")
    if data is None:
        raise _no_data([error.message for error in errors], url)
    return Result(data, errors)


def _field_error(error: Mapping[str, Any], token: Secret) -> FieldError:
    path = values.array(error, "path") or []
    if not all(type(step) in (str, int) for step in path):
        raise values.FormError("the path of an error holds something else than names and numbers")
    message = values.made_fit(str(error.get("message", "")))
    return FieldError(token.redact(message), tuple(path))


def _no_data(messages: Sequence[str], url: str) -> Exception:
    text = "; ".join(messages)
    if _TOO_MUCH.search(text) or _TIMEOUT.search(text):
        return TooMuchError(text, timed_out=_TIMEOUT.search(text) is not None)
    if _UNKNOWN_FIELD.search(text) or "argument" in text.lower() or "fragment" in text.lower():
        return InvalidQueryError(text)
    return GitLabError(f"{url} refused the query: {text:.300}", hint="Try --api rest.")


def _refusal(status: int, text: str, url: str, connection: Connection) -> Exception:
    text = connection.server.token.redact(text)
    if _FINE_GRAINED.search(text):
        return FineGrainedTokenError(text)
    if status == 422 and _TOO_MUCH.search(text):
        return TooMuchError(text, timed_out=False)
    job_token = is_job_token(connection.server.token)
    error = refused(status, text, job_token=job_token)
    if error is not None:
        return error
    if status == 404:
        return GitLabError(
            f"{url} is not there (HTTP 404)",
            hint="Check --url; a GitLab below a relative URL needs that path too.",
            status=404,
        )
    return GitLabError(f"{url} answered HTTP {status}: {text:.200}", status=status)
