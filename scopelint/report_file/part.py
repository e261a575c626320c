"""A part of a report that was read: the findings and gaps of the chosen projects.

What is of no project stays: a finding about the instance, a gap of a list, which may be of any
project. So a choice never turns what concerns everybody into a pass.
"""

from collections.abc import Collection
from dataclasses import replace

from scopelint.engine.counts import counted
from scopelint.engine.gate import gaps_accepted
from scopelint.errors import UsageError
from scopelint.filters import ProjectChoice
from scopelint.finding import Role
from scopelint.owners import check_names
from scopelint.report import Report


def lists_every_finding(report: Report) -> bool:
    """Tell whether a report lists all that it counts: with --min-severity it does not."""
    return sum(report.summary.as_dict().values()) == len(report.findings)


def with_owners_of(chosen: ProjectChoice, report: Report) -> ProjectChoice:
    """Return the choice with whose the projects are by a report, where it asks for owners.

    Raises UsageError where the report knows none, or none of a name.
    """
    if not chosen.owners:
        return chosen
    if report.ownership is None:
        raise UsageError(
            "--owner: the report names no owners",
            hint="Name them under `owners:` in scopelint.yml, and make the report again.",
        )
    check_names(chosen.owners, [owner.name for owner in report.ownership.owners])
    return replace(chosen, ownership=report.ownership)


def part_of(report: Report, chosen: ProjectChoice) -> tuple[Report, Collection[str]]:
    """Return what a report says of the chosen projects, and their full paths.

    The summary, the gaps and whether they make the scan incomplete are those of the part; the
    gate's result and the counts of projects stay those of the report. Raises UsageError where the
    report does not list its projects or all of its findings: what is missing could be anybody's.
    """
    if report.projects is None:
        raise UsageError(
            "the report does not list its projects, so none can be chosen",
            hint="Make it again with this scopelint.",
        )
    if not lists_every_finding(report):
        raise UsageError(
            "the report does not list every finding, so nobody can tell whose are missing",
            hint="Make it without --min-severity and --new-only.",
        )
    paths = [path for path in report.projects if chosen.holds(path)]
    outside = {path for path in report.projects if not chosen.holds(path)}
    findings = [
        finding
        for finding in report.findings
        if finding.project is None or chosen.holds(finding.project.path)
    ]
    every = report.scan.gaps
    gaps = tuple(
        gap for gap in every if gap.subject_kind != "project" or gap.subject_path not in outside
    )
    # A report that is incomplete for no gap that it lists stays so.
    explained = any(gap.breaks_completeness for gap in every)
    breaking = any(gap.breaks_completeness for gap in gaps)
    counts = counted(findings)
    codes = {rule.code for rule in report.rules_with(Role.SCAN_COMPLETENESS)}
    part = replace(
        report,
        findings=findings,
        projects=paths,
        summary=counts.summary(),
        scan=replace(
            report.scan,
            gaps=gaps,
            complete=report.scan.complete or (explained and not breaking),
        ),
        gate=replace(report.gate, gaps_accepted=gaps_accepted(gaps, counts.accepted, codes)),
    )
    return part, paths
