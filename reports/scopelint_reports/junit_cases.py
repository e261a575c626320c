"""From findings and passes to JUnit suites: one suite a project, one case a rule.

A case is named by the rule's code and its requirement, which is what holds where the case passes;
viewers show names of passed cases too. Neither changes with a title, so neither does the key by
which GitLab compares two reports (suite, classname and name).

Only a finding that fails the gate is a failure, and only what could not be read is an error: a
viewer counts both, and Jenkins calls a build unstable for either. Where a rule could not tell for
lack of one fact, its unknown findings are one skipped case.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scopelint.finding import Finding, Outcome, ProjectRef, Severity, State
from scopelint.report import ProjectOutcome, Report, RuleSummary
from scopelint.text import counted, plain, plain_line, shorten, utc
from scopelint_reports.narrowing import judged_words, limits

TEXT_CHARS = 20_000
"""The longest text of one case, in characters."""

_Status = Literal["failure", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class JunitCase:
    """One test case."""

    classname: str
    name: str
    status: _Status | None = None
    """None where it passes."""
    kind: str = ""
    """The status's `type`, such as the severity."""
    message: str = ""
    """The status's `message`, one line."""
    text: str = ""
    """Never empty where there is a status: GitLab shows a raw hash for a failure without text."""
    output: str = ""
    """The case's system-out, empty for none."""


@dataclass(slots=True)
class JunitSuite:
    """The cases of one project, or of the instance."""

    name: str
    cases: list[JunitCase] = field(default_factory=list)
    owner: str = ""
    """Whose the project is, empty where nobody owns it."""

    def count(self, status: _Status) -> int:
        """Return how many cases have this status."""
        return sum(case.status == status for case in self.cases)


@dataclass(frozen=True, slots=True)
class _Label:
    """A rule as cases name it."""

    code: str
    name: str
    title: str
    requirement: str = ""
    help_uri: str = ""

    @property
    def classname(self) -> str:
        return plain_line(f"{self.code}.{self.name}")

    def case_name(self, subject: str) -> str:
        """Name the case by what holds where it passes, so that a passed one never says the reverse."""
        holds = self.requirement or f"nothing is found by {self.name}"
        return f"{plain_line(self.code)} {plain_line(holds)} :: {subject}"


def suites(report: Report, most_cases: int, *, fail_all: bool = False) -> Iterator[JunitSuite]:
    """Yield the suites: the instance's, then projects with findings severest first, then the rest.

    With `fail_all` every new finding that fails is a failure, also one that does not fail the gate.
    Above `most_cases` the cases that pass are folded into one a rule. Where only findings are
    known (a report that was read back), the folded passes come from the rules' own counts.
    """
    labels = {rule.code: _label(rule) for rule in report.described_rules}
    gating = frozenset(Severity) if fail_all else report.gating
    groups, derived = _by_project(report)
    outcomes = None if report.outcomes is None else tuple(report.outcomes)
    folded: Mapping[str, int] = {}
    if outcomes is None:
        counts = {rule.code: rule.outcomes.get(Outcome.PASS, 0) for rule in report.rules}
        folded = {code: count for code, count in counts.items() if count}
    elif _cases(groups, outcomes) > most_cases:
        folded = Counter(code for outcome in outcomes for code in outcome.passed)
        outcomes = None
    cases = [*_findings_of_instance(report, groups.get(None, []), labels, gating)]
    cases += [_derived(labels.get(code), found) for code, found in sorted(derived.items())]
    cases += [_passed(labels.get(code), code, count) for code, count in sorted(folded.items())]
    cases += _choice_cases(report)
    if cases:
        yield JunitSuite(plain_line(report.scan.scan.instance), cases)
    named = {o.project.id: o.passed for o in outcomes or () if o.project.id in groups}
    for findings in groups.values():
        project = findings[0].project
        if project is not None:
            passed = named.get(project.id, ())
            yield _project_suite(project, findings, passed, labels, gating)
    for outcome in outcomes or ():
        if outcome.project.id not in groups and outcome.passed:
            suite = _project_suite(outcome.project, [], outcome.passed, labels, gating)
            if report.ownership is not None:
                suite.owner = plain_line(report.ownership.of(outcome.project.path) or "")
            yield suite


def _cases(groups: Mapping[int | None, list[Finding]], outcomes: Iterable[ProjectOutcome]) -> int:
    cases = sum(len({finding.rule for finding in found}) for found in groups.values())
    return cases + sum(len(outcome.passed) for outcome in outcomes)


def _label(rule: RuleSummary) -> _Label:
    return _Label(rule.code, rule.name, rule.title, rule.requirement, rule.help_uri)


def _by_project(report: Report) -> tuple[dict[int | None, list[Finding]], dict[str, list[Finding]]]:
    """Return the findings by project, and by rule those that are unknown for lack of one fact."""
    groups: dict[int | None, list[Finding]] = {}
    derived: dict[str, list[Finding]] = {}
    severities = {rule.code: rule.severity for rule in report.rules}
    for finding in report.shown(waived=True):
        # A rule of severity unknown is about what was not read, and about nothing else.
        level = severities.get(finding.rule, finding.severity)
        if finding.verdict is not Outcome.UNKNOWN or level is Severity.UNKNOWN:
            subject = finding.project.id if finding.project else None
            groups.setdefault(subject, []).append(finding)
        else:
            derived.setdefault(finding.rule, []).append(finding)
    return groups, derived


def _project_suite(
    project: ProjectRef,
    findings: Sequence[Finding],
    passed: Iterable[str],
    labels: Mapping[str, _Label],
    gating: Collection[Severity],
) -> JunitSuite:
    path = plain_line(project.path)
    # Names that were made fit could now be alike; GitLab merges cases of the same name.
    subject = path if path == project.path and path else f"{path} [{project.id}]"
    cases = {
        code: _case(subject, label, found, gating)
        for code, label, found in _rules(findings, labels)
    }
    for code in passed:
        label = labels.get(code) or _Label(code, code, code)
        cases.setdefault(code, JunitCase(label.classname, label.case_name(subject)))
    owned = plain_line((findings[0].owner if findings else None) or "")
    return JunitSuite(subject, [cases[code] for code in sorted(cases)], owned)


def _findings_of_instance(
    report: Report,
    findings: Sequence[Finding],
    labels: Mapping[str, _Label],
    gating: Collection[Severity],
) -> Iterator[JunitCase]:
    """Yield the cases of the instance's findings, and of rules that judged nothing at all."""
    subject = plain_line(report.scan.scan.instance)
    for _, label, found in _rules(findings, labels):
        yield _case(subject, label, found, gating)
    for rule in report.rules:
        if rule.not_judged is not None:
            yield _not_judged(labels[rule.code], rule.not_judged)


def _passed(label: _Label | None, code: str, count: int) -> JunitCase:
    """Make the one case for all that pass a rule."""
    label = label or _Label(code, code, code)
    name = label.case_name("all that pass")
    return JunitCase(label.classname, name, output=f"{count} passed")


def _derived(label: _Label | None, findings: Sequence[Finding]) -> JunitCase:
    """Make the one case for all of a rule's findings that are unknown for lack of one fact."""
    first = findings[0]
    label = label or _Label(first.rule, first.name, first.name)
    said = f"{counted(len(findings), 'finding')} of verdict unknown"
    lines = [f"{said}:"]
    lines += [f"{_place(each)}{_why(each)}: {_entry(each)}{_message(each)}" for each in findings]
    return JunitCase(
        label.classname,
        label.case_name("what is not known"),
        "skipped",
        "unknown",
        said,
        shorten("\n".join(lines), TEXT_CHARS),
    )


def _place(finding: Finding) -> str:
    project = finding.project
    return (
        f"{plain_line(project.path)}: " if project and project.path not in finding.message else ""
    )


def _choice_cases(report: Report) -> Iterator[JunitCase]:
    """Yield a skipped case for what was left out by choice, which no case could tell otherwise."""
    found = limits(report)
    titles = {limit.title for limit in found} - {"Configuration"}
    if not titles:
        return
    words = judged_words(report)
    lines = [f"{limit.title}: {limit.text}" for limit in found]
    text = shorten(plain("\n".join([words, *lines])), TEXT_CHARS)
    name = "what was left out by choice"
    yield JunitCase("scopelint.report", name, "skipped", "left_out", words, text)


def _rules(
    findings: Sequence[Finding], labels: Mapping[str, _Label]
) -> Iterator[tuple[str, _Label, list[Finding]]]:
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.rule, []).append(finding)
    for code, found in sorted(by_code.items()):
        yield code, labels.get(code) or _Label(code, found[0].name, found[0].name), found


def _case(
    subject: str, label: _Label, findings: Sequence[Finding], gating: Collection[Severity]
) -> JunitCase:
    """Make the case of one rule and subject.

    A new fail that gates makes it fail; else a new unknown makes it an error; else, where all is
    waived or carried over from the last report, it is skipped; else all that is left does not gate
    and it passes. The rest goes to system-out.
    """
    fails, unknown, waived, baselined, carried = _sorted_out(findings)
    name, title = label.case_name(subject), plain_line(label.title)
    failing = [finding for finding in fails if finding.severity in gating]
    harmless = [finding for finding in fails if finding.severity not in gating]
    rest = [*harmless, *waived, *baselined, *carried]
    if failing:
        kind = failing[0].severity.value
        text, rest = _failure_text(failing, label), [*unknown, *rest]
        return JunitCase(label.classname, name, "failure", kind, title, text, _other(rest))
    if unknown:
        text = _failure_text(unknown, label)
        return JunitCase(label.classname, name, "error", "unknown", title, text, _other(rest))
    if rest and len(waived) + len(carried) == len(rest):
        kind = "carried" if carried else "waived"
        return JunitCase(label.classname, name, "skipped", kind, _why(rest[0]), _other(rest))
    return JunitCase(label.classname, name, output=_other(rest))


def _sorted_out(findings: Iterable[Finding]) -> tuple[list[Finding], ...]:
    sorted_out: dict[object, list[Finding]] = {
        Outcome.FAIL: [],
        Outcome.UNKNOWN: [],
        State.WAIVED: [],
        State.BASELINED: [],
        "carried": [],
    }
    for finding in findings:
        is_new = finding.state is State.NEW
        verdict = "carried" if finding.carried else finding.verdict
        sorted_out[verdict if is_new else finding.state].append(finding)
    return tuple(sorted_out.values())


def _failure_text(findings: Iterable[Finding], label: _Label) -> str:
    """Return what was found, how to fix it, and where to read more, a line each."""
    lines: dict[str, None] = {}
    fixes: dict[str, None] = {}
    for finding in findings:
        lines[f"{finding.severity.value}: {_entry(finding)}{_message(finding)}"] = None
        if finding.remediation:
            fixes[f"fix: {plain(finding.remediation)}"] = None
    more = [f"see: {plain_line(label.help_uri)}"] if label.help_uri else []
    return shorten("\n".join([*lines, *fixes, *more]), TEXT_CHARS)


def _message(finding: Finding) -> str:
    return plain(finding.message).strip() or plain_line(finding.name)


def _entry(finding: Finding) -> str:
    entry = finding.entry
    if entry is None:
        return ""
    number = "gone" if entry.id is None else str(entry.id)
    return f"{entry.kind} {plain_line(entry.path or '?')} ({number}): "


def _other(findings: Iterable[Finding]) -> str:
    """Return findings that do not make the case fail, a line each with the reason."""
    lines = (f"{_why(finding)}: {_entry(finding)}{_message(finding)}" for finding in findings)
    return shorten("\n".join(lines), TEXT_CHARS)


def _why(finding: Finding) -> str:
    """Say why a finding is no failure: its state, or that its severity does not gate."""
    if waiver := finding.waiver:
        until = f" until {plain_line(waiver.expires)}" if waiver.expires else ""
        owner = f" by {plain_line(waiver.owner)}" if waiver.owner else ""
        return f"{finding.state.value}{until}{owner} ({plain_line(waiver.reason)})"
    if finding.state is not State.NEW:
        return finding.state.value
    if finding.carried is not None:
        return f"not judged now, last seen {utc(finding.carried.last_seen)}"
    if finding.verdict is Outcome.UNKNOWN:
        return finding.verdict.value
    return f"{finding.severity.value}, does not fail the gate"


def _not_judged(label: _Label, why: str) -> JunitCase:
    text = f"not judged: {plain(why).strip() or 'no reason given'}"
    name = label.case_name("not judged")
    return JunitCase(
        label.classname,
        name,
        "skipped",
        "not_judged",
        plain_line(text),
        shorten(text, TEXT_CHARS),
    )
