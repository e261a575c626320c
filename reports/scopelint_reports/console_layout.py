"""How the console report sets one project with its findings, and the terminal styles it uses."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from scopelint.finding import Finding, Severity, State
from scopelint.text import (
    cell_width,
    counted,
    job_log,
    job_log_lines,
    painted,
    shorten_middle,
    wrap,
)
from scopelint_reports.summary import label, state_words

_LEVEL_COLUMN = 8
_MARGIN = 20
"""Columns before a finding's text, with our own codes, and one for the colon behind an entry."""
_FOLD_FROM = 3
_INSTANCE = "The instance"

# Terminal styles (ECMA-48, "Select graphic rendition").
_CODES: Final[dict[str, str]] = {
    Severity.CRITICAL: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
    Severity.UNKNOWN: "35",
    "bold": "1",
    "dim": "2",
    "title": "1;4",
    "pass": "1;32",
    "fail": "1;31",
    "incomplete": "1;35",
}


class Palette:
    """Paints text that is already clean; `color` False leaves every text as it is."""

    __slots__ = ("_codes",)

    def __init__(self, *, color: bool) -> None:
        self._codes = _CODES if color else {}

    def paint(self, style: str, text: str) -> str:
        """Return `text` in a named style, followed by a reset; unknown styles leave it plain."""
        return painted(text, self._codes.get(style))


@dataclass(slots=True)
class ConsoleLine:
    """What the list needs of one finding; the finding itself need not stay in memory."""

    level: Severity
    code: str
    text: str
    mark: str
    fix: str


@dataclass(slots=True)
class ProjectBlock:
    """One project with its findings, or the instance (`path` None)."""

    path: str | None
    owner: str | None = None
    lines: list[ConsoleLine] = field(default_factory=list)
    unlisted: Counter[Severity] = field(default_factory=Counter)
    """Findings that are counted in the heading but have no line."""

    @property
    def namespace(self) -> str:
        """The group that holds the project; empty for the instance."""
        return (self.path or "").rpartition("/")[0]

    @property
    def counts(self) -> Counter[Severity]:
        """Findings by level, waived ones left out."""
        listed = Counter(line.level for line in self.lines if not line.mark.startswith("waived"))
        return listed + self.unlisted

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts by the most findings of the worst level, then the instance first, then by path."""
        counts = self.counts
        return (*(-counts[level] for level in Severity), self.path is not None, self.path or "")


def by_severity(counts: Counter[Severity]) -> str:
    """Return counts by level in words, worst first: `2 high, 1 low`."""
    return ", ".join(f"{counts[level]:,} {level}" for level in Severity if counts[level])


def add_unlisted(blocks: Iterable[ProjectBlock], findings: Iterable[Finding]) -> int:
    """Count findings that get no line with the blocks of their projects; return their number."""
    known = {block.path: block for block in blocks}
    count = 0
    for finding in findings:
        count += 1
        block = known.get(finding.project.path if finding.project else None)
        if block is not None and finding.state is not State.WAIVED:
            block.unlisted[label(finding)] += 1
    return count


@dataclass(frozen=True, slots=True)
class Layout:
    """Sets blocks in `width` columns; `show_fix` adds each finding's remediation."""

    width: int
    palette: Palette
    show_fix: bool = False

    def blocks(self, findings: Iterable[Finding]) -> list[ProjectBlock]:
        """Group findings by project, the worst project first; the instance counts as one."""
        blocks: dict[str | None, ProjectBlock] = {}
        for finding in findings:
            path = finding.project.path if finding.project else None
            block = blocks.get(path)
            if block is None:
                block = blocks[path] = ProjectBlock(path, finding.owner)
            block.lines.append(self._line(finding))
        return sorted(blocks.values(), key=lambda block: block.rank)

    def lines(self, blocks: Iterable[ProjectBlock]) -> Iterator[str]:
        """Yield the text of blocks: each project with its counts, its findings, and a blank line.

        Neighbours that could not be judged for the same reason are shown together, so that a
        token with too small a role does not bury the findings.
        """
        for _, run in groupby(blocks, key=_sameness):
            members = list(run)
            if len(members) >= _FOLD_FROM:
                yield from self._together(members)
                yield ""
                continue
            for block in members:
                yield from self._alone(block)
                yield ""

    def _alone(self, block: ProjectBlock) -> Iterator[str]:
        yield from self._heading(block)
        code_width = max(len(line.code) for line in block.lines)
        for line in block.lines:
            yield from self._finding(line, code_width)

    def _together(self, blocks: list[ProjectBlock]) -> Iterator[str]:
        line = blocks[0].lines[0]
        paint = self.palette.paint
        yield f"{paint('bold', f'{len(blocks):,} projects')}  {paint('dim', f'1 {line.level} each')}"
        yield from self._finding(line, len(line.code))
        for block in blocks:
            owner = self._owner(block)
            room = self.width - 4 - cell_width(owner)
            yield f"    {shorten_middle(job_log(block.path or ''), room)}{paint('dim', owner)}"

    def _line(self, finding: Finding) -> ConsoleLine:
        text = job_log(finding.message)
        entry = _entry(finding)
        if entry and entry not in text:
            text = f"{shorten_middle(entry, self.width - _MARGIN)}: {text}"
        fix = job_log_lines(finding.remediation).strip() if self.show_fix else ""
        return ConsoleLine(
            label(finding), job_log(finding.rule), text, job_log(state_words(finding)), fix
        )

    def _heading(self, block: ProjectBlock) -> Iterator[str]:
        paint = self.palette.paint
        path = _INSTANCE if block.path is None else job_log(block.path)
        path = shorten_middle(path, self.width)
        counts = by_severity(block.counts) or counted(len(block.lines), "waived finding")
        counts += self._owner(block)
        if cell_width(path) + 2 + len(counts) > self.width:
            yield paint("bold", path)
            yield f"  {paint('dim', counts)}"
        else:
            yield f"{paint('bold', path)}  {paint('dim', counts)}"

    def _owner(self, block: ProjectBlock) -> str:
        if block.owner is None:
            return ""
        return f"  owner {shorten_middle(job_log(block.owner), self.width // 3)}"

    def _finding(self, line: ConsoleLine, code_width: int) -> Iterator[str]:
        indent = 2 + _LEVEL_COLUMN + 2 + code_width + 2
        text = f"{line.text} [{line.mark}]" if line.mark else line.text
        first, *rest = wrap(text, self.width - indent)
        level = self.palette.paint(line.level, f"{line.level.value:<{_LEVEL_COLUMN}}")
        yield f"  {level}  {line.code:<{code_width}}  {first}"
        margin = " " * indent
        for more in rest:
            yield margin + more
        if line.fix:
            yield from self._fix(line.fix, margin)

    def _fix(self, text: str, margin: str) -> Iterator[str]:
        lead = "fix: "
        room = self.width - len(margin) - len(lead)
        for paragraph in filter(str.strip, text.split("\n")):
            for piece in wrap(paragraph.rstrip(), room):
                yield f"{margin}{self.palette.paint('dim', lead + piece)}"
                lead = "     "


def _sameness(block: ProjectBlock) -> tuple[object, ...]:
    """Equal for projects that share one unknown; unique for every other block."""
    if block.path is None or len(block.lines) != 1 or block.lines[0].level is not Severity.UNKNOWN:
        return (block.path,)
    line = block.lines[0]
    if block.unlisted:
        return (block.path,)
    return (line.code, line.text, line.mark, line.fix, None)


def _entry(finding: Finding) -> str:
    entry = finding.entry
    if entry is None:
        return ""
    if entry.path:
        return job_log(entry.path)
    return f"{entry.kind} {'gone' if entry.id is None else entry.id}"
