"""What the job token fields answer in GraphQL.

Sources: `doc/api/graphql/reference/_index.md`, `doc/ci/jobs/ci_job_token.md`, and GitLab's
`app/graphql/resolvers/ci/` and `app/graphql/types/ci/`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLError

from scopelint_simulator.connections import Connection
from scopelint_simulator.context import Context, Info, InternalError
from scopelint_simulator.instance import Direction, Entry, Group, LogRow, Outside, Project, Scope
from scopelint_simulator.versions import (
    AUTH_LOG_WITHOUT_AUTHORIZATION,
    LONG_ENTRY_PAGES,
    OWN_USES_LOGGED,
)

LOG_ROWS = 1000
"""Origins that the authentication log gives at most (`AUTHORIZATION_ROW_LIMIT`)."""
_NULL_ORIGIN = "Cannot return null for non-nullable field CiJobTokenAuthLog.originProject"


def _settings(project: Project, info: Info) -> Project | None:
    """`ciCdSettings`: silently null below Maintainer and where there is no settings row."""
    context = info.context
    context.refuse_fine_grained()
    context.refuse_classic(project)
    if not context.caller.can_admin(project):
        return None
    context.asked_scope(project)
    return project if project.settings_row else None


def _flag(name: str) -> Callable[[Project, Info], bool]:
    return lambda project, _info: bool(getattr(project.scope, name))


def _authorized(project: Project, info: Info) -> Project:
    context = info.context
    context.authorize_scope(project)
    return project


def _row_id(row: Entry | LogRow) -> tuple[int]:
    return (-row.id,)


def _newest_first(rows: Sequence[Any]) -> list[Any]:
    return sorted(rows, key=_row_id)


def _same(row: Any) -> Any:
    return row


def _entries(kind: str) -> Callable[..., Connection]:
    """Rows of `projectsAllowlist` (of both directions) or `groupsAllowlist`."""

    def resolve(project: Project, info: Info, **arguments: Any) -> Connection:
        context = info.context
        rows = _newest_first([entry for entry in project.scope.entries if entry.kind == kind])
        max_page = 200 if context.version >= LONG_ENTRY_PAGES else 100
        return Connection(rows, arguments, key=_row_id, show=_same, max_page=max_page)

    return resolve


def _target(entry: Entry, info: Info) -> Project | Group | Outside | None:
    """`target`: null where it was deleted; before 17.9 also where the caller cannot read it."""
    context = info.context
    if entry.target is None:
        return None
    target = context.instance.target(entry.kind, entry.target)
    if target is None or context.version >= AUTH_LOG_WITHOUT_AUTHORIZATION:
        return target
    return target if context.caller.can_read_target(target) else None


def _log(project: Project, info: Info, **arguments: Any) -> Connection:
    context = info.context
    context.authorize_scope(project)
    rows = _newest_first(_shown_uses(project, context))
    if context.version < AUTH_LOG_WITHOUT_AUTHORIZATION:
        for row in rows:
            origin = context.instance.target("project", row.origin)
            if origin is None or not context.caller.can_read_target(origin):
                raise GraphQLError(_NULL_ORIGIN)
    return Connection(rows, arguments, key=_row_id, show=_same)


def _shown_uses(project: Project, context: Context) -> list[LogRow]:
    """The rows that the log shows: the newest origins first, then those still there of them."""
    rows = list(project.scope.log)
    if context.version < OWN_USES_LOGGED:
        rows = [row for row in rows if row.origin != project.id]
    newest = sorted(rows, key=lambda row: (row.at, row.id), reverse=True)[:LOG_ROWS]
    return [row for row in newest if context.instance.target("project", row.origin) is not None]


def _origin(row: LogRow, info: Info) -> Project | Group | Outside | None:
    context = info.context
    return context.instance.target("project", row.origin)


def _chosen(scope: Scope, kind: str, direction: Direction = "inbound") -> list[Entry]:
    return [
        entry
        for entry in scope.entries
        if entry.kind == kind and entry.direction == direction and entry.target is not None
    ]


def targets(project: Project, direction: Direction) -> list[int]:
    """Project ids of an allowlist: the project itself first, and again where it has a row."""
    rows = _chosen(project.scope, "project", direction)
    return [project.id, *(entry.target for entry in rows if entry.target is not None)]


def group_targets(project: Project) -> list[int]:
    """Group ids of the inbound allowlist."""
    rows = _chosen(project.scope, "group")
    return [entry.target for entry in rows if entry.target is not None]


def _project_targets(direction: Direction, *, bare: bool) -> Callable[..., Connection]:
    """Connections of targets; `bare` ones drop their authorization in 17.9."""

    def resolve(project: Project, info: Info, **arguments: Any) -> Connection:
        rows = sorted(targets(project, direction), reverse=True)
        return _target_connection("project", rows, info.context, arguments, bare)

    return resolve


def _group_targets(project: Project, info: Info, **arguments: Any) -> Connection:
    rows = sorted(group_targets(project), reverse=True)
    return _target_connection("group", rows, info.context, arguments, True)


def _target_connection(
    kind: Any, rows: list[int], context: Context, arguments: dict[str, Any], bare: bool
) -> Connection:
    open_to_all = bare and context.version >= AUTH_LOG_WITHOUT_AUTHORIZATION

    def show(number: int) -> Project | Group | Outside | None:
        target = context.instance.target(kind, number)
        if target is None or open_to_all:
            return target
        return target if context.caller.can_read_target(target) else None

    return Connection(rows, arguments, key=lambda number: (-number,), show=show)


def _autopopulated(kind: str, gid: str) -> Callable[[Project, Info], list[str]]:
    def resolve(project: Project, _info: Info) -> list[str]:
        rows = [
            entry
            for entry in project.scope.entries
            if entry.kind == kind and entry.autopopulated and entry.direction == "inbound"
        ]
        if any(entry.target is None for entry in rows):
            # GitLab asks each row's target for its number without a look whether it is there.
            raise InternalError
        return [f"gid://gitlab/{gid}/{entry.target}" for entry in rows]

    return resolve


SCOPE_RESOLVERS: dict[str, dict[str, Callable[..., Any]]] = {
    "Project": {
        "ciCdSettings": _settings,
        "ciJobTokenScope": _authorized,
        "ciJobTokenScopeAllowlist": _authorized,
        "ciJobTokenAuthLogs": _log,
    },
    "ProjectCiCdSetting": {
        "crossProjectPushForJobTokenAllowed": _flag("cross_project_push"),
        "groupRunnersEnabled": lambda _project, _info: True,
        "inboundJobTokenScopeEnabled": _flag("inbound"),
        "jobTokenScopeEnabled": _flag("outbound"),
        "keepLatestArtifact": lambda _project, _info: True,
        "project": lambda project, _info: project,
        "pushRepositoryForJobTokenAllowed": _flag("push"),
    },
    "CiJobTokenScopeType": {
        "groupAllowlistAutopopulatedIds": _autopopulated("group", "Group"),
        "groupsAllowlist": _group_targets,
        "groupsAllowlistCount": lambda project, _info: len(group_targets(project)),
        "inboundAllowlist": _project_targets("inbound", bare=True),
        "inboundAllowlistAutopopulatedIds": _autopopulated("project", "Project"),
        "inboundAllowlistCount": lambda project, _info: len(targets(project, "inbound")),
        "outboundAllowlist": _project_targets("outbound", bare=False),
        "projects": _project_targets("outbound", bare=False),
    },
    "CiJobTokenScopeAllowlist": {
        "groupsAllowlist": _entries("group"),
        "projectsAllowlist": _entries("project"),
    },
    "CiJobTokenScopeAllowlistEntry": {
        "addedBy": lambda entry, _info: entry.added_by,
        "sourceProject": lambda entry, info: info.context.instance.projects[entry.source],
        "target": _target,
    },
    "CiJobTokenAuthLog": {"originProject": _origin},
}
