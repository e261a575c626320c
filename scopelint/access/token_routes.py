"""The REST routes that take a job token, and the permissions each one asks for.

`token_routes.tsv` beside this module has them, with its source: what a request needs, for `why` and
for the permissions of an entry.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_PART: Final = re.compile(r"\(/\)|\((?P<optional>[^()]+)\)|\*(?P<rest>\w+)|:(?P<one>\w+)|[^():*]+")


@dataclass(frozen=True, slots=True)
class TokenRoute:
    """One REST route that takes a job token."""

    method: str
    path: str
    """Below `/api/v4`, as GitLab writes it: `/projects/:id/packages`."""
    permissions: tuple[str, ...]
    """The policies it asks for, all of them; empty where no permission governs it."""

    @property
    def governed(self) -> bool:
        """Whether a permission governs it; without one the allowlist is asked at most."""
        return bool(self.permissions)


def find_route(method: str | None, path: str) -> TokenRoute | None:
    """Return the route that answers a request, None where none takes a job token.

    `path` is below `/api/v4`, without a query: `/projects/acme%2Flib/packages/42`. Without a
    `method` a reading one (GET) is looked for first. Of several that match, the one with the most
    fixed text counts, as in GitLab's own router.
    """
    found = [route for pattern, route in _routes() if pattern.fullmatch(path)]
    for wanted in (method.upper(),) if method else ("GET", "POST", "PUT", "DELETE"):
        of_method = [route for route in found if route.method == wanted]
        if of_method:
            return max(of_method, key=lambda route: len(re.sub(r"[:*]\w+", "", route.path)))
    return None


@cache
def _routes() -> tuple[tuple[re.Pattern[str], TokenRoute], ...]:
    text = files(__package__).joinpath("token_routes.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(
        (re.compile(_pattern(path)), TokenRoute(method, path, tuple(needs.split())))
        for method, path, needs in rows
    )


def _pattern(path: str) -> str:
    """Turn GitLab's way of writing a route into a pattern: `:x` one segment, `*x` one or more."""
    made = ""
    for part in _PART.finditer(path):
        if part["optional"]:
            made += f"(?:{_pattern(part['optional'])})?"
        elif part["rest"]:
            made += ".+?"
        elif part["one"]:
            # Numbers are told from names: `/packages/42` from `/packages/debian`.
            made += "[0-9]+" if part["one"].endswith("_id") else "[^/]+"
        else:
            made += "/?" if part.group() == "(/)" else re.escape(part.group())
    return made
