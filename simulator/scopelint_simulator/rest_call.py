"""One call of a REST route: who calls, for what, and the checks that every route shares."""

from dataclasses import dataclass

from scopelint_simulator.instance import Group, Instance, Project
from scopelint_simulator.permissions import Caller
from scopelint_simulator.request import Request, RestError, not_found, unauthorized
from scopelint_simulator.rest_entities import Entities


@dataclass(slots=True)
class Call:
    """A request that matched a route; `ids` are the parts of the path that the route names."""

    request: Request
    instance: Instance
    caller: Caller
    entities: Entities
    ids: dict[str, str]

    def path_id(self, name: str) -> str:
        """A part of the path, percent-decoded."""
        return self.ids[name]

    def require_user(self) -> None:
        """Raise 401 for a call without a user (GitLab's `authenticate!`)."""
        if self.caller.user is None:
            raise unauthorized()

    def require_permission(self, permission: str, project: Project) -> None:
        """Raise 403 where a fine-grained token lacks `permission`, or a classic one is refused."""
        token = self.caller.token
        required = self.instance.needs_fine_grained_token(project)
        if token is not None and token.kind == "personal" and required:
            text = (
                "Access denied: This operation requires a fine-grained personal access token with "
                f"the following project permissions: [{permission}]"
            )
            raise RestError(
                403, {"error": "insufficient_granular_scope", "error_description": text}
            )
        if token is None or token.kind != "fine_grained" or permission in token.scopes:
            return
        text = (
            "Access denied: Your Personal Access Token lacks the required permissions: "
            f'[{permission}] for "{project.path}".'
        )
        body = {"error": "insufficient_granular_scope", "error_description": text}
        raise RestError(403, body)

    def project(self) -> Project:
        """The project that `:id` names by number or path; raises 404."""
        given = self.path_id("id")
        if given.isascii() and given.isdigit():
            project = self.instance.projects.get(int(given))
        else:
            project = self.instance.project_at(given)
        if project is None or not self.caller.can_read(project):
            raise not_found("Project")
        return project

    def group(self) -> Group:
        """The group that `:id` names by number or path; raises 404."""
        given = self.path_id("id")
        if given.isascii() and given.isdigit():
            group = self.instance.groups.get(int(given))
        else:
            group = self.instance.group_at(given)
        if group is None or not self.caller.can_read_group(group):
            raise not_found("Group")
        return group
