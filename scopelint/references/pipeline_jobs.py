"""A CI/CD configuration as GitLab reads it: jobs with all that `extends`, `default:` and `!reference`
give them, each value at its own place in the file.

It knows one file: what an `include:` brings is not there, and a job that extends one of another
file has its own keys alone. Sources: docs.gitlab.com/ci/yaml, GitLab 18.9 `lib/gitlab/ci/config`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeVar

from scopelint.finder import UnreadableFileError
from scopelint.references.script_commands import joined
from scopelint.yaml import GITLAB, AnyNode, MappingNode, ScalarNode, SequenceNode, load

_GLOBAL: Final = frozenset(
    [
        "default",
        "include",
        "stages",
        "types",
        "variables",
        "workflow",
        "image",
        "services",
        "before_script",
        "after_script",
        "cache",
        "spec",
    ]
)
_OF_DEFAULT: Final[tuple[str, ...]] = (
    "image",
    "services",
    "before_script",
    "after_script",
    "hooks",
)
_REFERENCE: Final = "!reference"
_MOST_LEVELS: Final = 11
"""GitLab takes ten levels of `!reference`."""
_MOST_VALUES: Final = 150_000
"""Values of all jobs once they are put together; a long text counts as one in 100 characters."""
_HEADER: Final = re.compile(r"\A(?:\s*(?:#[^\n]*)?\n)*(?:---[^\n]*\n)?(?:\s*(?:#[^\n]*)?\n)*spec:")

Keys = Mapping[str, AnyNode]
_Kept = TypeVar("_Kept", AnyNode, ScalarNode)


@dataclass(frozen=True, slots=True)
class PipelineJob:
    """One job, or what stands for all of them."""

    name: str
    keys: Keys
    """By keyword."""
    variables: Mapping[str, ScalarNode]
    unsure: frozenset[str]
    """Variables that rules or a matrix set too: which value holds is not known."""

    def commands(self) -> Iterator[tuple[int, str]]:
        """Yield the commands of its scripts with their lines, in their order."""
        hooks = self.keys.get("hooks")
        before = hooks.get("pre_get_sources_script") if isinstance(hooks, MappingNode) else None
        for node in (before, *map(self.keys.get, ("before_script", "script", "after_script"))):
            if node is not None:
                for each in _scalars(node):
                    yield from _commands(each)


@lru_cache(maxsize=1)  # a finder asks several times of one file
def read_pipeline(text: str, name: str) -> tuple[MappingNode, tuple[PipelineJob, ...]]:
    """Return a configuration and its jobs.

    A hidden job (`.name`) is among them only where no job of the file extends or refers to it:
    what it says is then for files that include this one. Raise UnreadableFileError where it is no
    mapping, and ConfigError where it is no YAML.
    """
    document = load(_without_header(text), name, partial=True, dialect=GITLAB)
    if not isinstance(document.root, MappingNode):
        if isinstance(document.root, ScalarNode) and document.root.value is None:
            return MappingNode(document.file, 1, 1, ()), ()
        raise UnreadableFileError("it is no mapping of keywords and jobs")
    return document.root, tuple(_Configuration(document.root).jobs())


def _without_header(text: str) -> str:
    """Return the text with the lines of its `spec:` header left empty: a document of its own."""
    if _HEADER.match(text) is None:
        return text
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.startswith("spec:")), 0)
    end = next((n for n in range(first, len(lines)) if re.match(r"---(?:\s|$)", lines[n])), None)
    if end is None:
        return text
    return "\n".join([""] * (end + 1) + lines[end + 1 :])


class _Configuration:
    def __init__(self, root: MappingNode) -> None:
        self.top = {str(key.value): value for key, value in root.value}
        self.raw = {
            name: value
            for name, value in self.top.items()
            if name not in _GLOBAL and isinstance(value, MappingNode)
        }
        self.used: set[str] = set()
        """Hidden jobs that others extend or refer to."""
        self.merged: dict[str, MappingNode] = {}
        self.room = _MOST_VALUES

    def jobs(self) -> Iterator[PipelineJob]:
        shown = [name for name in self.raw if not name.startswith(".")]
        made = [self._job(name) for name in shown]
        yield from made
        if not self.raw:
            keys = {key: self._resolved(value, 0) for key, value in self._defaults(None).items()}
            yield PipelineJob("default", keys, self._global_variables(None), frozenset())
        for name in self.raw:
            if name.startswith(".") and name not in self.used:
                yield self._job(name)

    def _job(self, name: str) -> PipelineJob:
        keys = {str(key.value): value for key, value in self._extended(name).value}
        given = self._defaults(keys.get("inherit"))
        keys = {**given, **keys}
        resolved = {key: self._resolved(value, 0) for key, value in keys.items()}
        inherited = self._global_variables(keys.get("inherit"))
        own = _variables(resolved.get("variables"))
        return PipelineJob(name, resolved, inherited | own, self._unsure(resolved))

    def _extended(self, name: str) -> MappingNode:
        if name in self.merged:
            return self.merged[name]
        own = self.raw[name]
        # Seen from a circle of jobs, which GitLab refuses, it extends nothing.
        self.merged[name] = own
        parents = own.get("extends")
        base: MappingNode | None = None
        for parent in () if parents is None else _scalars(parents):
            if parent.text in self.raw:
                self.used.add(parent.text)
                above = self._extended(parent.text)
                self._spend(len(above.value))
                base = above if base is None else _deep(base, above)
        self.merged[name] = own if base is None else _deep(base, own)
        return self.merged[name]

    def _spend(self, values: int) -> None:
        self.room -= values
        if self.room < 0:
            raise UnreadableFileError("what its jobs extend and refer to is too much")

    def _defaults(self, inherit: AnyNode | None) -> dict[str, AnyNode]:
        default = self.top.get("default")
        given = {key: self.top[key] for key in _OF_DEFAULT if key in self.top}
        if isinstance(default, MappingNode):
            given |= {k: v for k in _OF_DEFAULT if (v := default.get(k)) is not None}
        return _inherited(given, inherit, "default")

    def _global_variables(self, inherit: AnyNode | None) -> dict[str, ScalarNode]:
        node = self.top.get("variables")
        found = _variables(None if node is None else self._resolved(node, 0))
        return _inherited(found, inherit, "variables")

    def _unsure(self, keys: Keys) -> frozenset[str]:
        found: set[str] = set()
        workflow = self.top.get("workflow")
        rules = [keys.get("rules")]
        rules += [workflow.get("rules")] if isinstance(workflow, MappingNode) else []
        for each in rules:
            for rule in each.value if isinstance(each, SequenceNode) else ():
                if isinstance(rule, MappingNode):
                    found |= set(_variables(rule.get("variables")))
        parallel = keys.get("parallel")
        matrix = parallel.get("matrix") if isinstance(parallel, MappingNode) else None
        for row in matrix.value if isinstance(matrix, SequenceNode) else ():
            if isinstance(row, MappingNode):
                found |= {str(key.value) for key, _ in row.value}
        return frozenset(found)

    def _resolved(self, node: AnyNode, level: int) -> AnyNode:
        """Return a value with what its references stand for; one of another file stays."""
        self._spend(1 + (len(node.text) // 100 if isinstance(node, ScalarNode) else 0))
        if isinstance(node, MappingNode):
            return replace(
                node, value=tuple((key, self._resolved(each, level)) for key, each in node.value)
            )
        if isinstance(node, SequenceNode):
            if node.tag != _REFERENCE:
                return replace(
                    node, value=tuple(self._resolved(each, level) for each in node.value)
                )
            named = self._named(node) if level < _MOST_LEVELS else None
            return node if named is None else self._resolved(named, level + 1)
        return node

    def _named(self, reference: SequenceNode) -> AnyNode | None:
        steps = [each.text for each in reference.value if isinstance(each, ScalarNode)]
        if not steps or steps[0] not in self.top:
            return None
        self.used.add(steps[0])
        here: AnyNode | None = (
            self._extended(steps[0]) if steps[0] in self.raw else self.top[steps[0]]
        )
        for name in steps[1:]:
            here = here.get(name) if isinstance(here, MappingNode) else None
        return here


def _deep(base: MappingNode, over: MappingNode) -> MappingNode:
    """Return two mappings merged, the second one over the first; lists are not joined."""
    pairs = {str(key.value): (key, value) for key, value in base.value}
    for key, value in over.value:
        below = pairs.get(str(key.value))
        if (
            below is not None
            and isinstance(below[1], MappingNode)
            and isinstance(value, MappingNode)
        ):
            pairs[str(key.value)] = (key, _deep(below[1], value))
        else:
            pairs[str(key.value)] = (key, value)
    return replace(over, value=tuple(pairs.values()))


def _inherited(given: dict[str, _Kept], inherit: AnyNode | None, what: str) -> dict[str, _Kept]:
    wanted = inherit.get(what) if isinstance(inherit, MappingNode) else None
    if isinstance(wanted, ScalarNode) and wanted.value is False:
        return {}
    if isinstance(wanted, SequenceNode):
        names = {each.text for each in _scalars(wanted)}
        return {key: value for key, value in given.items() if key in names}
    return given


def _variables(node: AnyNode | None) -> dict[str, ScalarNode]:
    found = {}
    for key, value in node.value if isinstance(node, MappingNode) else ():
        held = value.get("value") if isinstance(value, MappingNode) else value
        if isinstance(held, ScalarNode):
            found[str(key.value)] = held
    return found


def _scalars(node: AnyNode) -> Iterator[ScalarNode]:
    """Yield the single values of a value or of lists in lists; not those of unknown references."""
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode) and node.tag != _REFERENCE:
        for each in node.value:
            yield from _scalars(each)


def _commands(node: ScalarNode) -> Iterator[tuple[int, str]]:
    """Yield the commands of one entry of a script, each with the line that it begins in."""
    block = node.file.character(node.line, node.column) in {"|", ">"} and not node.plain
    first = node.line + 1 if block else node.line
    for number, text in joined(first, node.text):
        if text.strip():
            yield (_place(node, number, text) if block else min(number, first)), text


def _place(node: ScalarNode, least: int, text: str) -> int:
    """Return the line of a command: in a folded text (`>`) it lies lower than counted."""
    head = text.strip()[:60].rpartition(" ")[0] or text.strip()[:60]
    for number in range(least, least + 200):
        if head in node.file.line(number):
            return number
    return least
