"""Reading one YAML document into a tree, with every fault at its line and column.

PyYAML's composer does the work and this module checks each value as it is composed, before what
lies inside it is read. Refused are: duplicate keys, keys that are not scalars, merge keys (unless
the dialect has them), tags beyond the core schema's, a second document, nesting deeper than
`MAX_DEPTH`, more than `MAX_NODES` values, and aliases that stand for more values than the dialect
takes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from scopelint.errors import ConfigError, Problem
from scopelint.text import shorten, shown
from scopelint.yaml.dialects import (
    CORE,
    CORE_TAG,
    SCALAR_TAGS,
    Dialect,
    ScalarError,
    YamlVersion,
    resolve_tagged,
)
from scopelint.yaml.nodes import (
    AnyNode,
    MappingNode,
    ScalarNode,
    ScalarValue,
    SequenceNode,
    kind_of,
    walk,
)
from scopelint.yaml.source import SourceText, decode, read_source

MAX_DEPTH = 50
"""Mappings and sequences inside one another."""
MAX_NODES = 500_000
"""Values in a file, those that an alias repeats not counted."""
MAX_PROBLEMS = 100
"""Faults after which reading stops."""

_Pair = tuple[ScalarNode, AnyNode]
_ValueEvent = yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent

_HINTS = (
    ("'\\t'", "indent with spaces, never with tabs"),
    ("mapping values are not allowed", 'text that holds ": " needs quotes'),
    ("expected alphabetic or numeric character", 'text that starts with * or & needs quotes: "**"'),
    ("cannot start any token", "text that starts with this character needs quotes"),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("expected <block end>", "check the indentation: keys of one mapping start in one column"),
    ("expected ',' or", "a bracket or a comma is missing before this place"),
    ("while scanning a quoted scalar", "the closing quote is missing"),
    ("unexpected end of stream", "the closing quote is missing"),
    ("unknown escape character", "use single quotes where a backslash is meant as itself"),
    ("undefined tag handle", "remove the tag; text that starts with ! needs quotes"),
    ("expected the node content", "a value is missing, or a bracket closes too early"),
    ("incompatible YAML document", "remove the %YAML line"),
)
"""What to do about the most common faults, by a part of PyYAML's message."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read."""

    file: SourceText
    root: AnyNode
    """Null, in line 1, for an empty file."""
    version: YamlVersion = None
    """The `%YAML` line, such as (1, 1). By the core schema values are those of YAML 1.2 whatever it
    says; a caller that cares looks at this, and at `ScalarNode.plain` and `.text`."""
    problems: tuple[Problem, ...] = ()
    """Faults that leave the rest readable; empty unless they were asked for."""


def load(
    origin: Path | str | bytes,
    source: str = "",
    *,
    partial: bool = False,
    dialect: Dialect = CORE,
) -> Document:
    """Read one YAML document from a file (`Path`) or from text itself (`str`, `bytes`).

    `source` names the file in messages; it may be left out for a path. Raise ConfigError with
    every fault found, in file order. With `partial`, faults that leave the rest readable
    (duplicate keys, tags, merge keys) are in `Document.problems` instead, for a caller that has
    more to say about the same file.
    """
    if isinstance(origin, Path):
        file = read_source(origin, source)
    else:
        file = decode(origin, source or "<text>")
    document = _Composer(file, dialect).document()
    if document.problems and not partial:
        raise ConfigError(document.problems)
    return document


class _Composer(yaml.SafeLoader):
    """PyYAML's composer, which gives our nodes in the place of its own, within bounds."""

    def __init__(self, file: SourceText, dialect: Dialect) -> None:
        super().__init__(file.text)
        self.file = file
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.named: dict[str, AnyNode | None] = {}
        """The values of anchors; None while a value is still being read."""
        self.depth = 0
        self.values = 0
        self.aliased = 0

    def document(self) -> Document:
        """Return the only document of the file; raise ConfigError where reading cannot go on."""
        try:
            root = self._root()
        except yaml.MarkedYAMLError as error:
            message = error.problem or error.context or "this is not YAML"
            line, column = self._place(error.problem_mark or error.context_mark)
            hint = _hint(message, self.file.line(line)[column - 1 :])
            self._stop(line, column, f"not valid YAML: {message}", hint)
        except (yaml.YAMLError, ValueError, OverflowError):
            # PyYAML lets chr() and int() raise for an escape or a version that is out of range.
            self._stop(*self._place(self.get_mark()), "an escape or a number is out of range here")
        problems = tuple(sorted(self.problems, key=_order))
        return Document(self.file, root, self.yaml_version, problems)

    def _root(self) -> AnyNode:
        self.get_event()  # type: ignore[no-untyped-call]
        if self.check_event(yaml.StreamEndEvent):
            return ScalarNode(self.file, 1, 1, None, "", plain=True)
        root: Any = self.compose_document()
        if not self.check_event(yaml.StreamEndEvent):
            hint = "keep one document a file; put the others into files of their own"
            second = self.peek_event()  # type: ignore[no-untyped-call]
            self._stop(*self._place(second.start_mark), "a second YAML document starts here", hint)
        return root  # type: ignore[no-any-return]

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next value as one of our nodes; PyYAML asks for every value here."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line, column = self._place(event.start_mark)
        if self.check_event(yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            return self._alias(event.anchor, line, column)
        self._enter(event, line, column)
        composed: Any = super().compose_node(parent, index)
        node: AnyNode
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, line, column)
        else:
            self.depth -= 1
            node = (
                MappingNode(self.file, line, column, self._merged(composed.value))
                if isinstance(composed, yaml.MappingNode)
                else SequenceNode(
                    self.file, line, column, tuple(composed.value), self._own_tag(event)
                )
            )
        if event.anchor is not None and self.named[event.anchor] is None:
            self.named[event.anchor] = node
        return node

    def _enter(self, event: _ValueEvent, line: int, column: int) -> None:
        """Check what can be told of a value before it is read, and note its anchor."""
        self.values += 1
        if self.values > MAX_NODES:
            self._stop(line, column, f"the file holds more than {MAX_NODES:,} values")
        if not isinstance(event, yaml.ScalarEvent):
            self.depth += 1
            self._check_depth(self.depth, line, column)
            expected = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
            if event.tag not in (None, CORE_TAG + expected) and not self._own_tag(event):
                self._refuse_tag(event.tag, line, column)
        if event.anchor is not None:
            if self.dialect.anchors_once and event.anchor in self.named:
                message = f"the anchor &{shorten(event.anchor, 40)} is set twice"
                self._note(self.file.problem(line, column, message))
            self.named[event.anchor] = None
            # PyYAML has no second value for a name, YAML has: the latest one before an alias.
            self.anchors.pop(event.anchor, None)

    def _own_tag(self, event: _ValueEvent) -> str:
        """Return the tag of a list where it is one of the dialect's own, else an empty text."""
        own = isinstance(event, yaml.SequenceStartEvent) and event.tag in self.dialect.list_tags
        return str(event.tag) if own else ""

    def _alias(self, name: str, line: int, column: int) -> AnyNode:
        if name not in self.named:
            hint = 'text that starts with * needs quotes: "*…"'
            self._stop(line, column, f"alias *{shorten(name, 40)} names no anchor", hint)
        node = self.named[name]
        if node is None:
            self._stop(line, column, f"alias *{shorten(name, 40)} stands inside its own value")
        height = 0
        for location, inner in walk(node):
            self.aliased += 1
            if self.aliased > self.dialect.most_aliased:
                message = f"the aliases stand for more than {self.dialect.most_aliased:,} values"
                self._stop(line, column, message, "write the values out, or use fewer aliases")
            height = max(height, len(location) + (not isinstance(inner, ScalarNode)))
        self._check_depth(self.depth + height, line, column)
        return node

    def _check_depth(self, depth: int, line: int, column: int) -> None:
        if depth > MAX_DEPTH:
            self._stop(line, column, f"nested deeper than {MAX_DEPTH} levels")

    def _merged(self, items: Iterable[tuple[AnyNode, AnyNode]]) -> tuple[_Pair, ...]:
        """Return the pairs of a mapping, with those that a merge key names merged in.

        As ruamel.yaml gives them: what is merged in comes first, a key that the mapping itself has
        wins wherever it stands, and of several mappings in a list the first one wins
        (yaml.org/type/merge.html).
        """
        if self.dialect.last_wins:
            return self._in_order(items)
        pairs = tuple(self._pairs(items))
        merging = next((pair for pair in pairs if self._is_merge(pair[0])), None)
        if merging is None:
            return pairs
        key, value = merging
        named = value.value if isinstance(value, SequenceNode) else (value,)
        wrong = next((item for item in named if not isinstance(item, MappingNode)), None)
        if wrong is not None:
            message = "a merge key (<<) takes a mapping or a list of mappings"
            self._note(key.problem(f"{message}, not {kind_of(wrong)}"))
        found: dict[ScalarValue, _Pair] = {}
        for item in reversed(named):
            if isinstance(item, MappingNode):
                found |= {pair[0].value: pair for pair in item.value}
        found |= {pair[0].value: pair for pair in pairs if pair is not merging}
        return tuple(found.values())

    def _in_order(self, items: Iterable[tuple[AnyNode, AnyNode]]) -> tuple[_Pair, ...]:
        """Return the pairs of a mapping as Psych does: what comes later counts, merged or not."""
        found: dict[ScalarValue, _Pair] = {}
        for key, value in items:
            if not isinstance(key, ScalarNode):
                self._note(key.problem("a key must be a single value, not a list or a mapping"))
            elif self._is_merge(key):
                named = value.value if isinstance(value, SequenceNode) else (value,)
                for item in reversed(named):
                    if isinstance(item, MappingNode):
                        found |= {pair[0].value: pair for pair in item.value}
            else:
                found[key.value] = (key, value)
        return tuple(found.values())

    def _is_merge(self, key: ScalarNode) -> bool:
        return self.dialect.merge_keys and key.plain and key.text == "<<"

    def _pairs(self, items: Iterable[tuple[AnyNode, AnyNode]]) -> Iterator[_Pair]:
        seen: dict[ScalarValue, ScalarNode] = {}
        for key, value in items:
            if not isinstance(key, ScalarNode):
                self._note(key.problem("a key must be a single value, not a list or a mapping"))
            elif key.plain and key.text == "<<" and not self.dialect.merge_keys:
                hint = "repeat the keys, or share one whole value by an alias"
                self._note(key.problem("merge keys (<<) are not part of YAML 1.2", hint))
            elif (first := seen.get(key.value)) is not None:
                message = f"the key {shown(key.value)} is given twice"
                self._note(key.problem(message, f"it was first given in line {first.line}"))
            else:
                seen[key.value] = key
                yield key, value

    def _scalar(self, event: yaml.ScalarEvent, line: int, column: int) -> ScalarNode:
        plain = event.implicit[0]
        value: ScalarValue = event.value
        try:
            if event.tag is not None:
                value = self._tagged(event.tag, event.value, line, column)
            elif plain:
                value = self.dialect.resolve(event.value, self.yaml_version)
            if type(value) is str:
                value = _joined(value)
        except ScalarError as error:
            self._note(self.file.problem(line, column, str(error)))
        return ScalarNode(self.file, line, column, value, event.value, plain)

    def _tagged(self, tag: str, text: str, line: int, column: int) -> ScalarValue:
        kind = tag.removeprefix(CORE_TAG)
        if tag == CORE_TAG + kind and kind in SCALAR_TAGS:
            return resolve_tagged(kind, text)
        self._refuse_tag(tag, line, column)
        return text

    def _refuse_tag(self, tag: str, line: int, column: int) -> None:
        name = f"!!{tag.removeprefix(CORE_TAG)}" if tag.startswith(CORE_TAG) else tag
        message = f"the tag {shown(name)} is not allowed here"
        hint = "remove the tag; text that starts with ! needs quotes"
        self._note(self.file.problem(line, column, message, hint))

    def _place(self, mark: yaml.Mark | None) -> tuple[int, int]:
        return self.file.place(mark.index if mark else 0)

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            hint = "there may be more faults; reading stopped here"
            raise ConfigError(sorted(self.problems, key=_order), hint=hint)

    def _stop(self, line: int, column: int, message: str, hint: str = "") -> NoReturn:
        self.problems.append(self.file.problem(line, column, message, hint))
        raise ConfigError(sorted(self.problems, key=_order)) from None


def _order(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


def _hint(message: str, rest: str) -> str:
    """Return a hint for PyYAML's `message`; `rest` is the line from the fault on."""
    if rest.startswith("\t"):
        return _HINTS[0][1]
    return next((hint for part, hint in _HINTS if part in message), "")


def _joined(text: str) -> str:
    # JSON writes characters beyond the BMP as two escapes; one half alone is no character.
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise ScalarError("an escape names half of a surrogate pair") from None
