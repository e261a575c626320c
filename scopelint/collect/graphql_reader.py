"""Reading by GraphQL: a hundred projects a request."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from scopelint.collect import graphql_decoding, graphql_pages, identity, refusals, user_namespaces
from scopelint.collect.reader import (
    NOT_VISIBLE,
    NOT_VISIBLE_HINT,
    Details,
    Page,
    ResolvedTarget,
    TargetRef,
    not_found,
)
from scopelint.collect.rest_reader import RestReader
from scopelint.errors import AuthenticationError, GitLabError, TargetNotFoundError
from scopelint.gitlab import graphql, queries
from scopelint.gitlab.answers import FINE_GRAINED_HINT
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.retry import ExchangeError
from scopelint.gitlab.values import (
    FormError,
    Node,
    boolean,
    child,
    full_path,
    global_id,
    project_path,
)
from scopelint.model import Fact, Gap, Group, Project, Reason, Target
from scopelint.snapshot import Filters, Listed
from scopelint.versions import LOG_READABLE

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Scopes:
    """What one page of scopes gave."""

    readings: dict[int, graphql_pages.Reading | FormError]
    """By the project's number."""
    timed_out: str | None
    """GitLab's words, where it ran out of time for one project."""
    refused: str | None
    """GitLab's words, where it refused this kind of token for every project that is missing."""


class GraphQLReader:
    """Reads an instance by GraphQL, built for the fields that it has."""

    batch = queries.PAGE
    near_limit = False
    admin_mode_missing = False

    def __init__(
        self, connection: Connection, filters: Filters, targets: Sequence[TargetRef]
    ) -> None:
        """Ask once what the instance has and what the targets are."""
        self._connection = connection
        self._filters = filters
        paths = [target.path for target in targets if target.path is not None]
        ids = [target.id for target in targets if target.id is not None]
        self._paths = paths
        self._found: dict[str, Any] = {}
        self._refused: dict[str, str] = {}
        self._token_kind = refusals.TokenKind(connection)
        self._by_number: dict[tuple[str, int], Mapping[str, Any]] = {}
        self._look_up(*queries.preflight(paths[: queries.TARGETS], ids))
        self.caps = Capabilities.from_data(self._found)
        if self.caps.flags_to_ask:
            self.caps = self.caps.with_flags(self._flags())
        self.administrator = self.caps.administrator
        for start in range(queries.TARGETS, len(paths), queries.TARGETS):
            some = paths[start : start + queries.TARGETS]
            self._look_up(*queries.more_targets(some, start, ()))
        for start in range(queries.PAGE, len(ids), queries.PAGE):
            self._look_up(*queries.more_targets((), 0, ids[start : start + queries.PAGE]))

    def _flags(self) -> Mapping[str, Any]:
        """Ask for the feature flags that decide in this release; nothing where GitLab refuses."""
        try:
            return graphql.run(
                self._connection, *queries.feature_flags(self.caps.flags_to_ask)
            ).data
        except (graphql.TooMuchError, ExchangeError, GitLabError, FormError) as error:
            log.info("the feature flags are not known: %s", error)
            return {}

    def _look_up(self, text: str, variables: Mapping[str, Any]) -> None:
        result = graphql.run(self._connection, text, variables)
        self._token_kind.check(result)
        self._refused.update(refusals.refused_objects(result))
        data = result.data
        self._found.update(data)
        for kind in ("groups", "projects"):
            for node in graphql_pages.nodes_of(data, kind):
                if node is not None:
                    self._by_number[kind, global_id(node, "id")] = node

    def with_log(self) -> "GraphQLReader":
        """Return the same reader, but one that reads the authentication log too."""
        other = copy(self)
        other._filters = replace(self._filters, usage=True)
        return other

    @property
    def api(self) -> Literal["graphql"]:
        """Which way this is."""
        return "graphql"

    def resolve(self, targets: Sequence[TargetRef]) -> list[ResolvedTarget]:
        """Find the targets in the answer to the first query."""
        return [self._resolve(target) for target in targets]

    def _resolve(self, target: TargetRef) -> ResolvedTarget:
        if target.kind == "instance":
            return ResolvedTarget("instance", 0, "instance")
        group, project = self._nodes(target)
        if group is not None and target.kind != "project":
            return ResolvedTarget("group", global_id(group, "id"), full_path(group, "fullPath"))
        if project is not None and target.kind != "group":
            path = full_path(project, "fullPath")
            return ResolvedTarget("project", global_id(project, "id"), path)
        i = self._paths.index(target.path) if target.path is not None else -1
        said = self._refused.get(f"group_{i}") or self._refused.get(f"project_{i}")
        if said:
            raise AuthenticationError(f"{target}: {said:.300}", hint=FINE_GRAINED_HINT)
        if group is None and project is None:
            user = user_namespaces.find(self._connection, target)
            if user is not None:
                return user
        raise not_found(target, is_other_kind=group is not None or project is not None)

    def _nodes(
        self, target: TargetRef
    ) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        if target.path is not None:
            i = self._paths.index(target.path)
            return child(self._found, f"group_{i}"), child(self._found, f"project_{i}")
        number = target.id or 0
        return self._by_number.get(("groups", number)), self._by_number.get(("projects", number))

    def groups(self, target: ResolvedTarget, cursor: str | None) -> Page[Group]:
        """Read a page of groups; the group itself comes with the first."""
        first = cursor is None
        if target.kind == "instance":
            membership = not self.administrator
            answer = self._run(
                lambda caps: queries.instance_groups(caps, first_page=first, membership=membership),
                {"after": cursor},
            )
            read = partial(identity.read_group, errors=answer.errors)
            return graphql_pages.list_page(child(answer.data, "groups"), read, counted=first)
        answer = self._run(
            lambda caps: queries.descendant_groups(caps, first_page=first),
            {"path": target.path, "after": cursor},
        )
        read = partial(identity.read_group, errors=answer.errors)
        group = child(answer.data, "group")
        if group is None:
            raise TargetNotFoundError(
                f"group {target.path} is {NOT_VISIBLE}", hint=NOT_VISIBLE_HINT
            )
        page = graphql_pages.list_page(child(group, "descendantGroups"), read, counted=first)
        if not first:
            return page
        expected = None if page.expected is None else page.expected + 1
        return replace(page, items=(read(group), *page.items), expected=expected)

    def projects(self, target: ResolvedTarget, cursor: str | None) -> Page[Listed]:
        """Read a page of project ids and paths."""
        first = cursor is None
        if target.kind == "project":
            return Page((Listed(Project(target.id, target.path)),), None, 1)
        if target.kind == "instance":
            membership = not self.administrator
            found = self._run(
                lambda caps: queries.instance_projects(
                    caps, first_page=first, membership=membership
                ),
                {"after": cursor},
            )
            return graphql_pages.list_page(child(found.data, "projects"), _listed, counted=first)
        if target.kind == "user":
            found = self._run(
                lambda caps: queries.user_projects(caps, first_page=first),
                {"path": target.path, "after": cursor},
            )
            return graphql_pages.list_page(child(found.data, "projects"), _listed, counted=first)
        answer = self._run(
            lambda caps: queries.group_projects(caps, first_page=first),
            {"path": target.path, "after": cursor},
        )
        group = child(answer.data, "group")
        if group is None:
            raise TargetNotFoundError(
                f"group {target.path} is {NOT_VISIBLE}", hint=NOT_VISIBLE_HINT
            )
        return graphql_pages.list_page(child(group, "projects"), _listed, counted=first)

    def read(self, listed: Sequence[Listed]) -> Details:
        """Read the scopes of up to a page of projects, long lists to their end."""
        found = self._scopes(listed)
        missing = [one for one in listed if one.project.id not in found.readings]
        if missing and not found.timed_out and found.refused is None:
            # Of another organization, perhaps: their group shows them all the same.
            for path, some in _by_group(missing).items():
                # What was answered already stands: this was not asked for.
                found.readings.update(
                    {
                        number: reading
                        for number, reading in self._scopes(some, path).readings.items()
                        if number not in found.readings
                    }
                )
        return [self._finish(one, found) for one in listed]

    def _scopes(self, listed: Sequence[Listed], group: str | None = None) -> "_Scopes":
        """Read the first page of these projects' lists; `group` is asked for its own projects."""
        usage, inside = self._filters.usage, group is not None
        variables = queries.by_ids("Project", [one.project.id for one in listed])
        result = self._run(
            lambda caps: queries.details(caps, usage=usage, in_group=inside),
            {**variables, "path": group} if inside else variables,
        )
        self.near_limit = result.near_limit
        timed_out = next((error.message for error in result.errors if error.timed_out), None)
        if timed_out is not None and len(listed) > 1:
            # GitLab ran out of time and left the rest null; with fewer at once it may not.
            raise graphql.TooMuchError(timed_out, timed_out=True)
        above = child(result.data, "group") or {} if inside else result.data
        place = ("group", "projects", "nodes") if inside else ("projects", "nodes")
        nodes = graphql_pages.nodes_of(above, "projects")
        readings: dict[int, graphql_pages.Reading | FormError] = {}
        for index, node in enumerate(nodes):
            if node is None:
                continue
            errors = result.errors_at((*place, index))
            number = global_id(node, "id")
            if number in readings:
                readings[number] = FormError("GitLab answered twice for this project")
                continue
            try:
                readings[number] = graphql_decoding.read_node(node, errors, self.caps, usage=usage)
            except FormError as error:
                readings[number] = error
        refused = refusals.refused_projects(result, place, nodes)
        # A null does not say which project it is: for sure it is each only where all are refused.
        missing = sum(one.project.id not in readings for one in listed)
        said = refused[0] if len(refused) >= missing > 0 else None
        return _Scopes(readings, timed_out, said)

    def _finish(
        self,
        listed: Listed,
        found: "_Scopes",
    ) -> tuple[Project, list[Gap]]:
        reading = found.readings.get(listed.project.id)
        if reading is None:
            if found.timed_out is not None:
                raise graphql.TooMuchError(found.timed_out, timed_out=True)
            return _gone(listed.project, found.refused), []
        if isinstance(reading, FormError):
            return _not_read(listed.project, Reason.ERROR, str(reading)), []
        try:
            while reading.cursors:
                self._next_pages(reading)
            project, gaps = graphql_decoding.finish(reading, self.caps)
        except FormError as error:
            return _not_read(listed.project, Reason.ERROR, str(error)), []
        if reading.scope is not None and graphql_decoding.hidden_rows(reading, self.caps):
            rest = RestReader(self._connection, self._filters, self.caps)
            project, gaps = rest.reveal(project, gaps)
        undecided = graphql_decoding.undecided_push(project)
        return project, gaps if undecided is None else [*gaps, undecided]

    def _next_pages(self, reading: graphql_pages.Reading) -> None:
        cursors = dict(reading.cursors)
        # Of another organization, perhaps: its group shows it all the same, as in `read`.
        one = reading.project
        node, errors = self._rest(one, cursors)
        if not node:
            node, errors = self._rest(one, cursors, one.namespace_path)
        lists = [name for name in cursors if name != "ciJobTokenAuthLogs"]
        if lists:
            names = ("ciJobTokenScopeAllowlist", "ciJobTokenScope")
            allowlist = child(node, names[0]) or child(node, names[1]) or {}
            graphql_decoding.add_entries(reading, allowlist, lists, errors, self.caps)
        if "ciJobTokenAuthLogs" in cursors:
            graphql_pages.add_log(reading, child(node, "ciJobTokenAuthLogs"))

    def _rest(
        self, project: Project, cursors: dict[str, str], group: str = ""
    ) -> tuple[Node, list[graphql.FieldError]]:
        """Ask for the next page of a project's lists; `group` is asked for its own projects.

        Returns its node, empty where there is none, and the errors in it.
        """
        variables = {**queries.by_ids("Project", [project.id]), **cursors}
        result = self._run(
            lambda caps: queries.rest_of_lists(caps, cursors, in_group=bool(group)),
            {**variables, "path": group} if group else variables,
        )
        data = child(result.data, "group") or {} if group else result.data
        place = ("group", "projects", "nodes") if group else ("projects", "nodes")
        nodes = enumerate(graphql_pages.nodes_of(data, "projects"))
        found = ((node, result.errors_at((*place, index))) for index, node in nodes if node)
        return next(found, ({}, []))

    def targets(self, kind: Literal["project", "group"], ids: Sequence[int]) -> list[Target]:
        """Read groups with a count of all their projects, or projects, by id."""
        build = queries.group_targets if kind == "group" else queries.project_targets
        result, name = self._run(build, queries.by_ids(kind.capitalize(), ids)), f"{kind}s"
        return [
            identity.read_target(kind, node, result.errors_at((name, "nodes", index)))
            for index, node in enumerate(graphql_pages.nodes_of(result.data, name))
            if node is not None
        ]

    def find(self, kind: Literal["project", "group"], paths: Sequence[str]) -> dict[str, int]:
        """Return the numbers of groups or projects by full path, a few a request."""
        found: dict[str, int] = {}
        for start in range(0, len(paths), queries.TARGETS):
            some = paths[start : start + queries.TARGETS]
            text, variables = queries.more_targets(some, 0, ())
            data = graphql.run(self._connection, text, variables).data
            nodes = {path: child(data, f"{kind}_{i}") for i, path in enumerate(some)}
            found |= {
                path: global_id(node, "id") for path, node in nodes.items() if node is not None
            }
        return found

    def unavailable(self) -> Mapping[Fact, str]:
        """Return what GraphQL does not show here."""
        missing = self.caps.lost_facts()
        if not self._filters.usage:
            missing[Fact.LOG] = "the authentication log was not read (use --usage)"
        elif not self.caps.log:
            missing[Fact.LOG] = f"GitLab shows the authentication log from {LOG_READABLE} on"
        return missing

    def _run(
        self, build: Callable[[Capabilities], str], variables: Mapping[str, Any]
    ) -> graphql.Result:
        """Send the query that `build` makes, again without what GitLab does not know.

        A later version may have renamed or removed a field: then the scan goes on,
        and only the fact behind it is missing.
        """
        caps = self.caps
        try:
            result = graphql.run(self._connection, build(caps), variables)
        except graphql.InvalidQueryError as error:
            self.caps = self.caps.without_unknown(error.fields, error.arguments)
            if build(self.caps) == build(caps):
                raise
            return self._run(build, variables)
        timed_out = [error for error in result.errors if error.timed_out and len(error.path) <= 2]
        if timed_out:
            # A whole connection is null because GitLab ran out of time: not an empty list.
            raise graphql.TooMuchError(timed_out[0].message, timed_out=True)
        self._token_kind.check_list(result)
        return result


def _gone(project: Project, refused: str | None) -> Project:
    """Return a project that was listed and is null now; `refused` are GitLab's words, if any."""
    if refused:
        return _not_read(project, Reason.FORBIDDEN, refused[:300])
    detail = "it was listed and then not found: deleted meanwhile, or no longer visible"
    return _not_read(project, Reason.NOT_FOUND, detail)


def _not_read(project: Project, reason: Reason, detail: str) -> Project:
    gap = graphql_pages.project_gap(project, Fact.SCOPE, reason, detail)
    return Project(project.id, project.path, archived=project.archived, personal=None, gap=gap)


def _by_group(listed: Iterable[Listed]) -> dict[str, list[Listed]]:
    """Return projects by the full path of what holds them; a user's namespace is no group."""
    found: dict[str, list[Listed]] = {}
    for one in listed:
        found.setdefault(one.project.namespace_path, []).append(one)
    return found


def _listed(node: Mapping[str, Any]) -> Listed:
    project = Project(global_id(node, "id"), project_path(node, "fullPath"), personal=None)
    try:
        return Listed(replace(project, archived=boolean(node, "archived")))
    except FormError as error:
        return Listed(_not_read(project, Reason.ERROR, str(error)))
