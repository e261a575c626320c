"""`scopelint gate`: the exit code of a JSON report, without a scan."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import out
from scopelint.errors import NothingScannedError
from scopelint.filters import ProjectChoice
from scopelint.finding import Finding, Role, Severity, State
from scopelint.report import Report, Summary


@click.command(cls=Command)
@click.argument("report", type=options.FilePath())
@options.choice_options
@options.gate_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and warnings.")
def gate(report: Path, *, chosen: ProjectChoice, gate: options.GateOptions, quiet: bool) -> int:
    """Exit as the scan behind REPORT, a file of `-f json`, would have.

    GitLab drops the security reports of a failed job; so one job scans with --exit-zero and
    uploads them, and the next one gates. Without options the report's own thresholds hold, and
    its waivers as they were; with --as-of those that end before that day no longer count. With
    --include, --exclude and --owner (as the report has them) only the findings and gaps of those
    projects count, and all that is of no project: findings about the instance, lists that are not
    whole.
    """
    from scopelint import engine
    from scopelint.cli.judge import exit_code
    from scopelint.cli.past_runs import tell_run
    from scopelint.report_file.reading import load_report
    from scopelint.run_identity import RunIdentity

    loaded = load_report(report)
    tell_run([report], RunIdentity.of(loaded.scan.scan), quiet=quiet)
    if not loaded.scan.projects.total and not gate.exit_zero:
        raise NothingScannedError(f"{report}: no project was scanned")
    part = ""
    if chosen:
        loaded, part = _chosen(loaded, chosen, report, exit_zero=gate.exit_zero)
    summary, accepted = loaded.summary, loaded.gate.gaps_accepted
    if gate.as_of is not None:
        summary, accepted = _later(loaded, gate.as_of)
    threshold = gate.fail_on or loaded.gate.fail_on
    found = engine.gate(
        summary,
        "never" if threshold == "never" else Severity(threshold),
        complete=loaded.scan.complete,
        most=loaded.gate.most,
        allow_incomplete=gate.allow_incomplete or loaded.gate.allow_incomplete,
        accepted=accepted,
    )
    if not quiet:
        why = f": {', '.join(found.reasons)}" if found.reasons else ""
        out(f"{found.result} (fail on {found.fail_on}{part}){why}")
    return exit_code(found, exit_zero=gate.exit_zero)


def _chosen(
    loaded: Report, chosen: ProjectChoice, path: Path, *, exit_zero: bool
) -> tuple[Report, str]:
    """Return what a report says of the chosen projects, and how many they are, in words.

    Raises NothingScannedError where none is chosen: a glob that fits nothing must not pass.
    """
    from scopelint.cli.past_runs import warn_of
    from scopelint.report_file.part import part_of, with_owners_of

    chosen = with_owners_of(chosen, loaded)
    part, paths = part_of(loaded, chosen)
    warn_of(chosen, loaded.projects or (), [path])
    total = loaded.scan.projects.total
    if not paths and not exit_zero:
        words = " ".join(chosen.words())
        raise NothingScannedError(f"{path}: {words} leaves none of {total} projects")
    return part, f"; of {total} projects, {len(paths)} chosen"


def _later(report: Report, day: date) -> tuple[Summary, bool]:
    """Return what the report counts once waivers that end before a day have lapsed.

    A report that was made with --min-severity or --new-only does not list every finding, but all
    of them are counted; so the counts are moved rather than made anew.
    """
    from scopelint.engine.counts import counted
    from scopelint.engine.gate import gaps_accepted

    back = [finding for finding in report.findings if _lapsed(finding, day)]
    if not back:
        return report.summary, report.gate.gaps_accepted
    again = counted(replace(finding, state=State.NEW) for finding in back).summary()
    before = report.summary
    severities: dict[Severity, int] = {
        severity: before.severities.get(severity, 0) + again.severities.get(severity, 0)
        for severity in Severity
        if severity is not Severity.UNKNOWN
    }
    summary = Summary(
        severities,
        before.unknown + again.unknown,
        before.waived - len(back),
        before.baselined,
        before.carried + again.carried,
    )
    findings = (
        replace(finding, state=State.NEW) if _lapsed(finding, day) else finding
        for finding in report.findings
    )
    codes = {rule.code for rule in report.rules_with(Role.SCAN_COMPLETENESS)}
    accepted = report.gate.gaps_accepted and (
        not again.unknown or gaps_accepted(report.scan.gaps, counted(findings).accepted, codes)
    )
    return summary, accepted


def _lapsed(finding: Finding, day: date) -> bool:
    """Tell whether a waived finding's waiver has ended; a date that is none has."""
    if finding.state is not State.WAIVED or finding.waiver is None:
        return False
    expires = finding.waiver.expires
    if expires is None:
        return False
    try:
        return date.fromisoformat(expires) < day
    except ValueError:
        return True
