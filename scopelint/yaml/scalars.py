"""Scalars by the core schema of YAML 1.2 (yaml.org/spec/1.2.2, section 10.3.2).

`yes`, `no`, `on` and `off` are text, `0o17` is 15, `012` is 12, and dates stay text.
"""

import re

from scopelint.yaml.nodes import ScalarValue

MAX_NUMBER_LENGTH = 400
"""Characters of a number; longer ones are refused rather than computed with."""

CORE_TAG = "tag:yaml.org,2002:"
SCALAR_TAGS = frozenset({"str", "null", "bool", "int", "float"})

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})


class ScalarError(ValueError):
    """A scalar is not what its tag says, or is too long a number."""


def resolve_plain(text: str) -> ScalarValue:
    """Return the value of an unquoted scalar; raise ScalarError for an over-long number."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    number = _number(text)
    return text if number is None else number


def resolve_tagged(tag: str, text: str) -> ScalarValue:
    """Return the value of a scalar with one of the `SCALAR_TAGS`; raise ScalarError on a misfit."""
    match tag:
        case "str":
            return text
        case "null" if text in _NULL:
            return None
        case "bool" if text in _TRUE or text in _FALSE:
            return text in _TRUE
        case "int":
            number: int | float | None = _integer(text)
        case "float":
            number = _float(text)
        case _:
            number = None
    if number is None:
        raise ScalarError(f"this is not what its tag !!{tag} says")
    return number


def _number(text: str) -> int | float | None:
    number = _integer(text)
    return _float(text) if number is None else number


def _integer(text: str) -> int | None:
    for pattern, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEX, 16)):
        if pattern.fullmatch(text):
            _check_length(text)
            return int(text[2:] if base != 10 else text, base)
    return None


def _float(text: str) -> float | None:
    if _FLOAT.fullmatch(text):
        _check_length(text)
        return float(text)
    if _INFINITY.fullmatch(text):
        return float("-inf" if text.startswith("-") else "inf")
    return float("nan") if text in _NAN else None


def _check_length(text: str) -> None:
    if len(text) > MAX_NUMBER_LENGTH:
        raise ScalarError(f"a number has at most {MAX_NUMBER_LENGTH} characters")
