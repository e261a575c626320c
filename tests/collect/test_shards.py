"""Shards: their union equals the whole, whatever their number; a missing one is a gap."""

import json
import sqlite3
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from scopelint import engine
from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest, Shard, holds, parse_shard
from scopelint.errors import SnapshotError, UsageError
from scopelint.gitlab.connection import Connection, Server
from scopelint.model import Fact
from scopelint.snapshot import Filters, Snapshot, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.text import Secret
from scopelint_simulator import Simulator, load_instance
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.kit import intercept

pytestmark = pytest.mark.slow

TOKEN = "glpat-shards"
INSTANCE: dict[str, Any] = {
    "gitlab": {"version": "18.5.0", "enforce_inbound": False},
    "users": [{"username": "bot"}],
    "tokens": [{"token": TOKEN, "user": "bot", "scopes": ["read_api"]}],
    "roles": [
        {"user": "bot", "on": "acme/bulk", "role": "maintainer"},
        {"user": "bot", "on": "acme", "role": "developer"},
    ],
    "groups": [{"path": "acme"}, {"path": "acme/bulk"}],
    "projects": [{"path": "acme/dark"}, {"path": "acme/dark2"}],
    "generate": [
        {
            "under": "acme/bulk",
            "projects": 230,
            "groups": 20,
            "entries": 3,
            "open_share": 0.2,
            "seed": 5,
        }
    ],
}


def part(url: str, path: Path, shard: Shard | None, **options: Any) -> Path:
    connection = Connection(Server(url, Secret(TOKEN)))
    targets = options.pop("targets", (TargetRef("group", path="acme"),))
    try:
        collect(connection, CollectRequest(targets, shard=shard, **options), path)
    finally:
        connection.close()
    return path


def facts(paths: list[Path]) -> dict[str, Any]:
    with open_snapshots(paths) as snapshot:
        instance = Inventory(snapshot)
        return {
            "projects": list(instance.projects()),
            "groups": sorted(instance.groups.items()),
            "gaps": sorted(map(repr, instance.gaps)),
            "numbers": (instance.total, instance.read, instance.entry_count, instance.complete),
            "enforcement": instance.scan.enforcement,
            "below": instance.tree.projects_below("acme"),
        }


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_the_union_equals_the_whole(tmp_path: Path, total: int) -> None:
    """Every project, entry, gap and number is the same as without shards."""
    with Simulator(load_instance(INSTANCE)) as gitlab:
        whole = part(gitlab.url, tmp_path / "whole.db", None)
        parts = [
            part(gitlab.url, tmp_path / f"{index}.db", (index, total))
            for index in range(1, total + 1)
        ]
        assert facts(parts) == facts([whole])
        assert facts(parts[::-1]) == facts([whole])
    with open_snapshots(parts) as snapshot:
        instance = Inventory(snapshot)
        with instance.reopened():
            chunks = [list(instance.projects(each)) for each in instance.chunks(50)]
        assert list(chain.from_iterable(chunks)) == facts([whole])["projects"]
        assert len(chunks) > 4


def test_a_missing_shard_makes_the_result_incomplete_not_smaller(tmp_path: Path) -> None:
    """The projects of the missing part are counted as not read."""
    with Simulator(load_instance(INSTANCE)) as gitlab:
        parts = [part(gitlab.url, tmp_path / f"{i}.db", (i, 3)) for i in (1, 3)]
    with open_snapshots(parts) as snapshot:
        instance = Inventory(snapshot)
        assert instance.total == 232
        assert instance.read < 232
        assert not instance.complete
        [gap] = [gap for gap in instance.gaps if gap.fact is Fact.SHARD]
        assert "shard 2/3 is missing" in gap.detail
        report = engine.run(instance, [])
        assert report.gate.result == "incomplete"
        assert report.scan.projects.unreadable == 232 - instance.read
    with open_snapshots(parts[:1]) as snapshot:
        assert not Inventory(snapshot).complete


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    """The same shard twice, other filters, totals, instances: exit code 2."""
    with Simulator(load_instance(INSTANCE)) as gitlab, Simulator(load_instance(INSTANCE)) as other:
        one = part(gitlab.url, tmp_path / "1.db", (1, 2))
        cases = {
            "both shard 1/2": part(gitlab.url, tmp_path / "again.db", (1, 2)),
            "filters": part(
                gitlab.url, tmp_path / "f.db", (2, 2), filters=Filters(archived="exclude")
            ),
            "numbers of shards": part(gitlab.url, tmp_path / "n.db", (2, 3)),
            "instances": part(other.url, tmp_path / "i.db", (2, 2)),
            "APIs": part(gitlab.url, tmp_path / "r.db", (2, 2), api="rest"),
        }
        for words, second in cases.items():
            with pytest.raises(SnapshotError, match=words) as error:
                open_snapshots([one, second])
            assert error.value.exit_code == 2


def test_shards_of_other_targets_are_two_collections_that_each_miss_some(tmp_path: Path) -> None:
    with Simulator(load_instance(INSTANCE)) as gitlab:
        bulk = (TargetRef("group", path="acme/bulk"),)
        one = part(gitlab.url, tmp_path / "1.db", (1, 2))
        other = part(gitlab.url, tmp_path / "t.db", (2, 2), targets=bulk)
    with open_snapshots([one, other]) as snapshot:
        gaps = [gap for gap in Inventory(snapshot).gaps if gap.fact is Fact.SHARD]
    assert sorted(gap.detail.partition(" is")[0] for gap in gaps) == ["shard 1/2", "shard 2/2"]


@pytest.mark.parametrize(
    ("text", "environment", "shard"),
    [
        (None, {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "4"}, None),
        ("auto", {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "4"}, (2, 4)),
        ("3/5", {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "4"}, (3, 5)),
    ],
)
def test_a_shard_is_never_implied(
    text: str | None, environment: dict[str, str], shard: Shard | None
) -> None:
    """A `parallel:matrix` job has GitLab's variables too, and must read everything."""
    assert parse_shard(text, environment) == shard


@pytest.mark.parametrize("text", ["auto", "0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_a_wrong_shard_is_a_usage_error(text: str) -> None:
    """I/N with 1 ≤ I ≤ N, or auto where GitLab CI says which."""
    with pytest.raises(UsageError):
        parse_shard(text, {})


def test_every_project_is_in_exactly_one_shard() -> None:
    """The split is by project id alone."""
    for total in (1, 2, 5, 16):
        for project in (1, 2, 3, 97, 10_000_019):
            assert sum(holds((index, total), project) for index in range(1, total + 1)) == 1


def _refuse(request: Request, answer: Answer) -> None:
    """Answer 404 for effective flags."""
    if request.path.endswith("job_token_scope"):
        answer.status = 404


OPEN: dict[str, Any] = {
    "gitlab": {"version": "18.5.0", "enforce_inbound": True},
    "users": [{"username": "bot"}],
    "tokens": [{"token": TOKEN, "user": "bot", "scopes": ["read_api"]}],
    "roles": [{"user": "bot", "on": "acme", "role": "maintainer"}],
    "groups": [{"path": "acme"}],
    "projects": [
        {"id": number, "path": f"acme/p{number}", "scope": {"inbound": False}}
        for number in range(1, 9)
    ],
}


@pytest.mark.parametrize(
    ("second", "merged", "closed"),
    [("on", "on", 8), ("off", "unknown", 4), ("unknown", "unknown", 4)],
)
def test_two_moments_are_not_one_between_shards(
    tmp_path: Path, second: str, merged: str, closed: int
) -> None:
    """What one shard proved holds for what it read, not for what another one did later."""
    with Simulator(load_instance(OPEN)) as gitlab:
        first = part(gitlab.url, tmp_path / "1.db", (1, 2))
        if second == "off":
            gitlab.instance.settings.enforce_inbound = False
        if second == "unknown":
            intercept(gitlab, after=_refuse)
        later = part(gitlab.url, tmp_path / "2.db", (2, 2))
    for paths in ([first, later], [later, first]):
        with open_snapshots(paths) as snapshot:
            inventory = Inventory(snapshot)
            flags = [p.scope.inbound_effective for p in inventory.projects() if p.scope]
            assert inventory.scan.enforcement == merged
            assert flags.count(True) == closed
            assert flags.count(False) == (4 if second == "off" else 0)
            assert inventory.complete is (second != "unknown")
            said = {each.source[:9] for each in inventory.scan.assumptions}
            assert said == {"shard 1/2", "shard 2/2"}


def test_a_project_that_appears_between_shards_makes_the_list_incomplete(tmp_path: Path) -> None:
    """The shard that has to read it did not see it; the other one only lists it."""
    with Simulator(load_instance(OPEN)) as gitlab:
        whole = [part(gitlab.url, tmp_path / f"whole-{i}.db", (i, 2)) for i in (1, 2)]
        with open_snapshots(whole) as snapshot:
            assert Inventory(snapshot).complete
        new = next(number for number in range(100, 200) if holds((1, 2), number))
        first = whole[0]
        known = gitlab.instance.projects[1]
        gitlab.instance.add_project(replace(known, id=new, path="acme/new"))
        later = part(gitlab.url, tmp_path / "later.db", (2, 2))
    with open_snapshots([first, later]) as snapshot:
        inventory = Inventory(snapshot)
        assert not inventory.complete
        [gap] = [gap for gap in inventory.gaps if gap.fact is Fact.ENUMERATION]
        assert "1 projects were listed by one shard" in gap.detail


def test_shards_of_different_releases_are_refused(tmp_path: Path) -> None:
    """What the older release lacks counts as absent, which is no word on the newer one."""
    with Simulator(load_instance(OPEN)) as gitlab:
        first = part(gitlab.url, tmp_path / "1.db", (1, 2))
        gitlab.instance.settings.version_text = "18.5.3"
        patched = part(gitlab.url, tmp_path / "2.db", (2, 2))
    upgraded = {**OPEN, "gitlab": {"version": "18.6.0"}}
    with Simulator(load_instance(upgraded)) as gitlab:
        later = part(gitlab.url, tmp_path / "3.db", (2, 2))
    # As if the same instance had been upgraded.
    with Snapshot(first) as one, sqlite3.connect(later) as database:
        address = json.dumps(one.header.instance)
        database.execute("UPDATE meta SET value = ? WHERE key = 'instance'", (address,))
    database.close()
    with open_snapshots([first, patched]) as snapshot:
        assert Inventory(snapshot).complete
    with pytest.raises(SnapshotError, match=r"18\.5 and 18\.6"), open_snapshots([first, later]):
        pass
