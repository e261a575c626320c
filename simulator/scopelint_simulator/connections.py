"""Pages of a list as GitLab cuts them: keyset cursors, page caps, redaction after the cut.

Sources: `doc/api/graphql/_index.md` (page size), `doc/development/graphql_guide/pagination.md`
(keyset), `doc/development/graphql_guide/authorization.md` (redaction).
"""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from graphql import GraphQLError

from scopelint_simulator.context import Info

Key: TypeAlias = tuple[Any, ...]


class Connection:
    """One list: its rows in order, a key for each (ascending), and how to show a row.

    `show` turns a row into the node, or None where the caller may not see it: such a row is
    counted and takes its place in a page, and is then left out.
    """

    __slots__ = ("_end", "_key", "_page", "_rows", "_show", "_start", "nodes_cache")

    def __init__(
        self,
        rows: Sequence[Any],
        arguments: dict[str, Any],
        *,
        key: Callable[[Any], Key],
        show: Callable[[Any], Any],
        max_page: int = 100,
    ) -> None:
        self._rows = rows
        self._key = key
        self._show = show
        self._start, self._end = _cut(rows, arguments, key, max_page)
        self.nodes_cache: list[tuple[Any, Any]] | None = None

    def visible(self) -> list[tuple[Any, Any]]:
        """(row, node) of the page, without what the caller may not see."""
        if self.nodes_cache is None:
            page = ((row, self._show(row)) for row in self._rows[self._start : self._end])
            self.nodes_cache = [(row, node) for row, node in page if node is not None]
        return self.nodes_cache

    def nodes(self, _info: Info) -> list[Any]:
        """The page's nodes."""
        return [node for _, node in self.visible()]

    def edges(self, _info: Info) -> list[dict[str, Any]]:
        """The page's nodes with a cursor each."""
        return [{"cursor": cursor(self._key(row)), "node": node} for row, node in self.visible()]

    def count(self, _info: Info, limit: int | None = None) -> int:
        """How many rows there are, hidden ones included; at most `limit` + 1 where given."""
        total = len(self._rows)
        return total if limit is None else min(total, limit + 1)

    def page_info(self) -> dict[str, Any]:
        """Where the page lies; its cursors are those of the rows cut, hidden ones included."""
        some = self._end > self._start
        return {
            "hasNextPage": self._end < len(self._rows),
            "hasPreviousPage": self._start > 0,
            "startCursor": cursor(self._key(self._rows[self._start])) if some else None,
            "endCursor": cursor(self._key(self._rows[self._end - 1])) if some else None,
        }


def by_id_descending(
    rows: Sequence[int], arguments: dict[str, Any], show: Callable[[int], Any]
) -> Connection:
    """A list of ids, highest first: GitLab's default order."""
    return Connection(rows, arguments, key=_negated, show=show)


def _negated(number: int) -> Key:
    return (-number,)


def cursor(key: Key) -> str:
    """A cursor: encoded JSON of the ordering attributes, of no meaning to clients."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decode(text: str) -> Key:
    try:
        key = json.loads(base64.b64decode(text, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or not key:
        raise GraphQLError("Please provide a valid cursor")
    return tuple(key)


def _cut(
    rows: Sequence[Any], arguments: dict[str, Any], key: Callable[[Any], Key], max_page: int
) -> tuple[int, int]:
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise GraphQLError("Can only provide either `first` or `last`, not both")
    for name, value in (("first", first), ("last", last)):
        if value is not None and value < 0:
            raise GraphQLError(f"`{name}` must be a positive integer")
    start, end = 0, len(rows)
    try:
        if arguments.get("after"):
            start = bisect_right(rows, _decode(arguments["after"]), key=key)
        if arguments.get("before"):
            end = bisect_left(rows, _decode(arguments["before"]), key=key)
    except TypeError as error:
        raise GraphQLError("Please provide a valid cursor") from error
    end = max(start, end)
    size = min(max_page, *(limit for limit in (first, last) if limit is not None), end - start)
    return (end - size, end) if last is not None else (start, start + size)
