"""Turns sarif-om's objects into SARIF's JSON data.

sarif-om's own serialiser is not used: it copies every subtree at every level, drops a `level` that
equals the class default (a consumer then takes the rule's), writes dates and NaN as they come, and
its `Suppression` still has the name of a pre-release for `status` (SARIF 2.1.0, section 3.35.3).
"""

from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any, NamedTuple

_KEPT = {"level"}
"""Properties that are written even where they equal the default of the schema."""

_RENAMED = {("Suppression", "state"): "status"}


class _Field(NamedTuple):
    attribute: str
    name: str
    default: Any
    droppable: bool


@cache
def _plan(kind: type) -> tuple[_Field, ...]:
    """Return how the attributes of one of sarif-om's classes are written."""
    fields = getattr(kind, "__attrs_attrs__", None)
    if fields is None:
        raise TypeError(f"{kind.__name__} cannot stand in a SARIF file")
    return tuple(
        _Field(
            field.name,
            _RENAMED.get((kind.__name__, field.name), field.metadata["schema_property_name"]),
            _default(field.default),
            field.metadata["schema_property_name"] not in _KEPT,
        )
        for field in fields
    )


def _default(default: Any) -> Any:
    make: Callable[[], Any] | None = getattr(default, "factory", None)
    return make() if make else default


def to_data(value: Any) -> Any:
    """Return `value`, one of sarif-om's objects or JSON data, as JSON data.

    Absent values and schema defaults are left out, a `level` never is. Raise TypeError for
    anything that is neither (an enum or a date, say), ValueError for NaN and infinities.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool:
        return value
    if kind is list or kind is tuple:
        return [to_data(item) for item in value]
    if kind is dict:
        return {_key(key): to_data(item) for key, item in value.items()}
    if kind is float:
        if not isfinite(value):
            raise ValueError("a number in a SARIF file must be finite")
        return value
    return _object(value, kind)


def _key(key: Any) -> str:
    if type(key) is not str:
        raise TypeError(f"{key!r} cannot be a property's name")
    return key


def _object(value: Any, kind: type) -> dict[str, Any]:
    data = {}
    for attribute, name, default, droppable in _plan(kind):
        item = getattr(value, attribute)
        if item is None or (droppable and item == default):
            continue
        data[name] = to_data(item)
    return data
