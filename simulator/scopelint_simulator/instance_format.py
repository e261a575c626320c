"""The instance file's shape: which keys there are and what they may hold.

`docs/simulator.md` describes it for people. Unknown keys are faults.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    model_validator,
)

from scopelint_simulator.audit import Audited
from scopelint_simulator.instance import DEFAULT_ORGANIZATION, FEATURES, POLICIES
from scopelint_simulator.versions import parse_version


def _moment(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


def _with_zone(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _day(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def _moved(value: datetime, info: ValidationInfo) -> datetime:
    return value + _by(info)


def _moved_day(value: date, info: ValidationInfo) -> date:
    return value + _by(info)


def _by(info: ValidationInfo) -> timedelta:
    """Return how far the file's dates are moved on: `MOVED_BY` of the validation's context."""
    by = (info.context or {}).get(MOVED_BY)
    return by if isinstance(by, timedelta) else timedelta()


MOVED_BY = "moved_by"


def _version(value: str) -> str:
    parse_version(value)
    return value


def _feature(value: str) -> str:
    if value not in FEATURES:
        raise ValueError(f"no such feature; there are {', '.join(FEATURES)}")
    return value


def _policy(value: str) -> str:
    if value not in POLICIES:
        raise ValueError("no such job token policy")
    return value


Moment = Annotated[
    datetime, BeforeValidator(_moment), AfterValidator(_with_zone), AfterValidator(_moved)
]
FixedDay = Annotated[date, BeforeValidator(_day)]
Day = Annotated[FixedDay, AfterValidator(_moved_day)]
Number = Annotated[int, Field(gt=0, strict=True)]
Text = Annotated[str, Field(min_length=1, strict=True)]
Visibility = Literal["private", "internal", "public"]
Role = Literal["guest", "planner", "reporter", "developer", "maintainer", "owner"]
Level = Literal["disabled", "private", "enabled", "public"]
Feature = Annotated[str, AfterValidator(_feature)]
Policy = Annotated[str, AfterValidator(_policy)]


class Part(BaseModel):
    """Base of every part: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class GitLabPart(Part):
    """The key `gitlab`. Where `today` is given, every other date of the file moves with it."""

    today: FixedDay | None = None
    version: Annotated[Text, AfterValidator(_version)] = "19.3.0"
    revision: Text = "abc1234"
    enterprise: StrictBool = True
    enforce_inbound: StrictBool | None = None
    fine_grained: StrictBool = True
    admin_mode: StrictBool = False
    requires_fine_grained: StrictBool = False
    feature_flags: dict[Text, StrictBool] = {}
    mirrors: StrictBool = True
    audit_events: StrictBool = True
    fork_pipelines: StrictBool = True


class UserPart(Part):
    """One of `users`."""

    username: Text
    name: Text | None = None
    id: Number | None = None
    admin: StrictBool = False


class TokenPart(Part):
    """One of `tokens`."""

    token: Text
    user: Text
    scopes: list[Text] = ["read_api"]
    kind: Literal["personal", "job", "fine_grained"] = "personal"
    expired: StrictBool = False


class RolePart(Part):
    """One of `roles`."""

    user: Text
    on: Text
    role: Role


class GroupPart(Part):
    """One of `groups`."""

    path: Text
    id: Number | None = None
    name: Text | None = None
    visibility: Visibility = "private"
    created_at: Moment | None = None
    marked_for_deletion_on: Day | None = None
    organization: Text = DEFAULT_ORGANIZATION
    requires_fine_grained: StrictBool = False

    @model_validator(mode="after")
    def _top_level(self) -> Self:
        if self.organization != DEFAULT_ORGANIZATION and "/" in self.path:
            raise ValueError("only a top-level group names its organization")
        return self


class NamespacePart(Part):
    """One of `namespaces`."""

    user: Text
    path: Text | None = None
    id: Number | None = None


class OutsidePart(Part):
    """A target by id and path: something that no token of the instance can see."""

    id: Number
    path: Text
    gone: StrictBool = False


Target = Text | OutsidePart


class EntryPart(Part):
    """One row of `allowlist`."""

    group: Target | None = None
    project: Target | None = None
    gone: Literal["project", "group"] | None = None
    permissions: list[Policy] | None = None
    created_at: Moment | None = None
    added_by: Text | None = None
    autopopulated: StrictBool = False
    direction: Literal["inbound", "outbound"] = "inbound"

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(target is not None for target in (self.group, self.project, self.gone)) != 1:
            raise ValueError("an entry has exactly one of group, project and gone")
        if self.direction == "outbound" and self.project is None and self.gone != "project":
            raise ValueError("only entries for projects can be outbound")
        return self


class LogPart(Part):
    """One row of `log`."""

    origin: Target
    at: Moment


class AuditEventPart(Part):
    """One of `audit_events`."""

    event: Audited
    at: Moment
    by: Text | None = None
    target: Text | None = None


class ScopePart(Part):
    """The key `scope` of a project."""

    inbound: StrictBool = True
    outbound: StrictBool = False
    push: StrictBool = False
    cross_project_push: StrictBool = False
    allowlist: list[EntryPart] = []
    log: list[LogPart] = []
    audit_events: list[AuditEventPart] = []


class ProjectPart(Part):
    """One of `projects`."""

    path: Text
    id: Number | None = None
    name: Text | None = None
    visibility: Visibility = "private"
    archived: StrictBool = False
    jobs_enabled: StrictBool = True
    created_at: Moment | None = None
    topics: list[Text] = []
    frameworks: list[Text] = []
    last_activity_at: Moment | None = None
    marked_for_deletion_on: Day | None = None
    deletion_in_progress: StrictBool = False
    access_levels: dict[Feature, Level] = {}
    public_jobs: StrictBool = True
    mirror: StrictBool = False
    mirror_trigger_builds: StrictBool = False
    fork_pipelines: StrictBool | None = None
    settings_row: StrictBool = True
    scope: ScopePart = Field(default_factory=ScopePart)
    fails: Literal["never", "always"] = "never"


class MergeRequestPart(Part):
    """One of `merge_requests`."""

    project: Text
    iid: Number


class ControlPart(Part):
    """One of `controls`: an external control and the projects that have its framework."""

    id: Number
    secret: Text
    projects: list[Text] = []


class GeneratePart(Part):
    """One of `generate`: many projects below a group."""

    under: Text
    projects: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    groups: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    entries: Annotated[int, Field(ge=0, le=400, strict=True)] = 0
    open_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    seed: Annotated[int, Field(strict=True)] = 0
    log: Annotated[int, Field(ge=0, le=2000, strict=True)] = 0


class InstanceFile(Part):
    """The whole file."""

    gitlab: GitLabPart = Field(default_factory=GitLabPart)
    users: list[UserPart] = []
    tokens: list[TokenPart] = []
    roles: list[RolePart] = []
    groups: list[GroupPart] = []
    namespaces: list[NamespacePart] = []
    projects: list[ProjectPart] = []
    generate: list[GeneratePart] = []
    merge_requests: list[MergeRequestPart] = []
    controls: list[ControlPart] = []
