"""The Markdown report: a note on a merge request, or a job summary.

Its first line is a hidden marker by which a script finds its earlier note and updates it in place
(docs/reports.md has one). Under 60,000 characters, whatever was found: the worst findings are
listed, the rest is counted. Every name and message is a code span (`scopelint.text.code`).
"""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from scopelint.finding import Finding
from scopelint.report import Report, Reporter
from scopelint.text import code, counted, link, shorten, visible
from scopelint_reports.location import settings_url, web_address
from scopelint_reports.summary import (
    coverage,
    gaps_by_fact,
    gate_words,
    label,
    not_judged,
    state_words,
)

MARKER = "<!-- scopelint:report -->"
MAX_CHARS = 60_000
"""GitLab takes a note of a million characters; nobody reads one."""
WORST = 20
"""Findings shown without unfolding anything."""

_NAME_CHARS = 300
_TEXT_CHARS = 500
_URL_CHARS = 1_000
_LISTED = 20
_MARKS = {"pass": "✅", "fail": "❌", "incomplete": "⚠️"}
# For the closing lines: two of them, and what ends the unfolding part.
_ROOM = 1_000


class MarkdownReporter(Reporter):
    """A note. Waived findings are counted, listed when asked for."""

    name = "markdown"
    title = "Markdown for a merge request note, mentions and quick actions defused"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the note."""
        lines = [*_head(report, self.options.report_url), *_scan(report)]
        used = sum(len(line) + 1 for line in lines)
        lines += self._findings(report, MAX_CHARS - _ROOM - used)
        out.write("".join(f"{line}\n" for line in lines).encode())

    def _findings(self, report: Report, room: int) -> Iterator[str]:
        shown = report.shown(waived=self.options.show_waived)
        items = (self._item(finding) for finding in shown)
        total = sum(1 for _ in report.shown(waived=self.options.show_waived))
        if not total:
            yield "No finding."
            return
        told = 0
        for item in islice(items, WORST):
            room -= len(item) + 1
            if room < 0:
                break
            told += 1
            yield item
        else:
            for line in _folded(items, total - told, room):
                told += line.startswith("- ")
                yield line
        if told < total:
            yield ""
            yield f"{counted(total - told, 'finding')} more: see the whole report."

    def _item(self, finding: Finding) -> str:
        project = finding.project
        where = shorten(visible(project.path), _NAME_CHARS) if project else "the instance"
        url = settings_url(finding)
        parts = [
            f"**{label(finding).value}**",
            _span(finding.rule, _NAME_CHARS),
            link(where, url if url and len(url) <= _URL_CHARS else None),
            _span(finding.message or finding.name),
        ]
        if state := state_words(finding):
            parts.append(_span(state, _NAME_CHARS))
        if self.options.show_fix and finding.remediation:
            parts.append(f"fix: {_span(finding.remediation)}")
        return "- " + " · ".join(parts)


def _span(text: str, limit: int = _TEXT_CHARS) -> str:
    # Cleaned first: what is made visible gets longer.
    return code(shorten(visible(text), limit))


def _head(report: Report, report_url: str | None) -> Iterator[str]:
    result = report.gate.result
    yield MARKER
    yield f"## {_MARKS[result]} scopelint: {result}"
    yield ""
    yield f"{_span(gate_words(report))}."
    if page := web_address(report_url):
        yield ""
        yield f"[The whole report](<{page.replace('(', '%28').replace(')', '%29')}>)"
    yield ""
    counts = report.summary.as_dict()
    yield "| " + " | ".join(counts) + " |"
    yield "|" + " ---: |" * len(counts)
    yield "| " + " | ".join(f"{count:,}" for count in counts.values()) + " |"
    yield ""


def _scan(report: Report) -> Iterator[str]:
    """Yield what was scanned, and what could not be read or judged."""
    scan = report.scan
    targets = ", ".join(_span(t, _NAME_CHARS) for t in scan.scan.targets[:_LISTED])
    more = f" and {len(scan.scan.targets) - _LISTED} more" if scan.scan.targets[_LISTED:] else ""
    of = f" of {targets}{more}" if targets else ""
    instance = _span(scan.scan.instance, _NAME_CHARS)
    yield f"Scanned {counted(scan.projects.total, 'project')}{of} on {instance}."
    yield ""
    if missing := coverage(report):
        yield f"**Incomplete**: {_span(missing)}."
        yield ""
    for sentence in report.warnings[:_LISTED]:
        yield f"- {_span(sentence)}"
    gaps = gaps_by_fact(scan.gaps)
    for group in gaps[:_LISTED]:
        said = f"{group.words}: {group.count:,} ({group.reason_words})"
        yield f"- not read: {_span(said)}"
    for rule in not_judged(report.rules)[:_LISTED]:
        why = _span(rule.not_judged or "", _NAME_CHARS)
        yield f"- not judged: {_span(rule.code, _NAME_CHARS)}, {why}"
    if gaps or not_judged(report.rules) or report.warnings:
        yield ""


def _folded(items: Iterator[str], left: int, room: int) -> Iterator[str]:
    """Yield the items that fit, folded away; nothing where there is none."""
    if not left:
        return
    yield ""
    yield f"<details><summary>{counted(left, 'finding')} more</summary>"
    yield ""
    for item in items:
        room -= len(item) + 1
        if room < 0:
            break
        yield item
    yield ""
    yield "</details>"
