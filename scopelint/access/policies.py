"""The fine-grained permissions of a job token, and what they do not govern.

Source: docs.gitlab.com, "Fine-grained permissions for CI/CD job tokens".
"""

from collections.abc import Iterable
from typing import Final

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
"""Every permission that GitLab 19.3 knows, by name."""

PUSH_POLICY: Final = "ADMIN_REPOSITORIES"
"""The permission that Git pushes from an allowlisted project ask for (19.0 and later)."""

UNGOVERNED: Final = (
    "Git clone and fetch",
    "pulling container images",
    "triggering a pipeline",
    "package metadata of groups and of the instance",
)
"""What no permission governs: an allowed project keeps it even with an empty list."""


def with_implied(policies: Iterable[str]) -> frozenset[str]:
    """Return the policies and what they imply: `ADMIN_X` implies `READ_X`."""
    named = frozenset(policies)
    return named | {
        f"READ_{name.removeprefix('ADMIN_')}" for name in named if name.startswith("ADMIN_")
    }
