"""What a comparison says of described changes, one by one, and what it leaves open."""

from typing import Any

import pytest

from scopelint.diff import Diff
from scopelint.diff.changes import Origin, ProjectChange, SettingChange, sign
from tests.diff.kit import changes

SHOP = "acme/web/shop"


def _inventory(shop: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    projects = {SHOP: {"id": 1, **(shop or {})}, "acme/tool": {"id": 2}, "acme/web/till": {"id": 3}}
    groups = [{"path": "acme", "id": 10}, {"path": "acme/web", "id": 11}]
    return {"projects": projects, "enforcement": "off", "groups": groups} | more


def _only(diff: Diff) -> ProjectChange:
    [change] = diff.projects
    return change


def _origins(origins: tuple[Origin, ...]) -> list[str]:
    return [f"{one.kind} {one.path}" for one in origins]


def test_the_same_is_no_change() -> None:
    found = changes(_inventory(), _inventory())
    assert not found.changed
    assert found.certain
    assert set(found.summary().values()) == {0}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("outbound", False, True),
        ("push", False, True),
        ("cross_project_push", True, False),
        ("visibility", "private", "public"),
        ("archived", False, True),
    ],
)
def test_a_setting(name: str, before: Any, after: Any) -> None:
    found = changes(_inventory({name: before}), _inventory({name: after}))
    assert _only(found).settings == (SettingChange(name, before, after),)
    assert found.summary()["settings"] == 1
    assert not changes(_inventory({name: None}), _inventory({name: after})).changed
    assert changes(_inventory({name: before}), _inventory({name: None})).unknown_facts == {name: 1}


def test_a_limit_that_goes_off_lets_everyone_in() -> None:
    entry = {"entries": [{"group": "acme/web", "id": 11}]}
    found = changes(_inventory(entry), _inventory({**entry, "inbound_own": False}))
    change = _only(found)
    assert [one.name for one in change.settings] == ["inbound_effective", "inbound_own"]
    assert change.access is not None
    assert _origins(change.access.gained) == ["everyone None"]
    assert change.access.lost == ()
    assert (change.access.before.number, change.access.after.number) == (1, 2)
    back = changes(_inventory({**entry, "inbound_own": False}), _inventory(entry))
    access = _only(back).access
    assert access is not None
    assert _origins(access.lost) == ["everyone None"]
    assert access.gained == ()


def test_an_entry_that_adds_nothing_is_no_access() -> None:
    group = {"group": "acme", "id": 10}
    inside = {"project": "acme/tool", "id": 2}
    found = changes(_inventory({"entries": [group]}), _inventory({"entries": [group, inside]}))
    change = _only(found)
    assert [sign(one) for one in change.entries] == ["+"]
    assert change.access is None
    # A wider group gives new access; the narrower one within it loses none.
    web = {"group": "acme/web", "id": 11}
    wider = _only(changes(_inventory({"entries": [web]}), _inventory({"entries": [group]})))
    assert [sign(one) for one in wider.entries] == ["+", "-"]
    assert wider.access is not None
    assert _origins(wider.access.gained) == ["group acme"]
    assert wider.access.lost == ()
    narrower = _only(changes(_inventory({"entries": [group]}), _inventory({"entries": [web]})))
    assert narrower.access is not None
    assert narrower.access.gained == ()
    assert _origins(narrower.access.lost) == ["group acme"]


def test_an_origin_outside_keeps_its_access_when_it_is_renamed() -> None:
    def listed(group: str, project: str) -> dict[str, Any]:
        return _inventory({"entries": [{"group": group, "id": 50}, {"project": project, "id": 51}]})

    assert not changes(listed("partner", "other/sdk"), listed("partner2", "other/kit")).changed


def test_permissions_and_entries_added_again() -> None:
    entry = {"group": "acme", "id": 10, "created_at": "2026-01-01T00:00:00Z", "added_by": "mia"}
    fine = {**entry, "policies": ["READ_JOBS"]}
    found = _only(changes(_inventory({"entries": [entry]}), _inventory({"entries": [fine]})))
    assert [sign(one) for one in found.entries] == ["~"]
    assert found.access is None
    more = {**entry, "policies": ["READ_PACKAGES", "READ_JOBS"]}
    turned = {**entry, "policies": ["READ_JOBS", "READ_PACKAGES"]}
    assert not changes(_inventory({"entries": [more]}), _inventory({"entries": [turned]})).changed
    again = {**entry, "created_at": "2026-02-01T00:00:00Z"}
    [change] = _only(
        changes(_inventory({"entries": [entry]}), _inventory({"entries": [again]}))
    ).entries
    assert sign(change) == "~"
    unread = {**entry, "default_permissions": None, "policies": None}
    open_ = changes(_inventory({"entries": [unread]}), _inventory({"entries": [fine]}))
    assert not open_.changed
    assert open_.unknown_facts == {"permissions": 1}


def test_a_row_whose_target_was_deleted_is_the_same_row() -> None:
    made = {"created_at": "2026-01-01T00:00:00Z"}
    old = _inventory({"entries": [{"project": "x/y", "id": 90, **made}]})
    new = _inventory({"entries": [{"gone": "project", **made}]})
    [change] = _only(changes(old, new)).entries
    assert sign(change) == "~"
    assert change.before is not None
    assert change.before.target_path == "x/y"


def test_outbound_entries() -> None:
    row = {"outbound_entries": [{"project": "acme/tool", "id": 2}]}
    [change] = _only(changes(_inventory(), _inventory(row))).entries
    assert (change.direction, sign(change)) == ("outbound", "+")
    unread = changes(_inventory({"outbound_entries": None}), _inventory(row))
    assert not unread.changed
    assert unread.unknown_facts == {"outbound_entries": 1}


def test_new_gone_and_moved_projects() -> None:
    old = _inventory()
    new = _inventory()
    new["projects"] = {SHOP: {"id": 1}, "acme/web/kit": {"id": 2}, "acme/app": {"id": 4}}
    found = changes(old, new)
    assert [one.project.path for one in found.appeared] == ["acme/app"]
    assert [one.project.path for one in found.disappeared] == ["acme/web/till"]
    change = _only(found)
    assert (change.before_path, change.project.path) == ("acme/tool", "acme/web/kit")
    assert not change.with_group


def test_a_renamed_group_is_one_change_and_takes_no_access() -> None:
    entries = {"entries": [{"group": "acme/web", "id": 11}, {"project": "acme/web/till", "id": 3}]}
    moved = {"entries": [{"group": "acme/net", "id": 11}, {"project": "acme/net/till", "id": 3}]}
    old = _inventory()
    old["projects"]["acme/tool"] |= entries
    new = _inventory()
    new["projects"] = {
        "acme/net/shop": {"id": 1},
        "acme/tool": {"id": 2, **moved},
        "acme/net/till": {"id": 3},
    }
    new["groups"] = [{"path": "acme", "id": 10}, {"path": "acme/net", "id": 11}]
    found = changes(old, new)
    assert [(one.before, one.after, one.projects) for one in found.groups] == [
        ("acme/web", "acme/net", 2)
    ]
    assert all(one.with_group and not one.access and not one.entries for one in found.projects)
    assert len(found.projects) == 2
    assert found.membership == ()


def test_a_group_that_moves_away_leaves_the_groups_above() -> None:
    old = _inventory({"entries": [{"group": "acme", "id": 10}]})
    old["groups"].append({"path": "other", "id": 12})
    new = _inventory({"entries": [{"group": "acme", "id": 10}]}, groups=old["groups"][:1])
    new["projects"] = {SHOP: new["projects"][SHOP], "acme/tool": {"id": 2}}
    new["projects"]["other/web/till"] = {"id": 3}
    new["projects"]["other/web/shop"] = new["projects"].pop(SHOP)
    new["groups"] += [{"path": "other", "id": 12}, {"path": "other/web", "id": 11}]
    found = changes(old, new | {"targets": ["acme", "other"]})
    assert [(one.group, one.joined, one.left, one.targets) for one in found.membership] == [
        ("acme", 0, 2, 1)
    ]
    assert [one.after for one in found.groups] == ["other/web"]


def test_a_new_project_in_an_allowed_group_is_counted_with_the_group() -> None:
    entries = {"entries": [{"group": "acme/web", "id": 11}]}
    old, new = _inventory(), _inventory()
    for each in (old, new):
        each["projects"]["acme/tool"] |= entries
    new["projects"]["acme/web/new"] = {"id": 9}
    found = changes(old, new)
    assert found.projects == ()
    assert [(one.group, one.joined, one.left, one.targets) for one in found.membership] == [
        ("acme/web", 1, 0, 1)
    ]


def test_a_filter_that_matches_now_is_not_a_deletion() -> None:
    old = _inventory()
    new = _inventory(excluded=["acme/tool"])
    number = 1001  # what the kit gives a path without an id
    old["projects"] = {SHOP: {"id": 1}, "acme/tool": {"id": number}}
    new["projects"] = {SHOP: {"id": 1}}
    found = changes(old, new)
    assert [(one.project.path, one.why) for one in found.disappeared] == [("acme/tool", "filter")]
    assert found.not_judged == {number}
    assert [one.why for one in changes(new, old).appeared] == ["filter"]


@pytest.mark.parametrize("swap", [False, True])
def test_what_was_not_read_is_unknown_and_never_gone_or_changed(swap: bool) -> None:
    whole = _inventory()
    part = _inventory({"unreadable": "forbidden"})
    old, new = (part, whole) if swap else (whole, part)
    new["projects"][SHOP] |= {"visibility": "public", "entries": [{"group": "acme", "id": 10}]}
    found = changes(old, new)
    assert not found.changed
    assert not found.certain
    [unknown] = found.unknown
    assert (unknown.project.path, unknown.side) == (SHOP, "old" if swap else "new")
    assert "forbidden" in unknown.reason


@pytest.mark.parametrize("swap", [False, True])
def test_a_project_missing_from_an_incomplete_list(swap: bool) -> None:
    whole = _inventory()
    part = _inventory(gaps=[{"fact": "enumeration", "reason": "timed_out", "group": "acme"}])
    del part["projects"]["acme/tool"]
    old, new = (part, whole) if swap else (whole, part)
    found = changes(old, new)
    assert not found.changed
    assert [(one.project.path, one.side) for one in found.unknown] == [
        ("acme/tool", "old" if swap else "new")
    ]


def test_a_project_that_was_not_read_yet() -> None:
    old = _inventory()
    old["projects"] = {SHOP: {"id": 1}, "acme/tool": {"id": 1001}}
    new = _inventory(listed=["acme/tool"], finished_at=None)
    new["projects"] = {SHOP: {"id": 1}}
    [unknown] = changes(old, new).unknown
    assert unknown.side == "new"
    assert "interrupted" in unknown.reason
    [both] = changes(new, new).unknown
    assert both.side == "both"


def test_a_list_read_in_part_says_less() -> None:
    entry = {"entries": [{"group": "acme", "id": 10}]}
    part = {"missing": ["entries"]}
    old, new = _inventory(part), _inventory(entry)
    found = changes(old, new)
    assert not found.changed
    assert found.unknown_facts == {"entries": 1, "access": 1}
    assert not changes(new, old).changed
    # What was read of a part is there for certain.
    grown = changes(_inventory(), _inventory({**entry, **part}))
    assert [sign(one) for one in _only(grown).entries] == ["+"]
    access = _only(grown).access
    assert access is not None
    assert _origins(access.gained) == ["group acme"]


def test_the_instance_begins_to_enforce() -> None:
    found = changes(
        _inventory({"inbound_own": False}), _inventory({"inbound_own": False}, enforcement="on")
    )
    assert found.instance == (SettingChange("enforcement", "off", "on"),)
    assert [one.name for one in _only(found).settings] == ["inbound_effective"]
    assert changes(_inventory(), _inventory(enforcement="unknown")).instance == ()
