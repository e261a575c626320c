"""Layers of a gitlabform config, laid over one another as gitlabform does it.

The steps are those of gitlabform's `configuration/core.py` and of the package `mergedeep`, over
trees that keep the place of every value: mappings are merged key by key, everything else is
replaced; `inherit: false` puts the specific mapping in place of the merged one. What makes
gitlabform stop is a `StopError` here, with the place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from scopelint.text import shown
from scopelint.yaml import AnyNode, MappingNode, ScalarNode, ScalarValue, SequenceNode

INHERIT = "inherit"


@dataclass(frozen=True, slots=True)
class Item:
    """A value under its key; the key's node says where it was given."""

    key: ScalarNode
    value: "Value"


@dataclass(slots=True)
class Branch:
    """A mapping that can be merged. `node` is where it came from, None for nothing given."""

    node: AnyNode | None = None
    items: dict[ScalarValue, Item] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.items)

    def value(self, key: ScalarValue) -> "Value | None":
        """Return what is under a key, None where there is no such key."""
        found = self.items.get(key)
        return None if found is None else found.value


Value: TypeAlias = Branch | ScalarNode | SequenceNode
Path: TypeAlias = tuple[ScalarValue, ...]
Replaced: TypeAlias = Callable[[Path, SequenceNode, SequenceNode], None]
"""Called with the path, the general and the specific list where one replaces the other."""


class StopError(Exception):
    """gitlabform stops with an error at this config; `node` is where."""

    def __init__(self, message: str, node: AnyNode, remediation: str) -> None:
        super().__init__(message)
        self.node = node
        self.remediation = remediation


def branch(node: MappingNode) -> Branch:
    """Return a mapping as a branch, the mappings in it too."""
    return Branch(node, {key.value: Item(key, tree(value)) for key, value in node.value})


def tree(node: AnyNode) -> Value:
    """Return a node as a value that can be merged."""
    return branch(node) if isinstance(node, MappingNode) else node


def truthy(value: "Value | None") -> bool:
    """Tell whether Python takes a value for true."""
    if isinstance(value, ScalarNode):
        return bool(value.value)
    if isinstance(value, SequenceNode):
        return bool(value.value)
    return bool(value)


def node_of(value: Value, otherwise: AnyNode) -> AnyNode:
    """Return the node that a value stands at."""
    return (value.node or otherwise) if isinstance(value, Branch) else value


def merge(general: Value, specific: Value, replaced: Replaced | None = None) -> Branch:
    """Return `general` with `specific` laid over it; raise StopError where gitlabform cannot.

    `replaced` is called for every list that takes the place of another, unless an
    `inherit: false` around it says that this is intended.
    """
    result = Branch(general.node if isinstance(general, Branch) else None)
    _lay_over(result, _mapping(general), (), None)
    top = _mapping(specific)
    if not isinstance(specific, Branch):
        raise _no_mapping(specific)
    _lay_over(result, top, (), replaced)
    result.node = specific.node or result.node
    _break_inheritance(result, top, ())
    return result


def _mapping(value: Value) -> Branch:
    if isinstance(value, Branch):
        return value
    # An empty list or text holds nothing to go through, so Python does not mind its type.
    if isinstance(value, SequenceNode) and not value.value:
        return Branch(value)
    if isinstance(value, ScalarNode) and value.value == "":
        return Branch(value)
    raise _no_mapping(value)


def _no_mapping(value: ScalarNode | SequenceNode) -> StopError:
    what = "a list" if isinstance(value, SequenceNode) else shown(value.value)
    message = f"this level is {what}, where a mapping of sections is needed"
    return StopError(message, value, "Give it a section, or remove the key.")


def _lay_over(result: Branch, source: Branch, path: Path, replaced: Replaced | None) -> None:
    meant = INHERIT in source.items
    for key, item in source.items.items():
        here = result.items.get(key)
        if here is not None and isinstance(here.value, Branch) and isinstance(item.value, Branch):
            below = Branch(item.value.node, dict(here.value.items))
            _lay_over(below, item.value, (*path, key), None if meant else replaced)
            result.items[key] = Item(item.key, below)
            continue
        if (
            here is not None
            and isinstance(here.value, SequenceNode)
            and isinstance(item.value, SequenceNode)
            and replaced is not None
            and not meant
        ):
            replaced((*path, key), here.value, item.value)
        result.items[key] = Item(item.key, _copy(item.value))


def _copy(value: Value) -> Value:
    if not isinstance(value, Branch):
        return value
    items = {key: Item(item.key, _copy(item.value)) for key, item in value.items.items()}
    return Branch(value.node, items)


def _break_inheritance(result: Branch, specific: Branch, path: Path) -> None:
    for key, item in specific.items.items():
        if key == INHERIT:
            if truthy(item.value):
                raise StopError(
                    "inherit takes false alone: gitlabform refuses anything else here",
                    item.key,
                    "Remove it: levels inherit by default.",
                )
            _replace(result, specific, path, item.key)
            return
        if isinstance(item.value, Branch):
            _break_inheritance(result, item.value, (*path, key))


def _replace(result: Branch, specific: Branch, path: Path, key: ScalarNode) -> None:
    if not path:
        raise StopError(
            "inherit: false stands beside the sections; gitlabform crashes on it there",
            key,
            "Write it into the section that shall not inherit.",
        )
    target = result
    for name in path[:-1]:
        below = target.value(name)
        if not isinstance(below, Branch):
            raise StopError("gitlabform cannot find what inherit: false is for", key, "Remove it.")
        target = below
    kept = Branch(specific.node, {k: item for k, item in specific.items.items() if k != INHERIT})
    old = target.items.get(path[-1])
    target.items[path[-1]] = Item(old.key if old else key, _copy(kept))


def refuse_inherit(value: Value) -> None:
    """Raise StopError for an `inherit` in a level that has nothing above it."""
    if not isinstance(value, Branch):
        raise _no_mapping(value)
    for key, item in value.items.items():
        if key == INHERIT:
            raise StopError(
                "inherit stands where nothing is above that could be inherited; gitlabform"
                " refuses it",
                item.key,
                "Remove it.",
            )
        if isinstance(item.value, Branch):
            refuse_inherit(item.value)


def holds_inherit(value: Value) -> bool:
    """Tell whether an `inherit` stands anywhere in a value."""
    return isinstance(value, Branch) and any(
        key == INHERIT or holds_inherit(item.value) for key, item in value.items.items()
    )
