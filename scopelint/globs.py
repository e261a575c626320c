"""Globs over full paths, the one pattern language of scopelint (outside contract, section 1).

On the full path, case-insensitive, whole match; `*` and `?` stay inside one segment, `**`
crosses segments, `x/**` also matches `x` itself. There are no character classes and no regular
expressions: every other character stands for itself.
"""

import re
from collections.abc import Iterable
from functools import lru_cache


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
