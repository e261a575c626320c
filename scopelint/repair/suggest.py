"""From the authentication log to a plan: the smallest allowlists that keep every use working.

An open project is closed, with entries for the origins in its log. A closed project loses the
entries that nobody used. `scopelint.uses.log` says what the log cannot tell.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from scopelint.finding import fingerprint
from scopelint.model import AllowlistEntry, Project, Scope, TokenUse
from scopelint.repair.allowlist import AllowlistOptions, ChosenEntry, choose_entries
from scopelint.repair.plan_file import Action, EntryState, Plan, ProjectPlan, SkippedProject
from scopelint.repair.planning import (
    changeable_entries,
    make_plan,
    ordered,
    plannable_state,
    project_after,
    project_plan,
    removal,
    removal_widens,
    skipped,
    too_many_entries,
    unsafe_reason,
    widest_first,
)
from scopelint.repair.safety import Assumptions, check_safety
from scopelint.uses import log
from scopelint.uses.log import uses_through
from scopelint.versions import OWN_USES_LOGGED, since

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

_OWN_ENTRY: Final = (
    "its own entry is fine-grained and limits its own jobs once the limit is on; a plan never changes"
    " a project's own entry"
)
_NEEDS_NOT_SHOWN: Final = (
    "no API shows which permissions its jobs need; widen that entry or remove it first"
)
_CLOSES: Final = "any project's job token is accepted today; the origins in the log stay allowed"


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """What a suggestion is made from."""

    inventory: "Inventory"
    options: AllowlistOptions
    assumptions: Assumptions
    fixes: tuple[str, ...] = ()
    """The codes of the rules whose finding is fixed where an open project is closed."""


def suggest(
    inventory: "Inventory",
    options: AllowlistOptions | None = None,
    assume: bool | None = None,
    *,
    fixes: Iterable[str] = (),
) -> Plan:
    """Return the plan that the authentication log asks for.

    `assume` says whether fine-grained permissions are in force, where a switch of GitLab 17.7 to
    18.2 decides that no API shows. `fixes` are the codes of the rules whose finding is fixed where
    an open project is closed: the plan names these findings.
    """
    assumptions = Assumptions(inventory.scan.version, inventory.scan.fine_grained(assume))
    request = SuggestRequest(inventory, options or AllowlistOptions(), assumptions, tuple(fixes))
    return make_plan(inventory, "suggest", _parts(request))


def _parts(request: SuggestRequest) -> Iterator[ProjectPlan | SkippedProject]:
    for project in request.inventory.projects():
        if project.scope is None or not project.scope.inbound_effective:
            yield close(request, project)
        elif (part := _prune(request, project, project.scope)) is not None:
            yield part


def close(request: SuggestRequest, project: Project) -> ProjectPlan | SkippedProject:
    """Plan to close an open project with the allowlist that its log asks for, or say why not."""
    state, scope = plannable_state(project), project.scope
    if isinstance(state, SkippedProject):
        return state
    reason = "it was not read" if scope is None else _not_to_close(request, scope)
    if scope is None or reason:
        return skipped(project, reason or "")
    uses = [use for use in scope.uses or () if use.origin_id != project.id]
    own = len(scope.entries) - len(changeable_entries(scope, project))
    chosen = choose_entries(request.inventory, project, uses, request.options, taken=own)
    if isinstance(chosen, str):
        return skipped(project, chosen)
    actions = ordered([*_allowing(project, scope, chosen), _switch(request, project)])
    if reason := too_many_entries(scope, actions):
        return skipped(project, reason)
    check = check_safety(project, project_after(project, actions), request.assumptions)
    reason = unsafe_reason(check) if check.gains or check.loses else None
    if reason := reason or (_own_jobs(request, scope) if check.own.loses else None):
        return skipped(project, reason)
    notes = list(_notes(request.inventory, project, uses, chosen))
    if check.own.loses:
        notes.append(_OWN_ENTRY)
    confidence: log.Confidence = (
        "low" if check.own.loses else log.confidence(request.inventory, empty=not uses)
    )
    return project_plan(project, state, actions, confidence=confidence, notes=notes)


def _own_jobs(request: SuggestRequest, scope: Scope) -> str | None:
    """Say why a project whose own entry would limit its own jobs is left alone; None if not used."""
    if scope.own_token_last_used is not None:
        return (
            f"{_OWN_ENTRY}, and its jobs used their token, last on"
            f" {scope.own_token_last_used.date()}: {_NEEDS_NOT_SHOWN}"
        )
    if not since(request.inventory.scan.version, OWN_USES_LOGGED):
        return f"{_OWN_ENTRY}, and whether its jobs use their token is not in the log: {_NEEDS_NOT_SHOWN}"
    return None


def _not_to_close(request: SuggestRequest, scope: Scope) -> str | None:
    if scope.inbound_effective is None:
        return (
            "its own limit is off, and whether the instance enforces the limit is not known, so"
            " neither is who has access today"
        )
    reason = log.why_unreliable(scope, request.inventory) or _too_young(request)
    return f"it cannot be closed safely: {reason}" if reason else None


def _too_young(request: SuggestRequest) -> str | None:
    wanted = request.options.min_log_days
    if (log.reach_days(request.inventory) or 0) >= wanted:
        return None
    return f"{log.reach_back(request.inventory)}, and --min-log-days requires {wanted}"


def _allowing(project: Project, scope: Scope, chosen: list[ChosenEntry]) -> Iterator[Action]:
    there = {entry.key: entry for entry in changeable_entries(scope, project)}
    for one in chosen:
        old = there.pop(one.entry.key, None)
        if old is None:
            yield Action(operation="add-entry", entry=one.entry, reason=_why(one))
        elif not old.default_permissions:
            yield Action(
                operation="change-permissions",
                entry=one.entry,
                was=EntryState.of(old),
                reason=f"while the limit is off it can do everything; {_why(one)}",
            )
    for old in there.values():
        needed = uses_through(old, scope.uses or ())
        why = (
            "wider than the use: the projects in it that are used get their own entries"
            if needed
            else "not used, as far as the log tells"
        )
        yield removal(old, why)


def _why(chosen: ChosenEntry) -> str:
    last = max(use.last_used_at for use in chosen.uses).date()
    if chosen.entry.kind == "project":
        return f"used, last on {last}"
    share = "all" if len(chosen.uses) >= chosen.below else f"{len(chosen.uses)} of"
    return f"{share} {chosen.below} projects in it use this project, last on {last}"


def _switch(request: SuggestRequest, project: Project) -> Action:
    instance = request.inventory.scan.instance
    findings = tuple(fingerprint(code, instance, project.id, "") for code in request.fixes)
    return Action(operation="set-inbound", value=True, reason=_CLOSES, findings=findings)


def _notes(
    inventory: "Inventory", project: Project, uses: list[TokenUse], chosen: list[ChosenEntry]
) -> Iterator[str]:
    yield f"{_origins(len(uses))}; {log.reach_back(inventory)}"
    if not uses:
        yield "an empty log gives an empty allowlist: ask the owners whether the project is used"
    outside = sum(not inventory.in_read_tree(use.origin_path) for use in uses)
    if outside:
        yield (
            f"{outside} of them are outside what was read; the token that applies this plan must be"
            " able to see them"
        )
    for one in chosen:
        if one.entry.kind == "group":
            yield f"every project that is added to the group {one.entry.path} gains access"
    if project.archived:
        yield "the project is archived"


def _origins(number: int) -> str:
    if not number:
        return "the log shows no use by another project"
    return f"the log shows {number} other {'project' if number == 1 else 'projects'}"


def _prune(
    request: SuggestRequest, project: Project, scope: Scope
) -> ProjectPlan | SkippedProject | None:
    """Plan to remove the entries of a closed project that nobody used."""
    listed = changeable_entries(scope, project)
    if not listed:
        return None
    state = plannable_state(project)
    if isinstance(state, SkippedProject):
        return state
    if reason := log.why_unreliable(scope, request.inventory) or _too_young(request):
        return skipped(project, f"which of its entries are used is not known: {reason}")
    unused = [entry for entry in listed if not uses_through(entry, scope.uses or ())]
    actions, kept = _unused(request, project, unused)
    if not actions:
        return skipped(project, "; ".join(kept)) if kept else None
    used = f"{_origins(len(scope.uses or ()))}; {log.reach_back(request.inventory)}"
    confidence = _confidence(request.inventory, scope, unused)
    return project_plan(project, state, actions, confidence=confidence, notes=[used, *kept])


def _unused(
    request: SuggestRequest, project: Project, unused: list[AllowlistEntry]
) -> tuple[list[Action], list[str]]:
    """Return removals after which no wider entry grants more, and why the other entries stay."""
    done: list[Action] = []
    kept: list[str] = []
    left = project
    for entry in widest_first(unused):
        action = removal(entry, "not used, as far as the log tells")
        then = project_after(left, [action])
        if _is_young(request, entry):
            why = f"it is younger than {request.options.min_log_days} days, or its age is not known"
        elif removal_widens(project, then, entry, request.assumptions):
            why = "without it a wider entry would grant more"
        else:
            done.append(action)
            left = then
            continue
        kept.append(f"the {entry.kind} entry {entry.target_path} stays: {why}")
    return done, kept


def _is_young(request: SuggestRequest, entry: AllowlistEntry) -> bool:
    wanted = request.options.min_log_days
    since = request.inventory.log_as_of - timedelta(days=wanted)
    return wanted > 0 and (entry.created_at is None or entry.created_at > since)


def _confidence(
    inventory: "Inventory", scope: Scope, unused: list[AllowlistEntry]
) -> log.Confidence:
    """Return how sure it is that nobody needs these entries; low where one of them is young."""
    confidence = log.confidence(inventory, empty=not scope.uses)
    limit = inventory.log_as_of - timedelta(days=log.MEDIUM_DAYS)
    young = any(entry.created_at is None or entry.created_at > limit for entry in unused)
    return "low" if young else confidence
