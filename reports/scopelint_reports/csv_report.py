"""The CSV report: one finding a row, for spreadsheets (RFC 4180, UTF-8).

Every cell is quoted, on one line, and no formula. A byte order mark comes first: without one Excel
takes the file for another encoding.
"""

import codecs
import csv
from collections.abc import Iterator
from io import StringIO
from itertools import chain
from typing import BinaryIO

from scopelint.finding import Finding
from scopelint.report import Report, Reporter
from scopelint.text import csv_cell, utc
from scopelint_reports.location import settings_url
from scopelint_reports.narrowing import judged_words
from scopelint_reports.summary import label

COLUMNS = (
    "severity", "rule", "name", "verdict", "state", "project", "project_id", "settings_url",
    "entry_kind", "entry_id", "entry", "message", "remediation", "confidence",
    "waiver_reason", "waiver_expires", "waiver_owner", "fingerprint",
    "title", "owner", "instance", "time", "version", "scanned", "last_seen",
)  # fmt: skip
"""The first row, here and in the file that the HTML page makes; later versions add columns at the
end only. `instance` to `scanned` describe the run, for a file that is read alone: the end of the scan
in UTC, scopelint's version, how many projects were judged. `owner` is empty where nobody owns the
project. `last_seen` is empty but for findings carried over from the last report.
"""


class CsvReporter(Reporter):
    """A row a finding. Waived findings are listed only when asked for."""

    name = "csv"
    title = "CSV for spreadsheets, formulas defused"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report: the names of the columns, then a row a finding."""
        out.write(codecs.BOM_UTF8)
        line = StringIO()
        writer = csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        for row in _rows(report, show_waived=self.options.show_waived):
            writer.writerow(row)
            out.write(line.getvalue().encode())
            line.seek(0)
            line.truncate()


def _rows(report: Report, *, show_waived: bool) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    titles = {rule.code: csv_cell(rule.title) for rule in report.described_rules}
    run = run_cells(report)
    both = (
        report.shown(waived=show_waived, carried=False),
        report.carried_over(waived=show_waived),
    )
    for finding in chain(*both):
        title = titles.get(finding.rule, "")
        seen = utc(finding.carried.last_seen) if finding.carried else ""
        yield (*map(csv_cell, _cells(finding)), title, csv_cell(finding.owner or ""), *run, seen)


def run_cells(report: Report) -> tuple[str, ...]:
    """Return what every row says of the run: instance, time, version, and what was judged."""
    scan = report.scan.scan
    moment = utc(scan.finished_at or scan.started_at)
    return tuple(
        csv_cell(text)
        for text in (scan.instance, moment, report.tool_version, judged_words(report))
    )


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
