"""The findings after a plan, judged before it is done, are those of a scan after it was done.

`SCOPELINT_AFTER_EXAMPLES=1000 pytest -n 0 -s tests/wanted/test_after_a_plan.py` tries a thousand,
from `SCOPELINT_AFTER_SEED` on.
"""

import tempfile
from pathlib import Path

import pytest

from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.suggest import suggest
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import after, judged_after, wanted_by_plan
from tests.conftest import ORIGINAL
from tests.examples import examples
from tests.repair import applying
from tests.repair.inventories import judged, judging, remedies
from tests.wanted.estates import VERSIONS, collected, instance, judged_as, random_plan

pytestmark = pytest.mark.slow

EXAMPLES = examples(int(ORIGINAL.get("SCOPELINT_AFTER_EXAMPLES", "24")))
SEED = int(ORIGINAL.get("SCOPELINT_AFTER_SEED", "0"))
KINDS = ("random", "unsafe", "random", "suggest", "random", "safe")


def check_one(seed: int) -> int:
    """Hold what is foretold against what is found; return how many projects the plan changed."""
    version, kind = VERSIONS[seed % len(VERSIONS)], KINDS[seed % len(KINDS)]
    made = instance(version, seed, seed % 4)
    with applying.serve(made) as gitlab, tempfile.TemporaryDirectory() as folder:
        with collected(gitlab, Path(folder) / "before") as source:
            inventory = Inventory(source)
            if kind == "random":
                plan = random_plan(inventory, seed)
            elif kind == "suggest":
                plan = suggest(inventory)
            else:
                findings = judged(inventory).findings
                unsafe = kind == "unsafe"
                plan = plan_from_findings(inventory, findings, remedies(), unsafe=unsafe)
            wanted = wanted_by_plan(plan, inventory, "plan.json", plan.text())
            assert not wanted.left_alone
            foretold = after(source, wanted)
            expected = {judged_as(each) for each in judged(foretold).findings}
            numbers = foretold.entry_count, foretold.complete
            _, report = judged_after(source, inventory, wanted, judging())
            assert {judged_as(each) for each in report.findings} == expected, (seed, version, kind)
        results = applying.run_apply(gitlab.url, plan, Path(folder) / "journal")
        assert set(applying.statuses(results).values()) <= {"done"}, applying.reasons(results)
        with collected(gitlab, Path(folder) / "after") as source:
            inventory = Inventory(source)
            found = {judged_as(each) for each in judged(inventory).findings}
            assert numbers == (inventory.entry_count, inventory.complete), (seed, version, kind)
    assert sorted(expected - found) == [], (seed, version, kind)
    assert sorted(found - expected) == [], (seed, version, kind)
    return len(plan.projects)


def test_after_a_plan_is_what_a_scan_finds() -> None:
    changed = [check_one(seed) for seed in range(SEED, SEED + EXAMPLES)]
    print(f"seeds {SEED} to {SEED + EXAMPLES - 1}: {len(changed)} of {EXAMPLES} equal,")
    print(f"{sum(changed)} projects changed, {sum(map(bool, changed))} plans with changes")
    assert sum(map(bool, changed)) > EXAMPLES / 2
