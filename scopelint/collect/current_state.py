"""One project's job token scope as GitLab says it now: what `apply` and `undo` compare with.

By GraphQL alone: only there stand the project's own flag and what its entries permit
(doc/api/project_job_token_scopes.md gives the effective flag and bare lists).
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from scopelint.collect.graphql_pages import project_gap
from scopelint.collect.graphql_reader import GraphQLReader
from scopelint.collect.rest_reader import RestReader
from scopelint.errors import AuthenticationError, GitLabError
from scopelint.gitlab.answers import WRITE_HINT
from scopelint.gitlab.ask import Failed, ask_optional, ask_required
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import FineGrainedTokenError
from scopelint.gitlab.own_token import own_token
from scopelint.model import EntryKind, Fact, Project
from scopelint.snapshot import Filters, Listed

_TARGETS: Final = 50
"""Groups or projects that are looked up in a request."""


class CurrentState:
    """Reads single projects afresh. Threads may use it at the same time."""

    def __init__(self, connection: Connection) -> None:
        """Ask once what the instance has.

        Raises a GitLabError where it or the token does not show what a plan is compared with.
        """
        self._connection = connection
        url = connection.server.url
        try:
            self._reader = ask_required(lambda: GraphQLReader(connection, Filters(), ()), url)
        except FineGrainedTokenError:
            raise _closed() from None
        if not self.caps.readable:
            raise GitLabError(
                f"GitLab {self.caps.version_text or '(version unknown)'} does not show job token"
                " scopes by GraphQL, and REST shows neither a project's own flag nor what its"
                " entries permit: nothing is changed unseen"
            )
        self._log_reader = self._reader.with_log()
        self._rest = RestReader(connection, Filters(), self.caps)

    @property
    def caps(self) -> Capabilities:
        """What the instance has: its version, its fields, whose token it is."""
        return self._reader.caps

    def project(self, project_id: int, path: str, *, log: bool = False) -> Project:
        """Read one project, with its authentication log if asked; without a scope, its `gap` says why.

        `path` names it where GitLab does not. Raises a GitLabError for what ends the run.
        """
        known = Project(project_id, path)
        try:
            reader = self._log_reader if log else self._reader
            found = ask_optional(lambda: reader.read([Listed(known)]))
        except FineGrainedTokenError:
            raise _closed() from None
        if isinstance(found, Failed):
            gap = project_gap(known, Fact.SCOPE, found.reason, found.detail)
            return Project(project_id, path, gap=gap)
        [(project, _)] = found
        return project

    def target_path(self, kind: EntryKind, number: int) -> str | Failed | None:
        """Return the full path that a group or project has now; None where it is not visible."""
        found = ask_optional(lambda: self._reader.targets(kind, [number]))
        if isinstance(found, Failed):
            return found
        return next((target.path for target in found if target.id == number), None)

    def visible(self, kind: EntryKind, paths: Mapping[int, str]) -> frozenset[int] | Failed:
        """Return which of these groups or projects the token sees now, by their numbers.

        `paths` has their full paths by number, by which those of another organization are found.
        """
        wanted, found = sorted(paths), set[int]()
        for start in range(0, len(wanted), _TARGETS):
            some = wanted[start : start + _TARGETS]
            answer = ask_optional(partial(self._reader.targets, kind, some))
            if isinstance(answer, Failed):
                return answer
            found |= {target.id for target in answer if target.path is not None}
        missing = [paths[number] for number in wanted if number not in found]
        elsewhere = ask_optional(partial(self._reader.find, kind, missing))
        if isinstance(elsewhere, Failed):
            return elsewhere
        return frozenset(found | (set(elsewhere.values()) & paths.keys()))

    def effective(self, project_id: int) -> bool | None:
        """Return whether the limit is in force, by the project or by the instance; None where REST is silent."""
        found = ask_optional(lambda: self._rest.effective(project_id))
        return None if isinstance(found, Failed) else found

    def require_write(self) -> None:
        """Raise AuthenticationError where the token says that it may not write."""
        token = ask_required(lambda: own_token(self._connection), self._connection.server.url)
        if token.fine_grained:
            raise _closed()
        scopes = token.scopes
        if scopes is not None and "api" not in scopes:
            raise AuthenticationError(
                f"the token's scope is too small to change anything: {', '.join(scopes) or 'none'},"
                " and api is needed",
                hint=WRITE_HINT,
            )


def _closed() -> AuthenticationError:
    return AuthenticationError(
        "GraphQL does not serve this fine-grained token, and REST shows neither a project's own"
        " flag nor what its entries permit: nothing is changed unseen",
        hint=WRITE_HINT,
    )
