"""What formats without a place for "unknown" make of it: one result that sums it up.

Security reports, Code Quality and annotations know only problems. There unknown findings become
notices beside the results, where the format has such a place, and the single result of the rule
SL902 (outside contract, section 5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from scopelint.finding import Confidence, Finding, Outcome, Severity, State, fingerprint
from scopelint.report import Report

INCOMPLETE = "SL902"
"""The code of the rule that sums up what could not be read."""


@dataclass(slots=True)
class Survey:
    """What a first walk over the findings told: how many fail, and what could not be judged.

    `notices` are the first unknown findings, `unknown` counts all of them. `summed_up` is the one
    result for all of them: None where there are none, or where the user waived it.
    """

    fails: int = 0
    unknown: int = 0
    summed_up: Finding | None = None
    notices: list[Finding] = field(default_factory=list)

    @property
    def results(self) -> int:
        """How many results there are."""
        return self.fails + (self.summed_up is not None)


def survey(report: Report, *, most_notices: int, show_waived: bool = False) -> Survey:
    """Walk over the shown findings once; waived ones count as nothing unless asked for."""
    found = Survey()
    has_sum = False
    states = set()
    for finding in report.shown(waived=True):
        hidden = finding.state is State.WAIVED and not show_waived
        if finding.verdict is Outcome.FAIL:
            found.fails += not hidden
            continue
        if finding.rule == INCOMPLETE:
            has_sum = True
            if not hidden and found.summed_up is None:
                found.summed_up = finding
        if finding.state is State.WAIVED:
            continue
        states.add(finding.state)
        found.unknown += 1
        if len(found.notices) < most_notices:
            found.notices.append(finding)
    if found.unknown and not has_sum:
        state = State.NEW if State.NEW in states else State.BASELINED
        found.summed_up = _sum(report, found.unknown, state)
    return found


def results(
    report: Report, found: Survey, *, most_fails: int | None = None, show_waived: bool = False
) -> Iterator[Finding]:
    """Yield what becomes a result: fails, severest first, at most `most_fails`, then the sum."""
    fails = (f for f in report.shown(waived=show_waived) if f.verdict is Outcome.FAIL)
    yield from islice(fails, most_fails)
    if found.summed_up is not None:
        yield found.summed_up


def _sum(report: Report, unknown: int, state: State) -> Finding:
    """Make the one result that stands for all that is unknown, where the rule SL902 did not."""
    projects = report.scan.projects
    return Finding(
        rule=INCOMPLETE,
        name="scan-incomplete",
        severity=Severity.UNKNOWN,
        confidence=Confidence.HIGH,
        verdict=Outcome.UNKNOWN,
        message=(
            f"Not everything could be judged: {unknown} unknown, "
            f"{projects.unreadable} of {projects.total} projects unreadable."
        ),
        project=None,
        entry=None,
        fingerprint=fingerprint(INCOMPLETE, report.scan.scan.instance, None, ""),
        state=state,
    )
