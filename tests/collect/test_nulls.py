"""No null, and no set of nulls, of a hostile node becomes a value."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.collect import graphql_decoding, graphql_pages
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.values import FormError
from scopelint.model import AllowlistEntry, Fact, Scope
from tests.collect.nodes import VERSIONS, node, nulled, paths, read
from tests.gitlab.test_queries import capabilities

# Hostile nodes

MEANS_SOMETHING = {
    ("ciCdSettings",): "no settings row",
    ("group",): "a personal namespace",
    ("markedForDeletionOn",): "not marked",
    ("maxAccessLevel",): "no role",
}
"""Nulls that GitLab's documents give a meaning of their own."""


def _check(base: Scope, scope: Scope, caps: Capabilities, reading: graphql_pages.Reading) -> None:
    """Every part of the scope is as before, or unknown with a gap."""
    for name, fact in (
        ("inbound_own", Fact.OWN_FLAG),
        ("outbound", Fact.OUTBOUND),
        ("push", Fact.PUSH),
        ("cross_project_push", Fact.CROSS_PUSH),
    ):
        before, now = getattr(base, name), getattr(scope, name)
        assert now == before or (now is None and fact in scope.missing), name
    assert scope.inbound_effective in (base.inbound_effective, None)
    if Fact.ENTRIES not in scope.missing and not graphql_decoding.hidden_rows(reading, caps):
        found = len(scope.entries) + len(scope.outbound_entries or ())
        assert found >= len(base.entries) - _twins(reading, caps)
        known = {entry.key for entry in base.entries}
        for entry in scope.entries:
            if entry.target_id is not None and Fact.OUTBOUND_ENTRIES not in scope.missing:
                assert entry.key in known
    by_key = {entry.key: entry for entry in base.entries}
    for entry in scope.entries:
        if entry.target_id is not None:
            _check_entry(by_key.get(entry.key), entry, scope)
    if scope.uses != base.uses:
        assert Fact.LOG in scope.missing
    if scope.outbound_entries is not None:
        assert len(scope.outbound_entries) == len(base.outbound_entries or ())


def _twins(reading: graphql_pages.Reading, caps: Capabilities) -> int:
    """Count the rows that nothing tells from another: targets just deleted, allowed at one time."""
    if not caps.entry_rows:
        return 0
    gone = [
        (name, node.get("createdAt"))
        for name, nodes in reading.lists.items()
        for node in nodes
        if not node.get("target")
    ]
    return len(gone) - len(set(gone))


def _check_entry(before: AllowlistEntry | None, entry: AllowlistEntry, scope: Scope) -> None:
    if before is None:
        return
    for name in ("default_permissions", "policies", "autopopulated"):
        value = getattr(entry, name)
        if value != getattr(before, name):
            assert value is None
            assert Fact.PERMISSIONS in scope.missing


def _check_node(found: Any, version: str) -> None:
    caps = capabilities(version)
    base, _, _ = read(node(version, int(str(found["id"]).rpartition("/")[2])), version)
    project, gaps, reading = read(found, version)
    assert base.scope is not None
    if project.scope is None:
        assert project.gap is not None
        assert project.gap.fact is Fact.SCOPE
        return
    assert {gap.fact for gap in gaps} == set(project.scope.missing)
    assert project.archived in (base.archived, None)
    assert project.visibility in (base.visibility, None)
    assert project.jobs_enabled in (base.jobs_enabled, None)
    assert project.deletion in (base.deletion, None)
    _check(base.scope, project.scope, caps, reading)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("number", [101, 102, 106])
def test_no_null_becomes_a_value(version: str, number: int) -> None:
    checked = 0
    for place in paths(node(version, number)):
        if place in MEANS_SOMETHING or place in (("id",), ("fullPath",)):
            continue
        found = nulled(node(version, number), place)
        try:
            _check_node(found, version)
        except FormError:
            # What the API's types never leave null is a gap of the whole project.
            assert place[-1] in {"id", "fullPath", "groupId", "projectId", "pageInfo", "username"}
        checked += 1
    assert checked > 20


@given(data=st.data(), version=st.sampled_from(VERSIONS), number=st.sampled_from([101, 102, 106]))
def test_no_set_of_nulls_becomes_a_value(data: st.DataObject, version: str, number: int) -> None:
    found = node(version, number)
    places = [
        p for p in paths(found) if p not in MEANS_SOMETHING and p not in (("id",), ("fullPath",))
    ]
    for place in data.draw(st.lists(st.sampled_from(places), max_size=5)):
        nulled(found, place)
    try:
        _check_node(found, version)
    except FormError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    st.sampled_from(
        [
            "ciCdSettings",
            "ciJobTokenScopeAllowlist",
            "ciJobTokenAuthLogs",
            "group",
            "lastActivityAt",
        ]
    ),
)
def test_json_of_another_form_is_never_a_traceback(value: Any, name: str) -> None:
    found = node("18.5.0")
    found[name] = value
    with contextlib.suppress(FormError):
        project, _, _ = read(found, "18.5.0")
        assert project.id == 101
