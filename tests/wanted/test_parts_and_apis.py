"""A wanted state over the shards of one collection, and over what REST shows."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from scopelint import engine
from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest
from scopelint.declared import DeclaredAt
from scopelint.model import Fact
from scopelint.report import Report
from scopelint.snapshot import Filters, Source, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import (
    WantedEntry,
    WantedProject,
    WantedSetting,
    WantedState,
    judged_after,
    wanted_by_plan,
)
from scopelint_simulator import Simulator
from tests.repair import applying
from tests.repair.inventories import judging
from tests.wanted.estates import instance, judged_as, random_plan

pytestmark = pytest.mark.slow

Api = Literal["graphql", "rest"]
AT = DeclaredAt("policy.yml", 3)


def request(api: Api, shard: tuple[int, int] | None = None) -> CollectRequest:
    usage = Filters(usage=api == "graphql")
    return CollectRequest((TargetRef("group", "acme"),), usage, api=api, shard=shard)


@contextmanager
def snapshots(gitlab: Simulator, folder: Path, api: Api, shards: int) -> Iterator[Source]:
    """Give what a collection in so many parts finds."""
    paths = []
    with applying.connected(gitlab.url) as connection:
        for index in range(1, shards + 1):
            path = folder / f"{api}-{index}-{shards}"
            collect(connection, request(api, (index, shards) if shards > 1 else None), path)
            paths.append(path)
    with open_snapshots(paths) as source:
        yield source


@pytest.mark.parametrize("seed", range(4))
def test_shards_are_judged_after_a_change_as_one_snapshot_is(seed: int) -> None:
    found: list[set[tuple[str, ...]]] = []
    changes = []
    with applying.serve(instance("19.3.0", seed, 2)) as gitlab, tempfile.TemporaryDirectory() as at:
        for shards in (1, 3):
            with snapshots(gitlab, Path(at), "graphql", shards) as source:
                inventory = Inventory(source)
                plan = random_plan(inventory, seed)
                wanted = wanted_by_plan(plan, inventory, "plan.json", plan.text())
                after, report = judged_after(source, inventory, wanted, judging())
                found.append({judged_as(each) for each in report.findings})
                changes.append((report.after, after.entry_count, after.complete))
    assert found[0] == found[1]
    assert changes[0] == changes[1]
    assert changes[0][0] is not None
    assert changes[0][0].access


def test_a_missing_shard_stays_missing_after_a_change() -> None:
    with applying.serve(instance("19.3.0", 1, 2)) as gitlab, tempfile.TemporaryDirectory() as at:
        with applying.connected(gitlab.url) as connection:
            collect(connection, request("graphql", (1, 2)), Path(at) / "one")
        with open_snapshots([Path(at) / "one"]) as source:
            inventory = Inventory(source)
            plan = random_plan(inventory, 1)
            wanted = wanted_by_plan(plan, inventory, "plan.json")
            after, report = judged_after(source, inventory, wanted, judging())
    assert not after.complete
    assert report.gate.result != "pass"
    assert any(gap.fact == Fact.SHARD for gap in report.scan.gaps)


def wanted_of(inventory: Inventory) -> WantedState:
    """Return a wanted state that closes every project, and lets a group into each."""
    group = next(iter(inventory.groups.values()))
    return WantedState(
        "policy",
        "policy.yml",
        {
            each.id: WantedProject(
                each.id,
                each.path,
                AT,
                {"inbound_own": WantedSetting(True, AT)},
                (WantedEntry("group", group.id, group.path, AT),),
            )
            for each in inventory.projects()
            if each.scope
        },
    )


@pytest.mark.parametrize("shards", [1, 2])
def test_rest_shows_less_and_nothing_of_it_becomes_known(shards: int) -> None:
    with applying.serve(instance("19.3.0", 3, 2)) as gitlab, tempfile.TemporaryDirectory() as at:
        apis: tuple[Api, ...] = ("graphql", "rest")
        for api in apis:
            with snapshots(gitlab, Path(at), api, shards) as source:
                inventory = Inventory(source)
                before = {each.id: each.scope for each in inventory.projects()}
                then, report = judged_after(source, inventory, wanted_of(inventory), judging())
                for project in then.projects():
                    scope, was = project.scope, before[project.id]
                    assert scope is not None
                    assert was is not None
                    assert (scope.inbound_own, scope.inbound_effective) == (True, True)
                    kept = {entry.key: entry for entry in was.entries}
                    for entry in scope.entries:
                        assert entry == kept.get(entry.key, entry)
                    [new] = [e for e in scope.entries if e.target_path == "acme"]
                    if new.key not in kept:
                        assert new.default_permissions is True
                    # What REST does not show of the rest is not known after the change either.
                    assert (scope.outbound_entries is None) == (was.outbound_entries is None)
                    assert scope.uses is was.uses is None or api == "graphql"
                today = engine.run(inventory, judging().rules, judging().settings)
                assert _not_judged(report) == _not_judged(today)
                assert {each.rule for each in report.findings}.isdisjoint({"SL101", "SL102"})
                change = report.after
                assert change is not None
                assert {"SL101"} <= {each.rule for each in change.fixed}


def _not_judged(report: Report) -> dict[str, str | None]:
    return {rule.code: rule.not_judged for rule in report.rules}
