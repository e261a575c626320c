"""Globs over full paths, the one pattern language of scopelint (outside contract, section 1).

On the full path, case-insensitive, whole match; `*` and `?` stay inside one segment, `**`
crosses segments, `x/**` also matches `x` itself. There are no character classes and no regular
expressions: every other character stands for itself.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from scopelint.text import holds_control


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(_regex(pattern), re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=256)
def _compile_any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    parts = (f"(?:{_regex(pattern)})" for pattern in patterns)
    return re.compile("|".join(parts), re.IGNORECASE | re.DOTALL)


def _regex(pattern: str) -> str:
    """Return a regular expression whose time is linear in the path, whatever the pattern.

    A piece between two wildcards is taken where it first fits, and never elsewhere (`(?>…)`): what
    follows a wildcard fits behind an early end if it fits behind a later one. What follows `**/`
    is tried once a segment; `**` is `**/` and `*`.
    """
    body, end = pattern, r"\Z"
    if body.endswith("/**"):
        body, end = body[:-3], r"(?:/.*)?\Z"
    first, *others = re.split(r"((?<![^/])\*\*/|\*\*|\*)", body)
    parts = [[first]]
    for wildcard, piece in zip(others[::2], others[1::2], strict=True):
        if wildcard == "*":
            parts[-1].append(piece)
        else:
            parts.append([piece] if wildcard == "**/" else ["", piece])
    translated = [[_piece(piece) for piece in part] for part in parts]
    translated[-1][-1] += end
    anchored, *free = (
        part[0] + "".join(f"(?>[^/]*?{piece})" for piece in part[1:]) for part in translated
    )
    return anchored + "".join(f"(?>(?:.*?/)??{part})" for part in free)


def _piece(text: str) -> str:
    return "".join("[^/]" if char == "?" else re.escape(char) for char in text)


LONGEST = 1000
"""How many characters a glob has at most."""


def fault_of(pattern: str) -> tuple[str, str] | None:
    """Return what makes a text no glob and how to write it, None for one that is a glob."""
    if holds_control(pattern):
        return "a glob holds no control characters", ""
    if not pattern or len(pattern) > LONGEST:
        return f"a glob has 1 to {LONGEST} characters", ""
    if "://" in pattern:
        return "a glob matches a full path, and this is a URL", _write(path_in_url(pattern))
    if pattern.startswith("/") or pattern.endswith("/") or "//" in pattern:
        message = "a glob matches a full path, which has no slash at its ends and no empty segment"
        return message, _write("/".join(filter(None, pattern.split("/"))))
    return None


def _write(path: str) -> str:
    return f"write {path}" if path else ""


def path_in_url(url: str) -> str:
    """Return the full path that a GitLab page's URL names; empty where it names none.

    `https://gitlab.example.com/groups/acme/web/-/settings` gives `acme/web`. The relative root of
    an instance cannot be told from a group and stays in it.
    """
    path = url.partition("://")[2].partition("/")[2]
    path = re.split(r"[?#]|(?:^|/)-(?:/|$)", path, maxsplit=1)[0]
    segments = [segment for segment in path.split("/") if segment]
    if segments[:1] == ["groups"]:
        del segments[0]
    return "/".join(segments).removesuffix(".git")


def matches(pattern: str, path: str) -> bool:
    """Tell whether `path`, a full path such as `acme/web/shop`, matches `pattern` as a whole."""
    return _compile(pattern).fullmatch(path) is not None


class GlobSet:
    """A set of globs that answers whether any of them matches a full path."""

    __slots__ = ("_fullmatch", "patterns")

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        # One expression for all of them: asked for every entry of every project.
        self._fullmatch = _compile_any(self.patterns).fullmatch if self.patterns else None

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlobSet) and self.patterns == other.patterns

    def __hash__(self) -> int:
        return hash(self.patterns)

    def __reduce__(self) -> tuple[type["GlobSet"], tuple[tuple[str, ...]]]:
        return GlobSet, (self.patterns,)

    def __repr__(self) -> str:
        return f"GlobSet({list(self.patterns)!r})"

    def matches(self, path: str) -> bool:
        """Tell whether any pattern of the set matches `path`."""
        return self._fullmatch is not None and self._fullmatch(path) is not None
