"""Nodes of the details query as the simulator answers it, to be read and spoilt."""

import copy
import functools
from collections.abc import Iterator
from typing import Any

from scopelint.collect import graphql_decoding, graphql_pages
from scopelint.gitlab import graphql, queries
from scopelint.gitlab.graphql import FieldError
from scopelint.gitlab.values import global_id
from scopelint.model import Gap, Project
from tests.collect.kit import ADMIN, company, connect, serve
from tests.gitlab.test_queries import capabilities

VERSIONS = ("16.11.0", "17.6.0", "17.7.0", "17.8.0", "17.9.0", "18.5.0", "19.3.0")
NO_PERMISSION = f"The resource … {graphql.NO_PERMISSION}"
Path = tuple[str | int, ...]


@functools.cache
def _answers(version: str) -> dict[int, Any]:
    """Nodes of the details query as the simulator answers it."""
    caps = capabilities(version)
    ids = [queries.gid("Project", number) for number in (101, 102, 104, 105, 106)]
    with serve(company(version)) as simulator, connect(simulator.url, ADMIN) as connection:
        text = queries.details(caps, usage=True)
        data = graphql.run(connection, text, {"ids": ids}).data
    return {global_id(node, "id"): node for node in data["projects"]["nodes"]}


def node(version: str, project: int = 101) -> Any:
    return copy.deepcopy(_answers(version)[project])


def read(
    found: Any, version: str, *errors: FieldError
) -> tuple[Project, list[Gap], graphql_pages.Reading]:
    caps = capabilities(version)
    reading = graphql_decoding.read_node(found, errors, caps, usage=True)
    project, gaps = graphql_decoding.finish(reading, caps)
    return project, gaps, reading


def paths(value: Any, place: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, inner ones too."""
    items: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for key, inner in items:
        yield (*place, key)
        yield from paths(inner, (*place, key))


def nulled(value: Any, place: Path) -> Any:
    """The value with a null at a place; the place may be gone already."""
    here = value
    for key in place[:-1]:
        if here is None:
            return value
        here = here[key]
    if here is not None:
        here[place[-1]] = None
    return value
