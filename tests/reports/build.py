"""Builds realistic `Report` objects for the tests of every reporter.

`clean()`, `everything()`, `incomplete()` and `large(n)` are the named variants; `report()` makes
any other. All of them are deterministic. `HOSTILE_PATHS` are full paths that hurt.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from scopelint.filters import Filters
from scopelint.finding import (
    Carried,
    Confidence,
    EntryRef,
    Finding,
    FixedFinding,
    Outcome,
    ProjectRef,
    Role,
    Severity,
    SincePrevious,
    State,
    Waiver,
    fingerprint,
)
from scopelint.model import EntryKind, Fact, Gap, Reason, Scan
from scopelint.report import (
    Gate,
    ProjectCounts,
    ProjectOutcome,
    Report,
    RuleSummary,
    ScanSummary,
    Summary,
)
from scopelint.run_choices import Choices, LeftOut, RuleOff, UsedConfig, UsedOverride

INSTANCE = "https://gitlab.example.com"
STARTED = datetime(2026, 8, 1, 6, 0, 0, tzinfo=UTC)
FINISHED = datetime(2026, 8, 1, 6, 0, 42, tzinfo=UTC)

HTML = "<script>alert('x')</script>&amp;<b>\"bold\"</b>"
QUOTES = 'it\'s "quoted" `back` {{7*7}} ${x} =1+1 ]]> --'
EMOJI = "🦊 fox 👩‍👩‍👧 naïve 日本語"
RTL = "invoice\u202efdp.exe\u2066\u2069"
ESCAPE = "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x9b2J\x7f\x85"
NUL = "nul\x00byte\r\nnew line\ttab"
SURROGATE = "half \ud83e of a pair, and \udfff\uffff"
LONG = "s" * 255
MARKDOWN = "[click](https://evil.example) @all /close ![i](http://e) ::error::x | a"

HOSTILE_SEGMENTS = (HTML, QUOTES, EMOJI, RTL, ESCAPE, NUL, SURROGATE, LONG, MARKDOWN, "..", "")
HOSTILE_PATHS = tuple(f"acme/hurt/{segment}" for segment in HOSTILE_SEGMENTS)
HOSTILE_URLS = ("javascript:alert(1)", 'https://gitlab.example.com/"><script>', "//evil", "")


REQUIREMENTS = {
    "SL101": "The job token limit is on",
    "SL102": "The project's own limit is on",
    "SL103": "The instance enforces the limit",
    "SL201": "The outbound limit is off",
    "SL301": "No whole top-level group is allowed",
    "SL302": "No group entry is too broad",
    "SL304": "No group from outside is allowed",
    "SL305": "No project from outside is allowed",
    "SL702": "Every use is covered by an entry",
    "SL901": "The job token scope was read",
    "SL902": "The scan is complete",
}


def _rule(
    code: str,
    name: str,
    title: str,
    severity: Severity,
    *,
    cwe: tuple[int, ...] = (),
    tags: tuple[str, ...] = ("job-token",),
    owasp: tuple[str, ...] = ("CICD-SEC-2",),
    not_judged: str | None = None,
    role: Role | None = None,
) -> RuleSummary:
    page = (
        f"# {code} {name}\n\n## What it flags\n\n{title}, in words.\nSecond line.\n\n"
        "## Why it matters\n\nBecause a <token> reaches further than meant.\n\n"
        "## How to fix\n\n### UI\n\nSettings > CI/CD > Job token permissions.\n\n"
        "## Options\n\nNone.\n\n## When it says unknown\n\nNever.\n\n## References\n\n"
        "- https://docs.gitlab.com/ci/jobs/ci_job_token/\n"
    )
    uri = f"https://example.com/scopelint/rules/{name}"
    return RuleSummary(
        *(code, name, title, severity, uri, page, {}, not_judged, tags, cwe, owasp, "high"),
        requirement=REQUIREMENTS[code],
        role=role,
    )


RULES: tuple[RuleSummary, ...] = (
    _rule(
        "SL101", "inbound-limit-disabled", "The job token limit is off", Severity.HIGH, cwe=(732,)
    ),
    _rule(
        "SL102",
        "inbound-limit-only-enforced",
        "Only the instance setting protects the project",
        Severity.LOW,
        not_judged="REST does not show the project's own flag",
    ),
    _rule("SL103", "instance-enforcement-disabled", "The instance does not enforce", Severity.LOW),
    _rule("SL201", "outbound-limit-enabled", "The outbound limit is still on", Severity.LOW),
    _rule("SL301", "top-level-group-allowed", "A whole top-level group is allowed", Severity.HIGH),
    _rule(
        "SL302",
        "group-entry-too-broad",
        "A group entry is too broad",
        Severity.MEDIUM,
        cwe=(732, 284),
    ),
    _rule(
        "SL304",
        "outside-group-allowed",
        "A group from outside is allowed",
        Severity.HIGH,
        cwe=(284,),
    ),
    _rule("SL305", "outside-project-allowed", "A project from outside is allowed", Severity.MEDIUM),
    _rule("SL702", "use-without-entry", "Uses that no entry covers", Severity.INFO),
    _rule("SL901", "scope-unreadable", "The job token scope could not be read", Severity.UNKNOWN),
    _rule(
        "SL902",
        "scan-incomplete",
        "The scan is incomplete",
        Severity.UNKNOWN,
        role=Role.SCAN_COMPLETENESS,
    ),
)
RULE_BY_CODE: Mapping[str, RuleSummary] = {rule.code: rule for rule in RULES}


def project(number: int, path: str | None = None, web_url: str | None = "") -> ProjectRef:
    """Make a project reference; `web_url` "" takes the usual address, None leaves it out."""
    path = f"acme/team-{number % 10}/app-{number}" if path is None else path
    return ProjectRef(number, path, f"{INSTANCE}/{path}" if web_url == "" else web_url)


def group_entry(number: int = 100, path: str | None = "acme") -> EntryRef:
    """Make a group entry."""
    return EntryRef("group", number, path)


def finding(
    code: str = "SL101",
    on: ProjectRef | None = None,
    *,
    entry: EntryRef | None = None,
    severity: Severity | None = None,
    unknown: bool | None = None,
    state: State = State.NEW,
    waiver: Waiver | None = None,
    message: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    remediation: str = "Switch the limit on under Settings > CI/CD > Job token permissions.",
    key: str | None = None,
) -> Finding:
    """Make a finding of one of `RULES` on project `on` (None: on the instance)."""
    rule = RULE_BY_CODE[code]
    severity = severity or rule.severity
    is_unknown = severity is Severity.UNKNOWN if unknown is None else unknown
    if key is None:
        key = f"{entry.kind}:{entry.id}" if entry else ""
    if state is State.WAIVED and waiver is None:
        waiver = Waiver("contract 42", "2026-12-31", "@web")
    where = on.path if on else INSTANCE
    return Finding(
        rule=code,
        name=rule.name,
        severity=Severity.UNKNOWN if is_unknown else severity,
        confidence=Confidence.HIGH,
        verdict=Outcome.UNKNOWN if is_unknown else Outcome.FAIL,
        message=f"{where}: {rule.title}" if message is None else message,
        project=on,
        entry=entry,
        fingerprint=fingerprint(code, INSTANCE, on.id if on else None, key),
        state=state,
        waiver=waiver,
        evidence=evidence or {},
        remediation=remediation,
        key=key,
    )


def _summary(findings: Sequence[Finding]) -> Summary:
    new = [f for f in findings if f.state is State.NEW and f.carried is None]
    states = Counter(f.state for f in findings)
    return Summary(
        Counter(f.severity for f in new if f.verdict is Outcome.FAIL),
        sum(f.verdict is Outcome.UNKNOWN for f in new),
        states[State.WAIVED],
        states[State.BASELINED],
        sum(f.state is State.NEW and f.carried is not None for f in findings),
    )


def _gate(summary: Summary, *, complete: bool) -> Gate:
    gating = [s for s in Severity if s.reaches(Severity.MEDIUM) and summary.severities.get(s)]
    reasons = tuple(f"{summary.severities[s]} {s.value}" for s in gating)
    result: Literal["pass", "fail", "incomplete"] = "pass" if complete else "incomplete"
    return Gate("fail" if reasons else result, "medium", reasons)


def _outcomes(
    projects: Iterable[ProjectRef], findings: Sequence[Finding], rules: Iterable[RuleSummary]
) -> list[ProjectOutcome]:
    judged = [r.code for r in rules if r.not_judged is None and r.code not in _NOT_BY_PROJECT]
    spoken: dict[int, set[str]] = {}
    for one in findings:
        if one.project:
            spoken.setdefault(one.project.id, set()).add(one.rule)
    made = []
    for ref in sorted(projects, key=lambda p: p.path):
        said = spoken.get(ref.id, set())
        passed = () if "SL901" in said else tuple(c for c in judged if c not in said)
        made.append(ProjectOutcome(ref, passed))
    return made


_NOT_BY_PROJECT = frozenset({"SL103", "SL901", "SL902"})


def _counted(
    rules: Iterable[RuleSummary], findings: Sequence[Finding], outcomes: Iterable[ProjectOutcome]
) -> tuple[RuleSummary, ...]:
    passed = Counter(code for outcome in outcomes for code in outcome.passed)
    said = Counter((f.rule, f.verdict) for f in findings)
    return tuple(
        replace(
            r,
            outcomes={
                Outcome.PASS: passed[r.code],
                Outcome.FAIL: said[r.code, Outcome.FAIL],
                Outcome.UNKNOWN: said[r.code, Outcome.UNKNOWN],
            },
        )
        for r in rules
    )


def report(
    findings: Iterable[Finding] = (),
    *,
    projects: Iterable[ProjectRef] = (),
    gaps: tuple[Gap, ...] = (),
    complete: bool | None = None,
    rules: tuple[RuleSummary, ...] = RULES,
    targets: tuple[str, ...] = ("acme",),
    instance: str = INSTANCE,
    finished_at: datetime | None = FINISHED,
    api: Literal["graphql", "rest"] = "graphql",
    overview: Mapping[str, Any] | None = None,
    min_severity: Severity = Severity.INFO,
    new_only: bool = False,
    with_outcomes: bool = True,
) -> Report:
    """Make a report: sorts the findings, counts them, judges the gate at `medium`.

    `projects` are those that were scanned besides those that the findings name. `complete` None
    means: no gap breaks completeness.
    """
    ordered = sorted(findings, key=lambda f: f.sort_key)
    refs = {p.id: p for p in projects} | {f.project.id: f.project for f in ordered if f.project}
    outcomes = _outcomes(refs.values(), ordered, rules)
    if complete is None:
        complete = not any(gap.breaks_completeness for gap in gaps)
    unreadable = len({f.project for f in ordered if f.project and f.rule == "SL901"})
    summary = _summary(ordered)
    return Report(
        tool_version="0.1.0",
        scan=ScanSummary(
            Scan(instance, "18.5.0-ee", targets, api, STARTED, finished_at, "off", requests=12),
            complete,
            ProjectCounts(len(outcomes), len(outcomes) - unreadable, unreadable),
            groups=42,
            entries=1297,
            gaps=gaps,
        ),
        summary=summary,
        gate=_gate(summary, complete=complete),
        rules=_counted(rules, ordered, outcomes),
        findings=ordered,
        outcomes=outcomes if with_outcomes else None,
        overview=overview,
        min_severity=min_severity,
        new_only=new_only,
    )


def clean() -> Report:
    """Make a report of a complete scan of 12 projects without a finding."""
    return report(projects=[project(n) for n in range(1, 13)])


def scope_gap(on: ProjectRef, reason: Reason = Reason.FORBIDDEN) -> Gap:
    """Make the gap of a project whose whole scope could not be read."""
    return Gap(Fact.SCOPE, reason, "needs the Maintainer role", "project", on.id, on.path)


def unreadable(on: ProjectRef, state: State = State.NEW) -> Finding:
    """Make the SL901 finding of such a project."""
    rules = {"not_judged": ["SL101", "SL302"], "reason": "forbidden"}
    return finding("SL901", on, message=f"{on.path}: forbidden", evidence=rules, state=state)


def scan_incomplete() -> Finding:
    """Make the SL902 finding."""
    numbers = {"unreadable": 2, "total": 12}
    return finding("SL902", message="2 of 12 projects could not be read", evidence=numbers)


def incomplete(*, summed_up: bool = True) -> Report:
    """Make a report with two unreadable projects, nothing failing; `summed_up` adds SL902."""
    dark = [project(3), project(7)]
    findings = [unreadable(ref) for ref in dark] + ([scan_incomplete()] if summed_up else [])
    gaps = (*(scope_gap(ref) for ref in dark), Gap(Fact.LOG, Reason.UNAVAILABLE, "no --usage"))
    return report(findings, projects=[project(n) for n in range(1, 13)], gaps=gaps)


def narrowed() -> Report:
    """Make a report of 10 of 15 projects: 3 left out, 2 not read; rules off, severities changed."""
    base = incomplete()
    counts = ProjectCounts(total=15, read=10, unreadable=2, left_out=3)
    filters = Filters(include=("acme/**",), exclude=("acme/web/**", f"acme/{HTML}/**"))
    left_out = (LeftOut("include", 1, ("else",)), LeftOut("exclude", 2, ("acme/web",)))
    scan = replace(
        base.scan,
        scan=replace(base.scan.scan, filters=filters),
        projects=counts,
        left_out=left_out,
    )
    choices = Choices(
        configs=(UsedConfig("scopelint.yml", "ab" * 32), UsedConfig("../company.yml", "cd" * 32)),
        profile="strict",
        rules_off=(
            RuleOff("SL103", "instance-enforcement-disabled", "ignore: SL1 in scopelint.yml"),
            RuleOff("SL201", "outbound-limit-enabled", "--ignore outbound-limit-enabled"),
            RuleOff("SL305", "outside-project-allowed", "--ignore SL305"),
        ),
        overrides=(
            UsedOverride(
                ("acme/sandbox/**",), ("SL501",), ("SL304",), {"SL302": Severity.INFO}, ("SL302",)
            ),
        ),
        trusted=("acme-shared/**",),
    )
    off = {rule.code for rule in choices.rules_off}
    rules = tuple(
        replace(rule, own_severity=Severity.HIGH if rule.code == "SL302" else None)
        for rule in base.rules
        if rule.code not in off
    )
    return replace(
        base, scan=scan, choices=choices, rules=rules, min_severity=Severity.LOW, new_only=True
    )


LAST_NIGHT = datetime(2026, 7, 31, 6, 0, 42, tzinfo=UTC)


def carried() -> Report:
    """Make a report of an incomplete scan with findings of last night's report carried over.

    One is of a project that was not read, one waived, one of a rule that is off now; another
    finding is new, one was judged for the first time, one fixed and one of a project that is gone.
    """
    one, two, dark, gone = (project(n) for n in (1, 2, 3, 9))
    seen = Carried(LAST_NIGHT)
    new, first = finding("SL301", one, entry=group_entry()), finding("SL201", two)
    off = finding("SL302", two, entry=EntryRef("group", 101, "acme/many"))
    findings = [
        new,
        first,
        unreadable(dark),
        scan_incomplete(),
        replace(finding("SL101", dark), carried=seen),
        replace(finding("SL305", dark, entry=EntryRef("project", 77, "beta/sdk")), carried=seen),
        replace(
            finding("SL304", dark, entry=group_entry(200, "partner"), state=State.WAIVED),
            carried=seen,
        ),
        replace(off, carried=Carried(datetime(2026, 7, 1, 6, tzinfo=UTC))),
    ]
    since = SincePrevious(
        finished_at=LAST_NIGHT,
        new=(new.fingerprint,),
        first_judged=(first.fingerprint,),
        fixed=(FixedFinding(finding("SL101", one), "read"), FixedFinding(finding("SL101", gone), "gone")),
        expired=1,
    )  # fmt: skip
    made = report(
        findings,
        projects=[project(n) for n in range(1, 9)],
        gaps=(scope_gap(dark),),
        rules=tuple(rule for rule in RULES if rule.code != "SL302"),
    )
    return replace(made, since=since, carried_rules=(RULE_BY_CODE["SL302"],))


def hostile_findings() -> list[Finding]:
    """Make findings whose paths, entries, messages, evidence and waivers hurt."""
    made = []
    for number, path in enumerate(HOSTILE_PATHS, start=500):
        url = HOSTILE_URLS[number % len(HOSTILE_URLS)]
        on = ProjectRef(number, path, url)
        entry = EntryRef("project", number + 1000, f"evil/{path}")
        made.append(finding("SL101", on, evidence={path: [path, {"deep": path}]}, remediation=path))
        made.append(finding("SL305", on, entry=entry, message=f"{path} lets {entry.path} in"))
        waiver = Waiver(f"because {path}", None, path)
        made.append(
            finding("SL304", on, entry=group_entry(9, path), state=State.WAIVED, waiver=waiver)
        )
    return made


def everything() -> Report:
    """Make a report with every verdict, severity, state and kind of subject, and hostile names."""
    one, two, three, dark, darker = (project(n) for n in (1, 2, 3, 7, 8))
    kinds: tuple[EntryKind, EntryKind] = ("group", "project")
    several = [
        finding("SL302", two, entry=EntryRef(kind, 100 + n, f"acme/{kind}-{n}"))
        for n, kind in enumerate(kinds)
    ]
    findings = [
        finding("SL101", one, evidence={"inbound_effective": False, "count": 3, "ratio": 0.5}),
        finding("SL301", one, entry=group_entry(), severity=Severity.CRITICAL),
        *several,
        finding("SL201", two),
        finding("SL702", three, evidence={"origins": ["acme/x", None, True]}),
        finding("SL305", three, entry=EntryRef("project", None, None), key="project:gone:2026"),
        finding("SL304", three, entry=group_entry(200, "partner"), state=State.WAIVED),
        finding("SL305", two, entry=EntryRef("project", 77, "beta/sdk"), state=State.BASELINED),
        finding("SL101", three, unknown=True, message="the flag of acme could not be read"),
        finding("SL103"),
        unreadable(dark),
        unreadable(darker, State.WAIVED),
        scan_incomplete(),
        *hostile_findings(),
    ]
    gaps = (
        scope_gap(dark),
        scope_gap(darker, Reason.TIMED_OUT),
        Gap(Fact.GROUP, Reason.NOT_FOUND, HTML, "group", 55, f"acme/{RTL}"),
        Gap(Fact.TARGET, Reason.NOT_VISIBLE, "", "group", 200, "partner"),
        Gap(Fact.LOG, Reason.UNAVAILABLE, "no --usage"),
    )
    return report(findings, projects=[project(n) for n in range(1, 13)], gaps=gaps)


def large(n: int) -> Report:
    """Make a report of `n` findings over n/5 projects (at least one), severities mixed."""
    codes = ("SL101", "SL301", "SL302", "SL305", "SL201")
    refs = [project(1000 + number) for number in range(max(1, n // 5))]
    findings = []
    for number in range(n):
        code = codes[number % 5]
        entry = None
        if code.startswith("SL3"):
            entry = EntryRef("group", 10_000 + number, f"acme/group-{number}")
        ref = refs[(number // 5) % len(refs)]
        key = None if entry else ("" if number < 5 * len(refs) else f"again:{number}")
        findings.append(finding(code, ref, entry=entry, key=key))
    return report(findings, projects=refs)
