"""Reading by GraphQL: pages, partial answers, and lists that do not end as they should."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from scopelint.errors import GitLabError
from scopelint.model import Fact, Reason
from scopelint_simulator import Simulator
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.kit import PEOPLE, Seen, collected, company, head, intercept, serve

pytestmark = pytest.mark.slow

Change = Callable[[dict[str, Any]], None]


def changed(simulator: Simulator, query: str, change: Change, times: int = 1_000) -> None:
    """Change the JSON of the first answers to one query."""
    left = [times]

    def after(request: Request, answer: Answer) -> None:
        if f"query {query}".encode() in request.body and answer.status == 200 and left[0]:
            left[0] -= 1
            body = json.loads(answer.body)
            change(body)
            answer.body = json.dumps(body).encode()

    intercept(simulator, after=after)


def by_graphql(url: str, *targets: str, **options: Any) -> Seen:
    return collected(url, *targets, api="graphql", **options)


def many(projects: int) -> str:
    return (
        f"{PEOPLE}\n{head('18.5.0', enforce_inbound=False)}\n"
        "roles: [{user: bot, on: acme, role: maintainer}]\ngroups: [{id: 10, path: acme}]\n"
        f"generate: [{{under: acme, projects: {projects}, groups: 5, entries: 1, seed: 1}}]\n"
    )


# Enumeration


def test_an_enumeration_is_turned_to_its_end() -> None:
    with serve(many(250)) as simulator:
        seen = by_graphql(simulator.url)
        assert simulator.counts["graphql:Projects"] == 3
        assert simulator.counts["graphql:Scopes"] == 3
    assert len(seen.projects) == 250


def test_a_cursor_that_is_stuck_is_a_gap() -> None:
    def stuck(body: dict[str, Any]) -> None:
        body["data"]["group"]["projects"]["pageInfo"] = {"hasNextPage": True, "endCursor": "again"}

    with serve(many(120)) as simulator:
        changed(simulator, "Projects", stuck, times=3)
        body_of = {"again": 0}

        def forget(request: Request) -> None:
            # A cursor that means nothing here: the simulator is asked for the first page again.
            if b'"again"' in request.body:
                body_of["again"] += 1
                request.body = request.body.replace(b'"again"', b"null")

        intercept(simulator, before=forget)
        seen = by_graphql(simulator.url)
    assert body_of["again"] == 1
    [gap] = seen.gaps_of(Fact.ENUMERATION)
    assert "the same page again" in gap.detail
    assert gap.subject_path == "acme"
    # What was listed before is read all the same.
    assert len([p for p in seen.projects.values() if p.scope]) == 100
    assert not seen.complete


def test_a_page_that_fails_for_good_is_a_gap_and_the_rest_is_read() -> None:
    with serve(many(250)) as simulator:
        pages = [0]

        def fail(request: Request, answer: Answer) -> None:
            if b"query Projects" in request.body:
                pages[0] += 1
                if pages[0] > 2:
                    answer.status, answer.body = 500, b"<html>"

        intercept(simulator, after=fail)
        seen = by_graphql(simulator.url)
    [gap] = seen.gaps_of(Fact.ENUMERATION)
    assert gap.reason is Reason.ERROR
    assert "stopped at 200" in gap.detail
    assert len(seen.projects) == 200
    assert not seen.complete


def test_a_first_page_that_fails_for_good_ends_the_run() -> None:
    with serve(many(5)) as simulator:

        def fail(request: Request, answer: Answer) -> None:
            if b"query Projects" in request.body:
                answer.status, answer.body = 500, b"{}"

        intercept(simulator, after=fail)
        with pytest.raises(GitLabError, match="the list of projects below acme stopped at 0"):
            by_graphql(simulator.url)


@pytest.mark.parametrize("query", ["Projects", "Groups"])
def test_a_group_that_turns_null_is_never_an_empty_one(query: str) -> None:
    with serve(company()) as simulator:
        changed(simulator, query, lambda body: body["data"].update(group=None))
        if query == "Projects":
            with pytest.raises(GitLabError, match="not found or not visible"):
                by_graphql(simulator.url)
        else:
            seen = by_graphql(simulator.url)
            assert [gap.reason for gap in seen.gaps_of(Fact.ENUMERATION)] == [Reason.NOT_FOUND]
            assert not seen.complete


@pytest.mark.parametrize(
    ("query", "name", "fact"),
    [("Projects", "projects", Fact.COUNT), ("Groups", "descendantGroups", Fact.GROUP)],
)
def test_what_gitlab_counts_and_does_not_show_is_a_gap(query: str, name: str, fact: Fact) -> None:
    def drop(body: dict[str, Any]) -> None:
        body["data"]["group"][name]["nodes"].pop()

    with serve(company()) as simulator:
        changed(simulator, query, drop)
        seen = by_graphql(simulator.url)
    [gap] = seen.gaps_of(fact)
    assert gap.reason is Reason.REDACTED
    assert "1 hidden" in gap.detail
    assert not seen.complete


def test_a_null_node_is_counted_as_hidden() -> None:
    def null(body: dict[str, Any]) -> None:
        body["data"]["group"]["projects"]["nodes"][0] = None

    with serve(company()) as simulator:
        changed(simulator, "Projects", null)
        seen = by_graphql(simulator.url)
    assert len(seen.gaps_of(Fact.COUNT)) == 1


# Partial answers


def late(body: dict[str, Any], *below: str) -> None:
    """Let one project's field run out of time."""
    nodes = body["data"]["projects"]["nodes"]
    for index, node in enumerate(nodes):
        if node["fullPath"] == "acme/web/shops/shop":
            place = node
            for name in below[:-1]:
                place = place[name]
            place[below[-1]] = None
            path = ["projects", "nodes", index, *below]
            body["errors"] = [{"message": f"Timeout on {below[-1]}", "path": path}]


@pytest.mark.parametrize(
    ("below", "fact"),
    [
        (("ciJobTokenScopeAllowlist",), Fact.ENTRIES),
        (("ciJobTokenScopeAllowlist", "groupsAllowlist"), Fact.ENTRIES),
        (("ciCdSettings",), Fact.SCOPE),
        (("ciCdSettings", "pushRepositoryForJobTokenAllowed"), Fact.PUSH),
    ],
)
def test_a_field_that_runs_out_of_time_is_asked_for_alone_and_then_a_gap(
    below: tuple[str, ...], fact: Fact
) -> None:
    with serve(company()) as simulator:
        changed(simulator, "Scopes", lambda body: late(body, *below))
        seen = by_graphql(simulator.url)
        assert simulator.counts["graphql:Scopes"] > 3
    [gap] = [gap for gap in seen.gaps if gap.fact is not Fact.TARGET]
    assert (gap.fact, gap.reason) == (fact, Reason.TIMED_OUT)
    assert gap.subject_path == "acme/web/shops/shop"
    others = [p for path, p in seen.projects.items() if path != "acme/web/shops/shop"]
    assert all(project.scope and not project.scope.missing for project in others)
    assert seen.complete is (fact is Fact.PUSH)


def test_a_field_that_runs_out_of_time_once_leaves_no_trace() -> None:
    with serve(company()) as simulator:
        calm = by_graphql(simulator.url)
        changed(simulator, "Scopes", lambda body: late(body, "ciJobTokenScopeAllowlist"), times=1)
        seen = by_graphql(simulator.url)
    assert seen.raw == calm.raw
    assert seen.gaps == calm.gaps


def test_a_whole_list_that_runs_out_of_time_is_not_an_empty_one() -> None:
    def nothing(body: dict[str, Any]) -> None:
        body["data"]["projects"] = None
        body["errors"] = [{"message": "Timeout on Query.projects", "path": ["projects"]}]

    with serve(company()) as simulator:
        changed(simulator, "Scopes", nothing)
        seen = by_graphql(simulator.url)
    assert {gap.reason for gap in seen.gaps_of(Fact.SCOPE)} == {Reason.TIMED_OUT}
    assert len(seen.gaps_of(Fact.SCOPE)) == 7


def test_a_null_node_that_ran_out_of_time_did_not_vanish() -> None:
    def null(body: dict[str, Any]) -> None:
        nodes = body["data"]["projects"]["nodes"]
        for index, node in enumerate(nodes):
            if node["fullPath"] == "acme/web/site":
                nodes[index] = None
                path = ["projects", "nodes", index]
                body["errors"] = [{"message": "Timeout on Project", "path": path}]

    with serve(company()) as simulator:
        changed(simulator, "Scopes", null)
        seen = by_graphql(simulator.url)
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert (gap.subject_path, gap.reason) == ("acme/web/site", Reason.TIMED_OUT)


def test_a_node_that_is_not_in_the_answer_vanished() -> None:
    def drop(body: dict[str, Any]) -> None:
        # Of all projects, and of their group, which is asked for what is not among all.
        above = body["data"].get("group") or body["data"]
        nodes = above["projects"]["nodes"]
        above["projects"]["nodes"] = [n for n in nodes if n["fullPath"] != "acme/web/site"]

    with serve(company()) as simulator:
        changed(simulator, "Scopes", drop)
        seen = by_graphql(simulator.url)
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert (gap.subject_path, gap.reason) == ("acme/web/site", Reason.NOT_FOUND)
    assert "deleted meanwhile" in gap.detail


def test_an_answer_of_another_form_is_a_gap_of_each_project_that_it_was_about() -> None:
    def odd(body: dict[str, Any]) -> None:
        body["data"]["projects"]["nodes"] = [{"surprise": 1}]

    with serve(company()) as simulator:
        changed(simulator, "Scopes", odd)
        seen = by_graphql(simulator.url)
    gaps = seen.gaps_of(Fact.SCOPE)
    assert len(gaps) == len(seen.projects)
    assert all("another form" in gap.detail for gap in gaps)
    assert not seen.complete


# Lists of one project


def test_a_list_whose_cursor_is_stuck_is_a_gap() -> None:
    def stuck(body: dict[str, Any]) -> None:
        for node in body["data"]["projects"]["nodes"]:
            lists = node["ciJobTokenScopeAllowlist"]
            for name in lists:
                lists[name]["pageInfo"] = {"hasNextPage": True, "endCursor": "again"}

    with serve(company()) as simulator:
        changed(simulator, "Scopes", stuck)

        def again(request: Request, answer: Answer) -> None:
            if b"query Rest" in request.body:
                page = {
                    "count": 9,
                    "nodes": [],
                    "pageInfo": {"hasNextPage": True, "endCursor": "again"},
                }
                lists = {"groupsAllowlist": page, "projectsAllowlist": page}
                node = {"id": "gid://gitlab/Project/102", "ciJobTokenScopeAllowlist": lists}
                answer.body = json.dumps({"data": {"projects": {"nodes": [node]}}}).encode()

        intercept(simulator, after=again)
        seen = by_graphql(simulator.url, "acme/web/site")
        # The answer's own cursor is tried once; it comes back, and the list ends.
        assert simulator.counts["graphql:Rest"] == 2
    assert [gap.subject_path for gap in seen.gaps_of(Fact.ENTRIES)] == ["acme/web/site"]
    assert not seen.complete


def test_a_list_that_breaks_off_is_completed_by_rest_and_still_a_gap() -> None:
    entries = "".join(f"{{project: {{id: {3000 + i}, path: far/p{i}}}}}, " for i in range(130))
    text = company("18.5.0").replace(
        "path: acme/web/site, scope: {", f"path: acme/web/site, scope: {{allowlist: [{entries}], "
    )

    def emptied(body: Any) -> None:
        (body["data"].get("group") or body["data"])["projects"]["nodes"] = []

    with serve(text) as simulator:
        changed(simulator, "Rest", emptied)
        seen = by_graphql(simulator.url, "acme/web/site")
    site = seen.projects["acme/web/site"].scope
    assert site is not None
    assert len(site.entries) == 130
    assert sum(entry.default_permissions is None for entry in site.entries) == 30
    assert {Fact.ENTRIES, Fact.PERMISSIONS} <= site.missing
    assert site.outbound_entries is None
    assert not seen.complete


# Targets of entries


def test_targets_that_fail_are_halved_and_then_gaps() -> None:
    with serve(company()) as simulator:

        def fail(request: Request, answer: Answer) -> None:
            bad = b"gid://gitlab/Project/202" in request.body
            if b"query ProjectTargets" in request.body and bad:
                answer.status = 503
                answer.body = b'{"errors":[{"message":"Request timed out. Please try less"}]}'

        intercept(simulator, after=fail)
        seen = by_graphql(simulator.url)
    reasons = {gap.subject_id: gap.reason for gap in seen.gaps_of(Fact.TARGET)}
    assert reasons[202] is Reason.TIMED_OUT
    assert reasons[201] is Reason.NOT_VISIBLE
    assert seen.targets["project:301"].visible
    assert not seen.targets["project:202"].visible
    assert seen.complete


def test_a_groups_target_tells_its_size_and_its_end() -> None:
    text = company().replace(
        "{id: 30, path: open, visibility: public}",
        "{id: 30, path: open, visibility: public, marked_for_deletion_on: 2026-12-01}",
    )
    with serve(text) as simulator:
        for api in ("graphql", "rest"):
            target = collected(simulator.url, api=api).targets["group:30"]
            assert (target.project_count, target.deletion) == (1, "scheduled")
            assert (target.visibility, target.personal) == ("public", False)


@pytest.mark.parametrize(
    "place",
    [
        None,
        [],
        ["projects"],
        ["projects", "nodes"],
        ["projects", "nodes", 0, "ciCdSettings", "inboundJobTokenScopeEnabled"],
        ["ciCdSettings"],
    ],
)
def test_settings_that_an_error_may_have_left_null_are_not_closed(place: list[Any] | None) -> None:
    """The limit of acme/web/site is off; its null would say that the limit is on."""

    def after(request: Request, answer: Answer) -> None:
        body = json.loads(answer.body)
        if b"query Scopes" in request.body:
            for node in body["data"]["projects"]["nodes"]:
                node["ciCdSettings"] = None
            error: dict[str, Any] = {"message": "Internal server error"}
            body["errors"] = [error if place is None else {**error, "path": place}]
            answer.body = json.dumps(body).encode()

    with serve(company()) as simulator:
        intercept(simulator, after=after)
        seen = collected(simulator.url, "acme/web/site", api="graphql")
    [project] = seen.projects.values()
    assert project.scope is None
    assert project.gap is not None
    assert project.gap.detail == "Internal server error"
    assert not seen.complete
