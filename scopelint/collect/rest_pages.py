"""REST's lists, page by page, so that nothing is lost when they change between two pages.

Offset pages overlap: each is chosen so that the last object of the page before is in it. Where it
is not, something before it left the list and others moved up unseen; then the list is read from
its beginning. Keyset pages (doc/api/rest/_index.md, "Keyset-based pagination") need no such care.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

import requests

from scopelint.collect.reader import MAX_PAGES, Page
from scopelint.gitlab.values import FormError, decode, identifier, objects

_T = TypeVar("_T")

PAGE: Final = 100
"""Objects a page: GitLab cuts a larger `per_page` down to this."""
RESTARTS: Final = 5
"""How often a list is begun again before it is given up as one that does not hold still."""

Ask = Callable[..., requests.Response]
"""Sends the request for a list, with more parameters given by name."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far an offset list was read; its text is the cursor."""

    end: int = 0
    """Objects before the next page."""
    last: int = 0
    """The number of the last of them."""
    size: int = PAGE
    """Objects that the server gives a page, at most."""
    restarts: int = 0

    @classmethod
    def read(cls, cursor: str | None) -> "Place":
        """Read a cursor; the beginning where there is none, or an earlier version's."""
        found = re.fullmatch(r"(\d{1,18}):(\d{1,19}):(\d{1,3}):(\d)", cursor or "", re.ASCII)
        return cls(*map(int, found.groups())) if found else cls()

    def __str__(self) -> str:
        return f"{self.end}:{self.last}:{self.size}:{self.restarts}"

    def page(self) -> tuple[int, int]:
        """Return `per_page` and `page` of the next request: from the last object, or before it."""
        if not self.end:
            return self.size, 1

        def reach(size: int) -> int:
            return (self.end - 1) // size * size + size

        size = max(range(1, self.size + 1), key=reach)
        return size, (self.end - 1) // size + 1


def offset_page(ask: Ask, cursor: str | None, read: Callable[[Any], _T]) -> Page[_T]:
    """Read a page of an offset list; raise FormError where the answer is no list.

    A row that `read` raises FormError for is a fault of the page.
    """
    place = Place.read(cursor)
    size, number = place.page()
    answer = ask(page=number, per_page=size)
    rows = list_of(answer)
    total = _total(answer)
    ids = [_id(row) for row in rows]
    fresh = 0
    if place.end:
        if place.last not in ids:
            return _again(place)
        fresh = len(ids) - ids[::-1].index(place.last)
    more = _has_next(answer, len(rows), size)
    items, faults = _read_rows(rows[fresh:], read)
    known = [index for index, found in enumerate(ids) if found is not None and index >= fresh]
    if not more or not known:
        if more:
            faults.append("a page brought nothing new, and there should be more")
        return Page(tuple(items), None, total, tuple(faults))
    following = Place(
        end=(number - 1) * size + known[-1] + 1,
        last=ids[known[-1]] or 0,
        # A short page that is not the last: the server gives fewer than it is asked for.
        size=place.size if len(rows) >= size else len(rows),
        restarts=place.restarts,
    )
    return Page(tuple(items), str(following), total, tuple(faults))


def _again(place: Place) -> Page[Any]:
    if place.restarts >= RESTARTS:
        fault = f"it changed {RESTARTS + 1} times while it was read"
        return Page((), None, None, (fault,))
    return Page((), str(Place(restarts=place.restarts + 1)), begins_again=True)


def keyset_page(ask: Ask, path: str, cursor: str | None, read: Callable[[Any], _T]) -> Page[_T]:
    """Read a page of a list that has keyset pages; the cursor is the query of the next link.

    `path` is the list's whole path on the server: a link to another one is a fault.
    """
    asked = dict(parse_qsl(cursor)) if cursor else {"pagination": "keyset", "per_page": str(PAGE)}
    answer = ask(**asked)
    items, faults = _read_rows(list_of(answer), read)
    link = answer.links.get("next", {}).get("url")
    if link is None:
        return Page(tuple(items), None, None, tuple(faults))
    found = urlsplit(link)
    if found.path != path or not found.query:
        faults.append("the link to its next page leads elsewhere")
        return Page(tuple(items), None, None, tuple(faults))
    return Page(tuple(items), found.query, None, tuple(faults))


def whole_list(ask: Ask, path: str, read: Callable[[Any], _T]) -> tuple[list[_T], str | None]:
    """Read an offset list to its end; return it, and why it may not be all of it."""
    rows, faults = list[_T](), list[str]()
    cursor, total = None, None
    for _ in range(MAX_PAGES):
        page = offset_page(partial(ask, path), cursor, read)
        rows = [] if page.begins_again else [*rows, *page.items]
        faults += page.faults
        cursor = page.cursor
        total = page.expected if page.expected is not None else total
        if cursor is None:
            break
    if cursor is not None:
        faults.append("it does not end")
    elif total is not None and total != len(rows):
        faults.append(f"GitLab counts {total} rows and shows {len(rows)}")
    return rows, f"{path}: {faults[0]}" if faults else None


def json_of(answer: requests.Response) -> Any:
    """Return the JSON of an answer; raise FormError where it has none (HTTP 204)."""
    if answer.status_code == 204:
        raise FormError("it has no content (HTTP 204)")
    return decode(answer.content)


def list_of(answer: requests.Response) -> list[Any]:
    """Return the rows of a list; raise FormError where the answer is something else."""
    found = json_of(answer)
    if type(found) is not list:
        raise FormError(f"it is {type(found).__name__} where a list was expected")
    return found


def _read_rows(rows: list[Any], read: Callable[[Any], _T]) -> tuple[list[_T], list[str]]:
    items, faults = list[_T](), list[str]()
    for row in rows:
        try:
            [node] = objects([row], "the list")
            items.append(read(node))
        except FormError as error:
            faults.append(str(error))
    return items, faults


def _id(row: Any) -> int | None:
    try:
        return identifier(row, "id") if type(row) is dict else None
    except FormError:
        return None


def _has_next(answer: requests.Response, rows: int, size: int) -> bool:
    """Tell whether there is another page: by the headers, not by the length."""
    if {"X-Next-Page", "Link"} & answer.headers.keys():
        return bool(answer.headers.get("X-Next-Page")) or "next" in answer.links
    # A proxy took the headers away: only a page that is not full is surely the last.
    return rows >= size


def _total(answer: requests.Response) -> int | None:
    text = answer.headers.get("X-Total", "")
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None
