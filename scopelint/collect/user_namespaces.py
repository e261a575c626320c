"""A user's namespace as a target: it holds personal projects, and no group.

It has the user's name as its path (doc/user/namespace/_index.md). GitLab shows a namespace itself
to its user and to administrators alone, a user to everybody (doc/api/users.md), and the projects in
it as far as the token may see them.
"""

import logging
from collections.abc import Sequence

import gitlab

from scopelint.collect.reader import Reader, ResolvedTarget, TargetRef
from scopelint.collect.rest_pages import list_of
from scopelint.errors import TargetNotFoundError
from scopelint.gitlab.ask import UnreadableError, translate
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.values import full_path, identifier, objects
from scopelint.model import Reason

log = logging.getLogger(__name__)


def find(connection: Connection, target: TargetRef) -> ResolvedTarget | None:
    """Return the user's namespace that a target's path names; None where there is none.

    Raises TargetNotFoundError, saying what it is, where a group or project was meant.
    """
    if target.path is None or "/" in target.path:
        return None
    user = _ask(connection, target.path)
    if user is None or target.kind == "any":
        return user
    raise TargetNotFoundError(
        f"{target} is the namespace of a user, not a {target.kind}",
        hint=f"Name it without --{target.kind}: {target}. Its projects are read then.",
    )


def _ask(connection: Connection, name: str) -> ResolvedTarget | None:
    try:
        answer = connection.rest.http_request(
            "get", "/users", query_data={"username": name}, obey_rate_limit=False
        )
    except gitlab.GitlabError as error:
        refusal = translate(connection, error)
        if isinstance(refusal, UnreadableError) and refusal.reason is not Reason.ERROR:
            return None
        raise refusal from None
    for user in objects(list_of(answer), "users"):
        found = full_path(user, "username")
        if found.lower() == name.lower():
            return ResolvedTarget("user", identifier(user, "id"), found)
    return None


def tell(targets: Sequence[ResolvedTarget], reader: Reader) -> None:
    """Say of each user's namespace whether all its projects are read, or those that are seen."""
    for target in targets:
        if target.kind != "user":
            continue
        if reader.administrator or target.path == reader.caps.username:
            log.info("%s is the namespace of a user: the projects in it are read", target.path)
        else:
            log.warning(
                "%s is the namespace of a user: only those projects in it that this token sees are"
                " read",
                target.path,
            )
