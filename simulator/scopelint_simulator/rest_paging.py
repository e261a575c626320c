"""REST pages: offset with GitLab's headers, and keyset for `/projects` ordered by id.

Source: `doc/api/rest/_index.md`.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.request import Request, RestError, bad_parameter

DEFAULT_PAGE = 20
MAX_PAGE = 100
COUNT_LIMIT = 10_000
"""Above this many rows the totals are left out."""
OFFSET_LIMIT = 50_000
"""Rows of projects that offset paging reaches (the plan limit `offset_pagination_limit`)."""
Show = Callable[[Any], dict[str, Any]]


def number(request: Request, name: str, default: int) -> int:
    """A positive whole number of the query; raises RestError 400."""
    text = request.query.get(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit()):
        raise bad_parameter(name, "is invalid")
    value = int(text)
    if value < 1:
        raise bad_parameter(name, "does not have a valid value")
    return value


def offset_page(
    request: Request, rows: Sequence[Any], show: Show, *, projects: bool = False
) -> Answer:
    """One page of `rows`; `projects` says that the rows are projects, which have a limit."""
    if request.query.get("pagination") == "keyset":
        text = "Keyset pagination is not yet available for this type of request"
        raise RestError(405, {"error": text})
    page = number(request, "page", 1)
    size = min(number(request, "per_page", DEFAULT_PAGE), MAX_PAGE)
    start = (page - 1) * size
    if projects and start > OFFSET_LIMIT:
        text = (
            f"Offset pagination has a maximum allowed offset of {OFFSET_LIMIT} for requests "
            "that return objects of type Project. Remaining records can be retrieved using "
            "keyset pagination."
        )
        raise RestError(405, {"error": text})
    more = start + size < len(rows)
    pages = max(1, -(-len(rows) // size))
    headers = {
        "X-Next-Page": str(page + 1) if more else "",
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Prev-Page": str(page - 1) if page > 1 else "",
    }
    links = {"prev": page - 1 if page > 1 else None, "next": page + 1 if more else None, "first": 1}
    if len(rows) <= COUNT_LIMIT:
        headers |= {"X-Total": str(len(rows)), "X-Total-Pages": str(pages)}
        links["last"] = pages
    headers["Link"] = ", ".join(
        _link(request, rel, page=target, per_page=size)
        for rel, target in links.items()
        if target is not None
    )
    return json_answer(200, [show(row) for row in rows[start : start + size]], headers)


def keyset_page(request: Request, rows: Sequence[Any], show: Show, *, ascending: bool) -> Answer:
    """One keyset page; `rows` are in order and hold only what `id_after`/`id_before` leave."""
    size = min(number(request, "per_page", DEFAULT_PAGE), MAX_PAGE)
    page = rows[:size]
    headers = {}
    if len(rows) > size:
        bound = "id_after" if ascending else "id_before"
        headers["Link"] = _link(request, "next", **{bound: page[-1].id, "per_page": size})
    return json_answer(200, [show(row) for row in page], headers)


def cursor_page(
    request: Request, rows: Sequence[Any], show: Show, cursor: Callable[[Any], str]
) -> Answer:
    """One keyset page of a list with cursors; `rows` hold only what the cursor leaves."""
    size = min(number(request, "per_page", DEFAULT_PAGE), MAX_PAGE)
    page = rows[:size]
    headers = {}
    if len(rows) > size:
        headers["Link"] = _link(request, "next", cursor=cursor(page[-1]), per_page=size)
    return json_answer(200, [show(row) for row in page], headers)


def _link(request: Request, rel: str, **changes: int | str) -> str:
    query = urlencode({**request.query, **{name: str(value) for name, value in changes.items()}})
    return f'<{request.url}{request.path}?{query}>; rel="{rel}"'
