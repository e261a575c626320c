"""Plans proved on GitLab itself, as far as the simulator is one: collect, plan, apply, collect."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scopelint.access import Answer, decide
from scopelint.collector.collect import collect
from scopelint.collector.order import Order
from scopelint.collector.reader import Wanted
from scopelint.estate import Estate
from scopelint.model import Project
from scopelint.remedy.effect import applied
from scopelint.remedy.from_findings import plan_from_findings
from scopelint.remedy.planfile import Plan, State
from scopelint.remedy.suggest import suggest
from scopelint.simulator import Simulator
from scopelint.snapshot import Filters, open_snapshots
from tests.remedy import applying
from tests.remedy.estates import fails, judged

VERSIONS = ["17.11.0", "18.5.0", "19.3.0"]


def world(version: str, seed: int, log: int) -> dict[str, Any]:
    """Return a random estate with open projects, entries of every form and logs."""
    made = applying.estate(version)
    made["generate"] = [
        {
            "under": "acme",
            "projects": 12,
            "groups": 4,
            "entries": 3,
            "open_share": 0.4,
            "log": log,
            "seed": seed,
        }
    ]
    return made


@contextmanager
def collected(gitlab: Simulator) -> Iterator[Estate]:
    """Give the estate that a collection with the log finds."""
    order = Order((Wanted("group", "acme"),), Filters(usage=True))
    with tempfile.TemporaryDirectory() as folder, applying.connected(gitlab.url) as connection:
        path = Path(folder) / "snapshot"
        collect(connection, order, path)
        with open_snapshots([path]) as source:
            yield Estate(source)


def check(gitlab: Simulator, made: Plan, before: dict[int, Project], estate: Estate) -> None:
    """Hold what was collected afterwards against the plan, the log and the first collection."""
    actions = {part.id: part.actions for part in made.projects}
    now = {project.id: project for project in estate.projects()}
    for number, project in now.items():
        old, new = before[number].scope, project.scope
        assert old is not None
        assert new is not None
        goal = applied(old, actions.get(number, ()), enforced=False)
        assert State.of(new).digest == State.of(goal).digest
        assert new.inbound_effective == goal.inbound_effective
        for use in old.uses or () if not made.unsafe else ():
            origin, version = now[use.origin_id], estate.scan.version
            # Since its last use an origin may have lost its access already.
            if decide(origin, before[number], (), version=version).answer is Answer.GRANTED:
                decision = decide(origin, project, (), version=version)
                assert decision.answer is Answer.GRANTED, (origin.path, project.path)
    named = {f for part in made.projects for action in part.actions for f in action.findings}
    assert not named & fails(judged(estate).findings)
    assert gitlab.crashes == []


@settings(
    max_examples=8,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(
    version=st.sampled_from(VERSIONS),
    seed=st.integers(0, 10_000),
    log=st.integers(0, 3),
    kind=st.sampled_from(["log", "safe", "unsafe"]),
)
def test_an_applied_plan_keeps_its_word(version: str, seed: int, log: int, kind: str) -> None:
    with applying.serve(world(version, seed, log)) as gitlab, tempfile.TemporaryDirectory() as tmp:
        with collected(gitlab) as estate:
            before = {project.id: project for project in estate.projects()}
            found = judged(estate).findings
            if kind == "log":
                made = suggest(estate)
            else:
                made = plan_from_findings(estate, found, unsafe=kind == "unsafe")
        states = applying.states(gitlab)
        journal = Path(tmp) / "journal"
        reports = applying.run_apply(gitlab.url, made, journal)
        assert set(applying.verdicts(reports).values()) <= {"done"}, applying.reasons(reports)
        with collected(gitlab) as estate:
            check(gitlab, made, before, estate)
        back = applying.run_undo(gitlab.url, journal)
        final = {"set-outbound", "remove-outbound-entry"}
        lossless = not any(a.operation in final for part in made.projects for a in part.actions)
        if lossless:
            assert set(applying.verdicts(back).values()) <= {"done"}, applying.reasons(back)
            assert applying.states(gitlab) == states
        else:
            assert "moved" in applying.verdicts(back).values()
