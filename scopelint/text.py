"""Text from files, made fit to be shown: no control characters, no secrets, bounded length."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

EXCERPT_LIMIT = 80
"""The most characters of a file's line that a message repeats."""

_HIDDEN = "[hidden]"
# GitLab's token prefixes: glpat-, glcbt-, gldt-, glrt-, gloas- … (docs.gitlab.com, token overview).
_TOKEN = re.compile(r"\bgl[a-z]{2,10}-[\w.=-]{6,}", re.IGNORECASE)
_SECRET_KEY = re.compile(
    r"(?P<key>[\w-]*(?:token(?!_scope)|password|passwd|secret|api[_-]?key)\w*[\"']?\s*[:=]\s*).*",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)[^\s/?#]*@")


def clean(text: str) -> str:
    """Return `text` with every control, format, surrogate and line-breaking character replaced.

    Tabs become spaces, the others U+FFFD, so that nothing reaches a terminal as a command or
    turns the reading direction.
    """
    return "".join(_clean_character(character) for character in text)


def _clean_character(character: str) -> str:
    if character == "\t":
        return " "
    return "\ufffd" if unicodedata.category(character) in _UNSAFE else character


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def redact(text: str) -> str:
    """Return `text` without what looks like a token, a password or a URL's credentials."""
    text = _USERINFO.sub(f"{_HIDDEN}@", text)
    text = _SECRET_KEY.sub(lambda match: match["key"] + _HIDDEN, text)
    return _TOKEN.sub(_HIDDEN, text)


def shown(value: object, limit: int = 60) -> str:
    """Return a value as a message quotes it: text in double quotes, at most `limit` characters."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return cut(clean(redact(str(value))), limit)
    return f'"{cut(clean(redact(value)), limit)}"'


def cut(text: str, limit: int) -> str:
    """Return `text`, shortened to `limit` characters with an ellipsis at its end."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def excerpt(line: str, column: int = 1) -> str:
    """Return at most 80 characters of a line around `column` (from 1), cleaned and redacted."""
    line = clean(redact(line)).rstrip()
    if len(line) <= EXCERPT_LIMIT:
        return line
    start = min(max(0, column - EXCERPT_LIMIT // 2), len(line) - EXCERPT_LIMIT + 2)
    if start <= 1:
        return cut(line, EXCERPT_LIMIT)
    return "…" + cut(line[start:], EXCERPT_LIMIT - 1)


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the choice nearest to `word`, or an empty text."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word[:200].lower(), by_lower, n=1, cutoff=0.6)
    return f'did you mean "{by_lower[near[0]]}"?' if near else ""
