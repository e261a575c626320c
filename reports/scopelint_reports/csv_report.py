"""The CSV report: one finding a row, for spreadsheets (RFC 4180, UTF-8).

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a
formula and runs it. Such a cell begins with an apostrophe here, which makes it text (OWASP, "CSV
Injection"). Every cell is quoted and on one line.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO

from scopelint.finding import Finding
from scopelint.report import Report, Reporter
from scopelint_reports.location import settings_url
from scopelint_reports.safe_text import plain_line
from scopelint_reports.summary import label

COLUMNS = (
    "severity", "rule", "name", "verdict", "state", "project", "project_id", "settings_url",
    "entry_kind", "entry_id", "entry", "message", "remediation", "confidence",
    "waiver_reason", "waiver_expires", "waiver_owner", "fingerprint",
)  # fmt: skip
"""The first row; later versions add columns at the end only."""

# The full-width forms too: some spreadsheets read them as the plain ones.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


class CsvReporter(Reporter):
    """A row a finding. Waived findings are listed only when asked for."""

    name = "csv"
    title = "CSV for spreadsheets, formulas defused"
    extension = "csv"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report: the names of the columns, then a row a finding."""
        line = StringIO()
        writer = csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        for row in _rows(report, show_waived=self.options.show_waived):
            writer.writerow(row)
            out.write(line.getvalue().encode())
            line.seek(0)
            line.truncate()


def defused(text: str) -> str:
    """Return `text` on one line that no spreadsheet takes for a formula."""
    if text[:1].isalnum() and text.isprintable():
        return text
    shown = plain_line(text)
    # Leading blanks are judged too: some spreadsheets drop them first.
    risky = text.startswith(_FORMULA) or shown.lstrip().startswith(_FORMULA)
    return f"'{shown}" if risky else shown


def _rows(report: Report, *, show_waived: bool) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for finding in report.shown(waived=show_waived):
        yield tuple(map(defused, _cells(finding)))


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
