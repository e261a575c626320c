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
    body, tail = pattern, ""
    if body.endswith("/**"):
        body, tail = body[:-3], "(?:/.*)?"
    parts = re.split(r"((?<![^/])\*\*/|\*\*|\*|\?)", body)
    translated = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(translated.get(part) or re.escape(part) for part in parts) + tail


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
