"""What a GraphQL request carries, and the ways it can end other than by an answer."""

from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from graphql import GraphQLError, GraphQLSchema

from scopelint_simulator.instance import Group, Instance, Outside, Project
from scopelint_simulator.permissions import Caller
from scopelint_simulator.versions import Version

NOT_AVAILABLE = (
    "The resource that you are attempting to access does not exist or you don't have "
    "permission to perform this action"
)
NO_FINE_GRAINED = (
    "Access denied: This operation doesn't support fine-grained personal access tokens."
)
FINE_GRAINED_REQUIRED = (
    "Access denied: This operation requires a fine-grained personal access token with the "
    "following project permissions: [read_job_token_scope]"
)
TIMED_OUT = "Request timed out. Please try a less complex query or a smaller set of records."


class RequestTimeout(BaseException):
    """The whole request times out; no ordinary handler may turn this into a field's error."""


class InternalError(BaseException):
    """GitLab itself fails: status 500."""


@dataclass(slots=True)
class Context:
    """One GraphQL request: who asks what of which instance.

    `scope_projects` collects the projects whose job token fields were resolved.
    """

    instance: Instance
    caller: Caller
    version: Version
    base_url: str
    max_page: int | None = None
    score: int = 0
    limit: int = 0
    scope_projects: set[int] = field(default_factory=set)

    def asked_scope(self, project: Project) -> None:
        """Note that a job token field of this project is resolved; raises RequestTimeout."""
        self.scope_projects.add(project.id)
        if project.fails:
            raise RequestTimeout
        if self.max_page is not None and len(self.scope_projects) > self.max_page:
            raise RequestTimeout

    def refuse_fine_grained(self) -> None:
        """Job token types are closed to fine-grained tokens (`doc/auth/tokens/fine_grained_access_tokens.md`)."""
        token = self.caller.token
        if token is not None and token.kind == "fine_grained":
            raise GraphQLError(NO_FINE_GRAINED)

    def refuse_classic(self, project: Project) -> None:
        """Raise GraphQLError for a classic token where the project's group requires other ones."""
        token = self.caller.token
        classic = token is not None and token.kind == "personal"
        if classic and self.instance.needs_fine_grained_token(project):
            raise GraphQLError(FINE_GRAINED_REQUIRED)

    def authorize_scope(self, project: Project) -> None:
        """Let a Maintainer's token pass; raises GraphQLError for others."""
        self.refuse_fine_grained()
        self.refuse_classic(project)
        if not self.caller.can_admin(project):
            unavailable()
        self.asked_scope(project)

    def web_url(self, thing: Project | Group | Outside) -> str:
        """The address of a project's or group's page."""
        if isinstance(thing, Group) or (isinstance(thing, Outside) and thing.kind == "group"):
            return f"{self.base_url}/groups/{thing.path}"
        return f"{self.base_url}/{thing.path}"


class Info(Protocol):
    """What graphql-core hands to a resolver, as far as resolvers use it."""

    @property
    def context(self) -> Context:
        """The request."""

    @property
    def schema(self) -> GraphQLSchema:
        """The schema of the version asked."""


def unavailable() -> NoReturn:
    """Raise GitLab's one error for what is not there or not allowed."""
    raise GraphQLError(NOT_AVAILABLE)
