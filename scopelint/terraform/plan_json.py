"""`terraform show -json` of a plan, as a declared policy: what GitLab has once it is applied.

The format is that of developer.hashicorp.com/terraform/internals/json-format, major version 1:

- `resource_changes` has every resource of every module by its full address, one that does not
  change with the action `no-op`; `change.actions` is `["create"]`, `["update"]`, `["delete"]`,
  `["delete", "create"]`, `["create", "delete"]`, `["read"]`, `["no-op"]` or `["forget"]`.
- `change.before` and `change.after` hold the values. `after_unknown` has true where a value is not
  known before the plan is applied, `before_sensitive` and `after_sensitive` where it is sensitive:
  such a value is not read, and is *unknown*.
- `forget` takes the resource out of Terraform's state and leaves GitLab alone
  (developer.hashicorp.com/terraform/language/resources/syntax, "Removing Resources").
- `errored` is true for a plan that is not whole. `deferred_changes` are those that a later plan
  will make; they are unknown.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scopelint.declared import DeclaredAt, DeclaredPolicy, DeclaredUnknown
from scopelint.errors import ConfigError, Problem
from scopelint.terraform.policy import TerraformPolicy
from scopelint.terraform.resources import TYPES, Read, read_resource
from scopelint.terraform.typed_values import Data, Unknown, Value
from scopelint.text import clean
from scopelint.yaml import SourceText, decode, read_source

MAX_DEPTH: Final = 100
"""Levels of arrays and objects in a plan that is read; Terraform's own have some twenty."""
_ADDRESS = re.compile(r'"address"\s*:\s*("(?:[^"\\]|\\.)*")')
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')
_AFTER_APPLY: Final = "it is known only once the plan is applied"
_SENSITIVE: Final = "it is sensitive, so it is not read"
_HINT: Final = "make the file with: terraform show -json PLANFILE"
_REPLACED: Final = frozenset({("delete", "create"), ("create", "delete")})
_KEPT: Final = frozenset({("no-op",), ("create",), ("update",)})


def read_plan(
    origin: Path | str, source: str = "", *, include_archived: bool = False
) -> DeclaredPolicy:
    """Read the JSON of a plan from a file, or from its text; `source` names it in messages.

    Raise ConfigError, with the line, for what is no such JSON: another format or major version, a
    state, a plan that ended with an error, a resource without what every plan gives.
    """
    if isinstance(origin, Path):
        text = read_source(origin, source, language="JSON")
    else:
        text = decode(origin, source or "plan.json", language="JSON")
    return _Plan(text).policy(include_archived=include_archived)


@dataclass(frozen=True, slots=True)
class _Change:
    """One of the two resources, as `resource_changes` has it."""

    type: str
    address: str
    actions: tuple[str, ...]
    change: Mapping[str, Any]
    at: DeclaredAt
    index: int
    """Where it stands in the text."""


class _Plan:
    def __init__(self, text: SourceText) -> None:
        self._text = text
        self._places = [(match.start(), match.group(1)) for match in _ADDRESS.finditer(text.text)]
        self._place_of: dict[str, int] = {}

    def policy(self, *, include_archived: bool) -> DeclaredPolicy:
        root = self._root()
        reads = [
            read
            for change in self._changes(root, "resource_changes")
            for read in self._read(change)
        ]
        for item in self._items(root, "deferred_changes"):
            found = item.get("resource_change")
            if isinstance(found, dict) and (change := self._change(found)) is not None:
                reads.append(self._whole(change, "the plan leaves it to a later one"))
        return TerraformPolicy(self._text.name, reads, include_archived=include_archived)

    def _fault(self, message: str, hint: str = _HINT, index: int | None = None) -> ConfigError:
        line, column = self._text.place(index or 0)
        return ConfigError([Problem(self._text.name, message, line, column, "", hint)])

    def _root(self) -> Mapping[str, Any]:
        self._check_depth()
        try:
            root = json.loads(self._text.text, object_pairs_hook=self._unique)
        except json.JSONDecodeError as error:
            raise self._fault(f"this is no JSON: {error.msg}", index=error.pos) from None
        except ValueError:  # a number of more digits than Python reads
            raise self._fault("this is no JSON: a number is too long") from None
        version = root.get("format_version") if isinstance(root, dict) else None
        if not isinstance(version, str):
            raise self._fault("this is no plan: it has no format_version")
        if version.partition(".")[0] not in {"0", "1"}:
            raise self._fault("format_version is another than 0 and 1, which scopelint knows")
        # Terraform leaves the list out where there is no resource at all.
        empty = root.get("planned_values") in ({}, {"root_module": {}})
        if "resource_changes" not in root and not empty:
            what = "this is a state, not a plan" if "values" in root else "this is no plan"
            raise self._fault(f"{what}: it has no resource_changes")
        if root.get("errored") is True:
            raise self._fault(
                "the plan ended with an error, so it is not whole", "correct it and plan again"
            )
        return dict(root)

    def _check_depth(self) -> None:
        depth = 0
        for match in _BRACKETS.finditer(self._text.text):
            depth += (match.group(1) is not None) - (match.group(2) is not None)
            if depth > MAX_DEPTH:
                message = f"nested deeper than {MAX_DEPTH} levels"
                raise self._fault(message, index=match.start())

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise self._fault("an object has one key twice, so what it says is not certain")
        return made

    def _items(self, root: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
        found = root.get(key)
        if found is None:
            return
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self._fault(f"{key} is not a list of objects")
        yield from found

    def _changes(self, root: Mapping[str, Any], key: str) -> Iterator[_Change]:
        for item in self._items(root, key):
            if (change := self._change(item)) is not None:
                yield change

    def _change(self, item: Mapping[str, Any]) -> _Change | None:
        """Return a change of one of the two resources, None for that of another."""
        kind, address, mode = item.get("type"), item.get("address"), item.get("mode")
        if not isinstance(kind, str) or kind not in TYPES or mode == "data":
            return None
        if not isinstance(address, str) or not address:
            raise self._fault(f"a {kind} has no address")
        change = item.get("change")
        actions = change.get("actions") if isinstance(change, dict) else None
        if (
            not isinstance(change, dict)
            or not isinstance(actions, list)
            or not all(isinstance(action, str) for action in actions)
        ):
            raise self._fault("this resource has no change.actions", index=self._index(address))
        at = self._at(address)
        shown = at.address
        if isinstance(item.get("deposed"), str):
            shown += f" (deposed {clean(item['deposed'])})"
        return _Change(kind, shown, tuple(actions), change, at, self._index(address))

    def _read(self, change: _Change) -> Iterator[Read]:
        if change.actions in _KEPT:
            yield self._values(change, "after")
        elif change.actions == ("delete",):
            yield self._values(change, "before", destroyed=True)
        elif change.actions in _REPLACED:
            # The later step decides where both are for one project.
            for action in change.actions:
                if action == "delete":
                    yield self._values(change, "before", destroyed=True)
                else:
                    yield self._values(change, "after")
        elif change.actions != ("forget",):
            names = ", ".join(change.actions)
            yield self._whole(change, f"scopelint does not know the actions [{names}]")

    def _values(self, change: _Change, side: str, *, destroyed: bool = False) -> Read:
        at = change.at
        values = change.change.get(side)
        if not isinstance(values, dict):
            message = f"change.{side} of this resource is no object"
            raise self._fault(message, index=change.index)
        unknown = change.change.get("after_unknown") if side == "after" else None
        sensitive = change.change.get(f"{side}_sensitive")
        if unknown is True or sensitive is True:
            return self._whole(change, _AFTER_APPLY if unknown is True else _SENSITIVE)
        marks = [
            (mark, why)
            for mark, why in ((unknown, _AFTER_APPLY), (sensitive, _SENSITIVE))
            if isinstance(mark, dict)
        ]
        keys = dict.fromkeys([*values, *(key for mark, _ in marks for key in mark)])
        given = {
            key: _value(values.get(key), [(mark.get(key), why) for mark, why in marks], at)
            for key in keys
        }
        # Both names of one value stand in the plan of a provider before 19.0.
        if given.get("project") is not None and given["project"].data is not None:
            given.pop("project_id", None)
        given.pop("id", None)
        return read_resource(change.type, change.address, at, given, destroyed=destroyed)

    def _whole(self, change: _Change, why: str) -> Read:
        return Read((), (DeclaredUnknown("resource", change.address, why, change.at),))

    def _at(self, address: str) -> DeclaredAt:
        line, _ = self._text.place(self._index(address))
        return DeclaredAt(self._text.name, line, clean(address))

    def _index(self, address: str) -> int:
        """Return where an address first stands in the list of changes, 0 where it is not found."""
        if not self._place_of:
            start = self._text.text.find('"resource_changes"')
            first = bisect_right(self._places, (max(start, 0), ""))
            for index, quoted in reversed([*self._places[first:], *self._places[:first]]):
                self._place_of[str(json.loads(quoted))] = index
        return self._place_of.get(address, 0)


def _value(data: Any, marks: list[tuple[Any, str]], at: DeclaredAt) -> Value:
    for mark, why in marks:
        if mark is True:
            return Value(Unknown(why), at)
    if isinstance(data, list):
        length = max([len(data), *(len(mark) for mark, _ in marks if isinstance(mark, list))])
        items = [
            _value(
                data[number] if number < len(data) else None,
                [
                    (mark[number], why)
                    for mark, why in marks
                    if isinstance(mark, list) and number < len(mark)
                ],
                at,
            )
            for number in range(length)
        ]
        return Value(items, at)
    plain: Data = data if isinstance(data, bool | int | float | str) else None
    if isinstance(data, dict):
        plain = {key: _value(item, [], at) for key, item in data.items()}
    return Value(plain, at)
