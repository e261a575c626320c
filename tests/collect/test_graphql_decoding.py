"""GraphQL nodes become the model, and no null becomes a value."""

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from scopelint.collect import graphql_decoding, graphql_pages, identity
from scopelint.gitlab.graphql import FieldError
from scopelint.model import (
    LOG_FULL_FROM,
    LOG_ROWS,
    AllowlistEntry,
    Fact,
    Gap,
    Project,
    Reason,
)
from tests.collect.nodes import NO_PERMISSION, VERSIONS, Path, node, nulled, read
from tests.gitlab.test_queries import capabilities

# What a project is


@pytest.mark.parametrize("version", VERSIONS)
def test_a_project_is_read(version: str) -> None:
    project, gaps, _ = read(node(version), version)
    assert (project.id, project.path, project.name) == (101, "acme/web/shops/shop", "Shop")
    assert project.web_url is not None
    assert project.web_url.endswith("/acme/web/shops/shop")
    assert (project.visibility, project.archived, project.jobs_enabled) == ("private", False, True)
    assert project.last_activity_at == datetime(2026, 10, 1, tzinfo=UTC)
    assert (project.group_id, project.personal, project.deletion) == (12, False, "none")
    assert project.scope is not None
    assert project.gap is None
    # Only an administrator's targets all show; then nothing is missing but outside ones.
    assert {gap.fact for gap in gaps} <= {Fact.LOG}


@pytest.mark.parametrize(
    ("path", "deletion"),
    [
        ("acme/shop", "none"),
        ("acme/shop-deletion_scheduled-12", "scheduled"),
        ("acme/web-deletion_scheduled-3/shop", "scheduled"),
        ("acme/shop-deleted-12", "scheduled"),
        ("acme/shop-deleted-x", "none"),
        ("acme/-deleted-", "none"),
        ("acme/undeleted-12", "none"),
        ("acme/a-deleted-1-deletion_scheduled-2", "scheduled"),
    ],
)
def test_a_path_tells_a_deletion(path: str, deletion: str) -> None:
    assert identity.deletion_by_path(path) == deletion


@pytest.mark.parametrize(
    ("fields", "deletion"),
    [
        ({}, "none"),
        ({"markedForDeletionOn": None}, "none"),
        ({"markedForDeletionOn": "2026-12-01"}, "scheduled"),
        ({"isSelfDeletionScheduled": True}, "scheduled"),
        ({"isSelfDeletionScheduled": True, "isSelfDeletionInProgress": True}, "in_progress"),
        ({"isSelfDeletionScheduled": False, "isSelfDeletionInProgress": False}, "none"),
        ({"isSelfDeletionScheduled": None, "isSelfDeletionInProgress": False}, None),
        ({"isSelfDeletionScheduled": False, "isSelfDeletionInProgress": None}, None),
        ({"isSelfDeletionScheduled": None, "markedForDeletionOn": "2026-12-01"}, "scheduled"),
    ],
)
def test_flags_tell_a_deletion(fields: dict[str, Any], deletion: str | None) -> None:
    assert identity.read_deletion({"fullPath": "acme/shop", **fields}) == deletion


def test_a_group_is_read() -> None:
    found = {
        "id": "gid://gitlab/Group/7",
        "fullPath": "acme/web",
        "name": "Web",
        "visibility": "internal",
        "webUrl": "https://h/groups/acme/web",
        "markedForDeletionOn": "2026-12-01",
        "parent": {"id": "gid://gitlab/Group/6"},
    }
    group = identity.read_group(found)
    assert (group.id, group.path, group.name, group.parent_id) == (7, "acme/web", "Web", 6)
    assert (group.visibility, group.deletion) == ("internal", "scheduled")
    top = identity.read_group({**found, "parent": None, "markedForDeletionOn": None})
    assert (top.parent_id, top.deletion) == (None, "none")


# What its scope is


@pytest.mark.parametrize("version", VERSIONS)
def test_flags_are_the_projects_own(version: str) -> None:
    scope = read(node(version, 102), version)[0].scope
    assert scope is not None
    assert (scope.inbound_own, scope.inbound_effective) == (False, None)
    assert scope.outbound is True
    assert (scope.push, scope.cross_project_push) == (False, False)


@pytest.mark.parametrize("version", VERSIONS)
def test_no_settings_row_is_restricted(version: str) -> None:
    found = node(version, 104)
    assert found["ciCdSettings"] is None
    project, gaps, _ = read(found, version)
    assert project.scope is not None
    assert (project.scope.inbound_own, project.scope.inbound_effective) == (True, True)
    assert gaps == []


@pytest.mark.parametrize("version", VERSIONS)
def test_settings_that_failed_are_not_a_missing_row(version: str) -> None:
    found = nulled(node(version), ("ciCdSettings",))
    error = FieldError("Timeout on Project.ciCdSettings", ("ciCdSettings",))
    project, _, _ = read(found, version, error)
    assert project.scope is None
    assert project.gap is not None
    assert (project.gap.fact, project.gap.reason) == (Fact.SCOPE, Reason.TIMED_OUT)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("place", [("ciCdSettings", "inboundJobTokenScopeEnabled"), ()])
def test_an_error_within_or_of_no_place_leaves_no_missing_row(version: str, place: Path) -> None:
    """A null may be passed up from a field within, and an error may not say where it belongs."""
    found = nulled(node(version), ("ciCdSettings",))
    project, _, _ = read(found, version, FieldError("Internal server error", place))
    assert project.scope is None
    assert project.gap is not None
    assert (project.gap.fact, project.gap.reason) == (Fact.SCOPE, Reason.ERROR)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_error_elsewhere_in_the_project_leaves_its_missing_row(version: str) -> None:
    found = nulled(nulled(node(version), ("ciCdSettings",)), ("ciJobTokenAuthLogs",))
    project, _, _ = read(found, version, FieldError("oh", ("ciJobTokenAuthLogs",)))
    assert project.scope is not None
    assert project.scope.inbound_own is True


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("partly", [False, True])
def test_both_null_is_no_permission(version: str, partly: bool) -> None:
    root = "ciJobTokenScopeAllowlist" if capabilities(version).entry_rows else "ciJobTokenScope"
    found = nulled(node(version), (root,))
    place: Path = ("ciCdSettings", "inboundJobTokenScopeEnabled") if partly else ("ciCdSettings",)
    error = FieldError(NO_PERMISSION, (root,))
    project, gaps, _ = read(nulled(found, place), version, error)
    assert project.scope is None
    assert project.gap is not None
    assert project.gap.reason is Reason.FORBIDDEN
    assert gaps == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (NO_PERMISSION, Reason.FORBIDDEN),
        ("Timeout on Project.ciJobTokenScopeAllowlist", Reason.TIMED_OUT),
        ("something else", Reason.ERROR),
        (None, Reason.FORBIDDEN),
    ],
)
def test_entries_alone_can_be_missing(message: str | None, reason: Reason) -> None:
    found = nulled(node("18.5.0"), ("ciJobTokenScopeAllowlist",))
    place = ("ciJobTokenScopeAllowlist",)
    errors = [FieldError(message, place)] if message else []
    project, gaps, _ = read(found, "18.5.0", *errors)
    assert project.scope is not None
    assert project.scope.inbound_own is True
    assert project.scope.entries == ()
    assert Fact.ENTRIES in project.scope.missing
    assert [gap.reason for gap in gaps if gap.fact is Fact.ENTRIES] == [reason]


@pytest.mark.parametrize(
    "below", [("groupsAllowlist",), ("projectsAllowlist", "nodes", 0, "target")]
)
def test_an_error_inside_the_allowlist_is_a_gap(below: Path) -> None:
    root = "ciJobTokenScopeAllowlist"
    found = nulled(node("18.5.0"), (root, *below))
    error = FieldError("Timeout on it", (root, *below))
    project, gaps, _ = read(found, "18.5.0", error)
    assert project.scope is not None
    assert Fact.ENTRIES in project.scope.missing
    assert [gap.reason for gap in gaps] == [Reason.TIMED_OUT]


def test_an_error_of_the_outbound_list_is_not_one_of_the_entries() -> None:
    found = nulled(node("17.6.0"), ("ciJobTokenScope", "outboundAllowlist"))
    error = FieldError("oh", ("ciJobTokenScope", "outboundAllowlist"))
    project, gaps, _ = read(found, "17.6.0", error)
    assert project.scope is not None
    assert project.scope.outbound_entries is None
    assert [(gap.fact, gap.reason) for gap in gaps] == [(Fact.OUTBOUND_ENTRIES, Reason.ERROR)]


def test_a_setting_that_failed_keeps_its_reason() -> None:
    place = ("ciCdSettings", "pushRepositoryForJobTokenAllowed")
    error = FieldError("Timeout on it", place)
    _, gaps, _ = read(nulled(node("18.5.0"), place), "18.5.0", error)
    assert [(gap.fact, gap.reason) for gap in gaps] == [(Fact.PUSH, Reason.TIMED_OUT)]


def test_a_group_that_failed_is_no_personal_namespace() -> None:
    found = nulled(node("18.5.0"), ("group",))
    assert read(found, "18.5.0")[0].personal is True
    error = FieldError("Timeout on it", ("group",))
    assert read(found, "18.5.0", error)[0].personal is None


@pytest.mark.parametrize("place", [("group", "id"), ()])
def test_neither_is_one_within_which_something_failed(place: Path) -> None:
    found = nulled(node("18.5.0"), ("group",))
    assert read(found, "18.5.0", FieldError("oh", place))[0].personal is None


@pytest.mark.parametrize("place", [("markedForDeletionOn",), ()])
def test_a_date_of_deletion_that_failed_is_not_known(place: Path) -> None:
    found = node("17.6.0")
    assert found["markedForDeletionOn"] is None
    assert read(found, "17.6.0")[0].deletion == "none"
    assert read(found, "17.6.0", FieldError("oh", place))[0].deletion is None
    assert read(found, "17.6.0", FieldError("oh", ("group",)))[0].deletion == "none"


def test_a_target_beside_an_error_of_no_place_is_not_gone() -> None:
    place: Path = ("ciJobTokenScopeAllowlist", "projectsAllowlist", "nodes", 0, "target")
    found = nulled(node("18.5.0"), place)
    assert read(found, "18.5.0")[1] == []
    _, gaps, _ = read(found, "18.5.0", FieldError("oh", ()))
    assert [(gap.fact, gap.reason) for gap in gaps] == [(Fact.ENTRIES, Reason.ERROR)]


# Entries


@pytest.mark.parametrize("version", ["17.9.0", "18.5.0", "19.3.0"])
def test_entries_are_read_whole(version: str) -> None:
    scope = read(node(version), version)[0].scope
    assert scope is not None
    found = {(entry.kind, entry.target_path): entry for entry in scope.entries}
    assert found["group", "acme/web"] == AllowlistEntry(
        "group", 11, "acme/web", True, (), datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC), "mia", False
    )
    core = found["project", "acme/lib/core"]
    assert (core.default_permissions, core.policies) == (False, ("ADMIN_JOBS", "READ_PACKAGES"))
    assert ("group", None) in found
    assert ("project", None) in found
    assert [entry.target_path for entry in scope.outbound_entries or ()] == ["acme/lib/attic"]


@pytest.mark.parametrize("version", ["17.7.0", "17.8.0"])
def test_what_a_version_lacks_is_known(version: str) -> None:
    scope = read(node(version), version)[0].scope
    assert scope is not None
    assert {entry.autopopulated for entry in scope.entries} == {False}
    if version == "17.7.0":
        assert {entry.default_permissions for entry in scope.entries} == {True}
        assert {entry.policies for entry in scope.entries} == {()}


@pytest.mark.parametrize("version", ["16.11.0", "17.6.0"])
def test_old_lists_hold_the_project_itself(version: str) -> None:
    found = node(version)
    inbound = found["ciJobTokenScope"]["inboundAllowlist"]["nodes"]
    assert found["id"] in {row["id"] for row in inbound}
    scope = read(found, version)[0].scope
    assert scope is not None
    assert 101 not in {entry.target_id for entry in scope.entries if entry.kind == "project"}
    assert [entry.target_path for entry in scope.outbound_entries or ()] == ["acme/lib/attic"]


def test_hidden_outbound_rows_are_a_gap() -> None:
    found = node("17.6.0")
    found["ciJobTokenScope"]["outboundAllowlist"]["count"] += 1
    project, gaps, reading = read(found, "17.6.0")
    assert project.scope is not None
    assert project.scope.outbound_entries is None
    assert [(gap.fact, gap.reason) for gap in gaps] == [(Fact.OUTBOUND_ENTRIES, Reason.REDACTED)]
    # An administrator's instance has outside targets, which even he cannot see.
    assert graphql_decoding.hidden_rows(reading, capabilities("17.6.0"))


@pytest.mark.parametrize("version", ["17.6.0", "17.7.0", "18.5.0"])
def test_hidden_rows_are_noticed_by_the_count(version: str) -> None:
    root = "ciJobTokenScopeAllowlist" if version != "17.6.0" else "ciJobTokenScope"
    found = node(version, 102)
    caps = capabilities(version)
    assert not graphql_decoding.hidden_rows(read(found, version)[2], caps)
    found[root]["groupsAllowlist"]["count"] += 1
    assert graphql_decoding.hidden_rows(read(found, version)[2], caps)


@pytest.mark.parametrize(("version", "hidden"), [("17.7.0", True), ("17.9.0", False)])
def test_a_null_target_is_hidden_or_gone_by_version(version: str, hidden: bool) -> None:
    _, _, reading = read(node(version), version)
    assert graphql_decoding.hidden_rows(reading, capabilities(version)) is hidden


# Pages


def test_further_pages_are_added_and_asked_for_by_their_cursor() -> None:
    caps = capabilities("18.5.0")
    found = node("18.5.0")
    page = found["ciJobTokenScopeAllowlist"]["projectsAllowlist"]
    page["pageInfo"] = {"hasNextPage": True, "endCursor": "c1"}
    reading = graphql_decoding.read_node(found, (), caps, usage=False)
    assert reading.cursors == {"projectsAllowlist": "c1"}
    before = len(reading.lists["projectsAllowlist"])
    last = {
        "count": page["count"],
        "nodes": page["nodes"][:1],
        "pageInfo": {"hasNextPage": False, "endCursor": "c2"},
    }
    graphql_pages.add_lists(reading, {"projectsAllowlist": last}, ["projectsAllowlist"])
    assert reading.cursors == {}
    assert len(reading.lists["projectsAllowlist"]) == before + 1
    assert reading.gaps == []


def test_an_empty_page_may_have_a_next_one() -> None:
    caps = capabilities("18.5.0")
    found = node("18.5.0")
    found["ciJobTokenScopeAllowlist"]["groupsAllowlist"] |= {
        "nodes": [],
        "pageInfo": {"hasNextPage": True, "endCursor": "c1"},
    }
    assert graphql_decoding.read_node(found, (), caps, usage=False).cursors == {
        "groupsAllowlist": "c1"
    }


@pytest.mark.parametrize(
    "info",
    [
        {"hasNextPage": True, "endCursor": "same"},
        {"hasNextPage": True, "endCursor": None},
        {"hasNextPage": None, "endCursor": "c9"},
    ],
)
@pytest.mark.parametrize(
    ("name", "fact"),
    [("groupsAllowlist", Fact.ENTRIES), ("ciJobTokenAuthLogs", Fact.LOG)],
)
def test_a_list_that_does_not_end_is_a_gap_not_an_end(
    info: dict[str, Any], name: str, fact: Fact
) -> None:
    caps = capabilities("18.5.0")
    found = node("18.5.0")
    place = found if name == "ciJobTokenAuthLogs" else found["ciJobTokenScopeAllowlist"]
    first = copy.deepcopy(place[name])
    place[name]["pageInfo"] = {"hasNextPage": True, "endCursor": "same"}
    reading = graphql_decoding.read_node(found, (), caps, usage=True)
    assert reading.cursors == {name: "same"}
    stuck = {**first, "pageInfo": info}
    if name == "ciJobTokenAuthLogs":
        graphql_pages.add_log(reading, stuck)
    else:
        graphql_pages.add_lists(reading, {name: stuck}, [name])
    assert reading.cursors == {}
    project, gaps = graphql_decoding.finish(reading, caps)
    assert [gap.fact for gap in gaps] == [fact]
    assert project.scope is not None
    assert fact in project.scope.missing


def test_a_page_that_comes_twice_is_not_kept_twice() -> None:
    caps = capabilities("18.5.0")
    found = node("18.5.0")
    page = found["ciJobTokenScopeAllowlist"]["groupsAllowlist"]
    page["pageInfo"] = {"hasNextPage": True, "endCursor": "same"}
    reading = graphql_decoding.read_node(found, (), caps, usage=False)
    once = len(reading.lists["groupsAllowlist"])
    graphql_pages.add_lists(reading, {"groupsAllowlist": copy.deepcopy(page)}, ["groupsAllowlist"])
    assert len(reading.lists["groupsAllowlist"]) == once


@pytest.mark.parametrize(
    ("name", "fact"),
    [("inboundAllowlist", Fact.ENTRIES), ("outboundAllowlist", Fact.OUTBOUND_ENTRIES)],
)
def test_another_project_with_this_ones_number_is_not_dropped_unsaid(name: str, fact: Fact) -> None:
    found = node("17.6.0")
    rows = found["ciJobTokenScope"][name]["nodes"]
    own = {"id": found["id"], "fullPath": found["fullPath"]}
    rows[:] = [own, {**own, "fullPath": "acme/other"}]
    found["ciJobTokenScope"][name]["count"] = len(rows)
    _, gaps, _ = read(found, "17.6.0")
    assert fact in {gap.fact for gap in gaps}
    assert "two entries for one target" in next(gap.detail for gap in gaps if gap.fact is fact)


# The authentication log


def test_the_log_is_read() -> None:
    scope = read(node("18.5.0"), "18.5.0")[0].scope
    assert scope is not None
    assert scope.uses is not None
    [use] = scope.uses
    assert (use.origin_id, use.origin_path) == (103, "acme/lib/core")
    assert use.last_used_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_no_usage_is_not_an_empty_log() -> None:
    caps = capabilities("18.5.0")
    reading = graphql_decoding.read_node(node("18.5.0"), (), caps, usage=False)
    project, gaps = graphql_decoding.finish(reading, caps)
    assert project.scope is not None
    assert project.scope.uses is None
    assert gaps == []


def test_a_log_that_failed_is_a_gap() -> None:
    found = nulled(node("18.5.0"), ("ciJobTokenAuthLogs",))
    error = FieldError("Timeout on it", ("ciJobTokenAuthLogs",))
    project, gaps, _ = read(found, "18.5.0", error)
    assert project.scope is not None
    assert project.scope.uses is None
    assert [(gap.fact, gap.reason) for gap in gaps] == [(Fact.LOG, Reason.TIMED_OUT)]


def test_the_logs_cap_is_a_gap_by_its_rows_or_by_its_count() -> None:
    """GitLab cuts at 1,000 origins and then drops those that are gone, so 950 may be all it shows."""
    for rows, count, full in (
        (LOG_FULL_FROM, None, True),
        (LOG_FULL_FROM - 1, LOG_ROWS - 1, False),
        (3, LOG_ROWS, True),
    ):
        found = node("18.5.0")
        found["ciJobTokenAuthLogs"]["nodes"] *= rows
        found["ciJobTokenAuthLogs"]["count"] = count
        project, gaps, _ = read(found, "18.5.0")
        assert [(gap.fact, gap.reason) for gap in gaps] == [(Fact.LOG, Reason.CAPPED)] * full
        assert project.scope is not None
        assert (Fact.LOG in project.scope.missing) == full


def test_a_use_of_the_own_token_is_kept_apart() -> None:
    """Since 18.1 every project that runs CI is an origin in its own log."""
    found = node("18.5.0")
    rows = found["ciJobTokenAuthLogs"]["nodes"]
    others = len(rows)
    own = {"id": "gid://gitlab/Project/101", "fullPath": "acme/web/shops/shop"}
    rows.append({"lastAuthorizedAt": "2026-11-02T10:00:00Z", "originProject": own})
    project, gaps, _ = read(found, "18.5.0")
    assert gaps == []
    assert project.scope is not None
    assert [use.origin_id for use in project.scope.uses or ()] != [101]
    assert len(project.scope.uses or ()) == others
    assert project.scope.own_token_last_used == datetime(2026, 11, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize("place", [(), ("originProject",), ("lastAuthorizedAt",)])
def test_a_hidden_origin_is_a_gap(place: Path) -> None:
    found = nulled(node("18.5.0"), ("ciJobTokenAuthLogs", "nodes", 0, *place))
    project, gaps, _ = read(found, "18.5.0")
    assert project.scope is not None
    assert project.scope.uses == ()
    assert [gap.fact for gap in gaps] == [Fact.LOG]


def test_gaps_name_the_project_and_come_once_a_fact() -> None:
    reading = graphql_pages.Reading(Project(7, "acme/x"), None)
    reading.add_gap(Fact.ENTRIES, Reason.ERROR, "first")
    reading.add_gap(Fact.ENTRIES, Reason.TIMED_OUT, "second")
    assert reading.gaps == [Gap(Fact.ENTRIES, Reason.ERROR, "first", "project", 7, "acme/x")]


def test_a_self_row_is_kept() -> None:
    project, _, _ = read(node("18.5.0", 106), "18.5.0")
    assert project.scope is not None
    assert [entry.target_id for entry in project.scope.entries] == [106]
    assert replace(project, scope=None).visibility == "public"
