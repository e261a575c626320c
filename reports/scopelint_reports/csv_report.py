"""The CSV report: one finding a row, for spreadsheets (RFC 4180, UTF-8).

Every cell is quoted, on one line, and no formula.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO

from scopelint.finding import Finding
from scopelint.report import Report, Reporter
from scopelint.text import csv_cell
from scopelint_reports.location import settings_url
from scopelint_reports.summary import label

COLUMNS = (
    "severity", "rule", "name", "verdict", "state", "project", "project_id", "settings_url",
    "entry_kind", "entry_id", "entry", "message", "remediation", "confidence",
    "waiver_reason", "waiver_expires", "waiver_owner", "fingerprint",
)  # fmt: skip
"""The first row; later versions add columns at the end only."""


class CsvReporter(Reporter):
    """A row a finding. Waived findings are listed only when asked for."""

    name = "csv"
    title = "CSV for spreadsheets, formulas defused"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report: the names of the columns, then a row a finding."""
        line = StringIO()
        writer = csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        for row in _rows(report, show_waived=self.options.show_waived):
            writer.writerow(row)
            out.write(line.getvalue().encode())
            line.seek(0)
            line.truncate()


def _rows(report: Report, *, show_waived: bool) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for finding in report.shown(waived=show_waived):
        yield tuple(map(csv_cell, _cells(finding)))


def _cells(finding: Finding) -> tuple[str, ...]:
    project, entry, waiver = finding.project, finding.entry, finding.waiver
    return (
        label(finding).value,
        finding.rule,
        finding.name,
        finding.verdict.value,
        finding.state.value,
        project.path if project else "",
        str(project.id) if project else "",
        settings_url(finding) or "",
        entry.kind if entry else "",
        str(entry.id) if entry and entry.id is not None else "",
        (entry.path or "") if entry else "",
        finding.message,
        finding.remediation,
        finding.confidence.value,
        waiver.reason if waiver else "",
        (waiver.expires or "") if waiver else "",
        (waiver.owner or "") if waiver else "",
        finding.fingerprint,
    )
