"""The seven job token scope routes and the one project attribute that goes with them.

Source: `doc/api/project_job_token_scopes.md`, GitLab's `lib/api/project_job_token_scope.rb`.
"""

from typing import Any

from scopelint_simulator import scope_service
from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.context import TIMED_OUT
from scopelint_simulator.instance import Kind, Outside, Project
from scopelint_simulator.request import (
    RestError,
    bad_parameter,
    bad_request,
    forbidden,
    not_found,
)
from scopelint_simulator.resolvers_scope import group_targets, targets
from scopelint_simulator.rest_call import Call
from scopelint_simulator.rest_paging import offset_page
from scopelint_simulator.scope_service import ServiceError, Target
from scopelint_simulator.versions import UNREADABLE_TARGET_REMOVABLE

READ = "read_job_token_scope"
UPDATE = "update_job_token_scope"
READ_LIST = "read_job_token_scope_allowlist"
CREATE_LIST = "create_job_token_scope_allowlist"
DELETE_LIST = "delete_job_token_scope_allowlist"
"""Permission names of fine-grained tokens (`doc/auth/tokens/fine_grained_access_tokens.md`)."""


def get_scope(call: Call) -> Answer:
    """GET /projects/:id/job_token_scope: the effective values."""
    project = _administered(call, READ)
    instance = call.instance
    return json_answer(
        200,
        {
            "inbound_enabled": instance.effective_inbound(project),
            "outbound_enabled": instance.effective_outbound(project),
        },
    )


def patch_scope(call: Call) -> Answer:
    """PATCH /projects/:id/job_token_scope with `enabled`."""
    enabled = boolean(call.request.parameters(), "enabled")
    project = _administered(call, UPDATE)
    try:
        scope_service.set_inbound(call.instance, project, enabled)
    except ServiceError as error:
        raise bad_request(error.message) from error
    return Answer(204)


def get_allowlist(call: Call) -> Answer:
    """GET …/allowlist: the project itself and its inbound rows, readable to the caller or not."""
    project = _administered(call, READ_LIST)
    rows = [call.instance.target("project", number) for number in targets(project, "inbound")]
    return offset_page(call.request, rows, lambda row: _shown_project(call, row))


def get_groups_allowlist(call: Call) -> Answer:
    """GET …/groups_allowlist."""
    project = _administered(call, READ_LIST)
    rows = [call.instance.target("group", number) for number in group_targets(project)]
    return offset_page(call.request, rows, call.entities.basic_group)


def post_allowlist(call: Call) -> Answer:
    """POST …/allowlist with `target_project_id`."""
    return _post(call, "project")


def post_groups_allowlist(call: Call) -> Answer:
    """POST …/groups_allowlist with `target_group_id`."""
    return _post(call, "group")


def delete_allowlist(call: Call) -> Answer:
    """DELETE …/allowlist/:target_project_id."""
    return _delete(call, "project")


def delete_groups_allowlist(call: Call) -> Answer:
    """DELETE …/groups_allowlist/:target_group_id."""
    return _delete(call, "group")


def put_project(call: Call) -> Answer:
    """PUT /projects/:id: of its attributes, the one for pushes by job token."""
    parameters = call.request.parameters()
    name = "ci_push_repository_for_job_token_allowed"
    if parameters.get(name) is None:
        raise RestError(400, {"error": f"{name} is missing"})
    allowed = boolean(parameters, name)
    project = _administered(call, "update_project")
    project.scope.push = allowed
    return json_answer(200, call.entities.project(project))


def boolean(parameters: dict[str, Any], name: str) -> bool:
    """A required Boolean parameter as Grape coerces it; raises RestError 400."""
    if name not in parameters:
        raise bad_parameter(name, "is missing")
    value = parameters[name]
    if value is None or value == "":
        raise bad_parameter(name, "is empty")
    known = {"true": True, "false": False, "1": True, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    raise bad_parameter(name, "is invalid")


def _administered(call: Call, permission: str) -> Project:
    project = call.project()
    call.require_permission(permission, project)
    if not call.caller.can_admin(project):
        raise forbidden()
    if project.fails:
        raise RestError(503, {"message": TIMED_OUT})
    return project


def _shown_project(call: Call, row: Project | Outside) -> dict[str, Any]:
    if isinstance(row, Outside):
        return call.entities.outside_project(row)
    return call.entities.basic_project(row)


def _whole_number(value: Any, name: str) -> int:
    if value is None or value == "":
        raise bad_parameter(name, "is missing" if value is None else "is empty")
    text = str(value)
    if isinstance(value, bool | float) or not text.isascii() or not text.isdigit():
        raise bad_parameter(name, "is invalid")
    return int(text)


def _post(call: Call, kind: Kind) -> Answer:
    name = f"target_{kind}_id"
    parameters = call.request.parameters()
    _whole_number(call.path_id("id"), "id")
    number = _whole_number(parameters.get(name), name)
    project = _administered(call, CREATE_LIST)
    target = call.instance.target(kind, number)
    if target is None:
        raise not_found(f"{name} not found")
    try:
        scope_service.add_entry(call.instance, call.caller, project, target)
    except ServiceError as error:
        raise _refusal(error) from error
    return json_answer(201, {"source_project_id": project.id, name: number})


def _delete(call: Call, kind: Kind) -> Answer:
    name = f"target_{kind}_id"
    _whole_number(call.path_id("id"), "id")
    number = _whole_number(call.path_id(name), name)
    project = call.project()
    call.require_permission(DELETE_LIST, project)
    target: Target | None = call.instance.target(kind, number)
    hidden = (
        kind == "project"
        and call.instance.settings.version < UNREADABLE_TARGET_REMOVABLE
        and target is not None
        and not call.caller.can_read_target(target)
    )
    if target is None or hidden:
        raise not_found("Project" if kind == "project" else f"{name} not found")
    try:
        scope_service.remove_entry(call.instance, call.caller, project, target)
    except ServiceError as error:
        raise _refusal(error) from error
    return Answer(204)


def _refusal(error: ServiceError) -> RestError:
    return forbidden(error.message) if error.reason == "forbidden" else bad_request(error.message)
