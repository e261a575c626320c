"""Values of Terraform, each with the place that gives it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from scopelint.declared import DeclaredAt
from scopelint.model import EntryKind

MAX_ITEMS: Final = 100_000
"""Items of one list or map, and MAX_TEXT characters of one text, that are worked out."""
MAX_TEXT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be told without running Terraform."""

    why: str
    """A part of a sentence: `var.teams has no default`."""


TOO_LARGE: Final = Unknown("its value is too large")


@dataclass(frozen=True, slots=True)
class Named:
    """The id of a group or project that is known by its path, or by its number."""

    kind: EntryKind
    name: int | str


@dataclass(frozen=True, slots=True)
class KnownAttributes:
    """The attributes of a resource or data source that are known; `why` the others are not."""

    attributes: "dict[str, Value]"
    why: str


Data: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | Named | KnownAttributes | Unknown | None"
"""A set is a list without doubles: only Terraform's own checks need the difference."""


@dataclass(frozen=True, slots=True)
class Value:
    """Data with the place that gives it."""

    data: Data
    at: DeclaredAt


def text_of(data: Data) -> str | None:
    """Return a single value as Terraform writes it into a text, None for what is none."""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, float) and data.is_integer():
        return str(int(data))
    if isinstance(data, int | float):
        return str(data)
    return data if isinstance(data, str) else None


def number_of(data: Data) -> int | float | None:
    """Return a number, also one that is written as text; None for what is none."""
    if isinstance(data, bool):
        return None
    if isinstance(data, int | float):
        return data
    if isinstance(data, str) and len(data) < 40:
        try:
            return float(data) if "." in data or "e" in data.lower() else int(data)
        except ValueError:
            return None
    return None


def boolean_of(data: Data) -> bool | None:
    """Return true or false, also written as text; None for what is neither."""
    if isinstance(data, bool):
        return data
    return {"true": True, "false": False}.get(data) if isinstance(data, str) else None


def equal(one: Data, other: Data) -> bool | None:
    """Tell whether two values are equal; None where that is not known."""
    if any(isinstance(each, Unknown | Named | KnownAttributes) for each in (one, other)):
        return True if isinstance(one, Named) and one == other else None
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and _all(equal(a.data, b.data) for a, b in pairs)
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return False
        return _all(equal(value.data, other[key].data) for key, value in one.items())
    same_kind = isinstance(one, bool) == isinstance(other, bool)
    return same_kind and one == other


def _all(answers: "Iterable[bool | None]") -> bool | None:
    found = list(answers)
    return False if False in found else None if None in found else True


def distinct(items: "list[Value]") -> "list[Value]":
    """Return the items without those that are certainly equal to an earlier one."""
    seen: set[object] = set()
    kept: list[Value] = []
    for item in items:
        key = item.data if isinstance(item.data, Named) else text_of(item.data)
        if key is None:
            if not any(equal(item.data, other.data) for other in kept[:1000]):
                kept.append(item)
        elif key not in seen:
            seen.add(key)
            kept.append(item)
    return kept
