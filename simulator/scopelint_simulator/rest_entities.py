"""How REST shows groups, projects, users and tokens.

Sources: `doc/api/projects.md`, `doc/api/groups.md`, `doc/api/project_job_token_scopes.md`.
"""

from typing import Any

from scopelint_simulator.instance import Group, Instance, Outside, Project, Token, User
from scopelint_simulator.permissions import Caller
from scopelint_simulator.resolvers import iso
from scopelint_simulator.versions import OUTBOUND_REMOVED, PACKAGE_REGISTRY_LEVEL

JSON = dict[str, Any]


class Entities:
    """Shows things to one caller."""

    def __init__(self, instance: Instance, caller: Caller, base_url: str) -> None:
        self._instance = instance
        self._caller = caller
        self._url = base_url

    def basic_project(self, project: Project) -> JSON:
        """`BasicProjectDetails`: what the allowlist shows; no `archived`."""
        group = self._instance.groups[project.group] if project.group is not None else None
        above = self._names(project)
        shown: JSON = {
            "id": project.id,
            "description": None,
            "name": project.name,
            "name_with_namespace": " / ".join([*above, project.name]),
            "path": project.path.rpartition("/")[2],
            "path_with_namespace": project.path,
            "created_at": iso(project.created_at),
            "tag_list": [*project.topics],
            "topics": [*project.topics],
            "ssh_url_to_repo": f"git@gitlab.example.com:{project.path}.git",
            "http_url_to_repo": f"{self._url}/{project.path}.git",
            "web_url": f"{self._url}/{project.path}",
            "avatar_url": None,
            "star_count": 0,
            "last_activity_at": iso(project.last_activity_at),
            "visibility": project.visibility,
            "namespace": self._namespace(project, group),
        }
        if self._caller.can_read(project):
            shown |= {"default_branch": "main", "readme_url": None, "forks_count": 0}
        return shown

    def outside_project(self, target: Outside) -> JSON:
        """`BasicProjectDetails` of a project that the caller cannot see."""
        above, _, last = target.path.rpartition("/")
        return {
            "id": target.id,
            "description": None,
            "name": last,
            "name_with_namespace": target.path.replace("/", " / "),
            "path": last,
            "path_with_namespace": target.path,
            "created_at": "2023-01-01T00:00:00Z",
            "tag_list": [],
            "topics": [],
            "ssh_url_to_repo": f"git@gitlab.example.com:{target.path}.git",
            "http_url_to_repo": f"{self._url}/{target.path}.git",
            "web_url": f"{self._url}/{target.path}",
            "avatar_url": None,
            "star_count": 0,
            "last_activity_at": "2023-01-01T00:00:00Z",
            "visibility": "private",
            "namespace": {
                "id": 0,
                "name": above,
                "path": above.rpartition("/")[2],
                "kind": "group",
                "full_path": above,
                "parent_id": None,
                "avatar_url": None,
                "web_url": f"{self._url}/groups/{above}",
            },
        }

    def project(self, project: Project) -> JSON:
        """The full entity."""
        version = self._instance.settings.version
        levels = project.access_levels
        builds = levels["builds"] if project.jobs_enabled else "disabled"
        shown = self.basic_project(project) | {
            "_links": {"self": f"{self._url}/api/v4/projects/{project.id}"},
            "archived": project.archived,
            "empty_repo": False,
            "creator_id": 1,
            "marked_for_deletion_at": iso(project.marked_for_deletion_on),
            "marked_for_deletion_on": iso(project.marked_for_deletion_on),
            "packages_enabled": levels["package_registry"] != "disabled",
            "container_registry_enabled": levels["container_registry"] != "disabled",
            "jobs_enabled": builds != "disabled",
            "issues_enabled": levels["issues"] != "disabled",
            "merge_requests_enabled": levels["merge_requests"] != "disabled",
            "repository_access_level": levels["repository"],
            "builds_access_level": builds,
            "container_registry_access_level": levels["container_registry"],
            "releases_access_level": levels["releases"],
            "environments_access_level": levels["environments"],
            "issues_access_level": levels["issues"],
            "merge_requests_access_level": levels["merge_requests"],
            "public_jobs": project.public_jobs,
            "permissions": self._permissions(project),
        }
        if version >= PACKAGE_REGISTRY_LEVEL:
            shown["package_registry_access_level"] = levels["package_registry"]
        if self._instance.settings.mirrors:
            shown["mirror"] = project.mirror
            if project.mirror:
                shown["mirror_trigger_builds"] = project.mirror_trigger_builds
        if self._caller.can_admin(project):
            shown["ci_allow_fork_pipelines_to_run_in_parent_project"] = project.fork_pipelines
            outbound = self._instance.effective_outbound(project) and version < OUTBOUND_REMOVED
            shown["ci_job_token_scope_enabled"] = outbound
            shown["ci_push_repository_for_job_token_allowed"] = project.scope.push
        return shown

    def simple_project(self, project: Project) -> JSON:
        """What `simple=true` gives."""
        return self.basic_project(project)

    def basic_group(self, target: Group | Outside) -> JSON:
        """`BasicGroupDetails`: only these three."""
        url = f"{self._url}/groups/{target.path}"
        return {"id": target.id, "web_url": url, "name": target.name}

    def group(self, group: Group) -> JSON:
        """The full entity, without the deprecated lists of projects."""
        above = reversed(list(self._instance.ancestors(group.id)))
        return self.basic_group(group) | {
            "path": group.path.rpartition("/")[2],
            "description": "",
            "visibility": group.visibility,
            "full_name": " / ".join(item.name for item in above),
            "full_path": group.path,
            "parent_id": group.parent,
            "avatar_url": None,
            "created_at": iso(group.created_at),
            "archived": False,
            "marked_for_deletion_on": iso(group.marked_for_deletion_on),
        }

    def basic_user(self, user: User) -> JSON:
        """What everybody may see of a user."""
        return {
            "id": user.id,
            "username": user.username,
            "name": user.name,
            "state": "active",
            "web_url": f"{self._url}/{user.username}",
            "avatar_url": None,
        }

    def user(self, user: User) -> JSON:
        """The caller's own user."""
        shown = self.basic_user(user) | {"bot": False}
        if user.admin:
            shown["is_admin"] = True
        return shown

    def token(self, token: Token) -> JSON:
        """The caller's own personal access token."""
        return {
            "id": token.id,
            "name": f"token {token.id}",
            "revoked": False,
            "created_at": "2026-01-01T00:00:00Z",
            "description": None,
            "scopes": sorted(token.scopes) if token.kind == "personal" else ["granular"],
            "user_id": token.user.id,
            "last_used_at": None,
            "active": not token.expired,
            "expires_at": "2099-12-31",
        }

    def _names(self, project: Project) -> list[str]:
        if project.group is None:
            return [self._instance.namespaces[project.user_namespace or 0].user.name]
        return [group.name for group in self._instance.ancestors(project.group)][::-1]

    def _namespace(self, project: Project, group: Group | None) -> JSON:
        if group is not None:
            return {
                "id": group.id,
                "name": group.name,
                "path": group.path.rpartition("/")[2],
                "kind": "group",
                "full_path": group.path,
                "parent_id": group.parent,
                "avatar_url": None,
                "web_url": f"{self._url}/groups/{group.path}",
            }
        own = self._instance.namespaces[project.user_namespace or 0]
        return {
            "id": own.id,
            "name": own.user.name,
            "path": own.path,
            "kind": "user",
            "full_path": own.path,
            "parent_id": None,
            "avatar_url": None,
            "web_url": f"{self._url}/{own.path}",
        }

    def _permissions(self, project: Project) -> JSON:
        user = self._caller.user
        if user is None:
            return {"project_access": None, "group_access": None}
        own = self._instance.project_roles.get((user.id, project.id), 0)
        above = self._caller.group_role(project.group) if project.group is not None else 0
        return {
            "project_access": {"access_level": own, "notification_level": 3} if own else None,
            "group_access": {"access_level": above, "notification_level": 3} if above else None,
        }
