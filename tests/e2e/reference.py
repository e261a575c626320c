"""What a scan of an instance file can see, by release, API and user, worked out a second time.

Written from what GitLab's API shows by release, without the product's code: slow and plain. The
rules over it are in `tests.e2e.reference_rules`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

Part: TypeAlias = dict[str, Any]


class Release(NamedTuple):
    """A GitLab release by its first two numbers."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


UNREAD: Final = "unread"
"""Stands for a fact that this way of reading does not show."""


class Row(NamedTuple):
    """An inbound entry as the API shows it."""

    kind: str
    id: int | None
    path: str | None
    permissions: Any
    autopopulated: Any
    created_at: Any

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class Reading:
    """One instance file, read by one user over one API."""

    def __init__(self, file: Part, api: str, user: str, target: str, now: datetime) -> None:
        numbers = file["gitlab"]["version"].split(".")
        self.release = Release(int(numbers[0]), int(numbers[1]))
        self.api, self.user, self.now = api, user, now
        self.admin = any(each["username"] == user and each.get("admin") for each in file["users"])
        self.people = {each["username"] for each in file["users"]}
        self.roles = [role for role in file["roles"] if role["user"] == user]
        self.groups = {group["path"]: group for group in file["groups"]}
        self.all = {project["path"]: project for project in file["projects"]}
        self.enforced = self.release >= Release(17, 6) and file["gitlab"]["enforce_inbound"]
        self.scanned = [self.all[path] for path in sorted(self.all) if inside(path, target)]
        self.readable = [
            project
            for project in self.scanned
            if self.administers(project["path"]) and project.get("fails") != "always"
        ]

    # Questions about the instance.

    def member(self, path: str) -> bool:
        """Whether the user has a role on a project or group, or on a group above it."""
        return self.admin or any(inside(path, role["on"]) for role in self.roles)

    def administers(self, path: str) -> bool:
        """Whether the user may read a project's job token scope: Maintainer, or administrator."""
        high = {"maintainer", "owner"}
        return self.admin or any(
            inside(path, role["on"]) and role["role"] in high for role in self.roles
        )

    def visible(self, kind: str, path: str) -> bool:
        """Whether the user can see a project or group."""
        part = self.all[path] if kind == "project" else self.groups[path]
        return part.get("visibility", "private") != "private" or self.member(path)

    def personal(self, path: str) -> bool:
        """Whether a project lies in a user's namespace."""
        return path.partition("/")[0] in self.people

    def below(self, group: str) -> list[str]:
        """The paths of all projects in a group and its subgroups."""
        return [path for path in self.all if path.startswith(group + "/")]

    # What the API shows of a project's scope.

    def scope(self, project: Part) -> Part:
        """The project's scope; a project without a settings row has all switches at their rest."""
        scope = project["scope"]
        if project.get("settings_row", True):
            return {"inbound": True, "outbound": False, "push": False, **scope}
        return {"allowlist": scope["allowlist"], "inbound": True, "outbound": False, "push": False}

    def effective(self, project: Part) -> bool:
        """Whether the limit is on, by the project or by the instance."""
        return bool(self.enforced or self.scope(project)["inbound"])

    def enforcement(self) -> str:
        """What this reading proves about the instance setting."""
        if self.release < Release(17, 6):
            return "off"
        if self.admin:
            return "on" if self.enforced else "off"
        own_off = [p for p in self.readable if not self.scope(p)["inbound"]]
        if self.api == "graphql":
            # Own flag and effective flag are both shown: where they differ, the instance enforces.
            return ("on" if self.enforced else "off") if own_off else "unknown"
        return "off" if own_off and not self.enforced else "unknown"

    @property
    def whole_rows(self) -> bool:
        """Whether GraphQL's entries are read, with permissions, age and targets that are gone."""
        return self.api == "graphql" and self.release >= Release(17, 9)

    def shown(self, project: Part) -> list[Row]:
        """The inbound entries that this reading sees."""
        return [
            row
            for part in self.scope(project)["allowlist"]
            if part.get("direction", "inbound") == "inbound"
            for row in self._row(part)
        ]

    def _row(self, part: Part) -> Iterator[Row]:
        if "gone" in part:
            if self.whole_rows:
                permissions, made = part.get("permissions"), part.get("created_at", UNREAD)
                yield Row(part["gone"], None, None, permissions, False, made)
            return
        kind = "group" if "group" in part else "project"
        path = part[kind]
        number = (self.groups if kind == "group" else self.all)[path]["id"]
        if self.whole_rows:
            permissions, auto = part.get("permissions"), part.get("autopopulated", False)
            yield Row(kind, number, path, permissions, auto, part["created_at"])
        elif self.release < Release(17, 7):
            # There is nothing but default permissions, and nothing is populated.
            yield Row(kind, number, path, None, False, UNREAD)
        else:
            yield Row(kind, number, path, UNREAD, UNREAD, UNREAD)

    def uses(self, project: Part) -> dict[str, datetime]:
        """The log by origin, without the project's own uses."""
        rows = project["scope"].get("log", [])
        return {row["origin"]: row["at"] for row in rows if row["origin"] != project["path"]}

    def log_since(self) -> datetime | None:
        """The oldest last use in any log that was read, uses of a project's own token apart.

        Those are in the log since 18.1 alone, and are dropped before anything is concluded.
        """
        return min(
            (
                row["at"]
                for project in self.readable
                for row in self.scope(project).get("log", [])
                if row["origin"] != project["path"]
            ),
            default=None,
        )


def inside(path: str, group: str) -> bool:
    """Whether a path is a group or lies below it."""
    return path == group or path.startswith(group + "/")
