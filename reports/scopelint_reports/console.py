"""The report for people at a terminal or reading a job's log.

The verdict and what was judged come first and last. Between them are the findings, grouped by
project, the worst project first, one line a finding. Every text of GitLab's is made visible first
(`scopelint.text`), so neither a terminal nor a runner of GitHub or Azure acts on it. In a GitLab
job the groups become collapsed sections of the log
(https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections) and the list is capped:
GitLab cuts a log that grows past the instance's limit.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import islice
from typing import BinaryIO, ClassVar

from scopelint.report import Report, Reporter
from scopelint.text import counted, job_log, shorten_middle
from scopelint_reports.console_layout import (
    Layout,
    Palette,
    ProjectBlock,
    add_unlisted,
    by_severity,
)
from scopelint_reports.console_tail import Tail

DEFAULT_WIDTH = 80
JOB_CAP = 200
"""Findings listed in a GitLab job's log; the rest are counted, and found in the artifact."""

_MIN_WIDTH = 40
_LINES_A_WRITE = 2_000


class ConsoleReporter(Reporter):
    """`console`: plain text for a person, in colour only where the options say so."""

    name: ClassVar[str] = "console"
    title: ClassVar[str] = "for people: grouped by project, worst first, with a summary"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report as UTF-8 text; the first and last line are the gate's verdict."""
        lines = self._lines(report)
        while batch := list(islice(lines, _LINES_A_WRITE)):
            out.write(("\n".join(batch) + "\n").encode("utf-8"))

    def _lines(self, report: Report) -> Iterator[str]:
        width = max(self.options.width or DEFAULT_WIDTH, _MIN_WIDTH)
        palette = Palette(color=self.options.color)
        layout = Layout(width, palette, self.options.show_fix)
        tail = Tail(report, palette, width, self.options)
        yield from tail.head()
        shown = report.shown(waived=self.options.show_waived, carried=False)
        listed = islice(shown, JOB_CAP) if self.options.gitlab_job else shown
        blocks = layout.blocks(listed)
        left_out = add_unlisted(blocks, shown)
        if self.options.gitlab_job:
            yield from _sections(report, layout, blocks)
        else:
            yield from layout.lines(blocks)
        if left_out:
            yield from self._left_out(left_out)
        yield from tail.lines(clean_run=not blocks)

    def _left_out(self, count: int) -> Iterator[str]:
        page = self.options.report_url
        yield f"… and {counted(count, 'finding')} more, listed in this job's artifact:"
        yield f"  {job_log(page) if page else 'the report written by --report html=FILE'}"
        yield ""


def _sections(report: Report, layout: Layout, blocks: Sequence[ProjectBlock]) -> Iterator[str]:
    """Yield blocks as one collapsed section a group, the group with the worst project first."""
    groups: dict[str | None, list[ProjectBlock]] = {}
    for block in blocks:
        groups.setdefault(block.path and block.namespace, []).append(block)
    moment = report.scan.scan.finished_at or report.scan.scan.started_at
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    stamp = int(aware.timestamp())
    for index, (namespace, members) in enumerate(groups.items()):
        # Only our own counter goes into the section's name: a name from GitLab could end it.
        name = f"scopelint_{index}"
        title = _section_title(namespace, members, layout.width)
        yield (
            f"\x1b[0Ksection_start:{stamp}:{name}[collapsed=true]\r\x1b[0K"
            f"{layout.palette.paint('bold', title)}"
        )
        yield from layout.lines(members)
        yield f"\x1b[0Ksection_end:{stamp}:{name}\r\x1b[0K"


def _section_title(namespace: str | None, members: Sequence[ProjectBlock], width: int) -> str:
    counts = sum((block.counts for block in members), Counter())
    findings = by_severity(counts) or "waived findings"
    if namespace is None:
        return f"The instance: {findings}"
    path = shorten_middle(job_log(namespace) or "(no group)", width // 2)
    return f"{path}: {findings} in {counted(len(members), 'project')}"
