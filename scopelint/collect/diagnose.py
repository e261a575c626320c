"""What this instance and token can show, all at once: for `scopelint doctor`.

Reads a sample (the first page of each target), so that it answers in seconds on any instance.
What it did not try it does not claim: that is not known.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import gitlab

from scopelint.collect.audit_events import WITNESSES, readable
from scopelint.collect.collection import select_reader
from scopelint.collect.graphql_pages import project_gap
from scopelint.collect.reader import Reader, ResolvedTarget
from scopelint.collect.request import CollectRequest
from scopelint.collect.rest_reader import RestReader
from scopelint.gitlab.ask import Failed, ask_optional, ask_required
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import FineGrainedTokenError
from scopelint.gitlab.own_token import GRANULAR_REFUSAL, OwnToken, own_token
from scopelint.gitlab.token_needs import READ_ALLOWLIST, READ_GROUP, READ_PROJECT, READ_SCOPE
from scopelint.model import Fact, Project
from scopelint.snapshot import Listed

_T = TypeVar("_T")
_ONE_BY_ONE = 10
"""Projects that are tried where each takes requests of its own."""


@dataclass(slots=True)
class Observations:
    """What GitLab answered."""

    instance: str
    api: str
    caps: Capabilities
    administrator: bool
    admin_mode_missing: bool
    token: OwnToken
    targets: tuple[ResolvedTarget, ...] = ()
    enforced: bool | None = None
    """The instance setting; None where it was not shown."""
    tried: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    """Projects without a scope, by reason."""
    why: str = ""
    """What was said of the first of them."""
    examples: list[str] = field(default_factory=list)
    partly: Counter[Fact] = field(default_factory=Counter)
    """Projects with a scope of which a fact is missing, by fact."""
    logs: int = 0
    """Projects whose log was read."""
    readable_ids: list[int] = field(default_factory=list)
    """The numbers of the first projects whose scope was read."""
    events: list[str | None] = field(default_factory=list)
    """Of those: why their audit events could not be read, None where they could."""
    top_groups: Counter[str] = field(default_factory=Counter)
    """Entries by the top-level group that they lead into."""
    permissions: dict[str, bool | None] = field(default_factory=dict)
    """Of a fine-grained token, by name: whether it has them; None where nothing tells."""

    @property
    def read(self) -> int:
        """How many projects' scopes were read."""
        return self.tried - sum(self.unread.values())


def observe(connection: Connection, request: CollectRequest) -> Observations:
    """Try everything a scan needs on a sample; raise a GitLabError where not even that goes.

    The log of the sample is read too. As a scan does, it reads by REST where GraphQL turns out to
    be closed to a fine-grained token.
    """
    request = replace(request, filters=replace(request.filters, usage=True))
    try:
        return _observe(connection, request)
    except FineGrainedTokenError:
        if request.api != "auto":
            raise
        return _observe(connection, replace(request, api="rest"))


def _observe(connection: Connection, request: CollectRequest) -> Observations:
    reader = select_reader(connection, request)
    rest = RestReader(connection, request.filters, reader.caps)
    found = Observations(
        instance=connection.server.url,
        api=reader.api,
        caps=reader.caps,
        administrator=reader.administrator,
        admin_mode_missing=reader.admin_mode_missing,
        token=_ask(connection, lambda: own_token(connection)),
    )
    found.targets = tuple(_ask(connection, lambda: reader.resolve(request.targets)))
    first: Project | None = None
    for target in found.targets:
        listed = _sample(connection, reader, target, found)
        first = first or (listed[0].project if listed else None)
    for number in found.readable_ids:
        answer = _ask(connection, partial(readable, rest, number))
        found.events.append(answer.detail if isinstance(answer, Failed) else None)
    if reader.administrator and reader.caps.enforceable:
        found.enforced = _ask(connection, rest.enforced_by_setting)
    if found.token.fine_grained:
        found.permissions = _permissions(connection, found, first)
    return found


def _sample(
    connection: Connection, reader: Reader, target: ResolvedTarget, found: Observations
) -> Sequence[Listed]:
    page = _ask(connection, lambda: reader.projects(target, None))
    listed: Sequence[Listed] = page.items if reader.batch > 1 else page.items[:_ONE_BY_ONE]
    for start in range(0, len(listed), reader.batch):
        _try(reader, listed[start : start + reader.batch], found)
    return listed


def _try(reader: Reader, listed: Sequence[Listed], found: Observations) -> None:
    """Try some projects; as in a scan, one that fails alone is not readable, the others are."""
    details = ask_optional(lambda: reader.read(listed))
    if not isinstance(details, Failed):
        for project, _ in details:
            _count(project, found)
    elif len(listed) > 1:
        half = (len(listed) + 1) // 2
        _try(reader, listed[:half], found)
        _try(reader, listed[half:], found)
    else:
        project = listed[0].project
        gap = project_gap(project, Fact.SCOPE, details.reason, details.detail)
        _count(replace(project, gap=gap), found)


def _count(project: Project, found: Observations) -> None:
    found.tried += 1
    scope, gap = project.scope, project.gap
    if scope is None:
        found.unread[gap.reason.value if gap else "error"] += 1
        found.why = found.why or (gap.detail if gap else "")
        if len(found.examples) < 3:
            found.examples.append(project.path)
        return
    if len(found.readable_ids) < WITNESSES:
        found.readable_ids.append(project.id)
    found.partly.update(scope.missing)
    found.logs += scope.uses is not None
    for entry in scope.entries:
        if entry.target_path is not None:
            found.top_groups[entry.target_path.partition("/")[0]] += 1


def _permissions(
    connection: Connection, found: Observations, project: Project | None
) -> dict[str, bool | None]:
    """Tell which permissions a fine-grained token has: it names them, or a read answers by them."""
    asked: dict[str, str | None] = dict.fromkeys(
        (READ_GROUP, READ_PROJECT, READ_SCOPE, READ_ALLOWLIST)
    )
    group = next((target for target in found.targets if target.kind == "group"), None)
    if group is not None:
        asked[READ_GROUP] = f"/groups/{group.id}"
    if project is not None:
        asked[READ_PROJECT] = f"/projects/{project.id}"
        asked[READ_SCOPE] = f"/projects/{project.id}/job_token_scope"
        asked[READ_ALLOWLIST] = f"/projects/{project.id}/job_token_scope/allowlist"
    known = found.token.permissions
    if known is not None:
        return {name: name in known for name in asked}
    return {
        name: None if path is None else _ask(connection, partial(_lets, connection, path))
        for name, path in asked.items()
    }


def _lets(connection: Connection, path: str) -> bool | None:
    """Tell whether a fine-grained token has the permission that a route asks for."""
    try:
        connection.rest.http_request("get", path, obey_rate_limit=False)
    except gitlab.GitlabError as error:
        lacks = GRANULAR_REFUSAL in (error.response_body or b"").decode("utf-8", "replace")
        # Another refusal (a role that does not suffice, nothing there) says nothing of it.
        return False if lacks else None
    return True


def _ask(connection: Connection, ask: Callable[[], _T]) -> _T:
    return ask_required(ask, connection.server.url)
