"""Rules, estate, report: the one place that turns verdicts into findings and counts them."""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import scopelint
from scopelint.errors import PluginError
from scopelint.estate import Estate
from scopelint.finding import (
    PASS,
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    Verdict,
    fingerprint,
)
from scopelint.judging import guarded, guarded_all, verdicts
from scopelint.model import Project
from scopelint.overview import Overview
from scopelint.policy.baseline import Baseline
from scopelint.policy.gate import FailOn, gaps_accepted, gate
from scopelint.policy.overrides import Override
from scopelint.policy.plans import Plans
from scopelint.policy.waivers import Waiver, apply
from scopelint.policy.waiverwords import waiver_warnings
from scopelint.report import (
    ProjectCounts,
    ProjectOutcome,
    Report,
    RuleSummary,
    ScanSummary,
    Summary,
)
from scopelint.rule import InstanceRule, Rule

__all__ = ["FailOn", "Settings", "gate", "run", "scan_summary", "summarise", "verdicts"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run counts and shows: all that is not a rule's own affair.

    `overrides` change rules, options and severities for projects by path, the later one wins;
    `selectable` are rules beyond the run's own that they may select. `most` are the tolerated
    numbers of findings by severity. `waivers` are held against `today`, today's UTC date where it
    is None; then `baseline` marks what is still new and was there before.
    """

    fail_on: FailOn = Severity.MEDIUM
    most: Mapping[Severity, int] = field(default_factory=dict)
    allow_incomplete: bool = False
    severities: Mapping[str, Severity] = field(default_factory=dict)
    min_severity: Severity = Severity.INFO
    new_only: bool = False
    overrides: tuple[Override, ...] = ()
    selectable: tuple[Rule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    today: date | None = None
    baseline: Baseline | None = None


@contextmanager
def _no_collector() -> Iterator[None]:
    """Pause Python's cyclic garbage collector while objects are made that all stay.

    Nothing here is cyclic, and walking hundreds of thousands of findings again and again is a
    tenth of the time.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def run(
    estate: Estate,
    rules: Sequence[Rule],
    settings: Settings | None = None,
    *,
    distributions: Mapping[str, str] | None = None,
) -> Report:
    """Judge the whole estate with these rules and return the report.

    `distributions` names the installed package of each rule code. Raises PluginError where a rule
    crashes: a crash never counts as a pass; UsageError where overrides do not fit together.
    """
    settings = settings or Settings()
    ledger = _Ledger(estate, rules, settings)
    ledger.judge_instance()
    overview = Overview(estate)
    with _no_collector():
        for project in estate.projects():
            ledger.judge_project(project)
            overview.add(project)
    ledger.judge_skipped()
    waived = apply(
        ledger.sorted_findings(), settings.waivers, settings.today or datetime.now(UTC).date()
    )
    findings = waived.findings
    if settings.baseline is not None:
        findings = settings.baseline.apply(findings)
    summary = summarise(findings)
    return Report(
        tool_version=scopelint.__version__,
        scan=scan_summary(estate),
        summary=summary,
        gate=gate(
            summary,
            settings.fail_on,
            complete=estate.complete,
            most=settings.most,
            allow_incomplete=settings.allow_incomplete,
            accepted=gaps_accepted(estate.gaps, findings),
        ),
        rules=ledger.rule_summaries(distributions or {}),
        findings=findings,
        outcomes=ledger.outcomes(),
        overview=overview.data(findings),
        warnings=tuple(waiver_warnings(waived, estate, ledger.codes)),
        min_severity=settings.min_severity,
        new_only=settings.new_only,
    )


def scan_summary(estate: Estate) -> ScanSummary:
    """Return the scan's frame and numbers as a report shows them."""
    counts = ProjectCounts(estate.total, estate.read, estate.total - estate.read)
    return ScanSummary(
        scan=estate.scan,
        complete=estate.complete,
        projects=counts,
        groups=len(estate.groups),
        entries=estate.entry_count,
        gaps=estate.gaps,
    )


def summarise(findings: Iterable[Finding]) -> Summary:
    """Count findings: each one once, as waived, baselined, unknown or by its severity."""
    severities: Counter[Severity] = Counter()
    others: Counter[str] = Counter()
    for finding in findings:
        if finding.state is not State.NEW:
            others[finding.state.value] += 1
        elif finding.verdict is Outcome.UNKNOWN:
            others["unknown"] += 1
        else:
            severities[finding.severity] += 1
    return Summary(severities, others["unknown"], others["waived"], others["baselined"])


def _cannot(rule: Rule, path: str, estate: Estate) -> Verdict:
    return Verdict(
        Outcome.UNKNOWN,
        f"{path}: with the options that an override gives it here, this rule cannot judge:"
        f" {rule.not_judged(estate)}",
        {"options": rule.options.model_dump(mode="json")},
        "Change the rule's options in that override, or ignore the rule there.",
    )


class _Ledger:
    """Keeps what the rules said while the projects stream by."""

    def __init__(self, estate: Estate, rules: Sequence[Rule], settings: Settings) -> None:
        self._estate = estate
        self._severities = settings.severities
        self._rules = (*rules, *settings.selectable)
        self._reasons = {rule.code: rule.not_judged(estate) for rule in self._rules}
        self._plans = Plans(
            rules,
            settings.selectable,
            settings.severities,
            settings.overrides,
            lambda rule: rule.not_judged(estate),
        )
        self._counts: dict[str, Counter[Outcome]] = {rule.code: Counter() for rule in self._rules}
        self._passes = dict.fromkeys(self._counts, 0)
        self._passed_sets: dict[int, tuple[str, ...]] = {}
        self._findings: dict[str, Finding] = {}
        self._projects: list[tuple[str, int, str | None, bool, int, int]] = []

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the rules that take part."""
        return frozenset(rule.code for rule in self._rules)

    def judge_instance(self) -> None:
        """Ask the rules about the instance."""
        for rule in self._rules:
            if isinstance(rule, InstanceRule) and self._reasons[rule.code] is None:
                for verdict in guarded(rule, rule.judge, self._estate):
                    self._enter(rule, None, verdict, self._severities)

    def judge_project(self, project: Project) -> None:
        """Ask the project's rules about it."""
        plan = self._plans.at(project.path)
        passed = 0
        for bit, rule, said in guarded_all(plan.judging, project, self._estate):
            # Nearly all verdicts are the one object PASS: they are only counted.
            others = [verdict for verdict in said if verdict is not PASS]
            self._passes[rule.code] += len(said) - len(others)
            for verdict in others:
                self._enter(rule, project, verdict, plan.severities)
            if not others or all(verdict.outcome is Outcome.PASS for verdict in others):
                passed |= bit
        readable = project.scope is not None
        self._projects.append(
            (project.path, project.id, project.web_url, readable, passed, plan.number)
        )

    def judge_skipped(self) -> None:
        """Say unknown where a rule could not judge with an override's options, but did elsewhere.

        A rule that judged nowhere is *not judged*, which its summary says once.
        """
        used = {number for *_, readable, _, number in self._projects if readable}
        plans = {plan.number: plan for plan in self._plans.made if plan.number in used}
        judging = {rule.code for plan in plans.values() for _, rule in plan.judging}
        self._reasons |= {
            rule.code: rule.not_judged(self._estate)
            for plan in plans.values()
            for rule in plan.skipped
        } | dict.fromkeys(judging)
        missed = {
            number: [rule for rule in plan.skipped if rule.code in judging]
            for number, plan in plans.items()
        }
        if not any(missed.values()):
            return
        for path, project_id, web_url, readable, _, number in self._projects:
            for rule in missed[number] if readable else ():
                project = Project(project_id, path, web_url=web_url)
                verdict = _cannot(rule, path, self._estate)
                self._enter(rule, project, verdict, plans[number].severities)

    def _enter(
        self,
        rule: Rule,
        project: Project | None,
        verdict: Verdict,
        severities: Mapping[str, Severity],
    ) -> None:
        self._counts[rule.code][verdict.outcome] += 1
        if verdict.outcome is Outcome.PASS:
            return
        finding = _finding(rule, project, verdict, self._estate, severities)
        if finding.fingerprint in self._findings:
            where = project.path if project else "the instance"
            raise PluginError(
                f"rule {rule.code} ({rule.name}) gave two verdicts with the key"
                f" {finding.key!r} for {where}",
                hint="A rule must give each of its verdicts on a project its own key.",
            )
        self._findings[finding.fingerprint] = finding

    def sorted_findings(self) -> tuple[Finding, ...]:
        """Return the findings in report order."""
        return tuple(sorted(self._findings.values(), key=lambda finding: finding.sort_key))

    def outcomes(self) -> tuple[ProjectOutcome, ...]:
        """Return what passed where, by project path."""
        return tuple(
            ProjectOutcome(ProjectRef(project_id, path, web_url), readable, self._passed(passed))
            for path, project_id, web_url, readable, passed, _ in sorted(self._projects)
        )

    def _passed(self, bits: int) -> tuple[str, ...]:
        """Return the codes of these bits; most projects share one of a few sets."""
        if bits not in self._passed_sets:
            codes = tuple(code for code, bit in self._plans.bits.items() if bits & bit)
            self._passed_sets[bits] = codes
        return self._passed_sets[bits]

    def _outcomes(self, code: str) -> dict[Outcome, int]:
        counts = {outcome: self._counts[code][outcome] for outcome in Outcome}
        counts[Outcome.PASS] += self._passes[code]
        return counts

    def rule_summaries(self, distributions: Mapping[str, str]) -> tuple[RuleSummary, ...]:
        """Return each rule's identity, texts and counts, by code."""
        return tuple(
            RuleSummary(
                code=rule.code,
                name=rule.name,
                title=rule.title,
                severity=self._severities.get(rule.code, rule.severity),
                help_uri=rule.help_uri,
                page=rule.page(),
                outcomes=self._outcomes(rule.code),
                not_judged=self._reasons[rule.code],
                tags=rule.tags,
                cwe=rule.cwe,
                owasp=rule.owasp,
                confidence=rule.confidence.value,
                distribution=distributions.get(rule.code, "scopelint"),
            )
            for rule in sorted(self._rules, key=lambda rule: rule.code)
        )


def _finding(
    rule: Rule,
    project: Project | None,
    verdict: Verdict,
    estate: Estate,
    severities: Mapping[str, Severity],
) -> Finding:
    entry = verdict.entry
    key = verdict.key if verdict.key is not None else (entry.key if entry else "")
    project_id = project.id if project else None
    return Finding(
        rule=rule.code,
        name=rule.name,
        severity=severities.get(rule.code, rule.severity),
        confidence=verdict.confidence or rule.confidence,
        verdict=Outcome.UNKNOWN if verdict.outcome is Outcome.UNKNOWN else Outcome.FAIL,
        message=verdict.message,
        project=ProjectRef(project.id, project.path, project.web_url) if project else None,
        entry=EntryRef(entry.kind, entry.target_id, entry.target_path) if entry else None,
        fingerprint=fingerprint(rule.code, estate.scan.instance, project_id, key),
        evidence=verdict.evidence,
        remediation=verdict.remediation,
        key=key,
    )
