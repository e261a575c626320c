"""scopelint.yml, read and checked: every fault at once, each with its file, line and column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from scopelint.config.discovery import FoundConfig
from scopelint.config.extends import combine
from scopelint.config.loaded import Config, SettingPlace
from scopelint.config.models import ConfigModel
from scopelint.config.overrides import override, read_overrides
from scopelint.config.rule_keys import (
    read_waivers,
    rule_options,
    selector_problems,
    waiver_problems,
)
from scopelint.config.selection import (
    Catalogue,
    RuleClass,
    severity_overrides,
)
from scopelint.config.validation import ordered, validate
from scopelint.errors import ConfigError, Problem
from scopelint.finding import Severity
from scopelint.policy import read_declared
from scopelint.text import shown
from scopelint.yaml import (
    Document,
    Location,
    MappingNode,
    ScalarNode,
    SequenceNode,
    load,
    named_file,
    step,
    walk,
)


def load_config(where: Path | FoundConfig, catalogue: Iterable[RuleClass] | Catalogue) -> Config:
    """Read a config: a path that the user named, or what `find_config` found.

    `catalogue` holds the classes of all rules there are. Raise ConfigError with every fault, in
    file order: YAML faults, unknown and duplicate keys, wrong values, unknown rules, wrong
    options of rules, a path that is missing, a folder or unreadable. Raise PluginError where a
    rule's own validation of its options crashes.
    """
    if isinstance(where, FoundConfig):
        document = load(where.path, where.name, partial=True)
        return config_from(document, catalogue, source=where.path, root=where.root)
    return config_from(load(where, partial=True), catalogue, source=where)


def config_from(
    document: Document,
    catalogue: Iterable[RuleClass] | Catalogue,
    *,
    source: Path | None = None,
    root: Path | None = None,
) -> Config:
    """Check a document as a scopelint.yml; raise what `load_config` raises."""
    known = Catalogue(catalogue)
    whole = combine(document, known, path=source, root=root)
    tree, problems = whole.tree, list(whole.problems)
    model, faults = validate(ConfigModel, tree)
    problems += faults
    problems += selector_problems(tree, known)
    options, faults = rule_options(tree, known)
    problems += faults
    parts = read_overrides(tree, known)
    problems += (problem for part in parts for problem in part.problems)
    problems += _names_given_twice(tree)
    declared, faults = read_declared(tree, whole.files, root)
    problems += faults
    problems += waiver_problems(tree, known)
    baseline, refused = _baseline(tree, whole.files, root)
    problems += refused
    if problems or model is None:
        raise ConfigError(ordered(problems))
    chosen = {key: Severity(value) for key, value in model.severity.items()}
    return Config(
        model=model,
        source=source,
        root=root,
        options=options,
        severity=severity_overrides(chosen, known),
        overrides=tuple(
            override(section, part, known)
            for section, part in zip(model.overrides, parts, strict=True)
        ),
        waivers=read_waivers(tree, model.waivers, known),
        baseline=baseline,
        declared=declared,
        places=_places(tree),
        files=whole.files,
        digests=whole.digests,
    )


def _baseline(
    tree: MappingNode, files: Mapping[str, Path], root: Path | None
) -> tuple[Path | None, Sequence[Problem]]:
    """Return the file that `gate.baseline` names, from the file that names it."""
    named = step(tree.get("gate"), "baseline")
    if not (isinstance(named, ScalarNode) and isinstance(named.value, str) and named.value):
        return None, ()  # The model reports what is no text.
    try:
        return named_file(named, files.get(named.file.name), root), ()
    except ConfigError as error:
        return None, error.problems


def _names_given_twice(tree: MappingNode) -> Iterator[Problem]:
    listed = tree.get("boundaries")
    first: dict[str, ScalarNode] = {}
    for boundary in listed.value if isinstance(listed, SequenceNode) else ():
        name = step(boundary, "name")
        if isinstance(name, ScalarNode) and isinstance(name.value, str):
            other = first.setdefault(name.value, name)
            if other is not name:
                hint = f"it was first given in line {other.line}"
                if other.file.name != name.file.name:
                    hint += f" of {other.file.name}"
                yield name.problem(f"two boundaries are called {shown(name.value)}", hint)


def _places(tree: MappingNode) -> dict[Location, SettingPlace]:
    return {
        location: SettingPlace(node.file.name, node.line, node.column)
        for location, node in walk(tree)
        if location
    }
