"""Reads an instance file and builds the instance; every fault is named with its place."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from pydantic import TypeAdapter, ValidationError

from scopelint.errors import ConfigError, Problem
from scopelint_simulator.instance import Instance
from scopelint_simulator.instance_build import Builder
from scopelint_simulator.instance_format import MOVED_BY, FixedDay, InstanceFile

Source: TypeAlias = str | Path | Mapping[str, Any]
Place: TypeAlias = tuple[str | int, ...]

_Base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[valid-type,misc]  # the C loader where PyYAML was built with it
    """PyYAML's safe loader, with `on`, `off`, `yes` and `no` as text: `on` is one of our keys."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag != "tag:yaml.org,2002:bool" or first in "tTfF"
    ]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def load_instance(source: Source) -> Instance:
    """Read an instance from a path, from YAML text (anything with a line break), or a mapping.

    Raises ConfigError that lists every fault with its place (file, line and column where
    `source` is text).
    """
    if isinstance(source, Mapping):
        return _build(_plain(source), "instance", None)
    name, text = _read(source)
    try:
        loaded = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        fault = Problem(name, f"not YAML: {error.problem or error.context}", *place)
        raise ConfigError([fault]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError([Problem(name, f"not YAML: {error}")]) from error
    if not isinstance(loaded, dict):
        raise ConfigError([Problem(name, "an instance is a mapping with the key `projects`")])
    return _build(loaded, name, text)


def _read(source: str | Path) -> tuple[str, str | bytes]:
    if isinstance(source, str) and "\n" in source:
        return "instance", source
    path = Path(source)
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error


def _plain(source: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which YAML 1.1's reading of the key `on` (True) is undone."""
    copy = dict(source)
    roles = copy.get("roles")
    if isinstance(roles, list):
        copy["roles"] = [
            {("on" if key is True else key): value for key, value in role.items()}
            if isinstance(role, Mapping)
            else role
            for role in roles
        ]
    return copy


def _build(data: dict[str, Any], name: str, text: str | bytes | None) -> Instance:
    try:
        parsed = InstanceFile.model_validate(data, context={MOVED_BY: _days_since(data)})
    except ValidationError as error:
        faults = [(tuple(fault["loc"]), _message(fault["msg"])) for fault in error.errors()]
        raise _config_error(faults, name, text) from error
    builder = Builder(parsed)
    instance = builder.build()
    if builder.faults:
        raise _config_error(builder.faults, name, text)
    return instance


def _days_since(data: Mapping[str, Any]) -> timedelta:
    """Return how long ago the file's `gitlab.today` was, in whole days (UTC); none without it."""
    given = data.get("gitlab")
    if not isinstance(given, Mapping) or given.get("today") is None:
        return timedelta()
    try:
        today = TypeAdapter(FixedDay).validate_python(given["today"])
    except ValidationError:
        return timedelta()  # The file's own check names the fault.
    return datetime.now(UTC).date() - today


def _message(text: str) -> str:
    known = {"Extra inputs are not permitted": "unknown key", "Field required": "is missing"}
    return known.get(text, text.removeprefix("Value error, "))


def _config_error(
    faults: list[tuple[Place, str]], name: str, text: str | bytes | None
) -> ConfigError:
    root = None if text is None else yaml.compose(text, Loader=_Loader)
    problems = []
    for place, message in faults:
        line, column = _position(root, place)
        problems.append(Problem(name, f"{_dotted(place)}: {message}", line, column))
    problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
    return ConfigError(problems, hint="docs/simulator.md describes the instance file")


def _dotted(place: Place) -> str:
    shown = ""
    for part in place:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif not part.startswith(("constrained-", "function-")) and part not in _NOISE:
            shown += f".{part}" if shown else part
    return shown or "instance"


_NOISE = frozenset({"OutsidePart", "[key]"})
"""Names that pydantic puts into a place and that no file holds."""


def _position(root: yaml.Node | None, place: Place) -> tuple[int | None, int | None]:
    """Line and column of the deepest part of `place` that the file holds."""
    if root is None:
        return None, None
    node, mark = root, root.start_mark
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            mark = node.start_mark
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    node, mark = value, key.start_mark
                    break
    return mark.line + 1, mark.column + 1
