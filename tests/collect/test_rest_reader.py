"""Reading by REST: pages by their headers, nulls, and REST's own rows."""

import json
from typing import Any

import pytest

from scopelint.collect import rest_decoding
from scopelint.collect.rest_reader import RestReader
from scopelint.errors import UnexpectedAnswerError
from scopelint.gitlab.capabilities import Capabilities
from scopelint.model import AllowlistEntry, Fact, Project, Reason
from scopelint.snapshot import Filters, Listed
from scopelint_simulator import Simulator
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.kit import (
    PEOPLE,
    Seen,
    collected,
    company,
    connect,
    head,
    intercept,
    serve,
    target_refs,
)


def by_rest(url: str, *targets: str, **options: Any) -> Seen:
    return collected(url, *targets, api="rest", **options)


def changed(simulator: Simulator, end: str, **values: Any) -> None:
    """Change keys of the objects that a path's end answers with."""

    def after(request: Request, answer: Answer) -> None:
        if request.path.endswith(end) and answer.status == 200:
            body = json.loads(answer.body)
            for item in body if isinstance(body, list) else [body]:
                item.update(values)
            answer.body = json.dumps(body).encode()

    intercept(simulator, after=after)


def many(projects: int) -> str:
    return (
        f"{PEOPLE}\n{head('18.5.0', enforce_inbound=False)}\n"
        "roles: [{user: bot, on: acme, role: maintainer}]\ngroups: [{id: 10, path: acme}]\n"
        f"generate: [{{under: acme, projects: {projects}, groups: 0, seed: 1}}]\n"
    )


def test_three_requests_a_project() -> None:
    with serve(company()) as simulator:
        by_rest(simulator.url, "acme/web")
        for route in ("", "/allowlist", "/groups_allowlist"):
            assert simulator.counts[f"rest:GET /projects/:id/job_token_scope{route}"] == 4
        assert simulator.counts["graphql"] == 0


# Pages


@pytest.mark.parametrize(
    "gone", [(), ("Link",), ("X-Next-Page",), ("Link", "X-Next-Page", "X-Total")]
)
def test_pages_are_turned_whatever_headers_a_proxy_leaves(gone: tuple[str, ...]) -> None:
    with serve(many(230)) as simulator:

        def after(request: Request, answer: Answer) -> None:
            for name in gone:
                answer.headers.pop(name, None)

        intercept(simulator, after=after)
        with connect(simulator.url) as connection:
            reader = RestReader(connection, Filters(), Capabilities("18.5.0"))
            [target] = reader.resolve(target_refs("acme"))
            cursor, seen, pages = None, list[int](), 0
            while True:
                page = reader.projects(target, cursor)
                seen += [listed.project.id for listed in page.items]
                pages, cursor = pages + 1, page.cursor
                if cursor is None:
                    break
    assert len(set(seen)) == len(seen) == 230
    assert pages == 3


def test_a_total_that_is_no_number_is_none() -> None:
    with serve(many(3)) as simulator:
        intercept(simulator, after=lambda _, answer: answer.headers.update({"X-Total": "many"}))
        with connect(simulator.url) as connection:
            reader = RestReader(connection, Filters(), Capabilities("18.5.0"))
            [target] = reader.resolve(target_refs("acme"))
            assert reader.projects(target, None).expected is None


# Nulls


def test_an_effective_flag_that_is_not_told_is_not_off() -> None:
    with serve(company()) as simulator:
        changed(simulator, "job_token_scope", inbound_enabled=None)
        seen = by_rest(simulator.url, "acme/web/site")
    assert seen.projects["acme/web/site"].scope is None
    assert [gap.reason for gap in seen.gaps_of(Fact.SCOPE)] == [Reason.ERROR]
    assert not seen.complete


def test_an_outbound_flag_that_is_not_told_is_not_off() -> None:
    with serve(company("17.4.0")) as simulator:
        changed(simulator, "job_token_scope", outbound_enabled=None)
        seen = by_rest(simulator.url, "acme/web/site")
    scope = seen.projects["acme/web/site"].scope
    assert scope is not None
    assert scope.outbound is None
    assert Fact.OUTBOUND in scope.missing


def test_a_push_setting_that_is_left_out_is_a_gap() -> None:
    with serve(company()) as simulator:
        changed(simulator, "/projects", ci_push_repository_for_job_token_allowed=None)
        seen = by_rest(simulator.url, "acme/web/shops")
    scope = seen.projects["acme/web/shops/shop"].scope
    assert scope is not None
    assert scope.push is None
    assert [gap.reason for gap in seen.gaps_of(Fact.PUSH)] == [Reason.FORBIDDEN]
    assert seen.complete


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("namespace", "personal"),
        ("visibility", "visibility"),
        ("archived", "archived"),
        ("builds_access_level", "jobs_enabled"),
        ("last_activity_at", "last_activity_at"),
    ],
)
def test_no_null_of_a_project_becomes_a_value(key: str, field: str) -> None:
    node = {
        "id": 7,
        "path_with_namespace": "acme/x",
        "namespace": {"kind": "group", "id": 10},
        "visibility": "private",
        "archived": False,
        "builds_access_level": "enabled",
        "last_activity_at": "2026-01-01T00:00:00Z",
    }
    whole = rest_decoding.listed(node).project
    assert getattr(whole, field) is not None
    assert getattr(rest_decoding.listed({**node, key: None}).project, field) is None
    bare = {name: value for name, value in node.items() if name != key}
    assert getattr(rest_decoding.listed(bare).project, field) is None


def test_a_namespace_of_no_kind_is_neither() -> None:
    node = {"id": 7, "path_with_namespace": "acme/x", "namespace": {"id": 10, "kind": None}}
    project = rest_decoding.read_project(node)
    assert (project.personal, project.group_id) == (None, None)


# Entries


@pytest.mark.parametrize("lost", ["allowlist", "groups_allowlist"])
@pytest.mark.parametrize(("status", "reason"), [(403, Reason.FORBIDDEN), (404, Reason.NOT_FOUND)])
def test_one_list_that_cannot_be_read_leaves_the_other(
    lost: str, status: int, reason: Reason
) -> None:
    with serve(company()) as simulator:

        def refuse(request: Request, answer: Answer) -> None:
            if request.path.endswith(f"job_token_scope/{lost}"):
                answer.status, answer.body = status, b'{"message":"no"}'

        intercept(simulator, after=refuse)
        seen = by_rest(simulator.url, "acme/web/shops")
    [gap] = seen.gaps_of(Fact.ENTRIES)
    assert gap.reason is reason
    kinds = {key.partition(":")[0] for key in seen.entry_keys("acme/web/shops/shop")}
    assert kinds == ({"group"} if lost == "allowlist" else {"project"})
    assert not seen.complete


def test_the_automatic_row_is_dropped_and_a_real_one_kept() -> None:
    own, other = (AllowlistEntry("project", number, f"acme/{number}") for number in (7, 8))
    for rows, kept in (
        ([own, other], [other]),
        ([own, own, other], [own, other]),
        ([other], [other]),
    ):
        assert rest_decoding.without_automatic_row(rows, 7) == (kept, False)


def test_a_row_with_the_projects_number_and_another_path_is_not_dropped_unsaid() -> None:
    """Which of the two is the automatic row, and whose number the other one has, nobody knows."""
    own, twin = (AllowlistEntry("project", 7, path) for path in ("acme/7", "acme/other"))
    for rows in ([own, twin], [twin, own]):
        kept, differ = rest_decoding.without_automatic_row(rows, 7)
        assert (kept, differ) == (rows[1:], True)


@pytest.mark.parametrize("root", ["", "/gitlab", "/groups", "/a/groups/b"])
@pytest.mark.parametrize("path", ["acme", "acme/web", "groups/x", "gitlab/groups"])
def test_a_groups_path_is_taken_from_its_address(root: str, path: str) -> None:
    server = f"https://h.example{root}"
    assert rest_decoding.group_path(f"{server}/groups/{path}", server) == path


def test_a_project_that_times_out_alone_is_one_gap() -> None:
    text = company().replace("path: acme/web/site,", "path: acme/web/site, fails: always,")
    with serve(text) as simulator:
        seen = by_rest(simulator.url, "acme/web")
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert (gap.subject_path, gap.reason) == ("acme/web/site", Reason.TIMED_OUT)


def test_what_is_hidden_is_revealed_once_and_its_own_rows_stay() -> None:
    with serve(company("17.7.0")) as simulator, connect(simulator.url) as connection:
        reader = RestReader(connection, Filters(), Capabilities("17.7.0"))
        [(project, _)] = reader.read([Listed(Project(101, "acme/web/shops/shop"))])
        assert project.scope is not None
        revealed, gaps = reader.reveal(project, ())
    assert revealed.scope is not None
    assert revealed.scope.entries == project.scope.entries
    assert gaps == []


def without_content(simulator: Simulator, end: str) -> None:
    """Answer 204 to the requests whose path ends so."""

    def after(request: Request, answer: Answer) -> None:
        if request.path.endswith(end):
            answer.status, answer.body = 204, b""

    intercept(simulator, after=after)


@pytest.mark.parametrize("end", ["/job_token_scope", "/allowlist", "/groups_allowlist"])
def test_an_answer_without_content_is_a_gap_and_no_empty_list(end: str) -> None:
    with serve(company()) as simulator:
        without_content(simulator, end)
        seen = by_rest(simulator.url, "acme/web/site", "acme/lib/core")
    fact = Fact.SCOPE if end == "/job_token_scope" else Fact.ENTRIES
    assert {gap.subject_path for gap in seen.gaps_of(fact)} == {"acme/web/site", "acme/lib/core"}
    assert not seen.complete


@pytest.mark.parametrize("end", ["/version", "/user"])
def test_an_answer_without_content_before_the_first_project_ends_the_run(end: str) -> None:
    with serve(company()) as simulator:
        without_content(simulator, end)
        with pytest.raises(UnexpectedAnswerError, match="no content"):
            by_rest(simulator.url, "acme")


@pytest.mark.parametrize("version", ["9" * 5_000, "19.3.0\x1b[31m"])
def test_a_version_that_the_snapshot_would_refuse_ends_the_run(version: str) -> None:
    with serve(company()) as simulator:
        changed(simulator, "/version", version=version)
        with pytest.raises(UnexpectedAnswerError, match="which is no version"):
            by_rest(simulator.url, "acme")


@pytest.mark.parametrize("values", [{"id": "7"}, {"id": None}, {"username": 7}])
def test_a_user_of_another_form_is_no_namespace(values: dict[str, Any]) -> None:
    with serve(company()) as simulator:
        changed(simulator, "/users", **values)
        with pytest.raises(UnexpectedAnswerError):
            by_rest(simulator.url, "mia")
