"""What each GraphQL field answers: the instance, groups and projects.

The job token types are in `scopelint_simulator.resolvers_scope`, mutations in
`scopelint_simulator.mutations`. Sources: `doc/api/graphql/reference/_index.md`.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

from graphql import GraphQLError

from scopelint_simulator import listing
from scopelint_simulator.connections import Connection
from scopelint_simulator.context import Info, unavailable
from scopelint_simulator.instance import Group, Namespace, Outside, Project, User
from scopelint_simulator.mutations import MUTATIONS
from scopelint_simulator.resolvers_scope import SCOPE_RESOLVERS

Resolver: TypeAlias = Callable[..., Any]

_MOST_FLAGS = 20
_LEVELS = {
    0: ("NO_ACCESS", "No access"),
    10: ("GUEST", "Guest"),
    15: ("PLANNER", "Planner"),
    20: ("REPORTER", "Reporter"),
    30: ("DEVELOPER", "Developer"),
    40: ("MAINTAINER", "Maintainer"),
    50: ("OWNER", "Owner"),
}


def iso(moment: datetime | date | None) -> str | None:
    """A time as GitLab writes it."""
    if moment is None:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def type_of_target(value: Any, info: Info, _kind: Any) -> str:
    """The member of the union `CiJobTokenScopeTarget` that a target is."""
    group = isinstance(value, Group) or (isinstance(value, Outside) and value.kind == "group")
    name = "Group" if group else "Project"
    if info.schema.get_type("CiJobTokenAccessibleGroup") is not None:
        return f"CiJobTokenAccessible{name}"
    return name


def _level(level: int) -> dict[str, Any]:
    name, human = _LEVELS[level]
    return {"integerValue": level, "stringValue": name, "humanAccess": human}


def _gid(kind: str) -> Resolver:
    return lambda thing, _info: f"gid://gitlab/{kind}/{thing.id}"


def _attribute(name: str) -> Resolver:
    return lambda thing, _info: getattr(thing, name)


def _moment(name: str) -> Resolver:
    return lambda thing, _info: iso(getattr(thing, name))


def _constant(value: Any) -> Resolver:
    return lambda _thing, _info: value


def _frameworks(project: Project, _info: Info, **arguments: Any) -> Connection:
    """`complianceFrameworks`: their names alone are known here."""
    rows = list(enumerate(project.frameworks, 1))

    def show(row: tuple[int, str]) -> dict[str, Any]:
        number, name = row
        return {"id": f"gid://gitlab/ComplianceManagement::Framework/{number}", "name": name}

    return Connection(rows, arguments, key=lambda row: (row[0],), show=show)


def _last_segment(thing: Any, _info: Info) -> str:
    return str(thing.path).rpartition("/")[2]


def _web_url(thing: Any, info: Info) -> str:
    context = info.context
    return context.web_url(thing)


def _metadata(_root: Any, info: Info) -> dict[str, Any]:
    settings = info.context.instance.settings
    return {
        "version": settings.version_text,
        "revision": settings.revision,
        "enterprise": settings.enterprise,
    }


def _feature_flags(_metadata: Any, info: Info, names: list[str]) -> list[dict[str, Any]]:
    """`metadata.featureFlags`: for any signed-in user, at most 20 names."""
    context = info.context
    if context.caller.user is None:
        unavailable()
    if len(names) > _MOST_FLAGS:
        raise GraphQLError(f"You cannot ask for more than {_MOST_FLAGS} feature flags")
    flags = context.instance.settings.feature_flags
    return [{"name": name, "enabled": flags.get(name, False)} for name in names]


def _current_user(_root: Any, info: Info) -> User | None:
    context = info.context
    return context.caller.user


def _complexity(_root: Any, info: Info) -> dict[str, int]:
    return {"score": info.context.score, "limit": info.context.limit}


def _group(_root: Any, info: Info, fullPath: str) -> Group | None:  # noqa: N803 - GitLab's name
    context = info.context
    group = context.instance.group_at(fullPath)
    return group if group is not None and context.caller.can_read_group(group) else None


def _project(_root: Any, info: Info, fullPath: str) -> Project | None:  # noqa: N803
    context = info.context
    project = context.instance.project_at(fullPath)
    return project if project is not None and context.caller.can_read(project) else None


def _namespace(_root: Any, info: Info, fullPath: str) -> Any:  # noqa: N803
    context = info.context
    found = context.instance.namespace_at(fullPath)
    return found if found is not None else _group(None, info, fullPath=fullPath)


def _namespace_id(thing: Group | Namespace, _info: Info) -> str:
    kind = "Group" if isinstance(thing, Group) else "Namespaces::UserNamespace"
    return f"gid://gitlab/{kind}/{thing.id}"


def _namespace_name(thing: Group | Namespace, _info: Info) -> str:
    return thing.name if isinstance(thing, Group) else thing.user.name


def _namespace_visibility(thing: Group | Namespace, _info: Info) -> str:
    return thing.visibility if isinstance(thing, Group) else "public"


def _project_group(project: Project, info: Info) -> Group | None:
    context = info.context
    if project.group is None:
        return None
    group = context.instance.groups[project.group]
    return group if context.caller.can_read_group(group) else None


def _project_namespace(project: Project, info: Info) -> Group | Namespace:
    instance = info.context.instance
    if project.group is not None:
        group: Group = instance.groups[project.group]
        return group
    namespace: Namespace = instance.namespaces[project.user_namespace or 0]
    return namespace


def _root_group(project: Project, info: Info) -> Group | None:
    above = list(info.context.instance.ancestors(project.group))
    return above[-1] if above else None


def _full_name(info: Info, group: int | None) -> str:
    above = reversed(list(info.context.instance.ancestors(group)))
    return " / ".join(item.name for item in above)


def _project_full_name(project: Project, info: Info) -> str:
    place = _project_namespace(project, info)
    above = place.user.name if isinstance(place, Namespace) else _full_name(info, place.id)
    return f"{above} / {project.name}"


def _jobs_enabled(project: Project, info: Info) -> bool:
    """`jobsEnabled` is "enabled for the current user", not the setting."""
    level = project.access_levels["builds"]
    if not project.jobs_enabled or level == "disabled":
        return False
    caller = info.context.caller
    return level != "private" or caller.admin or caller.role(project) > 0


def _parent(group: Group, info: Info) -> Group | None:
    context = info.context
    if group.parent is None:
        return None
    parent = context.instance.groups[group.parent]
    return parent if context.caller.can_read_group(parent) else None


def _group_deletion_covers(group: Group, info: Info) -> bool:
    above = info.context.instance.ancestors(group.id)
    return any(item.marked_for_deletion_on is not None for item in above)


def _permissions(project: Project, info: Info) -> dict[str, bool]:
    return {"readProject": True, "adminProject": info.context.caller.can_admin(project)}


_CONNECTION: Mapping[str, Resolver] = {
    "nodes": Connection.nodes,
    "edges": Connection.edges,
    "count": Connection.count,
    "pageInfo": lambda connection, _info: connection.page_info(),
}

_USER: Mapping[str, Resolver] = {
    "id": _gid("User"),
    "name": _attribute("name"),
    "username": _attribute("username"),
    "webUrl": lambda user, info: f"{info.context.base_url}/{user.username}",
}

_ACCESSIBLE: Mapping[str, Resolver] = {
    "avatarUrl": _constant(None),
    "fullPath": _attribute("path"),
    "name": _attribute("name"),
    "path": _last_segment,
    "webUrl": _web_url,
}

_GROUP: Mapping[str, Resolver] = {
    "archived": _constant(False),
    "createdAt": _moment("created_at"),
    "descendantGroups": listing.descendant_groups,
    "descendantGroupsCount": listing.descendant_groups_count,
    "fullName": lambda group, info: _full_name(info, group.id),
    "fullPath": _attribute("path"),
    "id": _gid("Group"),
    "isSelfArchived": _constant(False),
    "isSelfDeletionInProgress": _constant(False),
    "isSelfDeletionScheduled": lambda group, _info: group.marked_for_deletion_on is not None,
    "markedForDeletion": _group_deletion_covers,
    "markedForDeletionOn": _moment("marked_for_deletion_on"),
    "maxAccessLevel": lambda group, info: _level(info.context.caller.group_role(group.id)),
    "name": _attribute("name"),
    "parent": _parent,
    "path": _last_segment,
    "permanentDeletionDate": _moment("marked_for_deletion_on"),
    "projects": listing.namespace_projects,
    "projectsCount": lambda group, _info: len(group.projects),
    "rootNamespace": lambda group, info: list(info.context.instance.ancestors(group.id))[-1],
    "sharedProjects": listing.shared_projects,
    "visibility": _attribute("visibility"),
    "webUrl": _web_url,
}

_PROJECT: Mapping[str, Resolver] = {
    "archived": _attribute("archived"),
    "complianceFrameworks": _frameworks,
    "createdAt": _moment("created_at"),
    "description": _constant(None),
    "editPath": lambda project, _info: f"/{project.path}/edit",
    "fullPath": _attribute("path"),
    "group": _project_group,
    "id": _gid("Project"),
    "isForked": _constant(False),
    "isSelfArchived": _attribute("archived"),
    "isSelfDeletionInProgress": _attribute("deletion_in_progress"),
    "isSelfDeletionScheduled": lambda project, _info: project.marked_for_deletion_on is not None,
    "jobsEnabled": _jobs_enabled,
    "lastActivityAt": _moment("last_activity_at"),
    "markedForDeletion": lambda project, info: info.context.instance.deletion_covers(project),
    "markedForDeletionOn": _moment("marked_for_deletion_on"),
    "maxAccessLevel": lambda project, info: _level(info.context.caller.role(project)),
    "name": _attribute("name"),
    "nameWithNamespace": _project_full_name,
    "namespace": _project_namespace,
    "path": _last_segment,
    "permanentDeletionDate": _moment("marked_for_deletion_on"),
    "publicJobs": _attribute("public_jobs"),
    "rootGroup": _root_group,
    "topics": lambda project, _info: list(project.topics),
    "updatedAt": _moment("last_activity_at"),
    "userPermissions": _permissions,
    "visibility": _attribute("visibility"),
    "webPath": lambda project, _info: f"/{project.path}",
    "webUrl": _web_url,
}

_NAMESPACE: Mapping[str, Resolver] = {
    "fullPath": _attribute("path"),
    "id": _namespace_id,
    "name": _namespace_name,
    "projects": listing.namespace_projects,
    "visibility": _namespace_visibility,
}

_ENTRY: Mapping[str, Resolver] = {
    "autopopulated": _attribute("autopopulated"),
    "createdAt": _moment("created_at"),
    "defaultPermissions": _attribute("default_permissions"),
    "direction": _attribute("direction"),
    "jobTokenPolicies": _attribute("policies"),
}


_CONNECTIONS = (
    "ComplianceFramework",
    "Group",
    "Project",
    "CiJobTokenScopeAllowlistEntry",
    "CiJobTokenAccessibleGroup",
    "CiJobTokenAccessibleProject",
    "CiJobTokenAuthLog",
)

RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Metadata": {"featureFlags": _feature_flags},
    "Query": {
        "currentUser": _current_user,
        "group": _group,
        "groups": listing.groups,
        "metadata": _metadata,
        "namespace": _namespace,
        "project": _project,
        "projects": listing.projects,
        "queryComplexity": _complexity,
    },
    "CurrentUser": _USER,
    "UserCore": _USER,
    "Group": _GROUP,
    "Namespace": _NAMESPACE,
    "Project": {**_PROJECT, **SCOPE_RESOLVERS["Project"]},
    "CiJobTokenScopeAllowlistEntry": {
        **_ENTRY,
        **SCOPE_RESOLVERS["CiJobTokenScopeAllowlistEntry"],
    },
    "CiJobTokenAccessibleGroup": {**_ACCESSIBLE, "id": _gid("Group")},
    "CiJobTokenAccessibleProject": {**_ACCESSIBLE, "id": _gid("Project")},
    "CiJobTokenAuthLog": {
        "lastAuthorizedAt": _moment("at"),
        "originProject": SCOPE_RESOLVERS["CiJobTokenAuthLog"]["originProject"],
    },
    "ProjectCiCdSetting": SCOPE_RESOLVERS["ProjectCiCdSetting"],
    "CiJobTokenScopeType": SCOPE_RESOLVERS["CiJobTokenScopeType"],
    "CiJobTokenScopeAllowlist": SCOPE_RESOLVERS["CiJobTokenScopeAllowlist"],
    "Mutation": MUTATIONS,
    **{f"{name}Connection": _CONNECTION for name in _CONNECTIONS},
}
