"""The HTML page's table of how the counts went from report to report, of the tree and by group."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from scopelint.finding import Severity, TrendPoint
from scopelint.text import number, visible
from scopelint_reports.summary import utc

_LEVELS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
COLUMNS = ("Projects", "Open", *(level.value.title() for level in _LEVELS), "Unknown", "Waived")


def trend_context(points: Sequence[TrendPoint]) -> dict[str, Any] | None:
    """Return the columns and the rows: first the whole tree's, then those of each group.

    None where there is no trend. What is not known of a report is a dash, never a zero.
    """
    if not points:
        return None
    whole = [point for point in points if not point.group]
    ordered = sorted((point for point in points if point.group), key=lambda point: point.group)
    return {
        "columns": (*COLUMNS, "Reach"),
        "whole": [_row(point) for point in whole],
        "groups": [
            {"path": visible(group), "rows": [_row(point) for point in some]}
            for group, some in groupby(ordered, key=lambda point: point.group)
        ],
        "summary": _summary(whole[0], whole[-1]),
    }


def _row(point: TrendPoint) -> dict[str, Any]:
    return {
        "day": _day(point.at),
        "cells": [_cell(count) for count in _counts(point)],
        "notes": ", ".join(point.notes),
    }


def _counts(point: TrendPoint) -> Iterator[int | None]:
    yield point.projects
    yield point.open
    yield from (point.findings.get(level, 0) for level in _LEVELS)
    yield from (point.unknown, point.waived, point.reach)


def _cell(count: int | None) -> str:
    return "-" if count is None else number(count)


def _day(moment: datetime | None) -> str:
    return utc(moment)[:10] if moment else "not finished"


def _summary(first: TrendPoint, last: TrendPoint) -> str:
    """Say what became of open projects, and whether the two ends can be compared at all."""
    if first.open is None or last.open is None:
        return "How many projects are open is not known of both ends."
    unsure = " Not all counts are comparable: see the notes." if _noted((first, last)) else ""
    return f"Open projects: {number(first.open)} then, {number(last.open)} now.{unsure}"


def _noted(points: Iterable[TrendPoint]) -> bool:
    return any(point.notes for point in points)
