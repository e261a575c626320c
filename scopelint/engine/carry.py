"""Carries findings of the last report over to a run that could not judge them.

A consumer that compares a report with the one before calls closed what is missing in it. So a
finding is dropped only where this run shows that it is fixed: its project was read and the rule
judged it, or the project is no longer below the targets. Silence of a rule is neither: an entry
whose target this token does not see any more says nothing.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace

from scopelint.engine.previous import Previous
from scopelint.finding import (
    PASS,
    Carried,
    Finding,
    FixedFinding,
    Outcome,
    ProjectRef,
    SincePrevious,
    State,
    Verdict,
    fingerprint,
)
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.report import RuleSummary
from scopelint.rule import (
    DeclaredFileRule,
    EntryContext,
    EntryRule,
    ProjectContext,
    ProjectRule,
    Rule,
    Verdicts,
)
from scopelint.snapshot.inventory import Inventory

_NOT_ENUMERATED = frozenset({Fact.ENUMERATION, Fact.COUNT, Fact.UNFINISHED, Fact.GROUP, Fact.SHARD})
"""Gaps with which a project that is not listed may still be there."""


@dataclass(slots=True)
class Changes:
    """What changed since the last report; the changes of several parts of a run add up."""

    new: list[str] = field(default_factory=list)
    first_judged: list[str] = field(default_factory=list)
    fixed: list[FixedFinding] = field(default_factory=list)
    expired: int = 0
    rules: set[str] = field(default_factory=set)
    """Codes of the findings that were carried over."""

    def include(self, other: "Changes") -> None:
        """Add what another part found."""
        self.new += other.new
        self.first_judged += other.first_judged
        self.fixed += other.fixed
        self.expired += other.expired
        self.rules |= other.rules


class CarryOver:
    """Compares what is found now with the last report, project by project.

    `take` is given each finding that is carried over, in state new.
    """

    def __init__(
        self, previous: Previous, inventory: Inventory, take: Callable[[Finding], None]
    ) -> None:
        self._previous = previous
        self._inventory = inventory
        self._take = take
        self.changes = Changes()

    def found(self, finding: Finding) -> None:
        """Take note of a finding that fails now."""
        if self._previous.get(finding.fingerprint) is None:
            looked = self._previous.looked_for(finding)
            (self.changes.new if looked else self.changes.first_judged).append(finding.fingerprint)

    def replaces(self, unknown: Finding) -> bool:
        """Tell whether a finding of verdict unknown will be carried over as the fail that it was."""
        before = self._previous.get(unknown.fingerprint)
        return before is not None and not self._is_expired(before)

    def judged_instance(
        self,
        rules: Sequence[Rule],
        failed: Set[str],
        unknown: Sequence[Finding],
        passed: Set[str],
    ) -> None:
        """Decide about the findings of the instance.

        `rules` are those that judged it; `failed` are fingerprints, `passed` codes of rules with a
        verdict `pass`, `unknown` the findings of that verdict.
        """
        judging = {rule.code: rule for rule in rules}
        whole = self._inventory.complete and self._inventory.scan.filters.everything
        for finding in self._previous.of(None):
            if finding.fingerprint in failed:
                continue
            rule = judging.get(finding.rule)
            # A rule about all that was read may fail to see in a part what it saw in the whole.
            certain = whole or finding.rule in passed or isinstance(rule, DeclaredFileRule)
            if rule is None or not certain or _is_in_doubt(finding, unknown):
                self._carry(finding, finding.project)
            else:
                self.changes.fixed.append(FixedFinding(finding, "read"))

    def judged_project(
        self,
        project: Project,
        rules: Sequence[Rule],
        failed: Set[str],
        unknown: Sequence[Finding],
    ) -> None:
        """Decide about the findings of a project that was read, or that was found unreadable.

        `rules` are those that judged it, `failed` are fingerprints, `unknown` the findings of that
        verdict.
        """
        missing = [
            finding
            for finding in self._previous.of(project.id)
            if finding.fingerprint not in failed
        ]
        if not missing:
            return
        ref = ProjectRef(project.id, project.path, project.web_url)
        judging = {rule.code: rule for rule in rules}
        for finding in missing:
            rule = judging.get(finding.rule)
            if rule is None or self._is_open(finding, rule, project, unknown):
                self._carry(finding, ref)
            else:
                self.changes.fixed.append(FixedFinding(_at(finding, ref), "read"))

    def _is_open(
        self, finding: Finding, rule: Rule, project: Project, unknown: Sequence[Finding]
    ) -> bool:
        """Tell whether a rule that judged a project leaves it open whether a finding still holds."""
        scope = project.scope
        if scope is None:
            return True
        if isinstance(rule, EntryRule) and finding.entry is not None:
            return self._entry_is_open(finding, rule, project, scope)
        if _is_in_doubt(finding, unknown):
            return True
        if not isinstance(rule, ProjectRule):
            return False
        if finding.entry is not None:
            entry = self._entry(finding, project, scope)
            return entry is not None and self._inventory.target(entry) is None
        silent = not list(_each(rule.judge(ProjectContext(self._inventory, project, scope))))
        return silent and any(self._inventory.target(each) is None for each in scope.entries)

    def _entry_is_open(
        self, finding: Finding, rule: EntryRule, project: Project, scope: Scope
    ) -> bool:
        entry = self._entry(finding, project, scope)
        if entry is None:
            return Fact.ENTRIES in scope.missing
        if rule.needs & scope.missing - {Fact.ENTRIES}:
            return True
        context = EntryContext(self._inventory, project, scope, entry)
        verdicts = list(_each(rule.judge(context)))
        if not verdicts:
            return self._inventory.target(entry) is None
        return any(verdict.outcome is Outcome.UNKNOWN for verdict in verdicts)

    def _entry(self, finding: Finding, project: Project, scope: Scope) -> AllowlistEntry | None:
        """Return the entry of the allowlist that a finding is about, None if it is not there."""
        about, instance = finding.entry, self._inventory.scan.instance
        for entry in scope.entries:
            if about is not None and about.id is not None:
                if (entry.kind, entry.target_id) == (about.kind, about.id):
                    return entry
            elif finding.fingerprint == fingerprint(finding.rule, instance, project.id, entry.key):
                return entry
        return None

    def rest(self) -> None:
        """Decide about the findings of projects that were not judged: left out, waiting, or gone."""
        wanted = set(self._previous.projects())
        listed = {
            number: (path, state)
            for number, path, state in self._inventory.states()
            if number in wanted
        }
        known = not any(gap.fact in _NOT_ENUMERATED for gap in self._inventory.gaps)
        for number in sorted(wanted):
            path, state = listed.get(number, (None, ""))
            if state in {"read", "unreadable"}:
                continue
            for finding in self._previous.of(number):
                if path is None and known:
                    self.changes.fixed.append(FixedFinding(finding, "gone"))
                else:
                    ref = ProjectRef(number, path, None) if path else finding.project
                    self._carry(finding, ref)

    def since(self) -> SincePrevious:
        """Return what changed since the last report, as a report shows it."""
        changes = self.changes
        return SincePrevious(
            self._previous.seen_at,
            tuple(sorted(changes.new)),
            tuple(sorted(changes.first_judged)),
            tuple(sorted(changes.fixed, key=lambda each: each.finding.sort_key)),
            changes.expired,
        )

    def other_rules(self, known: Set[str]) -> tuple[RuleSummary, ...]:
        """Return the rules of what was carried over, by code, but those whose codes are known."""
        return tuple(self._previous.rules[code] for code in sorted(self.changes.rules - known))

    def _carry(self, finding: Finding, project: ProjectRef | None) -> None:
        if self._is_expired(finding):
            self.changes.expired += 1
            return
        self.changes.rules.add(finding.rule)
        now = _at(finding, project)
        self._take(
            replace(
                now,
                state=State.NEW,
                waiver=None,
                outgrown=None,
                message=now.rule_message,
                carried=Carried(self._previous.last_seen(finding)),
            )
        )

    def _is_expired(self, finding: Finding) -> bool:
        return self._previous.is_expired(finding, self._inventory.as_of)


def _is_in_doubt(finding: Finding, unknown: Sequence[Finding]) -> bool:
    """Tell whether its rule said unknown: of the whole subject, or of the same thing."""
    return any(
        each.rule == finding.rule
        and (each.entry is None or each.fingerprint == finding.fingerprint)
        for each in unknown
    )


def _each(answer: Verdicts) -> Iterator[Verdict]:
    if answer is PASS or isinstance(answer, Verdict):
        yield answer
    elif answer is not None:
        yield from answer


def _at(finding: Finding, project: ProjectRef | None) -> Finding:
    """Return a finding with the path that its project has now."""
    before = finding.project
    if before is None or project is None or before.path == project.path:
        return finding
    url = project.web_url
    if url is None and before.web_url is not None and before.web_url.endswith(f"/{before.path}"):
        url = before.web_url.removesuffix(before.path) + project.path
    message = finding.message
    if message.startswith(before.path):
        message = project.path + message.removeprefix(before.path)
    return replace(finding, project=replace(project, web_url=url), message=message)
