"""Reading by REST, through python-gitlab: three requests a project.

Used where GraphQL lacks the fields, where the token may not use it, and for the effective inbound
flag and list rows that GraphQL hides (doc/api/project_job_token_scopes.md).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

import gitlab
import requests

from scopelint.collect import graphql_pages, rest_decoding, rest_pages, user_namespaces
from scopelint.collect.reader import (
    TWO_FOR_ONE,
    Details,
    Page,
    ResolvedTarget,
    TargetRef,
    not_found,
    without_duplicates,
)
from scopelint.errors import OriginError
from scopelint.gitlab.address import same_origin
from scopelint.gitlab.ask import UnreadableError, no_api, translate
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import TooMuchError
from scopelint.gitlab.retry import ExchangeError, Failure
from scopelint.gitlab.values import (
    FormError,
    Node,
    boolean,
    full_path,
    identifier,
    required,
    text,
    version_text,
)
from scopelint.model import AllowlistEntry, Fact, Gap, Group, Project, Reason, Scope, Target
from scopelint.snapshot import Filters, Listed
from scopelint.versions import CROSS_PROJECT_PUSH, PERMISSIONS_STORED, before, since

_T = TypeVar("_T")
_NO_FLAG = "GitLab answered without the setting"


class RestReader:
    """Reads an instance by REST."""

    batch = 1
    near_limit = False
    admin_mode_missing = False

    def __init__(
        self, connection: Connection, filters: Filters, caps: Capabilities | None = None
    ) -> None:
        """Ask for the version and whether it may do what administrators may, if not known yet."""
        self._connection = connection
        self._filters = filters
        if caps is not None:
            self.caps = caps
            self.administrator = caps.administrator
            return
        # A fine-grained token may be kept from both; then the version counts as unknown.
        told = self._unless_forbidden("/version")
        self.caps = Capabilities(version_text=version_text(told, "version") or "")
        user = self._unless_forbidden("/user")
        self.caps = replace(self.caps, username=text(user, "username"))
        # Under Admin Mode the token of an administrator is an ordinary user's; the settings tell.
        named = boolean(user, "is_admin") is True
        self.administrator = named and self._find("/application/settings") is not None
        self.admin_mode_missing = named and not self.administrator

    @property
    def api(self) -> Literal["rest"]:
        """Which way this is."""
        return "rest"

    def resolve(self, targets: Sequence[TargetRef]) -> list[ResolvedTarget]:
        """Find the targets, each with one request or two."""
        return [self._resolve(target) for target in targets]

    def _resolve(self, target: TargetRef) -> ResolvedTarget:
        if target.kind == "instance":
            return ResolvedTarget("instance", 0, "instance")
        key = quote(target.path, safe="") if target.path is not None else str(target.id)
        group = self._find(f"/groups/{key}", with_projects=False)
        if group is not None and target.kind != "project":
            return ResolvedTarget("group", identifier(group, "id"), full_path(group, "full_path"))
        project = self._find(f"/projects/{key}")
        if project is not None and target.kind != "group":
            path = full_path(project, "path_with_namespace")
            return ResolvedTarget("project", identifier(project, "id"), path)
        if group is None and project is None:
            user = user_namespaces.find(self._connection, target)
            if user is not None:
                return user
        raise not_found(target, is_other_kind=group is not None or project is not None)

    def groups(self, target: ResolvedTarget, cursor: str | None) -> Page[Group]:
        """Read a page of groups; the group itself comes with the first."""
        if target.kind in ("project", "user"):
            return Page(())
        if target.kind == "instance":
            every = {"all_available": self.administrator, "order_by": "id", "sort": "asc"}
            return self._page("/groups", cursor, rest_decoding.group, **every)
        below = self._page(f"/groups/{target.id}/descendant_groups", cursor, rest_decoding.group)
        if cursor is not None:
            return below
        itself = rest_decoding.group(self._get(f"/groups/{target.id}", with_projects=False))
        expected = None if below.expected is None else below.expected + 1
        return replace(below, items=(itself, *below.items), expected=expected)

    def projects(
        self, target: ResolvedTarget, cursor: str | None, visibility: str | None = None
    ) -> Page[Listed]:
        """Read a page of projects with their attributes, by id so that pages are stable.

        `visibility` lists only those that are public, or internal.
        """
        if target.kind == "project":
            return Page((rest_decoding.listed(self._get(f"/projects/{target.id}")),), None, 1)
        sorting = {"order_by": "id", "sort": "asc"}
        if visibility is not None:
            sorting["visibility"] = visibility
        if target.kind == "instance":
            mine = {} if self.administrator else {"membership": True}
            return self.keyset_page("/projects", cursor, rest_decoding.listed, **sorting, **mine)
        if target.kind == "user":
            # Only what this token sees: GitLab gives no count of the others.
            return self._page(
                f"/users/{target.id}/projects", cursor, rest_decoding.listed, **sorting
            )
        # Without with_shared=false GitLab adds projects of other groups that are shared into this.
        below = {"include_subgroups": True, "with_shared": False}
        return self._page(
            f"/groups/{target.id}/projects", cursor, rest_decoding.listed, **sorting, **below
        )

    def _page(
        self, path: str, cursor: str | None, read: Callable[[Node], _T], **query: object
    ) -> Page[_T]:
        """Read a page of an offset list."""
        return rest_pages.offset_page(partial(self._request, path, **query), cursor, read)

    def keyset_page(
        self, path: str, cursor: str | None, read: Callable[[Node], _T], **query: object
    ) -> Page[_T]:
        """Read a page of a list that has keyset pages."""
        root = urlsplit(self._connection.server.url).path
        ask = partial(self._request, path, **query)
        return rest_pages.keyset_page(ask, f"{root}/api/v4{path}", cursor, read)

    def read(self, listed: Sequence[Listed]) -> Details:
        """Read the scopes of these projects, three requests each."""
        return [self._read(one) for one in listed]

    def _read(self, listed: Listed) -> tuple[Project, list[Gap]]:
        project = listed.project
        try:
            flags = self._get(f"/projects/{project.id}/job_token_scope")
            effective = boolean(flags, "inbound_enabled")
            outbound = boolean(flags, "outbound_enabled")
        except UnreadableError as error:
            gap = graphql_pages.project_gap(project, Fact.SCOPE, error.reason, error.detail)
            return replace(project, gap=gap), []
        if effective is None:
            gap = graphql_pages.project_gap(project, Fact.SCOPE, Reason.ERROR, _NO_FLAG)
            return replace(project, gap=gap), []
        gaps: list[Gap] = []
        if outbound is None:
            gaps.append(graphql_pages.project_gap(project, Fact.OUTBOUND, Reason.ERROR, _NO_FLAG))
        scope = Scope(
            # Enforcement only ever makes the flag true: effectively open means open by its own.
            inbound_own=None if effective else False,
            inbound_effective=effective,
            outbound=outbound,
            push=self._push(listed, gaps),
            cross_project_push=None if self._has_cross_push else False,
            outbound_entries=None,
        )
        entries = self._entries(project, gaps, with_permissions=self._permissions_absent)
        missing = {gap.fact for gap in gaps if isinstance(gap.fact, Fact)}
        scope = replace(scope, entries=tuple(entries), missing=frozenset(missing))
        return replace(project, scope=scope), gaps

    def _push(self, listed: Listed, gaps: list[Gap]) -> bool | None:
        if not self.caps.push:
            return False
        if listed.push is None:
            detail = "GitLab left the setting out of the project's attributes"
            gaps.append(
                graphql_pages.project_gap(listed.project, Fact.PUSH, Reason.FORBIDDEN, detail)
            )
        return listed.push

    @property
    def _permissions_absent(self) -> bool:
        """Whether every entry has default permissions, because the version knows no others."""
        return before(self.caps.version, PERMISSIONS_STORED) is True

    @property
    def _has_cross_push(self) -> bool:
        return since(self.caps.version, CROSS_PROJECT_PUSH) is not False

    def _entries(
        self, project: Project, gaps: list[Gap], *, with_permissions: bool
    ) -> list[AllowlistEntry]:
        entries: list[AllowlistEntry] = []
        for kind in ("group", "project"):
            try:
                listed, fault = self._list(project, kind, with_permissions=with_permissions)
                found, differ = without_duplicates(listed)
                entries += found
                fault = TWO_FOR_ONE if differ and fault is None else fault
                why = None if fault is None else (Reason.ERROR, fault)
            except UnreadableError as error:
                why = (error.reason, error.detail)
            except FormError as error:
                why = (Reason.ERROR, str(error))
            if why is not None:
                gaps.append(graphql_pages.project_gap(project, Fact.ENTRIES, *why))
        return entries

    def _list(
        self, project: Project, kind: Literal["group", "project"], *, with_permissions: bool
    ) -> tuple[list[AllowlistEntry], str | None]:
        """Read one list to its end; return its entries, and why they may not be all."""
        blank = AllowlistEntry(kind, None, None, None, None)
        if with_permissions:
            blank = AllowlistEntry(kind, None, None, autopopulated=False)
        if kind == "group":
            path = f"/projects/{project.id}/job_token_scope/groups_allowlist"

            def read_group(node: Node) -> AllowlistEntry:
                url = required(text(node, "web_url"), "web_url")
                where = rest_decoding.group_path(url, self._connection.server.url)
                return replace(blank, target_id=identifier(node, "id"), target_path=where)

            return rest_pages.whole_list(self._request, path, read_group)
        path = f"/projects/{project.id}/job_token_scope/allowlist"

        def read_project(node: Node) -> AllowlistEntry:
            where = full_path(node, "path_with_namespace")
            return replace(blank, target_id=identifier(node, "id"), target_path=where)

        found, fault = rest_pages.whole_list(self._request, path, read_project)
        entries, differ = rest_decoding.without_automatic_row(found, project.id)
        return entries, TWO_FOR_ONE if differ and fault is None else fault

    def reveal(self, project: Project, gaps: Iterable[Gap]) -> tuple[Project, list[Gap]]:
        """Add the inbound rows that GraphQL hid from this token, by reading REST's lists.

        REST does not filter them. What a hidden row permits stays unknown on versions that have
        permissions.
        """
        found = list(gaps)
        scope = project.scope
        assert scope is not None  # noqa: S101 - the caller checked
        known = self._permissions_absent
        listed = self._entries(project, found, with_permissions=known)
        seen = {entry.key for entry in scope.entries if entry.target_id is not None}
        hidden = [entry for entry in listed if entry.key not in seen]
        if hidden and not known:
            detail = f"GraphQL hides {len(hidden)} entries from this token; REST names them"
            found.append(
                graphql_pages.project_gap(project, Fact.PERMISSIONS, Reason.REDACTED, detail)
            )
        # A row that names no target is one of the hidden ones, now known by name.
        seen_rows = [entry for entry in scope.entries if entry.target_id is not None]
        missing = {gap.fact for gap in found if isinstance(gap.fact, Fact)}
        scope = replace(
            scope, entries=(*seen_rows, *hidden), missing=scope.missing | frozenset(missing)
        )
        return replace(project, scope=scope), found

    def targets(self, kind: Literal["project", "group"], ids: Sequence[int]) -> list[Target]:
        """Read what entries point to, one request each, two for a group."""
        read = self._group_target if kind == "group" else self._project_target
        found = (read(number) for number in ids)
        return [target for target in found if target is not None]

    def _group_target(self, number: int) -> Target | None:
        node = self._find(f"/groups/{number}", with_projects=False)
        if node is None:
            return None
        below = {"include_subgroups": True, "with_shared": False}
        listed = self._page(f"/groups/{number}/projects", None, rest_decoding.listed, **below)
        count = listed.expected
        if count is None and listed.cursor is None and not listed.faults:
            count = len(listed.items)
        group = rest_decoding.group(node)
        return Target(
            "group",
            number,
            group.path,
            visible=True,
            visibility=group.visibility,
            deletion=group.deletion,
            personal=False,
            project_count=count,
        )

    def _project_target(self, number: int) -> Target | None:
        node = self._find(f"/projects/{number}")
        return None if node is None else rest_decoding.target(node)

    def find(self, kind: Literal["project", "group"], paths: Sequence[str]) -> dict[str, int]:
        """Return the numbers of groups or projects by full path, one request each."""
        small: dict[str, Any] = {"with_projects": False} if kind == "group" else {}
        nodes = {path: self._find(f"/{kind}s/{quote(path, safe='')}", **small) for path in paths}
        return {path: identifier(node, "id") for path, node in nodes.items() if node is not None}

    def effective(self, project_id: int) -> bool:
        """Ask for one project's effective inbound flag."""
        value = boolean(self._get(f"/projects/{project_id}/job_token_scope"), "inbound_enabled")
        if value is None:
            raise UnreadableError(Reason.ERROR, _NO_FLAG)
        return value

    def enforced_by_setting(self) -> bool | None:
        """Ask for the instance setting; None where this token may not see it (not an admin)."""
        settings = self._find("/application/settings")
        return boolean(settings or {}, "enforce_ci_inbound_job_token_scope_enabled")

    def unavailable(self) -> Mapping[Fact, str]:
        """Return what REST does not show."""
        missing = {
            Fact.OUTBOUND_ENTRIES: "REST does not show leftover outbound entries",
            Fact.LOG: "REST does not show the authentication log",
        }
        if not self._permissions_absent:
            missing[Fact.PERMISSIONS] = "REST does not show the permissions of entries"
        if self._has_cross_push:
            missing[Fact.CROSS_PUSH] = "REST does not show the cross-project push setting"
        return missing

    def _request(self, path: str, **query: object) -> requests.Response:
        """Send one GET through python-gitlab.

        Raises AuthenticationError, UnreadableError for any other 4xx, TooMuchError for a timeout,
        ExchangeError where the retries are used up.
        """
        try:
            answer = self._connection.rest.http_request(
                "get", path, query_data=query, obey_rate_limit=False
            )
        except ExchangeError as error:
            if error.failure is Failure.TIMED_OUT:
                raise TooMuchError(str(error), timed_out=True) from None
            raise
        except gitlab.GitlabError as error:
            raise translate(self._connection, error) from None
        following = answer.links.get("next", {}).get("url", "")
        if following and not same_origin(following, self._connection.server.url):
            raise OriginError(
                f"{path}: the next page is said to be at another origin, {following:.200}",
                hint="GitLab's external_url and --url differ; use the address that GitLab names.",
            )
        return answer

    def _get(self, path: str, **query: object) -> Node:
        found = rest_pages.json_of(self._request(path, **query))
        if type(found) is not dict:
            raise FormError(f"the answer of {self._connection.server.url}{path} is no object")
        return found

    def _unless_forbidden(self, path: str) -> Node:
        try:
            return self._get(path)
        except UnreadableError as error:
            if error.reason is Reason.NOT_FOUND:
                raise no_api(self._connection) from None
            if error.reason is not Reason.FORBIDDEN:
                raise
            return {}

    def _find(self, path: str, **query: object) -> Node | None:
        try:
            return self._get(path, **query)
        except UnreadableError as error:
            if error.reason is Reason.ERROR:
                raise
            return None
