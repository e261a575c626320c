"""The gate: whether a run passes, and why not.

1. `fail_on` is the lowest severity of a new finding that fails the run. `never` turns the gate off
   altogether.
2. `most` (gate.max) says how many new findings of a severity are tolerated. A severity that is
   named there fails the run when there are more, whether it reaches `fail_on` or not.
3. Where nothing fails, an incomplete scan is incomplete, unless every gap that makes it so is
   accepted (see `gaps_accepted`) or `allow_incomplete` says that it may be.

Waived and baselined findings, and unknown ones, never fail a run.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from scopelint.finding import Severity
from scopelint.model import Fact, Gap
from scopelint.report import Gate, Summary

FailOn = Severity | Literal["never"]

_OF_THE_RUN = frozenset({Fact.UNFINISHED, Fact.SHARD})
ALLOWED = "the scan is incomplete, which is allowed"
ACCEPTED = "every gap of the scan is waived or baselined"


def gate(
    summary: Summary,
    fail_on: FailOn,
    *,
    complete: bool,
    most: Mapping[Severity, int] | None = None,
    allow_incomplete: bool = False,
    accepted: bool = False,
) -> Gate:
    """Decide whether the run passes; a finding that gates beats an incomplete scan."""
    most = most or {}
    reasons = tuple(_reasons(summary, Gate("pass", str(fail_on), (), most)))
    result: Literal["pass", "fail", "incomplete"] = "fail" if reasons else "pass"
    if not reasons and not complete:
        if accepted:
            reasons = (ACCEPTED,)
        elif allow_incomplete:
            reasons = (ALLOWED,)
        else:
            result, reasons = "incomplete", ("the scan is incomplete",)
    return Gate(result, str(fail_on), reasons, most, allow_incomplete, accepted)


def _reasons(summary: Summary, gate: Gate) -> Iterable[str]:
    for severity in Severity:
        count = summary.severities.get(severity, 0)
        if gate.fails(severity, count):
            most = gate.most.get(severity)
            yield f"{count} {severity.value}" + ("" if most is None else f", more than {most}")


def gaps_accepted(
    gaps: Iterable[Gap], accepted: Mapping[int | str, bool], codes: Collection[str]
) -> bool:
    """Tell whether a waiver or the baseline covers every gap that makes a scan incomplete.

    `accepted` is that of `FindingCounts`; `codes` are the rules whose role is scan completeness. A
    gap of a project is covered where the project has findings of verdict unknown and none of them
    is new; any other gap where one of those rules has such findings and none of them is new. A
    collection that was interrupted, and a missing shard, are errors of the run itself: nothing
    covers them.
    """
    breaking = [gap for gap in gaps if gap.breaks_completeness]
    if not breaking or any(gap.fact in _OF_THE_RUN for gap in breaking):
        return False
    sums = [accepted[code] for code in codes if code in accepted]
    rest = bool(sums) and all(sums)
    subjects = (subject(gap) for gap in breaking)
    return all(rest if of is None else accepted.get(of, False) for of in subjects)


def subject(gap: Gap) -> int | None:
    """Return the id of the project that a gap is about, None for every other gap."""
    return gap.subject_id if gap.subject_kind == "project" else None
