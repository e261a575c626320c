"""`overrides:` of scopelint.yml, by rule code: other rules, severities and options by path.

Where several overrides match a project, each is laid over what was there before it, in the order
of the file. Inside one, `select` adds rules, then `ignore` takes rules away. An option that an
override does not name stays as it is elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scopelint.config.models import OverrideSection
from scopelint.config.rule_keys import entries, looked_up, rule_options, selector_problems
from scopelint.config.selection import Catalogue, severity_overrides
from scopelint.engine.rule_sets import Override
from scopelint.errors import Problem
from scopelint.finding import Severity
from scopelint.rule import RuleOptions
from scopelint.text import shown
from scopelint.yaml import AnyNode, MappingNode, ScalarNode, SequenceNode, step


@dataclass(frozen=True, slots=True)
class RuleParts:
    """The parts of one override that only the rules can check."""

    node: AnyNode
    """The override in the file."""
    options: Mapping[str, Mapping[str, Any]]
    """The options it gives, by the rule's code and the option's name."""
    problems: tuple[Problem, ...]
    """What is wrong with its selectors and options."""


def read_overrides(tree: MappingNode, known: Catalogue) -> list[RuleParts]:
    """Check the selectors and options of every override in a config's tree.

    Options are checked as they will hold: with those that the rule has for all projects.
    Raise PluginError where a rule's own validation crashes.
    """
    listed = tree.get("overrides")
    nodes = listed.value if isinstance(listed, SequenceNode) else ()
    return [_parts(node, tree, known) for node in nodes]


def override(section: OverrideSection, parts: RuleParts, known: Catalogue) -> Override:
    """Return one override, from the valid section and its parts."""
    severity = {key: Severity(value) for key, value in section.severity.items()}
    node = parts.node
    return Override(
        projects=section.globs,
        kind=section.kind,
        select=_codes(section.select, known),
        ignore=_codes(section.ignore, known),
        severities=severity_overrides(severity, known),
        options=parts.options,
        place=f"{node.file.name}:{node.line}:{node.column}",
    )


def _parts(node: AnyNode, tree: MappingNode, known: Catalogue) -> RuleParts:
    if not isinstance(node, MappingNode):
        return RuleParts(node, {}, ())
    problems = selector_problems(node, known)
    problems += (_out_of_reach(name) for name in _misplaced(node, known))
    found, faults = rule_options(node, known, _by_code(tree, known))
    given = _by_code(node, known)
    options = {code: _named(option, given[code]) for code, option in found.items()}
    return RuleParts(node, options, (*problems, *faults))


def _by_code(tree: MappingNode, known: Catalogue) -> dict[str, AnyNode]:
    """Return the options as they are written below `rules`, by code."""
    return {
        known.names[str(key.value)].code: value
        for key, value in entries(tree.get("rules"))
        if key.value in known.names
    }


def _named(options: RuleOptions, node: AnyNode) -> dict[str, Any]:
    """Return the values of those options that a mapping names, by the name they are given by."""
    names = {key.value for key, _ in entries(node)}
    found = {}
    for name in options.model_fields_set:
        given = type(options).model_fields[name].alias or name
        if given in names:
            found[given] = getattr(options, name)
    return found


def _misplaced(node: MappingNode, known: Catalogue) -> Iterator[ScalarNode]:
    """Yield the selectors that stand for rules about the instance alone."""
    for key in ("select", "ignore"):
        items = node.get(key)
        yield from (
            item
            for item in (items.value if isinstance(items, SequenceNode) else ())
            if isinstance(item, ScalarNode) and _of_instance(item, known)
        )
    for key in ("severity", "rules"):
        yield from (name for name, _ in entries(step(node, key)) if _of_instance(name, known))


def _of_instance(node: ScalarNode, known: Catalogue) -> bool:
    if not isinstance(node.value, str):
        return False
    rules, _ = looked_up(node, known.resolve)
    return bool(rules) and all(rule.once for rule in rules or ())


def _out_of_reach(node: ScalarNode) -> Problem:
    message = f"{shown(node.value)} judges the instance as a whole, so no override reaches it"
    return node.problem(message, "set it for the whole run, outside of overrides")


def _codes(selectors: tuple[str, ...], known: Catalogue) -> frozenset[str]:
    return frozenset(
        rule.code for selector in selectors for rule in known.resolve(selector) if not rule.once
    )
