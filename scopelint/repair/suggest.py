"""From the authentication log to a plan: the smallest allowlists that keep every use working.

An open project is closed with entries for those who came; from a closed one goes what nobody
used. What the log cannot tell is said in `scopelint.uses.log`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from scopelint.finding import fingerprint
from scopelint.model import AllowlistEntry, Project, Scope, TokenUse
from scopelint.repair.allowlist import AllowlistOptions, Chosen, choose
from scopelint.repair.plan import (
    after,
    does_not_fit,
    entries_of,
    made,
    make_plan,
    ordered,
    removal,
    state_of,
    unproved,
    untouched,
    wide_first,
    widens,
)
from scopelint.repair.plan_file import Action, EntryState, Plan, ProjectPlan, Untouched
from scopelint.repair.safety import Assumptions, prove
from scopelint.uses import log
from scopelint.uses.log import uses_through

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

__all__ = ["AllowlistOptions", "SuggestRequest", "close", "suggest"]

_OWN_ENTRY: Final = (
    "its own entry is fine-grained and limits its own jobs once the limit is on; a project's own"
    " entry is never touched"
)
_CLOSES: Final = "any project's job token is accepted today; the log's origins stay allowed"


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """What a suggestion is made from: the inventory, the user's wishes, what decides besides."""

    inventory: "Inventory"
    wishes: AllowlistOptions
    worlds: Assumptions


def suggest(
    inventory: "Inventory", wishes: AllowlistOptions | None = None, assume: bool | None = None
) -> Plan:
    """Return the plan that the authentication log asks for.

    `assume` says whether fine-grained permissions are in force, where a switch of GitLab 17.7 to
    18.2 decides that no API shows.
    """
    asked = SuggestRequest(
        inventory, wishes or AllowlistOptions(), Assumptions(inventory.scan.version, assume)
    )
    return make_plan(inventory, "suggest", _parts(asked))


def _parts(asked: SuggestRequest) -> Iterator[ProjectPlan | Untouched]:
    for project in asked.inventory.projects():
        if project.scope is None or not project.scope.inbound_effective:
            yield close(asked, project)
        elif (part := _prune(asked, project, project.scope)) is not None:
            yield part


def close(asked: SuggestRequest, project: Project) -> ProjectPlan | Untouched:
    """Plan to close an open project with the allowlist that its log asks for, or say why not."""
    state, scope = state_of(project), project.scope
    if isinstance(state, Untouched) or scope is None:
        return state if isinstance(state, Untouched) else untouched(project, "it was not read")
    if reason := _not_to_close(asked, scope):
        return untouched(project, reason)
    uses = [use for use in scope.uses or () if use.origin_id != project.id]
    own = len(scope.entries) - len(entries_of(scope, project))
    chosen = choose(asked.inventory, project, uses, asked.wishes, taken=own)
    if isinstance(chosen, str):
        return untouched(project, chosen)
    actions = ordered([*_allowing(project, scope, chosen), _switch(asked.inventory, project)])
    if reason := does_not_fit(scope, actions):
        return untouched(project, reason)
    proof = prove(project, after(project, actions), asked.worlds)
    if proof.gains or proof.loses:
        return untouched(project, unproved(proof))
    notes = list(_notes(asked.inventory, project, uses, chosen))
    if proof.own.loses:
        notes.append(_OWN_ENTRY)
    sure = "low" if proof.own.loses else log.confidence(asked.inventory, empty=not uses)
    return made(project, state, actions, confidence=sure, notes=notes)


def _not_to_close(asked: SuggestRequest, scope: Scope) -> str | None:
    if scope.inbound_effective is None:
        return (
            "its own limit is off, and whether the instance enforces the limit is not known, so"
            " neither is who has access today"
        )
    reason = log.fault(scope, asked.inventory) or _too_young(asked)
    return f"it cannot be closed for certain: {reason}" if reason else None


def _too_young(asked: SuggestRequest) -> str | None:
    wanted = asked.wishes.min_log_days
    if (log.days(asked.inventory) or 0) >= wanted:
        return None
    return f"{log.speaks(asked.inventory)}, and --min-log-days asks for {wanted}"


def _allowing(project: Project, scope: Scope, chosen: list[Chosen]) -> Iterator[Action]:
    there = {entry.key: entry for entry in entries_of(scope, project)}
    for one in chosen:
        old = there.pop(one.entry.key, None)
        if old is None:
            yield Action(operation="add-entry", entry=one.entry, reason=_why(one))
        elif not old.default_permissions:
            yield Action(
                operation="change-permissions",
                entry=one.entry,
                was=EntryState.of(old),
                reason=f"while the limit was off it could do everything; {_why(one)}",
            )
    for old in there.values():
        needed = uses_through(old, scope.uses or ())
        why = (
            "wider than what was used: its used projects are allowed by entries of their own"
            if needed
            else "never used, as far as the log tells"
        )
        yield removal(old, why)


def _why(one: Chosen) -> str:
    last = max(use.last_used_at for use in one.uses).date()
    if one.entry.kind == "project":
        return f"used, last on {last}"
    share = "all" if len(one.uses) >= one.below else f"{len(one.uses)} of"
    return f"{share} {one.below} projects in it came, last on {last}"


def _switch(inventory: "Inventory", project: Project) -> Action:
    code = fingerprint("SL101", inventory.scan.instance, project.id, "")
    return Action(operation="set-inbound", value=True, reason=_CLOSES, findings=(code,))


def _notes(
    inventory: "Inventory", project: Project, uses: list[TokenUse], chosen: list[Chosen]
) -> Iterator[str]:
    yield f"{_came(len(uses))}; {log.speaks(inventory)}"
    if not uses:
        yield "an empty log means an empty allowlist: ask the owners whether the project is used"
    outside = sum(not inventory.in_read_tree(use.origin_path) for use in uses)
    if outside:
        yield (
            f"outside what was read: {outside} of them; the token that applies this plan must be able"
            " to see them"
        )
    for one in chosen:
        if one.entry.kind == "group":
            yield f"whoever adds a project to the group {one.entry.path} gains access"
    if project.archived:
        yield "the project is archived"


def _came(number: int) -> str:
    if not number:
        return "nobody came"
    return f"{number} other {'project' if number == 1 else 'projects'} came"


def _prune(asked: SuggestRequest, project: Project, scope: Scope) -> ProjectPlan | Untouched | None:
    """Plan to remove the entries of a closed project that nobody used."""
    listed = entries_of(scope, project)
    if not listed:
        return None
    state = state_of(project)
    if isinstance(state, Untouched):
        return state
    if reason := log.fault(scope, asked.inventory) or _too_young(asked):
        return untouched(project, f"which of its entries are used is not known: {reason}")
    unused = [entry for entry in listed if not uses_through(entry, scope.uses or ())]
    actions, kept = _unused(asked, project, unused)
    if not actions:
        return untouched(project, "; ".join(kept)) if kept else None
    came = f"{_came(len(scope.uses or ()))}; {log.speaks(asked.inventory)}"
    sure = _sureness(asked.inventory, scope, unused)
    return made(project, state, actions, confidence=sure, notes=[came, *kept])


def _unused(
    asked: SuggestRequest, project: Project, unused: list[AllowlistEntry]
) -> tuple[list[Action], list[str]]:
    """Return removals after which no wider entry lets anybody do more, and why the rest stays."""
    done: list[Action] = []
    kept: list[str] = []
    left = project
    for entry in wide_first(unused):
        action = removal(entry, "never used, as far as the log tells")
        then = after(left, [action])
        if _is_young(asked, entry):
            why = f"it is younger than {asked.wishes.min_log_days} days, or its age is not known"
        elif widens(project, then, entry, asked.worlds):
            why = "without it a wider entry would grant more"
        else:
            done.append(action)
            left = then
            continue
        kept.append(f"the {entry.kind} entry {entry.target_path} stays: {why}")
    return done, kept


def _is_young(asked: SuggestRequest, entry: AllowlistEntry) -> bool:
    wanted = asked.wishes.min_log_days
    since = asked.inventory.as_of - timedelta(days=wanted)
    return wanted > 0 and (entry.created_at is None or entry.created_at > since)


def _sureness(inventory: "Inventory", scope: Scope, unused: list[AllowlistEntry]) -> log.Confidence:
    """Tell how sure it is that nobody needs these: of a young entry, no log can say much."""
    sure = log.confidence(inventory, empty=not scope.uses)
    limit = inventory.as_of - timedelta(days=log.MEDIUM_DAYS)
    young = any(entry.created_at is None or entry.created_at > limit for entry in unused)
    return "low" if young else sure
