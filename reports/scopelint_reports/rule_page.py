"""A rule's page as HTML: the small part of Markdown that pages use, everything else as text.

Known: ATX headings, paragraphs, bullet and numbered lists (nested by indentation), fenced code,
pipe tables, block quotes, and inside a line code spans, strong, emphasis and links. Raw HTML is
not known, so it shows as text. Links keep only http and https. A third party's rule brings its
own page, so the text is as untrusted as any other.
"""

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup, escape

from scopelint.text import visible_lines

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ITEM = re.compile(r"(\s*)(?:([-*+])|(\d{1,9})[.)])\s+(.*)")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_INLINE = re.compile(
    r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)(?!`)"
    r"|\[(?P<label>[^\[\]]+)\]\((?P<href>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)"
    r"|<(?P<auto>https?://[^<>\s]+)>"
    r"|\*\*(?P<strong>[^*]+)\*\*"
    r"|(?<![\w*])[*_](?P<em>[^*_\s][^*_]*?)[*_](?![\w*])"
)
_DEEPEST = 6


def web_link(address: str | None) -> str | None:
    """Return the address if it is plain http or https, else None: nothing else becomes a link."""
    if address and re.match(r"https?://[^\s\\<>\"'`]+\Z", address, re.IGNORECASE):
        return address
    return None


def page_html(markdown: str, *, top: int = 4) -> Markup:
    """Return a page's Markdown as safe HTML; its first heading level becomes `<h{top}>`."""
    lines = visible_lines(markdown.expandtabs(4)).split("\n")
    return Markup("\n").join(_Blocks(lines, top).html())


def _inline(text: str) -> Markup:
    out, last = [], 0
    for match in _INLINE.finditer(text):
        out += [escape(text[last : match.start()]), _span(match)]
        last = match.end()
    return Markup("").join([*out, escape(text[last:])])


def _span(match: re.Match[str]) -> Markup:
    if (code := match["code"]) is not None:
        return Markup("<code>{}</code>").format(code.strip() or code)
    if (strong := match["strong"]) is not None:
        return Markup("<strong>{}</strong>").format(_inline(strong))
    if (em := match["em"]) is not None:
        return Markup("<em>{}</em>").format(_inline(em))
    href = web_link(match["auto"] or match["href"])
    label = escape(match["auto"]) if match["auto"] else _inline(match["label"])
    if href is None:
        return label
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(href, label)


class _Blocks:
    """Walks a page's lines once and makes one HTML block after the other."""

    def __init__(self, lines: list[str], top: int) -> None:
        self._lines = lines
        self._at = 0
        self._top = top
        self._shift: int | None = None

    @property
    def _line(self) -> str:
        return self._lines[self._at]

    @property
    def _more(self) -> bool:
        return self._at < len(self._lines)

    def html(self) -> Iterator[Markup]:
        while self._more:
            if not self._line.strip():
                self._at += 1
                continue
            yield self._kind()()

    def _kind(self) -> Callable[[], Markup]:
        line = self._line
        if _HEADING.match(line):
            return self._heading
        if _FENCE.match(line):
            return self._fence
        if _ITEM.match(line):
            return self._list
        if line.lstrip().startswith(">"):
            return self._quote
        if self._is_table():
            return self._table
        return self._paragraph

    def _is_table(self) -> bool:
        after = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        return "|" in self._line and "|" in after and bool(_TABLE_RULE.match(after))

    def _heading(self) -> Markup:
        match = _HEADING.match(self._line)
        marks, text = match.groups() if match else ("#", self._line)
        if self._shift is None:
            self._shift = self._top - len(marks)
        level = min(max(len(marks) + self._shift, self._top), _DEEPEST)
        self._at += 1
        return Markup("<h{0}>{1}</h{0}>").format(level, _inline(text))

    def _fence(self) -> Markup:
        match = _FENCE.match(self._line)
        fence = match[1] if match else "```"
        self._at += 1
        code = []
        while self._more and not self._line.lstrip().startswith(fence):
            code.append(self._line)
            self._at += 1
        self._at += 1
        # Scrolls sideways, so a keyboard must be able to reach it.
        return Markup('<pre tabindex="0"><code>{}</code></pre>').format("\n".join(code))

    def _list(self) -> Markup:
        match = _ITEM.match(self._line)
        indent = len(match[1]) if match else 0
        numbered = bool(match and match[3])
        items: list[Markup] = []
        while self._more and (item := _ITEM.match(self._line)):
            depth = len(item[1])
            if depth < indent:
                break
            if depth > indent and items:
                items[-1] += self._list()
                continue
            if bool(item[3]) is not numbered:
                break
            self._at += 1
            items.append(_inline(self._continued(item[4])))
            self._skip_blank_before_item()
        body = Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
        return (Markup("<ol>{}</ol>") if numbered else Markup("<ul>{}</ul>")).format(body)

    def _continued(self, text: str) -> str:
        while self._more and self._line[:1] == " " and self._line.strip():
            if _ITEM.match(self._line) or _FENCE.match(self._line):
                break
            text += " " + self._line.strip()
            self._at += 1
        return text

    def _skip_blank_before_item(self) -> None:
        ahead = self._at
        while ahead < len(self._lines) and not self._lines[ahead].strip():
            ahead += 1
        if ahead < len(self._lines) and _ITEM.match(self._lines[ahead]):
            self._at = ahead

    def _quote(self) -> Markup:
        inner = []
        while self._more and self._line.lstrip().startswith(">"):
            inner.append(self._line.lstrip()[1:].removeprefix(" "))
            self._at += 1
        return Markup("<blockquote><p>{}</p></blockquote>").format(_inline(" ".join(inner).strip()))

    def _table(self) -> Markup:
        head = _cells(self._line)
        self._at += 2
        rows = []
        while self._more and "|" in self._line:
            rows.append(_cells(self._line))
            self._at += 1
        return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
            Markup("").join(Markup('<th scope="col">{}</th>').format(_inline(c)) for c in head),
            Markup("").join(_row(row) for row in rows),
        )

    def _paragraph(self) -> Markup:
        text: list[str] = []
        while self._more and self._line.strip() and (not text or self._plain()):
            text.append(self._line.strip())
            self._at += 1
        return Markup("<p>{}</p>").format(_inline(" ".join(text)))

    def _plain(self) -> bool:
        return self._kind() == self._paragraph


def _cells(line: str) -> list[str]:
    body = line.strip().removeprefix("|")
    if body.endswith("|") and not body.endswith("\\|"):
        body = body[:-1]
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", body)]


def _row(cells: list[str]) -> Markup:
    inner = Markup("").join(Markup("<td>{}</td>").format(_inline(cell)) for cell in cells)
    return Markup("<tr>{}</tr>").format(inner)
