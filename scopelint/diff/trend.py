"""What became of a tree from report to report: counts by date and group.

A count that is not comparable with the one before says so: an unread or left out part, or other
rules, would look like findings that were fixed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from scopelint.finding import Outcome, Severity, TrendPoint
from scopelint.report import Report

SEVERITIES: Final = tuple(severity for severity in Severity if severity is not Severity.UNKNOWN)
_OPEN: Final = "open"
"""The tag of the rule that flags open projects."""


def trend(reports: Iterable[Report], groups: Sequence[str] = ()) -> Iterator[TrendPoint]:
    """Yield the counts of each report, oldest first; of the whole tree, then of each group.

    A group that a report does not have in its overview has no counts there.
    """
    ordered = sorted(reports, key=lambda report: _end(report).timestamp())
    before: Report | None = None
    for report in ordered:
        notes = tuple(_notes(report, before))
        yield _whole(report, notes)
        for group in groups:
            point = _of_group(report, group, notes)
            if point is not None:
                yield point
        before = report


def groups_of(reports: Iterable[Report]) -> list[str]:
    """Return the full paths of all groups that these reports have in their overviews, sorted."""
    found = {row["path"] for report in reports for row in _rows(report)}
    return sorted(found, key=lambda path: path.split("/"))


def _end(report: Report) -> datetime:
    scan = report.scan.scan
    return scan.finished_at or scan.started_at


def _notes(report: Report, before: Report | None) -> Iterator[str]:
    counts = report.scan.projects
    if counts.unreadable:
        yield f"{counts.unreadable} not read"
    if counts.left_out:
        yield f"{counts.left_out} left out"
    known = {"scope", "entries"} if counts.unreadable else set()
    if any(gap.breaks_completeness and gap.fact not in known for gap in report.scan.gaps) or (
        not report.scan.complete and not counts.unreadable
    ):
        yield "incomplete"
    if before is not None and _judged(report) != _judged(before):
        yield "other rules"


def _judged(report: Report) -> frozenset[str]:
    return frozenset(rule.code for rule in report.rules if rule.not_judged is None)


def _whole(report: Report, notes: tuple[str, ...]) -> TrendPoint:
    counts, summary = report.scan.projects, report.summary
    opened = [
        rule.outcomes.get(Outcome.FAIL, 0)
        for rule in report.rules
        if _OPEN in rule.tags and rule.not_judged is None
    ]
    reach = _reach(report)
    return TrendPoint(
        report.scan.scan.finished_at,
        "",
        counts.total,
        counts.unreadable,
        counts.left_out,
        sum(opened) if opened else None,
        {severity: summary.severities.get(severity, 0) for severity in SEVERITIES},
        summary.unknown,
        summary.waived,
        summary.baselined,
        None if reach is None else sum(number for _, number in reach),
        notes,
    )


def _of_group(report: Report, group: str, notes: tuple[str, ...]) -> TrendPoint | None:
    row = next((row for row in _rows(report) if row["path"].lower() == group.lower()), None)
    if row is None:
        return None
    reach = _reach(report)
    return TrendPoint(
        report.scan.scan.finished_at,
        row["path"],
        row["projects"],
        row["unread"],
        row.get("left_out", 0),
        row.get("open", 0),
        {severity: row.get(severity.value, 0) for severity in SEVERITIES},
        row.get(Severity.UNKNOWN.value, 0),
        None,
        None,
        None if reach is None else _inside(reach, row["path"]),
        tuple(_notes_of_group(row, notes)),
    )


def _notes_of_group(row: Mapping[str, Any], notes: tuple[str, ...]) -> Iterator[str]:
    """Yield the notes on a group: its own numbers, and what holds for the whole run."""
    for key, words in (("unread", "not read"), ("left_out", "left out")):
        if row.get(key):
            yield f"{row[key]} {words}"
    yield from (note for note in notes if note in {"incomplete", "other rules"})


def largest_groups(report: Report, most: int) -> list[str]:
    """Return the groups with the most open projects and failing findings, by path."""

    def weight(row: Mapping[str, Any]) -> tuple[int, int, str]:
        failing = sum(row.get(severity.value, 0) for severity in SEVERITIES)
        return (-row.get("open", 0), -failing, row["path"])

    return sorted(row["path"] for row in sorted(_rows(report), key=weight)[:most])


def _rows(report: Report) -> Sequence[Mapping[str, Any]]:
    groups: Sequence[Mapping[str, Any]] = report.overview["groups"] if report.overview else ()
    return groups


def _reach(report: Report) -> list[tuple[str, int]] | None:
    """Return the pairs by the group of the reached project; None where no report counted them."""
    reach = report.overview.get("reach") if report.overview else None
    if reach is None:
        return None
    # A pair without a number is of a report that did not count them.
    if any(len(pair) < 3 for pair in reach["pairs"]):
        return None
    return [(reach["groups"][target], number) for _, target, number in reach["pairs"]]


def _inside(reach: Iterable[tuple[str, int]], group: str) -> int:
    return sum(number for path, number in reach if f"{path}/".startswith(f"{group}/"))
