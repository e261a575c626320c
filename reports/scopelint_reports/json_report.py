"""The JSON report: schema `scopelint-report/1` of the outside contract, section 5.

Streamed: one line a gap, a rule, a project and a finding, so that line tools can read it too. Its shape is
that of `scopelint.report_file`; `scopelint.report_file` reads it back.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from scopelint.report import Report, Reporter
from scopelint.report_file import (
    FindingRecord,
    GapRecord,
    OwnerRecord,
    RuleRecord,
    project_owners,
    run_data,
)
from scopelint.text import json_text


class JsonReporter(Reporter):
    """Everything, for programs. Waived findings are always listed."""

    name = "json"
    title = "everything for programs, read back by gate, check and baseline"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; raise TypeError or ValueError where evidence is no JSON data."""
        for line in _lines(report):
            out.write(f"{line}\n".encode())


def _lines(report: Report) -> Iterator[str]:
    run = run_data(report)
    yield "{"
    yield f'"schema": {json_text(run["schema"])},'
    yield f'"tool": {json_text(run["tool"])},'
    yield f'"scan": {json_text(run["scan"])[:-1]}, "gaps": ['
    yield from _items(map(GapRecord.to_data, report.scan.gaps))
    yield "]},"
    yield f'"summary": {json_text(run["summary"])},'
    yield f'"gate": {json_text(run["gate"])},'
    yield f'"config": {json_text(run["config"])},'
    for name in ("since", "after", "carried_rules"):
        if name in run:
            yield f'"{name}": {json_text(run[name])},'
    yield '"rules": ['
    yield from _items(map(RuleRecord.to_data, report.rules))
    yield "],"
    yield f'"overview": {json_text(report.overview)},'
    if report.projects is not None:
        yield '"projects": ['
        yield from _items(report.projects)
        yield "],"
    if report.ownership is not None and report.projects is not None:
        yield '"owners": ['
        yield from _items(map(OwnerRecord.to_data, report.ownership.owners))
        yield "],"
        yield f'"project_owners": {json_text(project_owners(report.ownership, report.projects))},'
    yield '"findings": ['
    yield from _items(map(FindingRecord.to_data, report.compared(waived=True)))
    yield "]"
    yield "}"


def _items(items: Iterable[dict[str, Any] | str]) -> Iterator[str]:
    last = None
    for item in items:
        if last is not None:
            yield f"{last},"
        last = json_text(item)
    if last is not None:
        yield last
