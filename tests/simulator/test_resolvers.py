"""GraphQL: groups, projects, the caller, and how requests fail."""

from typing import Any

import pytest

from tests.simulator import kit

GROUP = '{group(fullPath:"%s"){id fullPath name webUrl projectsCount descendantGroupsCount}}'


def paths(found: Any) -> list[str]:
    return [node["fullPath"] for node in found["nodes"]]


def test_group() -> None:
    with kit.serve() as world:
        found = world.client().data(GROUP % "ACME")["group"]
        assert found["id"] == "gid://gitlab/Group/10"
        assert found["webUrl"] == f"{world.simulator.url}/groups/acme"
        assert (found["projectsCount"], found["descendantGroupsCount"]) == (0, 2)


@pytest.mark.parametrize("path", ["hidden", "nowhere"])
def test_group_that_is_not_visible_is_null_without_error(path: str) -> None:
    """doc/api/graphql/_index.md: what cannot be seen is null."""
    with kit.serve() as world:
        assert world.client().data(GROUP % path) == {"group": None}
        query = '{project(fullPath:"hidden/secret"){id}}'
        assert world.client().data(query) == {"project": None}


def test_project_fields() -> None:
    query = """{project(fullPath:"acme/lib/old"){id fullPath name webUrl visibility archived jobsEnabled
      markedForDeletionOn isSelfDeletionScheduled isSelfDeletionInProgress markedForDeletion
      maxAccessLevel{integerValue stringValue} group{fullPath} namespace{fullPath} rootGroup{name}
      userPermissions{adminProject} lastActivityAt nameWithNamespace}}"""
    with kit.serve() as world:
        found = world.client().data(query)["project"]
        assert found.pop("webUrl") == f"{world.simulator.url}/acme/lib/old"
    assert found == {
        "id": "gid://gitlab/Project/104",
        "fullPath": "acme/lib/old",
        "name": "old",
        "visibility": "private",
        "archived": True,
        "jobsEnabled": True,
        "markedForDeletionOn": "2026-12-01",
        "isSelfDeletionScheduled": True,
        "isSelfDeletionInProgress": False,
        "markedForDeletion": True,
        "maxAccessLevel": {"integerValue": 40, "stringValue": "MAINTAINER"},
        "group": {"fullPath": "acme/lib"},
        "namespace": {"fullPath": "acme/lib"},
        "rootGroup": {"name": "Acme"},
        "userPermissions": {"adminProject": True},
        "lastActivityAt": "2023-01-01T00:00:00Z",
        "nameWithNamespace": "Acme / Lib / old",
    }


def test_personal_project_has_a_namespace_and_no_group() -> None:
    query = (
        '{project(fullPath:"mia/scratch"){group{id} rootGroup{id} namespace{fullPath} jobsEnabled}}'
    )
    with kit.serve() as world:
        found = world.client().data(query)["project"]
        own = world.client("t-mia").data(query)["project"]
        space = world.client().data('{namespace(fullPath:"mia"){id projects{nodes{fullPath}}}}')
    assert found == {
        "group": None,
        "rootGroup": None,
        "namespace": {"fullPath": "mia"},
        "jobsEnabled": False,
    }
    assert own["jobsEnabled"], "`jobsEnabled` is what the current user may do"
    assert space["namespace"]["id"] == "gid://gitlab/Namespaces::UserNamespace/30"
    assert paths(space["namespace"]["projects"]) == ["mia/scratch"]


def test_group_projects_filters() -> None:
    query = '{group(fullPath:"acme"){projects(includeSubgroups:true,%s){nodes{fullPath}}}}'
    with kit.serve() as world:
        client = world.client()

        def found(arguments: str) -> list[str]:
            return paths(client.data(query % arguments)["group"]["projects"])

        assert found("includeArchived:false") == ["acme/lib/core", "acme/web/site", "acme/web/shop"]
        assert found("archivedOnly:true") == ["acme/lib/old"]
        assert found("notAimedForDeletion:true,first:1") == ["acme/lib/core"]
        assert found('ids:["gid://gitlab/Project/101","gid://gitlab/Project/201"]') == [
            "acme/web/shop"
        ]
        assert found('search:"SHOP"') == ["acme/web/shop"]
        direct = client.data('{group(fullPath:"acme/web"){projects{nodes{fullPath}}}}')
        assert paths(direct["group"]["projects"]) == ["acme/web/site", "acme/web/shop"]


def test_query_projects_gives_only_what_is_visible() -> None:
    """doc/api/graphql/reference/_index.md: `Query.projects` asks for readable projects."""
    query = "query($ids:[ID!]){projects(ids:$ids){count nodes{fullPath}}}"
    wanted = [f"gid://gitlab/Project/{number}" for number in (101, 201, 301, 900, 999)]
    with kit.serve() as world:
        found = world.client().data(query, ids=wanted)["projects"]
        assert paths(found) == ["mia/scratch", "acme/web/shop"]
        assert found["count"] == 2
        everything = world.client("t-admin").data(query, ids=wanted)["projects"]
        assert everything["count"] == 3
        assert world.client(None).data(query)["projects"]["count"] == 1


def test_query_projects_filters() -> None:
    query = "{projects(%s){nodes{fullPath}}}"
    with kit.serve() as world:
        client = world.client()

        def found(arguments: str) -> list[str]:
            return paths(client.data(query % arguments)["projects"])

        assert found("archived:ONLY") == ["acme/lib/old"]
        assert "acme/lib/old" not in found("archived:EXCLUDE")
        assert "mia/scratch" not in found("membership:true")
        assert found('fullPaths:["mia/scratch","hidden/secret"]') == ["mia/scratch"]
        assert found('namespacePath:"mia"') == ["mia/scratch"]
        assert "mia/scratch" not in found("minAccessLevel:MAINTAINER")
        assert found("personal:true") == []


def test_limits_on_lists_of_projects() -> None:
    """GitLab's resolver: ids without limit, 50 full paths."""
    with kit.serve() as world:
        client = world.client()
        ids = [f"gid://gitlab/Project/{number}" for number in range(1, 2000)]
        query = "query($ids:[ID!],$p:[String!]){projects(ids:$ids,fullPaths:$p){count}}"
        assert client.data(query, ids=ids)["projects"]["count"] == 5
        body = client.graphql(query, p=["x"] * 51)
        assert body["errors"][0]["message"] == "You cannot provide more than 50 full_paths"
        body = client.graphql(query, ids=["7"])
        assert body["errors"][0]["message"] == "7 is not a valid GitLab ID."


def test_groups() -> None:
    query = "query($ids:[ID!]){groups(ids:$ids){nodes{fullPath projects(includeSubgroups:true,first:1){count}}}}"
    with kit.serve() as world:
        client = world.client()
        found = client.data(query, ids=["gid://gitlab/Group/10", "gid://gitlab/Group/20"])
        assert found["groups"]["nodes"] == [{"fullPath": "acme", "projects": {"count": 4}}]
        top = client.data("{groups(topLevelOnly:true){nodes{fullPath}}}")
        assert paths(top["groups"]) == ["acme"]
        below = '{group(fullPath:"acme"){descendantGroups{nodes{fullPath parent{fullPath}}}}}'
        assert paths(client.data(below)["group"]["descendantGroups"]) == ["acme/lib", "acme/web"]


def test_a_group_is_visible_to_members_of_something_inside() -> None:
    """doc/user/group/_index.md: membership below makes a private group visible."""
    with kit.serve() as world:
        assert world.client("t-web").data(GROUP % "acme")["group"]["fullPath"] == "acme"
        assert world.client("t-mia").data(GROUP % "acme") == {"group": None}


def test_metadata_and_current_user() -> None:
    with kit.serve("18.5.1") as world:
        query = "{metadata{version revision enterprise} currentUser{id username}}"
        assert world.client().data(query) == {
            "metadata": {"version": "18.5.1", "revision": "abc1234", "enterprise": True},
            "currentUser": {"id": "gid://gitlab/User/2", "username": "bot"},
        }
        assert world.client(None).data("{currentUser{id}}") == {"currentUser": None}


@pytest.mark.parametrize("token", ["wrong", "t-old", "t-small", "glcbt-job"])
def test_tokens_that_are_refused(token: str) -> None:
    """doc/api/graphql/_index.md, doc/ci/jobs/ci_job_token.md: no job token, scope read_api or api."""
    with kit.serve() as world:
        for name in ("PRIVATE-TOKEN", "JOB-TOKEN", "Authorization"):
            value = f"Bearer {token}" if name == "Authorization" else token
            answer = world.client(None).http.post(
                "api/graphql", json={"query": "{metadata{version}}"}, headers={name: value}
            )
            assert answer.status_code == 401
            assert answer.json() == {"errors": [{"message": "Invalid token"}]}


def test_bearer_works() -> None:
    """doc/api/rest/authentication.md: OAuth-compliant headers take access tokens too."""
    with kit.serve() as world:
        headers = {"Authorization": "Bearer t-read"}
        answer = world.client(None).http.post(
            "api/graphql", json={"query": "{currentUser{username}}"}, headers=headers
        )
    assert answer.json()["data"]["currentUser"]["username"] == "bot"


def test_query_size() -> None:
    """doc/api/graphql/_index.md: 10,000 characters a query; variables do not count."""
    query = "query($p:ID!){group(fullPath:$p){id}}"
    with kit.serve() as world:
        http = world.client().http
        padded = query + " " * (10_000 - len(query))
        assert http.post("api/graphql", json={"query": padded, "variables": {"p": "x" * 9000}}).ok
        answer = http.post("api/graphql", json={"query": padded + " ", "variables": {"p": "x"}})
        assert answer.status_code == 422
        assert answer.json() == {"errors": [{"message": "Query too large"}]}


def test_multiplex() -> None:
    """doc/api/graphql/_index.md: an array is several queries; size and complexity add up."""
    with kit.serve() as world:
        http = world.client().http
        body = [{"query": "{metadata{version}}"}, {"query": "{nope}"}]
        first, second = http.post("api/graphql", json=body).json()
        assert first == {"data": {"metadata": {"version": "19.3.0"}}}
        assert "errors" in second
        large = [{"query": "{metadata{version}}" + " " * 5000}] * 2
        assert http.post("api/graphql", json=large).status_code == 422
        wide = {"query": "{" + " ".join(f"m{i}:metadata{{version}}" for i in range(100)) + "}"}
        (answer, _) = http.post("api/graphql", json=[wide, wide]).json()
        assert "exceeds max complexity of 250" in answer["errors"][0]["message"]
        assert world.simulator.counts["graphql"] == 3


@pytest.mark.parametrize("body", [b"", b"[]x", b'"x"', b'{"query": "{a}", "variables": "{"}'])
def test_bodies_that_are_no_request(body: bytes) -> None:
    with kit.serve() as world:
        assert world.client().http.post("api/graphql", data=body).status_code == 422


@pytest.mark.parametrize(
    "query", ["", "{", "query A{metadata{version}} query B{metadata{version}}"]
)
def test_queries_that_cannot_run(query: str) -> None:
    with kit.serve() as world:
        assert world.client().message(query)


def test_wrong_variables_fail_the_query() -> None:
    with kit.serve() as world:
        assert "$p" in world.client().message("query($p:ID!){group(fullPath:$p){id}}", p=None)


def test_get_requests_may_only_read() -> None:
    """doc/api/graphql/_index.md; GitLab answers a mutation by GET with 422."""
    mutation = 'mutation{projectCiCdSettingsUpdate(input:{fullPath:"x"}){errors}}'
    with kit.serve() as world:
        http = world.client("t-write").http
        answer = http.get("/api/graphql", params={"query": "{metadata{version}}"})
        assert answer.json()["data"]["metadata"]["version"] == "19.3.0"
        assert http.get("/api/graphql", params={"query": mutation}).status_code == 422
