"""The text of a configuration file: read within bounds, decoded, and its offsets as lines and columns."""

import codecs
import hashlib
import re
from bisect import bisect_right
from functools import cached_property
from pathlib import Path

from scopelint.errors import ConfigError, Problem
from scopelint.text import clean, excerpt

MAX_BYTES = 5 * 1024 * 1024
"""The largest configuration file that is read, in any language."""

# UTF-32's little-endian mark begins with UTF-16's, so it is tried first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# YAML 1.2 counts U+0085, U+2028 and U+2029 as plain characters, PyYAML's scanner as line ends:
# refusing them keeps both readings equal.
_REFUSED = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_BREAK = re.compile(r"\r\n|\r|\n")


class SourceText:
    """A file's text with its name; turns character offsets into lines and columns."""

    def __init__(self, name: str, text: str, sha256: str = "") -> None:
        """`sha256` is the digest of the file's bytes in hex, empty for what is no whole file."""
        self.name = name
        self.text = text
        self.sha256 = sha256

    def __repr__(self) -> str:
        return f"SourceText({self.name!r})"

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column, both from 1, of the character at offset `index`."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return line `number` (from 1) without its end; empty beyond the last."""
        if number > len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def character(self, line: int, column: int) -> str:
        """Return the character at a place; empty beyond the end."""
        index = self._starts[line - 1] + column - 1
        return self.text[index : index + 1]

    def problem(self, line: int, column: int, message: str, hint: str = "") -> Problem:
        """Return a problem at this place, with the offending line as its excerpt."""
        shown_line = excerpt(self.line(line), column)
        return Problem(self.name, message, line, column, shown_line, hint)


def read_source(path: Path, name: str = "", *, language: str = "YAML") -> SourceText:
    """Return the text of the file at `path`; `name` is shown in messages instead of it.

    `language` is what the file is written in, for messages.

    Raise ConfigError where it is missing, a folder, unreadable, over 5 MB or no text.
    """
    name = name or clean(str(path))
    try:
        if path.is_dir():
            raise _fault(name, "this is a folder, a file is needed")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _fault(name, "there is no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _fault(name, f"the file cannot be read: {reason}") from error
    return decode(data, name, language=language)


def decode(data: bytes | str, name: str, *, language: str = "YAML") -> SourceText:
    """Return `data` as text: UTF-8, or UTF-8, UTF-16 or UTF-32 by its byte order mark.

    Raise ConfigError for bytes that are not that encoding, control characters, and over 5 MB.
    """
    if len(data) > MAX_BYTES:
        raise _fault(name, f"the file is larger than {MAX_BYTES // 1024**2} MB")
    text = data if isinstance(data, str) else _decode_bytes(data, name)
    digest = hashlib.sha256(
        data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    ).hexdigest()
    source = SourceText(name, text.removeprefix("\ufeff"), digest)
    _refuse_control_characters(source, language)
    return source


def _decode_bytes(data: bytes, name: str) -> str:
    mark, encoding = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", "utf-8"))
    body = data[len(mark) :]
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        before = SourceText(name, body[: error.start].decode(encoding, "replace"))
        line, column = before.place(len(before.text))
        problem = before.problem(
            line,
            column,
            f"byte 0x{body[error.start]:02x} is not valid {encoding.upper()}",
            "save the file as UTF-8",
        )
        raise ConfigError([problem]) from None


def _refuse_control_characters(source: SourceText, language: str) -> None:
    found = _REFUSED.search(source.text)
    if found is None:
        return
    code = ord(found.group())
    hint = 'write it as an escape in double quotes, such as "\\u2028", or remove it'
    if code == 0:
        hint = "save the file as UTF-8; UTF-16 is read only with a byte order mark"
    line, column = source.place(found.start())
    message = f"character U+{code:04X} is not allowed in a {language} file"
    raise ConfigError([source.problem(line, column, message, hint)])


def _fault(name: str, message: str) -> ConfigError:
    return ConfigError([Problem(name, message)])
