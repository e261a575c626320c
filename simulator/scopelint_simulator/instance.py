"""The instance that the simulator serves, in memory: users, groups, projects, scopes.

An instance comes from a file (`scopelint_simulator.instance_file`); writes over the API change it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Literal, TypeAlias

from scopelint_simulator.delivery import Delivery
from scopelint_simulator.versions import (
    CONTAINER_POLICIES_END,
    ENFORCEMENT_SETTING,
    GRANULAR_TOKENS_REQUIRED,
    PIPELINE_POLICIES,
    RECENT_POLICIES,
    REPOSITORY_POLICIES,
    Version,
    parse_version,
)

DEFAULT_ORGANIZATION = "default"
"""The organization of every caller."""

Kind: TypeAlias = Literal["project", "group"]
Direction: TypeAlias = Literal["inbound", "outbound"]
TokenKind: TypeAlias = Literal["personal", "job", "fine_grained"]

_CODE_FEATURES = ("repository", "builds", "container_registry", "package_registry")
FEATURES = (*_CODE_FEATURES, "releases", "environments", "issues", "merge_requests")
DEFAULT_LEVELS: Mapping[str, str] = MappingProxyType(dict.fromkeys(FEATURES, "enabled"))

POLICIES = (
    *(
        f"{verb}_{subject}"
        for subject in (
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
        for verb in ("READ", "ADMIN")
    ),
    "READ_MERGE_REQUESTS",
    "READ_WORK_ITEMS",
    "READ_CONTAINERS",
    "ADMIN_CONTAINERS",
)
"""Every value that GitLab's enum `CiJobTokenScopePolicies` has or had."""


def policy_exists(name: str, version: Version) -> bool:
    """Tell whether a release has a policy, as the schema's enum does.

    The first names are taken for every release: before 17.5 no API shows them.
    """
    if name.endswith("_CONTAINERS"):
        return version < CONTAINER_POLICIES_END
    if name in ("READ_BADGES", "ADMIN_BADGES", "ADMIN_REPOSITORIES"):
        return version >= RECENT_POLICIES
    if name in ("READ_REPOSITORIES", "READ_MERGE_REQUESTS", "READ_WORK_ITEMS"):
        return version >= REPOSITORY_POLICIES
    return not name.endswith("_PIPELINES") or version >= PIPELINE_POLICIES


@dataclass(slots=True)
class User:
    """A person or bot."""

    id: int
    username: str
    name: str
    admin: bool = False


@dataclass(slots=True)
class Token:
    """What a client may send; `scopes` of a fine-grained token are its permission names."""

    id: int
    token: str
    user: User
    kind: TokenKind = "personal"
    scopes: frozenset[str] = frozenset()
    expired: bool = False


@dataclass(slots=True)
class Group:
    """A group; `path` is the full path, `parent` the id of the group above it."""

    id: int
    path: str
    name: str
    visibility: str
    parent: int | None
    created_at: datetime
    marked_for_deletion_on: date | None = None
    organization: str = DEFAULT_ORGANIZATION
    """Of a top-level group: the organization that it and all below it belong to."""
    requires_fine_grained: bool = False
    """Whether classic tokens are refused for what lies in it."""
    children: list[int] = field(default_factory=list)
    projects: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Namespace:
    """A user's personal namespace."""

    id: int
    path: str
    user: User
    projects: list[int] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Outside:
    """A group or project that exists but that no token of this instance can see."""

    kind: Kind
    id: int
    path: str

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition("/")[2]


@dataclass(slots=True)
class Entry:
    """One row of the allowlist of project `source`; `target` None: it was just deleted."""

    id: int
    source: int
    kind: Kind
    target: int | None
    direction: Direction
    created_at: datetime
    added_by: User | None = None
    autopopulated: bool = False
    default_permissions: bool = True
    policies: tuple[str, ...] = ()


@dataclass(slots=True)
class LogRow:
    """One accepted use of a job token: the origin project and when it was last seen."""

    id: int
    origin: int
    at: datetime


@dataclass(slots=True)
class AuditEvent:
    """One audit event of a project; `author` None: GitLab itself, or a user who is gone."""

    id: int
    name: str
    message: str
    at: datetime
    author: User | None = None


@dataclass(slots=True)
class Scope:
    """A project's job token settings; `inbound` is its own flag, whatever the instance says."""

    inbound: bool = True
    outbound: bool = False
    push: bool = False
    cross_project_push: bool = False
    entries: tuple[Entry, ...] = ()
    log: tuple[LogRow, ...] = ()
    events: tuple[AuditEvent, ...] = ()


@dataclass(slots=True)
class Project:
    """A project; `group` or `user_namespace` is the id of what it lies in, never both."""

    id: int
    path: str
    name: str
    visibility: str
    created_at: datetime
    last_activity_at: datetime
    scope: Scope
    group: int | None = None
    user_namespace: int | None = None
    archived: bool = False
    jobs_enabled: bool = True
    marked_for_deletion_on: date | None = None
    deletion_in_progress: bool = False
    access_levels: Mapping[str, str] = field(default_factory=lambda: DEFAULT_LEVELS)
    public_jobs: bool = True
    mirror: bool = False
    mirror_trigger_builds: bool = False
    fork_pipelines: bool = True
    topics: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    settings_row: bool = True
    fails: bool = False


@dataclass(slots=True)
class InstanceSettings:
    """What is true of the whole GitLab."""

    version_text: str = "19.3.0"
    revision: str = "abc1234"
    enterprise: bool = True
    enforce_inbound: bool = True
    fine_grained: bool = True
    admin_mode: bool = False
    """Whether REST needs the scope `admin_mode` for what only administrators may do."""
    requires_fine_grained: bool = False
    """Whether classic tokens are refused everywhere."""
    feature_flags: Mapping[str, bool] = field(default_factory=dict)
    """Feature flags by name; one that is not named is off."""
    mirrors: bool = True
    """Whether the tier has pull mirrors (Premium)."""
    audit_events: bool = True
    """Whether the tier has audit events (Premium)."""

    @property
    def version(self) -> Version:
        """The release that decides which fields, routes and limits exist."""
        return parse_version(self.version_text)


class Instance:
    """All of it, with the API's lookups: by path without regard to case, as GitLab does."""

    def __init__(self, settings: InstanceSettings) -> None:
        self.settings = settings
        self.users: dict[int, User] = {}
        self.tokens: dict[str, Token] = {}
        self.groups: dict[int, Group] = {}
        self.projects: dict[int, Project] = {}
        self.namespaces: dict[int, Namespace] = {}
        self.outside: dict[tuple[Kind, int], Outside] = {}
        self.group_roles: dict[tuple[int, int], int] = {}
        self.project_roles: dict[tuple[int, int], int] = {}
        self._groups_by_path: dict[str, int] = {}
        self._projects_by_path: dict[str, int] = {}
        self._namespaces_by_path: dict[str, int] = {}
        self._trees: dict[int, tuple[int, ...]] = {}
        self._all: tuple[int, ...] | None = None
        self._last_row = 0
        self.delivery = Delivery()

    def add_group(self, group: Group) -> None:
        """Put a group in; its parent must be there already."""
        self.groups[group.id] = group
        self._groups_by_path[group.path.lower()] = group.id
        if group.parent is not None:
            self.groups[group.parent].children.append(group.id)

    def add_namespace(self, namespace: Namespace) -> None:
        """Put a personal namespace in."""
        self.namespaces[namespace.id] = namespace
        self._namespaces_by_path[namespace.path.lower()] = namespace.id

    def add_project(self, project: Project) -> None:
        """Put a project in; what it lies in must be there already."""
        self.projects[project.id] = project
        self._projects_by_path[project.path.lower()] = project.id
        if project.group is not None:
            self.groups[project.group].projects.append(project.id)
        elif project.user_namespace is not None:
            self.namespaces[project.user_namespace].projects.append(project.id)
        self._trees.clear()
        self._all = None

    def remove_project(self, number: int) -> None:
        """Take a project out, as a deletion does; rows that name it stay."""
        project = self.projects.pop(number)
        del self._projects_by_path[project.path.lower()]
        if project.group is not None:
            self.groups[project.group].projects.remove(number)
        elif project.user_namespace is not None:
            self.namespaces[project.user_namespace].projects.remove(number)
        self._trees.clear()
        self._all = None

    def rename_project(self, number: int, path: str) -> None:
        """Give a project another full path, which may be one that another project had."""
        project = self.projects[number]
        if self._projects_by_path.get(project.path.lower()) == number:
            del self._projects_by_path[project.path.lower()]
        project.path = path
        self._projects_by_path[path.lower()] = number

    def next_row(self) -> int:
        """A new number for an allowlist or log row."""
        self._last_row += 1
        return self._last_row

    def now(self) -> datetime:
        """The time that a new row gets."""
        return datetime.now(UTC).replace(microsecond=0)

    def group_at(self, path: str) -> Group | None:
        """The group of this full path."""
        found = self._groups_by_path.get(path.lower())
        return None if found is None else self.groups[found]

    def project_at(self, path: str) -> Project | None:
        """The project of this full path."""
        found = self._projects_by_path.get(path.lower())
        return None if found is None else self.projects[found]

    def namespace_at(self, path: str) -> Namespace | None:
        """The personal namespace of this path."""
        found = self._namespaces_by_path.get(path.lower())
        return None if found is None else self.namespaces[found]

    def target(self, kind: Kind, number: int) -> Project | Group | Outside | None:
        """What an entry or log row points to."""
        inside: Project | Group | None
        inside = self.projects.get(number) if kind == "project" else self.groups.get(number)
        return inside or self.outside.get((kind, number))

    def ancestors(self, group: int | None) -> Iterator[Group]:
        """The group itself, then each group above it."""
        while group is not None:
            found = self.groups[group]
            yield found
            group = found.parent

    def descendants(self, group: int) -> Iterator[Group]:
        """Every group below this one, at any depth."""
        waiting = list(self.groups[group].children)
        while waiting:
            found = self.groups[waiting.pop()]
            yield found
            waiting.extend(found.children)

    def tree(self, group: int) -> tuple[int, ...]:
        """The ids of all projects below a group, highest first."""
        known = self._trees.get(group)
        if known is None:
            numbers = list(self.groups[group].projects)
            for below in self.descendants(group):
                numbers.extend(below.projects)
            known = self._trees[group] = tuple(sorted(numbers, reverse=True))
        return known

    def all_projects(self) -> tuple[int, ...]:
        """The ids of all projects, highest first."""
        if self._all is None:
            self._all = tuple(sorted(self.projects, reverse=True))
        return self._all

    def organization(self, project: Project) -> str:
        """The organization that a project belongs to."""
        above = list(self.ancestors(project.group))
        return above[-1].organization if above else DEFAULT_ORGANIZATION

    def needs_fine_grained_token(self, project: Project) -> bool:
        """Whether the instance or a group above a project refuses classic tokens for it."""
        groups = self.ancestors(project.group)
        required = self.settings.requires_fine_grained or any(
            g.requires_fine_grained for g in groups
        )
        return required and self.settings.version >= GRANULAR_TOKENS_REQUIRED

    def enforced(self) -> bool:
        """Whether the instance makes every project restricted."""
        return self.settings.version >= ENFORCEMENT_SETTING and self.settings.enforce_inbound

    def effective_inbound(self, project: Project) -> bool:
        """The limit as it acts: no settings row, or enforcement, means restricted."""
        return not project.settings_row or self.enforced() or project.scope.inbound

    def effective_outbound(self, project: Project) -> bool:
        """Off where the project has no settings row."""
        return project.settings_row and project.scope.outbound

    def deletion_covers(self, project: Project) -> bool:
        """Whether the project or a group above it is marked for deletion."""
        marked = project.marked_for_deletion_on is not None or project.deletion_in_progress
        return marked or any(g.marked_for_deletion_on for g in self.ancestors(project.group))
