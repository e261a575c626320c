"""`scopelint trend R…`: findings, open projects and reach from report to report."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.files import check_output, write_file
from scopelint.diff.trend import SEVERITIES, groups_of, trend
from scopelint.errors import UsageError
from scopelint.finding import TrendPoint
from scopelint.report import Report
from scopelint.run_identity import SAME_TARGETS, RunIdentity, check_same
from scopelint.text import clean, counted, csv_cell

_SHOWN = ("critical", "high", "medium", "low")
_COLUMNS = (
    "finished_at",
    "group",
    "projects",
    "unread",
    "left_out",
    "open",
    *(severity.value for severity in SEVERITIES),
    "unknown",
    "waived",
    "baselined",
    "reach",
    "notes",
)


@click.command("trend", cls=Command)
@click.argument("reports", type=options.FilePath(), nargs=-1, required=True, metavar="REPORT...")
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="GROUP",
    help="Show this group too, by its full path; csv has all of them.",
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["console", "csv"]),
    default="console",
    show_default=True,
    help="How to write it.",
)
@click.option("-o", "--output", type=options.FilePath(), help="Write to this file, not stdout.")
@options.console_options
def trend_command(
    reports: tuple[Path, ...],
    *,
    groups: tuple[str, ...],
    format_name: str,
    output: Path | None,
    console: Console,
) -> None:
    """Show what became of a tree over several JSON reports, or folders of them, oldest first.

    All must be of one instance and the same targets. What is not comparable with the line before
    (projects not read or left out, other rules) is said beside it.
    """
    start(console)
    files = list(_files(reports))
    check_output(output, files)
    loaded = _load(files)
    known = groups_of(loaded)
    for group in groups:
        if group.lower() not in {each.lower() for each in known}:
            raise UsageError(f"no report has the group {clean(group)}", hint="Name its full path.")
    if format_name == "csv":
        text = _csv(trend(loaded, known))
    else:
        points = sorted(trend(loaded, groups), key=lambda point: point.group)
        text = "\n".join(_lines(points))
    if output is None:
        out(text)
    else:

        def render(file: BinaryIO) -> None:
            file.write(f"{text}\n".encode())

        write_file(output, render)


def _files(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.glob("*.json"))
        if not found:
            raise UsageError(f"the folder {path} has no report", hint="Their names end in .json.")
        yield from found


def _load(files: Sequence[Path]) -> list[Report]:
    from scopelint.cli.after import check_of_today
    from scopelint.report_file.reading import load_report

    loaded = [load_report(file) for file in files]
    for file, report in zip(files, loaded, strict=True):
        check_of_today(report, file, "it is no point of a trend")
    first = RunIdentity.of(loaded[0].scan.scan)
    for file, report in zip(files[1:], loaded[1:], strict=True):
        check_same(
            (str(files[0]), first),
            (str(file), RunIdentity.of(report.scan.scan)),
            SAME_TARGETS,
            hint="Show each tree's reports by themselves.",
        )
    return loaded


def _cells(point: TrendPoint) -> Iterator[str]:
    yield f"{point.at:%Y-%m-%dT%H:%M:%SZ}" if point.at else ""
    yield point.group
    counts = (point.projects, point.unread, point.left_out, point.open)
    levels = (point.findings[severity] for severity in SEVERITIES)
    for number in (*counts, *levels, point.unknown, point.waived, point.baselined, point.reach):
        yield "" if number is None else str(number)
    yield "; ".join(point.notes)


def _csv(points: Iterator[TrendPoint]) -> str:
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_COLUMNS)
    for point in points:
        table.writerow([csv_cell(cell) for cell in _cells(point)])
    return file.getvalue().rstrip("\n")


def _lines(points: Sequence[TrendPoint]) -> Iterator[str]:
    names = ("date", "projects", "open", *_SHOWN, "unknown", "waived", "reach")
    rows = [[*_row(point)] for point in points]
    widths = [
        max(len(name), *(len(row[place]) for row in rows)) for place, name in enumerate(names)
    ]
    group = None
    yield "  ".join(_aligned(names, widths))
    for point, row in zip(points, rows, strict=True):
        if point.group != group and (point.group or group):
            yield clean(point.group) or "all"
        group = point.group
        notes = f"  ({', '.join(point.notes)})" if point.notes else ""
        yield "  ".join(_aligned(row, widths)).rstrip() + notes
    whole = [point for point in points if not point.group]
    if len(whole) > 1:
        yield _in_words(whole[0], whole[-1])


def _row(point: TrendPoint) -> Iterator[str]:
    yield f"{point.at:%Y-%m-%d}" if point.at else "not finished"
    numbers = (point.projects, point.open, *(_level(point, name) for name in _SHOWN))
    for number in (*numbers, point.unknown, point.waived, point.reach):
        yield "-" if number is None else f"{number:,}"


def _level(point: TrendPoint, name: str) -> int:
    return next(number for severity, number in point.findings.items() if severity.value == name)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        yield cell.ljust(width) if place == 0 else cell.rjust(width)


def _in_words(first: TrendPoint, last: TrendPoint) -> str:
    if first.open is None or last.open is None:
        return "How many projects are open is not known of both ends."
    unsure = "; not all counts are comparable" if last.notes or first.notes else ""
    return (
        f"Open: {counted(first.open, 'project')} then, {counted(last.open, 'project')} now{unsure}."
    )
