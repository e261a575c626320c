"""Where places are short: never more unused projects than GitLab's own compaction lets in."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.model import Group
from scopelint.paths import is_inside
from scopelint.repair.allowlist import AllowlistOptions, choose_entries, unused_let_in
from scopelint.repair.compaction import Candidate, fewest_unused
from scopelint.testing import inventory

OLD = "2024-01-01T00:00:00Z"
SHOP = "acme/web/shop"


def estate(groups: int, size: int, used: int, alone: int, top: str = "acme/") -> dict[str, Any]:
    """Groups of one size of which some projects are used, and used projects in no group."""
    paths = [f"{top}g{group}/p{number}" for group in range(groups) for number in range(size)]
    origins = [path for path in paths if int(path.rpartition("p")[2]) < used]
    lone = [f"acme/lone{number}" for number in range(alone)]
    uses = [{"origin": path, "at": OLD} for path in [*origins, *lone]]
    return {
        "projects": {SHOP: {"uses": uses}, **{path: {} for path in [*paths, *lone, "acme/unused"]}},
    }


@pytest.mark.parametrize(
    ("described", "gitlab", "ours"),
    [
        (estate(5, 60, 50, 0), 20, 10),
        (estate(100, 3, 2, 30), 30, 15),
        (estate(210, 1, 1, 0, top=""), None, 0),
    ],
    ids=["5 groups of 60", "100 groups of 3", "210 groups of one each, which GitLab gives up"],
)
def test_no_more_unused_projects_than_gitlabs_own_compaction(
    described: dict[str, Any], gitlab: int | None, ours: int
) -> None:
    tops = {path.partition("/")[0] for path in described["projects"]}
    with inventory({"version": "19.3.0-ee", "targets": sorted(tops), **described}) as observed:
        [shop] = [project for project in observed.projects() if project.path == SHOP]
        assert shop.scope is not None
        assert shop.scope.uses is not None
        chosen = choose_entries(observed, shop, shop.scope.uses, AllowlistOptions())
    assert not isinstance(chosen, str)
    kinds = [one.entry.kind for one in chosen]
    assert kinds.count("project") <= 200
    assert kinds.count("group") <= 200
    covered = [use.origin_id for one in chosen for use in one.uses]
    assert sorted(covered) == sorted(use.origin_id for use in shop.scope.uses)
    assert unused_let_in(chosen) == ours
    assert gitlab is None or ours <= gitlab


@st.composite
def trees(draw: st.DrawFn) -> list[Candidate]:
    """A few groups in each other, with projects of which some are used."""
    paths = sorted(draw(st.sets(st.sampled_from(_PATHS), min_size=1, max_size=6)))
    own = {path: (draw(st.integers(0, 3)), draw(st.integers(0, 4))) for path in paths}
    found = []
    for number, path in enumerate(paths):
        inside = [own[other] for other in paths if is_inside(other, path)]
        left, more = sum(each[0] for each in inside), sum(each[1] for each in inside)
        group = Group(number + 1, path)
        found.append(Candidate(group, (), below=more, left=left))
    return [each for each in found if each.left]


_PATHS = ["a", "a/b", "a/b/c", "a/b/d", "a/e", "f", "f/g", "f/g/h", "a-b", "a/b-c"]


@given(trees(), st.integers(1, 12))
def test_no_other_choice_lets_in_fewer(candidates: list[Candidate], wanted: int) -> None:
    """Against every choice there is."""
    found = fewest_unused(candidates, wanted)
    costs = [
        sum(each.unused for each in some)
        for size in range(len(candidates) + 1)
        for some in combinations(candidates, size)
        if sum(each.left for each in some) >= wanted and _apart(some)
    ]
    if found is None:
        assert not costs
        return
    assert _apart(found)
    assert sum(each.left for each in found) >= wanted
    assert sum(each.unused for each in found) == min(costs)


def _apart(some: Any) -> bool:
    paths = [each.group.path for each in some]
    return not any(is_inside(one, two) for one in paths for two in paths if one != two)
