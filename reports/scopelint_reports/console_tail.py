"""The end of the console report: what was not judged, not read, found and scanned, and the gate."""

from collections.abc import Iterator

from scopelint.report import Report
from scopelint.text import cell_width, counted, number, shorten_middle, visible, wrap
from scopelint_reports.console_layout import Palette
from scopelint_reports.summary import (
    GapGroup,
    api_words,
    enforcement_words,
    gaps_by_fact,
    gate_words,
    not_judged,
    severity_counts,
    utc,
)

_COLUMN = 12


class Tail:
    """Sets the tail of a report in `width` columns."""

    def __init__(
        self, report: Report, palette: Palette, width: int, *, exit_zero: bool = False
    ) -> None:
        self._report = report
        self._paint = palette.paint
        self._width = width
        self._exit_zero = exit_zero

    def lines(self, *, clean_run: bool) -> Iterator[str]:
        """Yield the tail's lines, the gate's verdict last. `clean_run`: no finding was listed."""
        if clean_run:
            yield from self._nothing()
        yield from self._rules()
        yield from self._gaps()
        yield from self._waivers()
        yield from self._row("Findings", self._findings())
        yield from self._row("Scanned", self._scanned())
        for text in self._circumstances():
            yield from self._row("", text)
        if others := self._others():
            yield from self._row("Rules of", others)
        yield ""
        yield self._verdict()

    def _row(self, title: str, text: str) -> Iterator[str]:
        first, *rest = wrap(text, self._width - _COLUMN)
        yield self._paint("bold", title) + " " * (_COLUMN - len(title)) + first
        for more in rest:
            yield " " * _COLUMN + more

    def _nothing(self) -> Iterator[str]:
        report = self._report
        judged = sum(1 for rule in report.rules if rule.not_judged is None)
        hidden = sum(count for _, count in severity_counts(report))
        head = "Nothing to show at this level." if hidden else "All clear."
        what = (
            f"{counted(report.scan.projects.read, 'project')} with "
            f"{counted(report.scan.entries, 'allowlist entry', 'allowlist entries')} "
            f"read, {counted(judged, 'rule')} applied"
        )
        yield from wrap(f"{head} {what}.", self._width)
        yield ""

    def _rules(self) -> Iterator[str]:
        silent = not_judged(self._report.rules)
        if not silent:
            return
        yield self._paint("bold", "Not judged")
        code_width = max(cell_width(visible(rule.code)) for rule in silent)
        indent = " " * (2 + code_width + 2)
        for rule in silent:
            reason = f"{visible(rule.name)}: {visible(rule.not_judged or '')}"
            first, *rest = wrap(reason, self._width - len(indent))
            yield f"  {visible(rule.code):<{code_width}}  {first}"
            for more in rest:
                yield indent + more
        yield ""

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
        yield self._paint("bold", "Waivers")
        for sentence in self._report.warnings:
            first, *rest = wrap(visible(sentence), self._width - 4)
            yield f"  {first}"
            for more in rest:
                yield f"    {more}"
        yield ""

    def _gap(self, group: GapGroup) -> Iterator[str]:
        count = f"{number(group.count):>8}"
        head = f"{visible(group.fact)}: {group.words} ({visible(group.reason_words)})"
        indent = " " * (len(count) + 2)
        room = self._width - len(indent)
        first, *rest = wrap(head, room)
        yield f"{count}  {first}"
        for more in rest:
            yield indent + more
        if not group.examples:
            return
        names = ", ".join(shorten_middle(name, room) for name in group.examples)
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
        projects = summary.projects
        if projects.read == projects.total:
            read = counted(projects.total, "project")
        else:
            noun = "project" if projects.total == 1 else "projects"
            read = f"{number(projects.read)} of {number(projects.total)} {noun}"
        targets = ", ".join(visible(target) for target in summary.scan.targets)
        return (
            f"{read}, {counted(summary.groups, 'group')}, "
            f"{counted(summary.entries, 'entry', 'entries')}"
            + (f" in {targets}" if targets else "")
        )

    def _circumstances(self) -> Iterator[str]:
        scan = self._report.scan.scan
        version = f"GitLab {visible(scan.gitlab_version) or 'of unknown version'}"
        yield f"{version} at {visible(scan.instance)}, {enforcement_words(scan.enforcement)}"
        when = utc(scan.finished_at or scan.started_at)
        yield (
            f"{when}, {counted(scan.requests, 'request')} through {api_words(scan.api)}, "
            f"scopelint {visible(self._report.tool_version)}"
        )

    def _others(self) -> str:
        """Name the packages and files whose rules took part beside our own, with these rules."""
        codes: dict[str, list[str]] = {}
        for rule in self._report.rules:
            if rule.distribution not in {"", "scopelint"}:
                codes.setdefault(visible(rule.distribution), []).append(visible(rule.code))
        return "; ".join(f"{name}: {', '.join(found)}" for name, found in sorted(codes.items()))

    def _verdict(self) -> str:
        result = self._report.gate.result
        words = gate_words(self._report)
        if self._exit_zero and result != "pass":
            words = f"{words}; the exit code is 0 all the same (--exit-zero)"
        return f"{self._paint(result, result.upper())}  {words}" if words else result.upper()
