"""GraphQL: the job token fields, by role and version."""

from typing import Any

import pytest

from scopelint_simulator.context import NO_FINE_GRAINED, NOT_AVAILABLE, TIMED_OUT
from tests.simulator import kit

SHOP = '{project(fullPath:"acme/web/shop"){%s}}'
SETTINGS = "ciCdSettings{inboundJobTokenScopeEnabled jobTokenScopeEnabled pushRepositoryForJobTokenAllowed}"
ALLOWLIST = (
    "ciJobTokenScopeAllowlist{groupsAllowlist{count nodes{%s}} projectsAllowlist{count nodes{%s}}}"
)
TARGETS = "target{... on CiJobTokenAccessibleGroup{fullPath} ... on CiJobTokenAccessibleProject{fullPath}}"
OLD_TARGETS = "target{... on Group{fullPath} ... on Project{fullPath}}"


def entries(client: kit.Client, inner: str) -> tuple[list[Any], list[Any]]:
    found = client.data(SHOP % (ALLOWLIST % (inner, inner)))["project"]["ciJobTokenScopeAllowlist"]
    return found["groupsAllowlist"]["nodes"], found["projectsAllowlist"]["nodes"]


def test_own_flag_is_never_the_effective_one() -> None:
    """doc/api/graphql/reference/_index.md: `inboundJobTokenScopeEnabled` is the project's own."""
    query = SHOP.replace("shop", "site") % SETTINGS
    with kit.serve(enforce_inbound=True) as world:
        found = world.client().data(query)["project"]["ciCdSettings"]
        effective = world.client().get("/projects/102/job_token_scope")
    assert found == {
        "inboundJobTokenScopeEnabled": False,
        "jobTokenScopeEnabled": True,
        "pushRepositoryForJobTokenAllowed": False,
    }
    assert effective["inbound_enabled"]


def test_no_settings_row() -> None:
    """GitLab issue 421050: without a row the settings are null and the project is restricted."""
    query = (
        SHOP.replace("web/shop", "lib/old") % f"{SETTINGS} ciJobTokenScopeAllowlist{{__typename}}"
    )
    with kit.serve(enforce_inbound=False) as world:
        found = world.client().data(query)["project"]
        effective = world.client().get("/projects/104/job_token_scope")
    assert found["ciCdSettings"] is None
    assert found["ciJobTokenScopeAllowlist"] is not None
    assert effective == {"inbound_enabled": True, "outbound_enabled": False}


def test_below_maintainer() -> None:
    """doc/api/graphql/_index.md: silent null for the settings, null and an error for the rest."""
    query = SHOP % (
        SETTINGS + " ciJobTokenScope{inboundAllowlistCount} ciJobTokenScopeAllowlist{__typename} "
        "ciJobTokenAuthLogs{count}"
    )
    with kit.serve() as world:
        body = world.client("t-dev").graphql(query)
    assert set(body["data"]["project"].values()) == {None}
    refused = [(error["path"], error["message"]) for error in body["errors"]]
    assert refused == [
        (["project", field], NOT_AVAILABLE)
        for field in ("ciJobTokenScope", "ciJobTokenScopeAllowlist", "ciJobTokenAuthLogs")
    ]


def test_entries() -> None:
    """doc/api/graphql/reference/_index.md: no row of the project itself, rows of both directions."""
    inner = (
        "createdAt autopopulated defaultPermissions jobTokenPolicies direction "
        f"addedBy{{username}} sourceProject{{fullPath}} {TARGETS}"
    )
    with kit.serve() as world:
        groups, projects = entries(world.client(), inner)
    assert groups == [
        {
            "createdAt": "2025-01-02T00:00:00Z",
            "autopopulated": True,
            "defaultPermissions": True,
            "jobTokenPolicies": [],
            "direction": "inbound",
            "addedBy": {"username": "dev"},
            "sourceProject": {"fullPath": "acme/web/shop"},
            "target": {"fullPath": "acme/web"},
        }
    ]
    shown = [(row["direction"], row["target"], row["jobTokenPolicies"]) for row in projects]
    assert shown == [
        ("inbound", None, []),
        ("outbound", {"fullPath": "acme/lib/old"}, []),
        ("inbound", {"fullPath": "partner/sdk"}, []),
        ("inbound", {"fullPath": "hidden/secret"}, []),
        ("inbound", {"fullPath": "acme/lib/core"}, ["READ_PACKAGES"]),
    ]


def test_unreadable_targets_are_null_before_17_9() -> None:
    """doc/api/graphql/reference/_index.md: 17.7 and 17.8 ask for read access to the target."""
    with kit.serve("17.8.0") as world:
        _, mine = entries(world.client(), OLD_TARGETS)
        _, admins = entries(world.client("t-admin"), OLD_TARGETS)
    paths = [row["target"] and row["target"]["fullPath"] for row in mine]
    assert paths == [None, "acme/lib/old", None, None, "acme/lib/core"]
    assert admins[3] == {"target": {"fullPath": "hidden/secret"}}


def test_older_lists() -> None:
    """doc/api/graphql/reference/_index.md: `ciJobTokenScope` lists the project itself."""
    query = SHOP % (
        "ciJobTokenScope{inboundAllowlist{count nodes{fullPath}} groupsAllowlist{count nodes{fullPath}} "
        "outboundAllowlist{nodes{fullPath}} projects{count}}"
    )
    with kit.serve("16.11.0") as world:
        found = world.client().data(query)["project"]["ciJobTokenScope"]
    inbound = [node["fullPath"] for node in found["inboundAllowlist"]["nodes"]]
    assert inbound == ["acme/lib/core", "acme/web/shop"], "the unreadable are missing silently"
    assert found["inboundAllowlist"]["count"] == 4
    assert found["groupsAllowlist"] == {"count": 1, "nodes": [{"fullPath": "acme/web"}]}
    outbound = [node["fullPath"] for node in found["outboundAllowlist"]["nodes"]]
    assert outbound == ["acme/lib/old", "acme/web/shop"]
    assert found["projects"]["count"] == 2


def test_older_lists_since_17_9() -> None:
    query = SHOP % (
        "ciJobTokenScope{inboundAllowlist{nodes{fullPath}} inboundAllowlistCount "
        "groupsAllowlistCount groupAllowlistAutopopulatedIds}"
    )
    with kit.serve("17.9.0") as world:
        found = world.client().data(query)["project"]["ciJobTokenScope"]
    assert [node["fullPath"] for node in found["inboundAllowlist"]["nodes"]] == [
        "partner/sdk",
        "hidden/secret",
        "acme/lib/core",
        "acme/web/shop",
    ]
    assert (found["inboundAllowlistCount"], found["groupsAllowlistCount"]) == (4, 1)
    assert found["groupAllowlistAutopopulatedIds"] == ["gid://gitlab/Group/11"]


def test_autopopulated_row_of_a_deleted_target_breaks_its_field() -> None:
    """GitLab asks the row's target for its id without a look whether there is one."""
    gone = kit.INSTANCE.replace("{gone: project}", "{gone: project, autopopulated: true}")
    query = SHOP % "ciJobTokenScope{inboundAllowlistAutopopulatedIds}"
    with kit.serve(instance=gone) as world:
        answer = world.client().http.post("api/graphql", json={"query": query})
    assert answer.status_code == 500
    assert answer.json() == {"errors": [{"message": "Internal server error"}]}


LOG = '{project(fullPath:"%s"){ciJobTokenAuthLogs{count nodes{lastAuthorizedAt originProject{fullPath}}}}}'


def test_log() -> None:
    """doc/ci/jobs/ci_job_token.md, authentication log."""
    with kit.serve("17.9.0") as world:
        found = world.client().data(LOG % "acme/lib/core")["project"]["ciJobTokenAuthLogs"]
    assert found["nodes"] == [
        {
            "lastAuthorizedAt": "2026-11-01T10:00:00Z",
            "originProject": {"fullPath": "hidden/secret"},
        }
    ]


@pytest.mark.parametrize("version", ["17.6.0", "17.8.0"])
def test_one_unreadable_origin_fails_the_whole_log_before_17_9(version: str) -> None:
    """GitLab merge request 178401 corrected it in 17.9."""
    with kit.serve(version) as world:
        body = world.client().graphql(LOG % "acme/lib/core")
        fine = world.client().data(LOG % "acme/web/shop")["project"]["ciJobTokenAuthLogs"]
    assert body["data"]["project"]["ciJobTokenAuthLogs"] is None
    (error,) = body["errors"]
    assert error["path"] == ["project", "ciJobTokenAuthLogs"]
    assert "Cannot return null for non-nullable field CiJobTokenAuthLog" in error["message"]
    assert fine["count"] == 1


def test_log_gives_at_most_1000_origins() -> None:
    """GitLab's `AUTHORIZATION_ROW_LIMIT`."""
    rows = ",".join(
        f"{{origin: {{id: {2000 + i}, path: x/p{i}}}, at: 2026-01-01}}" for i in range(1001)
    )
    old = "scope: {log: [{origin: hidden/secret, at: 2026-11-01T10:00:00Z}]}"
    instance = kit.INSTANCE.replace(old, f"scope: {{log: [{rows}]}}")
    assert instance != kit.INSTANCE
    with kit.serve(instance=instance) as world:
        found = world.client().data(LOG % "acme/lib/core")["project"]["ciJobTokenAuthLogs"]
    assert found["count"] == 1000
    assert len(found["nodes"]) == 100


def test_fine_grained_tokens_are_refused() -> None:
    """doc/auth/tokens/fine_grained_access_tokens.md: the job token types are not covered."""
    query = SHOP % ("fullPath " + SETTINGS + " ciJobTokenScopeAllowlist{__typename}")
    with kit.serve() as world:
        body = world.client("t-fine").graphql(query)
    assert body["data"]["project"]["fullPath"] == "acme/web/shop"
    assert body["data"]["project"]["ciCdSettings"] is None
    assert {error["message"] for error in body["errors"]} == {NO_FINE_GRAINED}
    assert len(body["errors"]) == 2


@pytest.mark.parametrize("field", [SETTINGS, "ciJobTokenScope{inboundAllowlistCount}",
                                   "ciJobTokenScopeAllowlist{__typename}", "ciJobTokenAuthLogs{count}"])  # fmt: skip
def test_a_project_whose_scope_always_times_out(field: str) -> None:
    """doc/api/graphql/_index.md, limits: a request that takes too long fails as a whole."""
    instance = kit.INSTANCE.replace("path: acme/web/site,", "path: acme/web/site, fails: always,")
    query = '{group(fullPath:"acme"){projects(includeSubgroups:true){nodes{fullPath %s}}}}'
    with kit.serve(instance=instance) as world:
        http = world.client().http
        answer = http.post("api/graphql", json={"query": query % field})
        assert answer.status_code == 503
        assert answer.json() == {"errors": [{"message": TIMED_OUT}]}
        assert len(world.client().data(query % "id")["group"]["projects"]["nodes"]) == 4
        assert world.client().rest("GET", "/projects/102/job_token_scope").status_code == 503


def test_the_usual_queries_run_on_a_recent_version() -> None:
    with kit.serve() as world:
        client = world.client()
        found = client.data(kit.MAIN_WITH_LOG, p="acme", n=100)["group"]["projects"]
        assert found["count"] == len(found["nodes"]) == 4
        ids = [node["id"] for node in found["nodes"]]
        assert client.data(kit.BY_IDS, ids=ids, n=100)["projects"]["count"] == 4
        assert client.data(kit.ONE_PROJECT, p="acme/web/shop")["project"] is not None
        assert client.data(kit.LOG_ONLY, p="acme", n=100)["group"] is not None
