"""What stands around the findings on the console: the verdict, what was judged, and what was not.

It is the first two lines and the whole end: statistics, gaps, rules not judged, what was left out
by choice, what was scanned, where reports were written, what to do next, and the verdict again.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from scopelint.finding import Finding, Outcome
from scopelint.report import RenderOptions, Report
from scopelint.text import counted, job_log, number, shorten_middle, visible, wrap
from scopelint_reports.changes import FIRST_TITLE, first_changes
from scopelint_reports.console_layout import Palette
from scopelint_reports.narrowing import judged_words, limits, rule_words
from scopelint_reports.summary import (
    CARRIED_TITLE,
    GapGroup,
    access_words,
    api_words,
    concluded_in_short,
    enforcement_words,
    gaps_by_fact,
    gate_words,
    not_judged_by_reason,
    seen_words,
    severity_counts,
    since_words,
    state_words,
    utc,
)

CARRIED = 20
"""Findings carried over that are listed; the rest are counted."""

_COLUMN = 15
_COUNTED = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)


class Tail:
    """Sets head and tail of a report in `width` columns."""

    def __init__(
        self, report: Report, palette: Palette, width: int, options: RenderOptions
    ) -> None:
        self._report = report
        self._paint = palette.paint
        self._width = width
        self._options = options

    def head(self) -> Iterator[str]:
        """Yield the verdict and what was judged, then a blank line."""
        result = self._report.gate.result
        first, *rest = wrap(self._verdict_words(), self._width - len(result) - 2)
        yield f"{self._paint(result, result.upper())}  {first}".rstrip()
        for more in rest:
            yield " " * (len(result) + 2) + more
        yield from wrap(self._counts(), self._width)
        yield ""

    def lines(self, *, clean_run: bool) -> Iterator[str]:
        """Yield the tail's lines, the gate's verdict last. `clean_run`: no finding was listed."""
        if clean_run:
            yield from self._nothing()
        if self._options.statistics:
            yield from self._statistics()
        yield from self._carried()
        yield from self._gaps()
        yield from self._waivers()
        silent = not_judged_by_reason(self._report.rules)
        rows = [
            ("Not judged", f"{', '.join(codes)}: {job_log(reason)}") for reason, codes in silent
        ]
        rows += [(title, job_log(text)) for title, text in limits(self._report, job_log)]
        yield from self._rows(rows)
        yield from self._row("Findings", self._findings())
        yield from self._rows([("Access", text) for text in access_words(self._report, job_log)])
        if words := since_words(self._report):
            yield from self._row("Changed", words)
        yield from self._row("Scanned", self._scanned())
        for text in self._circumstances():
            yield from self._row("", text)
        if others := self._others():
            yield from self._row("Rules of", others)
        written = [f"{name}: {file}" for name, file in self._options.written]
        yield from self._rows([("Written", job_log(text)) for text in written])
        yield from self._first()
        yield from self._next_steps()
        yield ""
        yield from wrap(self._counts(), self._width)
        result = self._report.gate.result
        yield f"{self._paint(result, result.upper())}  {self._verdict_words()}".rstrip()

    def _rows(self, rows: Sequence[tuple[str, str]]) -> Iterator[str]:
        """Yield rows, the title of neighbours that share one only once."""
        for before, (title, text) in zip(("", *(title for title, _ in rows)), rows, strict=False):
            yield from self._row("" if title == before else title, text)

    def _row(self, title: str, text: str) -> Iterator[str]:
        first, *rest = wrap(text, self._width - _COLUMN)
        yield self._paint("bold", title) + " " * (_COLUMN - len(title)) + first
        for more in rest:
            yield " " * _COLUMN + more

    def _nothing(self) -> Iterator[str]:
        counts = severity_counts(self._report)
        head = "No finding is listed at this level." if counts else "No finding in what was judged."
        yield from wrap(head, self._width)
        yield ""

    def _statistics(self) -> Iterator[str]:
        """Yield a line a rule that judged: how often it failed, could not tell, and passed."""
        judged = [rule for rule in self._report.rules if rule.not_judged is None]
        rows = [
            (
                job_log(rule.code),
                *(number(rule.outcomes.get(outcome, 0)) for outcome in _COUNTED),
                job_log(rule.name),
            )
            for rule in judged
        ]
        head = ("Rule", *(outcome.value for outcome in _COUNTED), "")
        widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head) - 1)]
        indent = 2 + sum(widths) + 2 * len(widths)
        for at, (code, *numbers, name) in enumerate((head, *rows)):
            cells = (f"{text:>{size}}" for text, size in zip(numbers, widths[1:], strict=True))
            lead = f"  {code:<{widths[0]}}  {'  '.join(cells)}  "
            line = f"{lead}{shorten_middle(name, self._width - indent)}".rstrip()
            yield line if at else self._paint("bold", line)
        yield ""

    def _carried(self) -> Iterator[str]:
        """Yield what was carried over from the last report, the severest first."""
        found = self._report.carried_over(waived=self._options.show_waived)
        lines = [f"{self._finding(each)} ({seen_words(each)})" for each in islice(found, CARRIED)]
        if not lines:
            return
        yield self._paint("bold", CARRIED_TITLE)
        for line in lines:
            first, *rest = wrap(line, self._width - 4)
            yield f"  {first}"
            for more in rest:
                yield f"    {more}"
        if more_findings := sum(1 for _ in found):
            yield f"  … and {counted(more_findings, 'finding')} more"
        yield ""

    def _finding(self, finding: Finding) -> str:
        where = job_log(finding.project.path) if finding.project else "the instance"
        said = job_log(finding.message or finding.name)
        named = "" if finding.project and finding.project.path in finding.message else f"{where}: "
        state = f" ({job_log(state_words(finding))})" if state_words(finding) else ""
        return f"{finding.severity.value} {job_log(finding.rule)} {named}{said}{state}"

    def _gaps(self) -> Iterator[str]:
        groups = gaps_by_fact(self._report.scan.gaps)
        for title, breaks in (
            ("Could not be read", True),
            ("Also not seen (still complete)", False),
        ):
            some = [group for group in groups if group.breaks is breaks]
            if some:
                yield self._paint("bold", title)
                for group in some:
                    yield from self._gap(group)
                yield ""

    def _waivers(self) -> Iterator[str]:
        if not self._report.warnings:
            return
        yield self._paint("bold", "To look at")
        for sentence in self._report.warnings:
            first, *rest = wrap(job_log(sentence), self._width - 4)
            yield f"  {first}"
            for more in rest:
                yield f"    {more}"
        yield ""

    def _gap(self, group: GapGroup) -> Iterator[str]:
        count = f"{number(group.count):>8}"
        head = f"{job_log(group.fact)}: {group.words} ({job_log(group.reason_words)})"
        indent = " " * (len(count) + 2)
        room = self._width - len(indent)
        first, *rest = wrap(head, room)
        yield f"{count}  {first}"
        for more in rest:
            yield indent + more
        if not group.examples:
            return
        names = ", ".join(shorten_middle(job_log(name), room) for name in group.examples)
        if group.more:
            names += f", and {number(group.more)} more"
        for line in wrap(names, room):
            yield indent + self._paint("dim", line)

    def _findings(self) -> str:
        counts = severity_counts(self._report)
        if not counts:
            return "none"
        return ", ".join(f"{number(count)} {name}" for name, count in counts)

    def _scanned(self) -> str:
        summary = self._report.scan
        targets = ", ".join(job_log(target) for target in summary.scan.targets)
        return (
            f"{counted(summary.projects.read, 'project')}, {counted(summary.groups, 'group')}, "
            f"{counted(summary.entries, 'entry', 'entries')}"
            + (f" in {targets}" if targets else "")
        )

    def _circumstances(self) -> Iterator[str]:
        scan = self._report.scan.scan
        version = f"GitLab {job_log(scan.gitlab_version) or 'of unknown version'}"
        yield f"{version} at {visible(scan.instance)}, {enforcement_words(scan.enforcement)}"
        when = utc(scan.finished_at or scan.started_at)
        yield (
            f"{when}, {counted(scan.requests, 'request')} through {api_words(scan.api)}, "
            f"scopelint {job_log(self._report.tool_version)}"
        )
        yield from concluded_in_short(scan)

    def _others(self) -> str:
        """Name the packages and files whose rules took part beside our own, with these rules."""
        codes: dict[str, list[str]] = {}
        for rule in self._report.rules:
            if rule.distribution not in {"", "scopelint"}:
                codes.setdefault(job_log(rule.distribution), []).append(job_log(rule.code))
        return "; ".join(f"{name}: {', '.join(found)}" for name, found in sorted(codes.items()))

    def _first(self) -> Iterator[str]:
        """Yield the changes that close the most findings."""
        said, others = first_changes(self._report)
        if not said:
            return
        yield ""
        yield self._paint("bold", FIRST_TITLE)
        for sentence in said:
            first, *rest = wrap(job_log(sentence), self._width - 4)
            yield f"  {first}"
            for more in rest:
                yield f"    {more}"
        if others:
            yield f"  … and {counted(others, 'more change')}"

    def _next_steps(self) -> Iterator[str]:
        """Yield commands that work as printed; one is never broken, so that it can be copied."""
        if not self._options.next_steps:
            return
        yield ""
        yield self._paint("bold", "Next")
        for command, purpose in self._options.next_steps:
            yield f"  {command}"
            for line in wrap(purpose, self._width - 4):
                yield f"    {self._paint('dim', line)}"

    def _counts(self) -> str:
        return f"{judged_words(self._report)}; {rule_words(self._report)}"

    def _verdict_words(self) -> str:
        words = gate_words(self._report)
        if self._options.exit_zero and self._report.gate.result != "pass":
            words = f"{words}; the exit code is 0 all the same (--exit-zero)"
        return words
