"""`waivers:` of scopelint.yml: what only the rules, and the file as a whole, can judge of them."""

from collections.abc import Iterator
from datetime import date

from scopelint.config.models import WaiverSection
from scopelint.config.rule_keys import looked_up
from scopelint.config.selection import Catalogue
from scopelint.engine.waivers import WaiverRule
from scopelint.errors import Problem
from scopelint.yaml import AnyNode, MappingNode, ScalarNode, SequenceNode, step


def waiver_problems(tree: MappingNode, known: Catalogue) -> Iterator[Problem]:
    """Yield a problem for a waiver of an unknown rule, and for one without an end."""
    allowed = tree.get("allow_permanent_waivers")
    permanent = isinstance(allowed, ScalarNode) and allowed.value is True
    for node in _nodes(tree):
        rule = step(node, "rule")
        if isinstance(rule, ScalarNode) and isinstance(rule.value, str) and rule.value:
            yield from looked_up(rule, known.resolve)[1]
        if isinstance(node, MappingNode) and node.key("expires") is None and not permanent:
            hint = 'add `expires: "2026-12-31"`, or set allow_permanent_waivers: true'
            yield node.problem("this waiver has no end: the key expires is missing", hint)


def waiver(section: WaiverSection, node: AnyNode, known: Catalogue) -> WaiverRule:
    """Return one waiver, from the valid section and its node."""
    return WaiverRule(
        rules=frozenset(rule.code for rule in known.resolve(section.rule)),
        project=section.project or None,
        reason=section.reason,
        expires=date.fromisoformat(section.expires) if section.expires else None,
        entry=section.entry or None,
        owner=section.owner or None,
        ticket=section.ticket or None,
        place=f"{node.file.name}:{node.line}:{node.column}",
        rule=section.rule,
    )


def read_waivers(
    tree: MappingNode, sections: tuple[WaiverSection, ...], known: Catalogue
) -> tuple[WaiverRule, ...]:
    """Return all waivers of a valid config, in the order of the file."""
    pairs = zip(sections, _nodes(tree), strict=True)
    return tuple(waiver(section, node, known) for section, node in pairs)


def _nodes(tree: MappingNode) -> tuple[AnyNode, ...]:
    listed = tree.get("waivers")
    return listed.value if isinstance(listed, SequenceNode) else ()
