"""`scopelint baseline`: accept what is there today, so that only what is new gates."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from scopelint.cli import options
from scopelint.cli.command import Command, Entry, LazyGroup
from scopelint.cli.console import err
from scopelint.cli.files import check_writable, write_file
from scopelint.errors import UsageError
from scopelint.finding import Finding
from scopelint.report import Report
from scopelint.run_identity import SAME_INSTANCE, RunIdentity, check_same
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.engine.baseline import Baseline, Known


@click.group(
    cls=LazyGroup,
    entries={
        "create": Entry(
            "scopelint.cli.baseline:create_",
            "Take every finding that is not waived into a new baseline.",
            "scopelint baseline create scopelint.json -o baseline.json",
        ),
        "update": Entry(
            "scopelint.cli.baseline:update",
            "Drop what is fixed, take in what is new.",
            "scopelint baseline update scopelint.json -o baseline.json",
        ),
        "prune": Entry(
            "scopelint.cli.baseline:prune",
            "Drop what is fixed, take in nothing.",
            "scopelint baseline prune scopelint.json -o baseline.json",
        ),
    },
)
def baseline() -> None:
    """Accept what is there today, so that only what is new gates.

    A baseline is made from a JSON report (`scopelint scan -f json -o report.json`) and is given
    back with `--baseline FILE`. Put it under version control: it holds a finding a line.
    """


_report = click.argument("report", type=options.FilePath())
_output = click.option(
    "-o", "--output", type=options.FilePath(), required=True, help="The baseline to write."
)
_old = click.option(
    "--baseline",
    "old",
    type=options.FilePath(),
    help="The baseline to start from.  [default: the file of -o]",
)


@click.command("create", cls=Command)
@_report
@_output
def create_(report: Path, output: Path) -> None:
    """Take every finding of REPORT that is not waived into a new baseline."""
    from scopelint.engine.baseline import create

    loaded = _read(report, output)
    if output.exists() and output.is_file() and output.stat().st_size:
        raise UsageError(
            f"{output} is already there",
            hint="`scopelint baseline update` takes in what is new; or name another file.",
        )
    made = create(loaded.scan.scan.instance, loaded.findings)
    _write(output, made)
    err(f"{clean(str(output))}: {_count(len(made.known))}")


@click.command(cls=Command)
@_report
@_output
@_old
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
def update(report: Path, output: Path, old: Path | None, *, dry_run: bool) -> None:
    """Make a baseline say what REPORT says: drop what is fixed, take in what is new.

    A baseline accepts a finding as it was. Each that is more now (it grants more, many more
    projects get in, its entry was added again) is shown with what was accepted and what it is: the
    update accepts that too. What the report could not judge (an unreadable project, a rule that did not run, a project
    outside its targets, or left out by its filters) is kept.
    """
    from scopelint.engine.baseline import Baseline

    _renew(report, output, old, Baseline.updated, widens=True, dry_run=dry_run)


@click.command(cls=Command)
@_report
@_output
@_old
def prune(report: Path, output: Path, old: Path | None) -> None:
    """Drop what is fixed, by REPORT, from a baseline; take in nothing.

    What the report could not judge (an unreadable project, a rule that did not run, a project
    outside its targets, or left out by its filters) is kept.
    """
    from scopelint.engine.baseline import Baseline

    _renew(report, output, old, Baseline.pruned)


def _renew(
    report: Path,
    output: Path,
    old: Path | None,
    change: "Callable[..., Baseline]",
    *,
    widens: bool = False,
    dry_run: bool = False,
) -> None:
    from scopelint.engine.baseline import load

    loaded = _read(report, output)
    before = load(old or output)
    check_same(
        (f"the baseline {old or output}", RunIdentity(before.instance)),
        ("the report", RunIdentity.of(loaded.scan.scan)),
        SAME_INSTANCE,
        hint="Each instance has a baseline of its own.",
    )
    after = change(before, loaded.findings, _not_judged(loaded, before))
    widened = list(before.widened(loaded.findings)) if widens else []
    for finding, grown in widened:
        place = " ".join(_place(finding))
        err(f"widens {clean(place)}: {'; '.join(each.text for each in grown)}")
    if not dry_run:
        _write(output, after)
    added = len(after.known.keys() - before.known.keys())
    dropped = len(before.known.keys() - after.known.keys())
    counts = [_count(len(after.known)), f"{added} added", f"{dropped} dropped"]
    counts += [f"{len(widened)} widened"] if widens else []
    counts += ["nothing written"] if dry_run else []
    err(f"{clean(str(output))}: {', '.join(counts)}")


def _place(finding: Finding) -> Iterator[str]:
    """Yield the words that tell which finding it is."""
    yield finding.rule
    if finding.project is not None:
        yield finding.project.path
    if finding.entry is not None:
        yield f"({finding.entry.kind} {finding.entry.path or finding.entry.id})"


def _read(report: Path, output: Path) -> Report:
    from scopelint.cli.after import check_of_today
    from scopelint.report_file.part import lists_every_finding
    from scopelint.report_file.reading import load_report

    check_writable(output)
    if output.exists() and report.exists() and output.samefile(report):
        raise UsageError(f"{output} is the report itself", hint="Give the baseline its own file.")
    loaded = load_report(report)
    check_of_today(loaded, report, "what is not there yet cannot be accepted")
    if not lists_every_finding(loaded):
        raise UsageError(
            f"{report} does not list every finding",
            hint="Make the report without --min-severity and --new-only.",
        )
    return loaded


def _not_judged(report: Report, before: "Baseline") -> "Callable[[Known], bool]":
    """Return what says of a missing finding that the report could not have had it."""
    from scopelint.engine.coverage import Coverage

    coverage = Coverage(report)
    # A scan of a part cannot tell that what was said of the whole is fixed.
    partly = any(
        known.project and coverage.outside(known.project) for known in before.known.values()
    )

    def not_judged(known: "Known") -> bool:
        unsure = known.project is None and partly
        return unsure or not coverage.judged(known.rule, known.project)

    return not_judged


def _write(output: Path, made: "Baseline") -> None:
    def render(file: BinaryIO) -> None:
        file.write(made.text().encode("utf-8", "backslashreplace"))

    write_file(output, render)


def _count(number: int) -> str:
    return "1 finding" if number == 1 else f"{number} findings"
