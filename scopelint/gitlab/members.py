"""Who may change a project's settings: its Maintainers and Owners, as far as the token sees them.

`GET /projects/:id/members/all` (doc/api/members.md) lists direct and inherited members to those who
see the project's members. It is asked by `why` alone, one request.
"""

from dataclasses import dataclass
from typing import Any, Final

import gitlab

from scopelint.errors import GitLabError
from scopelint.gitlab.connection import Connection

_ROLES: Final = {40: "Maintainer", 50: "Owner"}
"""The roles that may change a project's settings, by access level (doc/api/members.md, "Roles")."""
_PAGE: Final = 100


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """Somebody who may change a project's settings."""

    username: str
    role: str
    """`Maintainer` or `Owner`."""


@dataclass(frozen=True, slots=True)
class Maintainers:
    """Some of those who may change a project's settings."""

    people: tuple[Member, ...]
    """By username; none where the first page of members has none."""
    whole: bool
    """Whether the list of members ended there."""


def maintainers(connection: Connection, project_id: int) -> Maintainers | None:
    """Return the active Maintainers and Owners on the first page of members.

    None where GitLab does not show them, does not answer, or answers in another form: what they are
    asked for does not hang on them. Raises ExchangeError where the retries are used up.
    """
    path = f"/projects/{project_id}/members/all"
    try:
        found: Any = connection.rest.http_list(path, query_data={"per_page": _PAGE}, get_all=False)
    except (gitlab.GitlabError, GitLabError):  # refused, or no answer of GitLab's
        return None
    if not isinstance(found, list):
        return None
    people = set()
    for member in found:
        level = member.get("access_level") if isinstance(member, dict) else None
        name = member.get("username") if isinstance(member, dict) else None
        if isinstance(level, bool) or not isinstance(level, int) or not isinstance(name, str):
            return None
        if level in _ROLES and member.get("state", "active") == "active":
            people.add(Member(name, _ROLES[level]))
    return Maintainers(tuple(sorted(people)), len(found) < _PAGE)
