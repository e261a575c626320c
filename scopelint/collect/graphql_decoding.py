"""GraphQL nodes become the model; every null is told from every value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from scopelint.collect.identity import Node, read_identity, read_time
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.graphql import FieldError
from scopelint.gitlab.queries import connections, number
from scopelint.model import (
    LOG_FULL_FROM,
    LOG_ROWS,
    AllowlistEntry,
    Fact,
    Gap,
    Project,
    Reason,
    Scope,
    TokenUse,
    split_uses,
)


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


def read_node(
    node: Node, errors: Iterable[FieldError], caps: Capabilities, *, usage: bool
) -> Reading:
    """Read one project's node of the details query.

    `errors` are those whose path lies in this node. Both settings and allowlist null: the scope
    is not readable. Settings null beside an allowlist: no settings row, which GitLab treats as
    restricted (Project#ci_inbound_job_token_scope_enabled?), unless an error says that it could
    not read them: then the scope is not readable. Settings without an allowlist: the entries
    alone are a gap.
    """
    by_field = {str(error.path[-1]): error for error in errors if error.path}
    identity = read_identity(node)
    if "group" in by_field:
        identity = replace(identity, personal=None)
    settings, allowlist = node.get("ciCdSettings"), node.get(_allowlist_field(caps))
    failed = by_field.get("ciCdSettings") if settings is None else None
    no_flag = settings is None or settings.get("inboundJobTokenScopeEnabled") is None
    if failed or (allowlist is None and no_flag):
        error = (
            failed or by_field.get(_allowlist_field(caps)) or next(iter(by_field.values()), None)
        )
        gap = project_gap(identity, Fact.SCOPE, *_why(error))
        return Reading(replace(identity, gap=gap), None)
    reading = Reading(identity, _settings(settings, caps))
    _missing_settings(reading, settings, by_field, caps)
    if allowlist is None:
        reading.add_gap(Fact.ENTRIES, *_why(by_field.get(_allowlist_field(caps))))
    else:
        _failed_inside(reading, errors, _allowlist_field(caps))
        add_lists(reading, allowlist, connections(caps))
    if usage and caps.log:
        add_log(reading, node.get("ciJobTokenAuthLogs"), by_field.get("ciJobTokenAuthLogs"))
    return reading


def _failed_inside(reading: Reading, errors: Iterable[FieldError], allowlist_field: str) -> None:
    """Note errors below the allowlist: what they left null is unknown, not empty."""
    for error in errors:
        depth = (
            error.path.index(allowlist_field) + 1
            if allowlist_field in error.path
            else len(error.path)
        )
        if depth < len(error.path):
            reading.add_gap(_fact_of(str(error.path[depth])), *_why(error))


def _fact_of(name: str) -> Fact:
    """Return the fact that a connection of this name holds."""
    others = {"outboundAllowlist": Fact.OUTBOUND_ENTRIES, "ciJobTokenAuthLogs": Fact.LOG}
    return others.get(name, Fact.ENTRIES)


def add_lists(reading: Reading, allowlist: Node, names: Iterable[str]) -> None:
    """Add one page of each named connection, and note where there is more."""
    for name in names:
        connection = allowlist.get(name)
        if connection is None:
            reading.cursors.pop(name, None)
            reading.add_gap(_fact_of(name), Reason.ERROR, f"GitLab answered null for {name}")
            continue
        if connection.get("count") is not None:
            reading.counts[name] = connection["count"]
        reading.lists.setdefault(name, []).extend(_nodes(reading, name, connection))


def add_log(reading: Reading, log: Node | None, error: FieldError | None = None) -> None:
    """Add one page of the authentication log, and note where there is more."""
    if log is None:
        reading.cursors.pop("ciJobTokenAuthLogs", None)
        reading.add_gap(Fact.LOG, *_why(error))
        return
    reading.uses_counted = max(reading.uses_counted, log.get("count") or 0)
    reading.uses = [*(reading.uses or ()), *_nodes(reading, "ciJobTokenAuthLogs", log)]


def _nodes(reading: Reading, name: str, connection: Node) -> list[Node]:
    """Return the rows of one page and keep the cursor of the next; note what is missing."""
    page, nodes = connection["pageInfo"], connection["nodes"]
    asked = reading.cursors.pop(name, None)
    # A page may be empty and still have a next one; only pageInfo tells.
    more, cursor = page["hasNextPage"], page["endCursor"]
    if more is None or (more and cursor is None):
        reading.add_gap(_fact_of(name), Reason.ERROR, f"GitLab lost the next page of {name}")
    elif more and cursor == asked:
        reading.add_gap(_fact_of(name), Reason.ERROR, f"GitLab gave one page of {name} again")
        return []
    elif more:
        reading.cursors[name] = cursor
    if nodes is None or None in nodes:
        reading.add_gap(_fact_of(name), Reason.ERROR, f"GitLab answered null for rows of {name}")
    return [node for node in nodes or () if node is not None]


def finish(reading: Reading, caps: Capabilities) -> tuple[Project, list[Gap]]:
    """Put the project together once all its pages are there."""
    if reading.scope is None:
        return reading.project, []
    found = _uses(reading)
    uses, own = (None, None) if found is None else split_uses(reading.project.id, found)
    inbound, outbound = _split(reading, caps)
    _note_unknown_permissions(reading, inbound)
    shown = len(reading.lists.get("outboundAllowlist", ()))
    if reading.counts.get("outboundAllowlist", shown) > shown:
        detail = "GitLab counts more outbound entries than it shows to this token"
        reading.add_gap(Fact.OUTBOUND_ENTRIES, Reason.REDACTED, detail)
    missing = {gap.fact for gap in reading.gaps if isinstance(gap.fact, Fact)}
    settings = reading.scope
    # Not by `replace`, which is slow: this is done for every project.
    scope = Scope(
        inbound_own=settings.inbound_own,
        inbound_effective=settings.inbound_effective,
        outbound=settings.outbound,
        push=settings.push,
        cross_project_push=settings.cross_project_push,
        entries=tuple(inbound),
        outbound_entries=tuple(outbound) if _outbound_known(reading, caps) else None,
        uses=uses,
        own_token_last_used=own,
        missing=frozenset(missing),
    )
    return replace(reading.project, scope=scope), reading.gaps


def _outbound_known(reading: Reading, caps: Capabilities) -> bool:
    missing = {gap.fact for gap in reading.gaps}
    if caps.entry_rows:
        # Rows of both directions stand in one list.
        return not missing & {Fact.OUTBOUND_ENTRIES, Fact.ENTRIES}
    return "outboundAllowlist" in reading.lists and Fact.OUTBOUND_ENTRIES not in missing


def hidden_rows(reading: Reading, caps: Capabilities) -> bool:
    """Tell whether GitLab hid inbound rows, or their targets, from this token."""
    for name, nodes in reading.lists.items():
        if name == "outboundAllowlist":
            continue
        if reading.counts.get(name, len(nodes)) > len(nodes):
            return True
        if caps.targets_need_permission and any(node.get("target") is None for node in nodes):
            return True
    return False


def _uses(reading: Reading) -> tuple[TokenUse, ...] | None:
    if reading.uses is None:
        return None
    if len(reading.uses) >= LOG_FULL_FROM or reading.uses_counted >= LOG_ROWS:
        reading.add_gap(Fact.LOG, Reason.CAPPED, f"the log shows at most {LOG_ROWS} origins")
    known = [
        use
        for use in reading.uses
        if use["lastAuthorizedAt"] and (use["originProject"] or {}).get("fullPath")
    ]
    if len(known) < len(reading.uses):
        reading.add_gap(Fact.LOG, Reason.REDACTED, "the log hides origins from this token")
    return tuple(
        TokenUse(
            number(use["originProject"]["id"]),
            use["originProject"]["fullPath"],
            datetime.fromisoformat(use["lastAuthorizedAt"]),
        )
        for use in known
    )


def _note_unknown_permissions(reading: Reading, entries: Iterable[AllowlistEntry]) -> None:
    unknown = (None in (e.default_permissions, e.policies, e.autopopulated) for e in entries)
    if any(unknown):
        detail = "GitLab answered null for what an entry permits"
        reading.add_gap(Fact.PERMISSIONS, Reason.ERROR, detail)


def _split(
    reading: Reading, caps: Capabilities
) -> tuple[list[AllowlistEntry], list[AllowlistEntry]]:
    if not caps.entry_rows:
        return _plain_lists(reading)
    shown_fields = _EntryFields(caps)
    inbound: list[AllowlistEntry] = []
    outbound: list[AllowlistEntry] = []
    for name, kind in (("groupsAllowlist", "group"), ("projectsAllowlist", "project")):
        for node in reading.lists.get(name, ()):
            direction = node.get("direction", "inbound")
            if direction is None and kind == "project":
                detail = "GitLab answered null for an entry's direction"
                reading.add_gap(Fact.OUTBOUND_ENTRIES, Reason.ERROR, detail)
            leftover = str(direction).lower() == "outbound"
            (outbound if leftover else inbound).append(_entry(node, kind, shown_fields))  # type: ignore[arg-type]
    return _without_duplicates(inbound), _without_duplicates(outbound)


def _without_duplicates(entries: list[AllowlistEntry]) -> list[AllowlistEntry]:
    """Keep one of the rows that nothing tells apart: two just-deleted targets allowed at one time."""
    return list({entry.key: entry for entry in entries}.values())


def _plain_lists(reading: Reading) -> tuple[list[AllowlistEntry], list[AllowlistEntry]]:
    """Read the lists of versions before 17.7, which all hold the project itself."""
    groups = [
        AllowlistEntry("group", number(node["id"]), node["fullPath"], autopopulated=False)
        for node in reading.lists.get("groupsAllowlist", ())
    ]
    inbound = _others(reading, "inboundAllowlist")
    return [*groups, *inbound], _others(reading, "outboundAllowlist")


def _others(reading: Reading, name: str) -> list[AllowlistEntry]:
    return [
        AllowlistEntry("project", number(node["id"]), node["fullPath"], autopopulated=False)
        for node in reading.lists.get(name, ())
        if number(node["id"]) != reading.project.id
    ]


class _EntryFields:
    """Which fields of an entry the instance shows, and what holds for those it does not.

    What a version does not have yet: every entry has default permissions, made by hand.
    """

    def __init__(self, caps: Capabilities) -> None:
        entry = "CiJobTokenScopeAllowlistEntry"
        self.permissions = caps.has(entry, "defaultPermissions")
        self.autopopulated = caps.has(entry, "autopopulated")
        self.default = None if caps.lost(entry, "defaultPermissions") else True


def _entry(
    node: Node, kind: Literal["group", "project"], shown_fields: _EntryFields
) -> AllowlistEntry:
    target = node.get("target")
    default: bool | None = shown_fields.default
    automatic: bool | None = False
    if shown_fields.permissions:
        default = node.get("defaultPermissions")
    if shown_fields.autopopulated:
        automatic = node.get("autopopulated")
    added_by = node.get("addedBy")
    return AllowlistEntry(
        kind=kind,
        target_id=number(target[f"{kind}Id"]) if target else None,
        target_path=target["fullPath"] if target else None,
        default_permissions=default,
        policies=() if default else _policies(node.get("jobTokenPolicies")),
        created_at=read_time(node.get("createdAt")),
        added_by=added_by["username"] if added_by else None,
        autopopulated=automatic,
    )


def _policies(names: Sequence[str | None] | None) -> tuple[str, ...] | None:
    known = [name for name in names or () if name is not None]
    return None if names is None or len(known) < len(names) else tuple(sorted(known))


def _settings(settings: Node | None, caps: Capabilities) -> Scope:
    if settings is None:
        return Scope(inbound_own=True, inbound_effective=True)
    own = settings.get("inboundJobTokenScopeEnabled")
    return Scope(
        inbound_own=own,
        inbound_effective=True if own else None,
        outbound=_value(settings, "jobTokenScopeEnabled", caps),
        push=_value(settings, "pushRepositoryForJobTokenAllowed", caps),
        cross_project_push=_value(settings, "crossProjectPushForJobTokenAllowed", caps),
    )


def _value(settings: Node, name: str, caps: Capabilities) -> bool | None:
    """Read a flag; one that this version does not have yet is known to be off."""
    if not caps.has("ProjectCiCdSetting", name):
        return None if caps.lost("ProjectCiCdSetting", name) else False
    value = settings.get(name)
    return None if value is None else bool(value)


def _missing_settings(
    reading: Reading,
    settings: Node | None,
    errors: Mapping[str, FieldError],
    caps: Capabilities,
) -> None:
    if settings is None or reading.scope is None:
        return
    scope = reading.scope
    named = (
        (Fact.OWN_FLAG, scope.inbound_own, "inboundJobTokenScopeEnabled"),
        (Fact.OUTBOUND, scope.outbound, "jobTokenScopeEnabled"),
        (Fact.PUSH, scope.push, "pushRepositoryForJobTokenAllowed"),
        (Fact.CROSS_PUSH, scope.cross_project_push, "crossProjectPushForJobTokenAllowed"),
    )
    for fact, value, name in named:
        # What the instance shows for no project is said once for the run.
        if value is None and not caps.lost("ProjectCiCdSetting", name):
            reading.add_gap(fact, *_why(errors.get(name)))


def _allowlist_field(caps: Capabilities) -> str:
    return "ciJobTokenScopeAllowlist" if caps.entry_rows else "ciJobTokenScope"


def _why(error: FieldError | None) -> tuple[Reason, str]:
    if error is None:
        return Reason.FORBIDDEN, "GitLab answered null: the token's role here is below Maintainer"
    if error.timed_out:
        return Reason.TIMED_OUT, error.message
    if error.forbidden:
        return Reason.FORBIDDEN, "the token's role here is below Maintainer"
    return Reason.ERROR, error.message[:300]
