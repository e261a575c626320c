"""REST's JSON becomes the model; every null is told from every value."""

from collections.abc import Iterable, Mapping
from typing import Any

from scopelint.collector import parse
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
    return Listed(identity(node), flag(node, "ci_push_repository_for_job_token_allowed"))


def identity(node: Node) -> Project:
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
        last_activity_at=parse.read_time(node.get("last_activity_at")),
        group_id=namespace.get("id") if personal is False else None,
        personal=personal,
    )


def deletion(node: Node, path: str) -> parse.Deletion:
    """Tell whether a project or group is scheduled for deletion."""
    if node.get("marked_for_deletion_on") or node.get("marked_for_deletion_at"):
        return "scheduled"
    return parse.deletion_by_path(path)


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
