"""Text in messages: no control characters, no secrets, bounded length."""

import difflib
import unicodedata
from collections.abc import Iterable

from scopelint.text.secrets import redact

EXCERPT_LIMIT = 80
"""The most characters of a file's line that a message repeats."""

# Controls, format characters, surrogates, private use, unassigned, line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

ONE_LINE_PATTERN = r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$"
"""For JSON Schemas: a text on one line that is not blank (ECMA 262, without look-behind)."""


def clean(text: str) -> str:
    """Return `text` with every control, format, surrogate and line-breaking character replaced.

    Tabs become spaces, the others U+FFFD, so that nothing reaches a terminal as a command or
    turns the reading direction. The text keeps its length.
    """
    if text.isprintable():  # false for every character that is replaced
        return text
    return "".join(_clean_character(character) for character in text)


def _clean_character(character: str) -> str:
    if character == "\t":
        return " "
    return "\ufffd" if unicodedata.category(character) in _UNSAFE else character


def holds_control(text: str) -> bool:
    """Tell whether `text` holds a control or format character, such as a line end or U+202E."""
    return any(unicodedata.category(character) in {"Cc", "Cf"} for character in text)


def shown(value: object, limit: int = 60) -> str:
    """Return a value as a message quotes it: text in double quotes, at most `limit` characters."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return shorten(clean(redact(str(value))), limit)
    return f'"{shorten(clean(redact(value)), limit)}"'


def shorten(text: str, limit: int) -> str:
    """Return `text`, shortened to `limit` characters with an ellipsis at its end."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def excerpt(line: str, column: int = 1) -> str:
    """Return at most 80 characters of a line around `column` (from 1), cleaned and redacted."""
    line = clean(redact(line)).rstrip()
    if len(line) <= EXCERPT_LIMIT:
        return line
    start = min(max(0, column - EXCERPT_LIMIT // 2), len(line) - EXCERPT_LIMIT + 2)
    if start <= 1:
        return shorten(line, EXCERPT_LIMIT)
    return "…" + shorten(line[start:], EXCERPT_LIMIT - 1)


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the choice nearest to `word`, or an empty text."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word[:200].lower(), by_lower, n=1, cutoff=0.6)
    return f'did you mean "{by_lower[near[0]]}"?' if near else ""
