"""What GitLab said: groups, projects, scopes, entries, and what could not be read.

These are observations, not judgements. A value that is None was *not read*; the gap beside it
says why. What an instance's version does not have yet is known, not missing: it is stored as the
value GitLab acts by (no entries, default permissions, switched off).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from scopelint.globs import matches
from scopelint.versions import Version, parse_version

GROUP_PLACES = 200
"""Group entries that a project's allowlist can hold (GitLab's `GROUP_LINK_LIMIT`)."""
PROJECT_PLACES = 200
"""Project entries that a project's allowlist can hold, a direction (`PROJECT_LINK_DIRECTIONAL_LIMIT`)."""


class Fact(StrEnum):
    """A thing that can be read or missing. A gap names one; a rule names those it needs.

    The values are those of the outside contract, section 3 ("a gap names its fact").
    """

    ENUMERATION = "enumeration"
    """Which projects are below a target."""
    GROUP = "group"
    """A group that could not be read."""
    COUNT = "count"
    """GitLab counts more than it showed."""
    UNFINISHED = "unfinished"
    """The collection was broken off and not resumed."""
    SHARD = "shard"
    """A shard of the collection is not here."""
    SCOPE = "scope"
    """The whole job token scope of one project."""
    ENTRIES = "entries"
    """The inbound allowlist of one project, or a part of it."""
    LOG = "log"
    """The authentication log."""
    PERMISSIONS = "permissions"
    """Default or fine-grained permissions, age, author and origin of entries (GraphQL only)."""
    OWN_FLAG = "own_flag"
    """The project's own inbound flag, as distinct from the effective one."""
    ENFORCEMENT = "enforcement"
    """Whether the instance makes every project restricted."""
    TARGET = "target"
    """The group or project that an entry points to, outside the read tree."""
    OUTBOUND_ENTRIES = "field:outboundAllowlist"
    """Leftover entries of direction outbound."""
    OUTBOUND = "field:jobTokenScopeEnabled"
    """The deprecated outbound setting."""
    PUSH = "field:pushRepositoryForJobTokenAllowed"
    """Whether a project's own jobs may push to it."""
    CROSS_PUSH = "field:crossProjectPushForJobTokenAllowed"
    """Whether jobs of allowlisted projects may push."""
    VISIBILITY = "field:visibility"
    """Private, internal or public."""
    ACCESS_LEVELS = "field:accessLevels"
    """Who may use each feature of a public or internal project (REST only)."""


BREAKS_COMPLETENESS = frozenset(
    {
        Fact.ENUMERATION,
        Fact.GROUP,
        Fact.COUNT,
        Fact.UNFINISHED,
        Fact.SHARD,
        Fact.SCOPE,
        Fact.ENTRIES,
    }
)
"""Gaps of these facts make a scan incomplete; the others are listed and do not."""


class Reason(StrEnum):
    """Why something could not be read."""

    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    TIMED_OUT = "timed_out"
    ERROR = "error"
    REDACTED = "redacted"
    CAPPED = "capped"
    NOT_VISIBLE = "not_visible"
    UNAVAILABLE = "unavailable"
    """This way of reading (REST, or no `--usage`) does not show it at all."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that could not be read: its fact, the reason, and whose it is.

    `subject_id` and `subject_path` name the project (or, for the facts `group` and `target`, the
    group or target); both are None where the gap is the whole run's.
    """

    fact: Fact | str
    reason: Reason
    detail: str = ""
    subject_kind: Literal["project", "group"] | None = None
    subject_id: int | None = None
    subject_path: str | None = None

    @property
    def breaks_completeness(self) -> bool:
        """Whether this gap alone makes the scan incomplete."""
        return self.fact in BREAKS_COMPLETENESS


EntryKind = Literal["project", "group"]


@dataclass(frozen=True, slots=True)
class AllowlistEntry:
    """One row of a project's allowlist.

    `target_id` is GitLab's number, None only while GitLab shows the row of a target that was
    just deleted. `target_path` is the target's full path. `default_permissions` True means "not
    fine-grained"; then `policies` is empty. Both are None where only REST was read.
    """

    kind: EntryKind
    target_id: int | None
    target_path: str | None
    default_permissions: bool | None = True
    policies: tuple[str, ...] | None = ()
    created_at: datetime | None = None
    added_by: str | None = None
    autopopulated: bool | None = None

    @property
    def key(self) -> str:
        """The entry's part of a fingerprint: `group:ID` or `project:ID`.

        A row whose target is gone has no number left; the time it was made tells it from others.
        """
        if self.target_id is not None:
            return f"{self.kind}:{self.target_id}"
        made = self.created_at.isoformat() if self.created_at else ""
        return f"{self.kind}:gone:{made}"


@dataclass(frozen=True, slots=True)
class TokenUse:
    """One row of the authentication log: an origin whose job token was accepted, and when last."""

    origin_id: int
    origin_path: str
    last_used_at: datetime


Flags = tuple[bool | None, bool | None]
"""A project's own inbound flag and the effective one; None is unknown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A project's job token scope as read.

    `inbound_own` is the project's own flag, `inbound_effective` the one GitLab acts by (own, or
    made true by the instance); None is unknown. `outbound` is the deprecated "limit access from
    this project". `entries` are inbound, in GitLab's order by kind and id, without REST's
    automatic row for the project itself; `outbound_entries` are leftovers of direction outbound,
    None where they cannot be read. `missing` names the facts of this project that are gaps:
    with `Fact.ENTRIES` in it, `entries` holds only what was read before the failure.
    """

    inbound_own: bool | None
    inbound_effective: bool | None
    outbound: bool | None = False
    push: bool | None = False
    cross_project_push: bool | None = False
    entries: tuple[AllowlistEntry, ...] = ()
    outbound_entries: tuple[AllowlistEntry, ...] | None = ()
    uses: tuple[TokenUse, ...] | None = None
    missing: frozenset[Fact] = frozenset()


@dataclass(frozen=True, slots=True)
class Project:
    """One project; `scope` is None where it could not be read at all (`gap` says why).

    `group_id` is the group that holds it, None for a project in a personal namespace (or one
    whose group could not be read, then `personal` is None). `deletion` tells whether it is
    scheduled for deletion or being deleted. `access_level` is this token's own role on it
    (40 is Maintainer).
    """

    id: int
    path: str
    name: str = ""
    web_url: str | None = None
    visibility: str | None = None
    archived: bool | None = None
    jobs_enabled: bool | None = None
    deletion: Literal["none", "scheduled", "in_progress"] | None = None
    last_activity_at: datetime | None = None
    access_level: int | None = None
    group_id: int | None = None
    personal: bool | None = False
    access_levels: Mapping[str, str] | None = None
    scope: Scope | None = None
    gap: Gap | None = None

    @property
    def namespace_path(self) -> str:
        """The full path of the group or user namespace that holds the project."""
        return self.path.rpartition("/")[0]

    @property
    def top_level_path(self) -> str:
        """The first segment: the top-level group, or the personal namespace standing for it."""
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Group:
    """One group of the read tree. `parent_id` is None for a top-level group."""

    id: int
    path: str
    name: str = ""
    parent_id: int | None = None
    visibility: str | None = None
    web_url: str | None = None
    deletion: Literal["none", "scheduled", "in_progress"] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What an entry points to, as far as this token can see it.

    `visible` False means GitLab did not show it: every other fact is then None and rules that
    need one stay silent. `project_count` is GitLab's count of all projects below a group,
    hidden ones included. `personal` tells a project in a user's namespace.
    """

    kind: EntryKind
    id: int
    path: str | None
    visible: bool
    visibility: str | None = None
    archived: bool | None = None
    deletion: Literal["none", "scheduled", "in_progress"] | None = None
    personal: bool | None = None
    project_count: int | None = None


@dataclass(frozen=True, slots=True)
class ProjectCount:
    """How many projects a group holds, those of its subgroups included."""

    number: int
    exact: bool
    """Whether that is all; False means there may be more."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a collection was asked to leave out, by globs over full paths; part of its identity."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    archived: Literal["include", "exclude", "only"] = "include"
    usage: bool = False

    @property
    def everything(self) -> bool:
        """Whether nothing below the targets was left out."""
        return not self.include and not self.exclude and self.archived == "include"

    def may_leave_out(self, path: str) -> bool:
        """Tell whether the project at a full path may have been left out, archived or not."""
        named = not self.include or any(matches(glob, path) for glob in self.include)
        return (
            not named
            or any(matches(glob, path) for glob in self.exclude)
            or self.archived != "include"
        )


Enforcement = Literal["on", "off", "unknown"]


@dataclass(frozen=True, slots=True)
class Scan:
    """The frame of one collection, or of several merged: where, what, how, when.

    `instance` is scheme, lower-case host, non-default port and relative root without a trailing
    slash. `gitlab_version` is as GitLab says it (`18.5.0-ee`). `targets` are full paths, or
    `instance`. `unavailable` names the facts that this way of reading does not show for any
    project, each with the reason in words. `administrator` tells whether the token is one.
    `filters` tell what was left out.
    """

    instance: str
    gitlab_version: str
    targets: tuple[str, ...]
    api: Literal["graphql", "rest"]
    started_at: datetime
    finished_at: datetime | None = None
    enforcement: Enforcement = "unknown"
    administrator: bool = False
    whole_instance: bool = False
    requests: int = 0
    unavailable: Mapping[Fact, str] = field(default_factory=dict)
    filters: Filters = field(default_factory=Filters)

    @property
    def version(self) -> Version:
        """The GitLab version as numbers, `versions.UNKNOWN` where it is not known."""
        return parse_version(self.gitlab_version)
