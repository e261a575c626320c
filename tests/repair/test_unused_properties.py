"""What is removed as unused, on random inventories: only what is proved, and nobody loses a use.

`PLAN_EXAMPLES=2000 pytest -n 0 tests/repair/test_unused_properties.py` tries more.
"""

import os

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scopelint.model import Project
from scopelint.repair.allowlist import AllowlistOptions
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Action, Plan
from scopelint.repair.suggest import suggest
from scopelint.snapshot.inventory import Inventory
from scopelint.uses.unused import Thresholds, entry_use, wider_than_use
from tests.examples import examples
from tests.repair.inventories import judged, logged, observed, remedies, versions
from tests.repair.test_plan_properties import check_harmless

pytestmark = pytest.mark.slow

many = settings(
    max_examples=int(os.environ.get("PLAN_EXAMPLES") or examples(20)),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
limits = st.builds(Thresholds, st.sampled_from([30, 90, 200]), st.sampled_from([30, 90, 200]))


def removed(plan: Plan, projects: list[Project]) -> list[tuple[Project, Action]]:
    """Return each removal of an entry with its project as it was."""
    known = {project.id: project for project in projects}
    return [
        (known[part.id], action)
        for part in plan.projects
        for action in part.actions
        if action.operation == "remove-entry"
    ]


def is_proved(inventory: Inventory, project: Project, action: Action, given: Thresholds) -> bool:
    """Whether the log proves that an entry is unused, or wider than its use."""
    assert project.scope is not None
    assert action.entry is not None
    [entry] = [each for each in project.scope.entries if each.key == action.entry.key]
    use = entry_use(entry, project.scope, inventory, given.unused_days)
    wide = wider_than_use(entry, project.scope, inventory, given.wide_days)
    if action.narrows is not None:
        assert action.narrows.used == len(wide)
    # A used project's entry goes only where a group that is added stands for it, asked for or not.
    replaced = entry.kind == "project" and bool(use.uses) and not project.scope.inbound_effective
    return use.state == "unused" or bool(wide) or replaced


@many
@given(logged(), versions, limits, st.booleans())
def test_a_suggestion_removes_what_is_proved_and_no_more(
    before: list[Project], version: tuple[int, int], given: Thresholds, groups: bool
) -> None:
    inventory = observed(before, version)
    plan = suggest(inventory, AllowlistOptions(allow_groups=groups), thresholds=lambda _: given)
    check_harmless(before, plan, version)
    for project, action in removed(plan, before):
        assert is_proved(inventory, project, action, given), project.path


@many
@given(logged(), versions)
def test_a_plan_for_the_rules_of_use_removes_what_is_proved_and_no_more(
    before: list[Project], version: tuple[int, int]
) -> None:
    inventory = observed(before, version)
    findings = [each for each in judged(inventory).findings if each.rule in {"SL701", "SL703"}]
    plan = plan_from_findings(inventory, findings, remedies())
    check_harmless(before, plan, version)
    for project, action in removed(plan, before):
        assert is_proved(inventory, project, action, Thresholds()), project.path
