"""A rule's page as HTML: CommonMark with tables, rendered by markdown-it-py.

A third party's rule brings its own page, so the text is as untrusted as any other: HTML in it
shows as text, so does a link that is not http or https, and no attribute comes out but those named
here (the policy of the HTML report forbids styles in elements).
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

from scopelint.text import visible_lines
from scopelint_reports.location import web_link

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_DEEPEST: Final = 6
"""The last level of headings that HTML has."""
_ATTRIBUTES: Final = {"a": {"href"}, "ol": {"start"}}


def page_html(markdown: str, *, top: int = 4) -> Markup:
    """Return a page's Markdown as safe HTML; its first heading level becomes `<h{top}>`."""
    parser = _parser()
    tokens = parser.parse(visible_lines(markdown.expandtabs(4)))
    _shift_headings(tokens, top)
    for token in tokens:
        for part in (token, *(token.children or ())):
            _restrict(part)
    # Every text in it was escaped by the renderer, every attribute chosen here.
    return Markup(parser.renderer.render(tokens, parser.options, {}).strip())  # noqa: S704


def page_text(markdown: str) -> str:
    """Return a paragraph of Markdown as plain text, without its marks and links' addresses."""
    parts = chain.from_iterable(token.children or () for token in _parser().parseInline(markdown))
    breaks = {"softbreak", "hardbreak"}
    text = "".join(" " if part.type in breaks else part.content for part in parts)
    return " ".join(text.split())


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # here, so that other formats start without it

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.validateLink = lambda url: web_link(url) is not None  # type: ignore[method-assign]
    for kind in ("fence", "code_block"):
        parser.renderer.rules[kind] = _code  # type: ignore[attr-defined]
    return parser


def _code(tokens: "Sequence[Token]", index: int, *_: object) -> str:
    # Scrolls sideways, so a keyboard must be able to reach it.
    text = escape(tokens[index].content.rstrip("\n"))
    return f'<pre tabindex="0"><code>{text}</code></pre>\n'


def _shift_headings(tokens: "Sequence[Token]", top: int) -> None:
    """Make the first heading's level `top`; others keep their distance, none lies above it."""
    headings = [token for token in tokens if token.type in {"heading_open", "heading_close"}]
    levels = [int(token.tag.removeprefix("h")) for token in headings]
    for token, level in zip(headings, levels, strict=True):
        token.tag = f"h{min(max(level - levels[0] + top, top), _DEEPEST)}"


def _restrict(token: "Token") -> None:
    """Clean the token's text, and leave it the attributes alone that are meant to come out."""
    # An entity such as &#8238; only now is the character that it stands for.
    token.content = visible_lines(token.content)
    kept = _ATTRIBUTES.get(token.tag, set())
    token.attrs = {name: value for name, value in token.attrs.items() if name in kept}
    if token.type == "th_open":
        token.attrSet("scope", "col")
    elif token.type == "link_open":
        token.attrSet("rel", "noopener noreferrer")
