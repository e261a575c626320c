"""Turns a validated instance file into the instance: numbers, paths, references."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeAlias

from scopelint_simulator.audit import record
from scopelint_simulator.delivery import Control
from scopelint_simulator.generate import generate
from scopelint_simulator.instance import (
    DEFAULT_LEVELS,
    Entry,
    Group,
    Instance,
    InstanceSettings,
    Kind,
    LogRow,
    Namespace,
    Outside,
    Project,
    Scope,
    Token,
    User,
    policy_exists,
)
from scopelint_simulator.instance_format import (
    EntryPart,
    InstanceFile,
    OutsidePart,
    ProjectPart,
    Target,
)
from scopelint_simulator.permissions import ROLES
from scopelint_simulator.versions import ENFORCED_BY_DEFAULT, parse_version

Place: TypeAlias = tuple[str | int, ...]
LONG_AGO = datetime(2023, 1, 1, tzinfo=UTC)
"""When something was made that the file gives no date for."""


class _Numbers:
    """Gives out numbers that the file has not taken."""

    def __init__(self, taken: Iterable[int | None]) -> None:
        self._next = max((number for number in taken if number is not None), default=0) + 1

    def take(self, wanted: int | None) -> int:
        if wanted is not None:
            return wanted
        self._next += 1
        return self._next - 1


class Builder:
    """Builds one instance; `faults` holds (place, message) for whatever did not fit."""

    def __init__(self, source: InstanceFile) -> None:
        self.source = source
        self.faults: list[tuple[Place, str]] = []
        head = source.gitlab
        version = parse_version(head.version)
        enforce = head.enforce_inbound
        self.instance = Instance(
            InstanceSettings(
                head.version,
                head.revision,
                head.enterprise,
                version >= ENFORCED_BY_DEFAULT if enforce is None else enforce,
                head.fine_grained,
                head.admin_mode,
                head.requires_fine_grained,
                dict(head.feature_flags),
                head.mirrors,
                head.audit_events,
            )
        )
        self._users: dict[str, User] = {}

    def build(self) -> Instance:
        """The instance; of use only where `faults` stays empty."""
        self._add_users()
        self._add_groups()
        self._add_namespaces()
        self._add_projects()
        self._add_tokens()
        self._add_roles()
        if not self.faults:
            self._add_scopes()
        if not self.faults:
            self._generate()
            self._add_delivery()
        return self.instance

    def _fault(self, *place: str | int, message: str) -> None:
        self.faults.append((place, message))

    def _add_users(self) -> None:
        numbers = _Numbers(part.id for part in self.source.users)
        for index, part in enumerate(self.source.users):
            user = User(
                numbers.take(part.id), part.username, part.name or part.username, part.admin
            )
            if part.username in self._users or user.id in self.instance.users:
                self._fault("users", index, "username", message="this user is there already")
            self._users[part.username] = user
            self.instance.users[user.id] = user

    def _user(self, name: str, *place: str | int) -> User | None:
        user = self._users.get(name)
        if user is None:
            self._fault(*place, message=f"unknown user {name!r}")
        return user

    def _add_groups(self) -> None:
        self._spaces = _Numbers(
            [part.id for part in self.source.groups] + [part.id for part in self.source.namespaces]
        )
        paths = {part.path.lower() for part in self.source.groups}
        numbered = list(enumerate(self.source.groups))
        for index, part in sorted(numbered, key=lambda pair: pair[1].path.count("/")):
            above, _, last = part.path.rpartition("/")
            if above and above.lower() not in paths:
                self._fault("groups", index, "path", message=f"its parent {above!r} is no group")
                continue
            parent = self.instance.group_at(above) if above else None
            if above and parent is None:
                continue
            number = self._spaces.take(part.id)
            if self.instance.group_at(part.path) or number in self.instance.groups:
                self._fault("groups", index, "path", message="this path or id is taken")
                continue
            self.instance.add_group(
                Group(
                    number,
                    part.path,
                    part.name or last,
                    part.visibility,
                    parent.id if parent else None,
                    part.created_at or LONG_AGO,
                    part.marked_for_deletion_on,
                    part.organization,
                    part.requires_fine_grained,
                )
            )

    def _add_namespaces(self) -> None:
        for index, part in enumerate(self.source.namespaces):
            user = self._user(part.user, "namespaces", index, "user")
            if user is None:
                continue
            path, number = part.path or part.user, self._spaces.take(part.id)
            taken = self.instance.group_at(path) or self.instance.namespace_at(path)
            if taken or number in self.instance.groups or number in self.instance.namespaces:
                self._fault("namespaces", index, message=f"the path {path!r} or its id is taken")
                continue
            self.instance.add_namespace(Namespace(number, path, user))

    def _add_projects(self) -> None:
        numbers = _Numbers(part.id for part in self.source.projects)
        for index, part in enumerate(self.source.projects):
            number = numbers.take(part.id)
            if self.instance.project_at(part.path) or number in self.instance.projects:
                self._fault("projects", index, "path", message="this path or id is taken")
                continue
            self._add_project(index, number, part)

    def _add_project(self, index: int, number: int, part: ProjectPart) -> None:
        above, _, last = part.path.rpartition("/")
        group = self.instance.group_at(above)
        namespace = self.instance.namespace_at(above)
        if group is None and namespace is None:
            message = f"its namespace {above!r} is neither a group nor a personal namespace"
            self._fault("projects", index, "path", message=message)
            return
        created = part.created_at or LONG_AGO
        levels = {**DEFAULT_LEVELS, **part.access_levels} if part.access_levels else DEFAULT_LEVELS
        self.instance.add_project(
            Project(
                id=number,
                path=part.path,
                name=part.name or last,
                visibility=part.visibility,
                created_at=created,
                last_activity_at=part.last_activity_at or created,
                scope=Scope(
                    part.scope.inbound,
                    part.scope.outbound,
                    part.scope.push,
                    part.scope.cross_project_push,
                ),
                group=group.id if group else None,
                user_namespace=namespace.id if namespace and not group else None,
                archived=part.archived,
                jobs_enabled=part.jobs_enabled,
                marked_for_deletion_on=part.marked_for_deletion_on,
                deletion_in_progress=part.deletion_in_progress,
                access_levels=levels,
                public_jobs=part.public_jobs,
                mirror=part.mirror,
                mirror_trigger_builds=part.mirror_trigger_builds,
                fork_pipelines=self.source.gitlab.fork_pipelines
                if part.fork_pipelines is None
                else part.fork_pipelines,
                topics=tuple(part.topics),
                frameworks=tuple(part.frameworks),
                settings_row=part.settings_row,
                fails=part.fails == "always",
            )
        )

    def _add_tokens(self) -> None:
        for index, part in enumerate(self.source.tokens):
            user = self._user(part.user, "tokens", index, "user")
            if user is None:
                continue
            if part.token in self.instance.tokens:
                self._fault("tokens", index, "token", message="this token is there already")
            scopes = frozenset(part.scopes)
            self.instance.tokens[part.token] = Token(
                index + 1, part.token, user, part.kind, scopes, part.expired
            )

    def _add_roles(self) -> None:
        for index, part in enumerate(self.source.roles):
            user = self._user(part.user, "roles", index, "user")
            group, project = self.instance.group_at(part.on), self.instance.project_at(part.on)
            if group is None and project is None:
                message = f"{part.on!r} is neither a group nor a project"
                self._fault("roles", index, "on", message=message)
            if user is None:
                continue
            level = ROLES[part.role]
            if group is not None:
                roles, key = self.instance.group_roles, (user.id, group.id)
            elif project is not None:
                roles, key = self.instance.project_roles, (user.id, project.id)
            else:
                continue
            roles[key] = max(level, roles.get(key, 0))

    def _add_scopes(self) -> None:
        for index, part in enumerate(self.source.projects):
            project = self.instance.project_at(part.path)
            if project is None:
                continue
            place = ("projects", index, "scope")
            entries = [
                self._entry(project, row, (*place, "allowlist", number))
                for number, row in enumerate(part.scope.allowlist)
            ]
            project.scope.entries = tuple(entry for entry in entries if entry is not None)
            log = []
            for number, use in enumerate(part.scope.log):
                where = (*place, "log", number, "origin")
                origin = self._origin(use.origin, where)
                if origin is not None:
                    log.append(LogRow(self.instance.next_row(), origin, use.at))
            project.scope.log = tuple(log)
            for number, event in enumerate(sorted(part.scope.audit_events, key=lambda one: one.at)):
                where = (*place, "audit_events", number, "by")
                by = None if event.by is None else self._user(event.by, *where)
                record(
                    self.instance, project, event.event, by, target=event.target or "", at=event.at
                )

    def _origin(self, given: Target, place: Place) -> int | None:
        """The number of a log row's origin; one that is gone has left the instance since."""
        if isinstance(given, OutsidePart) and given.gone:
            return given.id
        return self._target("project", given, place)

    def _entry(self, project: Project, part: EntryPart, place: Place) -> Entry | None:
        kind: Kind = "group" if part.group is not None or part.gone == "group" else "project"
        given = part.group if part.group is not None else part.project
        target: int | None = None
        if given is not None and not (isinstance(given, OutsidePart) and given.gone):
            target = self._target(kind, given, (*place, kind))
            if target is None:
                return None
        author = None
        if part.added_by is not None:
            author = self._user(part.added_by, *place, "added_by")
        policies = part.permissions or ()
        version = self.instance.settings.version
        for policy in policies:
            if not policy_exists(policy, version):
                message = f"{policy} does not exist in GitLab {version}"
                self._fault(*place, "permissions", message=message)
        return Entry(
            id=self.instance.next_row(),
            source=project.id,
            kind=kind,
            target=target,
            direction=part.direction,
            created_at=part.created_at or project.created_at,
            added_by=author,
            autopopulated=part.autopopulated,
            default_permissions=part.permissions is None,
            policies=tuple(policies),
        )

    def _target(self, kind: Kind, given: Target, place: Place) -> int | None:
        if isinstance(given, OutsidePart):
            return self._outside(kind, given, place)
        found = (
            self.instance.project_at(given) if kind == "project" else self.instance.group_at(given)
        )
        if found is None:
            message = f"unknown {kind} {given!r} (what lies outside is given as {{id: …, path: …}})"
            self._fault(*place, message=message)
            return None
        return found.id

    def _outside(self, kind: Kind, given: OutsidePart, place: Place) -> int | None:
        inside = self.instance.projects if kind == "project" else self.instance.groups
        known = self.instance.outside.get((kind, given.id))
        if given.id in inside or (known is not None and known.path != given.path):
            self._fault(*place, "id", message=f"the {kind} id {given.id} is taken")
            return None
        self.instance.outside[(kind, given.id)] = Outside(kind, given.id, given.path)
        return given.id

    def _add_delivery(self) -> None:
        delivery = self.instance.delivery
        for index, part in enumerate(self.source.merge_requests):
            found = self._target("project", part.project, ("merge_requests", index, "project"))
            if found is not None:
                delivery.notes[found, part.iid] = []
        for index, control in enumerate(self.source.controls):
            named = [
                self._target("project", path, ("controls", index, "projects", place))
                for place, path in enumerate(control.projects)
            ]
            numbers = frozenset(number for number in named if number is not None)
            delivery.controls[control.id] = Control(control.id, control.secret, numbers)

    def _generate(self) -> None:
        for index, part in enumerate(self.source.generate):
            if self.instance.group_at(part.under) is None:
                message = f"unknown group {part.under!r}"
                self._fault("generate", index, "under", message=message)
                continue
            generate(
                self.instance,
                part.under,
                projects=part.projects,
                groups=part.groups,
                entries=part.entries,
                open_share=part.open_share,
                seed=part.seed,
                log=part.log,
            )
