"""What GitLab hides bounds a count: every verdict against all places where hidden projects may lie."""

from collections.abc import Iterable
from itertools import combinations_with_replacement
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.finding import PASS
from scopelint.model import Project
from scopelint.rule import EntryContext, ProjectContext, Verdicts
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory
from scopelint_rules.group_entry_too_broad import GroupEntryTooBroad
from scopelint_rules.group_entry_wider_than_use import GroupEntryWiderThanUse
from scopelint_rules.reach_too_wide import ReachTooWide
from tests.examples import examples

GROUPS = ("acme/a", "acme/a/x", "acme/b", "acme/b/y", "acme/c")
SHOP = "acme/c/shop"
OLD = "2024-01-01T00:00:00Z"

placed = st.lists(st.sampled_from(GROUPS), max_size=8)
hidden = st.integers(0, 3)


def described(seen: list[str], number: int, entries: Iterable[str], **shop: Any) -> dict[str, Any]:
    projects: dict[str, Any] = {f"{group}/p{i}": {} for i, group in enumerate(seen)}
    # Another project's row makes the log old enough.
    projects["acme/old"] = {"uses": [{"origin": "acme/other", "at": OLD}]}
    projects[SHOP] = {"entries": [{"group": each, "created_at": OLD} for each in entries], **shop}
    return {
        "version": "19.3.0",
        "projects": projects,
        "counted": {"acme": len(projects) + number},
        "groups": [{"path": path} for path in GROUPS],
    }


def ways(seen: list[str], number: int) -> list[list[str]]:
    """Return where all projects may lie: what was seen, and the hidden ones anywhere."""
    return [[*seen, *more] for more in combinations_with_replacement((*GROUPS, "acme"), number)]


def below(group: str, places: list[str]) -> int:
    shop = f"{group}/" in f"{SHOP}/"
    return shop + sum(f"{place}/".startswith(f"{group}/") for place in places)


def said(answer: Verdicts) -> set[str]:
    if answer is None:
        return {"nothing"}
    found = (answer,) if not isinstance(answer, Iterable) else tuple(answer)
    return {"pass" if each is PASS else each.outcome.value for each in found} or {"nothing"}


def shop_of(observed: Inventory) -> Project:
    return next(each for each in observed.projects() if each.path == SHOP)


def expected(possible: set[str]) -> set[str]:
    """One answer for all ways is the answer; a pass beside no case at all is a pass."""
    return possible if len(possible) == 1 else {"unknown"}


@given(placed, hidden, st.sampled_from(GROUPS[:4]), st.integers(1, 10))
@settings(max_examples=examples(100), deadline=None)
def test_one_group(seen: list[str], number: int, group: str, limit: int) -> None:
    with inventory(described(seen, number, [group])) as observed:
        project = shop_of(observed)
        assert project.scope is not None
        [entry] = project.scope.entries
        rule = GroupEntryTooBroad({"max_projects": limit})
        found = said(rule.judge(EntryContext(observed, project, project.scope, entry)))
    over = {"fail" if below(group, way) > limit else "pass" for way in ways(seen, number)}
    assert found == expected(over)


@given(placed, hidden, st.sets(st.sampled_from(GROUPS), min_size=1), st.integers(1, 10))
@settings(max_examples=examples(100), deadline=None)
def test_all_entries_together(seen: list[str], number: int, groups: set[str], limit: int) -> None:
    outer = [each for each in groups if not any(each.startswith(f"{o}/") for o in groups)]
    with inventory(described(seen, number, sorted(groups))) as observed:
        project = shop_of(observed)
        assert project.scope is not None
        rule = ReachTooWide({"max_projects": limit})
        found = said(rule.judge(ProjectContext(observed, project, project.scope)))

    def together(way: list[str]) -> int:
        return sum(below(each, way) - (each == "acme/c") for each in outer)

    alone = any(below(each, seen) - (each == "acme/c") > limit for each in outer)
    over = {"fail" if together(way) > limit else "pass" for way in ways(seen, number)}
    assert found == ({"nothing"} if alone else expected(over))


@given(placed, hidden, st.integers(0, 100), st.integers(1, 8), st.integers(1, 3))
@settings(max_examples=examples(100), deadline=None)
def test_the_share_of_a_group_that_is_used(
    seen: list[str], number: int, share: int, fewest: int, used: int
) -> None:
    group = "acme/a"
    inside = [f"{place}/p{i}" for i, place in enumerate(seen) if place.startswith(group)]
    uses = [{"origin": path, "at": "2026-07-30T00:00:00Z"} for path in inside[:used]]
    with inventory(described(seen, number, [group], uses=uses)) as observed:
        project = shop_of(observed)
        assert project.scope is not None
        [entry] = project.scope.entries
        rule = GroupEntryWiderThanUse({"max_share": share, "min_projects": fewest})
        found = said(rule.judge(EntryContext(observed, project, project.scope, entry)))

    def verdict(way: list[str]) -> str:
        projects = below(group, way)
        if projects < fewest or not uses:
            return "nothing"
        return "fail" if 100 * len(uses) <= share * projects else "pass"

    possible = {verdict(way) for way in ways(seen, number)}
    assert found == ({"pass"} if possible == {"nothing", "pass"} else expected(possible))
