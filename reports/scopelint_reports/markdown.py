"""The Markdown report: a note on a merge request, or a job summary.

Its first line is a hidden marker by which a script finds its earlier note and updates it in place
(docs/reports.md has one). Under 60,000 characters, whatever was found: the worst findings are
listed, the rest is counted. The verdict comes first; every name and message is a code span
(`scopelint.text.code`), sentences are prose.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import BinaryIO

from scopelint.finding import Finding
from scopelint.report import Report, Reporter
from scopelint.text import code, counted, escaped, link, shorten, visible
from scopelint_reports.changes import FIRST_TITLE, first_changes
from scopelint_reports.location import settings_url, web_address
from scopelint_reports.narrowing import judged_words, limits, rule_words
from scopelint_reports.summary import (
    CARRIED_TITLE,
    access_words,
    concluded,
    coverage,
    gaps_by_fact,
    gate_words,
    label,
    not_judged_by_reason,
    seen_words,
    since_words,
    state_words,
    utc,
)

MARKER = "<!-- scopelint:report -->"
MAX_CHARS = 60_000
"""GitLab takes a note of a million characters; nobody reads one."""
WORST = 20
"""Findings shown without unfolding anything."""
CARRIED = 10
"""Findings shown that were carried over from the last report."""

_NAME_CHARS = 300
_TEXT_CHARS = 500
_CHANGE_CHARS = 120
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
        lines = [
            *_head(report, self.options.report_url),
            *_change(report),
            *_scan(report),
            *_first(report),
        ]
        tail = [
            *self._carried(report),
            *_gaps(report),
            *_not_judged(report),
            *_concluded(report),
            *_warnings(report),
        ]
        used = sum(len(line) + 1 for line in (*lines, *tail))
        lines += ["", *self._findings(report, MAX_CHARS - _ROOM - used), *tail]
        out.write("".join(f"{line}\n" for line in lines).encode())

    def _findings(self, report: Report, room: int) -> Iterator[str]:
        shown = report.shown(waived=self.options.show_waived, carried=False)
        items = (self._item(finding) for finding in shown)
        total = sum(1 for _ in report.shown(waived=self.options.show_waived, carried=False))
        yield "### Findings"
        yield ""
        if not total:
            yield f"{_nothing(report)}."
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

    def _carried(self, report: Report) -> Iterator[str]:
        """Yield what was carried over from the last report, the severest first."""
        found = report.carried_over(waived=self.options.show_waived)
        items = [f"{self._item(each)} · {seen_words(each)}" for each in islice(found, CARRIED)]
        if not items:
            return
        yield ""
        yield f"### {CARRIED_TITLE}"
        yield ""
        yield from items
        if more := sum(1 for _ in found):
            yield f"- and {more:,} more"

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
        if finding.owner is not None:
            parts.append(f"owner {_span(finding.owner, _NAME_CHARS)}")
        if state := state_words(finding):
            parts.append(_span(state, _NAME_CHARS))
        if self.options.show_fix and finding.remediation:
            parts.append(f"fix: {_span(finding.remediation)}")
        return "- " + " · ".join(parts)


def _span(text: str, limit: int = _TEXT_CHARS) -> str:
    # Cleaned first: what is made visible gets longer.
    return code(shorten(visible(text), limit))


def _head(report: Report, report_url: str | None) -> Iterator[str]:
    """Yield the verdict with its reason, and the counts."""
    result = report.gate.result
    yield MARKER
    yield f"## {_MARKS[result]} scopelint: {result}"
    yield ""
    yield f"**{_prose(gate_words(report))}.** {_prose(judged_words(report))}; {rule_words(report)}."
    if page := web_address(report_url):
        yield ""
        yield f"[The whole report](<{page.replace('(', '%28').replace(')', '%29')}>)"
    yield ""
    counts = report.summary.as_dict()
    yield "| " + " | ".join(counts) + " |"
    yield "|" + " ---: |" * len(counts)
    yield "| " + " | ".join(f"{count:,}" for count in counts.values()) + " |"
    yield ""


def _change(report: Report) -> Iterator[str]:
    """Yield who gains and who loses access by a change, and what it fixes."""
    after = report.after
    if after is None:
        return
    name = partial(_span, limit=_CHANGE_CHARS)
    yield "**Access after the change**"
    yield ""
    yield from (f"- {each}" for each in access_words(report, name))
    yield ""
    if not after.fixed:
        return
    yield f"**Fixed by the change: {counted(len(after.fixed), 'finding')}**"
    yield ""
    for finding in after.fixed[:_LISTED]:
        place = finding.project.path if finding.project else "the instance"
        parts = (name(finding.rule), name(place), name(finding.message))
        yield f"- {label(finding).value} · {' · '.join(parts)}"
    if more := len(after.fixed[_LISTED:]):
        yield f"- {counted(more, 'more finding')}: the JSON report has all"
    yield ""


def _scan(report: Report) -> Iterator[str]:
    """Yield what was scanned, when and by what, and what was left out by choice."""
    scan = report.scan
    targets = ", ".join(_span(t, _NAME_CHARS) for t in scan.scan.targets[:_LISTED])
    more = f" and {len(scan.scan.targets) - _LISTED} more" if scan.scan.targets[_LISTED:] else ""
    of = f"{targets}{more} on " if targets else ""
    when = utc(scan.scan.finished_at or scan.scan.started_at)
    instance = _span(scan.scan.instance, _NAME_CHARS)
    yield f"Scanned {of}{instance}, {when}, by {_prose(f'scopelint {report.tool_version}')}."
    if words := since_words(report):
        yield ""
        yield f"Changes {_prose(words)}."
    if missing := coverage(report):
        yield ""
        yield f"**The scan is incomplete**: {_prose(missing)}."
    found = limits(report, partial(_span, limit=_NAME_CHARS))
    if not found:
        return
    yield ""
    for limit in found[:_LISTED]:
        yield f"- {limit.title}: {limit.text}"


def _first(report: Report) -> Iterator[str]:
    """Yield the changes that close the most findings."""
    said, others = first_changes(report)
    if not said:
        return
    yield ""
    yield f"### {FIRST_TITLE}"
    yield ""
    for sentence in said:
        yield f"1. {_prose(sentence)}"
    if others:
        yield ""
        yield f"{counted(others, 'more change')} would close others."


def _nothing(report: Report) -> str:
    """Say that there is no finding, of what was looked at."""
    counts = report.summary.as_dict()
    if any(counts.values()):
        return "No finding is listed with the options that this report was made with"
    return f"No finding in what was judged: {_prose(judged_words(report))}, {rule_words(report)}"


def _gaps(report: Report) -> Iterator[str]:
    gaps = gaps_by_fact(report.scan.gaps)
    if not gaps:
        return
    yield ""
    yield "### Not read"
    yield ""
    for group in gaps[:_LISTED]:
        breaks = "" if group.breaks else "; the scan is complete without"
        yield f"- {_prose(group.words)}: {group.count:,} ({_prose(group.reason_words)}{breaks})"
    if gaps[_LISTED:]:
        yield f"- and {len(gaps) - _LISTED} more"


def _not_judged(report: Report) -> Iterator[str]:
    """Yield all rules that could not judge in one line, those of one reason together."""
    silent = not_judged_by_reason(report.rules)
    if not silent:
        return
    told = [
        f"{', '.join(_span(code, _NAME_CHARS) for code in codes)} ({_prose(reason)})"
        for reason, codes in silent[:_LISTED]
    ]
    more = f"; and {len(silent) - _LISTED} more reasons" if silent[_LISTED:] else ""
    yield ""
    yield "### Not judged"
    yield ""
    yield f"{'; '.join(told)}{more}."


def _warnings(report: Report) -> Iterator[str]:
    if not report.warnings:
        return
    yield ""
    yield "### To look at"
    yield ""
    for sentence in report.warnings[:_LISTED]:
        yield f"- {_span(sentence)}"
    if report.warnings[_LISTED:]:
        yield f"- and {len(report.warnings) - _LISTED} more"


def _concluded(report: Report) -> Iterator[str]:
    """Yield what was concluded for the whole run, from what and when."""
    sentences = concluded(report.scan.scan)
    if not sentences:
        return
    yield ""
    yield "### Concluded for the whole run"
    yield ""
    for sentence in sentences[:_LISTED]:
        yield f"- {_span(sentence)}"
    if sentences[_LISTED:]:
        yield f"- and {len(sentences) - _LISTED} more"


def _prose(text: str) -> str:
    """Return a sentence of ours as prose; what of it is foreign stays text."""
    return escaped(shorten(visible(text), _TEXT_CHARS))


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
