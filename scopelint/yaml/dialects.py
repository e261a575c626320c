"""How a YAML file is read: by the core schema of YAML 1.2, or as ruamel.yaml reads it.

gitlabform loads its config with ruamel.yaml (pypi package `ruamel.yaml`, `resolver.py` and
`constructor.py`), which differs from the core schema: underscores in numbers, binary numbers,
dates, merge keys, and with a `%YAML 1.1` line the old booleans and octal numbers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from scopelint.yaml.nodes import ScalarValue
from scopelint.yaml.scalars import MAX_NUMBER_LENGTH, ScalarError, resolve_plain

Version = tuple[int, int] | None
"""Of the `%YAML` line, None where there is none."""


class Timestamp(str):
    """A date or time as the file has it; ruamel.yaml makes a date object of it, not text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """A way of reading: `resolve` gives an unquoted scalar's value.

    `merge_keys` says that `<<` merges mappings, `anchors_once` that an anchor may be set once;
    `most_aliased` values may all aliases of a file together stand for.
    """

    resolve: Callable[[str, Version], ScalarValue]
    merge_keys: bool = False
    anchors_once: bool = False
    most_aliased: int = 10_000


_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_TRUE_11 = _TRUE | {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE_11 = _FALSE | {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_INT = re.compile(r"[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+")
_INT_11 = re.compile(
    r"[-+]?0b[01_]+|[-+]?0?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+"
    r"|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
)
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{2}?-[0-9]{2}?(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_BASES = {"0b": 2, "0o": 8, "0x": 16}


def _ruamel(text: str, version: Version) -> ScalarValue:
    """Return the value of an unquoted scalar; raise ScalarError for an over-long number."""
    if text in _NULL:
        return None
    old = version == (1, 1)
    if text in (_TRUE_11 if old else _TRUE):
        return True
    if text in (_FALSE_11 if old else _FALSE):
        return False
    if text[0] not in "-+.0123456789":
        return text
    if len(text) > MAX_NUMBER_LENGTH and (_INT.fullmatch(text) or _FLOAT.fullmatch(text)):
        raise ScalarError(f"a number has at most {MAX_NUMBER_LENGTH} characters")
    if _TIMESTAMP.fullmatch(text):
        return Timestamp(text)
    return _number(text, old=old)


def _number(text: str, *, old: bool) -> ScalarValue:
    plain = text.replace("_", "")
    sign = -1 if plain.startswith("-") else 1
    digits = plain.lstrip("+-")
    # An integer comes before a float in no case: the two patterns share no text.
    try:
        if (_INT_11 if old else _INT).fullmatch(text):
            return sign * _integer(digits, old=old)
        if _FLOAT.fullmatch(text):
            return sign * float(digits.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
    return text


def _integer(digits: str, *, old: bool) -> int:
    if digits[:2] in _BASES:
        return int(digits[2:], _BASES[digits[:2]])
    if old and ":" in digits:
        value = 0
        for part in digits.split(":"):
            value = value * 60 + int(part)
        return value
    return int(digits, 8 if old and digits.startswith("0") and digits != "0" else 10)


CORE = Dialect(lambda text, _: resolve_plain(text))
"""The core schema of YAML 1.2: scopelint.yml."""
RUAMEL = Dialect(_ruamel, merge_keys=True, anchors_once=True, most_aliased=200_000)
"""As gitlabform reads its config."""
