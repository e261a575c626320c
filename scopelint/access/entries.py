"""The fine-grained permissions of a job token, and what they do not govern.

Source: docs.gitlab.com, "Fine-grained permissions for CI/CD job tokens".
"""

from collections.abc import Iterable
from typing import Final

from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.paths import is_inside
from scopelint.versions import EVERY_TARGET_SHOWN, since

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
