"""REST's JSON becomes the model; every null is told from every value."""

from collections.abc import Iterable, Mapping
from typing import Any

from scopelint.collect import identity
from scopelint.model import AllowlistEntry, Group, Project
from scopelint.snapshot import Listed

Node = Mapping[str, Any]


def flag(node: Node, name: str) -> bool | None:
    """Read a Boolean; None where it is null or not there."""
    value = node.get(name)
    return None if value is None else bool(value)


def without_automatic_row(
    entries: Iterable[AllowlistEntry], project_id: int
) -> list[AllowlistEntry]:
    """Drop REST's automatic row for the project itself; a second one is a real self entry."""
    kept, dropped = [], False
    for entry in entries:
        if entry.target_id == project_id and not dropped:
            dropped = True
        else:
            kept.append(entry)
    return kept


def listed(node: Node) -> Listed:
    """Read a project of the enumeration, with its push setting where the role suffices."""
    return Listed(read_project(node), flag(node, "ci_push_repository_for_job_token_allowed"))


def read_project(node: Node) -> Project:
    """Read what a project is, apart from its scope."""
    namespace = node.get("namespace") or {}
    kind = namespace.get("kind")
    personal = None if kind is None else kind == "user"
    path = node["path_with_namespace"]
    builds = node.get("builds_access_level")
    return Project(
        id=node["id"],
        path=path,
        name=node.get("name") or "",
        web_url=node.get("web_url"),
        visibility=node.get("visibility"),
        archived=node.get("archived"),
        jobs_enabled=None if builds is None else builds != "disabled",
        deletion=deletion(node, path),
        last_activity_at=identity.read_time(node.get("last_activity_at")),
        group_id=namespace.get("id") if personal is False else None,
        personal=personal,
        access_levels=access_levels(node),
    )


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


def access_levels(node: Node) -> dict[str, str] | None:
    """Read who may use each feature: `disabled`, `private`, `enabled` or `public`.

    A feature that the version does not tell is left out (the package registry's level came with
    18.4). `public_jobs` is `private` where "Project-based pipeline visibility" is off: then members
    alone see jobs and artifacts, whatever the level of CI/CD says. None where the answer has no
    levels at all.
    """
    levels = {
        feature: str(level)
        for feature in FEATURES
        if (level := node.get(f"{feature}_access_level")) is not None
    }
    if levels and node.get("public_jobs") is False:
        levels["public_jobs"] = "private"
    return levels or None


def deletion(node: Node, path: str) -> identity.Deletion:
    """Tell whether a project or group is scheduled for deletion."""
    if node.get("marked_for_deletion_on") or node.get("marked_for_deletion_at"):
        return "scheduled"
    return identity.deletion_by_path(path)


def group(data: Node) -> Group:
    """Read one group of the tree."""
    return Group(
        id=data["id"],
        path=data["full_path"],
        name=data.get("name") or "",
        parent_id=data.get("parent_id"),
        visibility=data.get("visibility"),
        web_url=data.get("web_url"),
        deletion=deletion(data, data["full_path"]),
    )
