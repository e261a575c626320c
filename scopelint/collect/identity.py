"""What a project or a group is, apart from its scope, as GraphQL and REST tell it.

Every function raises `values.FormError` for a field of another type than documented.
"""

from typing import Literal

from scopelint.gitlab.values import (
    Node,
    boolean,
    child,
    choice,
    count,
    full_path,
    global_id,
    integer,
    project_path,
    text,
    time,
)
from scopelint.model import Group, Project, Target

Deletion = Literal["none", "scheduled", "in_progress"]

VISIBILITIES = ("private", "internal", "public")


def read_identity(node: Node) -> Project:
    """Read what a project is, apart from its scope."""
    group = child(node, "group")
    level = child(node, "maxAccessLevel")
    return Project(
        id=global_id(node, "id"),
        path=project_path(node, "fullPath"),
        name=text(node, "name") or "",
        web_url=text(node, "webUrl"),
        visibility=choice(node, "visibility", VISIBILITIES),
        archived=boolean(node, "archived"),
        jobs_enabled=boolean(node, "jobsEnabled"),
        deletion=read_deletion(node),
        last_activity_at=time(node, "lastActivityAt"),
        access_level=None if level is None else integer(level, "integerValue"),
        group_id=None if group is None else global_id(group, "id"),
        personal=group is None,
    )


def read_group(node: Node) -> Group:
    """Read one group of the tree."""
    parent = child(node, "parent")
    return Group(
        id=global_id(node, "id"),
        path=full_path(node, "fullPath"),
        name=text(node, "name") or "",
        parent_id=None if parent is None else global_id(parent, "id"),
        visibility=choice(node, "visibility", VISIBILITIES),
        web_url=text(node, "webUrl"),
        deletion=read_group_deletion(node),
    )


def read_deletion(node: Node) -> Deletion | None:
    """Tell whether a project is scheduled for deletion or being deleted; None where it is unknown.

    A flag that is not in the node is one that the version does not have.
    """
    if boolean(node, "isSelfDeletionInProgress"):
        return "in_progress"
    if boolean(node, "isSelfDeletionScheduled") or text(node, "markedForDeletionOn"):
        return "scheduled"
    by_path = deletion_by_path(full_path(node, "fullPath"))
    flags = ("isSelfDeletionInProgress", "isSelfDeletionScheduled")
    if by_path == "none" and any(node.get(name, False) is None for name in flags):
        return None
    return by_path


def read_group_deletion(node: Node) -> Deletion:
    """Tell whether a group is scheduled for deletion."""
    if text(node, "markedForDeletionOn"):
        return "scheduled"
    return deletion_by_path(full_path(node, "fullPath"))


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


def read_target(kind: Literal["project", "group"], node: Node) -> Target:
    """Read what an entry points to, as GraphQL tells it."""
    path = full_path(node, "fullPath")
    visibility = choice(node, "visibility", VISIBILITIES)
    if kind == "group":
        return Target(
            "group",
            global_id(node, "id"),
            path,
            visible=True,
            visibility=visibility,
            deletion=read_group_deletion(node),
            personal=False,
            project_count=count(child(node, "projects") or {}, "count"),
        )
    return Target(
        "project",
        global_id(node, "id"),
        path,
        visible=True,
        visibility=visibility,
        archived=boolean(node, "archived"),
        deletion=read_deletion(node),
        personal=child(node, "group") is None,
    )
