"""Who may see and do what: roles on groups and projects, inherited downward.

Source: `doc/user/permissions.md`, and `doc/user/public_access.md` for visibility.
"""

from dataclasses import dataclass, field
from typing import Literal

from scopelint_simulator.instance import Group, Instance, Outside, Project, Token, User

ROLES = {
    "guest": 10,
    "planner": 15,
    "reporter": 20,
    "developer": 30,
    "maintainer": 40,
    "owner": 50,
}
MAINTAINER = 40
READ_SCOPES = frozenset({"api", "read_api"})


@dataclass(slots=True)
class Caller:
    """The sender of a request: a user, or nobody. Answers every question about access."""

    instance: Instance
    token: Token | None = None
    rest: bool = False
    """Whether the request came over REST: Admin Mode does not hold a token back in GraphQL."""
    _roles: dict[int, int] = field(default_factory=dict)
    _seen_groups: frozenset[int] | None = None

    @property
    def user(self) -> User | None:
        """The token's user."""
        return None if self.token is None else self.token.user

    @property
    def admin(self) -> bool:
        """Whether this may do what an administrator may."""
        if self.token is None or not self.token.user.admin:
            return False
        held_back = self.rest and self.instance.settings.admin_mode
        return not held_back or "admin_mode" in self.token.scopes

    def has_scope(self, kind: Literal["read", "write"]) -> bool:
        """Whether the token's scopes allow reading, or writing, over the API."""
        if self.token is None or self.token.kind == "fine_grained":
            return True
        wanted = READ_SCOPES if kind == "read" else frozenset({"api"})
        return not wanted.isdisjoint(self.token.scopes)

    def group_role(self, group: int) -> int:
        """The caller's access level on a group, 0 for none."""
        if self.user is None:
            return 0
        known = self._roles.get(group)
        if known is None:
            own = self.instance.group_roles.get((self.user.id, group), 0)
            parent = self.instance.groups[group].parent
            known = max(own, self.group_role(parent) if parent is not None else 0)
            self._roles[group] = known
        return known

    def role(self, project: Project) -> int:
        """The caller's access level on a project, 0 for none; administration adds nothing."""
        if self.user is None:
            return 0
        level = self.instance.project_roles.get((self.user.id, project.id), 0)
        if project.group is not None:
            return max(level, self.group_role(project.group))
        namespace = self.instance.namespaces[project.user_namespace or 0]
        return ROLES["owner"] if namespace.user is self.user else level

    def can_read(self, project: Project) -> bool:
        """`read_project`: public, internal for any user, else a member."""
        if project.visibility == "public" or self.admin:
            return True
        if self.user is None:
            return False
        return project.visibility == "internal" or self.role(project) >= ROLES["guest"]

    def can_admin(self, project: Project) -> bool:
        """`admin_project`: Maintainer or more, or an administrator."""
        return self.admin or self.role(project) >= MAINTAINER

    def can_read_group(self, group: Group) -> bool:
        """`read_group`: as for projects; members of anything inside see the group too."""
        if group.visibility == "public" or self.admin:
            return True
        if self.user is None:
            return False
        return (
            group.visibility == "internal"
            or self.group_role(group.id) >= ROLES["guest"]
            or group.id in self._groups_above_memberships()
        )

    def can_read_target(self, target: Project | Group | Outside) -> bool:
        """Whether the caller can read what an entry points to."""
        if isinstance(target, Project):
            return self.can_read(target)
        return isinstance(target, Group) and self.can_read_group(target)

    def _groups_above_memberships(self) -> frozenset[int]:
        if self._seen_groups is None:
            user = self.user.id if self.user else -1
            starts = [group for (who, group) in self.instance.group_roles if who == user]
            for who, number in self.instance.project_roles:
                above = self.instance.projects[number].group
                if who == user and above is not None:
                    starts.append(above)
            self._seen_groups = frozenset(
                group.id for start in starts for group in self.instance.ancestors(start)
            )
        return self._seen_groups
