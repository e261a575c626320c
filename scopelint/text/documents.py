"""Text in documents that programs read: JSON, SARIF, XML, CSV, workflow commands.

What cannot stand in such a document, or would act on the program that shows it later, becomes U+FFFD (the
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
_ESCAPED_IN_SCRIPTS = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
# The full-width forms too: some spreadsheets read them as the plain ones.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


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


def script_json(text: str) -> str:
    """Return a JSON text in which nothing can end the `<script>` element that it stands in."""
    for char, escape in _ESCAPED_IN_SCRIPTS.items():
        text = text.replace(char, escape)
    return text


_LONE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Return `text` as UTF-8 can hold it: a lone surrogate becomes U+FFFD, all else stays."""
    return _LONE.sub(REPLACEMENT, text)


def csv_cell(text: str) -> str:
    """Return `text` on one line that no spreadsheet takes for a formula.

    A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return.
    Such a cell begins with an apostrophe here, which makes it text (OWASP, "CSV Injection").
    """
    if text[:1].isalnum() and text.isprintable():
        return text
    shown = plain_line(text)
    # Leading blanks are judged too: some spreadsheets drop them first.
    risky = text.startswith(_FORMULA) or shown.lstrip().startswith(_FORMULA)
    return f"'{shown}" if risky else shown


def command_message(text: str) -> str:
    """Return `text` as the message of a workflow command of GitHub Actions."""
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Return `text` as the value of a property of a workflow command of GitHub Actions."""
    return command_message(plain_line(text)).replace(":", "%3A").replace(",", "%2C")
