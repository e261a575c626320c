"""Export, declare, check: nothing is reported; then one change in the inventory, and exactly that."""

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.config.load import config_from
from scopelint.declared import DeclaredPolicy
from scopelint.export.policy_code import NotExported, to_declared, to_gitlabform, to_terraform
from scopelint.finding import Outcome
from scopelint.policy import read_gitlabform
from scopelint.terraform import read_sources
from scopelint.testing import inventory
from scopelint.yaml import load
from tests.policy.inventories import TARGETS, found, inventories


def declared(described: dict[str, Any], form: str) -> DeclaredPolicy:
    """Export an inventory and read the export back."""
    with inventory(described) as observed:
        if form == "gitlabform":
            text = to_gitlabform(observed).text
            return read_gitlabform(text, "config.yml", include_archived=True)
        if form == "terraform":
            with TemporaryDirectory() as folder:
                Path(folder, "main.tf").write_text(to_terraform(observed).text, encoding="utf-8")
                return read_sources(Path(folder), "tf", include_archived=True)
        policy = config_from(load(to_declared(observed).text, "scopelint.yml"), []).declared
    assert policy is not None
    return policy


all_forms = pytest.mark.parametrize("form", ["gitlabform", "declared", "terraform"])


@all_forms
@given(described=inventories())
def test_what_was_exported_is_as_declared(form: str, described: dict[str, Any]) -> None:
    policy = declared(described, form)
    with inventory(described) as observed:
        assert found(observed, policy) == []


@all_forms
@given(described=inventories(), data=st.data())
def test_one_change_is_exactly_reported(
    form: str, described: dict[str, Any], data: st.DataObject
) -> None:
    policy = declared(described, form)
    name = data.draw(st.sampled_from(sorted(described["projects"])))
    changed = copy.deepcopy(described)
    project = changed["projects"][name]
    what = data.draw(st.sampled_from(["limit", "add", "remove"]))
    expected: list[tuple[str, str | None, Outcome, str]] = []
    if what == "limit":
        project["inbound_own"] = project["inbound_effective"] = not project["inbound_own"]
        expected = [("SL801", name, Outcome.FAIL, "")]
    else:
        entry = data.draw(st.sampled_from(TARGETS))
        there = entry in project["entries"]
        if there == (what == "add"):
            return
        project["entries"] = (
            [*project["entries"], entry]
            if what == "add"
            else [each for each in project["entries"] if each != entry]
        )
        own = entry.get("project") == name
        if "gone" not in entry and not own:
            code = "SL803" if what == "add" else "SL802"
            with inventory(described if there else changed) as observed:
                [key] = {
                    each.key
                    for one in observed.projects()
                    if one.path == name and one.scope is not None
                    for each in one.scope.entries
                    if each.target_path == (entry.get("group") or entry.get("project"))
                }
            expected = [(code, name, Outcome.FAIL, key)]
    with inventory(changed) as observed:
        said = found(observed, policy)
        # Where no allowlist names a hidden target any more, nothing shows that it is there.
        assert [each for each in said if each[0] != "SL804"] == expected
        assert all(each[2] is Outcome.UNKNOWN for each in said if each[0] == "SL804")


PARTLY = """
projects:
  acme/web/shop: {entries: [{group: acme}, {project: hidden/x, id: 77}]}
  acme/web/gone: {unreadable: forbidden}
  acme/web/part: {missing: [entries]}
  acme/web/flag: {inbound_own: null, inbound_effective: null}
"""


def test_what_cannot_be_declared_whole_is_left_out_and_named() -> None:
    with inventory(PARTLY) as observed:
        for export in (to_declared, to_gitlabform, to_terraform):
            made = export(observed)
            assert made.left_out == (
                NotExported("acme/web/flag", "whether its limit is on is not known"),
                NotExported("acme/web/gone", "its scope could not be read"),
                NotExported("acme/web/part", "a part of its allowlist could not be read"),
            )
            assert "acme/web/shop" in made.text
            assert "acme/web/gone" not in made.text


def test_a_target_that_is_not_visible_is_named_by_number() -> None:
    with inventory(PARTLY) as observed:
        assert "          - 77 # hidden/x\n" in to_gitlabform(observed).text
        assert "          - acme\n" in to_gitlabform(observed).text


def test_a_path_that_is_none_gets_into_no_code() -> None:
    bad = 'acme/x"\n}\nresource "evil'
    with inventory(
        {"projects": {bad: {}, "acme/y": {"entries": [{"group": bad, "id": 5}]}}}
    ) as seen:
        for export in (to_declared, to_gitlabform, to_terraform):
            made = export(seen)
            assert "evil" not in made.text
            assert [each.path for each in made.left_out] == [bad]


NONE = """\
  project            = "42" # acme/web/shop
  enabled            = true
  target_group_ids   = []
  target_project_ids = []
}
"""
PROJECT = """\
  project          = "42" # acme/web/shop
  enabled          = true
  target_group_ids = []
  target_project_ids = [
    8, # acme/api
  ]
}
"""
BOTH = """\
  project = "42" # acme/web/shop
  enabled = true
  target_group_ids = [
    7, # acme
  ]
  target_project_ids = [
    8, # acme/api
  ]
}
"""


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        ([], NONE),
        ([{"project": "acme/api", "id": 8}], PROJECT),
        ([{"project": "acme/api", "id": 8}, {"group": "acme", "id": 7}], BOTH),
    ],
)
def test_terraform_is_formatted_as_its_own_tool_does(entries: list[Any], lines: str) -> None:
    """`terraform fmt -check` changes nothing: a list of several lines ends a run of aligned ones."""
    with inventory({"projects": {"acme/web/shop": {"id": 42, "entries": entries}}}) as observed:
        assert to_terraform(observed).text.endswith(lines)


def test_terraform() -> None:
    described = (
        "projects: {acme/web/shop: {id: 42, entries: [{group: acme, id: 7}]}, acme/web_shop: {}}"
    )
    with inventory(described) as observed:
        text = to_terraform(observed).text
    assert (
        """
import {
  to = gitlab_project_job_token_scopes.acme_web_shop
  id = "42"
}

resource "gitlab_project_job_token_scopes" "acme_web_shop" {
  project = "42" # acme/web/shop
  enabled = true
  target_group_ids = [
    7, # acme
  ]
  target_project_ids = []
}
"""
        in text
    )
    names = [line for line in text.splitlines() if line.startswith("resource")]
    assert len(names) == len(set(names)) == 2
