"""The declared policy that a scopelint.yml names or holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scopelint.declared import DeclaredPolicy
from scopelint.errors import ConfigError, Problem
from scopelint.policy.gitlabform import declared_from, read_gitlabform
from scopelint.terraform import read_plan, read_sources
from scopelint.text import clean
from scopelint.yaml import MappingNode, ScalarNode, named_file, step

Found = tuple[DeclaredPolicy | None, list[Problem]]
_TOOLS = ("gitlabform", "terraform")


def read_declared(tree: MappingNode, files: Mapping[str, Path], root: Path | None) -> Found:
    """Return the policy of a config's tree, None where it has none, and what is wrong with it.

    `files` are the paths of the config's files by the names that messages use; what another tool
    has is named from the file that names it. `root` is the folder below which it must lie, None
    where the user named the config.
    """
    own, named = tree.get("declared"), list(_named(tree))
    archived = step(tree.get("policy"), "archived")
    include = isinstance(archived, ScalarNode) and archived.value == "include"
    try:
        given = [f"policy.{tool}" for tool, _ in named] + (["declared"] if own is not None else [])
        if named and len(given) > 1:
            what = f"{' and '.join(given)} are both given"
            return None, [named[-1][1].problem(what, "keep one of them")]
        if named:
            return _from_file(_Named(*named[0], include), files, root)
        if isinstance(own, MappingNode):
            return declared_from(own, include_archived=include), []
    except ConfigError as error:
        return None, list(error.problems)
    # The models report what is of a wrong type.
    return None, []


def _named(tree: MappingNode) -> Iterator[tuple[str, ScalarNode]]:
    for tool in _TOOLS:
        node = step(tree.get("policy"), tool)
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
            yield tool, node


@dataclass(frozen=True, slots=True)
class _Named:
    """What another tool has, as the config names it."""

    tool: str
    node: ScalarNode
    include_archived: bool

    def read(self, path: Path, name: str, root: Path | None) -> DeclaredPolicy:
        """Read it; raise ConfigError for its faults."""
        if self.tool == "gitlabform":
            return read_gitlabform(path, name, include_archived=self.include_archived)
        if path.suffix.lower() == ".json":
            return read_plan(path, name, include_archived=self.include_archived)
        return read_sources(path, name, within=root, include_archived=self.include_archived)


def _from_file(named: _Named, files: Mapping[str, Path], root: Path | None) -> Found:
    node = named.node
    path = named_file(node, files.get(node.file.name), root)
    text = str(node.value)
    name = clean(str(Path(node.file.name).parent / text))
    try:
        return named.read(path, name, root), []
    except ConfigError as error:
        # A file that is not there is a fault of the line that names it.
        return None, [
            problem
            if problem.line is not None
            else node.problem(f"{problem.source}: {problem.message}", problem.hint)
            for problem in error.problems
        ]
