"""From the authentication log to a plan: the smallest allowlists that keep every use working.

An open project is closed, with entries for the origins in its log. A closed project loses the
entries that nobody used. `scopelint.uses.log` says what the log cannot tell.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scopelint.access import nearest
from scopelint.finding import fingerprint
from scopelint.model import AllowlistEntry, Project, Scope, TokenUse
from scopelint.paths import is_self
from scopelint.repair.allowlist import AllowlistOptions, ChosenEntry, choose_entries
from scopelint.repair.narrowing import narrow, notes_of, why_chosen
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
    unused_removal,
    widest_first,
)
from scopelint.repair.safety import Assumptions, check_safety
from scopelint.uses import log
from scopelint.uses.unused import (
    ThresholdsAt,
    default_thresholds,
    entry_use,
    known_uses,
    start_of,
    wider_than_use,
)
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
    thresholds: ThresholdsAt = default_thresholds


def suggest(
    inventory: "Inventory",
    options: AllowlistOptions | None = None,
    assume: bool | None = None,
    *,
    irreversible: bool = False,
    fixes: Iterable[str] = (),
    thresholds: ThresholdsAt = default_thresholds,
) -> Plan:
    """Return the plan that the authentication log asks for.

    `assume` says whether fine-grained permissions are in force, where a switch of GitLab 17.7 to
    18.2 decides that no API shows. Only with `irreversible` the plan holds what no undo brings back.
    `fixes` are the codes of the rules whose finding is fixed where an open project is closed: the
    plan names these findings. `thresholds` are those of the rules
    of use: what they do not call unused, or too wide, stays.
    """
    assumptions = Assumptions(inventory.scan.version, inventory.scan.fine_grained(assume))
    request = SuggestRequest(
        inventory, options or AllowlistOptions(), assumptions, tuple(fixes), thresholds
    )
    return make_plan(inventory, "suggest", _parts(request), irreversible=irreversible)


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
    uses = [use for use in known_uses(scope) if use.origin_id != project.id]
    kept = _kept(request, project, scope)
    own = [entry for entry in scope.entries if is_self(entry, project)]
    chosen = choose_entries(
        request.inventory,
        project,
        [use for use in uses if not _lets_in(scope, kept, use)],
        request.options,
        taken=Counter(entry.kind for entry in (*kept, *own)),
    )
    if isinstance(chosen, str):
        return skipped(project, chosen)
    actions = ordered([*_allowing(request, project, chosen, kept), _switch(request, project)])
    if reason := too_many_entries(scope, actions):
        return skipped(project, reason)
    check = check_safety(project, project_after(project, actions), request.assumptions)
    reason = unsafe_reason(check) if check.gains or check.loses else None
    if reason := reason or (_own_jobs(request, scope) if check.own.loses else None):
        return skipped(project, reason)
    notes = [*_notes(request.inventory, project, uses, chosen), *filter(None, kept.values())]
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


def _kept(request: SuggestRequest, project: Project, scope: Scope) -> dict[AllowlistEntry, str]:
    """Return the entries of an open project that stay, with a note for a reader.

    These are the ones that the log does not prove to be unused or wider than their use. A used
    project's entry stays as it is, without a note, where it permits all.
    """
    limits = request.thresholds(project.path)
    found = {}
    for entry in changeable_entries(scope, project):
        use = entry_use(entry, scope, request.inventory, limits.unused_days)
        if entry.kind == "project" and use.uses:
            if entry.default_permissions:
                found[entry] = ""
            continue
        wide = wider_than_use(entry, scope, request.inventory, limits.wide_days)
        if use.state == "unused" or wide:
            continue
        why = use.why or "all of its projects used it, or its use is not known"
        found[entry] = f"the {entry.kind} entry {entry.target_path} stays: {why}"
    return found


def _lets_in(scope: Scope, kept: Collection[AllowlistEntry], use: TokenUse) -> bool:
    """Tell whether entries that stay let an origin do all that it can do today."""
    entry = nearest(tuple(kept), Project(use.origin_id, use.origin_path))
    if entry is None or not entry.default_permissions:
        return False
    own = f"project:{use.origin_id}"
    return entry.key == own or all(other.key != own for other in scope.entries)


def _allowing(
    request: SuggestRequest,
    project: Project,
    chosen: list[ChosenEntry],
    kept: Collection[AllowlistEntry],
) -> Iterator[Action]:
    scope, limits = project.scope, request.thresholds(project.path)
    if scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    there = {entry.key: entry for entry in changeable_entries(scope, project)}
    for one in chosen:
        old = there.pop(one.entry.key, None)
        if old is None:
            yield Action(operation="add-entry", entry=one.entry, reason=why_chosen(one))
        elif not old.default_permissions:
            yield Action(
                operation="change-permissions",
                entry=one.entry,
                was=EntryState.of(old),
                reason=f"while the limit is off it can do everything; {why_chosen(one)}",
            )
    for old in there.values():
        if old in kept:
            continue
        use = entry_use(old, scope, request.inventory, limits.unused_days)
        why = (
            "wider than the use: the projects in it that are used get their own entries"
            if use.uses
            else "not used, as far as the log tells"
        )
        if use.state == "unused":
            yield unused_removal(old, why, start_of(limits.unused_days, request.inventory))
        else:
            yield removal(old, why, rests_on_log=True)


def _switch(request: SuggestRequest, project: Project) -> Action:
    instance = request.inventory.scan.instance
    findings = tuple(fingerprint(code, instance, project.id, "") for code in request.fixes)
    return Action(
        operation="set-inbound", value=True, reason=_CLOSES, findings=findings, rests_on_log=True
    )


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
    yield from notes_of(chosen)
    if project.archived:
        yield "the project is archived"


def _origins(number: int) -> str:
    if not number:
        return "the log shows no use by another project"
    return f"the log shows {number} other {'project' if number == 1 else 'projects'}"


def _prune(
    request: SuggestRequest, project: Project, scope: Scope
) -> ProjectPlan | SkippedProject | None:
    """Plan to remove the unused entries of a closed project, and to narrow the wide ones."""
    listed = changeable_entries(scope, project)
    if not listed:
        return None
    state = plannable_state(project)
    if isinstance(state, SkippedProject):
        return state
    if reason := log.why_unreliable(scope, request.inventory) or _too_young(request):
        return skipped(project, f"which of its entries are used is not known: {reason}")
    work = _Pruning(request, project, scope, project)
    for entry in widest_first(listed):
        work.look_at(entry)
    if not work.actions:
        return skipped(project, "; ".join(work.kept)) if work.kept else None
    used = f"{_origins(len(known_uses(scope)))}; {log.reach_back(request.inventory)}"
    confidence = log.confidence(request.inventory, empty=not scope.uses)
    notes = [used, *work.notes, *work.kept]
    return project_plan(project, state, work.actions, confidence=confidence, notes=notes)


@dataclass
class _Pruning:
    """A closed project while its removals are planned: the actions, and why what stays stays."""

    request: SuggestRequest
    project: Project
    scope: Scope
    left: Project
    """The project as it is after what is planned."""
    actions: list[Action] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def look_at(self, entry: AllowlistEntry) -> None:
        """Plan what the log asks for about one entry."""
        request, inventory = self.request, self.request.inventory
        limits = request.thresholds(self.project.path)
        days = max(limits.unused_days, request.options.min_log_days)
        use = entry_use(entry, self.scope, inventory, days)
        if use.state == "unused":
            why = "not used, as far as the log tells"
            self._plan(entry, [unused_removal(entry, why, start_of(days, inventory))], ())
        elif use.state == "used":
            if wide := wider_than_use(entry, self.scope, inventory, limits.wide_days):
                self._narrow(entry, wide)
        elif not use.uses:
            self._keep(entry, use.why)

    def _narrow(self, entry: AllowlistEntry, uses: tuple[TokenUse, ...]) -> None:
        found = narrow(
            self.request.inventory,
            self.left,
            entry,
            uses,
            self.request.assumptions,
            reason="wider than its use: what used it gets entries of its own",
            unused_since=start_of(
                self.request.thresholds(self.project.path).wide_days, self.request.inventory
            ),
            options=self.request.options,
            places=self.scope.entries,
        )
        if isinstance(found, str):
            self._keep(entry, found)
        else:
            self._plan(entry, found.actions, found.notes)

    def _plan(self, entry: AllowlistEntry, actions: list[Action], notes: tuple[str, ...]) -> None:
        then = project_after(self.left, actions)
        assumptions = self.request.assumptions
        check = check_safety(self.project, then, assumptions)
        if removal_widens(self.project, then, entry, assumptions) or check.gains:
            self._keep(entry, "without it a wider entry would grant more")
        elif check.loses:
            self._keep(entry, f"the log has uses by {', '.join(check.loses[:3])}")
        elif check.own.loses:
            self._keep(entry, "without it the project's own jobs may do less")
        else:
            self.actions += actions
            self.notes += notes
            self.left = then

    def _keep(self, entry: AllowlistEntry, why: str) -> None:
        self.kept.append(f"the {entry.kind} entry {entry.target_path} stays: {why}")
