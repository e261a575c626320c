"""GraphQL mutations: what they change and how they refuse."""

from typing import Any

import pytest

from scopelint_simulator.context import NOT_AVAILABLE
from tests.simulator import kit

SHOP = "acme/web/shop"


def mutate(client: kit.Client, name: str, **values: Any) -> Any:
    """Run a mutation; its payload, or the first top-level error's text."""
    extra = "ciCdSettings{inboundJobTokenScopeEnabled}" if name.startswith("project") else ""
    type_name = name[0].upper() + name[1:] + "Input"
    query = f"mutation($i:{type_name}!){{{name}(input:$i){{errors {extra}}}}}"
    body = client.graphql(query, i=values)
    if "errors" in body:
        return body["errors"][0]["message"]
    return body["data"][name]


def rows(world: kit.World, number: int = 101) -> list[tuple[Any, ...]]:
    return [
        (row.kind, row.target, row.direction, row.default_permissions, row.policies)
        for row in world.simulator.instance.projects[number].scope.entries
    ]


def errors(*args: Any, **values: Any) -> list[str]:
    found: list[str] = mutate(*args, **values)["errors"]
    return found


def test_add() -> None:
    """doc/api/graphql/reference/_index.md: ciJobTokenScopeAddGroupOrProject."""
    add = "ciJobTokenScopeAddGroupOrProject"
    with kit.serve() as world:
        client = world.client("t-write")
        assert errors(client, add, projectPath=SHOP, targetPath="acme/lib") == []
        assert (
            errors(
                client,
                add,
                projectPath=SHOP,
                targetPath="acme/web/site",
                defaultPermissions=False,
                jobTokenPolicies=["READ_JOBS"],
            )
            == []
        )
        assert rows(world)[-2:] == [
            ("group", 12, "inbound", True, ()),
            ("project", 102, "inbound", False, ("READ_JOBS",)),
        ]
        assert errors(client, add, projectPath=SHOP, targetPath="acme/lib") == [
            "This group is already in the job token allowlist."
        ]
        assert errors(client, add, projectPath=SHOP, targetPath="mia") == [
            "The group or project does not exist."
        ]
        (hidden,) = errors(client, add, projectPath=SHOP, targetPath="hidden")
        assert hidden.startswith("The target_group that you are attempting to access")
        assert world.simulator.counts["writes"] == 5


def test_add_project_and_its_direction() -> None:
    add = "ciJobTokenScopeAddProject"
    with kit.serve() as world:
        client = world.client("t-write")
        values = {"projectPath": SHOP, "targetProjectPath": "acme/web/site"}
        assert "INBOUND" in mutate(client, add, direction="OUTBOUND", **values)
        assert errors(client, add, **values) == []
        assert rows(world)[-1] == ("project", 102, "inbound", True, ())


@pytest.mark.parametrize(
    ("version", "removed"), [("17.10.0", ("project", 104)), ("17.11.0", ("project", 103))]
)
def test_remove_project_without_direction(version: str, removed: tuple[str, int]) -> None:
    """GitLab issue 494322: before 17.11 the default direction was outbound."""
    remove = "ciJobTokenScopeRemoveProject"
    with kit.serve(version) as world:
        client = world.client("t-write")
        paths = {103: "acme/lib/core", 104: "acme/lib/old"}
        for number, path in paths.items():
            found = errors(client, remove, projectPath=SHOP, targetProjectPath=path)
            expected = (
                [] if number == removed[1] else ["Target project is not in the job token scope"]
            )
            assert found == expected
        left = {(row[0], row[1]) for row in rows(world)}
        assert removed not in left


def test_remove_group_and_project() -> None:
    with kit.serve() as world:
        client = world.client("t-write")
        remove = "ciJobTokenScopeRemoveGroup"
        values = {"projectPath": SHOP, "targetGroupPath": "acme/web"}
        assert errors(client, remove, **values) == []
        assert errors(client, remove, **values) == ["Target group is not in the job token scope"]
        own = {"projectPath": SHOP, "targetProjectPath": SHOP}
        assert errors(client, "ciJobTokenScopeRemoveProject", **own) == [
            "Source project cannot be removed from the job token scope"
        ]


def test_update_policies() -> None:
    update = "ciJobTokenScopeUpdatePolicies"
    with kit.serve() as world:
        client = world.client("t-write")
        fine = {"defaultPermissions": False, "jobTokenPolicies": ["ADMIN_PACKAGES"]}
        assert errors(client, update, projectPath=SHOP, targetPath="acme/web", **fine) == []
        assert rows(world)[0] == ("group", 11, "inbound", False, ("ADMIN_PACKAGES",))
        assert errors(client, update, projectPath=SHOP, targetPath="acme", **fine) == [
            "Unable to find a job token scope for the given project & target"
        ]
        assert errors(client, update, projectPath=SHOP, targetPath="nowhere", **fine) == [
            "The target does not exist"
        ]


def test_settings() -> None:
    update = "projectCiCdSettingsUpdate"
    with kit.serve(enforce_inbound=False) as world:
        client = world.client("t-write")
        values = {
            "inboundJobTokenScopeEnabled": False,
            "pushRepositoryForJobTokenAllowed": False,
            "crossProjectPushForJobTokenAllowed": True,
        }
        payload = mutate(client, update, fullPath=SHOP, **values)
        assert payload == {"errors": [], "ciCdSettings": {"inboundJobTokenScopeEnabled": False}}
        scope = world.simulator.instance.projects[101].scope
        assert (scope.inbound, scope.push, scope.cross_project_push) == (False, False, True)
        refused = mutate(client, update, fullPath=SHOP, jobTokenScopeEnabled=True)
        assert refused == "job_token_scope_enabled can only be set to false"


@pytest.mark.parametrize(("version", "refused"), [("18.7.0", False), ("18.8.0", True)])
def test_enforcement_refuses_since_18_8(version: str, refused: bool) -> None:
    """doc/administration/settings/continuous_integration.md."""
    with kit.serve(version) as world:
        client = world.client("t-write")
        payload = mutate(
            client, "projectCiCdSettingsUpdate", fullPath=SHOP, inboundJobTokenScopeEnabled=False
        )
        assert ("enforced for the instance" in "".join(payload["errors"])) is refused
        assert world.simulator.instance.projects[101].scope.inbound is refused


@pytest.mark.parametrize("token", ["t-read", "t-dev", "t-mia", "t-fine"])
def test_who_may_not(token: str) -> None:
    """doc/api/graphql/_index.md: mutations need scope `api`; scopes need Maintainer."""
    with kit.serve() as world:
        before = rows(world)
        message = mutate(
            world.client(token),
            "ciJobTokenScopeRemoveGroup",
            projectPath=SHOP,
            targetGroupPath="acme/web",
        )
        assert message == NOT_AVAILABLE or "fine-grained" in message
        assert rows(world) == before
