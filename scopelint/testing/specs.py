"""The shape of a described inventory: what may be said, the defaults, and what is refused."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from scopelint.filters import Filters
from scopelint.limit_change import LastSwitch
from scopelint.model import Enforcement, EntryKind, Fact, Reason

STARTED = datetime(2026, 8, 1, 6, 0, 0, tzinfo=UTC)
FINISHED = datetime(2026, 8, 1, 6, 0, 42, tzinfo=UTC)

Deletion = Literal["none", "scheduled", "in_progress"]


def _as_mapping(value: object) -> object:
    """Let a bare text stand for `{path: text}`, and nothing for an empty mapping."""
    return {"path": value} if isinstance(value, str) else value


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _PointingSpec(_Spec):
    """Something that names a group or a project by path."""

    group: str | None = None
    project: str | None = None
    id: int | None = None

    @property
    def kind(self) -> EntryKind:
        return "project" if self.project is not None else "group"

    @property
    def path(self) -> str | None:
        return self.project if self.project is not None else self.group


class EntrySpec(_PointingSpec):
    """One allowlist entry: `group:` or `project:` with a path, or `gone:` with a kind.

    The other keys are the fields of `scopelint.model.AllowlistEntry`.
    """

    gone: EntryKind | None = None
    default_permissions: bool | None = True
    policies: tuple[str, ...] | None = ()
    created_at: datetime | None = None
    added_by: str | None = None
    autopopulated: bool | None = False

    @model_validator(mode="after")
    def _one_target(self) -> "EntrySpec":
        if [self.group, self.project, self.gone].count(None) != 2:
            raise ValueError("an entry has one of: group, project, gone")
        return self


class UseSpec(_Spec):
    """One row of the authentication log: an origin's path, and when its token was used last."""

    origin: str
    at: datetime


class LimitChangeSpec(_Spec):
    """What audit events tell about a project's limit: `scopelint.limit_change.LimitChange`."""

    last: LastSwitch = "off"
    at: datetime | None = None
    author: str | None = None
    author_id: int | None = None


class UnreadableSpec(_Spec):
    """Why a project's scope could not be read."""

    reason: Reason
    detail: str = ""


class ProjectSpec(_Spec):
    """One project: the fields of `scopelint.model.Project` and, flat, of its `Scope`.

    By default it is private, read, with its own limit on and nothing in its lists. `unreadable`
    is a reason (`forbidden`) or `{reason: …, detail: …}`.
    """

    id: int | None = None
    name: str = ""
    visibility: str | None = "private"
    archived: bool | None = False
    jobs_enabled: bool | None = True
    deletion: Deletion | None = "none"
    last_activity_at: datetime | None = None
    access_level: int | None = 40
    personal: bool | None = False
    topics: tuple[str, ...] | None = None
    frameworks: tuple[str, ...] | None = None
    created_at: datetime | None = None
    access_levels: dict[str, str] | None = None
    mirror: bool | None = None
    mirror_trigger_builds: bool | None = None
    fork_pipelines: bool | None = None
    limit_change: LimitChangeSpec | None = None
    inbound_own: bool | None = True
    inbound_effective: bool | None = None
    outbound: bool | None = False
    push: bool | None = False
    cross_project_push: bool | None = False
    entries: tuple[EntrySpec, ...] = ()
    outbound_entries: tuple[EntrySpec, ...] | None = ()
    uses: tuple[UseSpec, ...] | None = None
    missing: frozenset[Fact] = frozenset()
    unreadable: Annotated[
        UnreadableSpec | None,
        BeforeValidator(lambda value: {"reason": value} if isinstance(value, str) else value),
    ] = None


class GroupSpec(_Spec):
    """One group of the read tree; a bare path will do."""

    path: str
    id: int | None = None
    name: str = ""
    visibility: str | None = "private"
    deletion: Deletion | None = "none"


class ResolvedSpec(_PointingSpec):
    """What an entry outside the read tree points to: `group:` or `project:` with a path.

    What is not named here (or has `visible: false`) is a target that the token cannot see.
    """

    visible: bool = True
    visibility: str | None = None
    archived: bool | None = None
    deletion: Deletion | None = None
    personal: bool | None = None
    projects: int | None = None
    fork_pipelines: bool | None = None

    @model_validator(mode="after")
    def _one_target(self) -> "ResolvedSpec":
        if (self.group is None) == (self.project is None):
            raise ValueError("a resolved target has one of: group, project")
        return self


class GapSpec(_PointingSpec):
    """Something that could not be read; without `group:` or `project:` the whole run's."""

    fact: Fact | str = Field(union_mode="left_to_right")
    reason: Reason = Reason.ERROR
    detail: str = ""


class InventorySpec(_Spec):
    """A whole inventory. Groups that hold the projects need not be named."""

    instance: str = "https://gitlab.example.com"
    version: str = "18.5.0-ee"
    api: Literal["graphql", "rest"] = "graphql"
    enforcement: Enforcement = "unknown"
    administrator: bool = False
    whole_instance: bool = False
    targets: tuple[str, ...] | None = None
    started_at: datetime = STARTED
    finished_at: datetime | None = FINISHED
    unavailable: dict[Fact, str] = Field(default_factory=dict)
    feature_flags: dict[str, bool] = Field(default_factory=dict)
    groups: tuple[Annotated[GroupSpec, BeforeValidator(_as_mapping)], ...] = ()
    projects: dict[str, Annotated[ProjectSpec, BeforeValidator(lambda v: {} if v is None else v)]]
    filters: Filters | None = None
    """None where `excluded` says it all."""
    excluded: tuple[str, ...] = ()
    """Full paths of projects that the filters left out."""
    listed: tuple[str, ...] = ()
    resolved: tuple[ResolvedSpec, ...] = ()
    named: dict[str, int | None] = Field(default_factory=dict)
    gaps: tuple[GapSpec, ...] = ()
    counted: dict[str, int] = Field(default_factory=dict)
    """By a target's path, how many projects GitLab counts there; more than there are: hidden ones."""
