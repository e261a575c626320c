"""The entries of an allowlist: which one decides, and the permissions that it can grant.

Source: docs.gitlab.com, "Fine-grained permissions for CI/CD job tokens"; names by release as in
GitLab's GraphQL enum `CiJobTokenScopePolicies`.
"""

from collections.abc import Iterable
from typing import Final

from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.paths import is_inside
from scopelint.versions import (
    ADMIN_INCLUDES_READ,
    EVERY_TARGET_SHOWN,
    PERMISSION_NAMES,
    PERMISSIONS_STORED,
    PIPELINE_PERMISSIONS,
    RECENT_PERMISSIONS,
    REPOSITORY_PERMISSIONS,
    REPOSITORY_PERMISSIONS_EARLIEST,
    TOKEN_EXCHANGE,
    before,
    since,
    since_between,
)

_BOTH = (
    "BADGES",
    "DEPLOYMENTS",
    "ENVIRONMENTS",
    "JOBS",
    "PACKAGES",
    "PIPELINES",
    "RELEASES",
    "REPOSITORIES",
    "SECURE_FILES",
    "TERRAFORM_STATE",
)
_READ_ONLY = ("MERGE_REQUESTS", "WORK_ITEMS")

POLICIES: Final = tuple(
    sorted(
        [f"{verb}_{name}" for verb in ("READ", "ADMIN") for name in _BOTH]
        + [f"READ_{name}" for name in _READ_ONLY]
    )
)
"""Every permission that GitLab 19.4 knows, by name."""

PUSH_POLICY: Final = "ADMIN_REPOSITORIES"
"""The permission that Git pushes from an allowlisted project ask for."""

_NEW_IN_18: Final = frozenset({"READ_REPOSITORIES", "READ_MERGE_REQUESTS", "READ_WORK_ITEMS"})
_NEW_IN_19: Final = frozenset({"READ_BADGES", "ADMIN_BADGES", PUSH_POLICY})


def exists(policy: str, version: tuple[int, int]) -> bool | None:
    """Tell whether a release knows a permission of `POLICIES`; None is not known."""
    if policy in _NEW_IN_19:
        return since(version, RECENT_PERMISSIONS)
    if policy in _NEW_IN_18:
        return since_between(version, REPOSITORY_PERMISSIONS_EARLIEST, REPOSITORY_PERMISSIONS)
    if policy.endswith("_PIPELINES"):
        return since(version, PIPELINE_PERMISSIONS)
    return since_between(version, PERMISSION_NAMES, PERMISSIONS_STORED)


def ungoverned(version: tuple[int, int]) -> tuple[str, ...]:
    """Return what no permission governs: an allowed project keeps it even with an empty list."""
    always = (
        "Git clone and fetch",
        "pulling container images",
        "triggering a pipeline",
        "package routes of groups and of the instance (files of PyPI packages among them)",
    )
    if before(version, TOKEN_EXCHANGE):
        return always
    return (*always, "the token exchange (a token of the triggering user, from GitLab 19 on)")


def with_implied(policies: Iterable[str], version: tuple[int, int]) -> frozenset[str]:
    """Return the policies and what they imply: since GitLab 17.10 `ADMIN_X` implies `READ_X`.

    Where the version is not known, it is taken for a newer one.
    """
    named = frozenset(policies)
    if before(version, ADMIN_INCLUDES_READ):
        return named
    return named | {
        f"READ_{name.removeprefix('ADMIN_')}" for name in named if name.startswith("ADMIN_")
    }


def covers(entry: AllowlistEntry, origin: Project) -> bool:
    """Tell whether an entry matches an origin: it is the project, or a group above it.

    An entry whose target is gone, or has no known path, matches nothing here.
    """
    if entry.kind == "project":
        return entry.target_id == origin.id
    path = entry.target_path
    return path is not None and path != origin.path and is_inside(origin.path, path)


def nearest(entries: Iterable[AllowlistEntry], origin: Project) -> AllowlistEntry | None:
    """Return the entry that decides for an origin, None where no entry matches it."""
    best: AllowlistEntry | None = None
    depth = -1
    for entry in entries:
        if not covers(entry, origin):
            continue
        if entry.kind == "project":
            return entry
        if len(entry.target_path or "") > depth:
            best, depth = entry, len(entry.target_path or "")
    return best


def is_whole(scope: Scope, version: tuple[int, int]) -> bool:
    """Tell whether every inbound entry is known, and which projects each one matches.

    `version` is GitLab's; before 17.9 a target that the token cannot read is shown as none at
    all, so such a row may match anything; later it is one that was just deleted.
    """
    if Fact.ENTRIES in scope.missing:
        return False
    hidden = not since(version, EVERY_TARGET_SHOWN)
    return not any(
        hidden if entry.target_id is None else entry.kind == "group" and entry.target_path is None
        for entry in scope.entries
    )
