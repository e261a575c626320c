"""Untrusted text for the formats that programs read: JSON, SARIF, JUnit XML.

What cannot stand in such a document, or would act on whoever shows it later, becomes U+FFFD (the
replacement character), so that every name stays text and every document stays well-formed.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

REPLACEMENT = "\ufffd"

_FORBIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # all controls but tab and line feed
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # separators, direction marks and overrides
    "\ufeff\ufff9-\ufffb\ufffe\uffff"  # byte order mark, annotations, noncharacters
    "\ud800-\udfff"  # lone surrogates cannot be encoded
    "\U000e0000-\U000e007f"  # tag characters hide ASCII
    "]"
)
# Legal inside a JSON string, but raw they would reach a terminal or a JavaScript parser.
_ESCAPED_IN_JSON = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def plain(text: str) -> str:
    """Return `text` with line feeds and tabs kept and everything unfit replaced by U+FFFD."""
    if text.isprintable():  # false for every control, format, surrogate and separator
        return text
    return _FORBIDDEN.sub(REPLACEMENT, text.replace("\r\n", "\n"))


def plain_line(text: str) -> str:
    """Return `text` as `plain` does, on one line: line feeds and tabs are replaced as well."""
    if text.isprintable():
        return text
    return plain(text).replace("\n", REPLACEMENT).replace("\t", REPLACEMENT)


def shorten(text: str, limit: int) -> str:
    """Return `text` within `limit` characters, the last one an ellipsis where it was longer."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def utc(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC to the second: `2026-08-01T06:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain_json(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON data")


_SPACED = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain_json)
_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return REPLACEMENT if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"


def json_text(value: object, *, compact: bool = False) -> str:
    """Return `value` as JSON on one line that any UTF-8 encoder and any terminal can take.

    Control and direction characters stay in the data, as escapes; lone surrogates become U+FFFD.
    Raise TypeError for what is no JSON data, ValueError for NaN and infinities.
    """
    text = (_COMPACT if compact else _SPACED).encode(value)
    return text if text.isprintable() else _ESCAPED_IN_JSON.sub(_escape, text)
