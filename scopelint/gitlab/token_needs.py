"""The smallest token that does each job: role, scope, fine-grained permissions.

The only home of this table: README and `scopelint doctor` are made from it. Roles and scopes:
doc/api/project_job_token_scopes.md, doc/api/graphql/_index.md, doc/api/settings.md. Permissions:
doc/auth/tokens/fine_grained_access_tokens.md. GraphQL shows no job token scope to a fine-grained
token, so what only GraphQL shows needs a classic one. Audit events: doc/api/audit_events.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scopelint.versions import LOG_READABLE

READ_PROJECT: Final = "read_project"
READ_GROUP: Final = "read_group"
READ_SCOPE: Final = "read_job_token_scope"
READ_ALLOWLIST: Final = "read_job_token_scope_allowlist"


@dataclass(frozen=True, slots=True)
class TokenNeed:
    """What one job needs."""

    job: str
    """A short name for programs."""
    words: str
    """The job, as it follows "to"."""
    commands: str
    """The commands and options that do it, in Markdown."""
    role: str
    """The role of the token's user, and where."""
    scopes: tuple[str, ...]
    """Those of a classic token, all of them."""
    permissions: tuple[str, ...] = ()
    """Those of a fine-grained token, all of them; none where no such token will do."""
    limits: str = ""
    """What the smallest token leaves unknown, or when more is needed."""
    permissions_known: bool = True
    """Whether GitLab's pages tell the permissions; else it is not known whether such a token will do."""


PROJECT: Final = TokenNeed(
    "project",
    "read a project's scope",
    "`scan`, `collect`, `can-access` of a project",
    "Maintainer on the project",
    ("read_api",),
    (READ_PROJECT, READ_SCOPE, READ_ALLOWLIST),
    "fine-grained: by REST, so what entries permit, a project's own flag and the log stay unknown",
)
GROUP: Final = TokenNeed(
    "group",
    "read all scopes below a group",
    "`scan`, `collect`, `reach` of a group",
    "Maintainer on the group",
    ("read_api",),
    (READ_GROUP, *PROJECT.permissions),
    PROJECT.limits,
)
LOG: Final = TokenNeed(
    "log",
    "read the authentication log",
    "`scan --usage`, `collect --usage`",
    "Maintainer on each project",
    ("read_api",),
    limits=f"GitLab {LOG_READABLE} or later, by GraphQL",
)
AUDIT_EVENTS: Final = TokenNeed(
    "audit_events",
    "tell who opened a project",
    "`scan --audit-events`, `collect --audit-events`",
    "Maintainer on each project",
    ("read_api",),
    permissions_known=False,
    limits="GitLab Premium, by REST; below Maintainer GitLab shows the user's own events alone",
)
INSTANCE: Final = TokenNeed(
    "instance",
    "read the whole instance",
    "`scan --instance`, `collect --instance`",
    "administrator",
    ("read_api",),
    limits="by REST where Admin Mode is on: the scope `admin_mode` too",
)
PERSONAL: Final = TokenNeed(
    "user",
    "read a user's personal projects",
    "`scan USERNAME`",
    "that user, or administrator",
    ("read_api",),
    PROJECT.permissions,
    "others see of them what is public, internal or shared with them",
)
CHANGE: Final = TokenNeed(
    "change",
    "change scopes",
    "`apply`, `undo`",
    "Maintainer on each project",
    ("api",),
    limits="what it changes is compared by GraphQL first",
)
NEEDS: Final = (PROJECT, GROUP, LOG, AUDIT_EVENTS, INSTANCE, PERSONAL, CHANGE)
HEAD: Final = ("to", "commands", "role", "classic", "fine-grained", "limits")


def rows() -> Iterator[tuple[str, ...]]:
    """Yield a row of Markdown cells for each job, in the order of `HEAD`."""
    for need in NEEDS:
        yield (
            need.words,
            need.commands,
            need.role,
            _names(need.scopes),
            _permissions(need),
            need.limits,
        )


def _permissions(need: TokenNeed) -> str:
    if not need.permissions_known:
        return "not known"
    return _names(need.permissions) or "none will do"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
