"""A comparison for a console: wrapped lines with a sign in front, in colour where wanted."""

from collections.abc import Iterator

from scopelint.diff.as_text import TextLine, head, sections, tail
from scopelint.diff.changes import Diff
from scopelint.text import cell_width, painted

_SHOWN = 50
"""Items a section shows; JSON has them all."""
_LEAST = 20
"""Columns that a text gets at least, however narrow the console is."""
_COLOURS = {"+": "32", "-": "31", "~": "33", "?": "35"}


def console(diff: Diff, *, width: int = 80, color: bool = False) -> Iterator[str]:
    """Yield the comparison's lines, each of at most `width` columns."""
    for text in head(diff):
        yield from wrapped(text, width, "       ")
    for section in sections(diff, _SHOWN):
        yield ""
        yield _painted("1", section.title, color=color)
        for line in section.lines:
            yield from _line(line, width, color=color)
        if section.more:
            yield f"    and {section.more:,} more: -f json lists them all"
    yield ""
    for text in tail(diff):
        yield from wrapped(text, width, "  ")


def _line(line: TextLine, width: int, *, color: bool) -> Iterator[str]:
    indent = "  " * line.depth
    code = _COLOURS.get(line.sign)
    for number, text in enumerate(wrapped(line.text, width - 4 - len(indent), "  ")):
        mark = line.sign if number == 0 else " "
        yield _painted(code, f"  {mark} {indent}{text}".rstrip(), color=color)


def _painted(code: str | None, text: str, *, color: bool) -> str:
    return painted(text, code if color else None)


def wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    """Break a clean text at blanks into lines of at most `width` columns.

    Lines after the first begin with `indent`. A word longer than a line is broken at its end.
    """
    width = max(width, _LEAST)
    line, free = "", width
    for number, word in enumerate(text.split(" ")):
        gap = " " if number else ""
        size = cell_width(word)
        if size + len(gap) > free and size <= width - len(indent):
            yield line
            line, free, gap = indent, width - len(indent), ""
        line += gap
        free -= len(gap)
        for character in word:
            cells = cell_width(character)
            if cells > free:
                yield line
                line, free = indent, width - len(indent)
            line += character
            free -= cells
    yield line
