"""An acceptance holds what was accepted: what is more is new again, and what is not known is said."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from scopelint.engine.acceptance import Bounds, extent_of, growths
from scopelint.engine.baseline import Baseline, create
from scopelint.engine.codec import FINDINGS
from scopelint.engine.waivers import WaiverBook
from scopelint.extent import Extent
from scopelint.finding import Severity, State
from scopelint.model import ProjectCount
from scopelint.testing import inventory
from tests.engine.test_waivers import TODAY, finding, waiver

MADE = datetime(2026, 1, 1, tzinfo=UTC)
AGAIN = datetime(2026, 11, 25, tzinfo=UTC)


def more(accepted: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [each.text for each in growths(Bounds(**accepted), Extent(**now))]


@pytest.mark.parametrize(
    ("accepted", "now", "grown"),
    [
        (0, 9, False),
        (0, 10, True),
        (8, 17, False),
        (8, 18, True),
        (40, 50, True),
        (60, 74, False),
        (60, 75, True),
        (60, 10, False),
        (1000, 1249, False),
        (1000, 1250, True),
    ],
)
@pytest.mark.parametrize("what", ["projects", "reach"])
def test_a_quarter_more_projects_and_at_least_ten_is_a_growth(
    what: str, accepted: int, now: int, grown: bool
) -> None:
    assert bool(more({what: accepted}, {what: now, f"{what}_at_most": now})) is grown


@pytest.mark.parametrize(
    ("accepted", "now", "grown"),
    [
        (("READ_JOBS",), ("READ_JOBS",), False),
        (("READ_JOBS", "READ_PACKAGES"), ("READ_JOBS",), False),
        (("READ_JOBS",), ("READ_JOBS", "READ_PACKAGES"), True),
        (("READ_JOBS",), ("READ_PACKAGES",), True),
        (("READ_JOBS",), ("all",), True),
        (("all",), ("READ_JOBS",), False),
        (("all",), ("all",), False),
        ((), ("READ_JOBS",), True),
        (("READ_JOBS",), (), False),
    ],
)
def test_permissions_that_were_not_accepted_are_a_growth(
    accepted: tuple[str, ...], now: tuple[str, ...], grown: bool
) -> None:
    assert bool(more({"permissions": accepted}, {"permissions": now})) is grown


def test_an_entry_that_was_removed_and_added_again_is_another_one() -> None:
    said = more({"created_at": MADE}, {"created_at": AGAIN})
    assert said == ["the entry added on 2026-01-01T00:00:00Z, added again on 2026-11-25T00:00:00Z"]
    assert more({"created_at": AGAIN}, {"created_at": AGAIN}) == []


def test_both_are_named() -> None:
    said = more(
        {"permissions": ("READ_JOBS",), "projects": 60},
        {"permissions": ("all",), "projects": 600, "projects_at_most": None},
    )
    assert said == ["permissions READ_JOBS, now all", "60 projects, now 600"]


def test_what_is_not_known_on_one_side_is_no_growth_and_is_told() -> None:
    full = Extent(("all",), AGAIN, 600, 600)
    assert list(growths(Bounds(), full)) == []
    assert list(growths(Bounds((), MADE, 1), Extent())) == []
    assert Bounds().missing(full)
    assert Bounds(("all",), AGAIN).missing(full)
    assert not Bounds(("all",), AGAIN, 600).missing(full)


def test_projects_that_gitlab_may_hide_are_accepted_as_hidden() -> None:
    """60 seen and 30 more hidden at most were accepted as 90; 90 seen now are no growth."""
    before = Extent(projects=60, projects_at_most=90)
    bounds = Bounds.of(before)
    assert bounds == Bounds(projects=90)
    assert list(growths(bounds, Extent(projects=90, projects_at_most=90))) == []
    assert list(growths(bounds, Extent(projects=113)))
    # At most so many is not known: no number was accepted.
    assert Bounds.of(Extent(projects=60)) is None


SPEC: dict[str, Any] = {
    "groups": ["acme", {"path": "acme/big", "id": 11}],
    "projects": {
        "acme/app": {
            "id": 1,
            "entries": [
                {"group": "acme/big", "default_permissions": False, "policies": ["ADMIN_JOBS"]},
                {"project": "acme/big/b"},
            ],
        },
        "acme/big/a": {"id": 2},
        "acme/big/b": {"id": 3},
    },
}


def test_what_an_entry_is_about_is_read_from_the_inventory() -> None:
    with inventory(SPEC) as made:
        project = made.project(1)
        assert project is not None
        assert project.scope is not None
        entries = {entry.kind: entry for entry in project.scope.entries}
        group = extent_of(entries["group"], None, made)
        assert group is not None
        # ADMIN_X includes READ_X.
        assert group.permissions == ("ADMIN_JOBS", "READ_JOBS")
        assert (group.projects, group.projects_at_most) == (2, 2)
        assert extent_of(entries["project"], None, made) == Extent(("all",))
        unread = replace(entries["project"], default_permissions=None, policies=None)
        assert extent_of(unread, None, made) is None
        assert extent_of(None, None, made) is None
        reach = extent_of(None, ProjectCount(7, exact=False, bound=9), made)
        assert reach == Extent(reach=7, reach_at_most=9)


ACCEPTED = replace(finding(), extent=Extent(("READ_JOBS",), MADE, 60, 60))
GROWN = replace(finding(), extent=Extent(("all",), AGAIN, 600, 600))


def test_a_baselined_finding_that_grew_is_new_and_its_message_names_both() -> None:
    marked = create("https://g", [ACCEPTED]).mark(GROWN)
    assert marked.state is State.NEW
    assert marked.message == (
        "m The baseline accepts permissions READ_JOBS, now all; 60 projects, now 600; the entry"
        " added on 2026-01-01T00:00:00Z, added again on 2026-11-25T00:00:00Z."
    )
    assert marked.outgrown is not None
    assert [each.what for each in marked.outgrown.growths] == [
        "permissions",
        "projects",
        "created_at",
    ]
    # Accepted as it is now, it is known, and says what the rule said.
    taken = create("https://g", [marked])
    assert taken.known[GROWN.fingerprint].message == "m"
    again = taken.mark(marked)
    assert (again.state, again.message, again.outgrown) == (State.BASELINED, "m", None)


def test_a_severity_that_rose_says_both() -> None:
    risen = create("https://g", [ACCEPTED]).mark(replace(ACCEPTED, severity=Severity.HIGH))
    assert risen.message == "m The baseline accepts severity medium, now high."


def test_a_baseline_without_bounds_holds_and_says_that_it_does_not_know() -> None:
    old = create("https://g", [replace(ACCEPTED, extent=None)])
    assert old.known[ACCEPTED.fingerprint].accepts is None
    marked = old.mark(GROWN)
    assert marked.state is State.BASELINED
    assert old.accepts_any_extent(marked)
    assert not create("https://g", [ACCEPTED]).accepts_any_extent(ACCEPTED)
    # An update takes in what is there, and from then on it is held.
    updated = old.updated([ACCEPTED])
    assert updated.mark(GROWN).state is State.NEW


def test_an_update_never_widens_in_silence() -> None:
    """Step by step below the quarter: what was accepted stays, so the steps add up."""
    baseline: Baseline = create("https://g", [ACCEPTED])
    for number in (65, 70, 74):
        step = replace(ACCEPTED, extent=Extent(("READ_JOBS",), MADE, number, number))
        assert baseline.mark(step).state is State.BASELINED
        assert list(baseline.widened([step])) == []
        baseline = baseline.updated([step])
    over = replace(ACCEPTED, extent=Extent(("READ_JOBS",), MADE, 75, 75))
    assert baseline.mark(over).state is State.NEW
    [(found, grown)] = baseline.widened([over])
    assert (found, [each.text for each in grown]) == (over, ["60 projects, now 75"])
    assert baseline.updated([over]).mark(over).state is State.BASELINED
    # What became less is accepted no further than that.
    less = replace(ACCEPTED, extent=Extent((), MADE, 20, 20))
    assert baseline.updated([less]).mark(ACCEPTED).state is State.NEW


def test_a_waiver_holds_what_it_accepts() -> None:
    bounds = Bounds(("READ_JOBS",), MADE, 60)
    book = WaiverBook([waiver(accepts=bounds)], TODAY)
    assert book.mark(ACCEPTED).state is State.WAIVED
    grown = book.mark(GROWN)
    assert grown.state is State.NEW
    assert "The waiver accepts permissions READ_JOBS, now all; 60 projects" in grown.message
    assert book.used == {0}
    assert book.without_bounds == []
    # One of several that holds is enough, and a baseline may hold what a waiver does not.
    both = WaiverBook([waiver(accepts=bounds), waiver(reason="all")], TODAY)
    assert both.mark(GROWN).state is State.WAIVED
    held = create("https://g", [GROWN]).mark(grown)
    assert (held.state, held.message) == (State.BASELINED, "m")


def test_waivers_that_do_not_say_how_much_they_accept_are_told_with_what_to_write() -> None:
    rule = waiver(entry=None)
    book, part = WaiverBook([rule], TODAY), WaiverBook([rule], TODAY)
    book.mark(replace(ACCEPTED, extent=Extent(("READ_JOBS",), MADE, 5, 5)))
    part.mark(replace(GROWN, extent=Extent(("READ_RUNNERS",), AGAIN, 9, 9)))
    book.include(part.used, part.unbounded, part.unsure)
    [(found, bounds)] = book.without_bounds
    assert found is rule
    assert bounds.text == (
        '{permissions: [READ_JOBS, READ_RUNNERS], created_at: "2026-11-25T00:00:00Z", projects: 9}'
    )
    # Where one of them was not read, nothing can be said of it for both.
    book.mark(replace(ACCEPTED, extent=Extent(projects=5, projects_at_most=5)))
    assert book.without_bounds[0][1].text == "{projects: 9}"
    # A finding that is about nothing that can grow needs no bounds.
    bare = WaiverBook([rule], TODAY)
    bare.mark(finding())
    assert bare.without_bounds == []


def test_findings_keep_their_extent_through_temporary_files() -> None:
    marked = create("https://g", [ACCEPTED]).mark(GROWN)
    for each in (ACCEPTED, marked, finding()):
        assert FINDINGS.unpack(FINDINGS.pack(each)) == each
