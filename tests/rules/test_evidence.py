"""What a rule hands over as evidence stands in its page, and what its page promises exists."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from scopelint.finding import Outcome
from scopelint.rule import EntryRule, Rule
from scopelint.testing import load_cases, verdicts
from scopelint.testing.inventories import inventory
from tests.rules.catalogue import RULES, case_file

_NAMED = re.compile(r"`([a-z][a-z0-9_]*)`")
_OF_ENTRIES = {"added_by", "created_at", "autopopulated"}
"""What `entry_evidence` adds for every rule of entries, where it was read."""
_OF_UNKNOWNS = {"missing"}
"""What the engine adds where a fact of `needs` is missing; rules/README.md says so."""


def evidence_keys(rule: type[Rule]) -> set[str]:
    """Return every key, nested ones too, that the rule's cases show in findings."""
    return {word for word, is_key in _shown(rule) if is_key}


def shown(rule: type[Rule]) -> set[str]:
    """Return the same, and every text that stands as a value."""
    return {word for word, _ in _shown(rule)}


@cache
def _shown(rule: type[Rule]) -> frozenset[tuple[str, bool]]:
    found: set[tuple[str, bool]] = set()
    for case in load_cases(case_file(rule)):
        with inventory(case.body.inventory) as observed:
            for _, verdict in verdicts(case.rule(rule), observed):
                if verdict.outcome is not Outcome.PASS:
                    found |= set(_words(verdict.evidence))
    return frozenset(found)


def _words(value: object) -> Iterator[tuple[str, bool]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key), True
            yield from _words(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _words(inner)
    elif isinstance(value, str):
        yield value, False


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_names_every_key_of_the_evidence(rule: type[Rule]) -> None:
    unnamed = evidence_keys(rule) - set(_NAMED.findall(rule.page())) - _OF_UNKNOWNS
    assert not unnamed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_promises_no_evidence_that_never_comes(rule: type[Rule]) -> None:
    promised = re.search(r"Evidence: .*", rule.page())
    assert promised is not None, "the page has no sentence on evidence"
    of_entries = issubclass(rule, EntryRule) or evidence_keys(rule) & _OF_ENTRIES
    general = _OF_ENTRIES if of_entries else set()
    assert not set(_NAMED.findall(promised.group())) - shown(rule) - general
