"""What a project or a group is, apart from its scope, as GraphQL and REST tell it.

Every function raises `values.FormError` for a field of another type than documented.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from scopelint.gitlab.graphql import FieldError
from scopelint.gitlab.queries import PAGE
from scopelint.gitlab.values import (
    Node,
    array,
    boolean,
    child,
    choice,
    count,
    full_path,
    global_id,
    integer,
    objects,
    project_path,
    required,
    text,
    time,
)
from scopelint.model import Group, Project, Target

Deletion = Literal["none", "scheduled", "in_progress"]

VISIBILITIES = ("private", "internal", "public")


def read_identity(node: Node, errors: Sequence[FieldError] = ()) -> Project:
    """Read what a project is, apart from its scope; `errors` may have left nulls in its node."""
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
        deletion=read_deletion(node, errors),
        last_activity_at=time(node, "lastActivityAt"),
        access_level=None if level is None else integer(level, "integerValue"),
        group_id=None if group is None else global_id(group, "id"),
        personal=_personal(node, errors),
        topics=texts(node, "topics"),
        frameworks=frameworks(node),
        created_at=time(node, "createdAt"),
    )


def texts(node: Node, name: str) -> tuple[str, ...] | None:
    """Read a list of texts, sorted; None where GitLab did not say it."""
    found = array(node, name)
    if found is None:
        return None
    return tuple(sorted(required(text({name: each}, name), name) for each in found))


def frameworks(node: Node) -> tuple[str, ...] | None:
    """Read the names of a project's compliance frameworks; None where they may not be all."""
    page = child(node, "complianceFrameworks")
    found = None if page is None else array(page, "nodes")
    if found is None or len(found) >= PAGE or None in found:
        return None
    rows = objects(found, "complianceFrameworks")
    return tuple(sorted(required(text(row, "name"), "name") for row in rows))


def _personal(node: Node, errors: Sequence[FieldError]) -> bool | None:
    """Tell whether a project is in a user's namespace: then it has no group."""
    if child(node, "group") is not None:
        return False
    return None if any(error.may_explain("group") for error in errors) else True


def read_group(node: Node, errors: Sequence[FieldError] = ()) -> Group:
    """Read one group of the tree; `errors` are those of its whole page, wherever they are."""
    parent = child(node, "parent")
    return Group(
        id=global_id(node, "id"),
        path=full_path(node, "fullPath"),
        name=text(node, "name") or "",
        parent_id=None if parent is None else global_id(parent, "id"),
        visibility=choice(node, "visibility", VISIBILITIES),
        web_url=text(node, "webUrl"),
        deletion=read_group_deletion(node, [replace(error, path=()) for error in errors]),
    )


_FLAGS: Final = ("isSelfDeletionInProgress", "isSelfDeletionScheduled")
_DATE: Final = "markedForDeletionOn"


def read_deletion(node: Node, errors: Sequence[FieldError] = ()) -> Deletion | None:
    """Tell whether a project is scheduled for deletion or being deleted; None where it is unknown.

    A flag that is not in the node is one that the version does not have. `markedForDeletionOn` is
    null where it is not, unless one of `errors` says that it could not be read.
    """
    in_progress, scheduled = (boolean(node, name) for name in _FLAGS)
    if in_progress:
        return "in_progress"
    if scheduled or text(node, _DATE):
        return "scheduled"
    by_path = deletion_by_path(full_path(node, "fullPath"))
    if by_path == "none" and (
        any(node.get(name, False) is None for name in _FLAGS) or _unread_date(node, errors)
    ):
        return None
    return by_path


def _unread_date(node: Node, errors: Sequence[FieldError]) -> bool:
    return _DATE in node and any(error.may_explain(_DATE) for error in errors)


def read_group_deletion(node: Node, errors: Sequence[FieldError] = ()) -> Deletion | None:
    """Tell whether a group is scheduled for deletion; None where one of `errors` hides it."""
    if text(node, _DATE):
        return "scheduled"
    by_path = deletion_by_path(full_path(node, "fullPath"))
    return None if by_path == "none" and _unread_date(node, errors) else by_path


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


def read_target(
    kind: Literal["project", "group"], node: Node, errors: Sequence[FieldError] = ()
) -> Target:
    """Read what an entry points to, as GraphQL tells it; `errors` may have left nulls in its node."""
    path = full_path(node, "fullPath")
    visibility = choice(node, "visibility", VISIBILITIES)
    if kind == "group":
        return Target(
            "group",
            global_id(node, "id"),
            path,
            visible=True,
            visibility=visibility,
            deletion=read_group_deletion(node, errors),
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
        deletion=read_deletion(node, errors),
        personal=_personal(node, errors),
    )
