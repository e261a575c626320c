"""Rules, estate, report: the one place that turns verdicts into findings and counts them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, ParamSpec

import scopelint
from scopelint.errors import PluginError
from scopelint.estate import Estate
from scopelint.finding import (
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    Verdict,
    fingerprint,
)
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.report import (
    Gate,
    ProjectCounts,
    ProjectOutcome,
    Report,
    RuleSummary,
    ScanSummary,
    Summary,
)
from scopelint.rule import (
    EntryRule,
    InstanceRule,
    ProjectRule,
    Rule,
    UnreadableProjectRule,
)

_P = ParamSpec("_P")
FailOn = Severity | Literal["never"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run counts and shows: all that is not a rule's own affair."""

    fail_on: FailOn = Severity.MEDIUM
    severities: Mapping[str, Severity] = field(default_factory=dict)
    min_severity: Severity = Severity.INFO
    new_only: bool = False


def run(
    estate: Estate,
    rules: Sequence[Rule],
    settings: Settings | None = None,
    *,
    distributions: Mapping[str, str] | None = None,
) -> Report:
    """Judge the whole estate with these rules and return the report.

    `distributions` names the installed package of each rule code. Raises PluginError where a rule
    crashes: a crash never counts as a pass.
    """
    settings = settings or Settings()
    ledger = _Ledger(estate, rules, settings)
    ledger.judge_instance()
    for project in estate.projects():
        ledger.judge_project(project)
    findings = ledger.sorted_findings()
    summary = summarise(findings)
    return Report(
        tool_version=scopelint.__version__,
        scan=scan_summary(estate),
        summary=summary,
        gate=gate(summary, settings.fail_on, complete=estate.complete),
        rules=ledger.rule_summaries(distributions or {}),
        findings=findings,
        outcomes=ledger.outcomes(),
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


def gate(summary: Summary, fail_on: FailOn, *, complete: bool) -> Gate:
    """Decide whether the run passes; a finding that gates beats an incomplete scan."""
    reasons = []
    if fail_on != "never":
        reasons = [
            f"{count} {severity.value}"
            for severity in Severity
            if severity is not Severity.UNKNOWN
            and severity.reaches(fail_on)
            and (count := summary.severities.get(severity, 0))
        ]
    if reasons:
        return Gate("fail", str(fail_on), tuple(reasons))
    if not complete:
        return Gate("incomplete", str(fail_on), ("the scan is incomplete",))
    return Gate("pass", str(fail_on))


def verdicts(rule: Rule, estate: Estate) -> Iterator[tuple[Project | None, Verdict]]:
    """Yield everything one rule says of an estate, passes included, in order of project id."""
    if rule.not_judged(estate) is not None:
        return
    if isinstance(rule, InstanceRule):
        for verdict in rule.judge(estate):
            yield None, verdict
        return
    for project in estate.projects():
        for verdict in judge_project(rule, project, estate):
            yield project, verdict


def judge_project(rule: Rule, project: Project, estate: Estate) -> Iterator[Verdict]:
    """Yield what one rule says of one project; nothing where it is not the rule's affair.

    A fact that the rule needs and that is missing for this project gives one unknown; an entry
    rule still judges the entries that were read.
    """
    if isinstance(rule, UnreadableProjectRule):
        if project.scope is None:
            yield from rule.judge(project, estate)
        return
    if project.scope is None or isinstance(rule, InstanceRule):
        return
    missing = rule.needs & project.scope.missing
    if missing:
        yield _unknown(missing, project)
    if isinstance(rule, EntryRule):
        if missing <= {Fact.ENTRIES}:
            yield from _judge_entries(rule, project, project.scope, estate)
    elif isinstance(rule, ProjectRule) and not missing:
        yield from rule.judge(project, project.scope, estate)


def _judge_entries(
    rule: EntryRule, project: Project, scope: Scope, estate: Estate
) -> Iterator[Verdict]:
    for entry in scope.entries:
        verdict = rule.judge(entry, project, scope, estate)
        if verdict is None or verdict.outcome is Outcome.PASS:
            if verdict is not None:
                yield verdict
        else:
            yield _with_entry(verdict, entry)


def _with_entry(verdict: Verdict, entry: AllowlistEntry) -> Verdict:
    return Verdict(
        verdict.outcome,
        verdict.message,
        verdict.evidence,
        verdict.remediation,
        verdict.entry or entry,
        verdict.key,
        verdict.confidence,
    )


_FACT_WORDS = {
    Fact.ENTRIES: "a part of its allowlist",
    Fact.LOG: "its authentication log",
    Fact.PERMISSIONS: "the permissions of its entries",
    Fact.OUTBOUND_ENTRIES: "its leftover outbound entries",
}


def _unknown(missing: Iterable[Fact], project: Project) -> Verdict:
    names = sorted(missing)
    words = " and ".join(_FACT_WORDS.get(fact, fact.value) for fact in names)
    return Verdict(
        Outcome.UNKNOWN,
        f"{project.path}: {words} could not be read, so this rule cannot tell",
        {"missing": [fact.value for fact in names]},
        "Scan again; if it stays so, check the token's role with: scopelint doctor",
    )


class _Ledger:
    """Keeps what the rules said while the projects stream by."""

    def __init__(self, estate: Estate, rules: Sequence[Rule], settings: Settings) -> None:
        self._estate = estate
        self._settings = settings
        self._rules = tuple(rules)
        self._reasons = {rule.code: rule.not_judged(estate) for rule in rules}
        self._judging = [
            (1 << index, rule)
            for index, rule in enumerate(rules)
            if self._reasons[rule.code] is None and not isinstance(rule, InstanceRule)
        ]
        self._counts: dict[str, Counter[Outcome]] = {rule.code: Counter() for rule in rules}
        self._findings: dict[str, Finding] = {}
        self._projects: list[tuple[str, int, str | None, bool, int]] = []

    def judge_instance(self) -> None:
        """Ask the rules about the instance."""
        for rule in self._rules:
            if isinstance(rule, InstanceRule) and self._reasons[rule.code] is None:
                for verdict in _guarded(rule, None, rule.judge, self._estate):
                    self._enter(rule, None, verdict)

    def judge_project(self, project: Project) -> None:
        """Ask every rule about one project."""
        passed = 0
        for bit, rule in self._judging:
            said = _guarded(rule, project, judge_project, rule, project, self._estate)
            for verdict in said:
                self._enter(rule, project, verdict)
            if said and all(verdict.outcome is Outcome.PASS for verdict in said):
                passed |= bit
        self._projects.append(
            (project.path, project.id, project.web_url, project.scope is not None, passed)
        )

    def _enter(self, rule: Rule, project: Project | None, verdict: Verdict) -> None:
        self._counts[rule.code][verdict.outcome] += 1
        if verdict.outcome is Outcome.PASS:
            return
        finding = _finding(rule, project, verdict, self._estate, self._settings)
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
            ProjectOutcome(
                ProjectRef(project_id, path, web_url),
                readable,
                tuple(rule.code for bit, rule in self._judging if passed & bit),
            )
            for path, project_id, web_url, readable, passed in sorted(self._projects)
        )

    def rule_summaries(self, distributions: Mapping[str, str]) -> tuple[RuleSummary, ...]:
        """Return each rule's identity, texts and counts, by code."""
        return tuple(
            RuleSummary(
                code=rule.code,
                name=rule.name,
                title=rule.title,
                severity=self._settings.severities.get(rule.code, rule.severity),
                help_uri=rule.help_uri,
                page=rule.page(),
                outcomes={outcome: self._counts[rule.code][outcome] for outcome in Outcome},
                not_judged=self._reasons[rule.code],
                tags=rule.tags,
                cwe=rule.cwe,
                owasp=rule.owasp,
                confidence=rule.confidence.value,
                distribution=distributions.get(rule.code, "scopelint"),
            )
            for rule in sorted(self._rules, key=lambda rule: rule.code)
        )


def _guarded(
    rule: Rule,
    project: Project | None,
    judge: Callable[_P, Iterable[Verdict]],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> list[Verdict]:
    """Collect what `judge` says; a crash of the rule is named with the rule and the project."""
    try:
        return list(judge(*args, **kwargs))
    except PluginError:
        raise
    except Exception as error:
        where = f"project {project.path} (id {project.id})" if project else "the instance"
        raise PluginError(
            f"rule {rule.code} ({rule.name}) crashed on {where}: {type(error).__name__}: {error}",
            hint=f"This is a fault of the rule in {type(rule).__module__}, not of your settings."
            f" Leave it out with --ignore {rule.code} until it is mended.",
        ) from error


def _finding(
    rule: Rule, project: Project | None, verdict: Verdict, estate: Estate, settings: Settings
) -> Finding:
    entry = verdict.entry
    key = verdict.key if verdict.key is not None else (entry.key if entry else "")
    project_id = project.id if project else None
    return Finding(
        rule=rule.code,
        name=rule.name,
        severity=settings.severities.get(rule.code, rule.severity),
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
