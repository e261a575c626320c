"""Merge keys (`<<`) of YAML, as ruamel.yaml gives them: what is merged in comes first.

A key that the mapping itself has wins over a merged one, wherever it stands; of several mappings
in a list the first wins (yaml.org/type/merge.html).
"""

from collections.abc import Sequence

from scopelint.errors import Problem
from scopelint.yaml.nodes import AnyNode, MappingNode, ScalarNode, SequenceNode, kind_of

Pair = tuple[ScalarNode, AnyNode]


def is_merge(key: AnyNode) -> bool:
    """Tell whether a key is `<<`, unquoted."""
    return isinstance(key, ScalarNode) and key.plain and key.text == "<<"


def merged(own: Sequence[Pair], sources: Sequence[MappingNode]) -> tuple[Pair, ...]:
    """Return the pairs of a mapping with those of `sources` merged in."""
    pairs = [pair for source in reversed(sources) for pair in source.value]
    found: dict[object, Pair] = {}
    for key, value in (*pairs, *own):
        found[key.value] = (key, value)
    return tuple(found.values())


def sources(key: ScalarNode, value: AnyNode) -> tuple[list[MappingNode], list[Problem]]:
    """Return the mappings that a merge key names, or the problem that it names something else."""
    items = value.value if isinstance(value, SequenceNode) else (value,)
    found = [item for item in items if isinstance(item, MappingNode)]
    wrong = [item for item in items if not isinstance(item, MappingNode)]
    message = "a merge key (<<) takes a mapping or a list of mappings"
    return found, [key.problem(f"{message}, not {kind_of(item)}") for item in wrong[:1]]
