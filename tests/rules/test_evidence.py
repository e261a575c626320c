"""What a rule hands over as evidence stands in its page, and what its page promises exists."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import Api, CollectRequest
from scopelint.finding import Outcome
from scopelint.rule import EntryRule, Rule
from scopelint.snapshot import Filters, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import load_cases, verdicts
from scopelint.testing.inventories import inventory
from scopelint.versions import parse_version
from tests.access.instance_files import read as projects
from tests.access.kit import observed
from tests.access.test_vectors import VECTORS
from tests.collect.kit import connect, serve
from tests.rules.catalogue import RULES, case_file
from tests.simulator.demo_company import FOLDER

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
        with inventory(case.body.inventory) as read:
            found |= _of(case.rule(rule), read)
    return frozenset(found)


def _of(rule: Rule, read: Inventory) -> set[tuple[str, bool]]:
    """Return what a rule's findings on an inventory show."""
    found = (each.evidence for _, each in verdicts(rule, read) if each.outcome is not Outcome.PASS)
    return {word for evidence in found for word in _words(evidence)}


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


def unnamed_keys(read: Inventory) -> dict[str, set[str]]:
    """Return, by code, the keys that findings on an inventory show and no page names."""
    found = {}
    for rule in RULES:
        shown_keys = {word for word, is_key in _of(rule(), read) if is_key}
        found[rule.code] = shown_keys - set(_NAMED.findall(rule.page())) - _OF_UNKNOWNS
    return {code: keys for code, keys in found.items() if keys}


@pytest.mark.slow
def test_pages_name_what_findings_on_the_instances_of_gitlabs_own_decisions_show() -> None:
    versions = {text: parse_version(text) for text in ("17.11", "18.0", "18.9", "19.1")}
    for vector in VECTORS:
        read = observed(projects(vector["estate"]).values(), versions[vector["version"]])
        assert unnamed_keys(read) == {}, vector["id"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["before", "after", "example"])
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_pages_name_what_findings_on_the_demos_instances_show(
    tmp_path: Path, name: str, api: Api
) -> None:
    text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    top, company = ("acme", "example") if name == "example" else ("tidewell", "demo")
    path = tmp_path / "s.db"
    request = CollectRequest((TargetRef("any", top),), Filters(usage=api == "graphql"), api)
    with (
        serve(text) as simulator,
        connect(simulator.url, f"glpat-{company}-maintainer") as connection,
    ):
        collect(connection, request, path)
    with open_snapshots([path]) as snapshot:
        read = Inventory(snapshot)
        assert len(list(read.projects())) > 5
        assert unnamed_keys(read) == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_promises_no_evidence_that_never_comes(rule: type[Rule]) -> None:
    promised = re.search(r"Evidence: .*", rule.page())
    assert promised is not None, "the page has no sentence on evidence"
    of_entries = issubclass(rule, EntryRule) or evidence_keys(rule) & _OF_ENTRIES
    general = _OF_ENTRIES if of_entries else set()
    assert not set(_NAMED.findall(promised.group())) - shown(rule) - general
