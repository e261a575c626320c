"""The declared policy that a scopelint.yml names or holds."""

from collections.abc import Mapping
from pathlib import Path

from scopelint.declared import DeclaredPolicy
from scopelint.errors import ConfigError, Problem
from scopelint.policy.gitlabform import declared_from, read_gitlabform
from scopelint.text import clean
from scopelint.yaml import MappingNode, ScalarNode, step

Found = tuple[DeclaredPolicy | None, list[Problem]]


def read_declared(tree: MappingNode, files: Mapping[str, Path], root: Path | None) -> Found:
    """Return the policy of a config's tree, None where it has none, and what is wrong with it.

    `files` are the paths of the config's files by the names that messages use; a gitlabform
    config is named from the file that names it. `root` is the folder below which it must lie,
    None where the user named the config.
    """
    own, named = tree.get("declared"), step(tree.get("policy"), "gitlabform")
    archived = step(tree.get("policy"), "archived")
    include = isinstance(archived, ScalarNode) and archived.value == "include"
    try:
        if isinstance(named, ScalarNode) and isinstance(named.value, str) and named.value:
            if own is not None:
                hint = "keep one of them"
                return None, [named.problem("policy.gitlabform and declared are both given", hint)]
            return _from_file(named, files, root, include_archived=include)
        if isinstance(own, MappingNode):
            return declared_from(own, include_archived=include), []
    except ConfigError as error:
        return None, list(error.problems)
    # The models report what is of a wrong type.
    return None, []


def _from_file(
    named: ScalarNode, files: Mapping[str, Path], root: Path | None, *, include_archived: bool
) -> Found:
    home = files.get(named.file.name)
    if home is None:
        return None, [named.problem("a config that is no file cannot name another one")]
    text = str(named.value)
    try:
        path = home.parent / text
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None, [named.problem("this is not the name of a file")]
    hint = "a config that was found names files of its own repository; use --config for others"
    if root is not None and Path(text).is_absolute():
        return None, [named.problem("an absolute path is not allowed here", hint)]
    if root is not None and not real.is_relative_to(root.resolve()):
        return None, [named.problem(f"this leads out of {clean(str(root))}", hint)]
    name = clean(str(Path(named.file.name).parent / text))
    try:
        return read_gitlabform(path, name, include_archived=include_archived), []
    except ConfigError as error:
        # A file that is not there is a fault of the line that names it.
        return None, [
            problem
            if problem.line is not None
            else named.problem(f"{name}: {problem.message}", problem.hint)
            for problem in error.problems
        ]
