"""What this instance and token can show, all at once: for `scopelint doctor`.

Reads a sample (the first page of each target), so that it answers in seconds on any instance.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from scopelint import versions
from scopelint.collect.graphql_pages import project_gap
from scopelint.collect.graphql_reader import select_reader
from scopelint.collect.reader import Reader, ResolvedTarget
from scopelint.collect.request import CollectRequest
from scopelint.collect.rest_reader import RestReader
from scopelint.gitlab.ask import Failed, ask_optional, ask_required
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import FineGrainedTokenError
from scopelint.gitlab.values import array, text
from scopelint.model import Fact, Project, Reason
from scopelint.snapshot import Listed

_T = TypeVar("_T")

_WANTED_FIELDS = (
    ("Project", "ciJobTokenScopeAllowlist", "entries with age and author", versions.ENTRY_ROWS),
    (
        "CiJobTokenScopeAllowlistEntry",
        "defaultPermissions",
        "permissions of entries",
        versions.DEFAULT_PERMISSIONS_FIELD,
    ),
    (
        "CiJobTokenScopeAllowlistEntry",
        "autopopulated",
        "entries made by GitLab",
        versions.AUTOPOPULATED_FIELD,
    ),
    (
        "ProjectCiCdSetting",
        "pushRepositoryForJobTokenAllowed",
        "the push setting",
        versions.PUSH_SETTING,
    ),
    (
        "ProjectCiCdSetting",
        "crossProjectPushForJobTokenAllowed",
        "cross-project push",
        versions.CROSS_PROJECT_PUSH,
    ),
)


@dataclass(frozen=True, slots=True)
class MissingField:
    """A thing this instance does not show, and the GitLab version that brought it."""

    what: str
    since: str


@dataclass(slots=True)
class Diagnosis:
    """What was found out. `sampled` counts the projects that were tried."""

    instance: str
    gitlab_version: str
    api: str
    username: str | None
    administrator: bool
    scopes: tuple[str, ...] | None = None
    expires_at: str | None = None
    targets: tuple[ResolvedTarget, ...] = ()
    missing_fields: tuple[MissingField, ...] = ()
    log: bool = False
    enforcement: str = "unknown"
    sampled: int = 0
    unreadable: Counter[Reason] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    top_groups_of_entries: Counter[str] = field(default_factory=Counter)

    @property
    def healthy(self) -> bool:
        """Whether everything that was tried could be read."""
        return self.sampled > 0 and not self.unreadable


def diagnose(connection: Connection, request: CollectRequest) -> Diagnosis:
    """Try everything a scan needs on a sample; raise a GitLabError where not even that goes.

    As a scan does, it reads by REST where GraphQL turns out to be closed to a fine-grained token.
    """
    try:
        return _diagnose(connection, request)
    except FineGrainedTokenError:
        if request.api != "auto":
            raise
        return _diagnose(connection, replace(request, api="rest"))


def _diagnose(connection: Connection, request: CollectRequest) -> Diagnosis:
    reader = select_reader(connection, request)
    rest = RestReader(connection, request.filters, reader.caps)
    found = Diagnosis(
        instance=connection.server.url,
        gitlab_version=reader.caps.version_text,
        api=reader.api,
        username=reader.caps.username,
        administrator=reader.administrator,
        missing_fields=tuple(_missing(reader.caps)) if reader.api == "graphql" else (),
        log=reader.api == "graphql" and reader.caps.log,
    )
    token = _ask(connection, rest.token)
    if token is not None:
        found.scopes = tuple(map(str, array(token, "scopes") or ()))
        found.expires_at = text(token, "expires_at")
    found.targets = tuple(_ask(connection, lambda: reader.resolve(request.targets)))
    for target in found.targets:
        _sample(connection, reader, target, found)
    found.enforcement = _ask(connection, lambda: _enforcement(reader, rest))
    return found


def _missing(caps: Capabilities) -> list[MissingField]:
    return [
        MissingField(what, str(since))
        for type_name, field_name, what, since in _WANTED_FIELDS
        if not caps.has(type_name, field_name)
    ]


def _sample(
    connection: Connection, reader: Reader, target: ResolvedTarget, found: Diagnosis
) -> None:
    page = _ask(connection, lambda: reader.projects(target, None))
    listed: Sequence[Listed] = page.items if reader.batch > 1 else page.items[:10]
    for start in range(0, len(listed), reader.batch):
        _try(reader, listed[start : start + reader.batch], found)


def _try(reader: Reader, listed: Sequence[Listed], found: Diagnosis) -> None:
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


def _count(project: Project, found: Diagnosis) -> None:
    found.sampled += 1
    if project.scope is None:
        found.unreadable[project.gap.reason if project.gap else Reason.ERROR] += 1
        if len(found.examples) < 3:
            found.examples.append(project.path)
        return
    for entry in project.scope.entries:
        if entry.target_path is not None:
            found.top_groups_of_entries[entry.target_path.partition("/")[0]] += 1


def _enforcement(reader: Reader, rest: RestReader) -> str:
    if not reader.caps.enforceable:
        return f"not in this version ({versions.ENFORCEMENT_SETTING} brought it)"
    setting = rest.enforced_by_setting() if reader.administrator else None
    if setting is None:
        return "not shown to this token; a scan tells it from the projects where it can"
    return "on" if setting else "off"


def _ask(connection: Connection, ask: Callable[[], _T]) -> _T:
    return ask_required(ask, connection.server.url)


__all__: Sequence[Any] = ["Diagnosis", "MissingField", "diagnose"]
