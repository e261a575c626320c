"""Lists: nothing is lost when one changes between two pages, each ends, and each is a list."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from scopelint.collect.reader import MAX_EMPTY, ListEnd, Page
from scopelint.collect.request import Api
from scopelint.collect.rest_pages import RESTARTS, Place
from scopelint.model import Fact
from scopelint.snapshot import Filters
from scopelint_simulator import Simulator
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.kit import (
    ADMIN,
    PEOPLE,
    Seen,
    collected,
    company,
    head,
    intercept,
    serve,
)

pytestmark = pytest.mark.slow

PROJECTS = "/groups/10/projects"


def many(projects: int, groups: int = 0) -> str:
    return (
        f"{PEOPLE}\n{head('18.5.0', enforce_inbound=False)}\n"
        "roles: [{user: bot, on: acme, role: maintainer}]\n"
        "groups: [{id: 10, path: acme}, {id: 20, path: other}]\n"
        f"generate: [{{under: acme, projects: {projects}, groups: {groups}, seed: 1}}]\n"
    )


def by_rest(simulator: Simulator, *targets: str, **options: Any) -> Seen:
    return collected(simulator.url, *targets, api="rest", **options)


def after_page(simulator: Simulator, end: str, act: Callable[[int], None]) -> None:
    """Call `act` with 1, 2, … after each page of the lists whose path ends so."""
    pages = count(1)

    def after(request: Request, _: Answer) -> None:
        if request.path.endswith(end):
            act(next(pages))

    intercept(simulator, after=after)


def rewritten(
    simulator: Simulator, end: str, change: Callable[[Any, Request], Any], **headers: str
) -> None:
    """Change the JSON, and headers, of the answers of the paths that end so."""

    def after(request: Request, answer: Answer) -> None:
        if request.path.endswith(end) and answer.status == 200:
            answer.body = json.dumps(change(json.loads(answer.body), request)).encode()
            answer.headers.update({name.replace("_", "-"): text for name, text in headers.items()})

    intercept(simulator, after=after)


# A list changes between two pages


def leave(simulator: Simulator, position: int) -> str:
    """Move the project of acme at this position by id to another group; return its path."""
    instance = simulator.instance
    project = instance.projects[sorted(instance.tree(10))[position]]
    path = project.path
    assert project.group is not None
    instance.groups[project.group].projects.remove(project.id)
    project.group, project.path = 20, f"other/{project.id}"
    instance.add_project(project)
    return path


@pytest.mark.parametrize("position", [0, 50, 98, 99])
@pytest.mark.parametrize("leaving", [1, 3])
def test_a_project_that_moves_up_as_others_leave_is_found(position: int, leaving: int) -> None:
    with serve(many(250)) as simulator:
        wanted = {simulator.instance.projects[n].path for n in simulator.instance.tree(10)}
        gone: set[str] = set()

        def act(page: int) -> None:
            if page == 1:
                gone.update(leave(simulator, max(position - i, 0)) for i in range(leaving))

        after_page(simulator, PROJECTS, act)
        seen = by_rest(simulator)
    assert len(gone) == leaving
    assert wanted - gone <= seen.projects.keys()
    assert all(seen.projects[path].scope is not None for path in wanted - gone)
    assert seen.gaps_of(Fact.COUNT) == []


def test_one_leaves_and_another_is_made_so_that_the_total_stays() -> None:
    """`X-Total` says 150 on both pages, and one project stood on neither."""
    with serve(many(150)) as simulator:
        wanted = {simulator.instance.projects[n].path for n in simulator.instance.tree(10)}
        gone: set[str] = set()
        intercept(simulator, after=lambda _, answer: answer.headers.update({"X-Total": "150"}))

        def act(page: int) -> None:
            if page == 1:
                gone.add(leave(simulator, 0))

        after_page(simulator, PROJECTS, act)
        seen = by_rest(simulator)
    assert wanted - gone <= seen.projects.keys()


def test_a_list_that_never_holds_still_is_a_gap() -> None:
    with serve(many(450)) as simulator:

        def act(_: int) -> None:
            for _ in range(3):
                leave(simulator, 0)

        after_page(simulator, PROJECTS, act)
        seen = by_rest(simulator)
        lists = simulator.counts["rest:GET /groups/:id/projects"]
    [gap] = seen.gaps_of(Fact.ENUMERATION)
    assert "changed" in gap.detail
    assert not seen.complete
    assert lists <= 2 * (RESTARTS + 2)


def test_fewer_rows_than_are_counted_are_a_gap() -> None:
    with serve(many(130)) as simulator:
        rewritten(simulator, PROJECTS, lambda rows, _: rows[:-1] if len(rows) < 90 else rows)
        seen = by_rest(simulator)
    [gap] = seen.gaps_of(Fact.COUNT)
    assert "counts 130 projects below acme and shows 129" in gap.detail
    assert not seen.complete


def test_groups_that_move_up_are_found() -> None:
    with serve(many(1, groups=180)) as simulator:
        instance = simulator.instance
        wanted = {group.path for group in instance.descendants(10)}
        gone: set[str] = set()

        def act(page: int) -> None:
            if page == 1:
                leaves = [g for g in instance.descendants(10) if not g.children]
                first = min(leaves, key=lambda group: (group.name.lower(), group.id))
                gone.add(first.path)
                assert first.parent is not None
                instance.groups[first.parent].children.remove(first.id)

        after_page(simulator, "/descendant_groups", act)
        seen = by_rest(simulator)
    assert gone
    assert wanted - gone <= seen.groups.keys()


def test_every_page_holds_the_last_object_of_the_page_before() -> None:
    for cap in (100, 50, 20):
        place = Place(size=cap)
        requests = 0
        while place.end < 5000:
            size, page = place.page()
            start = (page - 1) * size
            assert size <= cap
            assert start <= max(place.end - 1, 0)
            assert start + size > place.end
            place = Place(start + size, 1, cap)
            requests += 1
        if cap == 100:
            # The overlap costs hardly a request more than pages side by side would.
            assert requests < 60


def test_a_server_that_gives_smaller_pages_is_read_to_the_end() -> None:
    with serve(many(90)) as simulator:

        def smaller(request: Request) -> None:
            if request.path.endswith(PROJECTS):
                request.query["per_page"] = str(min(int(request.query["per_page"]), 20))

        intercept(simulator, before=smaller)
        seen = by_rest(simulator)
    assert len(seen.projects) == 90
    assert seen.complete


def test_projects_of_the_instance_are_read_by_keyset_pages() -> None:
    with serve(many(250)) as simulator:
        asked: list[dict[str, str]] = []

        def before(request: Request) -> None:
            if request.path.endswith("/api/v4/projects"):
                asked.append(dict(request.query))

        intercept(simulator, before=before)
        seen = by_rest(simulator, "instance", token=ADMIN)
    assert len(seen.projects) == 250
    assert [query["pagination"] for query in asked] == ["keyset"] * 3
    assert [query["order_by"] for query in asked] == ["id"] * 3


@pytest.mark.parametrize("link", ["/api/v4/users?id_after=1", "/api/v4/projects", "/x?page=2"])
def test_a_link_to_another_list_is_not_followed(link: str) -> None:
    with serve(many(150)) as simulator:
        rewritten(
            simulator,
            "/api/v4/projects",
            lambda rows, _: rows,
            Link=f'<{simulator.url}{link}>; rel="next"',
        )
        seen = by_rest(simulator, "instance", token=ADMIN)
    assert any("leads elsewhere" in gap.detail for gap in seen.gaps_of(Fact.ENUMERATION))
    assert not seen.complete


# Every list ends


def cursors(simulator: Simulator, query: bytes, name: str, following: Iterator[Any]) -> None:
    """Give every page of a connection another one, at these cursors."""

    def after(request: Request, answer: Answer) -> None:
        if query in request.body:
            body = json.loads(answer.body)
            for place in _places(body, name):
                place["pageInfo"] = {"hasNextPage": True, "endCursor": next(following)}
            answer.body = json.dumps(body).encode()

    intercept(simulator, after=after)


def _places(value: Any, name: str) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name and isinstance(inner, dict):
                yield inner
            else:
                yield from _places(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner, name)


def rounds() -> Iterator[str]:
    return (("A", "B")[number % 2] for number in count())


def fresh() -> Iterator[str]:
    return (f"c{number}" for number in count())


LISTS = [
    (b"query Projects", "projects", Fact.ENUMERATION),
    (b"query Groups", "descendantGroups", Fact.ENUMERATION),
    (b"ciJobTokenScopeAllowlist", "projectsAllowlist", Fact.ENTRIES),
    (b"ciJobTokenAuthLogs", "ciJobTokenAuthLogs", Fact.LOG),
]


@pytest.mark.parametrize(("query", "name", "fact"), LISTS)
@pytest.mark.parametrize("following", [rounds, fresh, lambda: iter(lambda: None, 0)])
def test_a_list_whose_cursors_never_end_is_a_gap(
    query: bytes, name: str, fact: Fact, following: Callable[[], Iterator[Any]]
) -> None:
    text = company("18.5.0").replace(
        "log: [", "log: [{origin: open/site, at: 2026-11-02T10:00:00Z}, "
    )
    with serve(text) as simulator:
        cursors(simulator, query, name, following())
        seen = collected(simulator.url, "acme/web", api="graphql", filters=Filters(usage=True))
        assert simulator.counts["graphql"] < 500
    assert seen.gaps_of(fact)
    assert seen.complete is (fact is Fact.LOG)


@pytest.mark.parametrize("end", [PROJECTS, "/descendant_groups", "/allowlist", "/groups_allowlist"])
def test_a_next_page_for_ever_is_a_gap(end: str) -> None:
    with serve(many(150, groups=5)) as simulator:
        rewritten(simulator, end, lambda rows, _: rows, X_Next_Page="2", X_Total="")
        seen = by_rest(simulator)
        assert simulator.counts["rest"] < 1000
    assert seen.gaps_of(Fact.ENTRIES if "allow" in end else Fact.ENUMERATION)
    assert not seen.complete


def test_a_list_ends_by_itself() -> None:
    def page(cursor: str | None, *ids: int, again: bool = False) -> tuple[Page[int], list[int]]:
        return Page(ids, cursor, begins_again=again), list(ids)

    end = ListEnd()
    assert end.add(*page("a", 1, 2)) == (2, None)
    assert end.add(*page("b")) == (0, None)
    assert end.add(*page("c", 2, 3)) == (1, None)
    assert end.add(*page("d", again=True)) == (0, None)
    assert end.add(*page("e", 1, 2)) == (2, None)
    assert end.add(*page("a", 9))[1] is not None
    assert end.add(*page("f", 9))[1] is not None
    assert end.add(*page(None, 9)) == (0, None)
    faults = [ListEnd.add(end, *page(f"x{number}"))[1] for number in range(MAX_EMPTY + 1)]
    assert faults[-1] is not None
    assert faults[: MAX_EMPTY - 1] == [None] * (MAX_EMPTY - 1)


# A list is a list, a boolean a boolean


ODD_FLAGS = ["false", "0", "", 0, 1, 0.1, [0], [], {}]


@pytest.mark.parametrize("value", ODD_FLAGS, ids=repr)
def test_an_effective_flag_of_another_type_is_not_read(value: Any) -> None:
    with serve(company()) as simulator:
        rewritten(simulator, "job_token_scope", lambda node, _: {**node, "inbound_enabled": value})
        seen = by_rest(simulator, "acme/web/site")
    assert seen.projects["acme/web/site"].scope is None
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert "inbound_enabled is " in gap.detail
    assert not seen.complete


@pytest.mark.parametrize("value", ODD_FLAGS, ids=repr)
def test_an_own_flag_of_another_type_is_not_read(value: Any) -> None:
    def odd(request: Request, answer: Answer) -> None:
        if b"query Scopes" in request.body:
            body = json.loads(answer.body)
            for node in body["data"]["projects"]["nodes"]:
                if node["fullPath"] == "acme/web/site":
                    node["ciCdSettings"]["inboundJobTokenScopeEnabled"] = value
            answer.body = json.dumps(body).encode()

    with serve(company()) as simulator:
        intercept(simulator, after=odd)
        seen = collected(simulator.url, "acme/web", api="graphql")
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert gap.subject_path == "acme/web/site"
    assert "inboundJobTokenScopeEnabled is " in gap.detail
    # One bad field costs this project alone.
    assert all(p.scope is not None for path, p in seen.projects.items() if path != "acme/web/site")
    assert not seen.complete


@pytest.mark.parametrize("value", ["false", "true", 0, 1, [True], {}], ids=repr)
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_an_instance_setting_of_another_type_proves_nothing(value: Any, api: Api) -> None:
    with serve(company(enforce_inbound=True)) as simulator:
        name = "enforce_ci_inbound_job_token_scope_enabled"
        rewritten(simulator, "/application/settings", lambda node, _: {**node, name: value})
        seen = collected(simulator.url, "acme/web/shops", api=api, token=ADMIN)
    assert seen.enforcement == "unknown"


@pytest.mark.parametrize("value", [{}, "", 0, None, {"message": "x"}], ids=repr)
@pytest.mark.parametrize("name", ["groups_allowlist", "allowlist"])
def test_an_allowlist_that_is_no_list_is_a_gap(value: Any, name: str) -> None:
    with serve(company()) as simulator:
        rewritten(simulator, f"scope/{name}", lambda *_: value)
        seen = by_rest(simulator, "acme/web/shops")
    assert seen.gaps_of(Fact.ENTRIES)
    assert not seen.complete


@pytest.mark.parametrize("name", ["groups_allowlist", "allowlist"])
def test_an_empty_allowlist_that_counts_five_is_a_gap(name: str) -> None:
    with serve(company()) as simulator:
        rewritten(simulator, f"scope/{name}", lambda *_: [], X_Total="5")
        seen = by_rest(simulator, "acme/web/shops")
    [gap] = seen.gaps_of(Fact.ENTRIES)
    assert "counts 5 rows and shows 0" in gap.detail
    assert not seen.complete


@pytest.mark.parametrize("name", ["groups_allowlist", "allowlist"])
def test_an_allowlist_that_shows_more_than_it_counts_is_a_gap(name: str) -> None:
    """One row twice, the automatic one for the project itself: it looks like a real self entry."""
    with serve(company()) as simulator:
        rewritten(simulator, f"scope/{name}", lambda rows, _: [*rows, rows[0]])
        seen = by_rest(simulator, "acme/web/shops")
    [gap] = seen.gaps_of(Fact.ENTRIES)
    assert re.search(r"counts \d+ rows and shows \d+", gap.detail)
    assert not seen.complete


@pytest.mark.parametrize("value", [2**70, "x", 1.5, -1, None, {}], ids=repr)
def test_one_row_that_cannot_be_read_leaves_the_others(value: Any) -> None:
    def odd(rows: list[dict[str, Any]], _: Request) -> list[dict[str, Any]]:
        return [{**rows[0], "id": value}, *rows[1:]]

    with serve(company()) as simulator:
        whole = by_rest(simulator, "acme/web/shops").entry_keys("acme/web/shops/shop")
        rewritten(simulator, "scope/groups_allowlist", odd)
        seen = by_rest(simulator, "acme/web/shops")
    assert len(whole - seen.entry_keys("acme/web/shops/shop")) == 1
    assert len(seen.gaps_of(Fact.ENTRIES)) == 1
    assert not seen.complete


# One bad field costs that project's gap


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 7),
        ("visibility", "secret"),
        ("web_url", "a\0b"),
        ("namespace", [1]),
        ("archived", "no"),
        ("last_activity_at", "yesterday"),
        ("name", "\ud800"),
        ("issues_access_level", 1),
        ("ci_push_repository_for_job_token_allowed", "true"),
    ],
)
def test_a_bad_field_of_a_listed_project_costs_that_project(name: str, value: Any) -> None:
    def odd(rows: list[dict[str, Any]], _: Request) -> list[dict[str, Any]]:
        return [{**row, name: value} if row["id"] == 102 else row for row in rows]

    with serve(company()) as simulator:
        rewritten(simulator, "/projects", odd)
        seen = by_rest(simulator)
    [gap] = seen.gaps_of(Fact.SCOPE)
    assert (gap.subject_path, seen.projects["acme/web/site"].scope) == ("acme/web/site", None)
    assert name in gap.detail
    assert len(seen.projects) == 7
    assert all(p.scope is not None for path, p in seen.projects.items() if path != "acme/web/site")
    assert not seen.complete


@pytest.mark.parametrize("name", ["id", "path_with_namespace"])
@pytest.mark.parametrize("value", [None, 2**64, "a\0b", [], -5], ids=repr)
def test_a_listed_project_that_cannot_be_named_is_a_gap_of_the_list(name: str, value: Any) -> None:
    def odd(rows: list[dict[str, Any]], _: Request) -> list[dict[str, Any]]:
        return [{**row, name: value} if row["id"] == 102 else row for row in rows]

    with serve(company()) as simulator:
        rewritten(simulator, "/projects", odd)
        seen = by_rest(simulator)
    [gap] = seen.gaps_of(Fact.ENUMERATION)
    assert name in gap.detail
    assert len(seen.projects) == 6
    assert not seen.complete


def test_a_project_that_is_answered_twice_is_not_read() -> None:
    """The second answer says it is closed, and took the place of another project."""

    def twice(request: Request, answer: Answer) -> None:
        if b"query Scopes" in request.body:
            body = json.loads(answer.body)
            within = body["data"].get("group") or body["data"]
            for node in within["projects"]["nodes"]:
                if node["fullPath"] == "acme/web/builds-off":
                    node["id"] = "gid://gitlab/Project/102"
            answer.body = json.dumps(body).encode()

    with serve(company()) as simulator:
        intercept(simulator, after=twice)
        seen = collected(simulator.url, "acme/web", api="graphql")
    assert seen.projects["acme/web/site"].scope is None
    assert seen.projects["acme/web/builds-off"].scope is None
    assert not seen.complete
