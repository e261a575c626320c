"""What GitLab said: groups, projects, scopes, entries, and what could not be read.

These are observations, not judgements. A value that is None was *not read*; the gap beside it
says why. What an instance's version does not have yet is known, not missing: it is stored as the
value GitLab acts by (no entries, default permissions, switched off).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from scopelint.filters import Filters
from scopelint.limit_change import LimitChange
from scopelint.project_pattern import ProjectKind
from scopelint.versions import FeatureFlags, Version, parse_version, permissions_in_force

GROUP_PLACES = 200
"""Group entries that a project's allowlist can hold (GitLab's `GROUP_LINK_LIMIT`)."""
PROJECT_PLACES = 200
"""Project entries that a project's allowlist can hold, a direction (`PROJECT_LINK_DIRECTIONAL_LIMIT`)."""

LOG_ROWS = 1000
"""Origins that a project's authentication log shows at most (`AUTHORIZATION_ROW_LIMIT`)."""
LOG_FULL_FROM = 950
"""So many rows may be a full log: GitLab cuts first, then drops origins that are gone."""


class Fact(StrEnum):
    """What can be read or missing: a gap names one (contract, section 3), a rule those it needs."""

    ENUMERATION = "enumeration"
    """Which projects are below a target."""
    GROUP = "group"
    """A group that could not be read."""
    COUNT = "count"
    """GitLab counts more than it showed."""
    UNFINISHED = "unfinished"
    """The collection was interrupted and not resumed."""
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
    """The project's own inbound flag, not the effective one."""
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
    """Who may use each feature of a public or internal project (REST only; read where needed)."""
    MIRROR = "field:mirror"
    """Whether a project mirrors another repository (REST only; read where needed)."""
    FORK_PIPELINES = "field:ciAllowForkPipelinesToRunInParentProject"
    """Whether a project runs its forks' pipelines as its own (REST only; read where needed)."""
    AUDIT_EVENTS = "audit_events"
    """Who opened a project, and when (REST only)."""


BREAKS_COMPLETENESS = frozenset(
    {Fact.ENUMERATION, Fact.GROUP, Fact.COUNT, Fact.UNFINISHED, Fact.SHARD, Fact.SCOPE}
    | {Fact.ENTRIES, Fact.ENFORCEMENT, Fact.OWN_FLAG, Fact.CROSS_PUSH, Fact.MIRROR}
)
"""Gaps of these facts make a scan incomplete; the others are listed and do not.

A fact is here where a rule of severity medium or higher cannot judge a project without it
(docs/reports.md, "What makes a scan incomplete"). There is a gap of `ENFORCEMENT` only where the own
flag of a project is off, and one of `CROSS_PUSH` also where a project lets others push and which of
its entries may is not known.
"""

READ_WHERE_NEEDED = frozenset(
    {Fact.ACCESS_LEVELS, Fact.MIRROR, Fact.FORK_PIPELINES, Fact.AUDIT_EVENTS}
)
"""Facts that cost requests of their own: read only where a rule or a command needs them."""
READ_BY_DEFAULT = frozenset({Fact.ACCESS_LEVELS})
"""Those that commands need which judge no rules, such as `can-access`."""


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
    """One thing that could not be read.

    The subject is a project, or for the facts `group` and `target` what they name; its three
    fields are None where the gap is the whole run's.
    """

    fact: Fact | str
    """What is missing; text for a fact of a later version of scopelint."""
    reason: Reason
    detail: str = ""
    """What GitLab or the reader said, in words."""
    subject_kind: Literal["project", "group"] | None = None
    subject_id: int | None = None
    subject_path: str | None = None
    """The full path."""

    @property
    def breaks_completeness(self) -> bool:
        """Whether this gap alone makes the scan incomplete."""
        return self.fact in BREAKS_COMPLETENESS


EntryKind = Literal["project", "group"]


@dataclass(frozen=True, slots=True)
class AllowlistEntry:
    """One row of a project's allowlist."""

    kind: EntryKind
    """What it lets in: one project, or all below a group."""
    target_id: int | None
    """GitLab's number; None while GitLab shows the row of a target that was just deleted."""
    target_path: str | None
    """The target's full path, None where it is gone or was not shown."""
    default_permissions: bool | None = True
    """True means not fine-grained; None where only REST was read."""
    policies: tuple[str, ...] | None = ()
    """The fine-grained permissions, empty with default ones; None where only REST was read."""
    created_at: datetime | None = None
    added_by: str | None = None
    """The user's name."""
    autopopulated: bool | None = None
    """Whether GitLab's auto-population made it."""

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
    """One row of the authentication log: an origin whose job token was accepted."""

    origin_id: int
    origin_path: str
    last_used_at: datetime
    """The last time."""


def split_uses(
    project_id: int, uses: Iterable[TokenUse]
) -> tuple[tuple[TokenUse, ...], datetime | None]:
    """Return a log's uses by other projects, and when the project last used its own token."""
    found = tuple(uses)
    own = [use.last_used_at for use in found if use.origin_id == project_id]
    others = tuple(use for use in found if use.origin_id != project_id)
    return others, max(own, default=None)


Flags = tuple[bool | None, bool | None]
"""A project's own inbound flag and the effective one; None is unknown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A project's job token scope as read; a flag that is None was not read."""

    inbound_own: bool | None
    """The project's own "limit access to this project"."""
    inbound_effective: bool | None
    """The limit GitLab acts by: the project's own, or the instance's."""
    outbound: bool | None = False
    """The deprecated "limit access from this project"."""
    push: bool | None = False
    """Whether the project's own jobs may push to it."""
    cross_project_push: bool | None = False
    """Whether jobs of allowlisted projects may push to it too."""
    entries: tuple[AllowlistEntry, ...] = ()
    """Inbound ones in GitLab's order, by kind and id, without REST's automatic row for itself."""
    outbound_entries: tuple[AllowlistEntry, ...] | None = ()
    """What is left of direction outbound; None where it cannot be read."""
    uses: tuple[TokenUse, ...] | None = None
    """The authentication log, uses by other projects alone; None where it was not read."""
    missing: frozenset[Fact] = frozenset()
    """The facts of this project that are gaps; with `Fact.ENTRIES`, `entries` may not be all."""
    own_token_last_used: datetime | None = None
    """When the project last used its own token, by the log (18.1); None: not seen or not read."""


@dataclass(frozen=True, slots=True)
class Project:
    """One project."""

    id: int
    path: str
    """The full path."""
    name: str = ""
    web_url: str | None = None
    visibility: str | None = None
    """`private`, `internal` or `public`."""
    archived: bool | None = None
    jobs_enabled: bool | None = None
    deletion: Literal["none", "scheduled", "in_progress"] | None = None
    last_activity_at: datetime | None = None
    access_level: int | None = None
    """This token's own role on it, 40 for Maintainer."""
    group_id: int | None = None
    """The group that holds it; None in a personal namespace, or where it could not be read."""
    personal: bool | None = False
    """Whether it is in a personal namespace; None where its group could not be read."""
    topics: tuple[str, ...] | None = None
    """Sorted; None where they were not read."""
    frameworks: tuple[str, ...] | None = None
    """The names of its compliance frameworks, sorted; None where they were not read (GraphQL only)."""
    created_at: datetime | None = None
    access_levels: Mapping[str, str] | None = None
    """Who may use each feature, by REST's name of it; None where that was not read."""
    mirror: bool | None = None
    """Whether it mirrors another repository (a pull mirror); None where that was not read."""
    mirror_trigger_builds: bool | None = None
    """Whether an update of that mirror starts pipelines."""
    fork_pipelines: bool | None = None
    """Whether pipelines of its forks' merge requests may run in it; None where that was not read."""
    limit_change: LimitChange | None = None
    """What audit events tell about an open project's limit; None where they were not read."""
    scope: Scope | None = None
    """None where it could not be read at all."""
    gap: Gap | None = None
    """Why there is no scope."""

    @property
    def kind(self) -> ProjectKind:
        """What the project is chosen by besides its path."""
        return ProjectKind.of(self.topics, self.frameworks, self.visibility, self.created_at)

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
    """One group of the read tree."""

    id: int
    path: str
    """The full path."""
    name: str = ""
    parent_id: int | None = None
    """None for a top-level group."""
    visibility: str | None = None
    web_url: str | None = None
    deletion: Literal["none", "scheduled", "in_progress"] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What an entry points to, as far as this token can see it."""

    kind: EntryKind
    id: int
    path: str | None
    """The full path."""
    visible: bool
    """False where GitLab did not show it: then nothing below is known."""
    visibility: str | None = None
    archived: bool | None = None
    deletion: Literal["none", "scheduled", "in_progress"] | None = None
    personal: bool | None = None
    """Whether it is a project in a user's namespace."""
    project_count: int | None = None
    """GitLab's count of all projects below a group, hidden ones included."""
    fork_pipelines: bool | None = None
    """As in `Project`; None for groups."""


@dataclass(frozen=True, slots=True)
class ProjectCount:
    """How many projects a group holds, those of its subgroups included."""

    number: int
    exact: bool
    """Whether that is all; False means there may be more."""
    bound: int | None = None
    """Where it is not all: the most there can be, None where nothing tells."""

    @property
    def most(self) -> int | None:
        """The most there can be: the number itself where that is all, None where nothing tells."""
        return self.number if self.exact else self.bound


Enforcement = Literal["on", "off", "unknown"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that was concluded for a whole run: from what, and when."""

    what: str
    """The name of the conclusion, such as `enforcement`."""
    value: str
    source: str
    """What it was concluded from, in words."""
    at: datetime
    """When that was read."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One collection, or several merged: where, what, how and when was read."""

    instance: str
    """Scheme, lower-case host, non-default port and relative root, without a slash at the end."""
    gitlab_version: str
    """As GitLab says it (`18.5.0-ee`), empty where it did not."""
    targets: tuple[str, ...]
    """Full paths, or `instance`."""
    api: Literal["graphql", "rest"]
    started_at: datetime
    finished_at: datetime | None = None
    """None where the collection was interrupted."""
    enforcement: Enforcement = "unknown"
    """Whether the instance makes every project restricted."""
    administrator: bool = False
    """Whether the token is an administrator's."""
    whole_instance: bool = False
    """Whether all projects that the token can see were asked for."""
    requests: int = 0
    """How many were sent to GitLab."""
    unavailable: Mapping[Fact, str] = field(default_factory=dict)
    """Facts that this way of reading shows for no project, each with the reason in words."""
    filters: Filters = field(default_factory=Filters)
    """What was left out."""
    feature_flags: FeatureFlags = field(default_factory=dict)
    """The flags that decide in this release, as far as GitLab told; see `versions.FeatureFlags`."""
    assumptions: tuple[Assumption, ...] = ()
    """What was concluded for the whole run."""

    @property
    def version(self) -> Version:
        """The GitLab version as numbers, `versions.UNKNOWN` where it is not known."""
        return parse_version(self.gitlab_version)

    def fine_grained(self, assumed: bool | None) -> bool | None:
        """Tell whether fine-grained permissions are in force in GitLab 17.7 to 18.2.

        `assumed` is what the user says of it (`assume.fine_grained`); a flag that is on proves it.
        """
        return permissions_in_force(self.version, self.feature_flags, assumed)
