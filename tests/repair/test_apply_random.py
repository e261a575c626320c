"""For any plan: the state after it is the planned one, and an undo brings the first one back."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopelint.repair.actions import state_after
from scopelint.repair.plan_file import Action, EntryState
from scopelint_simulator import Faults, Simulator
from scopelint_simulator.instance import Entry
from tests.examples import examples
from tests.repair import applying as kit
from tests.repair.applying import ACME, CORE, LIB, OLD, SHOP, SITE, WEB, act

pytestmark = pytest.mark.slow

TARGETS = [("group", ACME), ("group", WEB), ("group", LIB), ("project", CORE), ("project", OLD)]
PERMISSIONS: list[tuple[str, ...] | None] = [None, (), ("READ_JOBS",), ("ADMIN_JOBS", "READ_JOBS")]
FLAGS: list[Any] = ["set-inbound", "set-push", "set-cross-project-push"]
SOURCES = [SHOP, SITE]

rows = st.dictionaries(st.sampled_from(TARGETS), st.sampled_from(PERMISSIONS))
project = st.fixed_dictionaries(
    {
        "before": rows,
        "after": rows,
        "flags": st.tuples(*[st.booleans()] * 3),
        "switched": st.sets(st.sampled_from(range(3))),
        "order": st.randoms(use_true_random=False),
    }
)


def _entry(
    gitlab: Simulator, target: tuple[str, int], permits: tuple[str, ...] | None
) -> EntryState:
    kind, number = target
    return kit.entry(gitlab, kind, number, *(permits or ()), default=permits is None)


def set_up(gitlab: Simulator, number: int, drawn: dict[str, Any]) -> None:
    scope = gitlab.instance.projects[number].scope
    scope.inbound, scope.push, scope.cross_project_push = drawn["flags"]
    scope.entries = tuple(
        Entry(
            gitlab.instance.next_row(),
            number,
            target[0],
            target[1],
            "inbound",
            gitlab.instance.now(),
            default_permissions=permits is None,
            policies=permits or (),
        )
        for target, permits in drawn["before"].items()
    )


def actions_of(gitlab: Simulator, drawn: dict[str, Any]) -> list[Action]:
    before, after = drawn["before"], drawn["after"]
    actions = [act(FLAGS[i], value=not drawn["flags"][i]) for i in sorted(drawn["switched"])]
    for target in TARGETS:
        if target in before and target not in after:
            old = _entry(gitlab, target, before[target])
            actions.append(act("remove-entry", entry=old))
        elif target in after and target not in before:
            actions.append(act("add-entry", entry=_entry(gitlab, target, after[target])))
        elif target in after and after[target] != before[target]:
            was, new = (_entry(gitlab, target, some[target]) for some in (before, after))
            actions.append(act("change-permissions", entry=new, was=was))
    drawn["order"].shuffle(actions)
    return actions


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(drawn=st.tuples(project, project), seed=st.integers(0, 1000), bumpy=st.booleans())
def test_apply_then_undo(drawn: tuple[dict[str, Any], ...], seed: int, bumpy: bool) -> None:
    with kit.serve() as gitlab, tempfile.TemporaryDirectory() as folder:
        for number, one in zip(SOURCES, drawn, strict=True):
            set_up(gitlab, number, one)
        actions = {n: actions_of(gitlab, one) for n, one in zip(SOURCES, drawn, strict=True)}
        made = kit.plan(gitlab, {number: some for number, some in actions.items() if some})
        before = kit.states(gitlab)
        if bumpy:
            gitlab.faults = Faults(error_rate=0.1, drop_rate=0.1, truncate_rate=0.1, seed=seed)
        journal = Path(folder) / "journal"
        results = kit.run_apply(gitlab.url, made, journal)
        assert set(kit.statuses(results).values()) <= {"done"}, kit.reasons(results)
        for one_project in made.projects:
            goal = state_after(one_project.before, one_project.actions)
            assert kit.state(gitlab, one_project.id).digest == goal.digest
        results = kit.run_undo(gitlab.url, journal)
        assert set(kit.statuses(results).values()) <= {"done"}, kit.reasons(results)
        assert kit.states(gitlab) == before
        assert gitlab.crashes == []
