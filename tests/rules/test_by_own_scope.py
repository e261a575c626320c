"""Rules that say they judge a project by its own scope alone get nothing else to judge by."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from scopelint.engine.evaluation import Evaluator
from scopelint.globs import GlobSet
from scopelint.model import Project
from scopelint.registry import find_rules
from scopelint.rule import Boundary, Policy, Rule
from scopelint.snapshot.inventory import Inventory
from tests.access import strategies as random
from tests.examples import examples
from tests.repair.inventories import WithLog, logged, versions

pytestmark = pytest.mark.slow

FORBIDDEN = frozenset(
    {"gaps", "complete", "all_read", "entry_count", "knows", "number_of", "path_of", "project"}
)
"""What a change of other projects may change of an inventory."""


class _Guarded:
    """An inventory that shows no scope of any project, and refuses what depends on one."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._derived: dict[object, object] = {}

    def __getattr__(self, name: str) -> Any:
        assert name not in FORBIDDEN, name
        return getattr(self._inventory, name)

    def projects(self, only: Collection[int] | None = None) -> Iterator[Project]:
        return (replace(each, scope=None) for each in self._inventory.projects(only))

    def derived(self, make: Callable[[Any], Any]) -> Any:
        if make not in self._derived:
            self._derived[make] = make(self)
        return self._derived[make]


def _rules(inventory: Inventory) -> list[Rule]:
    policy = Policy(
        boundaries=(Boundary("inner", GlobSet(["a/b/**"]), GlobSet(["a/b/**", "a/q"])),)
    )
    rules = [
        cls({"max_projects": 2} if code == "SL309" else None, policy)
        for code, cls in ((code, found.cls) for code, found in find_rules().items())
    ]
    return [
        rule
        for rule in rules
        if not rule.once
        and type(rule).judges_by_own_scope(inventory)
        and rule.not_judged(inventory) is None
    ]


@settings(
    max_examples=examples(150),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(random.inventories() | logged(), versions)
def test_they_say_the_same_where_nothing_else_can_be_read(
    projects: list[Project], version: tuple[int, int]
) -> None:
    inventory = Inventory(WithLog(projects, version))
    guarded: Any = _Guarded(inventory)
    rules = list(enumerate(_rules(inventory)))
    assert len(rules) > 20
    plainly, blindly = Evaluator(rules), Evaluator(list(enumerate(_rules(inventory))))
    for project in inventory.projects():
        expected, found = plainly.ask(project, inventory), blindly.ask(project, guarded)
        assert [tuple(each)[:2] for each in found.others] == [
            tuple(each)[:2] for each in expected.others
        ]
        assert found.passed == expected.passed
    assert blindly.passes == plainly.passes


def test_most_rules_say_so_and_those_that_read_names_do_not() -> None:
    found = {code: each.cls for code, each in find_rules().items()}
    own = {code for code, cls in found.items() if cls.by_own_scope}
    assert len(own) > 25
    assert own.isdisjoint({"SL308", "SL309", "SL802", "SL803", "SL804", "SL805", "SL902"})
