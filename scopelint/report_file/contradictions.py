"""Whether a report that was read agrees with itself.

Who edits a report, or puts two together, can make it say that nothing gates while its findings say
otherwise. Such a report stands for no run, so it is refused.
"""

from collections.abc import Iterator

from scopelint.engine.counts import counted
from scopelint.engine.gate import gate
from scopelint.finding import Outcome, Severity, State
from scopelint.report import Report, ScanSummary


def contradictions(report: Report) -> Iterator[str]:
    """Yield what does not fit together, each with both values and where they stand."""
    yield from _of_scan(report.scan)
    yield from _of_projects(report)
    yield from _of_findings(report)
    yield from _of_counts(report)
    yield from _of_gate(report)


def _of_scan(scan: ScanSummary) -> Iterator[str]:
    if not scan.complete:
        return
    breaking = next((gap for gap in scan.gaps if gap.breaks_completeness), None)
    if breaking is not None:
        yield f"scan.complete is true, but scan.gaps has one of fact {breaking.fact}"
    if scan.projects.unreadable:
        yield f"scan.complete is true, but scan.projects.unreadable is {scan.projects.unreadable}"
    if scan.scan.finished_at is None:
        yield "scan.complete is true, but scan.finished_at is null"


def _of_projects(report: Report) -> Iterator[str]:
    if report.projects is None:
        return
    listed = list(report.projects)
    if len(listed) != len(set(listed)):
        yield "projects has one of them twice"
    if not report.scan.projects.read <= len(listed) <= report.scan.projects.wanted:
        yield (
            f"projects has {len(listed)}, but scan.projects counts {report.scan.projects.read} read"
            f" of {report.scan.projects.wanted} that were asked for"
        )


def _of_findings(report: Report) -> Iterator[str]:
    rules = {rule.code: rule for rule in report.described_rules}
    seen: set[str] = set()
    for finding in report.findings:
        rule = rules.get(finding.rule)
        if rule is None:
            yield f"findings has one of {finding.rule}, but rules does not"
        elif rule.not_judged is not None and finding.carried is None:
            yield f"findings has one of {finding.rule}, but rules says that it was not judged"
        if finding.verdict is Outcome.FAIL and finding.severity is Severity.UNKNOWN:
            yield f"a finding of {finding.rule} has verdict fail, but severity unknown"
        if (finding.state is State.WAIVED) != (finding.waiver is not None):
            what = "none" if finding.waiver is None else "one"
            yield f"a finding of {finding.rule} has state {finding.state}, but {what} as waiver"
        if finding.carried is not None and finding.verdict is Outcome.UNKNOWN:
            yield f"a finding of {finding.rule} is carried over, but has verdict unknown"
        if finding.fingerprint in seen:
            yield f"two findings have the fingerprint {finding.fingerprint}"
        seen.add(finding.fingerprint)


def _of_counts(report: Report) -> Iterator[str]:
    """Compare what is counted with what is listed.

    With --min-severity and --new-only fewer findings are listed than counted: those that fail below
    some severity, and those of the baseline; of them, only what the last report had may be listed.
    """
    listed, said = counted(report.findings).summary().as_dict(), report.summary.as_dict()
    fails = [f.severity for f in report.findings if f.verdict is Outcome.FAIL]
    lowest = min(fails, key=lambda severity: severity.rank) if fails else None
    whole = {
        severity.value
        for severity in Severity
        if lowest and severity.reaches(lowest) and severity.reaches(report.min_severity)
    }
    for name in said | listed:
        count, found = said.get(name, 0), listed.get(name, 0)
        if found > count or (found < count and name in {*whole, "unknown"}):
            yield f"summary.{name} is {count}, but findings lists {found}"


def _of_gate(report: Report) -> Iterator[str]:
    said = report.gate
    follows = gate(
        report.summary,
        "never" if said.fail_on == "never" else Severity(said.fail_on),
        complete=report.scan.complete,
        most=said.most,
        allow_incomplete=said.allow_incomplete,
        accepted=said.gaps_accepted,
    )
    if said.result != follows.result:
        why = f" ({', '.join(follows.reasons)})" if follows.reasons else ""
        yield f"gate.result is {said.result}, but summary and thresholds make it {follows.result}{why}"
