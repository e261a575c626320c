"""Answers `/api/v4`: finds the route, checks the token's scope, calls the route.

Sources: `doc/api/rest/_index.md`, `doc/api/rest/authentication.md`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from scopelint_simulator import (
    rest_audit,
    rest_issues,
    rest_lists,
    rest_notes,
    rest_scope,
)
from scopelint_simulator.answer import Answer
from scopelint_simulator.instance import Instance
from scopelint_simulator.permissions import Caller
from scopelint_simulator.request import Request, RestError, unauthorized
from scopelint_simulator.rest_call import Call
from scopelint_simulator.rest_entities import Entities

Handler: TypeAlias = Callable[[Call], Answer]
PREFIX = "/api/v4"

_PROJECT = "/projects/:id"
_SCOPE = f"{_PROJECT}/job_token_scope"
_NOTES = f"{_PROJECT}/merge_requests/:merge_request_iid/notes"
_ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/version"): rest_lists.get_version,
    ("GET", "/metadata"): rest_lists.get_metadata,
    ("GET", "/user"): rest_lists.get_user,
    ("GET", "/users"): rest_lists.get_users,
    ("GET", "/users/:id/projects"): rest_lists.get_user_projects,
    ("GET", "/personal_access_tokens/self"): rest_lists.get_own_token,
    ("GET", "/application/settings"): rest_lists.get_settings,
    ("GET", "/groups"): rest_lists.get_groups,
    ("GET", "/groups/:id"): rest_lists.get_group,
    ("GET", "/groups/:id/subgroups"): rest_lists.get_subgroups,
    ("GET", "/groups/:id/descendant_groups"): rest_lists.get_descendant_groups,
    ("GET", "/groups/:id/projects"): rest_lists.get_group_projects,
    ("GET", "/namespaces/:id"): rest_lists.get_namespace,
    ("GET", "/projects"): rest_lists.get_projects,
    ("GET", _PROJECT): rest_lists.get_project,
    ("PUT", _PROJECT): rest_scope.put_project,
    ("GET", f"{_PROJECT}/audit_events"): rest_audit.get_audit_events,
    ("GET", f"{_PROJECT}/members/all"): rest_lists.get_all_members,
    ("GET", f"{_PROJECT}/issues"): rest_issues.get_issues,
    ("POST", f"{_PROJECT}/issues"): rest_issues.post_issue,
    ("PUT", f"{_PROJECT}/issues/:issue_iid"): rest_issues.put_issue,
    ("GET", f"{_PROJECT}/issues/:issue_iid/notes"): rest_issues.get_issue_notes,
    ("POST", f"{_PROJECT}/issues/:issue_iid/notes"): rest_issues.post_issue_note,
    ("GET", _NOTES): rest_notes.get_notes,
    ("POST", _NOTES): rest_notes.post_merge_request_note,
    ("PUT", f"{_NOTES}/:note_id"): rest_notes.put_note,
    ("DELETE", f"{_NOTES}/:note_id"): rest_notes.delete_note,
    (
        "PATCH",
        f"{_PROJECT}/compliance_external_controls/:control_id/status",
    ): rest_notes.patch_status,
    ("GET", _SCOPE): rest_scope.get_scope,
    ("PATCH", _SCOPE): rest_scope.patch_scope,
    ("GET", f"{_SCOPE}/allowlist"): rest_scope.get_allowlist,
    ("POST", f"{_SCOPE}/allowlist"): rest_scope.post_allowlist,
    ("DELETE", f"{_SCOPE}/allowlist/:target_project_id"): rest_scope.delete_allowlist,
    ("GET", f"{_SCOPE}/groups_allowlist"): rest_scope.get_groups_allowlist,
    ("POST", f"{_SCOPE}/groups_allowlist"): rest_scope.post_groups_allowlist,
    ("DELETE", f"{_SCOPE}/groups_allowlist/:target_group_id"): rest_scope.delete_groups_allowlist,
}
_PATTERNS = [(method, template.split("/")[1:], template) for method, template in _ROUTES]


@dataclass(frozen=True, slots=True)
class Route:
    """A route that a request matched."""

    method: str
    template: str
    ids: dict[str, str]

    @property
    def name(self) -> str:
        """Method and template, such as "GET /projects/:id"."""
        return f"{self.method} {self.template}"


def find_route(method: str, path: str) -> Route | None:
    """The route of a path below the relative root, where there is one."""
    parts = path.removeprefix(PREFIX).split("/")[1:]
    wanted = "GET" if method == "HEAD" else method
    for verb, pattern, template in _PATTERNS:
        if verb != wanted or len(pattern) != len(parts):
            continue
        ids = {}
        for name, part in zip(pattern, parts, strict=True):
            if name.startswith(":"):
                ids[name[1:]] = unquote(part)
            elif name != part:
                break
        else:
            return Route(verb, template, ids)
    return None


def path_exists(path: str) -> bool:
    """Whether another method would find a route here."""
    return any(find_route(method, path) for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))


def answer(request: Request, route: Route | None, instance: Instance, caller: Caller) -> Answer:
    """Answer one REST request of a caller whose token was looked at already."""
    try:
        return _answer(request, route, instance, caller)
    except RestError as error:
        return error.answer()


def _answer(request: Request, route: Route | None, instance: Instance, caller: Caller) -> Answer:
    if route is None:
        if path_exists(request.path):
            raise RestError(405, {"error": "405 Not Allowed"})
        raise RestError(404, {"error": "404 Not Found"})
    if caller.user is None and (route.template.startswith(_SCOPE) or route.method != "GET"):
        raise unauthorized()
    _check_scope(route, caller)
    entities = Entities(instance, caller, request.url)
    call = Call(request, instance, caller, entities, route.ids)
    return _ROUTES[route.method, route.template](call)


def _check_scope(route: Route, caller: Caller) -> None:
    reading = route.method == "GET"
    if caller.has_scope("read" if reading else "write"):
        return
    token = caller.token
    if token is not None and route.template == "/user" and "read_user" in token.scopes:
        return
    if route.template == "/personal_access_tokens/self":
        return
    text = "The request requires higher privileges than provided by the access token."
    raise RestError(
        403,
        {
            "error": "insufficient_scope",
            "error_description": text,
            "scope": "api read_api" if reading else "api",
        },
    )
