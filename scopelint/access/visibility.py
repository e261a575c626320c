"""What stays open to a job token that is not let in, by the project's visibility.

A public or internal project answers reads of the features that are set to "Everyone with access"
before it looks at the allowlist and at permissions; writes never. A route is open where every
feature that it names is. A token that is on the list but lacks the permission finds more open than
one that is not on it. Sources: docs.gitlab.com, "Limit job token scope for public or internal
projects" and "Package registry visibility permissions"; the features by route are those of GitLab's
own route settings (18.9), decisions of its own classes are in tests/access/vectors.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from scopelint.model import Project
from scopelint.versions import INTERNAL_CLONE, OPEN_TO_ANY_TOKEN, any_token_reads_more
from scopelint.versions import since as since_release

_OPEN = frozenset({"enabled", "public"})


@dataclass(frozen=True, slots=True)
class OpenPart:
    """One part of a project that its visibility can leave open to any job token."""

    name: str
    """A short name for programs."""
    words: str
    """What can be read, in words."""
    features: tuple[str, ...]
    """The features that must be open, all of them, by GitLab's names."""
    policy: str | None = None
    """The permission that asks for it; None where no permission does."""
    routes: tuple[str, ...] = ()
    """The REST routes, those that are known by name."""
    recent: bool = False
    """Whether it is open to a token without an entry from GitLab 19.1 on only."""
    listed_recent: bool = False
    """The same for a token whose entry lacks the permission."""
    public_only: bool = False
    """A token without an entry finds it open on public projects alone."""

    def data(self) -> dict[str, Any]:
        """Return the part as JSON data."""
        return {
            "name": self.name,
            "text": self.words,
            "permission": self.policy,
            "features": list(self.features),
            "routes": list(self.routes),
            "since": str(OPEN_TO_ANY_TOKEN) if self.recent else None,
        }


def _part(name: str, words: str, features: str, policy: str | None = None, **more: Any) -> OpenPart:
    return OpenPart(name, words, tuple(features.split()), policy, **more)


PARTS: Final = (
    _part("clone", "Git clone and fetch", "repository"),
    _part(
        "repository",
        "branches, tags, commits, files",
        "repository",
        "READ_REPOSITORIES",
        routes=("GET /projects/:id/repository/branches", "GET /projects/:id/repository/tags"),
        recent=True,
    ),
    _part(
        "builds",
        "job artifacts",
        "builds repository",
        "READ_JOBS",
        routes=("GET /projects/:id/jobs/artifacts/:ref_name/raw/*artifact_path",),
    ),
    _part(
        "pipelines",
        "pipelines",
        "builds repository",
        "READ_PIPELINES",
        routes=("GET /projects/:id/pipelines", "GET /projects/:id/pipelines/:pipeline_id"),
        recent=True,
    ),
    _part(
        "package_pipelines",
        "pipelines that built a package",
        "package_registry",
        "READ_PIPELINES",
        routes=("GET /projects/:id/packages/:package_id/pipelines",),
    ),
    _part("container_registry", "pulling container images", "container_registry"),
    _part("package_registry", "downloading packages", "package_registry", "READ_PACKAGES"),
    _part(
        "releases",
        "releases",
        "releases repository",
        "READ_RELEASES",
        routes=("GET /projects/:id/releases", "GET /projects/:id/releases/:tag_name"),
    ),
    _part(
        "release_links",
        "links of releases",
        "releases",
        "READ_RELEASES",
        routes=("GET /projects/:id/releases/:tag_name/assets/links",),
    ),
    _part(
        "changelog",
        "the changelog",
        "repository",
        "READ_RELEASES",
        routes=("GET /projects/:id/repository/changelog",),
        recent=True,
    ),
    _part(
        "environments",
        "environments",
        "environments repository builds",
        "READ_ENVIRONMENTS",
        routes=("GET /projects/:id/environments",),
    ),
    _part(
        "deployments",
        "deployments",
        "environments repository builds",
        "READ_DEPLOYMENTS",
        routes=("GET /projects/:id/deployments",),
        recent=True,
    ),
    _part(
        "merge_requests",
        "merge requests",
        "merge_requests repository",
        "READ_MERGE_REQUESTS",
        routes=("GET /projects/:id/merge_requests",),
        recent=True,
    ),
    _part(
        "issues",
        "issues",
        "issues",
        "READ_WORK_ITEMS",
        routes=("GET /projects/:id/issues",),
        recent=True,
    ),
    _part(
        "badges",
        "badges",
        "repository",
        "READ_BADGES",
        recent=True,
        listed_recent=True,
        public_only=True,
    ),
)
"""Every part that visibility can leave open, by route: some permissions have several."""
_MEMBERS_ONLY_JOBS: Final = frozenset({"builds", "pipelines"})
"""Parts that switching off project-based pipeline visibility closes to those who are no members."""


@dataclass(frozen=True, slots=True)
class OpenParts:
    """What is open to a token that is not let in."""

    open: tuple[OpenPart, ...] = ()
    unread: tuple[OpenPart, ...] = ()
    """Parts of which a feature's level, or the project's visibility, was not read."""
    by_release: tuple[OpenPart, ...] = ()
    """Parts that some releases open and some do not, where it is not known which this one is."""

    def asked_by(self, policies: Iterable[str]) -> "OpenParts":
        """Return only the parts that one of these policies asks for."""
        wanted = frozenset(policies)
        return OpenParts(
            tuple(part for part in self.open if part.policy in wanted),
            tuple(part for part in self.unread if part.policy in wanted),
            tuple(part for part in self.by_release if part.policy in wanted),
        )


_NOTHING_OPEN: Final = OpenParts()


def open_parts(
    project: Project, *, private: bool, version: tuple[int, int], listed: bool = False
) -> OpenParts:
    """Return what a project leaves open to tokens that it does not let in.

    `private` stands for the project's visibility: a private project leaves nothing open to a job
    token (`packages_without_token` has what it may leave open to everybody else). `listed` tells
    of tokens whose entry lacks the permission, else of those without an entry.
    """
    if private:
        return _NOTHING_OPEN
    found: dict[bool | None, list[OpenPart]] = {True: [], None: []}
    by_release: list[OpenPart] = []
    for part in PARTS:
        shown = _shown(part, project, version, listed=listed)
        recent = part.listed_recent if listed else part.recent
        in_release = any_token_reads_more(version) if recent else True
        if part.name == "clone" and project.visibility == "internal":
            in_release = since_release(version, INTERNAL_CLONE)
        if shown is False or in_release is False:
            continue
        if in_release is None and shown:
            by_release.append(part)
        else:
            found[shown].append(part)
    return OpenParts(tuple(found[True]), tuple(found[None]), tuple(by_release))


def _shown(
    part: OpenPart, project: Project, version: tuple[int, int], *, listed: bool
) -> bool | None:
    """Tell whether a project shows a part to everyone; None where a level was not read."""
    known = [level(project, feature) for feature in part.features]
    if any(one is not None and one not in _OPEN for one in known):
        return False
    if part.name in _MEMBERS_ONLY_JOBS and level(project, "public_jobs") == "private":
        # Since 19.1 it closes them to users below Reporter only, which is their own right.
        more = any_token_reads_more(version)
        if not more:
            return more
    if part.public_only and not listed and project.visibility != "public":
        return None if project.visibility is None else False
    return None if None in known else True


def level(project: Project, feature: str) -> str | None:
    """Return who may use a feature: `disabled`, `private`, `enabled`, `public`; None not read."""
    levels = project.access_levels or {}
    return levels.get(f"{feature}_access_level", levels.get(feature))


def packages_without_token(project: Project) -> bool | None:
    """Tell whether anybody may pull a project's packages without any token.

    In a private project "Allow anyone to pull from package registry" does that; job tokens that
    are not let in are refused all the same. None where the level was not read.
    """
    registry = level(project, "package_registry")
    if registry is None or registry == "public":
        return None if registry is None else True
    if registry != "enabled":
        return False
    return None if project.visibility is None else project.visibility == "public"
