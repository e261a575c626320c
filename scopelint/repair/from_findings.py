"""From findings to a plan: what is safe, as is proved, and with `unsafe` what is merely wanted.

A remedy is safe when no origin gains access and no logged access is lost. An open project's
entries are judged as if its limit were on, since that is when they bite.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from scopelint.finding import Finding, Outcome
from scopelint.finding import State as FindingState
from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.repair.allowlist import AllowlistOptions
from scopelint.repair.plan_file import Action, EntryState, Plan, ProjectPlan, SkippedProject
from scopelint.repair.planning import (
    changeable_entries,
    make_plan,
    ordered,
    project_after,
    project_plan,
    removal,
    removal_widens,
    skipped,
    state_of,
    unsafe_reason,
    widest_first,
    with_limit_on,
)
from scopelint.repair.remedies import (
    CAN_BE_SAFE,
    DANGLING,
    FLAGS,
    NO_REMEDY,
    NOTHING,
    OPEN,
    OPEN_WITH_USES,
    OUTBOUND_ROWS,
    REDUNDANT,
    REMOVED,
    UNREADABLE,
)
from scopelint.repair.safety import (
    NO_CHANGE,
    AccessChange,
    Assumptions,
    access_change,
    check_safety,
    losing_origins,
    origin_of,
)
from scopelint.repair.suggest import SuggestRequest, close
from scopelint.uses import log
from scopelint.uses.log import uses_through

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


def plan_from_findings(
    inventory: "Inventory",
    findings: Iterable[Finding],
    *,
    unsafe: bool = False,
    assume: bool | None = None,
) -> Plan:
    """Return the plan that mends these findings; waived ones and unknowns ask for nothing.

    `assume` says whether fine-grained permissions are in force, where a switch of GitLab 17.7 to
    18.2 decides that no API shows.
    """
    by_project: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.project is not None and _asks(finding):
            by_project[finding.project.id].append(finding)
    assumptions = Assumptions(inventory.scan.version, assume)
    parts: list[ProjectPlan | SkippedProject] = []
    for project in inventory.projects():
        found = by_project.get(project.id, ())
        if project.scope is None or found:
            parts += _of_project(inventory, project, found, assumptions, unsafe=unsafe)
    return make_plan(inventory, "findings", parts, unsafe=unsafe)


def _asks(finding: Finding) -> bool:
    """Tell whether a finding asks for a repair, or for a word why there is none."""
    if finding.state is FindingState.WAIVED or finding.rule in UNREADABLE:
        return False
    return finding.verdict is Outcome.FAIL or finding.rule == OPEN


def _of_project(
    inventory: "Inventory",
    project: Project,
    findings: Sequence[Finding],
    assumptions: Assumptions,
    *,
    unsafe: bool,
) -> list[ProjectPlan | SkippedProject]:
    state = state_of(project)
    if isinstance(state, SkippedProject):
        return [state]
    work = _Work(inventory, project, findings, assumptions, unsafe)
    work.do()
    if not work.actions:
        return [skipped(project, reason) for reason in dict.fromkeys(work.declined)]
    if reason := work.unsafe_reason():
        return [skipped(project, reason)]
    notes = work.notes + work.declined
    return [project_plan(project, state, work.actions, confidence=work.confidence, notes=notes)]


@dataclass
class _Work:
    """The findings of one project at work: what is to be done, what is declined and why."""

    inventory: "Inventory"
    project: Project
    findings: Sequence[Finding]
    assumptions: Assumptions
    unsafe: bool
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
        if OPEN in by_code:
            self._close([*by_code[OPEN], *by_code[OPEN_WITH_USES]])
        if self.project.archived and not self.closed:
            self.declined.append("it is archived: only closing an open one is planned")
            return
        if not self.closed:
            self._entries()
        for code in sorted(by_code):
            self._other(code, by_code[code])

    def _close(self, findings: list[Finding]) -> None:
        found = close(
            SuggestRequest(self.inventory, AllowlistOptions(), self.assumptions), self.project
        )
        if isinstance(found, SkippedProject):
            self.declined.append(f"{OPEN}: {found.reason}")
            return
        self.closed = True
        self.confidence = found.confidence
        self.notes += found.notes
        mended = tuple(sorted(finding.fingerprint for finding in findings))
        for action in found.actions:
            names = mended if action.operation == "set-inbound" else ()
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
        codes: dict[str, set[str]] = defaultdict(set)
        for finding in self.findings:
            if finding.entry is not None and finding.rule in REMOVED:
                codes[f"{finding.entry.kind}:{finding.entry.id}"].add(finding.rule)
        touchable = changeable_entries(self.scope, self.project)
        if f"project:{self.project.id}" in codes:
            self.declined.append("a project's own entry is never touched")
        for entry in widest_first(e for e in touchable if e.key in codes):
            self._entry(entry, sorted(codes[entry.key]))

    def _entry(self, entry: AllowlistEntry, codes: Sequence[str]) -> None:
        action = removal(
            entry,
            "; ".join(f"{code}: {REMOVED[code]}" for code in codes),
            findings=self._prints(EntryState.of(entry)),
        )
        before, then = self._before, project_after(self._left or self._before, [action])
        effect = access_change(before, then, origin_of(entry), self.assumptions)
        what = f"removing the {entry.kind} entry {entry.target_path} ({', '.join(codes)})"
        if removal_widens(before, then, entry, self.assumptions):
            self.declined.append(f"{what} would widen access: a wider entry grants more")
            return
        # Who does not come through it was looked at with the entry that lets him in.
        uses = uses_through(entry, self.scope.uses or ())
        why = self._why_unsafe(
            codes, effect, list(losing_origins(before, then, uses, self.assumptions))
        )
        if why is None:
            if effect != NO_CHANGE:
                self._rely_on_log(entry)
            self._remove(action, then)
        elif set(codes) == {REDUNDANT}:
            # The entry above it goes, so this one is not redundant any more.
            return
        elif self.unsafe:
            reason = f"{action.reason} (unsafe: {why})"
            self._remove(action.model_copy(update={"safe": False, "reason": reason}), then)
        else:
            self.declined.append(f"{what} needs --unsafe: {why}")

    def _remove(self, action: Action, then: Project) -> None:
        self.actions.append(action)
        self._left = then

    @cached_property
    def _before(self) -> Project:
        return with_limit_on(self.project)

    def _why_unsafe(
        self, codes: Collection[str], effect: AccessChange, lost: Sequence[str]
    ) -> str | None:
        """Say why a removal that widens nothing is not safe; None where it is."""
        if effect == NO_CHANGE and REDUNDANT in codes:
            return None
        if not any(code in codes for code in CAN_BE_SAFE if code != REDUNDANT):
            return "who comes through it today would lose access"
        if lost:
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            return f"the log has uses by {', '.join(sorted(lost)[:3])}{more}"
        return None if DANGLING in codes else log.fault(self.scope, self.inventory)

    def _rely_on_log(self, entry: AllowlistEntry) -> None:
        if reason := log.fault(self.scope, self.inventory):
            self._trust("low")
            self.notes.append(f"whether {entry.target_path} still comes is not known: {reason}")
        else:
            self._trust(log.confidence(self.inventory, empty=not self.scope.uses))

    def _trust(self, sure: log.Confidence) -> None:
        grades: tuple[log.Confidence, ...] = ("low", "medium", "high")
        self.confidence = min(self.confidence, sure, key=grades.index)

    def _other(self, code: str, findings: list[Finding]) -> None:
        prints = tuple(sorted(finding.fingerprint for finding in findings))
        if code in FLAGS:
            self._flag(code, prints)
        elif code == OUTBOUND_ROWS:
            self._outbound_rows(prints)
        elif code == OPEN_WITH_USES:
            if not any(finding.rule == OPEN for finding in self.findings):
                self.declined.append(f"{code}: it goes with closing the project ({OPEN})")
        elif code not in REMOVED and code != OPEN:
            self.declined.append(f"{code}: {NO_REMEDY.get(code, f'{NOTHING} {code}')}")

    def _flag(self, code: str, prints: tuple[str, ...]) -> None:
        remedy = FLAGS[code]
        if remedy.unsafe and not self.unsafe:
            self.declined.append(f"{code}: switching it off needs --unsafe: {remedy.unsafe}")
            return
        reason = f"{code}: {remedy.reason}"
        self.actions.append(
            Action(
                operation=remedy.operation,
                value=remedy.value,
                reason=f"{reason} (unsafe: {remedy.unsafe})" if remedy.unsafe else reason,
                findings=prints,
                safe=remedy.unsafe is None,
            )
        )

    def _outbound_rows(self, prints: tuple[str, ...]) -> None:
        switched = any(action.operation == "set-outbound" for action in self.actions)
        if self.scope.outbound and not switched:
            self.declined.append(
                f"{OUTBOUND_ROWS}: the outbound limit is still on, and its entries may be in force;"
                " switching it off (SL201) needs --unsafe"
            )
            return
        effect = "that has no effect once the limit is off" if switched else "without effect"
        for entry in self.scope.outbound_entries or ():
            if entry.target_id != self.project.id or entry.kind == "group":
                self.actions.append(
                    Action(
                        operation="remove-outbound-entry",
                        entry=EntryState.of(entry),
                        reason=f"{OUTBOUND_ROWS}: a leftover of the outbound allowlist, {effect}",
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
