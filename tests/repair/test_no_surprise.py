"""What every plan without `--unsafe` and `--irreversible` keeps, on GitLab as the simulator has it.

Whatever the projects are, and whatever the plan is made from: no finding is new that gates, nobody gains
access, no logged use loses it, and the undo of the same token brings everything back. Some targets,
and some origins in the log, are out of the token's sight.

Some examples in each run of the tests; `SCOPELINT_FUZZ_SECONDS=600` (with `-s`, to see the counts)
goes on for ten minutes, `SCOPELINT_FUZZ_SEED` begins elsewhere. A finding names its seed.
"""

import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from scopelint.access import Answer, decide
from scopelint.finding import Outcome, Severity
from scopelint.model import Project
from scopelint.policy import read_gitlabform
from scopelint.repair.allowlist import AllowlistOptions
from scopelint.repair.from_declared import plan_to_declared
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan
from scopelint.repair.safety import Assumptions
from scopelint.repair.suggest import suggest
from scopelint.snapshot import Source
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import judged_plan
from scopelint_simulator import Simulator
from tests.conftest import ORIGINAL
from tests.examples import examples
from tests.repair import applying
from tests.repair.inventories import judged, judging, remedies
from tests.wanted.estates import collected, instance

pytestmark = pytest.mark.slow

SECONDS = float(ORIGINAL.get("SCOPELINT_FUZZ_SECONDS", "0"))
FIRST_SEED = int(ORIGINAL.get("SCOPELINT_FUZZ_SEED", "0"))
VERSIONS: Final = ("17.11.0", "18.2.0", "18.9.0", "19.3.0")
OUT_OF_SIGHT: Final = "GitLab lets nobody add what they cannot see"
WANTED: Final = ((), ("READ_PACKAGES",), ("READ_JOBS",), ("ADMIN_JOBS",))
HIDDEN: Final = 30
"""The number of a second group out of sight, in the first one."""


def estate(seed: int) -> dict[str, Any]:
    """Return a random instance with entries and uses of what is out of sight."""
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
        scope["inbound"] = random.random() < 0.5
        names = ("acme/lib/core", "hidden/secret", "hidden/deep/one")
        origins = [one for one in names if random.random() < 0.4]
        scope["log"] = [
            {"origin": one, "at": random.choice(("2026-11-01T00:00:00Z", "2026-06-01T00:00:00Z"))}
            for one in origins
            if one != project["path"]
        ]
    return made


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


KINDS: Final = ("log", "log", "groups", "findings", "findings", "some rules", "declared")
"""What plans are made from, each as often as it stands here."""


def planned(source: Source, random: Random, kind: str, gate: Severity) -> Plan:
    """Return the plan that a user gets who gives no flag, with a random gate."""
    inventory = Inventory(source)
    assumptions = Assumptions(inventory.scan.version)
    if kind in {"log", "groups"}:
        made = suggest(inventory, AllowlistOptions(allow_groups=kind == "groups", min_share=40))
    elif kind == "declared":
        made = plan_to_declared(inventory, read_gitlabform(policy(inventory, random), "policy.yml"))
    else:
        rules = sorted(remedies())
        chosen = set(rules if kind == "findings" else random.sample(rules, 12))
        findings = [each for each in judged(inventory).findings if each.rule in chosen]
        made = plan_from_findings(inventory, findings, remedies())
    given = (source, inventory), judging(), assumptions
    return judged_plan(made, *given, fail_on=gate, unsafe=False)


def policy(inventory: Inventory, random: Random) -> str:
    """Return a gitlabform config that declares something for some of the projects."""
    projects = [path for _, path in inventory.seen()]
    names = {"projects": [*projects, "hidden/secret"], "groups": ["acme", "acme/web", "hidden"]}
    levels = {
        path: {
            "job_token_scope": {
                "limit_access_to_this_project": random.random() < 0.7,
                "allowlist": {
                    "enforce": random.random() < 0.5,
                    **{kind: random.sample(some, 2) for kind, some in names.items()},
                },
            }
        }
        for path in random.sample(projects, 4)
    }
    return json.dumps({"config_version": 4, "projects_and_groups": levels})


def compare(before: Inventory, after: Inventory, gate: Severity) -> None:
    """Nobody may do more, no logged origin less, and nothing is found that was not before."""
    now = {project.id: project for project in after.projects()}
    outside = [(201, "hidden/secret"), (202, "hidden/deep/one"), (9000, "far/away")]
    others = [Project(number, path) for number, path in (*before.seen(), *outside)]
    for old in before.projects():
        was, is_now = granted(others, old, before), granted(others, now[old.id], after)
        assert not is_now - was, old.path
        assert old.scope is not None
        used = {use.origin_path for use in old.scope.uses or ()}
        assert not {each for each in was - is_now if each[0] in used}, old.path
    known = {finding.fingerprint for finding in judged(before).findings}
    new = [each for each in judged(after).findings if each.fingerprint not in known]
    failed = [each for each in new if each.verdict is Outcome.FAIL]
    assert not [each for each in failed if each.severity.reaches(gate)]


def check(seed: int, ends: Counter[str]) -> None:
    """Collect, plan without a flag, apply, collect and compare, undo: all is as before."""
    made = estate(seed)
    random = Random(-seed - 1)
    kind = random.choice(KINDS)
    gate = random.choice((Severity.MEDIUM, Severity.LOW, Severity.INFO))
    with applying.serve(made) as gitlab, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with collected(gitlab, place / "before") as source:
            plan = planned(source, random, kind, gate)
            ends["actions"] += sum(len(part.actions) for part in plan.projects)
            ends["left"] += len(plan.left)
            ends[f"plans from {kind}"] += bool(plan.projects)
            ends["out of sight"] += sum(OUT_OF_SIGHT in one.reason for one in plan.skipped)
            ends["held back"] += sum("needs --unsafe" in one.reason for one in plan.skipped)
            states = applying.states(gitlab)
            done = applying.run_apply(gitlab.url, plan, place / "journal", irreversible=False)
            assert set(applying.statuses(done).values()) <= {"done"}, applying.reasons(done)
            with collected(gitlab, place / "after") as later:
                compare(Inventory(source), Inventory(later), gate)
        restore(gitlab, place / "journal", states)
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
@example(228)  # An enforced limit goes on beside a removal, in a project with an entry of its own.
@example(10079)  # A policy opens a project whose limit the instance enforces.
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
