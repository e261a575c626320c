"""The last report, as a run keeps findings from it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from scopelint.engine.coverage import Coverage
from scopelint.finding import Finding, Outcome, State
from scopelint.report import Report, RuleSummary
from scopelint.run_identity import RunIdentity


class Previous:
    """The failing findings of the last report, and what its run had looked at.

    Those of verdict unknown are not kept: each run says itself what it could not tell. A finding
    that could not be judged for more than `days` is dropped.
    """

    def __init__(self, report: Report, *, days: int) -> None:
        scan = report.scan.scan
        self.identity = RunIdentity.of(scan)
        self.seen_at: datetime = scan.finished_at or scan.started_at
        """When its scan ended; when it began, where it was interrupted."""
        self.rules: Mapping[str, RuleSummary] = {rule.code: rule for rule in report.described_rules}
        self._longest = timedelta(days=days)
        self._coverage = Coverage(report)
        self._listed = report.min_severity
        self._new_only = report.new_only
        self._findings: dict[str, Finding] = {}
        self._by_project: dict[int | None, list[Finding]] = {}
        for finding in report.findings:
            if finding.verdict is Outcome.FAIL:
                self._findings[finding.fingerprint] = finding
                subject = finding.project.id if finding.project else None
                self._by_project.setdefault(subject, []).append(finding)

    def of(self, project_id: int | None) -> Sequence[Finding]:
        """Return the findings of a project, None for those of the instance."""
        return self._by_project.get(project_id, ())

    def projects(self) -> Iterator[int]:
        """Yield the ids of the projects that it has findings of."""
        return (number for number in self._by_project if number is not None)

    def get(self, fingerprint: str) -> Finding | None:
        """Return the failing finding with a fingerprint."""
        return self._findings.get(fingerprint)

    def last_seen(self, finding: Finding) -> datetime:
        """Return when one of its findings was seen last: then, or before if it was carried over."""
        return finding.carried.last_seen if finding.carried else self.seen_at

    def is_expired(self, finding: Finding, now: datetime) -> bool:
        """Tell whether one of its findings was seen too long ago to be carried over again."""
        return now - self.last_seen(finding) > self._longest

    def looked_for(self, finding: Finding) -> bool:
        """Tell whether a finding that it does not list would be there, had it been true then."""
        listed = finding.severity.reaches(self._listed)
        hidden = self._new_only and finding.state is State.BASELINED
        path = finding.project.path if finding.project else None
        return listed and not hidden and self._coverage.judged(finding.rule, path)
