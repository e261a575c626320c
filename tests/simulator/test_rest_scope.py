"""REST: the job token scope routes, by role and version."""

from typing import Any

import pytest

from tests.simulator import kit

SCOPE = "/projects/101/job_token_scope"


def told(client: kit.Client, method: str, path: str, status: int, **options: Any) -> str:
    """The message of an answer that must have this status."""
    answer = client.rest(method, path, **options)
    assert answer.status_code == status, answer.text
    body = answer.json()
    return str(body.get("message") or body["error"])


def ids(client: kit.Client, path: str) -> list[int]:
    return [row["id"] for row in client.get(path)]


@pytest.mark.parametrize(("enforced", "inbound"), [(True, True), (False, False)])
def test_effective_values(enforced: bool, inbound: bool) -> None:
    """doc/api/project_job_token_scopes.md: true where the instance enforces."""
    with kit.serve(enforce_inbound=enforced) as world:
        client = world.client()
        assert client.get("/projects/102/job_token_scope") == {
            "inbound_enabled": inbound,
            "outbound_enabled": True,
        }
        assert client.get("/projects/acme%2Fweb%2Fshop/job_token_scope")["inbound_enabled"]


def test_allowlist_holds_the_project_itself_and_what_cannot_be_read() -> None:
    """GitLab's `Allowlist#target_projects`; outbound rows and deleted targets are left out."""
    with kit.serve() as world:
        rows = world.client().get(f"{SCOPE}/allowlist")
        assert [row["id"] for row in rows] == [101, 103, 201, 900]
        assert [row["path_with_namespace"] for row in rows][2:] == ["hidden/secret", "partner/sdk"]
        assert all("archived" not in row for row in rows)
        assert "default_branch" in rows[1]
        assert "default_branch" not in rows[2], "only for those who can read the code"
        assert rows[0]["namespace"]["kind"] == "group"
        assert rows[0]["namespace"]["full_path"] == "acme/web"


def test_groups_allowlist_gives_three_fields() -> None:
    """doc/api/project_job_token_scopes.md: id, web_url, name; no full path."""
    with kit.serve() as world:
        url = world.simulator.url
        assert world.client().get(f"{SCOPE}/groups_allowlist") == [
            {"id": 11, "web_url": f"{url}/groups/acme/web", "name": "Web"}
        ]


def test_paging_of_the_allowlist() -> None:
    with kit.serve() as world:
        answer = world.client().rest("GET", f"{SCOPE}/allowlist?per_page=3&page=2")
        assert [row["id"] for row in answer.json()] == [900]
        assert answer.headers["x-total"] == "4"
        assert answer.headers["x-prev-page"] == "1"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SCOPE),
        ("PATCH", SCOPE),
        ("GET", f"{SCOPE}/allowlist"),
        ("POST", f"{SCOPE}/allowlist"),
        ("DELETE", f"{SCOPE}/allowlist/103"),
        ("GET", f"{SCOPE}/groups_allowlist"),
        ("POST", f"{SCOPE}/groups_allowlist"),
        ("DELETE", f"{SCOPE}/groups_allowlist/11"),
    ],
)
def test_who_may_not(method: str, path: str) -> None:
    """doc/api/project_job_token_scopes.md: 401, 403 below Maintainer, 404 where invisible."""
    body = {"enabled": True, "target_project_id": 102, "target_group_id": 12}
    with kit.serve() as world:
        for token in (None, "wrong"):
            message = told(world.client(token), method, path, 401, json=body)
            assert message == "401 Unauthorized"
        forbidden = told(world.client("t-dev"), method, path, 403, json=body)
        assert forbidden.startswith("403 Forbidden")
        assert forbidden.endswith("job token scope") is (method == "DELETE")
        missing = told(world.client("t-mia"), method, path, 404, json=body)
        assert missing == "404 Project Not Found"
        if method != "GET":
            assert (
                told(world.client("t-read"), method, path, 403, json=body) == "insufficient_scope"
            )
        small = world.client("t-small").rest(method, path, json=body)
        assert small.status_code == 403
        assert small.json()["error_description"].startswith(
            "The request requires higher privileges"
        )
        assert world.simulator.counts["writes"] == 0


def test_public_project_of_others_is_forbidden_not_missing() -> None:
    with kit.serve() as world:
        assert told(world.client(), "GET", "/projects/301/job_token_scope", 403) == "403 Forbidden"


@pytest.mark.parametrize("header", ["PRIVATE-TOKEN", "JOB-TOKEN", "Authorization"])
def test_job_tokens_are_refused(header: str) -> None:
    """doc/ci/jobs/ci_job_token.md: these routes are not among those a job token can use."""
    value = "Bearer glcbt-job" if header == "Authorization" else "glcbt-job"
    with kit.serve() as world:
        client = world.client(None)
        assert told(client, "GET", SCOPE, 401, headers={header: value}) == "401 Unauthorized"


def test_expired_token() -> None:
    with kit.serve() as world:
        answer = world.client("t-old").rest("GET", "/user")
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_token"


def test_fine_grained_token() -> None:
    """doc/auth/tokens/fine_grained_access_tokens.md: one permission a route."""
    with kit.serve() as world:
        client = world.client("t-fine")
        assert client.get(SCOPE)["inbound_enabled"]
        answer = client.rest("GET", f"{SCOPE}/allowlist")
        assert answer.status_code == 403
        assert answer.json()["error"] == "insufficient_granular_scope"
        assert "[read_job_token_scope_allowlist]" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("version", "status", "inbound"), [("18.7.0", 204, False), ("18.8.0", 400, True)]
)
def test_patch_under_enforcement(version: str, status: int, inbound: bool) -> None:
    """doc/api/project_job_token_scopes.md: an error since 18.8, without effect before."""
    with kit.serve(version) as world:
        client = world.client("t-write")
        answer = client.rest("PATCH", SCOPE, json={"enabled": False})
        assert answer.status_code == status
        if status == 400:
            assert "enforced for the instance" in answer.json()["message"]
        assert world.simulator.instance.projects[101].scope.inbound is inbound
        assert client.get(SCOPE)["inbound_enabled"]
        assert client.rest("PATCH", SCOPE, json={"enabled": True}).content == b""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "enabled is missing"),
        ({"enabled": None}, "enabled is empty"),
        ({"enabled": 123}, "enabled is invalid"),
        ({"outbound_scope_enabled": True}, "enabled is missing"),
    ],
)
def test_patch_with_wrong_parameters(body: dict[str, Any], message: str) -> None:
    with kit.serve() as world:
        assert told(world.client("t-write"), "PATCH", SCOPE, 400, json=body) == message


def test_patch_by_form() -> None:
    with kit.serve(enforce_inbound=False) as world:
        client = world.client("t-write")
        assert client.rest("PATCH", SCOPE, data={"enabled": "false"}).status_code == 204
        assert client.get(SCOPE)["inbound_enabled"] is False


def test_post_and_delete() -> None:
    """doc/api/project_job_token_scopes.md."""
    with kit.serve() as world:
        client = world.client("t-write")
        answer = client.rest("POST", f"{SCOPE}/allowlist", json={"target_project_id": 102})
        assert (answer.status_code, answer.json()) == (
            201,
            {"source_project_id": 101, "target_project_id": 102},
        )
        answer = client.rest("POST", f"{SCOPE}/groups_allowlist", json={"target_group_id": "12"})
        assert (answer.status_code, answer.json()) == (
            201,
            {"source_project_id": 101, "target_group_id": 12},
        )
        assert ids(client, f"{SCOPE}/allowlist") == [101, 103, 201, 900, 102]
        assert ids(client, f"{SCOPE}/groups_allowlist") == [11, 12]
        row = world.simulator.instance.projects[101].scope.entries[-1]
        assert row.default_permissions
        assert row.added_by is not None
        assert row.added_by.username == "bot"
        assert client.rest("DELETE", f"{SCOPE}/allowlist/102").status_code == 204
        assert client.rest("DELETE", f"{SCOPE}/groups_allowlist/12").status_code == 204
        assert ids(client, f"{SCOPE}/groups_allowlist") == [11]
        assert world.simulator.counts["writes"] == 4


@pytest.mark.parametrize(
    ("kind", "body", "status", "message"),
    [
        ("project", {"target_project_id": 103}, 400, "This project is already in the job token allowlist."),
        ("group", {"target_group_id": 11}, 400, "This group is already in the job token allowlist."),
        ("project", {"target_project_id": 999}, 404, "404 target_project_id not found Not Found"),
        ("group", {"target_group_id": 999}, 404, "404 target_group_id not found Not Found"),
        ("group", {"target_group_id": 30}, 404, "404 target_group_id not found Not Found"),
        ("group", {"target_group_id": 20}, 400, "The target_group that you are attempting to access"),
        ("project", {}, 400, "target_project_id is missing"),
        ("project", {"target_project_id": ""}, 400, "target_project_id is empty"),
        ("project", {"target_project_id": 12.34}, 400, "target_project_id is invalid"),
        ("group", {"target_group_id": "acme/web"}, 400, "target_group_id is invalid"),
    ],
)  # fmt: skip
def test_post_that_is_refused(kind: str, body: dict[str, Any], status: int, message: str) -> None:
    """doc/api/project_job_token_scopes.md; a personal namespace (30) is no group."""
    path = f"{SCOPE}/{'groups_' if kind == 'group' else ''}allowlist"
    with kit.serve() as world:
        assert message in told(world.client("t-write"), "POST", path, status, json=body)


def test_post_and_delete_take_no_path_for_the_project() -> None:
    """GitLab declares `id` as Integer on these two."""
    path = "/projects/acme%2Fweb%2Fshop/job_token_scope/allowlist"
    with kit.serve() as world:
        client = world.client("t-write")
        body = {"target_project_id": 102}
        assert told(client, "POST", path, 400, json=body) == "id is invalid"
        assert told(client, "DELETE", f"{path}/103", 400) == "id is invalid"


@pytest.mark.parametrize(("version", "status"), [("18.0.0", 400), ("18.1.0", 201)])
def test_the_project_itself(version: str, status: int) -> None:
    """Changelog 18.1: a project may stand in its own allowlist; then REST lists it twice."""
    with kit.serve(version) as world:
        client = world.client("t-write")
        answer = client.rest("POST", f"{SCOPE}/allowlist", json={"target_project_id": 101})
        assert answer.status_code == status
        listed = ids(client, f"{SCOPE}/allowlist")
        assert listed.count(101) == (2 if status == 201 else 1)
        query = '{project(fullPath:"acme/web/shop"){ciJobTokenScope{inboundAllowlistCount}}}'
        count = client.data(query)["project"]["ciJobTokenScope"]["inboundAllowlistCount"]
        assert count == len(listed)
        refused = told(client, "DELETE", f"{SCOPE}/allowlist/101", 400)
        assert "Source project cannot be removed" in refused


@pytest.mark.parametrize("kind", ["project", "group"])
def test_200_places(kind: str) -> None:
    """doc/ci/jobs/ci_job_token.md: 200 projects and 200 groups."""
    old = "        - {group: acme/web, created_at"
    rows = "".join(
        f"        - {{{kind}: {{id: {1000 + i}, path: x/p{i}}}}}\n"
        for i in range(199 if kind == "group" else 196)
    )
    path = f"{SCOPE}/{'groups_' if kind == 'group' else ''}allowlist"
    body = {f"target_{kind}_id": 102 if kind == "project" else 12}
    with kit.serve(instance=kit.INSTANCE.replace(old, rows + old)) as world:
        message = told(world.client("t-write"), "POST", path, 400, json=body)
        assert "exceeds the allowable number of" in message


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("allowlist/102", 400, "Target project is not in the job token scope"),
        ("groups_allowlist/12", 400, "Target group is not in the job token scope"),
        ("allowlist/999", 404, "404 Project Not Found"),
        ("groups_allowlist/999", 404, "404 target_group_id not found Not Found"),
    ],
)
def test_delete_that_is_refused(path: str, status: int, message: str) -> None:
    with kit.serve() as world:
        assert message in told(world.client("t-write"), "DELETE", f"{SCOPE}/{path}", status)


@pytest.mark.parametrize(("version", "status"), [("18.9.0", 404), ("19.0.0", 204)])
def test_delete_of_an_unreadable_project(version: str, status: int) -> None:
    """GitLab 19: the target need not be readable any more."""
    with kit.serve(version) as world:
        answer = world.client("t-write").rest("DELETE", f"{SCOPE}/allowlist/201")
        assert answer.status_code == status


def test_put_project() -> None:
    """doc/api/projects.md: `ci_push_repository_for_job_token_allowed`."""
    name = "ci_push_repository_for_job_token_allowed"
    with kit.serve() as world:
        client = world.client("t-write")
        assert client.rest("PUT", "/projects/102", json={name: True}).json()[name] is True
        assert world.simulator.instance.projects[102].scope.push
        assert told(client, "PUT", "/projects/102", 400, json={}) == f"{name} is missing"
        assert told(world.client("t-dev"), "PUT", "/projects/102", 403, json={name: True})
