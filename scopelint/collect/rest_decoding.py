"""REST's JSON becomes the model; a null is never taken for a value.

Every function that reads JSON raises `values.FormError` for a field of another type than
documented.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from scopelint.collect import identity
from scopelint.collect.graphql_pages import project_gap
from scopelint.gitlab.values import (
    FormError,
    Node,
    boolean,
    child,
    choice,
    full_path,
    identifier,
    integer,
    is_fit,
    project_path,
    text,
    time,
)
from scopelint.model import AllowlistEntry, Fact, Group, Project, Reason, Target
from scopelint.snapshot import Listed


def without_automatic_row(
    entries: Iterable[AllowlistEntry], project_id: int
) -> tuple[list[AllowlistEntry], bool]:
    """Drop REST's automatic row for the project itself; a second one is a real self entry.

    Returns also whether the two differ, as no two rows of GitLab do: then one is another project's.
    """
    found = list(entries)
    own = [entry for entry in found if entry.target_id == project_id]
    if own:
        found.remove(own[0])
    return found, any(entry != own[0] for entry in own)


def listed(node: Node) -> Listed:
    """Read a project of the enumeration, with its push setting where the role suffices.

    One that has a number and a path, and another field that cannot be read, has a gap.
    """
    try:
        push = boolean(node, "ci_push_repository_for_job_token_allowed")
        return Listed(read_project(node), push)
    except FormError as error:
        bare = Project(
            identifier(node, "id"), project_path(node, "path_with_namespace"), personal=None
        )
        return Listed(replace(bare, gap=project_gap(bare, Fact.SCOPE, Reason.ERROR, str(error))))


def read_project(node: Node) -> Project:
    """Read what a project is, apart from its scope."""
    namespace = child(node, "namespace") or {}
    kind = choice(namespace, "kind", NAMESPACES)
    personal = None if kind is None else kind == "user"
    path = project_path(node, "path_with_namespace")
    builds = choice(node, "builds_access_level", LEVELS)
    return Project(
        id=identifier(node, "id"),
        path=path,
        name=text(node, "name") or "",
        web_url=text(node, "web_url"),
        visibility=choice(node, "visibility", identity.VISIBILITIES),
        archived=boolean(node, "archived"),
        jobs_enabled=None if builds is None else builds != "disabled",
        deletion=deletion(node, path),
        last_activity_at=time(node, "last_activity_at"),
        group_id=integer(namespace, "id") if personal is False else None,
        personal=personal,
        topics=identity.texts(node, "topics"),
        created_at=time(node, "created_at"),
        access_levels=access_levels(node),
        mirror=_mirror(node),
        mirror_trigger_builds=boolean(node, "mirror_trigger_builds"),
        fork_pipelines=boolean(node, "ci_allow_fork_pipelines_to_run_in_parent_project"),
    )


def target(node: Node) -> Target:
    """Read a project that an entry points to."""
    project = read_project(node)
    return Target(
        "project",
        project.id,
        project.path,
        visible=True,
        visibility=project.visibility,
        archived=project.archived,
        deletion=project.deletion,
        personal=project.personal,
        fork_pipelines=project.fork_pipelines,
    )


def _mirror(node: Node) -> bool | None:
    """Read whether a project is a pull mirror; None where that was not shown.

    Where the tier has no mirrors, the whole entity (it has levels of features) comes without it.
    """
    if "mirror" not in node:
        return None if access_levels(node) is None else False
    return boolean(node, "mirror")


OPEN = frozenset({"public", "internal"})
"""Visibilities at which the levels of features matter."""

FEATURES = (
    "repository",
    "builds",
    "container_registry",
    "package_registry",
    "releases",
    "environments",
    "merge_requests",
    "issues",
)
"""Features whose visibility decides what stays open to tokens that are not on the allowlist."""

LEVELS = ("disabled", "private", "enabled", "public")
"""Who may use a feature (doc/api/projects.md, "Project feature visibility")."""
NAMESPACES = ("group", "user", "project")


def access_levels(node: Node) -> dict[str, str] | None:
    """Read who may use each feature: `disabled`, `private`, `enabled` or `public`.

    A feature that the version does not tell is left out (the package registry's level came with
    18.4). `public_jobs` is `private` where "Project-based pipeline visibility" is off: then members
    alone see jobs and artifacts, whatever the level of CI/CD says. None where the answer has no
    levels at all.
    """
    levels = {
        feature: level
        for feature in FEATURES
        if (level := choice(node, f"{feature}_access_level", LEVELS)) is not None
    }
    if levels and boolean(node, "public_jobs") is False:
        levels["public_jobs"] = "private"
    return levels or None


def deletion(node: Node, path: str) -> identity.Deletion:
    """Tell whether a project or group is scheduled for deletion."""
    if text(node, "marked_for_deletion_on") or text(node, "marked_for_deletion_at"):
        return "scheduled"
    return identity.deletion_by_path(path)


def group(data: Node) -> Group:
    """Read one group of the tree."""
    path = full_path(data, "full_path")
    return Group(
        id=identifier(data, "id"),
        path=path,
        name=text(data, "name") or "",
        parent_id=integer(data, "parent_id"),
        visibility=choice(data, "visibility", identity.VISIBILITIES),
        web_url=text(data, "web_url"),
        deletion=deletion(data, path),
    )


_ORGANIZATION = re.compile(r"^/o/[^/]+(?=/groups/)")
"""What stands before a group's address where paths name the organization."""


def group_path(web_url: str, server_url: str) -> str:
    """Take a group's full path from its address: an allowlist gives only id, web_url and name."""
    try:
        path = unquote(urlsplit(web_url).path)
    except ValueError:
        path = ""
    path = _ORGANIZATION.sub("", path.removeprefix(urlsplit(server_url).path))
    found = path.removeprefix("/groups/").strip("/")
    if not found or not is_fit(found):
        raise FormError("web_url is no address of a group")
    return found
