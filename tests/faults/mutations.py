"""A hostile way between scopelint and GitLab: answers are changed as no GitLab would send them.

Every change can be told from what GitLab says: another type, a bound that is broken, a list that
contradicts its count or never ends. A lie in the right form (`true` for `false`) cannot be told by
anybody, and is not made.
"""

import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request

Path = tuple[str | int, ...]

_LONG: Final = "@long number@"
"""Stands for a number that Python would not write."""
_TEXTS: Final = ["", "false", "0", "\ud800", "a\0b", "\x1b[31m", "a\nb", "x" * 50_000, "\u202e"]
_OTHERS: Final[list[Any]] = [
    None,
    True,
    False,
    0,
    -1,
    0.5,
    1e300,
    2**70,
    _LONG,
    *_TEXTS,
    [],
    [0],
    [None],
    {},
]
_DECIDING: Final = {
    "ciCdSettings",
    "inboundJobTokenScopeEnabled",
    "inbound_enabled",
    "enforce_ci_inbound_job_token_scope_enabled",
    "ciJobTokenScopeAllowlist",
    "ciJobTokenScope",
    "hasNextPage",
    "nodes",
}
"""Names of what makes a project pass: whether its limit is on, and whether a list is whole."""
_REFUSALS: Final = [
    "Internal server error",
    "Timeout on Project.ciCdSettings",
    "The resource that you are attempting to access does not exist or you don't have permission"
    " to perform this action",
    "Access denied: This operation doesn't support fine-grained personal access tokens.",
]
_STATUSES: Final = [201, 204, 301, 302, 400, 401, 403, 404, 405, 409, 418, 422, 429, 500, 502, 503]
_HEADERS: Final = {
    "X-Next-Page": ["1", "2", "3", "-1", "x", "9" * 5000],
    "X-Total": ["x", "-1", "9" * 5000, "1.5", "\u00b2", ""],
    "Link": [
        "x",
        "<",
        '<::>; rel="next"',
        '<http://[>; rel="next"',
        '<http://h.example/>; rel="next"',
    ],
    "Location": ["http://[::1", "", "/x"],
    "Retry-After": ["x", "-1", "9" * 400, "Thu, 99 Foo"],
    "RateLimit-Remaining": ["x", "-1", "9" * 400],
    "RateLimit-Reset": ["x", "-1", "9" * 400],
    "RateLimit-Limit": ["x", "0", "-1"],
    "Content-Encoding": ["gzip", "deflate", "gzip, gzip", "x"],
    "Content-Type": ["text/html", "x", ""],
}


class Mutator:
    """Changes some of the answers it is given, in one way a run, the same for the same seed."""

    def __init__(self, random: Random) -> None:
        ways: dict[str, Callable[[Request, Answer], None]] = {
            "types": self._types,
            "nulls": self._nulls,
            "absent": self._absent,
            "refusals": self._refusals,
            "texts": self._texts,
            "depth": self._depth,
            "sizes": self._sizes,
            "duplicates": self._duplicates,
            "rows": self._rows,
            "cursors": self._cursors,
            "statuses": self._statuses,
            "headers": self._headers,
            "bodies": self._bodies,
        }
        self.way: str = random.choice(sorted(ways))
        self.rate: float = random.choice([0.05, 0.2, 0.5, 1.0])
        self.changes: list[str] = []
        """What was changed, in words, for the reader of a finding."""
        self._random = random
        self._change = ways[self.way]
        self._seen_cursors: list[str] = []

    def __call__(self, request: Request, answer: Answer) -> None:
        """Change an answer, or leave it."""
        if self._random.random() < self.rate:
            self._change(request, answer)

    def _note(self, request: Request, what: str) -> None:
        named = re.search(rb"query (\w+)", request.body)
        name = named[1].decode() if named else request.path
        self.changes.append(f"{name}: {what:.200}")

    def _at_a_place(
        self,
        request: Request,
        answer: Answer,
        change: Callable[[Any, str | int, Any], str | None],
        *,
        fits: Callable[[Path, Any], bool] = lambda *_: True,
    ) -> None:
        """Change one value of the body; `change` gets what holds it, its key, and the value."""
        body = _loads(answer)
        named: dict[str, list[tuple[Path, Any]]] = {}
        for place, holder in places(body):
            if fits(place, holder[place[-1]]):
                named.setdefault(_name(place), []).append((place, holder))
        if not named:
            return
        # By name and depth first: what stands once is changed as often as what stands in rows.
        some = named[self._choose(named)]
        depth = self._random.choice(sorted({len(place) for place, _ in some}))
        place, holder = self._random.choice([each for each in some if len(each[0]) == depth])
        said = change(holder, place[-1], holder[place[-1]])
        if said is not None:
            self._note(request, f"{'.'.join(map(str, place))} {said}")
            _dump(answer, body)

    def _choose(self, named: dict[str, list[tuple[Path, Any]]]) -> str:
        """Choose a name, every other time one of those that decide."""
        deciding = sorted(named.keys() & _DECIDING)
        if deciding and self._random.random() < 0.5:
            return self._random.choice(deciding)
        return self._random.choice(sorted(named))

    def _types(self, request: Request, answer: Answer) -> None:
        def change(holder: Any, key: str | int, value: Any) -> str | None:
            others = [other for other in _OTHERS if _kind(other) != _kind(value)]
            if type(value) is int:
                others += [2**70, -1, _LONG]
            holder[key] = self._random.choice(others)
            return f"is {holder[key]!r:.40}"

        self._at_a_place(request, answer, change, fits=_no_null_with_a_meaning)

    def _nulls(self, request: Request, answer: Answer) -> None:
        def change(holder: Any, key: str | int, _: Any) -> str:
            holder[key] = None
            return "is null"

        self._at_a_place(request, answer, change, fits=_no_null_with_a_meaning)

    def _absent(self, request: Request, answer: Answer) -> None:
        def change(holder: Any, key: str | int, _: Any) -> str | None:
            if not isinstance(holder, dict):
                return None
            del holder[key]
            return "is absent"

        self._at_a_place(request, answer, change, fits=_no_null_with_a_meaning)

    def _refusals(self, request: Request, answer: Answer) -> None:
        """Refuse a field of GraphQL, once or wherever it stands: null, and an error that says so.

        Its path is the field's, that of a field within whose own null may not be, or is lost.
        """
        body = _loads(answer)
        found = body.get("")
        if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
            return
        named: dict[str, list[tuple[Path, Any]]] = {}
        for place, holder in places(found["data"]):
            if not isinstance(place[-1], int):
                named.setdefault(_name(place), []).append((place, holder))
        # The settings are where a null alone has a meaning, so where an error counts most.
        if not named or ("ciCdSettings" not in named and self._random.random() < 0.7):
            return
        name = self._choose(named)
        if "ciCdSettings" in named and self._random.random() < 0.7:
            name = "ciCdSettings"
        some, message = named[name], self._random.choice(_REFUSALS)
        if self._random.random() < 0.5:
            some = [self._random.choice(some)]
        for place, holder in some:
            holder[place[-1]] = None
        within = self._random.choice([[], [], ["inboundJobTokenScopeEnabled"], None])
        paths = [None if within is None else [*place, *within] for place, _ in some]
        said = [{"message": message} | ({"path": path} if path else {}) for path in paths]
        found["errors"] = [*(found.get("errors") or ()), *said]
        self._note(request, f"{len(some)} times {name} is refused: {message:.30} {within}")
        _dump(answer, body)

    def _texts(self, request: Request, answer: Answer) -> None:
        def change(holder: Any, key: str | int, _: Any) -> str:
            holder[key] = self._random.choice(_TEXTS)
            return f"is {holder[key]!r:.40}"

        self._at_a_place(request, answer, change, fits=lambda _, value: isinstance(value, str))

    def _depth(self, request: Request, answer: Answer) -> None:
        levels = self._random.choice([50, 98, 101, 1200, 100_000])
        start, end = self._random.choice([("[", "]"), ('{"a":', "}")])

        def change(holder: Any, key: str | int, _: Any) -> str:
            holder[key] = "@deep@"
            return f"is {levels} deep"

        self._at_a_place(request, answer, change)
        deep = start * levels + "1" + end * levels
        answer.body = answer.body.replace(b'"@deep@"', deep.encode())

    def _sizes(self, request: Request, answer: Answer) -> None:
        size = self._random.choice([10_000, 1_500_000])

        def change(holder: Any, key: str | int, _: Any) -> str:
            holder[key] = "x" * size
            return f"is {size} long"

        self._at_a_place(request, answer, change, fits=lambda place, _: place[-1] != "ciCdSettings")

    def _duplicates(self, request: Request, answer: Answer) -> None:
        """Give one row of a list twice, alike or not, or one row the number of another."""

        def change(holder: Any, key: str | int, value: Any) -> str:
            one, other = self._random.sample(range(len(value)), 2)
            if self._random.random() < 0.5 and "id" in value[one]:
                value[one]["id"] = value[other].get("id")
                return f"has the id of row {other} in row {one}"
            again = json.loads(json.dumps(value[one]))
            flags = [(where, at) for at, where in places(again) if type(where[at[-1]]) is bool]
            value.append(again)
            if not flags or self._random.random() < 0.3:
                return f"has row {one} twice"
            where, at = self._random.choice(flags)
            where[at[-1]] = not where[at[-1]]
            return f"has row {one} twice, the second with another {at[-1]}"

        self._at_a_place(request, answer, change, fits=_is_list_of_objects)

    def _rows(self, request: Request, answer: Answer) -> None:
        """Leave a row out of a list that is counted, or make it null."""

        def change(holder: Any, key: str | int, value: Any) -> str:
            index = self._random.randrange(len(value))
            if self._random.random() < 0.5:
                value[index] = None
                return f"has null for row {index}"
            del value[index]
            return f"has lost row {index}"

        self._at_a_place(request, answer, change, fits=_is_list_of_objects)

    def _cursors(self, request: Request, answer: Answer) -> None:
        body = _loads(answer)
        for place, holder in places(body):
            if place[-1] == "pageInfo" and isinstance(holder["pageInfo"], dict):
                page = holder["pageInfo"]
                if isinstance(page.get("endCursor"), str):
                    self._seen_cursors.append(page["endCursor"])
                page["hasNextPage"] = True
                fresh = f"c{len(self.changes)}"
                page["endCursor"] = self._random.choice([None, "", fresh, *self._seen_cursors[:2]])
                self._note(request, f"{place} goes on at {page['endCursor']}")
        if isinstance(body.get(""), list):
            answer.headers["X-Next-Page"] = self._random.choice(["1", "2", "7"])
            self._note(request, "goes on")
        _dump(answer, body)

    def _statuses(self, request: Request, answer: Answer) -> None:
        answer.status = self._random.choice(_STATUSES)
        if self._random.random() < 0.5:
            answer.body = self._random.choice(
                [b"", b"{}", b"[]", b"null", b"<html>", b'"x"', b"[[[["]
            )
        self._note(request, f"has status {answer.status}")

    def _headers(self, request: Request, answer: Answer) -> None:
        name = self._random.choice(sorted(_HEADERS))
        answer.headers[name] = self._random.choice(_HEADERS[name])
        if name == "Content-Type":
            answer.content_type = answer.headers.pop(name)
        if name in {"Retry-After", "Location"}:
            answer.status = 429 if name == "Retry-After" else 302
        self._note(request, f"says {name}: {answer.headers.get(name)!s:.40}")

    def _bodies(self, request: Request, answer: Answer) -> None:
        body = answer.body
        cut = self._random.randrange(len(body)) if body else 0
        bodies = [b"", b"null", b"7", b"[]", b"{}", b'"x"', b"NaN", b"{", b"\xff\xfe", body[:cut]]
        answer.body = self._random.choice([*bodies, body[:cut] + b"\xff" + body[cut:], body + body])
        self._note(request, f"is {answer.body[:30]!r}")


def _name(place: Path) -> str:
    return next((key for key in reversed(place) if isinstance(key, str)), "")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float) or value == _LONG:
        return "number"
    return type(value).__name__


def _no_null_with_a_meaning(place: Path, _: Any) -> bool:
    """GitLab's null for a project's settings says that there is no row: the limit is on."""
    return place[-1] != "ciCdSettings"


def _is_list_of_objects(_: Path, value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(v, dict) for v in value)


def _loads(answer: Answer) -> Any:
    """Return the body within an object, so that what stands at its top has a place too."""
    try:
        return {"": json.loads(answer.body)}
    except ValueError:
        return {}


def _dump(answer: Answer, body: Any) -> None:
    if "" not in body:
        answer.body = b""
        return
    text = json.dumps(body[""]).replace(f'"{_LONG}"', "9" * 5000)
    answer.body = text.encode()


def places(value: Any, place: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the place of every value within, with what holds it."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, below in list(inner):
        yield (*place, key), value
        yield from places(below, (*place, key))
