"""`scopelint gate`: the exit code of a JSON report, without a scan."""

from pathlib import Path

import click

from scopelint import engine
from scopelint.cli import options
from scopelint.cli.judging import exit_code
from scopelint.cli.streams import out
from scopelint.errors import NothingScannedError
from scopelint.finding import Severity
from scopelint.reportfile import load_report


@click.command()
@click.argument("report", type=options.FilePath())
@options.gate_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def gate(
    report: Path, fail_on: str | None, allow_incomplete: bool, exit_zero: bool, quiet: bool
) -> int:
    """Exit as the scan behind REPORT, a file of `-f json`, would have.

    GitLab drops the security reports of a failed job; so one job scans with --exit-zero and
    uploads them, and the next one gates. Without --fail-on the report's own threshold holds.
    """
    loaded = load_report(report)
    if not loaded.scan.projects.total and not exit_zero:
        raise NothingScannedError(f"{report}: no project was scanned")
    threshold = fail_on or loaded.gate.fail_on
    found = engine.gate(
        loaded.summary,
        "never" if threshold == "never" else Severity(threshold),
        complete=loaded.scan.complete,
    )
    if not quiet:
        why = f": {', '.join(found.reasons)}" if found.reasons else ""
        out(f"{found.result} (fail on {found.fail_on}){why}")
    return exit_code(found, allow_incomplete=allow_incomplete, exit_zero=exit_zero)
