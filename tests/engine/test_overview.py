"""The report's overview: groups with their numbers, and a matrix that adds up pair by pair."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint import engine
from scopelint.access import Answer, decide
from scopelint.engine.overview import MAX_CELLS, MAX_GROUPS, Overview, choose_cells
from scopelint.snapshot.group_tree import GroupTree
from scopelint.testing import inventory
from tests.access import strategies as random
from tests.access.kit import everyone, observed
from tests.examples import examples


def overview_of(description: dict[str, Any]) -> dict[str, Any]:
    with inventory(description) as observed_:
        found = engine.run(observed_, []).overview
    assert found is not None
    return dict(found)


def test_groups_carry_their_own_and_what_lies_below() -> None:
    """Projects, unread ones included, are counted up the tree."""
    found = overview_of(
        {
            "projects": {
                "acme/a/x": {"entries": [{"group": "acme/b"}]},
                "acme/b/y": {"unreadable": "forbidden"},
                "acme/z": {"inbound_own": False, "inbound_effective": False},
            },
            "listed": ["acme/b/waiting"],
        }
    )
    assert found["groups"] == [
        {"path": "acme", "projects": 4, "unread": 2, "open": 1},
        {"path": "acme/a", "projects": 1, "unread": 0},
        {"path": "acme/b", "projects": 2, "unread": 2},
    ]
    assert found["reach"]["groups"] == ["acme", "acme/a", "acme/b"]
    # Three others reach the open project; two of acme/b reach acme/a.
    assert found["reach"]["pairs"] == [[1, 0, 1], [2, 0, 2], [2, 1, 2]]


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(st.data(), st.sampled_from([*random.VERSIONS, (0, 0)]))
def test_the_matrix_counts_every_granted_pair(
    data: st.DataObject, version: tuple[int, int]
) -> None:
    """The cells hold exactly the pairs that GitLab's decision grants."""
    read = observed(data.draw(random.inventories()), version)
    gathered = Overview(read)
    for project in read.projects():
        gathered.add(project)
    found = gathered.data({})["reach"]
    cells = found["groups"]

    def cell(path: str) -> int:
        parts = path.split("/")[:-1]
        while "/".join(parts) not in cells:
            parts.pop()
        return int(cells.index("/".join(parts)))

    wanted: Counter[tuple[int, int]] = Counter()
    for target in read.projects():
        for origin in everyone(read):
            answer = decide(origin, target, version=version).answer
            if origin.id != target.id and answer is Answer.GRANTED:
                wanted[cell(origin.path), cell(target.path)] += 1
    assert {(i, j): n for i, j, n in found["pairs"]} == dict(wanted)


@pytest.mark.parametrize(("tops", "subs"), [(1, 1), (1, 39), (1, 40), (1, 90), (60, 2), (5, 20)])
def test_the_matrix_stays_small(tops: int, subs: int) -> None:
    """The largest groups are opened as long as all fit; every top-level group that fits stays."""
    paths = [f"t{t}/s{s}/p{n}" for t in range(tops) for s in range(subs) for n in range(t + 1)]
    tree = GroupTree((), paths)
    cells = choose_cells(tree)
    assert len(cells) <= MAX_CELLS
    expected = {(1, 1): 1, (1, 39): 39, (1, 40): 40, (1, 90): 1, (60, 2): 40, (5, 20): 24}
    assert len(cells) == expected[tops, subs]


@pytest.mark.slow
def test_at_most_so_many_groups_and_none_without_its_parent() -> None:
    """Of a large tree the groups with the most projects are kept."""
    paths: dict[str, Any] = {f"acme/g{n}/s{n % 7}/p": {} for n in range(MAX_GROUPS)}
    found = overview_of({"projects": paths})["groups"]
    assert len(found) == MAX_GROUPS
    kept = {group["path"] for group in found}
    assert all(path.rpartition("/")[0] in kept for path in kept if "/" in path)
