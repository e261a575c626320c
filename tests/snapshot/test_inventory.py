"""The inventory: numbering, counts, flags completed by what is known of the run, completeness."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.model import AllowlistEntry, Fact
from scopelint.paths import is_inside
from scopelint.snapshot.group_tree import GroupTree
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory

_segments = st.sampled_from(["a", "b", "a-b", "a.b", "A", "z"])
_paths = st.lists(_segments, min_size=1, max_size=4).map("/".join)


@given(st.lists(_paths, max_size=8), st.lists(_paths.map(lambda p: p + "/p"), max_size=12), _paths)
def test_the_tree_counts_what_is_inside(groups: list[str], projects: list[str], asked: str) -> None:
    """An interval's sum equals a walk over every path, for names that sort around the slash too."""
    tree = GroupTree(groups, projects)
    assert tree.projects_below(asked) == sum(is_inside(p, asked) and p != asked for p in projects)
    known = any(is_inside(p, asked) for p in (*groups, *(p.rpartition("/")[0] for p in projects)))
    assert (asked in tree) == known


FLAGS: list[tuple[Any, Any, str, Any, Any]] = [
    # own, effective as read; enforcement; own, effective as judged
    (True, None, "unknown", True, True),
    (True, None, "off", True, True),
    (False, None, "on", False, True),
    (False, None, "off", False, False),
    (False, None, "unknown", False, None),
    (None, True, "unknown", None, True),
    (None, True, "on", None, True),
    (None, True, "off", True, True),
    (None, False, "off", False, False),
    (None, False, "unknown", False, False),
    (None, None, "on", None, None),
]


@pytest.mark.parametrize(("own", "effective", "enforcement", "own_then", "effective_then"), FLAGS)
def test_flags_are_completed_by_what_the_run_knows(
    own: bool | None,
    effective: bool | None,
    enforcement: str,
    own_then: bool | None,
    effective_then: bool | None,
) -> None:
    """Own flag, effective flag and enforcement are three facts; a null is never read as off."""
    described = {
        "enforcement": enforcement,
        "projects": {"acme/a": {"inbound_own": own, "inbound_effective": effective}},
    }
    with inventory(described) as observed:
        [project] = observed.projects()
        assert project.scope is not None
        assert project.scope.inbound_own is own_then
        assert project.scope.inbound_effective is effective_then


def test_counts_of_projects_are_exact_only_where_the_list_is_whole() -> None:
    """Inside the tree the list is counted; with a hole in it the number is only a lower bound."""
    entry = AllowlistEntry("group", 1, "acme")
    projects: dict[str, Any] = {"acme/a": {}, "acme/x/b": {}}
    with inventory({"groups": [{"path": "acme", "id": 1}], "projects": projects}) as observed:
        count = observed.project_count(entry)
        assert count is not None
        assert (count.number, count.exact) == (2, True)
    gaps = [{"fact": "enumeration", "reason": "timed_out", "group": "acme"}]
    with inventory(
        {"groups": [{"path": "acme", "id": 1}], "projects": projects, "gaps": gaps}
    ) as observed:
        count = observed.project_count(entry)
        assert count is not None
        assert (count.number, count.exact) == (2, False)
        assert observed.project_count(AllowlistEntry("group", 77, "elsewhere")) is None


@pytest.mark.parametrize(
    ("described", "complete"),
    [
        ({}, True),
        ({"gaps": [{"fact": "target", "reason": "not_visible"}]}, True),
        ({"gaps": [{"fact": "log", "reason": "capped"}]}, True),
        ({"gaps": [{"fact": "count", "reason": "redacted"}]}, False),
        ({"gaps": [{"fact": "group", "reason": "redacted"}]}, False),
        ({"gaps": [{"fact": "entries", "reason": "error"}]}, False),
        ({"listed": ["acme/waiting"]}, False),
        ({"finished_at": None}, False),
        ({"projects": {"acme/a": {"unreadable": "forbidden"}}}, False),
    ],
)
def test_completeness(described: dict[str, Any], complete: bool) -> None:
    """What was asked for and not read makes the scan incomplete; a missing side fact does not."""
    with inventory({"projects": {"acme/a": {}}} | described) as observed:
        assert observed.complete is complete


def test_numbers_of_the_scan() -> None:
    """Total is what was asked for; filtered projects count in groups, not in the total."""
    described = {
        "projects": {
            "acme/a": {"entries": [{"group": "acme/g"}, {"project": "acme/b"}]},
            "acme/b": {"unreadable": "forbidden"},
        },
        "listed": ["acme/c"],
        "excluded": ["acme/d"],
    }
    with inventory(described) as observed:
        assert (observed.total, observed.read, observed.entry_count) == (3, 1, 2)
        assert observed.tree.projects_below("acme") == 4
        assert {gap.fact for gap in observed.gaps} == {Fact.SCOPE, Fact.UNFINISHED}


def test_a_target_inside_the_tree_is_known_from_the_tree() -> None:
    """Entries that point to read projects and groups need no request of their own."""
    described = {
        "projects": {
            "acme/a": {"entries": [{"project": "acme/b"}, {"group": "acme/g"}, {"gone": "group"}]},
            "acme/b": {"visibility": "public", "archived": True},
            "acme/g/c": {},
        },
        "resolved": [{"project": "partner/sdk", "visible": False}],
    }
    with inventory(described) as observed:
        a = next(p for p in observed.projects() if p.path == "acme/a")
        assert a.scope is not None
        found = {e.target_path: observed.target(e) for e in a.scope.entries}
        assert found["acme/b"] is not None
        assert found["acme/b"].visibility == "public"
        assert found["acme/b"].archived is True
        assert found["acme/g"] is not None
        assert found[None] is None


def test_one_project_is_found_whether_it_was_read_or_only_seen() -> None:
    """A read one comes with its scope and completed flags; one that was only listed has none."""
    described = {
        "enforcement": "off",
        "projects": {"acme/a": {"id": 5, "inbound_own": None, "inbound_effective": True}},
        "listed": ["acme/b"],
        "excluded": ["acme/c"],
    }
    with inventory(described) as observed:
        read = observed.project(5)
        assert read is not None
        assert read.scope is not None
        assert read.scope.inbound_own is True
        seen = {path: number for number, path in observed.seen()}
        assert set(seen) == {"acme/a", "acme/b", "acme/c"}
        for path in ("acme/b", "acme/c"):
            listed = observed.project(seen[path])
            assert listed is not None
            assert (listed.path, listed.scope) == (path, None)
        assert observed.project(404) is None


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_chunks_hold_every_project_once(size: int) -> None:
    """Read, unreadable and only listed ones, wherever their ids lie, from files opened again too."""
    projects: dict[str, Any] = {f"acme/p{n}": {"id": n * n + 1} for n in range(7)}
    projects["acme/p3"]["unreadable"] = "forbidden"
    with inventory({"projects": projects, "listed": ["acme/waiting"]}) as observed:
        every = list(observed.projects())
        chunks = observed.chunks(size)
        found = [project for each in chunks for project in observed.projects(each)]
        assert found == every
        assert len(chunks) == -(-8 // size)
        with observed.reopened():
            assert list(observed.projects()) == every
        assert list(observed.projects()) == every


def test_an_inventory_without_projects_has_no_chunks() -> None:
    with inventory({"projects": {}}) as observed:
        assert observed.chunks(10) == []


def test_what_is_derived_is_made_once() -> None:
    """An index that several rules use is built by the first one alone."""
    made = []

    def index(of: Inventory) -> int:
        made.append(of)
        return of.total

    with inventory({"projects": {"acme/a": {}}}) as observed:
        assert observed.derived(index) == observed.derived(index) == 1
        assert made == [observed]


@given(st.lists(_paths.map(lambda p: p + "/p"), max_size=12))
def test_the_tree_in_its_own_order(projects: list[str]) -> None:
    """Numbers follow the paths, parents first, and the counts between them add up."""
    tree = GroupTree((), projects)
    paths = list(tree.paths())
    assert len(tree) == len(paths)
    assert tree.total == len(projects) == tree.between(0, len(tree))
    assert all(path.rpartition("/")[0] in ("", *paths[:n]) for n, path in enumerate(paths))
    for number, path in enumerate(paths):
        assert tree.interval(path)[0] == number
        assert tree.between(number, number + 1) == sum(
            p.rpartition("/")[0] == path for p in projects
        )
