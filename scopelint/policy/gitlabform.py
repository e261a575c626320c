"""Declared policy from a gitlabform config, or from `declared:` of scopelint.yml: the same keys.

A gitlabform config is read as gitlabform 6 reads it. What makes gitlabform refuse the file as a
whole is a ConfigError here; what it takes in silence, or crashes on at some project, is a fault
that SL805 reports.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from scopelint.declared import DeclaredFault, DeclaredName, DeclaredPolicy, DeclaredScope
from scopelint.errors import ConfigError, Problem
from scopelint.globs import path_in_url
from scopelint.paths import is_inside
from scopelint.policy.job_token_scope import ALLOWLIST, LISTS, PUSH, Lint, at, names_of, scope_of
from scopelint.policy.merge import Branch, Item, StopError, Value, branch
from scopelint.policy.merge import Path as Keys
from scopelint.policy.precedence import SECTION, Levels, SkipList, kind_of_key
from scopelint.text import shown
from scopelint.yaml import (
    RUAMEL,
    AnyNode,
    MappingNode,
    ScalarNode,
    SequenceNode,
    Timestamp,
    kind_of,
    load,
    step,
)

LEVELS, SKIP_PROJECTS, SKIP_GROUPS = "projects_and_groups", "skip_projects", "skip_groups"
VERSION = 4
"""The only `config_version` that gitlabform 6 takes."""
OLDER = 3
"""The one before it, whose levels and sections are written in the same way."""


def read_gitlabform(
    origin: Path | str, source: str = "", *, include_archived: bool = False
) -> DeclaredPolicy:
    """Read a gitlabform config from a file, or from its text; `source` names it in messages.

    Raise ConfigError with what makes gitlabform refuse it: YAML faults, another `config_version`
    than 4 (3 is read with a note), no `projects_and_groups`, keys that are no text or differ only
    in case.
    """
    document = load(origin, source, dialect=RUAMEL)
    root = document.root
    if not isinstance(root, MappingNode):
        what = f"a gitlabform config is a mapping of keys, not {kind_of(root)}"
        raise ConfigError([root.problem(what)])
    problems = list(_frame_problems(root))
    if problems:
        raise ConfigError(problems)
    policy = declared_from(root, include_archived=include_archived)
    policy.notes = tuple(_notes(root, policy.source))
    return policy


def _notes(root: MappingNode, source: str) -> Iterator[str]:
    version = root.get("config_version")
    if isinstance(version, ScalarNode) and version.value == OLDER:
        yield (
            f"{source}: config_version is {OLDER}; it is read as {VERSION}, the only one that"
            " gitlabform 6 takes"
        )
    sections = (step(level, SECTION) for _, level in _levels(root))
    if any(step(section, PUSH) is not None for section in sections):
        yield (
            f"{source}: {PUSH} is compared; gitlabform reads it in versions after 6.3.0, earlier"
            " ones pass over it"
        )


def _levels(root: MappingNode) -> Iterable[tuple[AnyNode, AnyNode]]:
    levels = root.get(LEVELS)
    return levels.value if isinstance(levels, MappingNode) else ()


def _frame_problems(root: MappingNode) -> Iterator[Problem]:
    example = root.get("example_config")
    if example is not None and _python(example):
        yield example.problem("this is gitlabform's example config, which it refuses to apply")
    version = root.get("config_version")
    if not (isinstance(version, ScalarNode) and version.value in {VERSION, OLDER}):
        hint = "look at gitlabform's upgrade guide"
        yield (version or root).problem(f"gitlabform 6 needs config_version: {VERSION}", hint)


def _python(node: AnyNode) -> bool:
    return bool(node.value)


def read_levels(text: str, source: str, *, include_archived: bool = False) -> DeclaredPolicy:
    """Read a text that holds the levels alone, without `config_version`, as gitlabform would."""
    root = load(text, source, dialect=RUAMEL).root
    tree = root if isinstance(root, MappingNode) else MappingNode(root.file, 1, 1, ())
    return declared_from(tree, include_archived=include_archived)


def declared_from(root: MappingNode, *, include_archived: bool = False) -> DeclaredPolicy:
    """Return the policy that a mapping with `projects_and_groups` declares.

    Raise ConfigError where that is missing or empty, and for keys and items that cannot be paths.
    """
    levels = root.get(LEVELS)
    problems: list[Problem] = []
    if not isinstance(levels, MappingNode) or not levels.value:
        if levels is None or isinstance(levels, MappingNode):
            what = "is missing or empty"
        else:
            what = f"is {kind_of(levels)}, not a mapping"
        problems.append((levels or root).problem(f"{LEVELS} {what}"))
    else:
        problems += _path_problems([key for key, _ in levels.value])
    for name in (SKIP_PROJECTS, SKIP_GROUPS):
        node = root.get(name)
        if isinstance(node, SequenceNode):
            problems += _path_problems(node.value)
        elif isinstance(node, MappingNode):
            problems += _path_problems([key for key, _ in node.value])
    if problems or not isinstance(levels, MappingNode):
        raise ConfigError(problems)
    return _Declared(root, levels, include_archived=include_archived)


def _path_problems(nodes: Iterable[AnyNode]) -> Iterator[Problem]:
    first: dict[str, ScalarNode] = {}
    for node in nodes:
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            yield node.problem(f"this must be a path, not {kind_of(node)}", "quote it")
        elif isinstance(node.value, Timestamp):
            yield node.problem("this must be a path, and is read as a date", "quote it")
        else:
            other = first.setdefault(node.value.lower(), node)
            if other.value != node.value:
                hint = f"it was first given in line {other.line}; gitlabform ignores the case"
                yield node.problem(f"{shown(node.value)} is given twice in different case", hint)


def _skip_list(root: MappingNode, name: str) -> SkipList:
    node = root.get(name)
    if node is None:
        return SkipList()
    if isinstance(node, SequenceNode):
        return SkipList(tuple(str(item.value) for item in node.value))
    if isinstance(node, MappingNode):
        return SkipList(tuple(str(key.value) for key, _ in node.value))
    # Python goes through a text by its characters.
    return SkipList(tuple(node.value)) if isinstance(node.value, str) else SkipList((), node)


class _Declared(DeclaredPolicy):
    """A policy over the tree of its file."""

    def __init__(self, root: MappingNode, levels: MappingNode, *, include_archived: bool) -> None:
        self.source = root.file.name
        self.include_archived = include_archived
        self._root = root
        self._items = {str(key): item for key, item in branch(levels).items.items()}
        self._skip_projects = _skip_list(root, SKIP_PROJECTS)
        self._skip_groups = _skip_list(root, SKIP_GROUPS)
        self._replaced: dict[tuple[object, ...], DeclaredFault] = {}
        self._last: tuple[str, DeclaredScope | StopError | None] = ("", None)
        self._levels = Levels(self._items, self._skip_groups, self._note_replaced)

    def scope(self, path: str, number: int | None = None) -> DeclaredScope | None:  # noqa: ARG002
        """Return what is declared for a project; gitlabform knows projects by path alone."""
        found = self._scope(path)
        return None if isinstance(found, StopError) else found

    def _scope(self, path: str) -> DeclaredScope | StopError | None:
        # Several rules ask for the same project, one after the other.
        if self._last[0] != path:
            self._last = (path, self._merged(path))
        return self._last[1]

    def _merged(self, path: str) -> DeclaredScope | StopError | None:
        try:
            # gitlabform computes the config even of what it then skips, so a StopError comes first.
            config = self._levels.config(path)
            return None if self._skip_projects.hits(path) else scope_of(config)
        except StopError as stop:
            return stop

    def faults(self, paths: Iterable[str]) -> tuple[DeclaredFault, ...]:
        """Return all faults by their place, each once."""
        found = [*self._static(), *self._of_projects(tuple(paths))]
        unique = {fault.key: fault for fault in reversed(found)}
        return tuple(sorted(unique.values(), key=lambda fault: (fault.at, fault.key)))

    def _static(self) -> Iterator[DeclaredFault]:
        for key, item in self._items.items():
            if isinstance(item.value, Branch):
                yield from Lint(key).faults(item.value)
            if (why := _dead(key)) is not None:
                yield DeclaredFault(
                    "dead-key",
                    f"{shown(key)} matches nothing: {why}.",
                    "Write a group as group/*, a project as its full path.",
                    f"dead-key:{key}",
                    at(item.key),
                )

    def _of_projects(self, paths: tuple[str, ...]) -> Iterator[DeclaredFault]:
        emptying: dict[object, DeclaredFault] = {}
        for path in paths:
            found = self._scope(path)
            if isinstance(found, StopError):
                yield _stopped(found, path, self._level_at(found.node))
            elif found is not None and found.enforce and not found.listed:
                emptying.setdefault(found.enforce_at, _emptying(found, path))
        yield from _with_unique_keys(emptying.values())
        yield from _with_unique_keys(self._replaced.values())
        yield from self._prefixes(paths)

    def _prefixes(self, paths: tuple[str, ...]) -> Iterator[DeclaredFault]:
        namespaces = {path.rpartition("/")[0] for path in paths}
        for name, skip, candidates in (
            (SKIP_GROUPS, self._skip_groups, sorted(namespaces)),
            (SKIP_PROJECTS, self._skip_projects, sorted(paths)),
        ):
            node = self._root.get(name)
            for index, pattern in enumerate(skip.items):
                hit = next((path for path in candidates if _by_prefix(pattern, path)), None)
                if hit is not None:
                    place = node.value[index] if isinstance(node, SequenceNode) else node
                    yield DeclaredFault(
                        "prefix-skip",
                        f"{name}: {shown(pattern)} hits {hit} too: gitlabform compares it as a"
                        " prefix, without its slash.",
                        f"Name the groups or projects in {name} one by one.",
                        f"prefix-skip:{name}:{pattern}",
                        at(place if isinstance(place, ScalarNode) else self._root),
                        (("path", hit),),
                    )

    def _note_replaced(self, path: Keys, general: SequenceNode, specific: SequenceNode) -> None:
        if path[:2] != (SECTION, ALLOWLIST) or path[2:] not in {("groups",), ("projects",)}:
            return
        place = (specific.file.name, specific.line, specific.column, general.line)
        kept = {str(item.value).lower() for item in specific.value}
        lost = [str(item.value) for item in general.value if str(item.value).lower() not in kept]
        if not lost or place in self._replaced:
            return
        name, first = str(path[2]), ", ".join(lost[:3]) + (" …" if len(lost) > 3 else "")
        self._replaced[place] = DeclaredFault(
            "list-replaced",
            f"{name} of line {specific.line} takes the place of the list of line {general.line},"
            f" so {first} is not declared there: lists are not added up.",
            "Repeat the inherited items, or write inherit: false beside the list if it is meant.",
            f"list-replaced:{name}:{self._level_at(general)}:{self._level_at(specific)}",
            at(specific),
            (("replaces", str(at(general))),),
        )

    def _level_at(self, node: AnyNode) -> str:
        """Return the key of the level that a node stands in, as the file is read."""
        before = [key for key, item in self._items.items() if item.key.line <= node.line]
        return before[-1] if before else ""

    def entries(self) -> tuple[DeclaredName, ...]:
        """Return every name in an allowlist, each spelling once."""
        found: dict[str, DeclaredName] = {}
        for item in self._items.values():
            for name in _listed(item):
                found.setdefault(name.key, name)
        return tuple(found.values())

    def subjects(self) -> tuple[DeclaredName, ...]:
        """Return the groups and projects that are keys."""
        return tuple(_subjects(self._items))


def _listed(level: Item) -> Iterator[DeclaredName]:
    section = level.value.value(SECTION) if isinstance(level.value, Branch) else None
    lists = section.value(ALLOWLIST) if isinstance(section, Branch) else None
    if isinstance(lists, Branch):
        for name, kind in LISTS:
            yield from names_of(lists.items.get(name), kind) or ()


def _subjects(items: dict[str, Item]) -> Iterator[DeclaredName]:
    for key, item in items.items():
        kind = kind_of_key(key)
        if _dead(key) is None and _declares(item.value):
            if kind == "group":
                yield DeclaredName("group", key[:-2], at(item.key))
            elif kind == "project":
                yield DeclaredName("project", key, at(item.key))


def _declares(level: Value) -> bool:
    return isinstance(level, Branch) and SECTION in level.items


def _dead(key: str) -> str | None:
    kind = kind_of_key(key)
    if "://" in key:
        return f"it is a URL, and a level is a path, here {path_in_url(key) or 'the full one'}"
    if kind == "group" and "*" in key[:-2]:
        return "gitlabform looks for a group of exactly that name, stars included"
    if kind == "project" and "/" not in key:
        return "it is no project's full path, and a group is written with /* at its end"
    if key.startswith("/") or (kind == "project" and key.endswith("/")):
        return "no full path begins or ends with a slash"
    return None


def _by_prefix(pattern: str, path: str) -> bool:
    if not pattern.endswith("/*") or "*" in pattern[:-2]:
        return False
    group = pattern[:-2].lower()
    return path.lower().startswith(group) and not is_inside(path.lower(), group)


def _stopped(stop: StopError, path: str, level: str) -> DeclaredFault:
    text = str(stop)
    return DeclaredFault(
        "refused",
        f"gitlabform stops with an error here, before any project is done: {text}.",
        stop.remediation,
        f"refused:{level}:{text}",
        at(stop.node),
        (("project", path),),
    )


def _emptying(scope: DeclaredScope, path: str) -> DeclaredFault:
    return DeclaredFault(
        "enforce-empty",
        f"enforce without groups and projects removes every entry of the allowlist, of"
        f" {path} for one.",
        "List the entries that are needed (groups: [] if that is none), or remove enforce.",
        "enforce-empty",
        scope.enforce_at,
        (("project", path),),
    )


def _with_unique_keys(faults: Iterable[DeclaredFault]) -> Iterator[DeclaredFault]:
    """Number the keys of faults that have the same one, in the order of the file."""
    seen: Counter[str] = Counter()
    for fault in sorted(faults, key=lambda fault: fault.at):
        seen[fault.key] += 1
        number = seen[fault.key]
        key = fault.key if number == 1 else f"{fault.key}:{number}"
        yield DeclaredFault(
            fault.kind, fault.message, fault.remediation, key, fault.at, fault.about
        )
