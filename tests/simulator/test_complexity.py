"""Cost of queries and the limits on it."""

from typing import Any

import pytest
from graphql import get_operation_ast, parse, validate

from scopelint_simulator.complexity import Analysis, Cost
from scopelint_simulator.graphql_schema import schema_for
from scopelint_simulator.versions import Version
from tests.simulator import kit

PAGES = (1, 25, 50, 75, 100)
NEWEST = Version(19, 3)


def analysis(query: str, version: Version = NEWEST, **variables: Any) -> Analysis:
    schema, document = schema_for(version), parse(query)
    assert validate(schema, document) == []
    operation = get_operation_ast(document)
    assert operation is not None
    return Analysis(schema, document, operation, variables)


def cost(query: str, version: Version = NEWEST, **variables: Any) -> Cost:
    return analysis(query, version, **variables).cost()


@pytest.mark.parametrize(
    ("query", "scores", "depth"),
    [
        (kit.MAIN, (74, 91, 108, 125, 142), 8),
        (kit.MAIN_WITH_LOG, (94, 116, 138, 160, 182), 8),
        (kit.LOG_ONLY, (37, 46, 55, 64, 73), 7),
        (kit.BY_IDS, (61, 75, 90, 104, 119), 7),
    ],
    ids=["main", "main with log", "log only", "by ids"],
)
def test_worked_numbers(query: str, scores: tuple[int, ...], depth: int) -> None:
    """The rules of doc/api/graphql/getting_started.md, worked out for pages of five sizes."""
    for page, score in zip(PAGES, scores, strict=True):
        assert cost(query, n=page) == Cost(score, depth)


def test_one_project() -> None:
    assert cost(kit.ONE_PROJECT) == Cost(34, 6)


@pytest.mark.parametrize(
    "version", [Version(17, 9), Version(18, 9), Version(18, 10), Version(19, 3)]
)
def test_entry_pages_do_not_change_the_cost(version: Version) -> None:
    """The entry lists have no resolver class: `first: 200` costs what `first: 1` costs."""
    query = kit.allowlist_query("groupsAllowlist", "nodes{createdAt}", "first:$n")
    query = f"query($n:Int){query}"
    assert cost(query, version, n=1) == cost(query, version, n=200) == Cost(5, 5)


@pytest.mark.parametrize(
    ("query", "score"),
    [
        ("{projects{nodes{id}}}", 6),
        ("{projects(first:500){nodes{id}}}", 6),
        ("{projects(first:0){nodes{id}}}", 3),
        ('{projects(search:"x"){nodes{id}}}', 16),
        ('{projects(sort:"x",first:0){nodes{id}}}', 4),
        ("{groups(first:0){nodes{id}}}", 4),
        ("{a:metadata{version} b:metadata{version}}", 4),
        ("{metadata{version} metadata{version}}", 2),
        ("{metadata{...F}} fragment F on Metadata{version revision}", 3),
        ("{metadata{version @skip(if:true) revision @include(if:true)}}", 2),
        ('{__type(name:"Project"){fields(includeDeprecated:true){name args{name}}}}', 5),
    ],
)
def test_single_rules(query: str, score: int) -> None:
    """doc/api/graphql/getting_started.md: 1 a field, sort 1, search 5, a page 1 % an item."""
    assert cost(query).score == score


def test_a_union_costs_its_dearest_member() -> None:
    inner = (
        "nodes{target{... on CiJobTokenAccessibleGroup{id} "
        "... on CiJobTokenAccessibleProject{id name webUrl}}}"
    )
    assert cost(kit.allowlist_query("groupsAllowlist", inner)).score == 8


@pytest.mark.parametrize(
    ("token", "limit"), [("t-read", 250), ("t-admin", 300), (None, 200)]
)  # fmt: skip
def test_limits_by_caller(token: str | None, limit: int) -> None:
    """doc/api/graphql/_index.md: 200 points without a token, 250 with one; 300 for administrators."""
    with kit.serve() as world:
        client = world.client(token)
        told = client.data("{queryComplexity{score limit}}")["queryComplexity"]
        assert told == {"score": 3, "limit": limit}
        over = limit // 2 + 1
        query = "{" + " ".join(f"m{i}:metadata{{version}}" for i in range(over)) + "}"
        assert client.message(query) == (
            f"Query has complexity of {2 * over}, which exceeds max complexity of {limit}"
        )


def test_depth_limit() -> None:
    """doc/api/graphql/_index.md: 20 levels with a token, 15 without."""
    inline = "{metadata" + "{... on Metadata" * 30 + "{version}" + "}" * 31
    chain = (
        "{projects(first:0){nodes{group{parent{descendantGroups(first:0){nodes{projects(first:0)"
        "{nodes{group{parent{descendantGroups(first:0){nodes{rootNamespace{projects(first:0)"
        "{edges{node{namespace{projects(first:0){nodes{rootGroup{sharedProjects{nodes{id"
    )
    chain += "}" * chain.count("{")
    with kit.serve() as world:
        body = world.client().graphql(chain)
        depth = cost(chain).depth
        assert depth > 20
        texts = [error["message"] for error in body["errors"]]
        assert f"Query has depth of {depth}, which exceeds max depth of 20" in texts
        assert world.client().data(inline) == {"metadata": {"version": "19.3.0"}}


def test_recursion() -> None:
    """doc/development/graphql_guide: a field more than twice in one branch is refused."""
    query = '{group(fullPath:"acme"){parent{parent{parent{id}}}}}'
    assert analysis(query).recursion() == {"parent": 3}
    twice = '{group(fullPath:"acme"){parent{parent{id}}}}'
    assert analysis(twice).recursion() == {}
    with kit.serve() as world:
        assert world.client().message(query) == (
            "Recursive query - too many of fields '{\"parent\"=>3}' detected in single branch "
            "of the query"
        )


def test_pages_in_variables_and_defaults() -> None:
    query = "query($n:Int=50){projects(first:$n){nodes{id}}}"
    assert cost(query).score == 4
    assert cost(query, n=100).score == 6
