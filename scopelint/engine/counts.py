"""Findings counted one by one as they are made, because there may be millions of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.report import Summary


@dataclass(slots=True)
class FindingCounts:
    """What a report says of all its findings together; the counts of several parts add up."""

    severities: Counter[Severity] = field(default_factory=Counter)
    """New fails by severity."""
    others: Counter[str] = field(default_factory=Counter)
    """What is waived or baselined, then what was carried over, then the new unknowns."""
    namespaces: Counter[tuple[str, str]] = field(default_factory=Counter)
    """New findings on projects, by the namespace that holds the project and by severity (or
    `unknown`)."""
    accepted: dict[int | str, bool] = field(default_factory=dict)
    """By project (id), or by rule (code) for findings without a project, that has findings of
    verdict unknown: whether none of them is new."""

    def add(self, finding: Finding) -> None:
        """Count one finding once: as waived, baselined, carried over, unknown or by its severity."""
        new = finding.state is State.NEW
        unknown = finding.verdict is Outcome.UNKNOWN
        project = finding.project
        if unknown:
            self.accept(finding)
        if not new:
            self.others[finding.state] += 1
            return
        if finding.carried is not None:
            self.others["carried"] += 1
            return
        if unknown:
            self.others["unknown"] += 1
        else:
            self.severities[finding.severity] += 1
        if project is not None:
            name = "unknown" if unknown else finding.severity
            self.namespaces[project.path.rpartition("/")[0], name] += 1

    def accept(self, unknown: Finding) -> None:
        """Take note of whether a finding of verdict unknown is accepted."""
        subject = unknown.project.id if unknown.project else unknown.rule
        accepted = unknown.state is not State.NEW
        self.accepted[subject] = accepted and self.accepted.get(subject, True)

    def include(self, other: "FindingCounts") -> None:
        """Add what another part counted."""
        self.severities.update(other.severities)
        self.others.update(other.others)
        self.namespaces.update(other.namespaces)
        for subject, accepted in other.accepted.items():
            self.accepted[subject] = accepted and self.accepted.get(subject, True)

    def summary(self) -> Summary:
        """Return the counts as a report shows them."""
        others = self.others
        return Summary(
            self.severities,
            others["unknown"],
            others["waived"],
            others["baselined"],
            others["carried"],
        )


def counted(findings: Iterable[Finding]) -> FindingCounts:
    """Count findings that are there already."""
    counts = FindingCounts()
    for finding in findings:
        counts.add(finding)
    return counts
