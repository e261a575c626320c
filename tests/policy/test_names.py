"""What a policy names is looked up while collecting, in one batch, and kept."""

from pathlib import Path

import pytest

from scopelint.collect.collection import collect
from scopelint.collect.request import Api, CollectRequest
from scopelint.model import EntryKind
from scopelint.snapshot import Snapshot
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Simulator
from tests.collect.kit import company, connect, serve, target_refs

NAMES: tuple[tuple[EntryKind, int | str], ...] = (
    ("group", "Acme/Web"),
    ("group", "open"),
    ("group", "acme/misspelt"),
    ("group", 20),
    ("project", "open/site"),
    ("project", "hidden/secret"),
    ("project", 202),
)


def looked_up(
    simulator: Simulator, path: Path, api: Api, names: tuple[tuple[EntryKind, int | str], ...]
) -> None:
    with connect(simulator.url) as connection:
        collect(
            connection, CollectRequest(target_refs("acme/lib"), api=api, also_resolve=names), path
        )


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_names_are_looked_up_and_kept(tmp_path: Path, api: Api) -> None:
    with serve(company()) as simulator:
        looked_up(simulator, tmp_path / "s.db", api, NAMES)
    with Snapshot(tmp_path / "s.db") as snapshot:
        assert snapshot.header.named == {
            "group:acme/web": 11,
            "group:open": 30,
            "group:acme/misspelt": None,
            "project:open/site": 202,
            "project:hidden/secret": None,
        }
        inventory = Inventory(snapshot)
        assert inventory.complete
        known = {name: inventory.knows(kind, name) for kind, name in NAMES}
        assert [name for name, there in known.items() if not there] == [
            "acme/misspelt",
            20,
            "hidden/secret",
        ]
        assert inventory.was_looked_up("group", "acme/Misspelt")
        assert not inventory.was_looked_up("group", "other")
        [site] = [target for target in snapshot.targets() if target.path == "open/site"]
        assert site.visibility == "public"


def test_names_cost_four_requests_more(tmp_path: Path) -> None:
    with serve(company()) as simulator:
        looked_up(simulator, tmp_path / "without.db", "graphql", ())
        before = len(simulator.log)
        looked_up(simulator, tmp_path / "with.db", "graphql", NAMES)
        # A lookup of paths and one of facts, for groups and for projects.
        assert len(simulator.log) - before <= before + 4


def test_what_is_inside_the_tree_is_not_asked_for(tmp_path: Path) -> None:
    inside: tuple[tuple[EntryKind, int | str], ...] = (("group", "acme/LIB"), ("project", 103))
    with serve(company()) as simulator:
        looked_up(simulator, tmp_path / "without.db", "graphql", ())
        before = len(simulator.log)
        looked_up(simulator, tmp_path / "with.db", "graphql", inside)
        assert len(simulator.log) == 2 * before
    with Snapshot(tmp_path / "with.db") as snapshot:
        assert snapshot.header.named == {"group:acme/lib": 13}
