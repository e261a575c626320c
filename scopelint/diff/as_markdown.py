"""A comparison as Markdown for a merge request note, in blocks that GitLab colours as a diff."""

from collections.abc import Iterator

from scopelint.diff.as_text import TextLine, TextSection, head, sections, tail
from scopelint.diff.changes import Diff
from scopelint.text import fenced, shorten

MARKER = "<!-- scopelint:diff -->"
"""The first line: by it a script finds its earlier note."""
MAX_CHARS = 60_000
_SHOWN = 20
"""Items a section shows."""
_LONGEST = 500
"""Characters of a line."""


def markdown(diff: Diff) -> Iterator[str]:
    """Yield the note's lines; together they have less than `MAX_CHARS` characters."""
    yield MARKER
    yield f"## scopelint diff: {'changed' if diff.changed else 'no change'}"
    yield ""
    yield from _block("text", [*head(diff), "", *tail(diff)])
    room = MAX_CHARS - 8 * _LONGEST
    for section in sections(diff, _SHOWN):
        lines = list(_section(section))
        size = sum(len(line) + 1 for line in lines)
        if size > room:
            yield ""
            yield f"**{section.title}** does not fit: see the whole comparison."
            continue
        room -= size
        yield from lines


def _section(section: TextSection) -> Iterator[str]:
    yield ""
    yield f"### {section.title}"
    yield ""
    yield from _block("diff", [_text(line) for line in section.lines])
    if section.more:
        yield ""
        yield f"{section.more:,} more: see the whole comparison."


def _text(line: TextLine) -> str:
    # What GitLab's diff colours know: "!" stands for a change.
    mark = {"~": "!", "?": "#"}.get(line.sign, line.sign)
    return f"{mark} {'  ' * line.depth}{line.text}"


def _block(language: str, lines: list[str]) -> Iterator[str]:
    return fenced(language, [shorten(line, _LONGEST) for line in lines])
