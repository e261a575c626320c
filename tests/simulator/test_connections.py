"""Pages: caps, cursors, redaction after the cut."""

from typing import Any

import pytest

from scopelint_simulator import load_instance
from tests.simulator import kit

PAGE = "pageInfo{hasNextPage hasPreviousPage startCursor endCursor}"
PROJECTS = (
    'query($first:Int,$last:Int,$after:String,$before:String){group(fullPath:"acme"){projects'
    "(includeSubgroups:true,first:$first,last:$last,after:$after,before:$before)"
    f"{{count {PAGE} nodes{{id fullPath}}}}}}}}"
)


def page(client: kit.Client, **variables: Any) -> Any:
    return client.data(PROJECTS, **variables)["group"]["projects"]


def ids(found: Any) -> list[int]:
    return [int(node["id"].rpartition("/")[2]) for node in found["nodes"]]


def test_newest_first_and_on_by_cursor() -> None:
    """doc/development/graphql_guide/pagination.md: keyset, by id descending."""
    with kit.serve() as world:
        client = world.client()
        first = page(client, first=3)
        assert ids(first) == [104, 103, 102]
        assert first["pageInfo"]["hasNextPage"]
        rest = page(client, first=3, after=first["pageInfo"]["endCursor"])
        assert ids(rest) == [101]
        assert not rest["pageInfo"]["hasNextPage"]
        assert rest["pageInfo"]["hasPreviousPage"]
        assert ids(page(client, last=2)) == [102, 101]
        back = page(client, last=1, before=rest["pageInfo"]["startCursor"])
        assert ids(back) == [102]


def test_redaction_comes_after_the_cut() -> None:
    """doc/development/graphql_guide/authorization.md: short and empty pages with a next page."""
    with kit.serve() as world:
        client = world.client("t-web")
        first = page(client, first=2)
        assert first["nodes"] == []
        assert first["count"] == 4
        assert first["pageInfo"]["hasNextPage"]
        then = page(client, first=2, after=first["pageInfo"]["endCursor"])
        assert ids(then) == [102, 101]


def test_first_and_last_together() -> None:
    with kit.serve() as world:
        body = world.client().graphql(PROJECTS, first=1, last=1)
    message = "Can only provide either `first` or `last`, not both"
    assert body["errors"][0]["message"] == message
    assert body["data"] == {"group": None}


@pytest.mark.parametrize("cursor", ["rubbish", "e30=", "W10=", "WyJ4Il0="])
def test_bad_cursor(cursor: str) -> None:
    with kit.serve() as world:
        body = world.client().graphql(PROJECTS, first=1, after=cursor)
    assert body["errors"][0]["message"] == "Please provide a valid cursor"


def many(version: str, entries: int) -> str:
    rows = ",".join(f"{{project: {{id: {1000 + i}, path: x/p{i}}}}}" for i in range(entries))
    return f"""
gitlab: {{gitlab}}
users: [{{username: bot}}]
tokens: [{{token: t-read, user: bot}}]
roles: [{{user: bot, on: acme, role: owner}}]
groups: [{{path: acme}}, {{path: acme/web}}]
projects: [{{path: acme/web/shop, scope: {{allowlist: [{rows}]}}}}]
generate: [{{under: acme, projects: 150}}]
"""


@pytest.mark.parametrize(("version", "cap"), [("18.9.0", 100), ("18.10.0", 200), ("19.3.0", 200)])
def test_entry_lists_give_100_or_200_a_page(version: str, cap: int) -> None:
    """GitLab's allowlist type: `max_page_size` 200 since 18.10."""
    inner = f"count {PAGE} nodes{{createdAt}}"
    with kit.serve(version, instance=many(version, 200)) as world:
        client = world.client()
        found = client.data(kit.allowlist_query("projectsAllowlist", inner))
        shown = found["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"]
        assert len(shown["nodes"]) == cap
        assert shown["count"] == 200
        assert shown["pageInfo"]["hasNextPage"] is (cap == 100)


def test_projects_give_100_a_page() -> None:
    """doc/api/graphql/_index.md: at most 100 records a page, whatever is asked."""
    with kit.serve(instance=many("19.3.0", 0)) as world:
        found = page(world.client(), first=500)
    assert len(found["nodes"]) == 100
    assert found["count"] == 151
    assert found["pageInfo"]["hasNextPage"]


def test_count_with_a_limit() -> None:
    """doc/api/graphql/reference/_index.md: a count above its limit answers limit + 1."""
    with kit.serve() as world:
        query = '{group(fullPath:"acme"){projects(includeSubgroups:true){count(limit:2)}}}'
        assert world.client().data(query)["group"]["projects"]["count"] == 3


def test_edges_have_cursors() -> None:
    with kit.serve() as world:
        client = world.client()
        query = '{group(fullPath:"acme"){projects(includeSubgroups:true){edges{cursor node{id}}}}}'
        edges = client.data(query)["group"]["projects"]["edges"]
        assert ids(page(client, first=1, after=edges[1]["cursor"])) == [102]


def test_groups_by_name_with_cursors() -> None:
    instance = load_instance(kit.INSTANCE.replace("{gitlab}", "{}"))
    assert len(instance.groups) == 4
    query = (
        "query($a:String){groups(first:2,after:$a){count nodes{fullPath} "
        "pageInfo{hasNextPage endCursor}}}"
    )
    with kit.serve() as world:
        client = world.client()
        first = client.data(query)["groups"]
        assert [node["fullPath"] for node in first["nodes"]] == ["acme", "acme/lib"]
        assert first["count"] == 3
        then = client.data(query, a=first["pageInfo"]["endCursor"])["groups"]
        assert [node["fullPath"] for node in then["nodes"]] == ["acme/web"]
