"""Counts of origins where groups overlap, lie outside, or reach above what was read."""

from pathlib import Path
from typing import Any

import pytest

from scopelint.access import Answer, Count, chains, inbound_counts, origins, targets
from scopelint.model import Project
from scopelint.snapshot import MergedSnapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory, write

TREE: dict[str, Any] = {"acme/a/x": {}, "acme/a/deep/y": {}, "acme/b/z": {}}


def count_of(entries: list[dict[str, Any]], **more: Any) -> Count:
    """Count who reaches acme/a/shop, which has these entries, beside three other projects."""
    shop = {"id": 7, "entries": entries} | more.pop("shop", {})
    with inventory({"projects": {"acme/a/shop": shop, **TREE}, **more}) as read:
        return dict(inbound_counts(read))[7]


PARTNER = {"group": "partner", "projects": 12}


@pytest.mark.parametrize(
    ("entries", "more", "number", "exact"),
    [
        ([], {}, 0, True),
        ([{"group": "acme"}], {}, 3, True),
        ([{"group": "acme/a"}], {}, 2, True),
        ([{"group": "acme/a"}, {"group": "acme/a/deep"}, {"project": "acme/a/x"}], {}, 2, True),
        ([{"group": "acme/b"}, {"project": "acme/a/x"}, {"project": "acme/a/shop"}], {}, 2, True),
        ([{"group": "partner"}], {"resolved": [PARTNER]}, 12, True),
        ([{"group": "partner"}, {"project": "partner/sdk"}], {"resolved": [PARTNER]}, 12, True),
        ([{"group": "partner"}, {"group": "partner/x"}], {"resolved": [PARTNER]}, 12, True),
        ([{"group": "partner"}, {"project": "acme/b/z"}], {}, 1, False),
        ([{"project": "elsewhere/one"}], {}, 1, True),
        ([{"gone": "group"}], {}, 0, True),
        ([{"gone": "group"}], {"version": "17.8.0"}, 0, False),
        ([{"group": "acme/b"}], {"shop": {"missing": ["entries"]}}, 1, False),
        ([{"group": "acme/b"}], {"shop": {"inbound_own": False}}, 1, False),
        ([], {"shop": {"inbound_own": False}, "enforcement": "off"}, 3, False),
        (
            [],
            {
                "shop": {"inbound_own": False},
                "enforcement": "off",
                "whole_instance": True,
                "administrator": True,
            },
            3,
            True,
        ),
        ([{"group": "acme"}], {"gaps": [{"fact": "enumeration", "group": "acme"}]}, 3, False),
        ([{"group": "acme"}], {"targets": ["acme/a"]}, 3, False),
        ([{"group": "acme/b"}], {"excluded": ["acme/b/filtered"]}, 2, True),
        ([{"group": "acme/b"}], {"excluded": ["acme/b/filtered"], "version": "17.11.0"}, 1, False),
        ([{"group": "partner"}], {"resolved": [PARTNER], "version": "17.11.0"}, 0, False),
    ],
)
def test_the_count_is_a_union(
    entries: list[dict[str, Any]], more: dict[str, Any], number: int, exact: bool
) -> None:
    """No project counts twice, and what was not seen is never taken for nothing."""
    assert count_of(entries, **more) == Count(number, exact)


def only(read: Inventory, path: str) -> Project:
    return next(project for project in read.projects() if project.path == path)


def test_groups_outside_are_named_and_counted_not_listed() -> None:
    """What lies below a group outside the read tree has no names here."""
    described = {
        "projects": {"acme/a/shop": {"entries": [{"group": "partner"}, {"project": "old/tool"}]}},
        "resolved": [PARTNER],
    }
    with inventory(described) as read:
        found = origins(read, only(read, "acme/a/shop"))
        assert [entry.target_path for entry in found.outside] == ["partner"]
        assert [(link.path, link.answer) for link in found.links] == [("old/tool", Answer.GRANTED)]
        assert found.count == Count(13, exact=True)
        assert found.others.answer is Answer.DENIED


def test_nobody_knows_what_lies_beyond_the_read_tree() -> None:
    """A project may reach others that were not read, so its targets are at least so many."""
    described = {"projects": {"acme/a": {}, "acme/b": {"entries": [{"project": "acme/a"}]}}}
    with inventory(described) as read:
        assert targets(read, only(read, "acme/a")).count == Count(1, exact=False)
    whole = described | {"whole_instance": True, "administrator": True}
    with inventory(whole) as read:
        assert targets(read, only(read, "acme/a")).count == Count(1, exact=True)


def test_what_a_filter_left_out_may_be_reached_too() -> None:
    """A part of the tree is not the whole, though nothing that was asked for is missing."""
    whole: dict[str, Any] = {"whole_instance": True, "administrator": True}
    described = {"projects": {"acme/a": {}, "acme/b": {"entries": [{"project": "acme/a"}]}}}
    with inventory(described | whole | {"excluded": ["acme/c"]}) as read:
        assert targets(read, only(read, "acme/a")).count == Count(1, exact=False)
        assert not chains(read, only(read, "acme/a")).exact


def test_one_project_of_merged_snapshots(tmp_path: Path) -> None:
    """Shards answer for one project as a single snapshot does."""
    write({"projects": {"acme/a/shop": {"id": 7}, **TREE}}, tmp_path / "one")
    with MergedSnapshots([tmp_path / "one"]) as merged:
        found = Inventory(merged).project(7)
        assert found is not None
        assert found.path == "acme/a/shop"
