"""Markdown shown at a terminal: headings, lists, tables and code, by rich.

A page may be a third party's, so it is text and nothing more: control characters are replaced
before it is parsed and again in what comes of it (an entity such as `&#8238;` only then becomes
a character), and no terminal hyperlink is made of its links, whose addresses are shown instead.
"""

import io
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown
from rich.segment import Segment
from rich.text import Text
from rich.theme import Theme

from scopelint.text import clean

_WIDEST = 100
"""Columns of prose at most: longer lines are hard to read."""
_NARROWEST = 40
_THEME = Theme(
    {
        "markdown.h1": "bold",
        "markdown.h1.border": "dim",
        "markdown.h2": "bold cyan",
        "markdown.h3": "bold",
        "markdown.code": "cyan",
        "markdown.code_block": "default",
        "markdown.link_url": "dim",
        "markdown.table.header": "bold",
        "markdown.table.border": "dim",
    }
)


def rendered(text: str, width: int, *, color: bool) -> str:
    """Return Markdown as it reads in `width` columns, with ANSI colours or as plain text."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(_NARROWEST, min(width, _WIDEST)),
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        theme=_THEME,
        _environ={},
    )
    console.print(_Cleaned(text), crop=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")


class _Heading(Heading):
    """A heading at the left; those of sections in capitals, which need no colour."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.tag == "h2":
            self.text.plain = self.text.plain.upper()
        self.text.justify = "left"
        yield self.text


class _CodeBlock(CodeBlock):
    """Code as it stands, indented: a line that is too long is the terminal's to break.

    So a command that is copied is whole.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip("\n").split("\n"):
            yield Text(f"    {line}", "markdown.code_block", no_wrap=True, overflow="ignore")


class _Page(Markdown):
    elements = Markdown.elements | {
        "heading_open": _Heading,
        "fence": _CodeBlock,
        "code_block": _CodeBlock,
    }


class _Cleaned:
    """A page, with every segment of it cleaned once more."""

    def __init__(self, text: str) -> None:
        page = "\n".join(clean(line) for line in text.splitlines())
        self._markdown = _Page(page, hyperlinks=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _cleaned(console.render(self._markdown, options))


def _cleaned(segments: Iterable[Segment]) -> Iterable[Segment]:
    for segment in segments:
        if not segment.control:
            text = "\n".join(clean(part) for part in segment.text.split("\n"))
            yield Segment(text, segment.style)
