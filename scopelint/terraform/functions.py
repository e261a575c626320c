"""Terraform's functions that can be worked out from their arguments alone.

What each does is that of developer.hashicorp.com/terraform/language/functions. An argument that is
not known makes the result unknown, and so does every function that is not here.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from scopelint.declared import DeclaredAt
from scopelint.terraform.typed_values import (
    MAX_ITEMS,
    MAX_TEXT,
    TOO_LARGE,
    Data,
    Named,
    Unknown,
    Value,
    boolean_of,
    distinct,
    equal,
    number_of,
    text_of,
)

Arguments = list[Value]
Function = Callable[[Arguments, DeclaredAt], Data]
_REFUSED: Final = Unknown("Terraform refuses these arguments")


def call(name: str, arguments: Arguments, at: DeclaredAt) -> Data:
    """Return what a function gives; an Unknown where that cannot be told."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return Unknown(f"the function {name} is not worked out here")
    for value in arguments:
        if isinstance(value.data, Unknown) and name not in _LAZY:
            return value.data
    try:
        made = function(arguments, at)
    except (IndexError, TypeError, ValueError, OverflowError):
        return _REFUSED
    large = isinstance(made, list | dict) and len(made) > MAX_ITEMS
    return TOO_LARGE if large or (isinstance(made, str) and len(made) > MAX_TEXT) else made


def _list(value: Value) -> list[Value]:
    if isinstance(value.data, list):
        return value.data
    raise TypeError


def _map(value: Value) -> dict[str, Value]:
    if isinstance(value.data, dict):
        return value.data
    raise TypeError


def _text(value: Value) -> str:
    found = text_of(value.data)
    if found is None:
        raise TypeError
    return found


def _whole(value: Value) -> int:
    found = number_of(value.data)
    if found is None or found != int(found):
        raise TypeError
    return int(found)


def _has_unknown(items: list[Value]) -> Unknown | None:
    return next((item.data for item in items if isinstance(item.data, Unknown)), None)


def _toset(arguments: Arguments, _: DeclaredAt) -> Data:
    return distinct(_list(arguments[0]))


def _tolist(arguments: Arguments, _: DeclaredAt) -> Data:
    return _list(arguments[0])


def _tomap(arguments: Arguments, _: DeclaredAt) -> Data:
    return _map(arguments[0])


def _tostring(arguments: Arguments, _: DeclaredAt) -> Data:
    data = arguments[0].data
    return data if data is None or isinstance(data, Named) else _text(arguments[0])


def _tonumber(arguments: Arguments, _: DeclaredAt) -> Data:
    data = arguments[0].data
    if data is None or isinstance(data, Named):
        return data
    found = number_of(data)
    return _REFUSED if found is None else found


def _tobool(arguments: Arguments, _: DeclaredAt) -> Data:
    data = arguments[0].data
    found = boolean_of(data)
    return None if data is None else _REFUSED if found is None else found


def _concat(arguments: Arguments, _: DeclaredAt) -> Data:
    return [item for value in arguments for item in _list(value)]


def _flatten(arguments: Arguments, _: DeclaredAt) -> Data:
    return list(itertools.islice(_leaves(_list(arguments[0])), MAX_ITEMS + 1))


def _leaves(items: list[Value]) -> Iterator[Value]:
    for item in items:
        if isinstance(item.data, list):
            yield from _leaves(item.data)
        else:
            yield item


def _merge(arguments: Arguments, _: DeclaredAt) -> Data:
    made: dict[str, Value] = {}
    for value in arguments:
        if value.data is not None:
            made |= _map(value)
    return made


def _keys(arguments: Arguments, at: DeclaredAt) -> Data:
    return [Value(key, at) for key in sorted(_map(arguments[0]))]


def _values(arguments: Arguments, _: DeclaredAt) -> Data:
    return [value for _, value in sorted(_map(arguments[0]).items())]


def _length(arguments: Arguments, _: DeclaredAt) -> Data:
    data = arguments[0].data
    if isinstance(data, list):
        # Two that are not known may be one item of a set.
        return _has_unknown(data) or len(data)
    return len(data) if isinstance(data, dict | str) else _REFUSED


def _lookup(arguments: Arguments, _: DeclaredAt) -> Data:
    found = _map(arguments[0]).get(_text(arguments[1]))
    return arguments[2].data if found is None else found.data


def _contains(arguments: Arguments, _: DeclaredAt) -> Data:
    answers = [equal(item.data, arguments[1].data) for item in _list(arguments[0])]
    if True in answers:
        return True
    return Unknown("a part of the list is not known") if None in answers else False


def _compact(arguments: Arguments, _: DeclaredAt) -> Data:
    items = _list(arguments[0])
    return _has_unknown(items) or [item for item in items if item.data not in (None, "")]


def _coalesce(arguments: Arguments, _: DeclaredAt) -> Data:
    return next((value.data for value in arguments if value.data not in (None, "")), _REFUSED)


def _try(arguments: Arguments, _: DeclaredAt) -> Data:
    # An error is unknown here, so what comes after the first argument is never certain.
    return arguments[0].data


def _element(arguments: Arguments, _: DeclaredAt) -> Data:
    items = _list(arguments[0])
    return items[_whole(arguments[1]) % len(items)].data if items else _REFUSED


def _one(arguments: Arguments, _: DeclaredAt) -> Data:
    items = _list(arguments[0])
    return None if not items else items[0].data if len(items) == 1 else _REFUSED


def _union(arguments: Arguments, at: DeclaredAt) -> Data:
    found = _concat(arguments, at)
    return distinct(found) if isinstance(found, list) else found


def _kept(arguments: Arguments, *, where_in: bool) -> Data:
    items = _list(arguments[0])
    for other in arguments[1:]:
        answers = [_contains([other, item], item.at) for item in items]
        if unknown := next((each for each in answers if isinstance(each, Unknown)), None):
            return unknown
        items = [item for item, said in zip(items, answers, strict=True) if said is where_in]
    return items


def _zipmap(arguments: Arguments, _: DeclaredAt) -> Data:
    names, values = _list(arguments[0]), _list(arguments[1])
    return dict(zip(map(_text, names), values, strict=True))


def _range(arguments: Arguments, at: DeclaredAt) -> Data:
    found = range(*(_whole(value) for value in arguments))
    return [Value(number, at) for number in found[: MAX_ITEMS + 1]]


def _setproduct(arguments: Arguments, at: DeclaredAt) -> Data:
    lists = [_list(value) for value in arguments]
    pairs = itertools.islice(itertools.product(*lists), MAX_ITEMS + 1)
    return [Value(list(pair), at) for pair in pairs]


def _join(arguments: Arguments, _: DeclaredAt) -> Data:
    items = _list(arguments[1])
    return _has_unknown(items) or _text(arguments[0]).join(map(_text, items))


def _split(arguments: Arguments, at: DeclaredAt) -> Data:
    return [Value(part, at) for part in _text(arguments[1]).split(_text(arguments[0]))]


def _of_text(change: Callable[[str], str]) -> Function:
    return lambda arguments, _: change(_text(arguments[0]))


def _nonsensitive(arguments: Arguments, _: DeclaredAt) -> Data:
    return arguments[0].data


_LAZY: Final = frozenset({"coalesce", "try"})
_FUNCTIONS: Final[Mapping[str, Function]] = {
    "coalesce": _coalesce,
    "compact": _compact,
    "concat": _concat,
    "contains": _contains,
    "distinct": _toset,
    "element": _element,
    "flatten": _flatten,
    "join": _join,
    "keys": _keys,
    "length": _length,
    "lookup": _lookup,
    "lower": _of_text(str.lower),
    "merge": _merge,
    "nonsensitive": _nonsensitive,
    "one": _one,
    "range": _range,
    "setintersection": lambda arguments, _: _kept(arguments, where_in=True),
    "setproduct": _setproduct,
    "setsubtract": lambda arguments, _: _kept(arguments, where_in=False),
    "setunion": _union,
    "split": _split,
    "tobool": _tobool,
    "tolist": _tolist,
    "tomap": _tomap,
    "tonumber": _tonumber,
    "toset": _toset,
    "tostring": _tostring,
    "trimspace": _of_text(str.strip),
    "try": _try,
    "upper": _of_text(str.upper),
    "values": _values,
    "zipmap": _zipmap,
}
