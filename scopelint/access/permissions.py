"""The fine-grained permissions of a job token: their names by release, and what none governs.

Source: docs.gitlab.com, "Fine-grained permissions for CI/CD job tokens"; names by release as in
GitLab's GraphQL enum `CiJobTokenScopePolicies`.
"""

from collections.abc import Iterable
from typing import Final

from scopelint.versions import (
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


def with_implied(policies: Iterable[str]) -> frozenset[str]:
    """Return the policies and what they imply since GitLab 17.10: `ADMIN_X` implies `READ_X`."""
    named = frozenset(policies)
    return named | {
        f"READ_{name.removeprefix('ADMIN_')}" for name in named if name.startswith("ADMIN_")
    }
