"""Plans proved on GitLab itself, as far as the simulator is one: collect, plan, apply, collect."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scopelint.access import Answer, decide
from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest
from scopelint.model import Project
from scopelint.repair.actions import scope_after
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan, ScopeState
from scopelint.repair.suggest import suggest
from scopelint.snapshot import Filters, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Simulator
from tests.examples import examples
from tests.repair import applying
from tests.repair.inventories import fails, judged, remedies
from tests.wanted.estates import VERSIONS, instance

pytestmark = pytest.mark.slow


@contextmanager
def collected(gitlab: Simulator) -> Iterator[Inventory]:
    """Give the inventory that a collection with the log finds."""
    order = CollectRequest((TargetRef("group", "acme"),), Filters(usage=True))
    with tempfile.TemporaryDirectory() as folder, applying.connected(gitlab.url) as connection:
        path = Path(folder) / "snapshot"
        collect(connection, order, path)
        with open_snapshots([path]) as source:
            yield Inventory(source)


def check(gitlab: Simulator, made: Plan, before: dict[int, Project], inventory: Inventory) -> None:
    """Hold what was collected afterwards against the plan, the log and the first collection."""
    actions = {part.id: part.actions for part in made.projects}
    now = {project.id: project for project in inventory.projects()}
    for number, project in now.items():
        old, new = before[number].scope, project.scope
        assert old is not None
        assert new is not None
        goal = scope_after(old, actions.get(number, ()), enforced=False)
        assert ScopeState.of(new).digest == ScopeState.of(goal).digest
        assert new.inbound_effective == goal.inbound_effective
        for use in old.uses or () if not made.unsafe else ():
            origin, version = now[use.origin_id], inventory.scan.version
            # Since its last use an origin may have lost its access already.
            if decide(origin, before[number], (), version=version).answer is Answer.GRANTED:
                decision = decide(origin, project, (), version=version)
                assert decision.answer is Answer.GRANTED, (origin.path, project.path)
    named = {f for part in made.projects for action in part.actions for f in action.findings}
    assert not named & fails(judged(inventory).findings)
    assert gitlab.crashes == []


@settings(
    max_examples=examples(8),
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(
    version=st.sampled_from(VERSIONS),
    seed=st.integers(0, 10_000),
    log=st.integers(0, 3),
    kind=st.sampled_from(["log", "safe", "unsafe"]),
)
def test_an_applied_plan_does_what_it_says(version: str, seed: int, log: int, kind: str) -> None:
    with (
        applying.serve(instance(version, seed, log)) as gitlab,
        tempfile.TemporaryDirectory() as tmp,
    ):
        with collected(gitlab) as inventory:
            before = {project.id: project for project in inventory.projects()}
            found = judged(inventory).findings
            if kind == "log":
                made = suggest(inventory)
            else:
                made = plan_from_findings(inventory, found, remedies(), unsafe=kind == "unsafe")
        states = applying.states(gitlab)
        journal = Path(tmp) / "journal"
        reports = applying.run_apply(gitlab.url, made, journal)
        assert set(applying.statuses(reports).values()) <= {"done"}, applying.reasons(reports)
        with collected(gitlab) as inventory:
            check(gitlab, made, before, inventory)
        back = applying.run_undo(gitlab.url, journal)
        final = {"set-outbound", "remove-outbound-entry"}
        lossless = not any(a.operation in final for part in made.projects for a in part.actions)
        if lossless:
            assert set(applying.statuses(back).values()) <= {"done"}, applying.reasons(back)
            assert applying.states(gitlab) == states
        else:
            assert "moved" in applying.statuses(back).values()
