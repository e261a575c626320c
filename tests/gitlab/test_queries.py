"""The query texts: valid on every version, and below GitLab's limits."""

import functools

import pytest
from graphql import parse, validate
from graphql.utilities import introspection_from_schema

from scopelint.gitlab import queries
from scopelint.gitlab.capabilities import Capabilities
from scopelint_simulator.graphql_schema import schema_for
from scopelint_simulator.versions import parse_version
from tests.collect.kit import ADMIN, TOKEN, VERSIONS, company, connect, serve

pytestmark = pytest.mark.slow

EVERY = (*VERSIONS, "17.1.0", "17.3.0", "17.5.0", "17.8.0", "17.10.0", "18.1.0", "18.2.0", "19.1.0")
LISTS = ("groupsAllowlist", "projectsAllowlist", "ciJobTokenAuthLogs")
OLD_LISTS = ("groupsAllowlist", "inboundAllowlist", "outboundAllowlist")


@functools.cache
def capabilities(version: str) -> Capabilities:
    """What the schema of a version has, as the first query would find it."""
    schema = schema_for(parse_version(version))
    kinds = {kind["name"]: kind for kind in introspection_from_schema(schema)["__schema"]["types"]}
    named = {f"type_{name}": kinds.get(name) for name in _asked()}
    inbound = kinds.get("CiJobTokenScopeType")
    return Capabilities.from_data(
        {
            "metadata": {"version": version},
            "queryComplexity": {"score": 1, "limit": 250},
            "type_target": kinds.get("CiJobTokenScopeTarget"),
            "type_inbound": inbound,
            **named,
        }
    )


def _asked() -> list[str]:
    text, _ = queries.preflight([], [])
    return [part.split(":")[0] for part in text.split("type_")[1:] if part[0].isupper()]


def texts(caps: Capabilities) -> dict[str, str]:
    """Every query there is, on one version."""
    lists = LISTS if caps.entry_rows and caps.log else LISTS[:2] if caps.entry_rows else OLD_LISTS
    found = {
        "preflight": queries.preflight([f"a/{i}" for i in range(queries.TARGETS)], [1])[0],
        "more paths": queries.more_targets([f"a/{i}" for i in range(queries.TARGETS)], 20, [])[0],
        "more ids": queries.more_targets([], 0, [1])[0],
        "rest of lists": queries.rest_of_lists(caps, lists),
        "group targets": queries.group_targets(caps),
        "project targets": queries.project_targets(caps),
    }
    for flag in (False, True):
        found |= {
            f"group projects {flag}": queries.group_projects(caps, first_page=flag),
            f"descendant groups {flag}": queries.descendant_groups(caps, first_page=flag),
            f"details {flag}": queries.details(caps, usage=flag),
        }
        for mine in (False, True):
            found |= {
                f"instance projects {flag} {mine}": queries.instance_projects(
                    caps, first_page=flag, membership=mine
                ),
                f"instance groups {flag} {mine}": queries.instance_groups(
                    caps, first_page=flag, membership=mine
                ),
            }
    return found


@pytest.mark.parametrize("version", EVERY)
def test_every_query_is_valid_on_every_version(version: str) -> None:
    schema = schema_for(parse_version(version))
    for name, text in texts(capabilities(version)).items():
        assert validate(schema, parse(text)) == [], name
        assert len(text) < 10_000, name
        assert text.lstrip().startswith("query"), name


@pytest.mark.parametrize("version", ["16.11.0", "17.7.0", "18.5.0", "19.3.0"])
@pytest.mark.parametrize("token", [TOKEN, ADMIN])
def test_every_query_costs_less_than_the_limit_with_room(version: str, token: str) -> None:
    with serve(company(version)) as simulator, connect(simulator.url, token) as connection:
        for name, text in texts(capabilities(version)).items():
            variables = {"ids": ["gid://gitlab/Project/101"], "path": "acme"}
            variables |= {f"p{i}": f"acme/{i}" for i in range(40)}
            costed = text.replace("{\n", "{\n queryComplexity { score limit }\n", 1)
            body = connection.post_graphql({"query": costed, "variables": variables}).body
            score = body["data"]["queryComplexity"]["score"]
            assert score <= 200, (name, score, body.get("errors"))


def test_no_query_writes() -> None:
    for version in EVERY:
        for text in texts(capabilities(version)).values():
            assert "mutation" not in text.lower()


def test_archived_is_not_asked_for_before_its_version() -> None:
    old, new = capabilities("17.3.0"), capabilities("17.4.0")
    assert "archived: INCLUDE" not in queries.details(old, usage=False)
    assert "archived: INCLUDE" in queries.details(new, usage=False)


def test_the_log_is_asked_for_only_where_it_is_wanted_and_whole() -> None:
    assert "ciJobTokenAuthLogs" not in queries.details(capabilities("19.3.0"), usage=False)
    assert "ciJobTokenAuthLogs" in queries.details(capabilities("17.9.0"), usage=True)
    assert "ciJobTokenAuthLogs" not in queries.details(capabilities("17.8.0"), usage=True)


def test_the_count_is_asked_for_once() -> None:
    assert "count" in queries.group_projects(Capabilities(), first_page=True)
    assert "count" not in queries.group_projects(Capabilities(), first_page=False)


def test_paths_and_ids_go_into_variables_alone() -> None:
    nasty = 'acme"){id}}#'
    text, variables = queries.preflight([nasty], [7])
    assert nasty not in text
    assert variables == {
        "p0": nasty,
        "g": ["gid://gitlab/Group/7"],
        "j": ["gid://gitlab/Project/7"],
    }


def test_a_query_for_more_targets_numbers_on() -> None:
    text, variables = queries.more_targets(["a", "b"], 20, ())
    assert variables == {"p20": "a", "p21": "b"}
    assert "group_20: group(fullPath: $p20)" in text
    assert "project_21: project(fullPath: $p21)" in text


def test_global_ids() -> None:
    assert queries.gid("Project", 7) == "gid://gitlab/Project/7"
