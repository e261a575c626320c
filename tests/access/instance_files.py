"""Projects as scopelint would read them from a described instance, without a server between."""

from collections.abc import Mapping
from typing import Any

from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.versions import parse_version

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


def read(instance: Mapping[str, Any]) -> dict[str, Project]:
    """Return the projects of an instance in the shape of a simulator's file, by path."""
    numbers = {group["path"]: group["id"] for group in instance.get("groups", ())}
    numbers |= {project["path"]: project["id"] for project in instance["projects"]}
    personal = {each.get("path", each["user"]) for each in instance.get("namespaces", ())}
    enforced = instance["gitlab"]["enforce_inbound"]
    enforced = enforced and parse_version(instance["gitlab"]["version"]) >= (17, 6)
    return {
        each["path"]: _project(each, numbers, personal, enforced=enforced)
        for each in instance["projects"]
    }


def _project(
    given: Mapping[str, Any], numbers: Mapping[str, int], personal: set[str], *, enforced: bool
) -> Project:
    scope = given.get("scope", {})
    row = given.get("settings_row", True)
    rows = scope.get("allowlist", [])
    levels = {**dict.fromkeys(FEATURES, "enabled"), **given.get("access_levels", {})}
    if not given.get("public_jobs", True):
        levels["public_jobs"] = "private"
    return Project(
        given["id"],
        given["path"],
        visibility=given.get("visibility", "private"),
        archived=False,
        deletion="none",
        personal=given["path"].split("/")[0] in personal,
        access_levels=levels,
        scope=Scope(
            inbound_own=scope.get("inbound", True) if row else None,
            inbound_effective=not row or enforced or scope.get("inbound", True),
            outbound=row and scope.get("outbound", False),
            push=scope.get("push", False),
            cross_project_push=scope.get("cross_project_push", False),
            entries=tuple(_entry(one, numbers) for one in rows if "direction" not in one),
            outbound_entries=tuple(_entry(one, numbers) for one in rows if "direction" in one),
        ),
    )


def _entry(given: Mapping[str, Any], numbers: Mapping[str, int]) -> AllowlistEntry:
    path = given.get("group", given.get("project"))
    policies = given.get("permissions")
    return AllowlistEntry(
        "group" if "group" in given else "project",
        numbers[path],
        path,
        policies is None,
        tuple(policies or ()),
    )
