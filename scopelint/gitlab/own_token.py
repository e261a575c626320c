"""What a token says of itself: its scopes, its last day, and whether it is fine-grained.

`GET /personal_access_tokens/self` answers for personal, project and group access tokens
(doc/api/personal_access_tokens.md). A fine-grained one says the scope `granular`, whatever it may
do; which permissions it has the newest releases tell (`granular_scopes`), else only refusals do.
"""

from dataclasses import dataclass
from typing import Final

import gitlab

from scopelint.errors import AuthenticationError
from scopelint.gitlab.ask import translate
from scopelint.gitlab.connection import Connection

GRANULAR: Final = "granular"
"""The scope that stands for "fine-grained"."""
GRANULAR_REFUSAL: Final = "granular_scope"
"""What is in the body where a fine-grained token lacks a permission."""


@dataclass(frozen=True, slots=True)
class OwnToken:
    """What is known of the token."""

    scopes: tuple[str, ...] | None = None
    """None where the token may not say, or is no access token (OAuth)."""
    expires_at: str | None = None
    """The last day as an ISO date; None where it is not known or there is none."""
    fine_grained: bool | None = None
    """None where it is not known."""
    permissions: tuple[str, ...] | None = None
    """Those of a fine-grained token, somewhere; None where GitLab does not say."""


def own_token(connection: Connection) -> OwnToken:
    """Ask the token for itself.

    Raises AuthenticationError where GitLab refuses the token, ExchangeError where the retries are
    used up; any other answer is what is not known.
    """
    try:
        node = connection.rest.http_get("/personal_access_tokens/self", obey_rate_limit=False)
    except gitlab.GitlabError as error:
        return _refused(connection, error)
    if not isinstance(node, dict):
        return OwnToken()
    scopes, until = node.get("scopes"), node.get("expires_at")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        scopes = None
    return OwnToken(
        None if scopes is None else tuple(scopes),
        until if isinstance(until, str) else None,
        None if scopes is None else scopes == [GRANULAR],
        _permissions(node.get("granular_scopes")),
    )


def _permissions(granted: object) -> tuple[str, ...] | None:
    """Read the permissions of every part of a fine-grained token, whatever they are for."""
    parts = granted if isinstance(granted, list) else []
    names: set[str] = set()
    for part in parts:
        named = part.get("permissions") if isinstance(part, dict) else None
        if not isinstance(named, list):
            return None
        names.update(map(str, named))
    return tuple(sorted(names)) if parts else None


def _refused(connection: Connection, error: gitlab.GitlabError) -> OwnToken:
    refusal = translate(connection, error)
    if isinstance(refusal, AuthenticationError):
        raise refusal from None
    if GRANULAR_REFUSAL in (error.response_body or b"").decode("utf-8", "replace"):
        # Only a fine-grained token lacks a permission by this name.
        return OwnToken(fine_grained=True)
    return OwnToken()
