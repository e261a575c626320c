"""Pages of GraphQL's connections: those of an enumeration, and the lists of one project.

What reads JSON raises `values.FormError` for a field of another type than documented.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from scopelint.collect.reader import MAX_PAGES, NOT_VISIBLE_HINT, Page
from scopelint.errors import TargetNotFoundError
from scopelint.gitlab.graphql import FieldError
from scopelint.gitlab.values import (
    FormError,
    Node,
    array,
    boolean,
    child,
    count,
    objects,
    required,
    text,
)
from scopelint.model import Fact, Gap, Project, Reason, Scope


@dataclass(slots=True)
class Reading:
    """One project while it is put together from one or several answers."""

    project: Project
    scope: Scope | None
    gaps: list[Gap] = field(default_factory=list)
    lists: dict[str, list[Node]] = field(default_factory=dict)
    """The rows of each allowlist connection, by its name."""
    counts: dict[str, int] = field(default_factory=dict)
    """GitLab's own count of these rows."""
    cursors: dict[str, str] = field(default_factory=dict)
    pages: dict[str, set[str | None]] = field(default_factory=dict)
    """The cursors of each connection that were asked for or are to be: none is asked for twice."""
    """Where the next page begins, for the connections that have one."""
    uses: list[Node] | None = None
    """The rows of the authentication log; None where it was not read."""
    uses_counted: int = 0
    """GitLab's own count of them."""

    def add_gap(self, fact: Fact, reason: Reason, detail: str) -> None:
        """Note a fact of this project that could not be read; the first reason stands."""
        if all(gap.fact != fact for gap in self.gaps):
            self.gaps.append(project_gap(self.project, fact, reason, detail))


def project_gap(project: Project, fact: Fact, reason: Reason, detail: str = "") -> Gap:
    """Return a gap of one project."""
    return Gap(fact, reason, detail, "project", project.id, project.path)


def fact_of(name: str) -> Fact:
    """Return the fact that a connection of this name holds."""
    others = {"outboundAllowlist": Fact.OUTBOUND_ENTRIES, "ciJobTokenAuthLogs": Fact.LOG}
    return others.get(name, Fact.ENTRIES)


def add_lists(reading: Reading, allowlist: Node, names: Iterable[str]) -> None:
    """Add one page of each named connection, and note where there is more."""
    for name in names:
        connection = child(allowlist, name)
        if connection is None:
            reading.cursors.pop(name, None)
            reading.add_gap(fact_of(name), Reason.ERROR, f"GitLab answered null for {name}")
            continue
        counted = count(connection, "count")
        if counted is not None:
            reading.counts[name] = counted
        reading.lists.setdefault(name, []).extend(_nodes(reading, name, connection))


def add_log(reading: Reading, log: Node | None, error: FieldError | None = None) -> None:
    """Add one page of the authentication log, and note where there is more."""
    if log is None:
        reading.cursors.pop("ciJobTokenAuthLogs", None)
        reading.add_gap(Fact.LOG, *why(error))
        return
    reading.uses_counted = max(reading.uses_counted, count(log, "count") or 0)
    reading.uses = [*(reading.uses or ()), *_nodes(reading, "ciJobTokenAuthLogs", log)]


def _nodes(reading: Reading, name: str, connection: Node) -> list[Node]:
    """Return the rows of one page and keep the cursor of the next; note what is missing."""
    nodes = array(connection, "nodes")
    rows = objects([node for node in nodes or () if node is not None], name)
    asked = reading.cursors.pop(name, None)
    seen = reading.pages.setdefault(name, {asked})
    more, cursor = next_page(connection)
    if more is None or (more and cursor is None):
        reading.add_gap(fact_of(name), Reason.ERROR, f"GitLab lost the next page of {name}")
    elif more and (cursor in seen or len(seen) >= MAX_PAGES):
        reading.add_gap(fact_of(name), Reason.ERROR, f"GitLab's list {name} does not end")
        return []
    elif more:
        seen.add(cursor)
        reading.cursors[name] = required(cursor, "endCursor")
    if nodes is None or len(rows) < len(nodes):
        reading.add_gap(fact_of(name), Reason.ERROR, f"GitLab answered null for rows of {name}")
    return rows


def next_page(connection: Node) -> tuple[bool | None, str | None]:
    """Read whether a connection has another page, and its cursor.

    A page may be empty and still have a next one; only this tells.
    """
    page = required(child(connection, "pageInfo"), "pageInfo")
    return boolean(page, "hasNextPage"), text(page, "endCursor")


def why(error: FieldError | None) -> tuple[Reason, str]:
    """Return why a field is null: what its error says, or that the role does not suffice."""
    if error is None:
        return Reason.FORBIDDEN, "GitLab answered null: the token's role here is below Maintainer"
    if error.timed_out:
        return Reason.TIMED_OUT, error.message
    if error.refuses_token_kind:
        return Reason.FORBIDDEN, error.message[:300]
    if error.forbidden:
        return Reason.FORBIDDEN, "the token's role here is below Maintainer"
    return Reason.ERROR, error.message[:300]


def nodes_of(data: Node, name: str) -> list[Any]:
    """Return the nodes of a connection: objects, and null for what is hidden or gone."""
    nodes = array(child(data, name) or {}, "nodes") or []
    objects([node for node in nodes if node is not None], name)
    return nodes


def list_page(connection: Node | None, read: Callable[[Node], Any], *, counted: bool) -> Page[Any]:
    """Read a page of an enumeration; `counted` says that GitLab's count was asked for."""
    if connection is None:
        raise TargetNotFoundError(
            "GitLab answered null where a list was expected", hint=NOT_VISIBLE_HINT
        )
    more, cursor = next_page(connection)
    items, faults = list[Any](), list[str]()
    nodes = array(connection, "nodes")
    if nodes is None:
        faults.append("GitLab answered null for its rows")
    for node in nodes or ():
        if node is None:
            # Hidden from this token; the count tells.
            continue
        try:
            items += map(read, objects([node], "the list"))
        except FormError as error:
            faults.append(str(error))
    expected = count(connection, "count")
    if counted and expected is None:
        faults.append("GitLab did not count it")
    if more is None or (more and cursor is None):
        faults.append("GitLab lost its next page")
    return Page(tuple(items), cursor if more else None, expected, tuple(faults))
