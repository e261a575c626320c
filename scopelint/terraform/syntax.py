"""Terraform's language as blocks and expressions, read by the library python-hcl2.

python-hcl2 is an extra; its releases from 8 on give a tree in which every node has its line
(`hcl2.parses_to_tree`, from Lark with `propagate_positions`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import requires
from typing import Any, Final

from scopelint.declared import DeclaredAt
from scopelint.errors import ConfigError, Problem, UsageError
from scopelint.yaml import SourceText

MAX_DEPTH: Final = 300
"""Levels of the tree; one bracket in another takes three or four of them."""
Node = Any
"""A node of Lark's tree: `data` is its rule and `children` are nodes and tokens; or a token, which is
a text with a `type`."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression with the file that it stands in."""

    node: Node
    file: SourceText

    @property
    def at(self) -> DeclaredAt:
        """Where it begins."""
        return DeclaredAt(self.file.name, line_of(self.node))

    def problem(self, message: str, hint: str = "") -> Problem:
        """Return a problem at its place."""
        return self.file.problem(line_of(self.node), 1, message, hint)


@dataclass(slots=True)
class Block:
    """A block with its labels, its arguments and the blocks in it."""

    type: str
    labels: tuple[str, ...]
    at: DeclaredAt
    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: "list[Block]" = field(default_factory=list)

    def of(self, kind: str) -> "Iterator[Block]":
        """Yield the blocks of a type that stand in it."""
        return (block for block in self.blocks if block.type == kind)

    def override(self, other: "Block") -> None:
        """Take over the arguments of another, as an override file does.

        Source: developer.hashicorp.com/terraform/language/files/override.
        """
        self.attributes |= other.attributes
        kinds = {block.type for block in other.blocks}
        self.blocks = [block for block in self.blocks if block.type not in kinds] + other.blocks


def parse(text: SourceText) -> Block:
    """Return a file as one block without type; raise ConfigError where it is no Terraform.

    Raise UsageError where python-hcl2 is not installed.
    """
    hcl2, errors = _library()
    try:
        tree = hcl2.parses_to_tree(text.text)
    except errors.UnexpectedInput as error:
        line, column = max(getattr(error, "line", 1), 1), max(getattr(error, "column", 1), 1)
        raise ConfigError([text.problem(line, column, "this is not Terraform's syntax")]) from None
    except errors.LarkError:
        raise ConfigError([text.problem(1, 1, "this is not Terraform's syntax")]) from None
    _check_depth(tree, text)
    made = Block("", (), DeclaredAt(text.name, 1))
    for child in tree.children:
        _fill(made, child, text)
    return made


def _library() -> tuple[Any, Any]:
    try:
        import hcl2
        from lark import exceptions
    except ImportError:
        asked = (line.partition(";")[0].strip() for line in requires("scopelint") or ())
        package = next((line for line in asked if line.startswith("python-hcl2")), "python-hcl2")
        raise UsageError(
            "Terraform sources need the extra 'terraform': python-hcl2 is not installed",
            hint=f"python -m pip install '{package}'",
        ) from None
    return hcl2, exceptions


def _check_depth(tree: Node, text: SourceText) -> None:
    # Not by recursion, which is what a deep tree would break.
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.children if hasattr(child, "data")]
        if not level:
            return
    raise ConfigError([text.problem(line_of(level[0]), 1, "nested too deeply")])


def line_of(node: Node) -> int:
    """Return the line of a node or token, 1 where it has none."""
    meta = node if hasattr(node, "type") else node.meta
    return int(getattr(meta, "line", None) or 1)


def parts(node: Node) -> list[Node]:
    """Return a node's children without line ends, comments and brackets."""
    return [child for child in node.children if hasattr(child, "data") and not _is_blank(child)]


def _is_blank(node: Node) -> bool:
    return bool(node.data == "new_line_or_comment")


def rule(node: Node) -> str:
    """Return the name of a node's rule."""
    return str(node.data)


def _fill(block: Block, body: Node, text: SourceText) -> None:
    for node in parts(body):
        if rule(node) == "attribute":
            name, value = parts(node)
            block.attributes[word(name)] = Expression(value, text)
        elif rule(node) == "block":
            *names, inner = parts(node)
            labels = tuple(_label(name) for name in names)
            made = Block(labels[0], labels[1:], DeclaredAt(text.name, line_of(node)))
            _fill(made, inner, text)
            block.blocks.append(made)


def word(node: Node) -> str:
    """Return the text of an identifier, keyword or literal value."""
    return str(node.children[0])


def _label(node: Node) -> str:
    if rule(node) != "string":
        return word(node)
    return "".join(str(part.children[0]) for part in parts(node))


def identifiers(node: Node) -> Iterator[str]:
    """Yield every identifier in an expression, the texts that stand there too."""
    for each in node.iter_subtrees():
        if rule(each) in {"identifier", "string_part"}:
            yield str(each.children[0])
