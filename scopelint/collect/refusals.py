"""Refusals of a kind of token: one object's gap, or a token that GraphQL does not serve at all.

A group or an instance can require fine-grained tokens; then its objects refuse classic ones. And
GraphQL knows few types that a fine-grained token may read; then every object refuses it. GitLab
says either as an error with a path beside a null, so the words alone do not tell which it is.
"""

from collections.abc import Iterator, Sequence

from scopelint.gitlab.ask import UnreadableError
from scopelint.gitlab.capabilities import is_own_field
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import FieldError, FineGrainedTokenError, Result
from scopelint.gitlab.own_token import own_token
from scopelint.model import Reason

_LIST_DEPTH = 2
"""Names in the path of an error that leaves a whole list null, such as `group`, `projects`."""


class TokenKind:
    """Tells a refusal of the whole token from one of an object; asks the token once, if at all."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._fine_grained: bool | None = None

    def check(self, result: Result) -> None:
        """Raise FineGrainedTokenError where an object refuses this token and it is fine-grained.

        That is what the token says of itself, or the refusal of a field that is no object's.
        """
        refusal = next(_refusals(result), None)
        if refusal is None:
            return
        own = next((each for each in _refusals(result) if is_own_field(str(each.path[0]))), None)
        if own is not None:
            raise FineGrainedTokenError(own.message)
        if self._fine_grained is None:
            self._fine_grained = own_token(self._connection).fine_grained is True
        if self._fine_grained:
            raise FineGrainedTokenError(refusal.message)

    def check_list(self, result: Result) -> None:
        """Raise as `check` does, and UnreadableError where a whole list is null for this reason."""
        self.check(result)
        for refusal in _refusals(result):
            if len(refusal.path) <= _LIST_DEPTH:
                raise UnreadableError(Reason.FORBIDDEN, refusal.message[:300])


def refused_objects(result: Result) -> dict[str, str]:
    """Return GitLab's words by the field at the top that refuses this kind of token."""
    return {str(each.path[0]): each.message for each in _refusals(result)}


def refused_projects(result: Result, place: tuple[str, ...], nodes: Sequence[object]) -> list[str]:
    """Return GitLab's words for each project of a page that is null as a whole for this reason.

    `place` is where `nodes` are in the answer.
    """
    return [
        each.message
        for each in _refusals(result)
        if each.path[:-1] == place
        and isinstance(index := each.path[-1], int)
        and index < len(nodes)
        and nodes[index] is None
    ]


def _refusals(result: Result) -> Iterator[FieldError]:
    return (each for each in result.errors if each.refuses_token_kind)
