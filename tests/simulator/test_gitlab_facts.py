"""What GitLab does by release, setting and token kind: each test names what it traces."""

from typing import Any

import pytest
import requests

from scopelint_simulator import Simulator, load_instance
from tests.simulator.kit import Client

SCOPE = "ciCdSettings { inboundJobTokenScopeEnabled }"
LOG = "ciJobTokenAuthLogs { count nodes { originProject { fullPath } } }"


def instance(version: str = "19.3.0", **gitlab: Any) -> dict[str, Any]:
    at = "2026-11-01T10:00:00Z"
    return {
        "gitlab": {"version": version, "enforce_inbound": False, **gitlab},
        "users": [{"username": "root", "admin": True}, {"username": "bot"}],
        "tokens": [
            {"token": "t-root", "user": "root", "scopes": ["api"]},
            {"token": "t-mode", "user": "root", "scopes": ["api", "admin_mode"]},
            {"token": "t-bot", "user": "bot", "scopes": ["api"]},
            {"token": "t-fine", "user": "bot", "kind": "fine_grained", "scopes": ["read_job_token_scope"]},
            {"token": "glcbt-job", "user": "bot", "kind": "job"},
        ],
        "roles": [{"user": "bot", "on": path, "role": "maintainer"} for path in ("acme", "strict", "far")],
        "groups": [
            {"id": 10, "path": "acme"},
            {"id": 11, "path": "strict", "requires_fine_grained": True},
            {"id": 12, "path": "far", "organization": "other"},
            {"id": 13, "path": "strict/below"},
        ],
        "projects": [
            {
                "id": 101,
                "path": "acme/shop",
                "scope": {
                    "log": [
                        {"origin": "acme/shop", "at": at},
                        {"origin": "acme/tool", "at": at},
                        {"origin": {"id": 999, "path": "acme/gone", "gone": True}, "at": at},
                    ]
                },
            },
            {"id": 102, "path": "acme/tool"},
            {"id": 103, "path": "strict/below/app"},
            {"id": 104, "path": "far/app"},
        ],
    }  # fmt: skip


def graphql(gitlab: Simulator, token: str, query: str) -> dict[str, Any]:
    body: dict[str, Any] = Client(gitlab.url, token).graphql(query)
    return body


def rest(
    gitlab: Simulator, token: str, path: str, method: str = "GET", body: Any = None
) -> requests.Response:
    return Client(gitlab.url, token).rest(method, path, json=body)


def asked(given: dict[str, Any], token: str, query: str) -> dict[str, Any]:
    with Simulator(load_instance(given)) as gitlab:
        return graphql(gitlab, token, query)


@pytest.mark.parametrize(("version", "origins"), [("18.0.0", 1), ("18.1.0", 2)])
def test_own_uses_are_logged_since_18_1_and_gone_origins_drop_out(
    version: str, origins: int
) -> None:
    body = asked(instance(version), "t-bot", f'{{ project(fullPath: "acme/shop") {{ {LOG} }} }}')
    shown = body["data"]["project"]["ciJobTokenAuthLogs"]
    assert shown["count"] == origins
    assert {row["originProject"]["fullPath"] for row in shown["nodes"]} >= {"acme/tool"}


def test_a_flag_is_read_by_any_signed_in_user() -> None:
    given = instance("18.2.0", feature_flags={"allow_push_repository_for_job_token": True})
    query = '{ metadata { featureFlags(names: ["allow_push_repository_for_job_token", "no_such"]) { name enabled } } }'
    flags = asked(given, "t-bot", query)["data"]["metadata"]["featureFlags"]
    assert [flag["enabled"] for flag in flags] == [True, False]
    many = ", ".join(f'"f{number}"' for number in range(21))
    assert asked(given, "t-bot", f"{{ metadata {{ featureFlags(names: [{many}]) {{ name }} }} }}")[
        "errors"
    ]


def test_admin_mode_makes_an_administrator_an_ordinary_user_over_rest_alone() -> None:
    with Simulator(load_instance(instance(admin_mode=True))) as gitlab:
        assert rest(gitlab, "t-root", "/user").json()["is_admin"] is True
        assert rest(gitlab, "t-root", "/application/settings").status_code == 403
        assert rest(gitlab, "t-root", "/projects/101").status_code == 404
        assert rest(gitlab, "t-mode", "/application/settings").status_code == 200
        assert rest(gitlab, "t-mode", "/projects/101").status_code == 200
        body = graphql(gitlab, "t-root", f'{{ project(fullPath: "acme/shop") {{ {SCOPE} }} }}')
        assert body["data"]["project"]["ciCdSettings"] is not None


def test_a_group_that_requires_fine_grained_tokens_refuses_classic_ones_with_a_path() -> None:
    query = f'{{ a: project(fullPath: "acme/shop") {{ {SCOPE} }} b: project(fullPath: "strict/below/app") {{ {SCOPE} }} }}'
    body = asked(instance(), "t-bot", query)
    assert body["data"]["a"]["ciCdSettings"] is not None
    assert body["data"]["b"]["ciCdSettings"] is None
    [error] = body["errors"]
    assert error["path"] == ["b", "ciCdSettings"]
    assert "requires a fine-grained personal access token" in error["message"]
    assert "errors" not in asked(instance("18.9.0"), "t-bot", query)
    with Simulator(load_instance(instance())) as gitlab:
        refused = rest(gitlab, "t-bot", "/projects/103/job_token_scope")
        assert refused.status_code == 403
        assert "requires a fine-grained" in refused.json()["error_description"]
        assert rest(gitlab, "t-fine", "/projects/103/job_token_scope").status_code == 200
    everywhere = asked(instance(requires_fine_grained=True), "t-bot", query)
    assert [error["path"][0] for error in everywhere["errors"]] == ["a", "b"]


def test_projects_by_id_are_those_of_the_own_organization() -> None:
    ids = '["gid://gitlab/Project/101", "gid://gitlab/Project/104"]'
    body = asked(
        instance(),
        "t-bot",
        f"{{ projects(ids: {ids}) {{ nodes {{ fullPath }} }}"
        f' group(fullPath: "far") {{ projects(ids: {ids}) {{ nodes {{ fullPath }} }} }} }}',
    )["data"]
    assert [each["fullPath"] for each in body["projects"]["nodes"]] == ["acme/shop"]
    assert [each["fullPath"] for each in body["group"]["projects"]["nodes"]] == ["far/app"]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("READ_PACKAGES", "17.7.0", "19.3.0"),
        ("READ_PIPELINES", "17.11.0", "19.3.0"),
        ("READ_REPOSITORIES", "18.0.0", "19.3.0"),
        ("ADMIN_REPOSITORIES", "19.0.0", "19.3.0"),
        ("READ_CONTAINERS", "17.7.0", "17.11.0"),
    ],
)
def test_names_of_permissions_by_release(name: str, first: str, last: str) -> None:
    query = '{ __type(name: "CiJobTokenScopePolicies") { enumValues { name } } }'
    releases = ("17.7.0", "17.10.0", "17.11.0", "18.0.0", "18.9.0", "19.0.0", "19.3.0")
    order = {version: number for number, version in enumerate(releases)}
    for version in releases:
        values = asked(instance(version), "t-bot", query)["data"]["__type"]["enumValues"]
        there = order[first] <= order[version] <= order[last]
        assert (name in {value["name"] for value in values}) == there, version


@pytest.mark.parametrize(("version", "made"), [("18.8.0", False), ("18.9.0", True)])
def test_policies_for_the_project_itself_make_its_row(version: str, made: bool) -> None:
    mutation = """mutation { ciJobTokenScopeUpdatePolicies(input: {projectPath: "acme/shop",
      targetPath: "acme/shop", defaultPermissions: false, jobTokenPolicies: [READ_JOBS]}) { errors } }"""
    with Simulator(load_instance(instance(version))) as gitlab:
        body = graphql(gitlab, "t-bot", mutation)
        errors = body["data"]["ciJobTokenScopeUpdatePolicies"]["errors"]
        assert (errors == []) == made
        rows = gitlab.instance.projects[101].scope.entries
        assert [(row.target, row.policies) for row in rows] == [(101, ("READ_JOBS",))] * made


def test_a_path_where_an_id_belongs_and_a_job_token() -> None:
    with Simulator(load_instance(instance())) as gitlab:
        place = "/projects/101/job_token_scope/allowlist"
        refused = rest(gitlab, "t-bot", place, "POST", {"target_project_id": "acme/tool"})
        assert refused.status_code == 400
        assert refused.json() == {"error": "target_project_id is invalid"}
        job = rest(gitlab, "glcbt-job", "/projects/101/job_token_scope")
        assert (job.status_code, job.json()) == (401, {"message": "401 Unauthorized"})
