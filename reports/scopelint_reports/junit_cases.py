"""From findings and passes to JUnit suites: one suite a project, one case a rule."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scopelint.finding import Finding, Outcome, ProjectRef, State
from scopelint.report import ProjectOutcome, Report, RuleSummary
from scopelint.text import plain, plain_line, shorten

TEXT_CHARS = 20_000
"""The longest text of one case, in characters."""

_Status = Literal["failure", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class JunitCase:
    """One test case. `status` None passes; `output` is its system-out, empty for none.

    `kind`, `message` and `text` belong to the status; `text` is never empty then, because GitLab
    shows a raw hash for a failure without text.
    """

    classname: str
    name: str
    status: _Status | None = None
    kind: str = ""
    message: str = ""
    text: str = ""
    output: str = ""


@dataclass(slots=True)
class JunitSuite:
    """The cases of one project, or of the instance."""

    name: str
    cases: list[JunitCase] = field(default_factory=list)

    def count(self, status: _Status) -> int:
        """Return how many cases have this status."""
        return sum(case.status == status for case in self.cases)


@dataclass(frozen=True, slots=True)
class _Label:
    """A rule as cases name it."""

    code: str
    name: str
    title: str
    help_uri: str = ""

    @property
    def classname(self) -> str:
        return plain_line(f"{self.code}.{self.name}")


def suites(report: Report, most_cases: int) -> Iterator[JunitSuite]:
    """Yield the suites: the instance's, then projects with findings severest first, then the rest.

    Above `most_cases` the cases that pass are folded into one a rule. Where only findings are
    known (a report that was read back), the folded passes come from the rules' own counts.
    """
    labels = {rule.code: _label(rule) for rule in report.rules}
    groups = _by_project(report)
    outcomes = None if report.outcomes is None else tuple(report.outcomes)
    folded: Mapping[str, int] = {}
    if outcomes is None:
        folded = {rule.code: rule.outcomes.get(Outcome.PASS, 0) for rule in report.rules}
    elif _cases(groups, outcomes) > most_cases:
        folded = Counter(code for outcome in outcomes for code in outcome.passed)
        outcomes = None
    yield from _instance_suite(report, groups.get(None, []), labels, folded)
    named = {o.project.id: o.passed for o in outcomes or () if o.project.id in groups}
    for findings in groups.values():
        project = findings[0].project
        if project is not None:
            yield _project_suite(project, findings, named.get(project.id, ()), labels)
    for outcome in outcomes or ():
        if outcome.project.id not in groups and outcome.passed:
            yield _project_suite(outcome.project, [], outcome.passed, labels)


def _cases(groups: Mapping[int | None, list[Finding]], outcomes: Iterable[ProjectOutcome]) -> int:
    cases = sum(len({finding.rule for finding in found}) for found in groups.values())
    return cases + sum(len(outcome.passed) for outcome in outcomes)


def _label(rule: RuleSummary) -> _Label:
    return _Label(rule.code, rule.name, rule.title, rule.help_uri)


def _by_project(report: Report) -> dict[int | None, list[Finding]]:
    groups: dict[int | None, list[Finding]] = {}
    for finding in report.shown(waived=True):
        subject = finding.project.id if finding.project else None
        groups.setdefault(subject, []).append(finding)
    return groups


def _project_suite(
    project: ProjectRef,
    findings: Sequence[Finding],
    passed: Iterable[str],
    labels: Mapping[str, _Label],
) -> JunitSuite:
    path = plain_line(project.path)
    # Names that were made fit could now be alike; GitLab merges cases of the same name.
    subject = path if path == project.path and path else f"{path} [{project.id}]"
    cases = {code: _case(subject, label, found) for code, label, found in _rules(findings, labels)}
    for code in passed:
        label = labels.get(code) or _Label(code, code, code)
        cases.setdefault(code, JunitCase(label.classname, _name(subject, label)))
    return JunitSuite(subject, [cases[code] for code in sorted(cases)])


def _instance_suite(
    report: Report,
    findings: Sequence[Finding],
    labels: Mapping[str, _Label],
    folded: Mapping[str, int],
) -> Iterator[JunitSuite]:
    """Yield the suite of the instance: its findings, rules not judged, and folded passes."""
    subject = plain_line(report.scan.scan.instance)
    cases = [_case(subject, label, found) for _, label, found in _rules(findings, labels)]
    cases += [
        _not_judged(subject, labels[rule.code], rule.not_judged)
        for rule in report.rules
        if rule.not_judged is not None
    ]
    for code, count in sorted(folded.items()):
        if count:
            label = labels.get(code) or _Label(code, code, code)
            name = _name("all that pass", label)
            cases.append(JunitCase(label.classname, name, output=f"{count} passed"))
    if cases:
        yield JunitSuite(subject, cases)


def _rules(
    findings: Sequence[Finding], labels: Mapping[str, _Label]
) -> Iterator[tuple[str, _Label, list[Finding]]]:
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.rule, []).append(finding)
    for code, found in sorted(by_code.items()):
        yield code, labels.get(code) or _Label(code, found[0].name, found[0].name), found


def _name(subject: str, label: _Label) -> str:
    return f"{subject} :: {plain_line(label.title)}"


def _case(subject: str, label: _Label, findings: Sequence[Finding]) -> JunitCase:
    """Make the case of one rule and subject.

    A new fail makes it fail; else a new unknown makes it an error; else, where all is waived, it
    is skipped; else all that is left is baselined and it passes. The rest goes to system-out.
    """
    fails, unknown, waived, baselined = _sorted_out(findings)
    name = _name(subject, label)
    title = plain_line(label.title)
    rest = [*waived, *baselined]
    if fails:
        kind = fails[0].severity.value
        said, rest = _told(fails, label), [*unknown, *rest]
        return JunitCase(label.classname, name, "failure", kind, title, said, _other(rest))
    if unknown:
        said = _told(unknown, label)
        return JunitCase(label.classname, name, "error", "unknown", title, said, _other(rest))
    if waived and not baselined:
        return JunitCase(label.classname, name, "skipped", "waived", title, _other(waived))
    return JunitCase(label.classname, name, output=_other(rest))


def _sorted_out(findings: Iterable[Finding]) -> tuple[list[Finding], ...]:
    sorted_out: dict[object, list[Finding]] = {
        Outcome.FAIL: [],
        Outcome.UNKNOWN: [],
        State.WAIVED: [],
        State.BASELINED: [],
    }
    for finding in findings:
        is_new = finding.state is State.NEW
        sorted_out[finding.verdict if is_new else finding.state].append(finding)
    return tuple(sorted_out.values())


def _told(findings: Iterable[Finding], label: _Label) -> str:
    """Return what was found, how to fix it, and where to read more, a line each."""
    lines: dict[str, None] = {}
    fixes: dict[str, None] = {}
    for finding in findings:
        lines[f"{finding.severity.value}: {_entry(finding)}{_said(finding)}"] = None
        if finding.remediation:
            fixes[f"fix: {plain(finding.remediation)}"] = None
    more = [f"see: {plain_line(label.help_uri)}"] if label.help_uri else []
    return shorten("\n".join([*lines, *fixes, *more]), TEXT_CHARS)


def _said(finding: Finding) -> str:
    return plain(finding.message).strip() or plain_line(finding.name)


def _entry(finding: Finding) -> str:
    entry = finding.entry
    if entry is None:
        return ""
    number = "gone" if entry.id is None else str(entry.id)
    return f"{entry.kind} {plain_line(entry.path or '?')} ({number}): "


def _other(findings: Iterable[Finding]) -> str:
    """Return findings that do not make the case fail, a line each with the reason."""
    lines = []
    for finding in findings:
        why = finding.state.value if finding.state is not State.NEW else finding.verdict.value
        if finding.waiver:
            waiver = finding.waiver
            until = f" until {plain_line(waiver.expires)}" if waiver.expires else ""
            owner = f" by {plain_line(waiver.owner)}" if waiver.owner else ""
            why += f"{until}{owner} ({plain_line(waiver.reason)})"
        lines.append(f"{why}: {_entry(finding)}{_said(finding)}")
    return shorten("\n".join(lines), TEXT_CHARS)


def _not_judged(subject: str, label: _Label, why: str) -> JunitCase:
    text = f"not judged: {plain(why).strip() or 'no reason given'}"
    name = f"{_name(subject, label)} (not judged)"
    return JunitCase(
        label.classname,
        name,
        "skipped",
        "not_judged",
        plain_line(label.title),
        shorten(text, TEXT_CHARS),
    )
