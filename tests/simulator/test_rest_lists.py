"""REST: lists, paging, single things, the instance."""

from typing import Any

import pytest

from tests.simulator import kit

BULK = """
gitlab: {gitlab}
users: [{username: bot}]
tokens: [{token: t-read, user: bot}]
roles: [{user: bot, on: acme, role: maintainer}]
groups: [{path: acme}]
generate: [{under: acme, projects: %d}]
"""


def paths(rows: Any) -> list[str]:
    return [row.get("path_with_namespace") or row["full_path"] for row in rows]


def test_offset_headers_and_links() -> None:
    """doc/api/rest/_index.md, pagination."""
    with kit.serve(instance=BULK % 45) as world:
        client = world.client()
        path = "/groups/acme/projects?per_page=20&page=2&order_by=id&sort=asc"
        answer = client.rest("GET", path)
        names = ("x-page", "x-per-page", "x-next-page", "x-prev-page", "x-total", "x-total-pages")
        assert [answer.headers[name] for name in names] == ["2", "20", "3", "1", "45", "3"]
        assert set(answer.links) == {"prev", "next", "first", "last"}
        assert answer.links["next"]["url"].startswith(f"{world.simulator.url}/api/v4/groups/acme/")
        assert [row["id"] for row in answer.json()] == list(range(21, 41))
        last = client.http.get(answer.links["last"]["url"])
        assert len(last.json()) == 5
        assert last.headers["x-next-page"] == ""
        assert "next" not in last.links


@pytest.mark.parametrize(("query", "size"), [("", 20), ("?per_page=500", 100), ("?page=9", 0)])
def test_page_sizes(query: str, size: int) -> None:
    """doc/api/rest/_index.md: 20 a page, at most 100."""
    with kit.serve(instance=BULK % 120) as world:
        assert len(world.client().get(f"/projects{query}")) == size


@pytest.mark.parametrize("query", ["per_page=x", "page=0", "order_by=size", "archived=maybe",
                                   "visibility=secret", "min_access_level=-1"])  # fmt: skip
def test_wrong_parameters(query: str) -> None:
    with kit.serve() as world:
        assert world.client().rest("GET", f"/projects?{query}").status_code == 400


def test_totals_are_left_out_above_10_000() -> None:
    """doc/api/rest/_index.md: no x-total, x-total-pages and rel="last" above 10,000 records."""
    with kit.serve(instance=BULK % 10_001) as world:
        answer = world.client().rest("GET", "/projects?simple=true&per_page=1")
        assert "x-total" not in answer.headers
        assert "x-total-pages" not in answer.headers
        assert set(answer.links) == {"next", "first"}


def test_offset_limit() -> None:
    """doc/administration/instance_limits.md: 50,000 records by offset, then 405."""
    with kit.serve() as world:
        client = world.client()
        assert client.rest("GET", "/projects?per_page=100&page=501").status_code == 200
        answer = client.rest("GET", "/projects?per_page=100&page=502")
        assert answer.status_code == 405
        assert "maximum allowed offset of 50000" in answer.json()["error"]
        assert client.rest("GET", "/groups?per_page=100&page=502").status_code == 200


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_keyset(sort: str) -> None:
    """doc/api/rest/_index.md: keyset pagination of /projects by id."""
    url = f"/projects?pagination=keyset&order_by=id&sort={sort}&per_page=2&simple=true"
    found: list[int] = []
    with kit.serve() as world:
        client = world.client()
        answer = client.rest("GET", url)
        while True:
            found += [row["id"] for row in answer.json()]
            assert "x-total" not in answer.headers
            if "next" not in answer.links:
                break
            answer = client.http.get(answer.links["next"]["url"])
    assert found == sorted([101, 102, 103, 104, 301], reverse=sort == "desc")


@pytest.mark.parametrize("path", ["/groups/acme/projects?pagination=keyset&order_by=id",
                                  "/projects?pagination=keyset&order_by=name"])  # fmt: skip
def test_keyset_where_there_is_none(path: str) -> None:
    with kit.serve() as world:
        answer = world.client().rest("GET", path)
        assert answer.status_code == 405
        assert answer.json()["error"].startswith("Keyset pagination is not yet available")


def test_group_projects() -> None:
    """doc/api/groups.md, list projects."""
    with kit.serve() as world:
        client = world.client()

        def found(query: str) -> list[str]:
            return paths(client.get(f"/groups/acme/projects?order_by=id&sort=asc&{query}"))

        every = ["acme/web/shop", "acme/web/site", "acme/lib/core", "acme/lib/old"]
        assert found("") == []
        assert found("include_subgroups=true&with_shared=false") == every
        assert found("include_subgroups=true&archived=true") == ["acme/lib/old"]
        assert found("include_subgroups=true&archived=false") == every[:3]
        assert found("include_subgroups=true&visibility=public") == []
        assert found("include_subgroups=true&min_access_level=50") == []
        web = world.client("t-web").get("/groups/10/projects?include_subgroups=true")
        assert sorted(paths(web)) == ["acme/web/shop", "acme/web/site"]


def test_simple_and_full_projects() -> None:
    """doc/api/projects.md: `simple=true` gives limited fields."""
    with kit.serve() as world:
        client = world.client()
        (simple,) = client.get("/projects?search=shop&simple=true")
        (full,) = client.get("/projects?search=shop")
        assert "archived" not in simple
        assert full["archived"] is False
        assert full["permissions"]["group_access"]["access_level"] == 40
        assert full["builds_access_level"] == "enabled"
        assert full["ci_job_token_scope_enabled"] is False
        scratch = client.get("/projects/mia%2Fscratch")
        assert scratch["namespace"]["kind"] == "user"
        assert scratch["builds_access_level"] == "private"
        assert "ci_job_token_scope_enabled" not in scratch, "only for Maintainers"


@pytest.mark.parametrize(("version", "there"), [("18.3.0", False), ("18.4.0", True)])
def test_package_registry_level_since_18_4(version: str, there: bool) -> None:
    """Changelog 18.4."""
    with kit.serve(version) as world:
        shown = world.client().get("/projects/101")
        assert ("package_registry_access_level" in shown) is there


@pytest.mark.parametrize(("version", "value"), [("17.11.0", True), ("18.0.0", False)])
def test_outbound_attribute(version: str, value: bool) -> None:
    """doc/api/projects.md: `ci_job_token_scope_enabled` is always false since 18.0."""
    with kit.serve(version) as world:
        assert world.client().get("/projects/102")["ci_job_token_scope_enabled"] is value


def test_projects_filters() -> None:
    with kit.serve() as world:
        client = world.client()
        assert "mia/scratch" in paths(client.get("/projects"))
        assert "mia/scratch" not in paths(client.get("/projects?membership=true"))
        assert paths(client.get("/projects?visibility=public")) == ["mia/scratch"]
        assert paths(world.client(None).get("/projects")) == ["mia/scratch"]
        assert len(world.client("t-admin").get("/projects")) == 6
        assert paths(world.client("t-mia").get("/projects?owned=true")) == ["mia/scratch"]


def test_groups() -> None:
    """doc/api/groups.md."""
    with kit.serve() as world:
        client = world.client()
        assert paths(client.get("/groups")) == ["acme", "acme/lib", "acme/web"]
        assert paths(client.get("/groups?top_level_only=true")) == ["acme"]
        assert client.get("/groups?owned=true") == []
        assert paths(client.get("/groups/acme/descendant_groups")) == ["acme/lib", "acme/web"]
        assert paths(client.get("/groups/10/subgroups?sort=desc")) == ["acme/web", "acme/lib"]
        group = client.get("/groups/acme%2Fweb")
        assert (group["id"], group["parent_id"], group["full_name"]) == (11, 10, "Acme / Web")
        answer = client.rest("GET", "/groups/hidden")
        assert (answer.status_code, answer.json()) == (404, {"message": "404 Group Not Found"})
        assert "hidden" in paths(world.client("t-admin").get("/groups"))


def test_namespaces() -> None:
    """doc/api/namespaces.md."""
    with kit.serve() as world:
        client = world.client()
        assert client.get("/namespaces/mia")["kind"] == "user"
        assert client.get("/namespaces/11")["full_path"] == "acme/web"
        assert client.rest("GET", "/namespaces/hidden").status_code == 404


def test_the_instance_and_the_token() -> None:
    """doc/api/metadata.md, doc/api/version.md, doc/api/users.md, doc/api/personal_access_tokens.md."""
    with kit.serve("18.5.1") as world:
        client = world.client()
        version = client.get("/version")
        assert (version["version"], version["revision"]) == ("18.5.1", "abc1234")
        assert version["enterprise"] is True
        assert client.get("/metadata") == version
        assert client.get("/user")["username"] == "bot"
        own = client.get("/personal_access_tokens/self")
        assert (own["scopes"], own["active"]) == (["read_api"], True)
        assert world.client("t-small").get("/personal_access_tokens/self")["scopes"] == [
            "read_user"
        ]
        assert world.client("t-small").get("/user")["username"] == "bot"
        for path in ("/version", "/user", "/personal_access_tokens/self", "/application/settings"):
            assert world.client(None).rest("GET", path).status_code == 401


@pytest.mark.parametrize(("version", "there"), [("17.5.0", False), ("17.6.0", True)])
def test_application_settings(version: str, there: bool) -> None:
    """doc/api/settings.md: for administrators; the enforcement setting since 17.6."""
    name = "enforce_ci_inbound_job_token_scope_enabled"
    with kit.serve(version, enforce_inbound=True) as world:
        settings = world.client("t-admin").get("/application/settings")
        assert (name in settings) is there
        answer = world.client().rest("GET", "/application/settings")
        assert (answer.status_code, answer.json()) == (403, {"message": "403 Forbidden"})


@pytest.mark.parametrize(("path", "status"), [("/nope", 404), ("/projects/101/hooks", 404)])
def test_routes_that_do_not_exist(path: str, status: int) -> None:
    with kit.serve() as world:
        assert world.client().rest("GET", path).json() == {"error": "404 Not Found"}
        assert world.client().rest("DELETE", "/version").status_code == 405


def test_members_are_direct_and_inherited_ones_with_their_highest_role() -> None:
    """doc/api/members.md: everybody who reads the project lists them; others get 404."""
    instance = """
gitlab: {gitlab}
users: [{username: bot}, {username: dev}, {username: out}]
tokens: [{token: t-read, user: bot}, {token: t-out, user: out}]
roles:
  - {user: bot, on: acme, role: developer}
  - {user: bot, on: acme/web/shop, role: maintainer}
  - {user: dev, on: acme/web, role: owner}
groups: [{path: acme}, {path: acme/web}]
projects: [{path: acme/web/shop}]
"""
    with kit.serve(instance=instance) as world:
        route = "/projects/acme%2Fweb%2Fshop/members/all"
        rows = world.client().get(route)
        assert {row["username"]: row["access_level"] for row in rows} == {"bot": 40, "dev": 50}
        assert world.client("t-out").rest("GET", route).status_code == 404
