"""Topics, compliance frameworks and the day a project was made, in the pages that are read anyway."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scopelint.collect import identity
from scopelint.gitlab.values import FormError
from scopelint.project_pattern import ProjectKind
from scopelint.snapshot import Inventory, Snapshot, open_snapshots
from scopelint.testing import write
from tests.collect.instances import APIS
from tests.collect.kit import PEOPLE, collected, head, serve

pytestmark = pytest.mark.slow

MADE = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
TREE = """
groups: [{path: acme}]
roles: [{user: bot, on: acme, role: maintainer}]
projects:
  - {path: acme/shop, visibility: internal, topics: [web, PCI], frameworks: [SOX, GDPR],
     created_at: "2026-01-15T08:00:00Z"}
  - {path: acme/bare, created_at: "2026-01-15T08:00:00Z"}
"""
NAMES = frozenset({"web", "pci"})


@pytest.mark.parametrize("version", ["16.11.0", "17.9.0", "19.3.0"])
@pytest.mark.parametrize("api", APIS)
def test_both_ways_read_them_but_frameworks_by_rest(api: str, version: str) -> None:
    with serve(head(version) + PEOPLE + TREE) as simulator:
        seen = collected(simulator.url, api=api)  # type: ignore[arg-type]
    frameworks = frozenset({"sox", "gdpr"}) if api == "graphql" else None
    none = frozenset[str]() if api == "graphql" else None
    assert seen.projects["acme/shop"].kind == ProjectKind(NAMES, frameworks, "internal", MADE)
    assert seen.projects["acme/bare"].kind == ProjectKind(frozenset(), none, "private", MADE)
    assert seen.complete


def test_the_community_edition_has_no_frameworks_which_is_known() -> None:
    with serve(head("19.3.0", enterprise=False) + PEOPLE + TREE) as simulator:
        seen = collected(simulator.url, api="graphql")
    assert seen.projects["acme/shop"].frameworks == ()


def test_no_request_more_is_sent_for_them() -> None:
    counts = []
    bare = TREE.replace("visibility: internal, ", "")
    for tree in (
        bare,
        TREE.partition("projects:")[0] + "projects: [{path: acme/shop}, {path: acme/bare}]\n",
    ):
        with serve(head("19.3.0") + PEOPLE + tree) as simulator:
            counts.append(collected(simulator.url, api="graphql").header.requests)
    assert counts[0] == counts[1]


def test_more_frameworks_than_a_page_are_not_taken_for_all() -> None:
    node = {"complianceFrameworks": {"nodes": [{"name": f"f{i}"} for i in range(100)]}}
    assert identity.frameworks(node) is None


@pytest.mark.parametrize("value", ["web", [1], [None], {"a": 1}])
def test_a_topic_of_another_type_is_no_topic(value: object) -> None:
    with pytest.raises(FormError):
        identity.texts({"topics": value}, "topics")


def test_a_snapshot_of_before_says_that_they_were_not_read(tmp_path: Path) -> None:
    path = tmp_path / "old.snapshot"
    project = {"visibility": "public", "topics": ["web"], "frameworks": ["SOX"], "created_at": MADE}
    write({"projects": {"acme/a": project}}, path)
    with open_snapshots([path]) as new:
        assert Inventory(new).kinds["acme/a"].topics == frozenset({"web"})
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE project_kinds")
        database.execute("PRAGMA user_version = 3")
        counts = database.execute("SELECT value FROM meta WHERE key = 'row_counts'").fetchone()[0]
        assert "project_kinds" in counts
    with Snapshot(path) as old:
        assert list(old.kinds()) == [(1001, "acme/a", ProjectKind(visibility="public"))]
        assert next(old.projects()).topics is None


@pytest.mark.parametrize("damage", ["'{}'", "'[1]'", "'nonsense'", "'[[]]'"])
def test_damaged_names_are_refused(tmp_path: Path, damage: str) -> None:
    from scopelint.errors import SnapshotError

    path = tmp_path / "bad.snapshot"
    write({"projects": {"acme/a": {"topics": ["web"]}}}, path)
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE project_kinds SET topics = {damage}")
    with pytest.raises(SnapshotError), open_snapshots([path]) as source:
        list(source.kinds())
