"""The tree that a YAML file becomes: values with the file, line and column of each.

Nodes are frozen and know their file, so trees of several files can be combined, and a fault found
later is still shown at its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from scopelint.errors import ConfigError, Problem
from scopelint.text import clean
from scopelint.yaml.source import SourceText

ScalarValue: TypeAlias = bool | int | float | str | None
Location: TypeAlias = tuple[str | int, ...]
"""A way down a tree: mapping keys and sequence indices."""


@dataclass(frozen=True, slots=True)
class Node:
    """What all nodes share: where the value starts."""

    file: SourceText = field(compare=False, repr=False)
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""

    def problem(self, message: str, hint: str = "") -> Problem:
        """Return a problem at this node."""
        return self.file.problem(self.line, self.column, message, hint)


@dataclass(frozen=True, slots=True)
class ScalarNode(Node):
    """A single value."""

    value: ScalarValue
    """What the dialect reads the text as."""
    text: str
    """What the file says, without quotes."""
    plain: bool
    """Whether it stands there unquoted."""


@dataclass(frozen=True, slots=True)
class SequenceNode(Node):
    """A list of nodes."""

    value: "tuple[AnyNode, ...]"
    tag: str = ""
    """A tag of the dialect's own, such as `!reference`; empty for most lists."""


@dataclass(frozen=True, slots=True)
class MappingNode(Node):
    """Pairs of key and value, in file order; no key comes twice."""

    value: "tuple[tuple[ScalarNode, AnyNode], ...]"

    def get(self, key: ScalarValue) -> "AnyNode | None":
        """Return the value under `key`, or None."""
        return next((value for name, value in self.value if name.value == key), None)

    def key(self, key: ScalarValue) -> ScalarNode | None:
        """Return the node of the key itself, or None."""
        return next((name for name, _ in self.value if name.value == key), None)


AnyNode: TypeAlias = ScalarNode | SequenceNode | MappingNode


def to_python(node: AnyNode) -> object:
    """Return plain data: dict, list, str, int, float, bool, None."""
    match node:
        case ScalarNode(value=scalar):
            return scalar
        case SequenceNode(value=items):
            return [to_python(item) for item in items]
        case MappingNode(value=pairs):
            return {key.value: to_python(value) for key, value in pairs}


def kind_of(node: AnyNode) -> str:
    """Return what a node is, in words for a message: `a list`, `text`, `a number` …"""
    match node:
        case SequenceNode():
            return "a list"
        case MappingNode():
            return "a mapping"
        case ScalarNode(value=None):
            return "empty"
        case ScalarNode(value=bool()):
            return "true or false"
        case ScalarNode(value=str()):
            return "text"
        case _:
            return "a number"


def step(node: AnyNode | None, name: str | int) -> AnyNode | None:
    """Return the child of `node` under a key or index, or None where there is none."""
    if isinstance(node, MappingNode):
        return node.get(name)
    if isinstance(node, SequenceNode) and isinstance(name, int) and name < len(node.value):
        return node.value[name]
    return None


def named_file(named: ScalarNode, home: Path | None, root: Path | None) -> Path:
    """Return the path of the file that a value names, from the file at `home` that holds it.

    `root` is the folder below which it must lie, None where the user chose `home`; without `home`
    (a text) nothing can be named. Raise ConfigError where the file must not be read.
    """
    text = str(named.value)
    if home is None:
        raise ConfigError([named.problem("a config that is no file cannot name another one")])
    try:
        path = home.parent / text
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):
        raise ConfigError([named.problem("this is not the name of a file")]) from None
    hint = "a config that was found names files of its own repository; use --config for others"
    if root is not None and Path(text).is_absolute():
        raise ConfigError([named.problem("an absolute path is not allowed here", hint)])
    if root is not None and not real.is_relative_to(root.resolve()):
        raise ConfigError([named.problem(f"this leads out of {clean(str(root))}", hint)])
    return path


def locate(root: AnyNode, location: Location, *, key: bool = False) -> AnyNode:
    """Return the node at `location`, or the deepest one on the way to it.

    With `key`, return the key's own node where the last step is a mapping's key. Steps that the
    tree does not have (a validator's names for the branches of a union) are passed over.
    """
    here: AnyNode = root
    for number, name in enumerate(location):
        if key and number == len(location) - 1 and isinstance(here, MappingNode):
            return here.key(name) or here
        here = step(here, name) or here
    return here


def walk(node: AnyNode, location: Location = ()) -> Iterator[tuple[Location, AnyNode]]:
    """Yield every node below (and including) `node` with its location, in file order."""
    yield location, node
    if isinstance(node, MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key.value, (str, int)) else key.text
            yield from walk(value, (*location, name))
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from walk(item, (*location, index))
