"""JSON and TOML: their values with the keys that lead to them, and the line that each stands in."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Final

from scopelint.finder import RepositoryFile, UnreadableFileError

_STRING: Final = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'")

_DEEP_KEY: Final = re.compile(r"(?:[\w\"'-]{1,100}\s?\.\s?){200}")
"""Reading such a key takes time that grows with the square of its length."""

Keys = tuple[str, ...]


def json_texts(file: RepositoryFile) -> Iterator[tuple[Keys, int, str]]:
    """Yield the keys, line and text of every text of a JSON file.

    Raise UnreadableFileError where it is no JSON object.
    """
    try:
        data = json.loads(file.text)
    except ValueError:
        raise UnreadableFileError("it is no JSON") from None
    if not isinstance(data, dict):
        raise UnreadableFileError("it is no JSON object")
    yield from _texts(data, _Lines(file.text))


def toml_texts(file: RepositoryFile) -> Iterator[tuple[Keys, int, str]]:
    """Yield the same of a TOML file; raise UnreadableFileError where it is no TOML."""
    if _DEEP_KEY.search(file.text):
        raise UnreadableFileError("it is nested too deeply")
    try:
        data = tomllib.loads(file.text)
    except ValueError:
        raise UnreadableFileError("it is no TOML") from None
    yield from _texts(data, _Lines(file.text))


class _Lines:
    """The lines of texts in quotes; of a text that stands there several times, one after the other."""

    def __init__(self, text: str) -> None:
        self.of: dict[str, list[int]] = {}
        for number, line in enumerate(text.split("\n"), 1):
            for match in _STRING.finditer(line):
                raw = match[1] if match[1] is not None else match[2]
                self.of.setdefault(raw.replace("\\/", "/"), []).append(number)

    def take(self, text: str) -> int:
        lines = self.of.get(text)
        if lines is None:
            return 1
        return lines.pop(0) if len(lines) > 1 else lines[0]


def _texts(data: object, lines: _Lines) -> Iterator[tuple[Keys, int, str]]:
    # Not by recursion: a file may nest as deep as its reader lets it.
    waiting: list[tuple[Keys, object]] = [((), data)]
    while waiting:
        keys, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*keys[-8:], str(key)), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(keys, inner) for inner in reversed(value)]
        elif isinstance(value, str):
            yield keys, lines.take(value), value
