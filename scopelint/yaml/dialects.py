"""What a scalar means: by the core schema of YAML 1.2, or as ruamel.yaml reads it.

The core schema (yaml.org/spec/1.2.2, section 10.3.2): `yes`, `no`, `on` and `off` are text, `0o17`
is 15, `012` is 12, and dates stay text. gitlabform loads its config with ruamel.yaml (pypi package
`ruamel.yaml`, `resolver.py` and `constructor.py`), which adds underscores in numbers, binary
numbers, dates and merge keys, and with a `%YAML 1.1` line the old booleans and octal numbers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from scopelint.yaml.nodes import ScalarValue

MAX_NUMBER_LENGTH = 400
"""Characters of a number; longer ones are refused rather than computed with."""
CORE_TAG = "tag:yaml.org,2002:"
SCALAR_TAGS = frozenset({"str", "null", "bool", "int", "float"})

YamlVersion = tuple[int, int] | None
"""Of the `%YAML` line, None where there is none."""

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


class Timestamp(str):
    """A date or time as the file has it; ruamel.yaml makes a date object of it, not text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """A way of reading a file."""

    resolve: Callable[[str, YamlVersion], ScalarValue]
    """Gives an unquoted scalar's value; raises ScalarError for an over-long number."""
    merge_keys: bool = False
    """Whether `<<` merges mappings."""
    anchors_once: bool = False
    """Whether an anchor may be set only once."""
    most_aliased: int = 10_000
    """Values that all aliases of a file together may stand for."""
    last_wins: bool = False
    """Whether of equal keys the last one counts, and merge keys too work where they stand."""
    list_tags: frozenset[str] = frozenset()
    """Tags of its own that a list may have; `SequenceNode.tag` has them."""


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


def _core(text: str, _: YamlVersion) -> ScalarValue:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    number = _integer(text)
    if number is not None:
        return number
    fraction = _float(text)
    return text if fraction is None else fraction


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


# ruamel.yaml ---------------------------------------------------------------------------------

_TRUE_11 = _TRUE | {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE_11 = _FALSE | {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
_RUAMEL_INT = re.compile(r"[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+")
_RUAMEL_INT_11 = re.compile(
    r"[-+]?0b[01_]+|[-+]?0?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+"
    r"|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
)
_RUAMEL_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{2}?-[0-9]{2}?(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_BASES = {"0b": 2, "0o": 8, "0x": 16}


def _ruamel(text: str, version: YamlVersion) -> ScalarValue:
    if text in _NULL:
        return None
    old = version == (1, 1)
    if text in (_TRUE_11 if old else _TRUE):
        return True
    if text in (_FALSE_11 if old else _FALSE):
        return False
    if text[0] not in "-+.0123456789":
        return text
    if len(text) > MAX_NUMBER_LENGTH and (
        _RUAMEL_INT.fullmatch(text) or _RUAMEL_FLOAT.fullmatch(text)
    ):
        raise ScalarError(f"a number has at most {MAX_NUMBER_LENGTH} characters")
    if _TIMESTAMP.fullmatch(text):
        return Timestamp(text)
    return _ruamel_number(text, old=old)


def _ruamel_number(text: str, *, old: bool) -> ScalarValue:
    plain = text.replace("_", "")
    sign = -1 if plain.startswith("-") else 1
    digits = plain.lstrip("+-")
    # No text fits both patterns, so their order does not matter.
    try:
        if (_RUAMEL_INT_11 if old else _RUAMEL_INT).fullmatch(text):
            return sign * _ruamel_integer(digits, old=old)
        if _RUAMEL_FLOAT.fullmatch(text):
            return sign * float(digits.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
    return text


def _ruamel_integer(digits: str, *, old: bool) -> int:
    if digits[:2] in _BASES:
        return int(digits[2:], _BASES[digits[:2]])
    if old and ":" in digits:
        value = 0
        for part in digits.split(":"):
            value = value * 60 + int(part)
        return value
    return int(digits, 8 if old and digits.startswith("0") and digits != "0" else 10)


CORE = Dialect(_core)
"""The core schema of YAML 1.2: scopelint.yml."""
RUAMEL = Dialect(_ruamel, merge_keys=True, anchors_once=True, most_aliased=200_000)
"""As gitlabform reads its config."""
GITLAB = Dialect(
    _core,
    merge_keys=True,
    most_aliased=200_000,
    last_wins=True,
    list_tags=frozenset({"!reference"}),
)
"""As GitLab reads a CI/CD configuration, by Ruby's Psych: of equal keys the last one counts, and a
merge key overwrites the keys before it. `yes` and dates are read as text: a reader of script
lines, names and addresses asks for `ScalarNode.text`. Source: psych, `visitors/to_ruby.rb`; GitLab
18.9, `lib/gitlab/ci/config/yaml/tags/reference.rb`."""
