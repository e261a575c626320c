"""The parts of scopelint.yml that only the rules can check: selectors, options, waivers."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from scopelint.access import with_implied
from scopelint.config.models import AcceptsSection, WaiverSection
from scopelint.config.selection import Catalogue, RuleClass, UnknownSelectorError
from scopelint.config.validation import validate
from scopelint.engine.acceptance import Bounds, read_moment
from scopelint.engine.waivers import WaiverRule
from scopelint.errors import PluginError, Problem
from scopelint.rule import RuleOptions
from scopelint.text import shown
from scopelint.versions import UNKNOWN
from scopelint.yaml import AnyNode, MappingNode, ScalarNode, SequenceNode, step

T = TypeVar("T")


def selector_problems(tree: MappingNode, known: Catalogue) -> list[Problem]:
    """Return a problem for every selector in `select`, `ignore`, `severity` that names no rule."""
    problems: list[Problem] = []
    for key in ("select", "ignore"):
        items = tree.get(key)
        for item in items.value if isinstance(items, SequenceNode) else ():
            # The models report what is no text, or empty.
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


def waiver_problems(tree: MappingNode, known: Catalogue) -> Iterator[Problem]:
    """Yield a problem for a waiver of an unknown rule, and for one without an end."""
    allowed = tree.get("allow_permanent_waivers")
    permanent = isinstance(allowed, ScalarNode) and allowed.value is True
    for node in _waiver_nodes(tree):
        rule = step(node, "rule")
        if isinstance(rule, ScalarNode) and isinstance(rule.value, str) and rule.value:
            yield from looked_up(rule, known.resolve)[1]
        if isinstance(node, MappingNode) and node.key("expires") is None and not permanent:
            hint = 'add `expires: "2026-12-31"`, or set allow_permanent_waivers: true'
            yield node.problem("this waiver has no end: the key expires is missing", hint)


def _waiver(section: WaiverSection, node: AnyNode, known: Catalogue) -> WaiverRule:
    """Return one waiver, from the valid section and its node."""
    return WaiverRule(
        rules=frozenset(rule.code for rule in known.resolve(section.rule)),
        project=section.project or (None if section.kind.by_path else "**"),
        kind=section.kind,
        reason=section.reason,
        expires=date.fromisoformat(section.expires) if section.expires else None,
        entry=section.entry or None,
        owner=section.owner or None,
        ticket=section.ticket or None,
        place=f"{node.file.name}:{node.line}:{node.column}",
        rule=section.rule,
        accepts=_bounds(section.accepts) if "accepts" in section.model_fields_set else None,
    )


def _bounds(section: AcceptsSection) -> Bounds:
    """Return how much a waiver accepts; what it does not name may grow."""
    given = section.model_fields_set
    return Bounds(
        # As GitLab has it where its version is not known: ADMIN_X includes READ_X.
        tuple(sorted(with_implied(section.permissions, UNKNOWN)))
        if "permissions" in given
        else None,
        read_moment(section.created_at) if section.created_at else None,
        section.projects if "projects" in given else None,
        section.reach if "reach" in given else None,
    )


def read_waivers(
    tree: MappingNode, sections: tuple[WaiverSection, ...], known: Catalogue
) -> tuple[WaiverRule, ...]:
    """Return all waivers of a valid config, in the order of the file."""
    pairs = zip(sections, _waiver_nodes(tree), strict=True)
    return tuple(_waiver(section, node, known) for section, node in pairs)


def _waiver_nodes(tree: MappingNode) -> tuple[AnyNode, ...]:
    listed = tree.get("waivers")
    return listed.value if isinstance(listed, SequenceNode) else ()
