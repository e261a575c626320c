"""What a project or a group is, apart from its scope, as GraphQL and REST tell it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from scopelint.gitlab.queries import number
from scopelint.model import Group, Project

Node = Mapping[str, Any]
Deletion = Literal["none", "scheduled", "in_progress"]


def read_identity(node: Node) -> Project:
    """Read what a project is, apart from its scope."""
    group = node.get("group")
    return Project(
        id=number(node["id"]),
        path=node["fullPath"],
        name=node.get("name") or "",
        web_url=node.get("webUrl"),
        visibility=node.get("visibility"),
        archived=node.get("archived"),
        jobs_enabled=node.get("jobsEnabled"),
        deletion=read_deletion(node),
        last_activity_at=read_time(node.get("lastActivityAt")),
        access_level=(node.get("maxAccessLevel") or {}).get("integerValue"),
        group_id=number(group["id"]) if group else None,
        personal=group is None,
    )


def read_group(node: Node) -> Group:
    """Read one group of the tree."""
    parent = node.get("parent")
    return Group(
        id=number(node["id"]),
        path=node["fullPath"],
        name=node.get("name") or "",
        parent_id=number(parent["id"]) if parent else None,
        visibility=node.get("visibility"),
        web_url=node.get("webUrl"),
        deletion=read_group_deletion(node),
    )


def read_deletion(node: Node) -> Deletion | None:
    """Tell whether a project is scheduled for deletion or being deleted; None where it is unknown.

    A flag that is not in the node is one that the version does not have.
    """
    if node.get("isSelfDeletionInProgress"):
        return "in_progress"
    if node.get("isSelfDeletionScheduled") or node.get("markedForDeletionOn"):
        return "scheduled"
    by_path = deletion_by_path(node["fullPath"])
    flags = ("isSelfDeletionInProgress", "isSelfDeletionScheduled")
    if by_path == "none" and any(node.get(name, False) is None for name in flags):
        return None
    return by_path


def read_group_deletion(node: Node) -> Deletion:
    """Tell whether a group is scheduled for deletion."""
    return "scheduled" if node.get("markedForDeletionOn") else deletion_by_path(node["fullPath"])


def deletion_by_path(path: str) -> Deletion:
    """Tell from a full path: GitLab renames what is scheduled for deletion.

    The suffix is `-deletion_scheduled-ID`, before 18.x `-deleted-ID` (projects only).
    """
    for segment in path.split("/"):
        for mark in ("-deletion_scheduled-", "-deleted-"):
            _, found, rest = segment.rpartition(mark)
            if found and rest.isdigit():
                return "scheduled"
    return "none"


def read_time(value: str | None) -> datetime | None:
    """Read an ISO 8601 time as GitLab writes it."""
    return None if value is None else datetime.fromisoformat(value)
