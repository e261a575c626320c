"""A version that nobody foresaw: what it does not know any more is a gap of that fact alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scopelint.collect import graphql_decoding
from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest
from scopelint.gitlab import graphql
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.connection import Connection, Server
from scopelint.gitlab.graphql import InvalidQueryError, Result
from scopelint.model import Fact
from scopelint.snapshot import Snapshot
from scopelint.snapshot.inventory import Inventory
from scopelint.text import Secret
from scopelint_simulator import Simulator, load_instance
from tests.collect.nodes import node
from tests.gitlab.test_queries import capabilities

TOKEN = "glpat-unforeseen"
INSTANCE: dict[str, Any] = {
    "gitlab": {"version": "19.3.0", "enforce_inbound": False},
    "users": [{"username": "bot"}],
    "tokens": [{"token": TOKEN, "user": "bot", "scopes": ["read_api"]}],
    "roles": [{"user": "bot", "on": "acme", "role": "maintainer"}],
    "groups": [{"path": "acme"}, {"path": "acme/g"}],
    "projects": [
        {
            "path": "acme/a",
            "archived": True,
            "scope": {
                "push": True,
                "allowlist": [{"group": "acme/g", "permissions": ["READ_JOBS"]}],
            },
        }
    ],
}
_run = graphql.run


def refusing(*unknown: str) -> Any:
    """A GitLab that refuses a query with one of these words, as it refuses an unknown field."""

    def run(connection: Connection, text: str, variables: Any) -> Result:
        for word in unknown:
            name = word.rpartition(".")[2]
            if name in text and "query Preflight" not in text:
                kind = word.rpartition(".")[0]
                message = (
                    f"Field '{name}' doesn't exist on type '{kind}'"
                    if kind
                    else f"Field 'projects' doesn't accept argument '{name}'"
                )
                raise InvalidQueryError(message)
        return _run(connection, text, variables)

    return run


def read(tmp_path: Path) -> tuple[Inventory, Any]:
    path = tmp_path / "s.db"
    with Simulator(load_instance(INSTANCE)) as gitlab:
        connection = Connection(Server(gitlab.url, Secret(TOKEN)))
        try:
            collect(connection, CollectRequest((TargetRef("group", path="acme"),)), path)
        finally:
            connection.close()
    with Snapshot(path) as snapshot:
        instance = Inventory(snapshot)
        [project] = instance.projects()
        return instance, project


def test_a_field_that_is_gone_costs_its_fact_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The push setting is unknown, never off; everything else is read; a warning says so."""
    word = "ProjectCiCdSetting.pushRepositoryForJobTokenAllowed"
    monkeypatch.setattr("scopelint.collect.graphql_reader.graphql.run", refusing(word))
    instance, project = read(tmp_path)
    assert project.scope.push is None
    assert project.scope.inbound_own is True
    assert [entry.policies for entry in project.scope.entries] == [("READ_JOBS",)]
    unread = {Fact.LOG, Fact.MIRROR, Fact.FORK_PIPELINES, Fact.AUDIT_EVENTS}
    assert list(set(instance.scan.unavailable) - unread) == [Fact.PUSH]
    assert instance.complete
    assert word in caplog.text


def test_permissions_that_are_gone_are_unknown_not_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry's permissions are then null, and the rules that need them are not judged."""
    monkeypatch.setattr(
        "scopelint.collect.graphql_reader.graphql.run",
        refusing("CiJobTokenScopeAllowlistEntry.defaultPermissions"),
    )
    instance, project = read(tmp_path)
    assert [entry.default_permissions for entry in project.scope.entries] == [None]
    assert Fact.PERMISSIONS in instance.scan.unavailable


def test_arguments_and_side_fields_that_are_gone_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only names a default, or is of no weight, is dropped; archived projects stay in."""
    monkeypatch.setattr(
        "scopelint.collect.graphql_reader.graphql.run",
        refusing("includeArchived", "Project.maxAccessLevel"),
    )
    _, project = read(tmp_path)
    assert project.archived is True
    assert project.access_level is None


@pytest.mark.parametrize(
    ("version", "field", "fact"),
    [
        ("18.2.0", "pushRepositoryForJobTokenAllowed", None),
        ("18.4.0", "pushRepositoryForJobTokenAllowed", Fact.PUSH),
        ("19.0.0", "crossProjectPushForJobTokenAllowed", None),
        ("19.1.0", "crossProjectPushForJobTokenAllowed", Fact.CROSS_PUSH),
        ("17.11.0", "jobTokenScopeEnabled", Fact.OUTBOUND),
        ("18.0.0", "jobTokenScopeEnabled", None),
        ("", "pushRepositoryForJobTokenAllowed", Fact.PUSH),
    ],
)
def test_not_yet_there_is_known_and_no_longer_there_is_a_gap(
    version: str, field: str, fact: Fact | None
) -> None:
    """Before its release a field's absence is known; after it, it is a fact that is missing."""
    names = frozenset(
        {
            "pushRepositoryForJobTokenAllowed",
            "crossProjectPushForJobTokenAllowed",
            "jobTokenScopeEnabled",
        }
    )
    others = {
        "Project": frozenset({"visibility", "ciJobTokenScopeAllowlist"}),
        "CiJobTokenScopeAllowlistEntry": frozenset(
            {"defaultPermissions", "jobTokenPolicies", "direction"}
        ),
    }
    caps = Capabilities(version, fields={"ProjectCiCdSetting": names, **others})
    assert caps.lost_facts() == {}
    lost = replace(caps).without_field("ProjectCiCdSetting", field).lost_facts()
    assert list(lost) == ([] if fact is None else [fact])


@pytest.mark.parametrize("version", ["17.6.0", "17.11.0", "18.5.0", ""])
def test_a_type_that_is_not_there_has_lost_its_fields(version: str) -> None:
    """Rows whose type GitLab does not describe are not rows with default permissions, by hand."""
    there = {"Project": frozenset({"visibility", "ciJobTokenScopeAllowlist"})}
    caps = Capabilities(version, fields=there)
    known = version == "17.6.0"
    entry = "CiJobTokenScopeAllowlistEntry"
    assert caps.lost(entry, "defaultPermissions") is not known
    assert caps.autopopulated_lost is not known
    assert (Fact.PERMISSIONS in caps.lost_facts()) is not known
    assert caps.lost(entry, "direction") is (version != "18.5.0")
    assert Capabilities(version).lost_facts() == {}


@pytest.mark.parametrize("name", ["groupsAllowlist", "inboundAllowlist"])
def test_a_list_that_is_no_longer_shown_is_not_an_empty_one(name: str) -> None:
    caps = capabilities("17.6.0").without_field("CiJobTokenScopeType", name)
    assert not caps.readable
    found = node("17.6.0")
    del found["ciJobTokenScope"][name]
    reading = graphql_decoding.read_node(found, (), caps, usage=False)
    project, gaps = graphql_decoding.finish(reading, caps)
    assert project.scope is not None
    assert Fact.ENTRIES in project.scope.missing
    assert [gap.detail for gap in gaps] == [f"this GitLab does not show {name}"]


def test_lists_in_place_of_rows_do_not_say_what_entries_permit() -> None:
    """A release that no longer has the rows, but the lists that came before them."""
    caps = capabilities("18.5.0").without_field("Project", "ciJobTokenScopeAllowlist")
    assert Fact.PERMISSIONS in caps.lost_facts()
    found = node("17.6.0")
    reading = graphql_decoding.read_node(found, (), caps, usage=False)
    project, _ = graphql_decoding.finish(reading, caps)
    assert project.scope is not None
    assert project.scope.entries
    for entry in project.scope.entries:
        assert (entry.default_permissions, entry.policies, entry.autopopulated) == (None,) * 3
    before = capabilities("17.6.0")
    assert Fact.PERMISSIONS not in before.lost_facts()


def test_what_cannot_be_left_out_ends_the_run_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the settings there is nothing to judge; the error names the field and the way on."""
    monkeypatch.setattr(
        "scopelint.collect.graphql_reader.graphql.run", refusing("Project.ciCdSettings")
    )
    with pytest.raises(InvalidQueryError, match="ciCdSettings") as error:
        read(tmp_path)
    assert "--api rest" in error.value.hint
