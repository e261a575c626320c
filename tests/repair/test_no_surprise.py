"""What every plan without `--unsafe` and `--irreversible` keeps, on GitLab as the simulator has it.

Whatever the estate: nobody gains access by it, no logged use loses it, and the undo of the same token
brings everything back. Some targets are out of the token's sight.

Some examples in each run of the tests; `SCOPELINT_FUZZ_SECONDS=600` (with `-s`, to see the counts)
goes on for ten minutes, `SCOPELINT_FUZZ_SEED` begins elsewhere. A finding names its seed.
"""

import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scopelint.access import Answer, decide
from scopelint.model import Project
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan
from scopelint.repair.suggest import suggest
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Simulator
from tests.conftest import ORIGINAL
from tests.examples import examples
from tests.repair import applying
from tests.repair.inventories import judged, remedies
from tests.repair.test_applied_plans import collected
from tests.wanted.estates import instance

pytestmark = pytest.mark.slow

SECONDS = float(ORIGINAL.get("SCOPELINT_FUZZ_SECONDS", "0"))
FIRST_SEED = int(ORIGINAL.get("SCOPELINT_FUZZ_SEED", "0"))
VERSIONS: Final = ("17.11.0", "18.2.0", "18.9.0", "19.3.0")
WANTED: Final = ((), ("READ_PACKAGES",), ("READ_JOBS",), ("ADMIN_JOBS",))
HIDDEN: Final = 30
"""The number of a second group out of sight, in the first one."""


def estate(seed: int) -> tuple[dict[str, Any], str]:
    """Return a random instance with entries for what is out of sight, and what to plan from."""
    random = Random(seed)
    made = instance(random.choice(VERSIONS), seed, random.randrange(4))
    made["gitlab"]["enforce_inbound"] = random.random() < 0.3
    made["groups"][3]["visibility"] = "private"
    made["groups"].append({"id": HIDDEN, "path": "hidden/deep", "visibility": "private"})
    made["projects"][4]["visibility"] = "private"
    made["projects"].append({"id": 202, "path": "hidden/deep/one", "visibility": "private"})
    rows: list[dict[str, Any]] = [
        {"project": "hidden/secret"},
        {"group": "hidden"},
        {"group": "hidden/deep", "permissions": ["READ_JOBS"]},
        {"project": "hidden/deep/one", "permissions": ["READ_PACKAGES"]},
    ]
    for project in made["projects"][:3]:
        scope = project.setdefault("scope", {})
        some = [row for row in rows if random.random() < 0.5]
        old = [{**row, "created_at": "2024-01-01T00:00:00Z"} for row in some]
        scope["allowlist"] = [*scope.get("allowlist", ()), *old]
        origins = [one for one in ("acme/lib/core", "hidden/secret") if random.random() < 0.4]
        scope["log"] = [
            {"origin": one, "at": random.choice(("2026-11-01T00:00:00Z", "2026-06-01T00:00:00Z"))}
            for one in origins
            if one != project["path"]
        ]
    return made, random.choice(("log", "findings"))


def granted(origins: list[Project], target: Project, inventory: Inventory) -> set[Any]:
    """Return all that is granted on a target, whichever way a switch of GitLab's stands."""
    version = inventory.scan.version
    return {
        (origin.path, want, assume)
        for origin in origins
        for want in WANTED
        for assume in (True, False)
        if decide(origin, target, want, version=version, assume_fine_grained=assume).answer
        is Answer.GRANTED
    }


def planned(inventory: Inventory, made_from: str) -> Plan:
    """Return the plan that a user gets who gives no flag."""
    if made_from == "log":
        return suggest(inventory)
    return plan_from_findings(inventory, judged(inventory).findings, remedies())


def compare(before: Inventory, after: Inventory) -> None:
    """Nobody may do more, and no logged origin less."""
    now = {project.id: project for project in after.projects()}
    outside = [(201, "hidden/secret"), (202, "hidden/deep/one"), (9000, "far/away")]
    others = [Project(number, path) for number, path in (*before.seen(), *outside)]
    for old in before.projects():
        was, is_now = granted(others, old, before), granted(others, now[old.id], after)
        assert not is_now - was, old.path
        assert old.scope is not None
        used = {use.origin_path for use in old.scope.uses or ()}
        assert not {each for each in was - is_now if each[0] in used}, old.path


def check(seed: int, ends: Counter[str]) -> None:
    """Collect, plan without a flag, apply, collect and compare, undo: all is as before."""
    made, made_from = estate(seed)
    with applying.serve(made) as gitlab, tempfile.TemporaryDirectory() as folder:
        with collected(gitlab) as before:
            plan = planned(before, made_from)
            ends["actions"] += sum(len(part.actions) for part in plan.projects)
            ends["left"] += len(plan.left)
            states = applying.states(gitlab)
            journal = Path(folder) / "journal"
            done = applying.run_apply(gitlab.url, plan, journal, irreversible=False)
            # The log may name an origin out of the token's sight, for which it can add no entry: its
            # project stays as open as it was.
            for one in done.all:
                out_of_sight = [why for why in one.reasons if why.startswith("add project hidden/")]
                assert one.status == "done" or out_of_sight == one.reasons, one
                ends["refused"] += bool(out_of_sight)
            with collected(gitlab) as after:
                compare(before, after)
        restore(gitlab, journal, states)
        assert gitlab.crashes == []
    ends["estates"] += 1


def restore(gitlab: Simulator, journal: Path, states: dict[int, str]) -> None:
    """Undo the apply, and find everything as it was."""
    back = applying.run_undo(gitlab.url, journal)
    assert set(applying.statuses(back).values()) <= {"done"}, applying.reasons(back)
    assert "not as before" not in applying.reasons(back)
    assert applying.states(gitlab) == states


@settings(
    max_examples=examples(10),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.integers(0, 1_000_000))
def test_a_plan_without_flags_surprises_nobody(seed: int) -> None:
    check(seed, Counter())


@pytest.mark.skipif(not SECONDS, reason="SCOPELINT_FUZZ_SECONDS tells how long to go on")
def test_it_goes_on_for_as_long_as_it_is_asked_to() -> None:
    seed, until, ends = FIRST_SEED, time.monotonic() + SECONDS, Counter[str]()
    while time.monotonic() < until:
        try:
            check(seed, ends)
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise
        seed += 1
    print(f"seeds {FIRST_SEED} to {seed - 1}: {dict(ends)}")
    assert ends["actions"]
