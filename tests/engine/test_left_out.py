"""Left out is a third state: what filters left out is counted apart from what was not read."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint import engine
from scopelint.filters import Filters
from scopelint.globs import GlobSet
from scopelint.report import Report
from scopelint.run_choices import LEFT_OUT_GROUPS, LeftOut
from scopelint.testing import inventory
from tests.examples import examples


def judged(description: dict[str, Any]) -> Report:
    with inventory(description) as observed:
        return engine.run(observed, [])


def test_left_out_projects_are_counted_by_filter_and_group() -> None:
    found = judged(
        {
            "projects": {"acme/web/shop": {}, "acme/ops/hidden": {"unreadable": "forbidden"}},
            "excluded": [
                "acme/web/old",
                "acme/lab/a",
                "acme/lab/deep/b",
                "else/x",
                "acme/web/gone",
            ],
            "targets": ["acme"],
            "filters": {"include": ["acme/**"], "exclude": ["acme/lab/**", "acme/web/old"]},
        }
    )
    projects = found.scan.projects
    counts = (projects.total, projects.read, projects.unreadable, projects.left_out)
    assert counts == (7, 1, 1, 5)
    assert projects.wanted == 2
    assert found.scan.left_out == (
        LeftOut("include", 1, ("else",)),
        # A group of which nothing else is known stands for what is below it.
        LeftOut("exclude", 3, ("acme/lab", "acme/web")),
        LeftOut("archived", 1, ("acme/web",)),
    )
    assert found.scan.complete is False  # that is the unreadable one, not what was left out


def test_what_was_left_out_makes_nothing_incomplete() -> None:
    found = judged({"projects": {"acme/a": {}}, "excluded": ["acme/b"]})
    assert found.scan.complete
    assert found.gate.result == "pass"


def test_without_a_filter_nothing_is_left_out() -> None:
    found = judged({"projects": {"acme/a": {}}, "listed": ["acme/b"]})
    assert found.scan.left_out == ()
    assert (found.scan.projects.total, found.scan.projects.unreadable) == (2, 1)


def test_groups_know_what_of_them_was_left_out() -> None:
    found = judged(
        {
            "projects": {"acme/a/x": {}, "acme/b/y": {"unreadable": "forbidden"}},
            "listed": ["acme/a/waits"],
            "excluded": ["acme/a/z", "acme/c/z"],
        }
    )
    assert found.overview is not None
    assert found.overview["groups"] == [
        {"path": "acme", "projects": 5, "unread": 2, "left_out": 2},
        {"path": "acme/a", "projects": 3, "unread": 1, "left_out": 1},
        {"path": "acme/b", "projects": 1, "unread": 1},
        {"path": "acme/c", "projects": 1, "unread": 0, "left_out": 1},
    ]
    reach = found.overview["reach"]
    assert reach["groups"] == ["acme/a", "acme/b", "acme/c"]
    assert reach["projects"] == [[3, 1, 1], [1, 0, 0], [1, 0, 1]]


def test_as_many_groups_are_named_as_anybody_reads() -> None:
    paths = [f"acme/g{number:03}/p{one}" for number in range(60) for one in range(1 + number % 3)]
    [found] = judged({"projects": {"acme/here": {}}, "excluded": paths}).scan.left_out
    assert found.projects == len(paths)
    assert len(found.groups) == LEFT_OUT_GROUPS
    assert found.groups[0] == "acme/g002"


SEGMENTS = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(SEGMENTS, min_size=2, max_size=4).map(lambda parts: "/".join(("acme", *parts)))
GLOBS = st.sampled_from(["acme/a/**", "acme/*/b/**", "acme/**/c", "acme/**", "none/**"])


@settings(max_examples=examples(100), deadline=None)
@given(
    st.dictionaries(PATHS, st.sampled_from(["read", "unreadable", "listed", "archived"])),
    st.lists(GLOBS, max_size=2, unique=True),
    st.lists(GLOBS, max_size=2, unique=True),
    st.booleans(),
)
def test_judged_left_out_and_not_read_are_together_what_was_listed(
    states: dict[str, str], include: list[str], exclude: list[str], archived: bool
) -> None:
    """Property: for any filters, in the run and in every group of the tree."""
    filters = Filters(tuple(include), tuple(exclude), "exclude" if archived else "include")
    out = [path for path in states if _is_out(path, states[path], filters)]
    wanted = {path: state for path, state in states.items() if path not in out}
    read: dict[str, Any] = {
        path: {} for path, state in wanted.items() if state in {"read", "archived"}
    }
    dark = {path: {"unreadable": "forbidden"} for path in wanted if states[path] == "unreadable"}
    found = judged(
        {
            "targets": ["acme"],
            "projects": read | dark,
            "listed": [path for path in wanted if states[path] == "listed"],
            "excluded": out,
            "filters": {"include": include, "exclude": exclude, "archived": filters.archived},
        }
    )
    projects = found.scan.projects
    assert projects.total == len(states)
    assert projects.read == len(read)
    assert projects.left_out == len(out) == sum(each.projects for each in found.scan.left_out)
    assert projects.unreadable == len(states) - len(read) - len(out)
    assert found.overview is not None
    below = Counter(up for path in out for up in _upward(path))
    for group in found.overview["groups"]:
        assert group.get("left_out", 0) == below[group["path"]]
    sizes = found.overview["reach"]["projects"]
    assert [sum(size[place] for size in sizes) for place in range(3)] == [
        len(states),
        len(read),
        len(out),
    ]


def _is_out(path: str, state: str, filters: Filters) -> bool:
    include, exclude = GlobSet(filters.include), GlobSet(filters.exclude)
    named = not include or include.matches(path)
    gone = filters.archived == "exclude" and state == "archived"
    return not named or exclude.matches(path) or gone


def _upward(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


@pytest.mark.parametrize("state", ["left_out", "unread"])
def test_a_group_that_nobody_looked_into_has_no_pass(state: str) -> None:
    """What the pictures are drawn from tells both from a group without a finding."""
    kind = {"left_out": "excluded", "unread": "listed"}[state]
    found = judged({"projects": {"acme/a/x": {}}, kind: ["acme/b/y"]})
    assert found.overview is not None
    [group] = [each for each in found.overview["groups"] if each["path"] == "acme/b"]
    assert group[state] == group["projects"] == 1
