"""Which types, fields and arguments each GitLab version has."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType

from scopelint_simulator.graphql_schema import schema_for
from scopelint_simulator.versions import Version, parse_version
from tests.simulator import kit

RELEASES = [
    Version(*pair)
    for pair in [
        (16, 11),
        *((17, n) for n in range(12)),
        *((18, n) for n in range(12)),
        (19, 0),
        (19, 3),
    ]
]


def fields(version: Version, name: str) -> dict[str, Any]:
    found = schema_for(version).type_map.get(name)
    return dict(found.fields) if isinstance(found, GraphQLObjectType) else {}


def first_with(type_name: str, field: str, argument: str | None = None) -> str:
    for version in RELEASES:
        found = fields(version, type_name).get(field)
        if found is not None and (argument is None or argument in found.args):
            return str(version)
    return "never"


@pytest.mark.parametrize("version", RELEASES, ids=str)
def test_every_version_builds(version: Version) -> None:
    assert schema_for(version).query_type is not None


@pytest.mark.parametrize(
    ("type_name", "field", "version"),
    [
        ("Project", "ciJobTokenScope", "16.11"),
        ("Project", "ciJobTokenAuthLogs", "17.6"),
        ("Project", "ciJobTokenScopeAllowlist", "17.7"),
        ("Project", "markedForDeletion", "18.1"),
        ("Project", "isSelfDeletionScheduled", "18.2"),
        ("Project", "isSelfArchived", "18.6"),
        ("ProjectCiCdSetting", "pushRepositoryForJobTokenAllowed", "17.2"),
        ("ProjectCiCdSetting", "crossProjectPushForJobTokenAllowed", "19.0"),
        ("CiJobTokenScopeAllowlistEntry", "jobTokenPolicies", "17.6"),
        ("CiJobTokenScopeAllowlistEntry", "defaultPermissions", "17.8"),
        ("CiJobTokenScopeAllowlistEntry", "autopopulated", "17.9"),
        ("CiJobTokenScopeType", "inboundAllowlistAutopopulatedIds", "17.9"),
        ("CiJobTokenAccessibleProject", "fullPath", "17.9"),
    ],
)
def test_first_release_of_fields(type_name: str, field: str, version: str) -> None:
    """Changelogs and the "Introduced in" notes of doc/api/graphql/reference/_index.md."""
    assert first_with(type_name, field) == version


@pytest.mark.parametrize(
    ("type_name", "argument", "version"),
    [
        ("Group", "includeArchived", "16.11"),
        ("Group", "archivedOnly", "17.10"),
        ("Query", "archived", "17.4"),
        ("Query", "ids", "16.11"),
    ],
)
def test_first_release_of_arguments(type_name: str, argument: str, version: str) -> None:
    """Changelogs 16.9 to 17.10: the filters of `projects`."""
    assert first_with(type_name, "projects", argument) == version


@pytest.mark.parametrize(
    ("version", "members"),
    [
        ("17.7", {"Group", "Project"}),
        ("17.8", {"Group", "Project"}),
        ("17.9", {"CiJobTokenAccessibleGroup", "CiJobTokenAccessibleProject"}),
    ],
)
def test_members_of_the_target_union(version: str, members: set[str]) -> None:
    """doc/api/graphql/reference/_index.md: types without authorization came in 17.9."""
    union = schema_for(parse_version(version)).type_map["CiJobTokenScopeTarget"]
    assert isinstance(union, GraphQLUnionType)
    assert {member.name for member in union.types} == members


@pytest.mark.parametrize(
    ("version", "inbound", "groups"),
    [
        ("17.8", "ProjectConnection!", "GroupConnection!"),
        (
            "17.9",
            "CiJobTokenAccessibleProjectConnection!",
            "CiJobTokenAccessibleGroupConnection!",
        ),
    ],
)
def test_types_of_the_older_lists(version: str, inbound: str, groups: str) -> None:
    """doc/api/graphql/reference/_index.md: before 17.9 these lists have a count."""
    found = fields(parse_version(version), "CiJobTokenScopeType")
    assert str(found["inboundAllowlist"].type) == inbound
    assert str(found["groupsAllowlist"].type) == groups
    connection = fields(parse_version(version), inbound.rstrip("!"))
    assert ("count" in connection) is (version == "17.8")


def test_policies_grew() -> None:
    """doc/ci/jobs/fine_grained_permissions.md: 19 policies in 18.9, 22 in 19.3."""
    counts = []
    for version in (Version(18, 9), Version(19, 3)):
        values: Any = schema_for(version).type_map["CiJobTokenScopePolicies"]
        counts.append(len(values.values))
    assert counts == [19, 22]


def test_experiments_are_deprecated_and_can_be_removed() -> None:
    """doc/api/graphql/_index.md: `?remove_deprecated=true` hides deprecated items."""
    query = '{__type(name:"Project"){fields(includeDeprecated:%s){name}}}'
    with kit.serve() as world:
        client = world.client()

        def names(include: str, path: str = "/api/graphql") -> set[str]:
            answer = client.http.post(path, json={"query": query % include}).json()
            return {field["name"] for field in answer["data"]["__type"]["fields"]}

        assert "ciJobTokenAuthLogs" in names("true")
        assert "ciJobTokenAuthLogs" not in names("false")
        assert "ciJobTokenAuthLogs" not in names("true", "/api/graphql?remove_deprecated=true")


def test_probe_shows_arguments() -> None:
    """GraphQL specification, section 4: `__type` names fields and their arguments."""
    query = '{__type(name:"Query"){fields(includeDeprecated:true){name args{name}}}}'
    with kit.serve("17.3.0") as world:
        found = world.client().data(query)["__type"]["fields"]
    projects = next(field for field in found if field["name"] == "projects")
    assert "archived" not in {argument["name"] for argument in projects["args"]}


@pytest.mark.parametrize(
    ("version", "query", "message"),
    [
        (
            "17.6.0",
            '{project(fullPath:"acme/web/shop"){ciJobTokenScopeAllowlist{__typename}}}',
            "Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'",
        ),
        (
            "17.3.0",
            "{projects(archived:INCLUDE){count}}",
            "Field 'projects' doesn't accept argument 'archived'",
        ),
        (
            "17.8.0",
            kit.allowlist_query(
                "groupsAllowlist", "nodes{target{... on CiJobTokenAccessibleGroup{id}}}"
            ),
            "No such type CiJobTokenAccessibleGroup, so it can't be a fragment condition",
        ),
    ],
)
def test_what_a_version_lacks_fails_the_whole_query(version: str, query: str, message: str) -> None:
    """doc/api/graphql/_index.md, breaking changes: HTTP 200, errors, no data."""
    with kit.serve(version) as world:
        assert world.client().message(query) == message


def test_at_most_five_validation_errors() -> None:
    """GitLab's `validate_max_errors`."""
    with kit.serve() as world:
        body = world.client().graphql("{a b c d e f g}")
    assert len(body["errors"]) == 5
    assert "data" not in body
