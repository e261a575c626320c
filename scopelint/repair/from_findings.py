"""From findings to a plan: the changes that are proved safe, and with `unsafe` the others too.

A change is safe when no origin gains access and no logged access is lost. An open project's entries
are judged as if its limit were on, because without it they have no effect.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from scopelint.finding import Finding, Outcome
from scopelint.finding import State as FindingState
from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.remedy import (
    NarrowEntry,
    NoRemedy,
    Remedy,
    RemoveEntry,
    RemoveOutboundEntries,
    RestrictProject,
    SafeIf,
    ScopeSetting,
    SwitchSetting,
    restricts,
)
from scopelint.repair.allowlist import AllowlistOptions
from scopelint.repair.narrowing import narrow
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
    with_limit_on,
)
from scopelint.repair.removal_proof import RemovalProof
from scopelint.repair.safety import (
    NO_CHANGE,
    Assumptions,
    access_change,
    check_safety,
    losing_origins,
    origin_of,
)
from scopelint.repair.suggest import SuggestRequest, close
from scopelint.uses import log
from scopelint.uses.unused import ThresholdsAt, default_thresholds, known_uses_of

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


_Operation = Literal["set-inbound", "set-outbound", "set-push", "set-cross-project-push"]
_OPERATIONS: Final[Mapping[ScopeSetting, _Operation]] = {
    "inbound": "set-inbound",
    "outbound": "set-outbound",
    "push": "set-push",
    "cross-project-push": "set-cross-project-push",
}


def plan_from_findings(
    inventory: "Inventory",
    findings: Iterable[Finding],
    remedies: Mapping[str, Remedy],
    *,
    unsafe: bool = False,
    irreversible: bool = False,
    assume: bool | None = None,
    thresholds: ThresholdsAt = default_thresholds,
) -> Plan:
    """Return the plan that fixes these findings; waived ones and unknowns ask for nothing.

    `remedies` are those that the rules of the run declare, by code. Only with `irreversible` the plan
    holds what no undo brings back. `assume` says whether fine-grained permissions are in force, which
    no API of GitLab 17.7 to 18.2 shows. `thresholds` are those of the rules of use.
    """
    by_project: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.project is not None and _asks(finding, remedies):
            by_project[finding.project.id].append(finding)
    assumptions = Assumptions(inventory.scan.version, inventory.scan.fine_grained(assume))
    parts: list[ProjectPlan | SkippedProject] = []
    for project in inventory.projects():
        found = by_project.get(project.id, ())
        if project.scope is None or found:
            work = _Work(inventory, project, found, remedies, assumptions, unsafe, thresholds)
            parts += _of_project(work)
    return make_plan(inventory, "findings", parts, unsafe=unsafe, irreversible=irreversible)


def _asks(finding: Finding, remedies: Mapping[str, Remedy]) -> bool:
    """Tell whether a finding asks for a repair, or to be told why there is none."""
    if finding.state is FindingState.WAIVED:
        return False
    remedy = remedies.get(finding.rule)
    unknown_too = isinstance(remedy, RestrictProject) and remedy.unknown_too
    return finding.verdict is Outcome.FAIL or unknown_too


def _of_project(work: "_Work") -> list[ProjectPlan | SkippedProject]:
    project = work.project
    state = plannable_state(project)
    if isinstance(state, SkippedProject):
        return [state]
    work.do()
    if not work.actions:
        return [skipped(project, reason) for reason in dict.fromkeys(work.declined)]
    if reason := work.unsafe_reason() or too_many_entries(work.scope, work.actions):
        return [skipped(project, reason)]
    notes = work.notes + work.declined
    return [project_plan(project, state, work.actions, confidence=work.confidence, notes=notes)]


@dataclass
class _Work:
    """The repair of one project while it is planned: the actions, and what is declined and why."""

    inventory: "Inventory"
    project: Project
    findings: Sequence[Finding]
    remedies: Mapping[str, Remedy]
    assumptions: Assumptions
    unsafe: bool
    thresholds: ThresholdsAt
    actions: list[Action] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    declined: list[str] = field(default_factory=list)
    confidence: log.Confidence = "high"
    closed: bool = False
    _left: Project | None = None

    @property
    def scope(self) -> Scope:
        if self.project.scope is None:
            raise ValueError(f"the scope of {self.project.path} was not read")
        return self.project.scope

    def do(self) -> None:
        by_code: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            by_code[finding.rule].append(finding)
        if asking := self._asking_to_restrict():
            self._close(asking[0])
        if self.project.archived and not self.closed:
            self.declined.append("it is archived: only closing an open one is planned")
            return
        if self.closed:
            self._look_later()
        else:
            self._entries()
        for code in sorted(by_code):
            self._other(code, by_code[code])

    def _look_later(self) -> None:
        """Say which findings about entries the closing of the project leaves."""
        gone = {a.entry.key for a in self.actions if a.operation == "remove-entry" and a.entry}
        left = {
            finding.rule
            for finding in self.findings
            if finding.entry is not None
            and isinstance(self._remedy(finding.rule), RemoveEntry | NarrowEntry)
            and f"{finding.entry.kind}:{finding.entry.id}" not in gone
        }
        if left:
            codes = ", ".join(sorted(left))
            self.declined.append(f"{codes}: entries that stay are planned for once the limit is on")

    def _remedy(self, code: str) -> Remedy:
        return self.remedies.get(code, NoRemedy())

    def _asking_to_restrict(self) -> list[str]:
        """Return the codes of the findings that by themselves ask for the limit to go on."""
        codes = {finding.rule for finding in self.findings}
        return sorted(code for code in codes if restricts(self._remedy(code)))

    def _close(self, code: str) -> None:
        found = close(
            SuggestRequest(
                self.inventory,
                AllowlistOptions(),
                self.assumptions,
                thresholds=self.thresholds,
            ),
            self.project,
        )
        if isinstance(found, SkippedProject):
            self.declined.append(f"{code}: {found.reason}")
            return
        self.closed = True
        self.confidence = found.confidence
        self.notes += found.notes
        fixed = tuple(
            sorted(
                finding.fingerprint
                for finding in self.findings
                if isinstance(self._remedy(finding.rule), RestrictProject)
            )
        )
        for action in found.actions:
            names = fixed if action.operation == "set-inbound" else ()
            if action.operation == "remove-entry" and action.entry is not None:
                names = self._prints(action.entry)
            self.actions.append(action.model_copy(update={"findings": names}))

    def _prints(self, entry: EntryState) -> tuple[str, ...]:
        """Return the fingerprints of all that was found about an entry."""
        return tuple(
            sorted(
                finding.fingerprint
                for finding in self.findings
                if finding.entry is not None
                and (finding.entry.kind, finding.entry.id) == (entry.kind, entry.id)
            )
        )

    def _entries(self) -> None:
        asked: dict[str, dict[str, RemoveEntry | NarrowEntry]] = defaultdict(dict)
        for finding in self.findings:
            remedy = self._remedy(finding.rule)
            if finding.entry is not None and isinstance(remedy, RemoveEntry | NarrowEntry):
                asked[f"{finding.entry.kind}:{finding.entry.id}"][finding.rule] = remedy
        changeable = changeable_entries(self.scope, self.project)
        if f"project:{self.project.id}" in asked:
            self.declined.append("a project's own entry is never touched")
        for entry in widest_first(e for e in changeable if e.key in asked):
            self._entry(entry, dict(sorted(asked[entry.key].items())))

    def _entry(
        self, entry: AllowlistEntry, remedies: Mapping[str, RemoveEntry | NarrowEntry]
    ) -> None:
        """Plan to remove an entry, as the rules with these codes ask for."""
        limits = self.thresholds(self.project.path)
        proof = RemovalProof.of(entry, self.scope, self.inventory, remedies.values(), limits)
        narrowing, safe_if = proof.narrowing, proof.safe_if
        action = removal(
            entry,
            "; ".join(f"{code}: {remedy.reason}" for code, remedy in remedies.items()),
            findings=self._prints(EntryState.of(entry)),
        )
        left = self._left or self._before
        actions, then = [action], project_after(left, [action])
        notes: tuple[str, ...] = ()
        what = f"removing the {entry.kind} entry {entry.target_path} ({', '.join(remedies)})"
        if removal_widens(self._before, then, entry, self.assumptions):
            self.declined.append(f"{what} would widen access: a wider entry grants more")
            return
        # Uses through another entry are checked with that entry.
        uses = known_uses_of(entry, self.scope)
        lost = list(losing_origins(self._before, then, uses, self.assumptions))
        if entry.kind == "group" and (narrowing or (lost and self.unsafe)):
            found = narrow(
                self.inventory,
                left,
                entry,
                uses,
                self.assumptions,
                reason=action.reason,
                places=self.scope.entries,
                findings=action.findings,
            )
            if not isinstance(found, str):
                notes, actions, lost = found.notes, found.actions, []
                then = project_after(left, actions)
            elif narrowing:
                self.declined.append(f"{what}: {found}")
                return
        effect = access_change(self._before, then, origin_of(entry), self.assumptions)
        why = self._why_own_jobs(then) or proof.why_unsafe(effect, lost)
        if why is None:
            if effect != NO_CHANGE:
                self._rely_on_log(entry)
            *added, last = actions
            last = last.model_copy(update=proof.rests_on(effect))
            self._remove([*added, last], notes, then)
        elif safe_if == {SafeIf.COVERED}:
            # The entry that covers it is removed too, so the finding no longer holds.
            return
        elif self.unsafe:
            *added, last = actions
            reason = f"{last.reason} (unsafe: {why})"
            last = last.model_copy(update={"safe": False, "reason": reason})
            self._remove([*added, last], notes, then)
        else:
            self.declined.append(f"{what} needs --unsafe: {why}")

    def _remove(self, actions: Sequence[Action], notes: Iterable[str], then: Project) -> None:
        self.actions += actions
        self.notes += notes
        self._left = then

    def _why_own_jobs(self, then: Project) -> str | None:
        own = access_change(self._before, then, self._before, self.assumptions)
        return "the project's own jobs may do less then" if own.loses else None

    @cached_property
    def _before(self) -> Project:
        return with_limit_on(self.project)

    def _rely_on_log(self, entry: AllowlistEntry) -> None:
        if reason := log.why_unreliable(self.scope, self.inventory):
            self._trust("low")
            self.notes.append(f"whether {entry.target_path} is still in use is not known: {reason}")
        else:
            self._trust(log.confidence(self.inventory, empty=not self.scope.uses))

    def _trust(self, sure: log.Confidence) -> None:
        grades: tuple[log.Confidence, ...] = ("low", "medium", "high")
        self.confidence = min(self.confidence, sure, key=grades.index)

    def _other(self, code: str, findings: list[Finding]) -> None:
        prints = tuple(sorted(finding.fingerprint for finding in findings))
        match self._remedy(code):
            case SwitchSetting() as remedy:
                self._switch(code, remedy, prints)
            case RemoveOutboundEntries():
                self._outbound_entries(code, prints)
            case RestrictProject(alone=False) if not self._asking_to_restrict():
                self.declined.append(f"{code}: it goes with {self._closing()}")
            case NoRemedy(reason):
                self.declined.append(f"{code}: {reason}")
            case RemoveEntry() | NarrowEntry() if not self.closed:
                if any(finding.entry is None for finding in findings):
                    why = "it finds this of the project, and its remedy removes entries"
                    self.declined.append(f"{code}: {why}")
            case _:
                pass  # Entries, and closing the project, are planned before.

    def _closing(self) -> str:
        codes = [code for code, remedy in self.remedies.items() if restricts(remedy)]
        return f"closing the project ({', '.join(codes) or 'no rule of this run asks for it'})"

    def _switch(self, code: str, remedy: SwitchSetting, prints: tuple[str, ...]) -> None:
        if remedy.unsafe and not self.unsafe:
            self.declined.append(
                f"{code}: switching it {remedy.direction} needs --unsafe: {remedy.unsafe}"
            )
            return
        reason = f"{code}: {remedy.reason}"
        self.actions.append(
            Action(
                operation=_OPERATIONS[remedy.setting],
                value=remedy.value,
                reason=f"{reason} (unsafe: {remedy.unsafe})" if remedy.unsafe else reason,
                findings=prints,
                safe=remedy.unsafe is None,
            )
        )

    def _outbound_entries(self, code: str, prints: tuple[str, ...]) -> None:
        switched = any(action.operation == "set-outbound" for action in self.actions)
        if self.scope.outbound and not switched:
            self.declined.append(
                f"{code}: the outbound limit is still on, and its entries may be in force; switching"
                " it off needs --unsafe"
            )
            return
        effect = "that has no effect once the limit is off" if switched else "without effect"
        for entry in self.scope.outbound_entries or ():
            if entry.target_id != self.project.id or entry.kind == "group":
                self.actions.append(
                    Action(
                        operation="remove-outbound-entry",
                        entry=EntryState.of(entry),
                        reason=f"{code}: a leftover of the outbound allowlist, {effect}",
                        findings=prints,
                        safe=not self.scope.outbound,
                    )
                )

    def unsafe_reason(self) -> str | None:
        """Say why a plan whose actions all claim to be safe is not proved; None where it is."""
        inbound = [a for a in self.actions if a.operation not in ("set-push", "set-outbound")]
        if not all(action.safe for action in inbound):
            return None
        before = self.project if self.closed else with_limit_on(self.project)
        moves = [a for a in ordered(inbound) if self.closed or a.operation != "set-inbound"]
        check = check_safety(before, project_after(before, moves), self.assumptions)
        return unsafe_reason(check) if check.gains or check.loses else None
