"""Instances of the collection tests, and when two collections of one are alike."""

from dataclasses import replace
from typing import Any

from scopelint.collect.request import Api
from scopelint.model import Fact, Project
from tests.collect.kit import (
    PEOPLE,
    Seen,
    comparable,
    head,
)

APIS: tuple[Api, Api] = ("graphql", "rest")
ACME = {
    "acme/lib/attic",
    "acme/lib/core",
    "acme/lib/old/leaving-deletion_scheduled-105",
    "acme/web/builds-off",
    "acme/web/itself",
    "acme/web/shops/shop",
    "acme/web/site",
}


def load(projects: int, **options: Any) -> str:
    """An instance of generated projects below acme."""
    keys = {"groups": 20, "entries": 3, "open_share": 0.1, "seed": 7} | options
    made = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return (
        f"{PEOPLE}\n{head(options.pop('version', '19.3.0'), enforce_inbound=False)}\n"
        "roles: [{user: bot, on: acme, role: maintainer}]\n"
        "groups: [{id: 10, path: acme}]\n"
        f"generate: [{{under: acme, projects: {projects}, {made}}}]\n"
    )


def without_own(project: Project) -> Project:
    """Comparable, less the own flag, which REST alone cannot tell under enforcement."""
    found = comparable(project)
    assert found.scope is not None
    return replace(found, scope=replace(found.scope, inbound_own=None))


def alike(by_graphql: Seen, by_rest: Seen, *, own: bool = True) -> None:
    """Both ways of reading gave the same model, as far as both can know it."""
    assert by_graphql.projects.keys() == by_rest.projects.keys()
    show = comparable if own else without_own
    for path, project in by_graphql.projects.items():
        other = by_rest.projects[path]
        if project.visibility == "private" and project.access_levels is None:
            # REST has the levels of private projects in its list; for GraphQL they would cost more.
            other = replace(other, access_levels=None)
        # REST brings what no rule was said to need; with GraphQL it is not asked for.
        other = replace(other, mirror=None, mirror_trigger_builds=None, fork_pipelines=None)
        assert show(project) == show(other)
    assert by_graphql.groups == by_rest.groups
    rest_targets = {
        key: replace(each, fork_pipelines=None) for key, each in by_rest.targets.items()
    }
    assert by_graphql.targets == rest_targets
    assert by_graphql.gaps_of(Fact.TARGET) == by_rest.gaps_of(Fact.TARGET)
