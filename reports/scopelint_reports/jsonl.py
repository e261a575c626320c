"""The JSON Lines report: one JSON object a line, for `jq`, log stores and data tools.

Every line has a `record`. The first is the `run` (as in the JSON report, without its lists but that of the owners), so
that a clean run is no empty file; then a `gap` a line, then a `finding` a line.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from scopelint.report import Report, Reporter
from scopelint.report_file import FindingRecord, GapRecord, OwnerRecord, run_data
from scopelint.text import json_text


class JsonLinesReporter(Reporter):
    """The same data as `json`, a line each. Waived findings are counted, listed when asked for."""

    name = "jsonl"
    title = "JSON Lines: the run, then a gap and a finding a line, for data tools"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; raise TypeError or ValueError where evidence is no JSON data."""
        for record in _records(report, show_waived=self.options.show_waived):
            out.write(f"{json_text(record)}\n".encode())


def _records(report: Report, *, show_waived: bool) -> Iterator[dict[str, Any]]:
    owners = report.ownership.owners if report.ownership else ()
    named = {"owners": [OwnerRecord.to_data(owner) for owner in owners]} if owners else {}
    yield {"record": "run"} | run_data(report) | named
    for gap in report.scan.gaps:
        yield {"record": "gap"} | GapRecord.to_data(gap)
    for finding in report.compared(waived=show_waived):
        yield {"record": "finding"} | FindingRecord.to_data(finding)
