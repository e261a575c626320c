"""Comparisons of random inventories: nothing is made up, nothing is left out."""

import copy
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.access import covers
from scopelint.diff import Diff, compare
from scopelint.diff.as_console import console
from scopelint.diff.as_json import diff_data
from scopelint.diff.as_markdown import markdown
from scopelint.diff.changes import Origin, sign
from scopelint.diff.diff_records import diff_schema
from scopelint.model import AllowlistEntry, Project
from scopelint.text import cell_width
from tests.access.kit import observed
from tests.access.strategies import IDS, inventories
from tests.diff.kit import changes
from tests.examples import examples

VERSION = (18, 5)
VALIDATOR = jsonschema.Draft202012Validator(diff_schema())
GROUPS = {"acme": 10, "acme/web": 11, "acme/web/ui": 12, "partner": 13}
PATHS = ("acme/a", "acme/web/b", "acme/web/ui/c", "acme/d")


@given(inventories())
def test_an_inventory_does_not_differ_from_itself(projects: list[Project]) -> None:
    found = compare(observed(projects, VERSION), observed(projects, VERSION))
    assert not found.changed
    unread = [project.path for project in projects if project.scope is None]
    assert sorted(one.project.path for one in found.unknown) == sorted(unread)


def _let_in(project: Project) -> set[int]:
    """Return who is let in, looked up project by project."""
    assert project.scope is not None
    everyone = (Project(number, path) for path, number in IDS.items() if number != project.id)
    if project.scope.inbound_effective is False:
        return {origin.id for origin in everyone}
    entries = project.scope.entries
    return {one.id for one in everyone if any(covers(entry, one) for entry in entries)}


def _meant(origins: tuple[Origin, ...], own: int) -> set[int]:
    found = set()
    for origin in origins:
        entry = AllowlistEntry("group", 0, origin.path)
        for path, number in IDS.items():
            inside = origin.kind == "group" and covers(entry, Project(number, path))
            itself = origin.kind == "project" and origin.id == number
            if origin.kind == "everyone" or inside or itself:
                found.add(number)
    return found - {own}


@settings(max_examples=examples(60))
@given(inventories(known=True), inventories(known=True))
def test_access_is_that_of_every_pair(old: list[Project], new: list[Project]) -> None:
    found = compare(observed(old, VERSION), observed(new, VERSION))
    access_changes = {change.project.id: change.access for change in found.projects}
    before = {project.id: project for project in old}
    for project in new:
        if project.id not in before:
            continue
        was, now = _let_in(before[project.id]), _let_in(project)
        access = access_changes.get(project.id)
        if access is None:
            assert was == now
            continue
        gained, lost = _meant(access.gained, project.id), _meant(access.lost, project.id)
        assert now - was <= gained <= now
        assert was - now <= lost <= was
        assert (access.before.number, access.after.number) == (len(was), len(now))


def _flip(name: str) -> Callable[[dict[str, Any]], None]:
    def change(project: dict[str, Any]) -> None:
        project[name] = not project[name]

    return change


FLAGS = ("inbound_own", "outbound", "push", "cross_project_push", "archived")
entry = st.fixed_dictionaries(
    {"policies": st.sampled_from([[], ["READ_JOBS"], ["READ_JOBS", "READ_PACKAGES"]])}
)
allowlist = st.dictionaries(st.sampled_from(sorted(GROUPS)), entry, max_size=3)


@st.composite
def described(draw: st.DrawFn) -> dict[str, Any]:
    """An inventory that was read whole."""
    projects = {}
    for number, path in enumerate(PATHS, 1):
        rows = draw(allowlist)
        projects[path] = {name: draw(st.booleans()) for name in FLAGS} | {
            "id": number,
            "visibility": draw(st.sampled_from(["private", "internal", "public"])),
            "entries": [
                {"group": group, "id": GROUPS[group], **row} for group, row in rows.items()
            ],
        }
    groups = [{"path": path, "id": number} for path, number in GROUPS.items()]
    return {"projects": projects, "groups": groups, "enforcement": "off", "targets": ["acme"]}


def _told(found: Diff) -> dict[str, int]:
    skipped = {"access_gained", "access_lost", "groups_with_other_projects"}
    return {name: count for name, count in found.summary().items() if count and name not in skipped}


@settings(max_examples=examples(40))
@given(described(), st.sampled_from(PATHS), st.data())
def test_one_change_is_shown_exactly(
    inventory: dict[str, Any], path: str, data: st.DataObject
) -> None:
    new = copy.deepcopy(inventory)
    project = new["projects"][path]
    kinds = ["flag", "visibility", "add", "gone", "moved", "new"]
    kinds += ["remove", "permissions"] if project["entries"] else []
    kind = data.draw(st.sampled_from(kinds))
    match kind:
        case "flag":
            name = data.draw(st.sampled_from(FLAGS))
            _flip(name)(project)
            expected = {"settings": 2 if name == "inbound_own" else 1}
        case "visibility":
            project["visibility"] = {"private": "public"}.get(project["visibility"], "private")
            expected = {"settings": 1}
        case "add":
            project["entries"].append({"project": "far/away", "id": 99})
            expected = {"entries_added": 1}
        case "remove":
            project["entries"].pop()
            expected = {"entries_removed": 1}
        case "permissions":
            project["entries"][0]["policies"] = ["ADMIN_PACKAGES"]
            expected = {"entries_changed": 1}
        case "gone":
            del new["projects"][path]
            expected = {"projects_gone": 1}
        case "moved":
            new["projects"][f"{path}-2"] = new["projects"].pop(path)
            expected = {"projects_moved": 1}
        case _:
            new["projects"]["acme/new"] = {"id": 50}
            expected = {"projects_new": 1}
    found = changes(inventory, new)
    assert _told(found) == expected
    assert found.certain
    there = {"gone": [], "new": []}.get(kind, [f"{path}-2" if kind == "moved" else path])
    assert [change.project.path for change in found.projects] == there
    back = _told(changes(new, inventory))
    assert back == {_turned(name): count for name, count in expected.items()}


def _renamed(inventory: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    """Return the inventory with a group and all below it under another path."""

    def path(text: str) -> str:
        return after + text[len(before) :] if f"{text}/".startswith(f"{before}/") else text

    projects = {}
    for name, project in copy.deepcopy(inventory["projects"]).items():
        for each in project["entries"]:
            each["group"] = path(each["group"])
        projects[path(name)] = project
    groups = [{**group, "path": path(group["path"])} for group in inventory["groups"]]
    return {**inventory, "projects": projects, "groups": groups}


@settings(max_examples=examples(40))
@given(described(), st.sampled_from(["acme/web", "acme/web/ui", "partner"]))
def test_a_renamed_group_changes_nobodys_access(inventory: dict[str, Any], group: str) -> None:
    found = changes(inventory, _renamed(inventory, group, f"{group}-2"))
    assert [(one.before, one.after) for one in found.groups] == [(group, f"{group}-2")]
    assert found.membership == ()
    for change in found.projects:
        assert change.with_group
        assert change.access is None
        assert not change.settings
        assert not change.entries
    moved = [path for path in PATHS if path.startswith(f"{group}/")]
    assert len(found.projects) == found.groups[0].projects == len(moved)


def _turned(name: str) -> str:
    """Return what a change is the other way round."""
    what, _, how = name.rpartition("_")
    other = {"added": "removed", "removed": "added", "new": "gone", "gone": "new"}.get(how)
    return f"{what}_{other}" if other else name


HOSTILE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0")
    | st.sampled_from("`~@#!&\\<>|\x1b\u202e\r\n=+-$[]()*_"),
    min_size=1,
    max_size=12,
)
UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _is_text(line: str) -> bool:
    return not any(unicodedata.category(character) in UNSAFE for character in line)


@settings(max_examples=examples(40))
@given(HOSTILE)
def test_hostile_names_stay_text_in_every_form(name: str) -> None:
    entries = [{"group": f"acme/{name}", "id": 9, "added_by": name}]
    old = {"projects": {"acme/a": {"id": 1}, f"acme/{name}-x": {"id": 2}}, "targets": ["acme"]}
    new = {"projects": {"acme/a": {"id": 1, "entries": entries}}, "targets": ["acme"]}
    found = changes(old, new)
    assert [sign(one) for one in found.projects[0].entries] == ["+"]
    for line in console(found):
        assert _is_text(line)
        assert cell_width(line) <= 80
    for line in console(found, color=True):
        assert _is_text(re.sub("\x1b\\[[0-9]*m", "", line))
    text = json.dumps(diff_data(found))
    assert text.isascii()
    assert json.loads(text) == diff_data(found)


@settings(max_examples=examples(40))
@given(HOSTILE)
def test_a_note_has_names_in_its_blocks_alone(name: str) -> None:
    old = {"projects": {f"acme/{name}-x": {"id": 2}, "acme/a": {"id": 1}}, "targets": ["acme"]}
    note = list(markdown(changes(old, {"projects": {"acme/a": {"id": 1}}, "targets": ["acme"]})))
    fence, outside = "", []
    for line in note:
        assert _is_text(line)
        if not fence and line.startswith("```"):
            fence = line.rstrip("abcdefghijklmnopqrstuvwxyz")
        elif fence:
            fence = "" if line == fence else fence
        else:
            outside.append(line)
    assert fence == ""
    headings = {"<!-- scopelint:diff -->", "## scopelint diff: changed", "### Projects", ""}
    assert set(outside) == headings


def test_the_schema_is_one() -> None:
    loaded = diff_schema()
    jsonschema.Draft202012Validator.check_schema(loaded)
    assert loaded["properties"]["schema"]["const"] == "scopelint-diff/1"


def test_every_object_of_the_data_has_all_its_fields_and_no_others() -> None:
    schema = diff_schema()
    for one in (schema, *schema["$defs"].values()):
        if one.get("type") == "object":
            assert one["additionalProperties"] is False
            assert one["required"] == list(one["properties"])


@settings(max_examples=examples(30))
@given(inventories(), inventories())
def test_data_is_valid_against_the_schema_and_texts_fit(
    old: list[Project], new: list[Project]
) -> None:
    found = compare(observed(old, VERSION), observed(new, VERSION))
    VALIDATOR.validate(diff_data(found))
    assert max(map(len, console(found))) <= 80
    assert max(map(len, console(found, width=40))) <= 40
    assert sum(len(line) + 1 for line in markdown(found)) < 60_000


@pytest.mark.parametrize("width", [80, 120])
def test_much_is_counted_and_not_listed(width: int) -> None:
    names = [f"acme/{'x' * 90}-{number:04d}" for number in range(300)]
    old = {"projects": {"acme/a": {"id": 1}}}
    projects: dict[str, Any] = {name: {"id": number} for number, name in enumerate(names, 2)}
    found = changes(old, {"projects": projects | {"acme/a": {"id": 1}}})
    lines = list(console(found, width=width))
    assert max(map(len, lines)) <= width
    assert "    and 250 more: -f json lists them all" in lines
    assert sum(len(line) + 1 for line in markdown(found)) < 60_000
