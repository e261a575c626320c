"""GraphQL nodes become the model; a null is never taken for a value.

Every function that reads JSON raises `values.FormError` for a field of another type than
documented.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from scopelint.collect.graphql_pages import (
    Reading,
    add_lists,
    add_log,
    fact_of,
    project_gap,
    why,
)
from scopelint.collect.identity import read_identity
from scopelint.collect.reader import TWO_FOR_ONE, without_duplicates
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.graphql import FieldError
from scopelint.gitlab.queries import connections
from scopelint.gitlab.values import (
    FormError,
    Node,
    array,
    boolean,
    child,
    choice,
    full_path,
    global_id,
    text,
    time,
)
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

DIRECTIONS = ("INBOUND", "OUTBOUND", "inbound", "outbound")
_POLICY = re.compile(r"\w+", re.ASCII)


def read_node(
    node: Node, errors: Sequence[FieldError], caps: Capabilities, *, usage: bool
) -> Reading:
    """Read one project's node of the details query.

    `errors` are those that may have left nulls in it; their paths begin in the node. Both settings and allowlist null: the scope
    is not readable. Settings null beside an allowlist: no settings row, which GitLab treats as
    restricted (Project#ci_inbound_job_token_scope_enabled?), unless an error says that it could
    not read them: then the scope is not readable. Settings without an allowlist: the entries
    alone are a gap.
    """
    by_field = {str(error.path[-1]): error for error in errors if error.path}
    identity = read_identity(node, errors)
    if caps.without_frameworks:
        identity = replace(identity, frameworks=())
    if "ciCdSettings" not in node:
        # Null has a meaning, absent has none.
        raise FormError("ciCdSettings is missing")
    settings, allowlist = child(node, "ciCdSettings"), child(node, _allowlist_field(caps))
    failed = None
    if settings is None:
        failed = next((error for error in errors if error.may_explain("ciCdSettings")), None)
    no_flag = settings is None or boolean(settings, "inboundJobTokenScopeEnabled") is None
    if failed or (allowlist is None and no_flag):
        error = (
            failed or by_field.get(_allowlist_field(caps)) or next(iter(by_field.values()), None)
        )
        gap = project_gap(identity, Fact.SCOPE, *why(error))
        return Reading(replace(identity, gap=gap), None)
    reading = Reading(identity, _settings(settings, caps))
    _missing_settings(reading, settings, by_field, caps)
    if allowlist is None:
        reading.add_gap(Fact.ENTRIES, *why(by_field.get(_allowlist_field(caps))))
    else:
        add_entries(reading, allowlist, connections(caps), errors, caps)
    if usage and caps.log:
        add_log(reading, child(node, "ciJobTokenAuthLogs"), by_field.get("ciJobTokenAuthLogs"))
    return reading


def add_entries(
    reading: Reading,
    allowlist: Node,
    names: Iterable[str],
    errors: Iterable[FieldError],
    caps: Capabilities,
) -> None:
    """Add one page of each named list, and note what errors left null: it is unknown, not empty.

    A row without target is one whose target was just deleted, unless an error may be why.
    """
    unplaced = None
    for error in errors:
        if not error.path:
            unplaced = error
        elif error.path[0] == _allowlist_field(caps) and len(error.path) > 1:
            reading.add_gap(fact_of(str(error.path[1])), *why(error))
    add_lists(reading, allowlist, names)
    rows = (row for found in reading.lists.values() for row in found)
    if unplaced and any(row.get("target", row) is None for row in rows):
        reading.add_gap(Fact.ENTRIES, *why(unplaced))


def finish(reading: Reading, caps: Capabilities) -> tuple[Project, list[Gap]]:
    """Put the project together once all its pages are there."""
    if reading.scope is None:
        return reading.project, []
    found = _uses(reading)
    uses, own = (None, None) if found is None else split_uses(reading.project.id, found)
    inbound, outbound = _split(reading, caps)
    _note_unknown_permissions(reading, inbound, caps)
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


def undecided_push(project: Project) -> Gap | None:
    """Return a gap where a project lets others push, and whether one of its entries may is not known."""
    scope = project.scope
    if scope is None or scope.push is False or not scope.cross_project_push:
        return None
    if scope.push is None:
        detail = "it depends on the push setting, which was not read"
    elif Fact.PERMISSIONS in scope.missing and not any(
        e.default_permissions for e in scope.entries
    ):
        detail = "the permissions of entries were not read, so whether one may push is not known"
    else:
        return None
    return project_gap(project, Fact.CROSS_PUSH, Reason.REDACTED, detail)


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
        if caps.targets_need_permission and any(child(node, "target") is None for node in nodes):
            return True
    return False


def _uses(reading: Reading) -> tuple[TokenUse, ...] | None:
    if reading.uses is None:
        return None
    if len(reading.uses) >= LOG_FULL_FROM or reading.uses_counted >= LOG_ROWS:
        reading.add_gap(Fact.LOG, Reason.CAPPED, f"the log shows at most {LOG_ROWS} origins")
    known = [use for use in map(_use, reading.uses) if use is not None]
    if len(known) < len(reading.uses):
        reading.add_gap(Fact.LOG, Reason.REDACTED, "the log hides origins from this token")
    return tuple(known)


def _use(node: Node) -> TokenUse | None:
    """Read a row of the log; None where it hides its origin or its time."""
    at, origin = time(node, "lastAuthorizedAt"), child(node, "originProject")
    if at is None or origin is None or not text(origin, "fullPath"):
        return None
    return TokenUse(global_id(origin, "id"), full_path(origin, "fullPath"), at)


def _note_unknown_permissions(
    reading: Reading, entries: Iterable[AllowlistEntry], caps: Capabilities
) -> None:
    shown = not caps.autopopulated_lost
    unknown = (
        None in (e.default_permissions, e.policies, e.autopopulated if shown else False)
        for e in entries
    )
    if any(unknown):
        detail = "GitLab answered null for what an entry permits"
        reading.add_gap(Fact.PERMISSIONS, Reason.ERROR, detail)


def _split(
    reading: Reading, caps: Capabilities
) -> tuple[list[AllowlistEntry], list[AllowlistEntry]]:
    shown_fields = _EntryFields(caps)
    if not caps.entry_rows:
        return _plain_lists(reading, shown_fields)
    inbound: list[AllowlistEntry] = []
    outbound: list[AllowlistEntry] = []
    for name, kind in (("groupsAllowlist", "group"), ("projectsAllowlist", "project")):
        for node in reading.lists.get(name, ()):
            direction = choice(node, "direction", DIRECTIONS)
            if direction is None and "direction" in node and kind == "project":
                detail = "GitLab answered null for an entry's direction"
                reading.add_gap(Fact.OUTBOUND_ENTRIES, Reason.ERROR, detail)
            leftover = direction in ("OUTBOUND", "outbound")
            (outbound if leftover else inbound).append(_entry(node, kind, shown_fields))  # type: ignore[arg-type]
    return _unique(reading, inbound), _unique(reading, outbound)


def _unique(reading: Reading, entries: list[AllowlistEntry]) -> list[AllowlistEntry]:
    unique, differ = without_duplicates(entries)
    if differ:
        reading.add_gap(Fact.ENTRIES, Reason.ERROR, TWO_FOR_ONE)
    return unique


def _plain_lists(
    reading: Reading, shown_fields: "_EntryFields"
) -> tuple[list[AllowlistEntry], list[AllowlistEntry]]:
    """Read the lists of versions before 17.7, which tell no more than the targets."""
    for name in ("groupsAllowlist", "inboundAllowlist"):
        if name not in reading.lists:
            reading.add_gap(Fact.ENTRIES, Reason.ERROR, f"this GitLab does not show {name}")
    groups = _plain(reading, "groupsAllowlist", "group", shown_fields)
    inbound = _others(reading, _plain(reading, "inboundAllowlist", "project", shown_fields))
    outbound = _plain(reading, "outboundAllowlist", "project", shown_fields)
    return (
        _unique(reading, [*groups, *inbound]),
        _unique(reading, _others(reading, outbound, Fact.OUTBOUND_ENTRIES)),
    )


def _plain(
    reading: Reading, name: str, kind: Literal["group", "project"], shown_fields: "_EntryFields"
) -> list[AllowlistEntry]:
    default = shown_fields.default
    return [
        AllowlistEntry(
            kind,
            global_id(node, "id"),
            full_path(node, "fullPath"),
            default_permissions=default,
            policies=() if default else None,
            autopopulated=shown_fields.automatic,
        )
        for node in reading.lists.get(name, ())
    ]


def _others(
    reading: Reading, found: list[AllowlistEntry], fact: Fact = Fact.ENTRIES
) -> list[AllowlistEntry]:
    """Return a plain list without the project itself, which is in it once."""
    if len({entry for entry in found if entry.target_id == reading.project.id}) > 1:
        reading.add_gap(fact, Reason.ERROR, TWO_FOR_ONE)
    return [entry for entry in found if entry.target_id != reading.project.id]


class _EntryFields:
    """Which fields of an entry the instance shows, and what holds for those it does not.

    What a version does not have yet: every entry has default permissions, made by hand.
    """

    def __init__(self, caps: Capabilities) -> None:
        entry = "CiJobTokenScopeAllowlistEntry"
        self.permissions = caps.has(entry, "defaultPermissions")
        self.autopopulated = caps.has(entry, "autopopulated")
        self.default = None if caps.lost(entry, "defaultPermissions") else True
        self.automatic = None if caps.autopopulated_lost else False


def _entry(
    node: Node, kind: Literal["group", "project"], shown_fields: _EntryFields
) -> AllowlistEntry:
    target = child(node, "target")
    default: bool | None = shown_fields.default
    automatic: bool | None = shown_fields.automatic
    if shown_fields.permissions:
        default = boolean(node, "defaultPermissions")
    if shown_fields.autopopulated:
        automatic = boolean(node, "autopopulated")
    added_by = child(node, "addedBy")
    return AllowlistEntry(
        kind=kind,
        target_id=None if target is None else global_id(target, f"{kind}Id"),
        target_path=None if target is None else full_path(target, "fullPath"),
        default_permissions=default,
        policies=() if default else _policies(node),
        created_at=time(node, "createdAt"),
        added_by=None if added_by is None else text(added_by, "username"),
        autopopulated=automatic,
    )


def _policies(node: Node) -> tuple[str, ...] | None:
    names = array(node, "jobTokenPolicies")
    if names is None or None in names:
        return None
    if not all(type(name) is str and _POLICY.fullmatch(name) for name in names):
        raise FormError("jobTokenPolicies holds something else than names of permissions")
    return tuple(sorted(names))


def _settings(settings: Node | None, caps: Capabilities) -> Scope:
    if settings is None:
        return Scope(inbound_own=True, inbound_effective=True)
    own = boolean(settings, "inboundJobTokenScopeEnabled")
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
    return boolean(settings, name)


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
            reading.add_gap(fact, *why(errors.get(name)))


def _allowlist_field(caps: Capabilities) -> str:
    return "ciJobTokenScopeAllowlist" if caps.entry_rows else "ciJobTokenScope"
