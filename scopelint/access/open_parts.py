"""What stays open to any job token although the allowlist does not name its project.

A public or internal project answers reads of each feature that is set to "Everyone with access",
before the allowlist and before fine-grained permissions are looked at; writes never. Sources:
docs.gitlab.com, "CI/CD job token", "Limit job token scope for public or internal projects", and
"Package registry visibility permissions".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scopelint.model import Project

_OPEN = frozenset({"enabled", "public"})


@dataclass(frozen=True, slots=True)
class OpenPart:
    """One part of a project: the features it needs, in words, and the policies that ask for it."""

    name: str
    words: str
    features: tuple[str, ...]
    policies: frozenset[str]


def _part(name: str, words: str, features: str, policies: str = "") -> OpenPart:
    return OpenPart(name, words, tuple(features.split()), frozenset(policies.split()))


PARTS: Final = (
    _part(
        "builds",
        "job artifacts, jobs and pipelines",
        "builds repository",
        "READ_JOBS READ_PIPELINES",
    ),
    _part("repository", "clone, branches, tags, files", "repository", "READ_REPOSITORIES"),
    _part("container_registry", "pulling container images", "container_registry"),
    _part("package_registry", "downloading packages", "package_registry", "READ_PACKAGES"),
    _part("releases", "releases and their assets", "releases repository", "READ_RELEASES"),
    _part(
        "environments",
        "environments and deployments",
        "environments repository builds",
        "READ_ENVIRONMENTS READ_DEPLOYMENTS",
    ),
    _part("merge_requests", "merge requests", "merge_requests repository", "READ_MERGE_REQUESTS"),
    _part("issues", "issues", "issues", "READ_WORK_ITEMS"),
)
"""Every part that visibility can leave open."""
_PACKAGES = next(part for part in PARTS if part.name == "package_registry")


@dataclass(frozen=True, slots=True)
class OpenParts:
    """The parts that are open to any token, and those of which a feature's level was not read."""

    open: tuple[OpenPart, ...] = ()
    unread: tuple[OpenPart, ...] = ()

    def asked_by(self, policies: Iterable[str]) -> "OpenParts":
        """Return only the parts that one of these policies asks for."""
        wanted = frozenset(policies)
        return OpenParts(
            tuple(part for part in self.open if part.policies & wanted),
            tuple(part for part in self.unread if part.policies & wanted),
        )


def open_parts(project: Project, *, private: bool) -> OpenParts:
    """Return what a project leaves open to tokens that its allowlist does not let in.

    `private` stands for the project's visibility. A private project has one hole, a package
    registry that anyone may pull from; it counts only where its level was read.
    """
    levels = project.access_levels or {}

    def level(feature: str) -> str | None:
        return levels.get(f"{feature}_access_level", levels.get(feature))

    if private:
        return OpenParts((_PACKAGES,) if level("package_registry") == "public" else ())
    found: list[OpenPart] = []
    unread: list[OpenPart] = []
    for part in PARTS:
        known = [level(feature) for feature in part.features]
        if any(one is not None and one not in _OPEN for one in known):
            continue
        (unread if None in known else found).append(part)
    return OpenParts(tuple(found), tuple(unread))
