"""`extends:` of scopelint.yml: several files, read as if they were one.

What a file extends comes first, in the order given, and the file itself is laid over it. Mappings
are merged key by key; a rule named by its code in one file and by its name in another is the same
key. The lists `waivers`, `overrides`, `boundaries`, `owners` and `trusted` are joined, the extended
file's items first. Every other list, and every single value, is replaced. A file that is reached twice
counts once, where it is first reached.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from scopelint.config.rule_keys import given_twice
from scopelint.config.selection import Catalogue
from scopelint.errors import ConfigError, Problem
from scopelint.text import clean, shown
from scopelint.yaml import AnyNode, Document, MappingNode, ScalarNode, SequenceNode, kind_of, load

MAX_FILES = 50
"""Files that one config may be made of."""

JOINED = frozenset({"waivers", "overrides", "boundaries", "owners", "trusted"})
"""Lists that are joined rather than replaced."""
BY_RULE = frozenset({"severity", "rules"})
"""Mappings whose keys name rules, by code or by name."""


@dataclass(frozen=True, slots=True)
class Combined:
    """The files of one config as one tree."""

    tree: MappingNode
    problems: tuple[Problem, ...]
    """The faults of all files, each at its place."""
    files: Mapping[str, Path]
    """Their paths, by the names that messages use."""
    digests: Mapping[str, str]
    """The SHA-256 of their bytes, in hex, by the same names."""


def combine(
    document: Document, known: Catalogue, *, path: Path | None = None, root: Path | None = None
) -> Combined:
    """Read all that a config extends and return one tree.

    `path` is the config's own file; without it (a text) nothing can be extended. `root` is the
    folder below which every file must lie, None where the user named the config.
    """
    reader = _Reader(known, root)
    trees = list(reader.read(document, path, ()))
    tree = trees[0]
    for over in trees[1:]:
        # Laying one over the other would hide that a single file names a rule twice.
        for key in BY_RULE:
            for part in (tree, over):
                reader.problems += given_twice(part.get(key), known)
        tree = reader.laid_over(tree, over)
    return Combined(tree, tuple(reader.problems), reader.files, reader.digests)


def _mapping(document: Document, problems: list[Problem]) -> MappingNode:
    root = document.root
    if isinstance(root, MappingNode):
        return root
    if not (isinstance(root, ScalarNode) and root.value is None):
        hint = "start with a key, such as `profile: default`"
        problems.append(root.problem(f"a config is a mapping of keys, not {kind_of(root)}", hint))
    return MappingNode(root.file, root.line, root.column, ())


@dataclass(slots=True)
class _Reader:
    known: Catalogue
    root: Path | None
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    seen: set[Path] = field(default_factory=set)

    def read(
        self, document: Document, path: Path | None, chain: tuple[tuple[Path, str], ...]
    ) -> Iterator[MappingNode]:
        """Yield the trees of a file and all it extends, in the order they are laid over."""
        self.problems += document.problems
        tree = _mapping(document, self.problems)
        if document.version not in (None, (1, 2)):
            message = "scopelint.yml is read as YAML 1.2, whatever %YAML says"
            hint = "remove the %YAML line"
            self.problems.append(document.file.problem(1, 1, message, hint))
        if path is not None:
            real = path.resolve()
            chain = (*chain, (real, document.file.name))
            self.seen.add(real)
            self.files[document.file.name] = path
            self.digests[document.file.name] = document.file.sha256
        for item in _extended(tree):
            yield from self._extended(item, path, chain)
        yield tree if len(chain) <= 1 else _without_extends(tree, self.problems)

    def _extended(
        self, item: ScalarNode, path: Path | None, chain: tuple[tuple[Path, str], ...]
    ) -> Iterator[MappingNode]:
        found = self._place(item, path)
        if found is None:
            return
        circle = next((n for n, (file, _) in enumerate(chain) if file == found.resolve()), None)
        name = clean(os.path.normpath(Path(item.file.name).parent / str(item.value)))
        if circle is not None:
            names = " extends ".join([*(shown for _, shown in chain[circle:]), chain[circle][1]])
            hint = "leave one of them out"
            self.problems.append(item.problem(f"this goes in a circle: {names}", hint))
        elif found.resolve() in self.seen:
            return
        elif len(self.seen) >= MAX_FILES:
            message = f"a config is made of at most {MAX_FILES} files"
            self.problems.append(item.problem(message))
        else:
            yield from self._loaded(item, found, name, chain)

    def _loaded(
        self, item: ScalarNode, path: Path, name: str, chain: tuple[tuple[Path, str], ...]
    ) -> Iterator[MappingNode]:
        try:
            document = load(path, name, partial=True)
        except ConfigError as error:
            # A file that is not there is a fault of the line that names it.
            self.problems += (
                problem
                if problem.line is not None
                else item.problem(f"{name}: {problem.message}", problem.hint)
                for problem in error.problems
            )
            return
        yield from self.read(document, path, chain)

    def _place(self, item: ScalarNode, path: Path | None) -> Path | None:
        """Return the file that is named; None, and a problem, where it must not be read."""
        message, hint = self._refusal(str(item.value), path)
        if message or path is None:
            self.problems.append(item.problem(message, hint))
            return None
        return path.parent / str(item.value)

    def _refusal(self, text: str, path: Path | None) -> tuple[str, str]:
        """Return why a file must not be read and what to do, two empty texts where it may."""
        if "://" in text:
            return "only local files can be extended, not addresses", ""
        if path is None:
            return "a config that is no file cannot extend one", ""
        try:
            real = (path.parent / text).resolve()
        except (OSError, RuntimeError, ValueError):
            return f"{shown(text)} is not the name of a file", ""
        if self.root is None or (
            not Path(text).is_absolute() and real.is_relative_to(self.root.resolve())
        ):
            return "", ""
        hint = "a config that was found names files of its own repository; use --config for others"
        if Path(text).is_absolute():
            return "an absolute path is not allowed here", hint
        return f"this leads out of {clean(str(self.root))}", hint

    def laid_over(
        self, base: MappingNode, over: MappingNode, where: tuple[str, ...] = ()
    ) -> MappingNode:
        """Return `base` with what `over` says laid over it."""
        by_rule = len(where) == 1 and where[0] in BY_RULE
        pairs = {self._same(key, by_rule=by_rule): (key, value) for key, value in base.value}
        for key, value in over.value:
            name = self._same(key, by_rule=by_rule)
            before = pairs.get(name)
            merged = value if before is None else self._merged(before[1], value, (*where, name))
            pairs[name] = (key, merged)
        return MappingNode(over.file, over.line, over.column, tuple(pairs.values()))

    def _merged(self, base: AnyNode, over: AnyNode, where: tuple[str, ...]) -> AnyNode:
        if isinstance(base, MappingNode) and isinstance(over, MappingNode):
            return self.laid_over(base, over, where)
        joined = len(where) == 1 and where[0] in JOINED
        if joined and isinstance(base, SequenceNode) and isinstance(over, SequenceNode):
            return replace(over, value=(*base.value, *over.value))
        return over

    def _same(self, key: ScalarNode, *, by_rule: bool) -> str:
        text = key.value if isinstance(key.value, str) else f"\0{key.text}"
        rule = self.known.names.get(text) if by_rule else None
        return rule.code if rule else text


def _extended(tree: MappingNode) -> Iterator[ScalarNode]:
    listed = tree.get("extends")
    items: Iterable[AnyNode] = listed.value if isinstance(listed, SequenceNode) else ()
    for item in items:
        if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value:
            yield item


def _without_extends(tree: MappingNode, problems: list[Problem]) -> MappingNode:
    """Return an extended file's tree without the key, whose faults nothing else would tell."""
    listed = tree.get("extends")
    if listed is not None and not isinstance(listed, SequenceNode):
        problems.append(listed.problem(f"this must be a list, not {kind_of(listed)}"))
    names = set(map(id, _extended(tree)))
    problems += (
        item.problem("this must be the name of a file")
        for item in (listed.value if isinstance(listed, SequenceNode) else ())
        if id(item) not in names
    )
    pairs = tuple(pair for pair in tree.value if pair[0].value != "extends")
    return MappingNode(tree.file, tree.line, tree.column, pairs)
