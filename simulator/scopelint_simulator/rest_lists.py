"""REST lists and single groups, projects, users; what the instance says of itself.

Sources: `doc/api/groups.md`, `doc/api/projects.md`, `doc/api/metadata.md`, `doc/api/settings.md`,
`doc/api/personal_access_tokens.md`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.instance import Group, Instance, Project, User
from scopelint_simulator.permissions import ROLES
from scopelint_simulator.request import (
    Request,
    RestError,
    bad_parameter,
    forbidden,
    not_found,
    unauthorized,
)
from scopelint_simulator.rest_call import Call
from scopelint_simulator.rest_paging import keyset_page, number, offset_page
from scopelint_simulator.versions import ENFORCEMENT_SETTING

_OWNER = 50
_ORDERS: dict[str, Callable[[Project], Any]] = {
    "id": lambda project: project.id,
    "created_at": lambda project: (project.created_at, project.id),
    "updated_at": lambda project: (project.last_activity_at, project.id),
    "last_activity_at": lambda project: (project.last_activity_at, project.id),
    "name": lambda project: (project.name.lower(), project.id),
    "path": lambda project: (project.path.rpartition("/")[2].lower(), project.id),
}


def get_version(call: Call) -> Answer:
    """GET /version: the same as /metadata (lib/api/metadata.rb)."""
    return get_metadata(call)


def get_metadata(call: Call) -> Answer:
    """GET /metadata."""
    call.require_user()
    settings = call.instance.settings
    return json_answer(
        200,
        {
            "version": settings.version_text,
            "revision": settings.revision,
            "kas": {"enabled": False, "externalUrl": None, "version": None},
            "enterprise": settings.enterprise,
        },
    )


def get_user(call: Call) -> Answer:
    """GET /user."""
    if call.caller.user is None:
        raise unauthorized()
    return json_answer(200, call.entities.user(call.caller.user))


def get_own_token(call: Call) -> Answer:
    """GET /personal_access_tokens/self."""
    if call.caller.token is None:
        raise unauthorized()
    return json_answer(200, call.entities.token(call.caller.token))


def get_settings(call: Call) -> Answer:
    """GET /application/settings: for administrators."""
    call.require_user()
    if not call.caller.admin:
        raise forbidden()
    settings = call.instance.settings
    shown: dict[str, Any] = {"id": 1, "signup_enabled": False, "home_page_url": None}
    if settings.version >= ENFORCEMENT_SETTING:
        shown["enforce_ci_inbound_job_token_scope_enabled"] = settings.enforce_inbound
    return json_answer(200, shown)


def get_groups(call: Call) -> Answer:
    """GET /groups: visible groups by name."""
    return _groups(call, call.instance.groups.values())


def get_group(call: Call) -> Answer:
    """GET /groups/:id."""
    return json_answer(200, call.entities.group(call.group()))


def get_subgroups(call: Call) -> Answer:
    """GET /groups/:id/subgroups: direct ones."""
    group = call.group()
    return _groups(call, [call.instance.groups[number] for number in group.children])


def get_descendant_groups(call: Call) -> Answer:
    """GET /groups/:id/descendant_groups: all depths."""
    return _groups(call, call.instance.descendants(call.group().id))


def _groups(call: Call, groups: Iterable[Group]) -> Answer:
    request, caller = call.request, call.caller
    rows = [group for group in groups if caller.can_read_group(group)]
    if flag(request, "top_level_only"):
        rows = [group for group in rows if group.parent is None]
    if flag(request, "owned"):
        rows = [group for group in rows if caller.group_role(group.id) >= _OWNER]
    if flag(request, "all_available") is False:
        rows = [group for group in rows if caller.group_role(group.id) > 0]
    if request.query.get("min_access_level"):
        least = number(request, "min_access_level", 0)
        rows = [group for group in rows if caller.group_role(group.id) >= least]
    if request.query.get("search"):
        text = request.query["search"].lower()
        rows = [group for group in rows if text in group.name.lower() or text in group.path.lower()]
    keys: dict[str, Callable[[Group], Any]] = {
        "name": lambda group: (group.name.lower(), group.id),
        "path": lambda group: (group.path.lower(), group.id),
        "id": lambda group: group.id,
    }
    order = request.query.get("order_by") or "name"
    if order not in keys:
        raise bad_parameter("order_by", "does not have a valid value")
    rows.sort(key=keys[order], reverse=request.query.get("sort") == "desc")
    return offset_page(request, rows, call.entities.group)


def get_group_projects(call: Call) -> Answer:
    """GET /groups/:id/projects; instances share no projects, so `with_shared` adds none."""
    group = call.group()
    if flag(call.request, "include_subgroups"):
        numbers: Iterable[int] = call.instance.tree(group.id)
    else:
        numbers = group.projects
    flag(call.request, "with_shared")
    rows = [call.instance.projects[number] for number in numbers]
    rows = _ordered(call.request, _filtered(call, rows))
    return offset_page(call.request, rows, _show(call), projects=True)


def get_users(call: Call) -> Answer:
    """GET /users, with `username`: exactly that user, whatever the case (doc/api/users.md)."""
    call.require_user()
    wanted = call.request.query.get("username", "").lower()
    rows = [
        user
        for user in call.instance.users.values()
        if not wanted or user.username.lower() == wanted
    ]
    return offset_page(call.request, rows, call.entities.basic_user)


def get_user_projects(call: Call) -> Answer:
    """GET /users/:id/projects: those of the user's namespace that the caller sees."""
    given = call.path_id("id")
    found = [
        namespace
        for namespace in call.instance.namespaces.values()
        if given in (str(namespace.user.id), namespace.user.username)
    ]
    numbers = [number for namespace in found for number in namespace.projects]
    rows = _filtered(call, [call.instance.projects[number] for number in numbers])
    return offset_page(call.request, _ordered(call.request, rows), _show(call), projects=True)


def get_projects(call: Call) -> Answer:
    """GET /projects: visible projects; keyset where it is ordered by id."""
    request = call.request
    rows = [call.instance.projects[number] for number in call.instance.all_projects()]
    rows = _filtered(call, rows)
    if request.query.get("id_after"):
        bound = number(request, "id_after", 0)
        rows = [project for project in rows if project.id > bound]
    if request.query.get("id_before"):
        bound = number(request, "id_before", 0)
        rows = [project for project in rows if project.id < bound]
    rows = _ordered(request, rows)
    if request.query.get("pagination") != "keyset":
        return offset_page(request, rows, _show(call), projects=True)
    if request.query.get("order_by") != "id":
        text = "Keyset pagination is not yet available for this type of request"
        raise RestError(405, {"error": text})
    ascending = request.query.get("sort") == "asc"
    return keyset_page(request, rows, _show(call), ascending=ascending)


def get_project(call: Call) -> Answer:
    """GET /projects/:id."""
    return json_answer(200, call.entities.project(call.project()))


def get_namespace(call: Call) -> Answer:
    """GET /namespaces/:id: a group's or a user's."""
    call.require_user()
    given = call.path_id("id")
    instance = call.instance
    found: Any = instance.namespace_at(given) or instance.group_at(given)
    if found is None and given.isascii() and given.isdigit():
        found = instance.namespaces.get(int(given)) or instance.groups.get(int(given))
    group = isinstance(found, Group)
    if found is None or (group and not call.caller.can_read_group(found)):
        raise not_found("Namespace")
    return json_answer(
        200,
        {
            "id": found.id,
            "name": found.name if group else found.user.name,
            "path": found.path.rpartition("/")[2],
            "kind": "group" if group else "user",
            "full_path": found.path,
            "parent_id": found.parent if group else None,
        },
    )


def flag(request: Request, name: str) -> bool | None:
    """A Boolean of the query, None where it is not there; raises RestError 400."""
    text = request.query.get(name)
    if text is None or text == "":
        return None
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in known:
        raise bad_parameter(name, "is invalid")
    return known[text.lower()]


def _show(call: Call) -> Callable[[Project], dict[str, Any]]:
    # Anonymous callers get the short form whatever they ask (doc/api/projects.md).
    if flag(call.request, "simple") or call.caller.user is None:
        return call.entities.simple_project
    return call.entities.project


def _filtered(call: Call, rows: list[Project]) -> list[Project]:
    request, caller = call.request, call.caller
    tests: list[Callable[[Project], bool]] = [caller.can_read]
    archived = flag(request, "archived")
    if archived is not None:
        tests.append(lambda project: project.archived is archived)
    visibility = request.query.get("visibility")
    if visibility:
        if visibility not in ("private", "internal", "public"):
            raise bad_parameter("visibility", "does not have a valid value")
        tests.append(lambda project: project.visibility == visibility)
    if flag(request, "membership"):
        tests.append(lambda project: caller.role(project) > 0)
    if flag(request, "owned"):
        tests.append(lambda project: caller.role(project) >= _OWNER)
    if request.query.get("min_access_level"):
        least = number(request, "min_access_level", 0)
        tests.append(lambda project: caller.role(project) >= least)
    if request.query.get("search"):
        text = request.query["search"].lower()
        tests.append(lambda project: text in project.name.lower() or text in project.path.lower())
    return [project for project in rows if all(test(project) for test in tests)]


def _ordered(request: Request, rows: list[Project]) -> list[Project]:
    order = request.query.get("order_by") or "created_at"
    if order not in _ORDERS:
        raise bad_parameter("order_by", "does not have a valid value")
    return sorted(rows, key=_ORDERS[order], reverse=request.query.get("sort") != "asc")


def get_all_members(call: Call) -> Answer:
    """GET /projects/:id/members/all: direct and inherited, each once with the highest role.

    Sources: `doc/api/members.md`; `lib/api/members.rb`; `lib/api/entities/member.rb` (fields).
    """
    call.require_user()
    project, instance = call.project(), call.instance
    levels = {user.id: _level(instance, user, project) for user in instance.users.values()}
    rows = sorted(number for number, found in levels.items() if found)

    def show(number: int) -> dict[str, Any]:
        user = call.entities.basic_user(instance.users[number])
        return user | {"access_level": levels[number]}

    return offset_page(call.request, rows, show)


def _level(instance: Instance, user: User, project: Project) -> int:
    """Return a user's access level on a project, direct or inherited; 0 for no member."""
    found = instance.project_roles.get((user.id, project.id), 0)
    group = project.group
    while group is not None:
        found = max(found, instance.group_roles.get((user.id, group), 0))
        group = instance.groups[group].parent
    if project.group is None:
        namespace = instance.namespaces[project.user_namespace or 0]
        found = ROLES["owner"] if namespace.user is user else found
    return found
