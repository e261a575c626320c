"""GitLab's mutations of job token settings; each needs a token of scope `api`.

What the services refuse stands in `errors`; what the caller may not touch is a top-level error.
Source: `doc/api/graphql/reference/_index.md`.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import GraphQLError

from scopelint_simulator import scope_service
from scopelint_simulator.audit import Audited, record
from scopelint_simulator.context import Info, unavailable
from scopelint_simulator.instance import Direction, Entry, Project
from scopelint_simulator.scope_service import ServiceError, Target
from scopelint_simulator.versions import REMOVE_PROJECT_DEFAULTS_INBOUND

Input: TypeAlias = dict[str, Any]


def _source(info: Info, path: str) -> Project:
    context = info.context
    context.refuse_fine_grained()
    project = context.instance.project_at(path)
    if not context.caller.has_scope("write") or project is None:
        unavailable()
    if not context.caller.can_admin(project):
        unavailable()
    return project


def _target(info: Info, path: str, *kinds: str) -> Target | None:
    instance = info.context.instance
    found: Target | None = None
    if "group" in kinds:
        found = instance.group_at(path)
    if found is None and "project" in kinds:
        found = instance.project_at(path)
    if found is None:
        matching = (item for item in instance.outside.values() if item.path.lower() == path.lower())
        found = next((item for item in matching if item.kind in kinds), None)
    return found


def _answer(input: Input, change: Callable[[], Entry], project: Project) -> dict[str, Any]:
    payload: dict[str, Any] = {"clientMutationId": input.get("clientMutationId"), "errors": []}
    try:
        entry = change()
    except ServiceError as error:
        payload["errors"] = [error.message]
        return payload
    payload["ciJobTokenScope"] = project
    payload["ciJobTokenScopeAllowlistEntry"] = entry
    return payload


def _refused(input: Input, message: str) -> dict[str, Any]:
    return {"clientMutationId": input.get("clientMutationId"), "errors": [message]}


def _direction(value: str | None, default: Direction) -> Direction:
    if value is None:
        return default
    return "outbound" if value == "OUTBOUND" else "inbound"


def _add_group_or_project(_root: Any, info: Info, input: Input) -> dict[str, Any]:
    context = info.context
    project = _source(info, input["projectPath"])
    target = _target(info, input["targetPath"], "group", "project")
    if target is None:
        return _refused(input, "The group or project does not exist.")

    def change() -> Entry:
        return scope_service.add_entry(
            context.instance,
            context.caller,
            project,
            target,
            default_permissions=input.get("defaultPermissions", True),
            policies=tuple(input.get("jobTokenPolicies") or ()),
        )

    return _answer(input, change, project)


def _add_project(_root: Any, info: Info, input: Input) -> dict[str, Any]:
    context = info.context
    project = _source(info, input["projectPath"])
    target = _target(info, input["targetProjectPath"], "project")
    direction = _direction(input.get("direction"), "inbound")
    if target is None or not context.caller.can_read_target(target):
        unavailable()
    if direction == "outbound":
        # Outbound rows can be added no more since 16.0 (doc/update/deprecations.md).
        raise GraphQLError("direction can only be INBOUND")

    def change() -> Entry:
        return scope_service.add_entry(context.instance, context.caller, project, target)

    return _answer(input, change, project)


def _remove_group(_root: Any, info: Info, input: Input) -> dict[str, Any]:
    return _remove(info, input, input["targetGroupPath"], "group", "inbound")


def _remove_project(_root: Any, info: Info, input: Input) -> dict[str, Any]:
    context = info.context
    recent = context.version >= REMOVE_PROJECT_DEFAULTS_INBOUND
    direction = _direction(input.get("direction"), "inbound" if recent else "outbound")
    return _remove(info, input, input["targetProjectPath"], "project", direction)


def _remove(
    info: Info,
    input: Input,
    path: str,
    kind: str,
    direction: Direction,
) -> dict[str, Any]:
    context = info.context
    project = _source(info, input["projectPath"])
    target = _target(info, path, kind)
    if target is None:
        unavailable()

    def change() -> Entry:
        return scope_service.remove_entry(
            context.instance, context.caller, project, target, direction
        )

    return _answer(input, change, project)


def _update_policies(_root: Any, info: Info, input: Input) -> dict[str, Any]:
    context = info.context
    project = _source(info, input["projectPath"])
    target = _target(info, input["targetPath"], "group", "project")
    if target is None:
        return _refused(input, "The target does not exist")

    def change() -> Entry:
        return scope_service.update_policies(
            context.instance,
            context.caller,
            project,
            target,
            default_permissions=input.get("defaultPermissions", False),
            policies=tuple(input["jobTokenPolicies"]),
        )

    return _answer(input, change, project)


def _update_settings(_root: Any, info: Info, input: Input) -> dict[str, Any]:
    context = info.context
    project = _source(info, input["fullPath"])
    if input.get("jobTokenScopeEnabled"):
        raise GraphQLError("job_token_scope_enabled can only be set to false")
    payload: dict[str, Any] = {
        "ciCdSettings": project,
        "clientMutationId": input.get("clientMutationId"),
        "errors": [],
    }
    if input.get("inboundJobTokenScopeEnabled") is not None:
        try:
            enabled = input["inboundJobTokenScopeEnabled"]
            before = project.scope.inbound
            scope_service.set_inbound(context.instance, project, enabled)
        except ServiceError as error:
            return {**payload, "errors": [error.message]}
        if before is not enabled:
            event: Audited = "inbound_enabled" if enabled else "inbound_disabled"
            record(context.instance, project, event, context.caller.user)
    for name, attribute in (
        ("jobTokenScopeEnabled", "outbound"),
        ("pushRepositoryForJobTokenAllowed", "push"),
        ("crossProjectPushForJobTokenAllowed", "cross_project_push"),
    ):
        if input.get(name) is not None:
            project.settings_row = True
            setattr(project.scope, attribute, input[name])
    return payload


MUTATIONS: dict[str, Callable[..., Any]] = {
    "ciJobTokenScopeAddGroupOrProject": _add_group_or_project,
    "ciJobTokenScopeAddProject": _add_project,
    "ciJobTokenScopeRemoveGroup": _remove_group,
    "ciJobTokenScopeRemoveProject": _remove_project,
    "ciJobTokenScopeUpdatePolicies": _update_policies,
    "projectCiCdSettingsUpdate": _update_settings,
}
