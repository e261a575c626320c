"""What an instance and a token can show."""

import pytest

from scopelint.collect.graphql_reader import GraphQLReader
from scopelint.gitlab.capabilities import Capabilities
from scopelint.snapshot import Filters
from tests.collect.kit import ADMIN, TOKEN, company, connect, serve
from tests.gitlab.test_queries import capabilities


def found(version: str, token: str = TOKEN) -> Capabilities:
    """What the first query finds on a running instance."""
    with serve(company(version)) as simulator, connect(simulator.url, token) as connection:
        return GraphQLReader(connection, Filters(), ()).caps


def test_the_first_query_finds_them() -> None:
    caps = found("18.5.0-ee")
    assert caps.version_text == "18.5.0-ee"
    assert caps.version == (18, 5)
    assert caps.username == "bot"
    assert caps.limit == 250
    assert not caps.administrator
    assert caps == capabilities_like(caps, "18.5.0-ee")


def capabilities_like(caps: Capabilities, version: str) -> Capabilities:
    """The same, read from the schema's own introspection; the version names the edition."""
    own = capabilities(version)
    schema = (own.fields, own.target_types, own.inbound_type)
    return Capabilities(version, 250, caps.username, *schema, enterprise=True)


def test_an_administrator_is_told_by_the_limit() -> None:
    caps = found("18.5.0", ADMIN)
    assert caps.limit == 300
    assert caps.administrator


@pytest.mark.parametrize(
    ("version", "rows", "lists", "log", "enforceable", "push", "hides"),
    [
        ("16.11.0", False, True, False, False, False, False),
        ("17.2.0", False, True, False, False, True, False),
        ("17.6.0", False, True, False, True, True, False),
        ("17.7.0", True, True, False, True, True, True),
        ("17.8.0", True, True, False, True, True, True),
        ("17.9.0", True, True, True, True, True, False),
        ("19.3.0", True, True, True, True, True, False),
    ],
)
def test_what_each_version_brought(
    version: str,
    rows: bool,
    lists: bool,
    log: bool,
    enforceable: bool,
    push: bool,
    hides: bool,
) -> None:
    caps = capabilities(version)
    assert caps.readable
    assert (caps.entry_rows, caps.lists, caps.log) == (rows, lists, log)
    assert (caps.enforceable, caps.push) == (enforceable, push)
    assert caps.targets_need_permission is hides


def test_a_version_that_is_not_told_counts_as_new() -> None:
    caps = Capabilities()
    assert caps.version == (0, 0)
    assert caps.enforceable
    assert caps.push


def test_nothing_found_is_nothing_readable() -> None:
    caps = Capabilities.from_data({})
    assert not caps.readable
    assert not caps.administrator
    assert not caps.has("Project", "ciCdSettings")
    assert caps.version_text == ""


def test_a_type_without_fields_has_none() -> None:
    caps = Capabilities.from_data({"type_Project": {"fields": None}, "type_target": None})
    assert not caps.has("Project", "id")
    assert caps.target_types == frozenset()
