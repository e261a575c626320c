"""The parts of scopelint.yml that only the rules themselves can judge: selectors and options."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from scopelint.config.selection import Catalogue, RuleClass, UnknownSelectorError
from scopelint.config.validation import validate
from scopelint.errors import PluginError, Problem
from scopelint.rule import RuleOptions
from scopelint.text import shown
from scopelint.yaml import AnyNode, MappingNode, ScalarNode, SequenceNode

T = TypeVar("T")


def selector_problems(tree: MappingNode, known: Catalogue) -> list[Problem]:
    """Return a problem for every selector in `select`, `ignore`, `severity` that names no rule."""
    problems: list[Problem] = []
    for key in ("select", "ignore"):
        items = tree.get(key)
        for item in items.value if isinstance(items, SequenceNode) else ():
            # What is no text, or empty, is a fault of its type and told as such.
            if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value:
                problems += looked_up(item, known.resolve)[1]
    for name, _ in entries(tree.get("severity")):
        problems += looked_up(name, known.resolve)[1]
    return problems + given_twice(tree.get("severity"), known)


def rule_options(
    tree: MappingNode, known: Catalogue, base: Mapping[str, AnyNode] | None = None
) -> tuple[dict[str, RuleOptions], list[Problem]]:
    """Return the validated options below `rules` by code, and what is wrong with the others.

    `base` are options by code that hold where `tree` does not name them. Raise PluginError where
    a rule's own validation crashes.
    """
    problems = given_twice(tree.get("rules"), known)
    found: dict[str, RuleOptions] = {}
    for name, node in entries(tree.get("rules")):
        rule, faults = looked_up(name, known.rule)
        problems += faults
        if rule is None or not isinstance(node, MappingNode):
            continue
        options, faults = _validated(rule, _laid_over(node, (base or {}).get(rule.code)))
        problems += faults
        if options is not None:
            found[rule.code] = options
    return found, problems


def _laid_over(node: MappingNode, base: AnyNode | None) -> MappingNode:
    kept = [pair for pair in entries(base) if node.get(pair[0].value) is None]
    return MappingNode(node.file, node.line, node.column, (*kept, *node.value))


def _validated(rule: RuleClass, node: MappingNode) -> tuple[RuleOptions | None, list[Problem]]:
    try:
        return validate(rule.Options, node)
    except Exception as error:
        # Pydantic turns a validator's ValueError into a fault; anything else is the rule's bug.
        raise PluginError(
            f"rule {rule.code} ({rule.name}): reading its options crashed: "
            f"{type(error).__name__}: {error}",
            hint=f"{node.file.name}:{node.line}; report it to the rule's author",
        ) from error


def entries(node: AnyNode | None) -> Iterator[tuple[ScalarNode, AnyNode]]:
    """Yield the pairs of a mapping whose key is text; none where there is no mapping."""
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key.value, str):
            yield key, value


def looked_up(node: ScalarNode, look_up: Callable[[str], T]) -> tuple[T | None, list[Problem]]:
    """Return what a selector stands for, or the problem that it stands for nothing."""
    try:
        return look_up(str(node.value)), []
    except UnknownSelectorError as error:
        return None, [node.problem(str(error), error.hint)]


def given_twice(node: AnyNode | None, known: Catalogue) -> list[Problem]:
    """Return a problem for every key of a mapping that names a rule a second time."""
    first: dict[str, ScalarNode] = {}
    problems = []
    for key, _ in entries(node):
        rule = known.names.get(str(key.value))
        if rule is None:
            continue
        other = first.setdefault(rule.code, key)
        if other is not key:
            message = f"{shown(key.value)} and {shown(other.value)} are the same rule"
            problems.append(key.problem(message, f"it was first given in line {other.line}"))
    return problems
