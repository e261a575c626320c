"""Lists of groups and projects in GraphQL: what they hold, in which order, who sees what.

`Group.projects` cuts its page before it drops what the caller may not read; `Query.projects`,
`Query.groups` and `descendantGroups` ask only for what he may (`doc/api/graphql/reference/_index.md`,
`app/finders/namespaces/projects_finder.rb`, `app/finders/projects_finder.rb`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphql import GraphQLError

from scopelint_simulator.connections import Connection, by_id_descending
from scopelint_simulator.context import Context, Info
from scopelint_simulator.instance import (
    DEFAULT_ORGANIZATION,
    Group,
    Instance,
    Namespace,
    Project,
)

_MAX_FULL_PATHS = 50
_LEVELS = {
    "NO_ACCESS": 0,
    "MINIMAL_ACCESS": 5,
    "GUEST": 10,
    "PLANNER": 15,
    "REPORTER": 20,
    "DEVELOPER": 30,
    "MAINTAINER": 40,
    "OWNER": 50,
}


def numbers(values: Iterable[str], kind: str) -> list[int]:
    """The numbers of global ids such as `gid://gitlab/Project/7`; raises GraphQLError."""
    found = []
    for value in values:
        last = value.rpartition("/")[2]
        if not last.isascii() or not last.isdigit() or value != f"gid://gitlab/{kind}/{last}":
            raise GraphQLError(f"{value} is not a valid GitLab ID.")
        found.append(int(last))
    return found


def namespace_projects(place: Group | Namespace, info: Info, **arguments: Any) -> Connection:
    """`Group.projects` and `Namespace.projects`."""
    context = info.context
    instance = context.instance
    rows: Sequence[int]
    if isinstance(place, Group) and arguments.get("includeSubgroups"):
        rows = instance.tree(place.id)
    else:
        rows = sorted(place.projects, reverse=True)
    if arguments.get("ids"):
        wanted = frozenset(numbers(arguments["ids"], "Project"))
        rows = [number for number in rows if number in wanted]
    tests = _namespace_tests(arguments)
    if tests:
        projects = instance.projects
        rows = [number for number in rows if all(test(projects[number]) for test in tests)]

    def show(number: int) -> Project | None:
        project = instance.projects[number]
        return project if context.caller.can_read(project) else None

    return by_id_descending(rows, arguments, show)


def _namespace_tests(arguments: dict[str, Any]) -> list[Callable[[Project], bool]]:
    tests: list[Callable[[Project], bool]] = []
    if arguments.get("includeArchived") is False:
        tests.append(lambda project: not project.archived)
    if arguments.get("archivedOnly"):
        tests.append(lambda project: project.archived)
    if arguments.get("notAimedForDeletion"):
        tests.append(
            lambda project: (
                project.marked_for_deletion_on is None and not project.deletion_in_progress
            )
        )
    if arguments.get("search"):
        tests.append(_search(arguments["search"]))
    return tests


def _search(text: str) -> Callable[[Project], bool]:
    wanted = text.lower()
    return lambda project: wanted in project.name.lower() or wanted in project.path.lower()


def shared_projects(_group: Group, _info: Info, **arguments: Any) -> Connection:
    """`Group.sharedProjects`: instances share none."""
    return by_id_descending((), arguments, _nothing)


def _nothing(_number: int) -> None:
    return None


def projects(_root: Any, info: Info, **arguments: Any) -> Connection:
    """`Query.projects`: what the caller can read, highest id first; `ids` without limit."""
    context = info.context
    instance, caller = context.instance, context.caller
    rows: Iterable[int] = instance.all_projects()
    if arguments.get("fullPaths") is not None:
        paths = arguments["fullPaths"]
        if len(paths) > _MAX_FULL_PATHS:
            raise GraphQLError(f"You cannot provide more than {_MAX_FULL_PATHS} full_paths")
        found = [instance.project_at(path) for path in paths]
        rows = sorted({project.id for project in found if project}, reverse=True)
    if arguments.get("ids") is not None:
        wanted = set(numbers(arguments["ids"], "Project"))
        if arguments.get("fullPaths") is not None:
            wanted.intersection_update(rows)
        rows = sorted((number for number in wanted if number in instance.projects), reverse=True)
    tests = [caller.can_read, _in_own_organization(instance), *_query_tests(context, arguments)]
    kept = [number for number in rows if all(test(instance.projects[number]) for test in tests)]
    return by_id_descending(kept, arguments, instance.projects.get)


def _in_own_organization(instance: Instance) -> Callable[[Project], bool]:
    """Tell projects of the caller's organization; `Group.projects` does not ask for it."""
    return lambda project: instance.organization(project) == DEFAULT_ORGANIZATION


def _query_tests(context: Context, arguments: dict[str, Any]) -> list[Callable[[Project], bool]]:
    caller = context.caller
    tests = _namespace_tests(
        {
            "includeArchived": arguments.get("archived") != "EXCLUDE",
            "archivedOnly": arguments.get("archived") == "ONLY",
            "notAimedForDeletion": arguments.get("notAimedForDeletion"),
            "search": arguments.get("search"),
        }
    )
    if arguments.get("membership"):
        tests.append(lambda project: caller.role(project) > 0)
    if arguments.get("minAccessLevel"):
        least = _LEVELS[arguments["minAccessLevel"]]
        tests.append(lambda project: caller.role(project) >= least)
    if arguments.get("personal"):
        tests.append(lambda project: project.user_namespace is not None)
        tests.append(lambda project: caller.role(project) == _LEVELS["OWNER"])
    if arguments.get("namespacePath") is not None:
        path = arguments["namespacePath"].lower()
        tests.append(lambda project: project.path.lower().rpartition("/")[0] == path)
    if arguments.get("visibilityLevel"):
        level = arguments["visibilityLevel"]
        tests.append(lambda project: project.visibility == level)
    return tests


def groups(_root: Any, info: Info, **arguments: Any) -> Connection:
    """`Query.groups`: what the caller can read, by name."""
    context = info.context
    instance, caller = context.instance, context.caller
    rows: Iterable[Group] = instance.groups.values()
    if arguments.get("ids") is not None:
        wanted = numbers(arguments["ids"], "Group")
        rows = [instance.groups[number] for number in set(wanted) if number in instance.groups]
    if arguments.get("topLevelOnly"):
        rows = [group for group in rows if group.parent is None]
    if arguments.get("ownedOnly"):
        rows = [group for group in rows if caller.group_role(group.id) == _LEVELS["OWNER"]]
    if arguments.get("allAvailable") is False:
        rows = [group for group in rows if caller.group_role(group.id) > 0]
    if arguments.get("parentPath"):
        parent = instance.group_at(arguments["parentPath"])
        below = {group.id for group in instance.descendants(parent.id)} if parent else set()
        rows = [group for group in rows if group.id in below]
    if arguments.get("visibilityLevel"):
        rows = [group for group in rows if group.visibility == arguments["visibilityLevel"]]
    return _group_connection(context, rows, arguments)


def descendant_groups(group: Group, info: Info, **arguments: Any) -> Connection:
    """`Group.descendantGroups`: all depths unless `includeParentDescendants` is false."""
    context = info.context
    rows: Iterable[Group] = context.instance.descendants(group.id)
    if arguments.get("includeParentDescendants") is False:
        rows = [item for item in rows if item.parent == group.id]
    if arguments.get("ids"):
        wanted = frozenset(numbers(arguments["ids"], "Group"))
        rows = [item for item in rows if item.id in wanted]
    if arguments.get("owned"):
        role = context.caller.group_role
        rows = [item for item in rows if role(item.id) == _LEVELS["OWNER"]]
    return _group_connection(context, rows, arguments)


def descendant_groups_count(group: Group, info: Info) -> int:
    """`Group.descendantGroupsCount`."""
    return sum(1 for _ in info.context.instance.descendants(group.id))


def _group_connection(
    context: Context, rows: Iterable[Group], arguments: dict[str, Any]
) -> Connection:
    key = _ORDERS.get(str(arguments.get("sort") or "NAME_ASC").upper(), _by_name)
    seen = [group for group in rows if context.caller.can_read_group(group)]
    if arguments.get("search"):
        text = arguments["search"].lower()
        seen = [group for group in seen if text in group.name.lower() or text in group.path.lower()]
    seen.sort(key=key)
    return Connection(seen, arguments, key=key, show=_itself)


def _itself(group: Group) -> Group:
    return group


def _by_name(group: Group) -> tuple[Any, ...]:
    return (group.name.lower(), -group.id)


_ORDERS: dict[str, Callable[[Group], tuple[Any, ...]]] = {
    "NAME_ASC": _by_name,
    "PATH_ASC": lambda group: (group.path.lower(), -group.id),
    "ID_ASC": lambda group: (group.id,),
    "ID_DESC": lambda group: (-group.id,),
    "CREATED_AT_ASC": lambda group: (group.created_at.isoformat(), group.id),
}
"""Orders served; another one falls back to the name."""
