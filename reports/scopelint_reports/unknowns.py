"""What formats without a place for "unknown" make of it: one result that sums it up.

Security reports, Code Quality and annotations know only problems. There unknown findings become
notices beside the results, where the format has such a place, and a single result of the rule
whose role is scan completeness (outside contract, section 5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from scopelint.finding import Confidence, Finding, Outcome, Role, Severity, State, fingerprint
from scopelint.model import Fact
from scopelint.report import Report
from scopelint_reports.summary import FACT_WORDS, GapGroup, gaps_by_fact


@dataclass(slots=True)
class Survey:
    """What a first walk over the findings tells: how many fail, and what could not be judged."""

    fails: int = 0
    unknown: int = 0
    """How many findings are unknown."""
    summed_up: Finding | None = None
    """The one result for all of them; None where there are none, or where the user waived it."""
    notices: list[Finding] = field(default_factory=list)
    """The first unknown findings by cause: the sum, unreadable projects, unread lists, the rest."""

    @property
    def results(self) -> int:
        """How many results there are."""
        return self.fails + (self.summed_up is not None)


def survey(
    report: Report, *, most_notices: int, show_waived: bool = False, compared: bool = False
) -> Survey:
    """Walk over the shown findings once; waived ones count as nothing unless asked for.

    `compared` takes those that a consumer is to see that compares this document with the last one.
    """
    found = Survey()
    summing = {rule.code for rule in report.rules_with(Role.SCAN_COMPLETENESS)}
    causes = _causes(report)
    notices: tuple[list[Finding], ...] = ([], [], [], [])
    has_sum = False
    states = set()
    first: Finding | None = None
    for finding in _walk(report, waived=True, compared=compared):
        hidden = finding.state is State.WAIVED and not show_waived
        if finding.verdict is Outcome.FAIL:
            found.fails += not hidden
            continue
        if finding.rule in summing:
            has_sum = True
            if not hidden and found.summed_up is None:
                found.summed_up = finding
        if finding.state is State.WAIVED:
            continue
        states.add(finding.state)
        found.unknown += 1
        first = first or finding
        project = finding.project.id if finding.project else None
        cause = notices[0 if finding.rule in summing else causes.get(project, len(notices) - 1)]
        if len(cause) < most_notices:
            cause.append(finding)
    found.notices = list(islice(chain.from_iterable(notices), most_notices))
    if first is not None and not has_sum:
        state = State.NEW if State.NEW in states else State.BASELINED
        found.summed_up = _sum(report, found.unknown, state, first)
    return found


def gaps_by_cause(report: Report) -> list[GapGroup]:
    """Return what was not read, by fact: an incomplete list of projects first, then what follows."""
    order = {str(fact): place for place, fact in enumerate(FACT_WORDS)}
    groups = gaps_by_fact(report.scan.gaps)
    return sorted(groups, key=lambda one: (not one.breaks, order.get(one.fact, len(order))))


def _causes(report: Report) -> dict[int | None, int]:
    """Return the place among the causes of each project that was not wholly read."""
    places = {str(Fact.SCOPE): 1, str(Fact.ENTRIES): 2}
    found: dict[int | None, int] = {}
    for gap in report.scan.gaps:
        place = places.get(str(gap.fact))
        if place is not None and gap.subject_kind == "project" and gap.subject_id is not None:
            found[gap.subject_id] = min(place, found.get(gap.subject_id, place))
    return found


def results(
    report: Report,
    found: Survey,
    *,
    most_fails: int | None = None,
    show_waived: bool = False,
    compared: bool = False,
) -> Iterator[Finding]:
    """Yield what becomes a result: fails, severest first, at most `most_fails`, then the sum.

    The walk is the one of `survey` with the same arguments.
    """
    shown = _walk(report, waived=show_waived, compared=compared)
    fails = (finding for finding in shown if finding.verdict is Outcome.FAIL)
    yield from islice(fails, most_fails)
    if found.summed_up is not None:
        yield found.summed_up


def _walk(report: Report, *, waived: bool, compared: bool) -> Iterator[Finding]:
    return (
        report.compared(waived=waived) if compared else report.shown(waived=waived, carried=False)
    )


def _sum(report: Report, unknown: int, state: State, first: Finding) -> Finding:
    """Make the one result for all that is unknown, where no rule gave it.

    It is of the rule that would have given it, or of the first unknown finding's rule where no such
    rule is installed.
    """
    projects = report.scan.projects
    rule = next(iter(report.rules_with(Role.SCAN_COMPLETENESS)), None)
    code, name = (rule.code, rule.name) if rule else (first.rule, first.name)
    return Finding(
        rule=code,
        name=name,
        severity=Severity.UNKNOWN,
        confidence=Confidence.HIGH,
        verdict=Outcome.UNKNOWN,
        message=(
            f"Not everything could be judged: {unknown} unknown, "
            f"{projects.unreadable} of {projects.total} projects unreadable."
        ),
        project=None,
        entry=None,
        fingerprint=fingerprint(code, report.scan.scan.instance, None, ""),
        state=state,
    )
