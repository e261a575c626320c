"""The one YAML loader: YAML 1.2 core schema, with the line and column of every key and value.

It walks the events of PyYAML's parser itself, one at a time, so nothing is built before its
depth, tag and size are known. Refused: duplicate keys, keys that are not scalars, merge keys
(unless the dialect has them), tags beyond the core schema's, a second document, nesting deeper
than `MAX_DEPTH`, and aliases that stand for more values than the dialect takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml

from scopelint.errors import ConfigError, Problem
from scopelint.text import shorten, shown
from scopelint.yaml.dialects import CORE, Dialect
from scopelint.yaml.hints import hint_for
from scopelint.yaml.merge_keys import is_merge, merged, sources
from scopelint.yaml.nodes import (
    AnyNode,
    MappingNode,
    ScalarNode,
    ScalarValue,
    SequenceNode,
    SourceText,
    to_python,
)
from scopelint.yaml.scalars import (
    CORE_TAG,
    SCALAR_TAGS,
    ScalarError,
    resolve_tagged,
)
from scopelint.yaml.source import decode, read_source

__all__ = [
    "MAX_ALIAS_NODES",
    "MAX_DEPTH",
    "MAX_NODES",
    "MAX_PROBLEMS",
    "AnyNode",
    "Document",
    "MappingNode",
    "ScalarNode",
    "SequenceNode",
    "load",
    "to_python",
]

MAX_DEPTH = 50
"""Mappings and sequences inside one another."""
MAX_ALIAS_NODES = CORE.most_aliased
"""Values that all aliases of a file together stand for, by the core schema."""
MAX_NODES = 500_000
"""Values in a file."""
MAX_PROBLEMS = 100
"""Faults after which reading stops."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read. `version` is its `%YAML` directive, such as (1, 1), or None.

    By the core schema the values are read by YAML 1.2 whatever `version` says; a caller for which
    1.1 matters looks at it, and at `ScalarNode.plain` and `.text`. `problems` is empty unless the caller asked to
    be given what can be read of a faulty file. An empty file has an empty (null) root.
    """

    file: SourceText
    root: AnyNode
    version: tuple[int, int] | None = None
    problems: tuple[Problem, ...] = ()


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
    (duplicate keys, tags, merge keys) come in `Document.problems` instead, for a caller that has
    more to say about the same file.
    """
    if isinstance(origin, Path):
        file = read_source(origin, source)
    else:
        file = decode(origin, source or "<text>")
    document = _Builder(file, dialect).build()
    if document.problems and not partial:
        raise ConfigError(document.problems)
    return document


@dataclass(slots=True)
class _Anchor:
    """What an anchor names; `node` is None while the value is still being read."""

    node: AnyNode | None = None
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence being read: its values so far (keys and values in turn)."""

    mapping: bool
    line: int
    column: int
    anchor: _Anchor
    items: list[AnyNode] = field(default_factory=list)
    size: int = 1
    height: int = 1


class _Builder:
    def __init__(self, file: SourceText, dialect: Dialect) -> None:
        self.file = file
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Anchor] = {}
        self.stack: list[_Frame] = []
        self.root: AnyNode | None = None
        self.version: tuple[int, int] | None = None
        self.documents = 0
        self.nodes = 0
        self.aliased = 0
        self.last = 0

    def build(self) -> Document:
        for event in self._events():
            self.last = event.end_mark.index if event.end_mark else self.last
            self._take(event)
        root = self.root or ScalarNode(self.file, 1, 1, None, "", plain=True)
        self.problems.sort(key=_place)
        return Document(self.file, root, self.version, tuple(self.problems))

    def _events(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self.file.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            message = error.problem or error.context or "this is not YAML"
            line, column = self.file.place(mark.index if mark else 0)
            hint = hint_for(message, self.file.line(line)[column - 1 :])
            self._stop(line, column, f"not valid YAML: {message}", hint)
        except (yaml.YAMLError, ValueError, OverflowError):
            # PyYAML lets chr() and int() raise for an escape or a version out of range, without
            # a place: what was read before it is the nearest known.
            self._stop(*self.file.place(self.last), "an escape or a number is out of range here")

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._start_document(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.ScalarEvent():
                self._count(event)
                anchor = self._anchor(event)
                anchor.node = self._scalar(event)
                self._add(anchor)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._count(event)
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case _:
                pass

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            line, column = self._place(event)
            hint = "keep one document a file; put the others into files of their own"
            self._stop(line, column, "a second YAML document starts here", hint)
        self.version = event.version

    def _count(self, event: yaml.Event) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._stop(*self._place(event), f"the file holds more than {MAX_NODES:,} values")

    def _alias(self, event: yaml.AliasEvent) -> None:
        line, column = self._place(event)
        name = event.anchor or ""
        anchor = self.anchors.get(name)
        if anchor is None:
            hint = 'text that starts with * needs quotes: "*…"'
            self._stop(line, column, f"alias *{shorten(name, 40)} names no anchor", hint)
        if anchor.node is None:
            self._stop(line, column, f"alias *{shorten(name, 40)} stands inside its own value")
        self.aliased += anchor.size
        if self.aliased > self.dialect.most_aliased:
            message = f"the aliases stand for more than {self.dialect.most_aliased:,} values"
            self._stop(line, column, message, "write the values out, or use fewer aliases")
        if len(self.stack) + anchor.height > MAX_DEPTH:
            self._stop(line, column, f"nested deeper than {MAX_DEPTH} levels")
        self._add(anchor)

    def _anchor(self, event: yaml.NodeEvent) -> _Anchor:
        anchor, name = _Anchor(), event.anchor
        if name is not None:
            if self.dialect.anchors_once and name in self.anchors:
                message = f"the anchor &{shorten(name, 40)} is set twice"
                self._note(self.file.problem(*self._place(event), message))
            self.anchors[name] = anchor
        return anchor

    def _add(self, anchor: _Anchor) -> None:
        if anchor.node is None:
            raise AssertionError("an open value is never added")
        if not self.stack:
            self.root = anchor.node
            return
        frame = self.stack[-1]
        frame.items.append(anchor.node)
        frame.size += anchor.size
        frame.height = max(frame.height, anchor.height + 1)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        line, column = self._place(event)
        if len(self.stack) >= MAX_DEPTH:
            self._stop(line, column, f"nested deeper than {MAX_DEPTH} levels")
        mapping = isinstance(event, yaml.MappingStartEvent)
        expected = "map" if mapping else "seq"
        if event.tag is not None and event.tag != CORE_TAG + expected:
            self._refuse_tag(event.tag, line, column)
        self.stack.append(_Frame(mapping, line, column, self._anchor(event)))

    def _close(self) -> None:
        frame = self.stack.pop()
        anchor = frame.anchor
        anchor.node = (
            MappingNode(self.file, frame.line, frame.column, self._merged(frame.items))
            if frame.mapping
            else SequenceNode(self.file, frame.line, frame.column, tuple(frame.items))
        )
        anchor.size, anchor.height = frame.size, frame.height
        self._add(anchor)

    def _merged(self, items: list[AnyNode]) -> tuple[tuple[ScalarNode, AnyNode], ...]:
        pairs = tuple(self._pairs(items))
        merging = [pair for pair in pairs if self.dialect.merge_keys and is_merge(pair[0])]
        if not merging:
            return pairs
        key, value = merging[0]
        found, problems = sources(key, value)
        for problem in problems:
            self._note(problem)
        return merged([pair for pair in pairs if pair is not merging[0]], found)

    def _pairs(self, items: list[AnyNode]) -> Iterator[tuple[ScalarNode, AnyNode]]:
        seen: dict[ScalarValue, ScalarNode] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, ScalarNode):
                self._note(key.problem("a key must be a single value, not a list or a mapping"))
            elif is_merge(key) and not self.dialect.merge_keys:
                hint = "repeat the keys, or share one whole value by an alias"
                self._note(key.problem("merge keys (<<) are not part of YAML 1.2", hint))
            elif (first := seen.get(key.value)) is not None:
                message = f"the key {shown(key.value)} is given twice"
                self._note(key.problem(message, f"it was first given in line {first.line}"))
            else:
                seen[key.value] = key
                yield key, value

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        line, column = self._place(event)
        plain = event.implicit[0]
        value: ScalarValue = event.value
        try:
            if event.tag is not None:
                value = self._tagged(event, line, column)
            elif plain:
                value = self.dialect.resolve(event.value, self.version)
            if type(value) is str:
                value = _joined(value)
        except ScalarError as error:
            self._note(self.file.problem(line, column, str(error)))
        return ScalarNode(self.file, line, column, value, event.value, plain)

    def _tagged(self, event: yaml.ScalarEvent, line: int, column: int) -> ScalarValue:
        kind = (event.tag or "").removeprefix(CORE_TAG)
        if event.tag == CORE_TAG + kind and kind in SCALAR_TAGS:
            return resolve_tagged(kind, event.value)
        self._refuse_tag(event.tag or "", line, column)
        return event.value

    def _refuse_tag(self, tag: str, line: int, column: int) -> None:
        name = f"!!{tag.removeprefix(CORE_TAG)}" if tag.startswith(CORE_TAG) else tag
        message = f"the tag {shown(name)} is not allowed here"
        hint = "remove the tag; text that starts with ! needs quotes"
        self._note(self.file.problem(line, column, message, hint))

    def _place(self, event: yaml.Event) -> tuple[int, int]:
        mark = event.start_mark
        return self.file.place(mark.index if mark else 0)

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            hint = "there may be more faults; reading stopped here"
            raise ConfigError(sorted(self.problems, key=_place), hint=hint)

    def _stop(self, line: int, column: int, message: str, hint: str = "") -> NoReturn:
        self.problems.append(self.file.problem(line, column, message, hint))
        raise ConfigError(sorted(self.problems, key=_place)) from None


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


def _joined(text: str) -> str:
    # JSON writes characters beyond the BMP as two escapes; a half alone is no character.
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise ScalarError("an escape names half of a surrogate pair") from None
