"""The findings of a run: verdicts become findings, and everything is counted as the projects pass.

A run may keep several, each for a part of the projects, in processes of their own; what they hold
adds up (`part`, `include`), so that it does not matter who judged what.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from scopelint.engine.acceptance import extent_of
from scopelint.engine.baseline import Marks
from scopelint.engine.carry import CarryOver
from scopelint.engine.codec import (
    FINDINGS,
    JUDGED,
    CollectedPart,
    JudgedPaths,
    JudgedProject,
    Outcomes,
    PartFiles,
)
from scopelint.engine.counts import FindingCounts
from scopelint.engine.engine_settings import Settings
from scopelint.engine.evaluation import Evaluator, ProjectAnswers, judge_once
from scopelint.engine.overview import Overview, OverviewPart
from scopelint.engine.rule_sets import RuleSet, RuleSets, cannot_choose, cannot_judge
from scopelint.engine.spill import Spill, SpillWriter
from scopelint.engine.waivers import WaiverBook
from scopelint.errors import PluginError
from scopelint.finding import (
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    Verdict,
    fingerprint,
)
from scopelint.model import AllowlistEntry, Project
from scopelint.owners import ownership
from scopelint.report import ProjectOutcome, RuleSummary
from scopelint.rule import Rule, UnreadableProjectRule
from scopelint.snapshot.inventory import Inventory


@dataclass(slots=True)
class _JudgedSubject:
    """What verdicts are about: a project, or the instance, and what was found of it."""

    project: ProjectRef | None
    severities: Mapping[str, Severity]
    owner: str | None = None
    failed: set[str] = field(default_factory=set)
    """Fingerprints."""
    unknown: dict[str, Finding] = field(default_factory=dict)
    """The findings of that verdict, by fingerprint."""
    passed: set[str] = field(default_factory=set)
    """Codes of the instance's rules that have a verdict `pass`."""


class FindingsCollector:
    """Makes findings of the rules' answers, project by project, and counts them."""

    def __init__(
        self,
        inventory: Inventory,
        rules: Sequence[Rule],
        settings: Settings,
        files: PartFiles | None = None,
        *,
        baseline: Marks | None = None,
        tell: Callable[[Finding], None] | None = None,
        keep: bool = True,
    ) -> None:
        """Take what is judged, by which rules.

        `files` are those of a part. `baseline` marks in place of that of the settings. `tell` is
        given each finding, marked. Without `keep` no finding is kept, and there is no overview.
        """
        self._inventory = inventory
        self._instance = inventory.scan.instance
        self._severities = settings.severities
        self._rules = (*rules, *settings.selectable)
        self._reasons = {rule.code: rule.not_judged(inventory) for rule in self._rules}
        self._rule_sets = RuleSets(
            rules,
            settings.selectable,
            settings.severities,
            settings.overrides,
            lambda rule: rule.not_judged(inventory),
        )
        self._evaluators: dict[int, Evaluator] = {}
        self._asked: list[Evaluator] = []
        self._counts: Counter[tuple[str, Outcome]] = Counter()
        self._baseline = baseline or settings.baseline
        self._tell = tell
        self._keep = keep
        self._findings = SpillWriter(FINDINGS, files.findings if files else None)
        self._judged = SpillWriter(JUDGED, files.judged if files else None)
        self._used_rule_sets: set[int] = set()
        self._parts: list[tuple[PartFiles, CollectedPart]] = []
        self._overview = Overview(inventory) if keep else None
        self.ownership = ownership(settings.owners, lambda: inventory.kinds)
        self.perhaps: Counter[int] = Counter()
        """Projects that it is not known for whether an override is for them, by its index."""
        today = settings.today or datetime.now(UTC).date()
        self.waivers = WaiverBook(settings.waivers, today, lambda: inventory.kinds)
        self.finding_counts = FindingCounts()
        self.unbounded = 0
        """Findings of the baseline, which does not say how much of them it accepts."""
        self.carry = (
            CarryOver(settings.previous, inventory, self._mark) if settings.previous else None
        )

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the rules that take part."""
        return frozenset(rule.code for rule in self._rules)

    def judge_instance(self) -> None:
        """Ask the rules about the instance."""
        subject = _JudgedSubject(None, self._severities)
        for rule in self._rules:
            if rule.once and self._reasons[rule.code] is None:
                for verdict in judge_once(rule, self._inventory):
                    self._enter(subject, rule, verdict, verdict.entry)
                    if verdict.outcome is Outcome.PASS:
                        subject.passed.add(rule.code)
        if self.carry is not None:
            judging = [rule for rule in self._rules if rule.once and not self._reasons[rule.code]]
            found = (subject.failed, list(subject.unknown.values()), subject.passed)
            self.carry.judged_instance(judging, *found)

    def judge(self, only: Collection[int] | None = None) -> None:
        """Ask the rules about the chosen projects with these ids, as `Inventory.projects` takes them."""
        for project in self._inventory.chosen_projects(only):
            self.judge_project(project)

    def judge_project(self, project: Project) -> None:
        """Ask the project's rules about it."""
        rule_set = self.rule_set(project)
        evaluator = self._evaluators.get(rule_set.number) or self._evaluator(rule_set)
        self.take_in(project, rule_set, [(evaluator, evaluator.ask(project, self._inventory))])

    def rule_set(self, project: Project) -> RuleSet:
        """Return the rule set for a project."""
        return self._rule_sets.at(project.path, lambda: project.kind)

    def count_passes_of(self, evaluator: Evaluator) -> None:
        """Count the passes of an evaluator whose answers are given to `take_in`."""
        self._asked.append(evaluator)

    def take_in(
        self,
        project: Project,
        rule_set: RuleSet,
        answered: Iterable[tuple[Evaluator, ProjectAnswers]],
    ) -> None:
        """Take in what evaluators, which share out the rules of a rule set, answered of a project."""
        ref = ProjectRef(project.id, project.path, project.web_url)
        subject = _JudgedSubject(ref, rule_set.severities, self._owner(project.path))
        passed, failed = 0, 0
        for evaluator, answers in answered:
            passed |= answers.passed
            for number, verdict, entry in answers.others:
                if verdict.outcome is Outcome.PASS:
                    passed |= evaluator.bits[number]
                else:
                    failed |= evaluator.bits[number]
                self._enter(subject, evaluator.rules[number], verdict, verdict.entry or entry)
        readable = project.scope is not None
        self.perhaps.update(rule_set.perhaps)
        if readable:
            self._used_rule_sets.add(rule_set.number)
            for rule, override in rule_set.unsure:
                self._enter(subject, rule, cannot_choose(project, override), None)
        if self.carry is not None:
            found = (subject.failed, list(subject.unknown.values()))
            self.carry.judged_project(project, [rule for _, rule in rule_set.judging], *found)
        self._judged.add(JudgedProject(ref, readable, passed & ~failed, rule_set.number))
        if self._overview is not None:
            self._overview.add(project)

    def owned(self, finding: Finding) -> Finding:
        """Return a finding of the last report, which knows whose it was then, as it is today."""
        path = finding.project.path if finding.project else None
        return replace(finding, owner=None if path is None else self._owner(path))

    def _owner(self, path: str) -> str | None:
        return self.ownership.of(path) if self.ownership else None

    def _evaluator(self, rule_set: RuleSet) -> Evaluator:
        self._evaluators[rule_set.number] = evaluator = Evaluator(rule_set.judging)
        self._asked.append(evaluator)
        return evaluator

    def _enter(
        self, subject: "_JudgedSubject", rule: Rule, verdict: Verdict, entry: AllowlistEntry | None
    ) -> None:
        """Take in a verdict on a subject, and on `entry` where it is about one."""
        self._counts[rule.code, verdict.outcome] += 1
        if verdict.outcome is Outcome.PASS:
            return
        finding = self._finding(subject, rule, verdict, entry)
        if finding.fingerprint in subject.failed or finding.fingerprint in subject.unknown:
            where = subject.project.path if subject.project else "the instance"
            raise PluginError(
                f"rule {rule.code} ({rule.name}) gave two verdicts with the key"
                f" {finding.key!r} for {where}",
                hint="A rule must give each of its verdicts on a project its own key.",
            )
        if finding.verdict is Outcome.FAIL:
            subject.failed.add(finding.fingerprint)
        else:
            subject.unknown[finding.fingerprint] = finding
        self._mark(finding)

    def _mark(self, finding: Finding) -> None:
        """Take in a finding as new, waived or baselined."""
        if finding.carried is not None:
            finding = self.owned(finding)
        finding = self.waivers.mark(finding)
        if self._baseline is not None:
            finding = self._baseline.mark(finding)
            self.unbounded += self._baseline.accepts_any_extent(finding)
        if (carry := self.carry) is not None and finding.carried is None:
            if finding.verdict is Outcome.FAIL:
                carry.found(finding)
            elif carry.replaces(finding):
                self.finding_counts.accept(finding)
                return
        if self._tell is not None:
            self._tell(finding)
        if self._keep:
            self.finding_counts.add(finding)
            self._findings.add(finding)

    def _finding(
        self, subject: "_JudgedSubject", rule: Rule, verdict: Verdict, entry: AllowlistEntry | None
    ) -> Finding:
        code, project, evidence = rule.code, subject.project, verdict.evidence
        key = verdict.key if verdict.key is not None else (entry.key if entry else "")
        return Finding(
            rule=code,
            name=rule.name,
            severity=subject.severities.get(code, rule.severity),
            confidence=verdict.confidence or rule.confidence,
            verdict=Outcome.UNKNOWN if verdict.outcome is Outcome.UNKNOWN else Outcome.FAIL,
            message=verdict.message,
            project=project,
            entry=EntryRef(entry.kind, entry.target_id, entry.target_path) if entry else None,
            fingerprint=fingerprint(code, self._instance, project.id if project else None, key),
            evidence=evidence if type(evidence) is dict else dict(evidence),
            remediation=verdict.remediation,
            key=key,
            extent=extent_of(entry, verdict.reach, self._inventory),
            owner=subject.owner,
        )

    def part(self) -> CollectedPart:
        """Return all that was found, to be included elsewhere; the collector is done then."""
        return CollectedPart(
            findings=self._findings.flush(),
            judged=self._judged.flush(),
            finding_counts=self.finding_counts,
            counts=self._counts + self._passes(),
            used_waivers=self.waivers.used,
            unbounded_waivers=self.waivers.unbounded,
            unbounded=self.unbounded,
            used_rule_sets=self._used_rule_sets,
            perhaps=self.perhaps,
            unsure_waivers=self.waivers.unsure,
            seen=self._overview.seen if self._overview else OverviewPart(),
            changes=self.carry.changes if self.carry else None,
        )

    def include(self, part: CollectedPart, files: PartFiles) -> None:
        """Add what another collector found in its part of the projects."""
        self._parts.append((files, part))
        self.finding_counts.include(part.finding_counts)
        self._counts.update(part.counts)
        self.waivers.include(part.used_waivers, part.unbounded_waivers, part.unsure_waivers)
        self.perhaps.update(part.perhaps)
        self.unbounded += part.unbounded
        self._used_rule_sets |= part.used_rule_sets
        if self._overview is not None:
            self._overview.seen.include(part.seen)
        if self.carry is not None and part.changes is not None:
            self.carry.changes.include(part.changes)

    @property
    def not_judged(self) -> Mapping[str, str]:
        """Why a rule could not judge at all, by code; settled by `judge_skipped`."""
        return {code: reason for code, reason in self._reasons.items() if reason}

    def judge_skipped(self) -> None:
        """Say unknown where a rule could not judge with an override's options, but did elsewhere.

        A rule that judged nowhere is *not judged*, which its summary says once.
        """
        used = sorted(self._used_rule_sets)
        rule_sets = {number: self._rule_sets.numbered(number) for number in used}
        judging = {rule.code for rule_set in rule_sets.values() for _, rule in rule_set.judging}
        self._reasons |= {
            rule.code: rule.not_judged(self._inventory)
            for rule_set in rule_sets.values()
            for rule in rule_set.skipped
        } | dict.fromkeys(judging)
        missed = {
            number: [
                rule
                for rule in rule_set.skipped
                if rule.code in judging and not isinstance(rule, UnreadableProjectRule)
            ]
            for number, rule_set in rule_sets.items()
        }
        if not any(missed.values()):
            return
        for each in self._all_judged():
            for rule in missed[each.rule_set] if each.readable else ():
                verdict = cannot_judge(rule, each.project.path, self._inventory)
                owner = self._owner(each.project.path)
                subject = _JudgedSubject(each.project, rule_sets[each.rule_set].severities, owner)
                self._enter(subject, rule, verdict, None)

    def findings(self) -> Collection[Finding]:
        """Return the findings in report order."""
        others = ((files.findings, part.findings) for files, part in self._parts)
        return self._findings.collected(others)

    def outcomes(self) -> Iterable[ProjectOutcome]:
        """Return what passed where, by project path; it can be walked any number of times."""
        return Outcomes(self._all_judged(), self._rule_sets.bits)

    def judged_paths(self) -> Iterable[str]:
        """Return the paths of the judged projects; they can be walked any number of times."""
        return JudgedPaths(self._all_judged())

    def _all_judged(self) -> Spill[JudgedProject]:
        return self._judged.collected((files.judged, part.judged) for files, part in self._parts)

    def overview(self) -> dict[str, Any]:
        """Return the report's picture of the tree."""
        assert self._overview is not None  # noqa: S101 - only a collector that keeps its findings
        return self._overview.data(self.finding_counts.namespaces)

    def _passes(self) -> Counter[tuple[str, Outcome]]:
        """Count the verdicts that evaluators only count."""
        counts: Counter[tuple[str, Outcome]] = Counter()
        for evaluator in self._asked:
            for rule, number in zip(evaluator.rules, evaluator.passes, strict=True):
                counts[rule.code, Outcome.PASS] += number
        return counts

    def rule_summaries(self, distributions: Mapping[str, str]) -> tuple[RuleSummary, ...]:
        """Return each rule's identity, texts and counts, by code."""
        counts = self._counts + self._passes()
        return tuple(
            replace(
                rule_summary(rule, distributions.get(rule.code, "scopelint")),
                severity=self._severities.get(rule.code, rule.severity),
                own_severity=_own_severity(rule, self._severities),
                page=rule.page(),
                outcomes={outcome: counts[rule.code, outcome] for outcome in Outcome},
                not_judged=self._reasons[rule.code],
            )
            for rule in sorted(self._rules, key=lambda rule: rule.code)
        )


def rule_summary(rule: Rule | type[Rule], distribution: str = "scopelint") -> RuleSummary:
    """Return what a rule declares, as a report shows it; its page and its counts are left empty."""
    return RuleSummary(
        code=rule.code,
        name=rule.name,
        title=rule.title,
        requirement=rule.requirement,
        remedy=str(rule.remedy),
        severity=rule.severity,
        help_uri=rule.help_uri,
        page="",
        outcomes={},
        tags=rule.tags,
        cwe=rule.cwe,
        owasp=rule.owasp,
        confidence=rule.confidence.value,
        distribution=distribution,
        role=rule.role,
        subject=rule.subject.value,
        change=rule.remedy.change,
    )


def _own_severity(rule: Rule, severities: Mapping[str, Severity]) -> Severity | None:
    """Return a rule's own severity where another one holds for the run."""
    return rule.severity if severities.get(rule.code, rule.severity) != rule.severity else None
