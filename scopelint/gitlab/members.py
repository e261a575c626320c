"""Who may change a project's settings: its Maintainers and Owners, as far as the token sees them.

`GET /projects/:id/members/all` (doc/api/members.md) lists direct and inherited members to those who
see the project's members. It is asked by `why` alone, one request.
"""

from dataclasses import dataclass
from typing import Any, Final

import gitlab

from scopelint.errors import GitLabError
from scopelint.gitlab.connection import Connection

MAINTAINER: Final = 40
"""The access level of a Maintainer; an Owner has 50 (doc/api/members.md, "Roles")."""
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Maintainers:
    """Some of those who may change a project's settings."""

    usernames: tuple[str, ...]
    """Sorted; none where the list has none on its first page."""
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
    names = []
    for member in found:
        level = member.get("access_level") if isinstance(member, dict) else None
        name = member.get("username") if isinstance(member, dict) else None
        if isinstance(level, bool) or not isinstance(level, int) or not isinstance(name, str):
            return None
        if level >= MAINTAINER and member.get("state", "active") == "active":
            names.append(name)
    return Maintainers(tuple(sorted(set(names))), len(found) < _PAGE)
