"""Text in GitLab's Markdown: code spans, code blocks and escapes that keep it text.

In GitLab's Markdown a name can do more than look odd: `@all` mentions everybody, `#1`, `!1`, `~x`,
`%x`, `$1` and `&1` refer to things, and a line that begins with `/` is a quick action that runs
with the rights of the user who posts the note. Inside a code span nothing of it is read.
"""

import re
from collections.abc import Iterator, Sequence

from scopelint.text.display import visible, visible_lines

_RUNS = re.compile("`+")
# What CommonMark or GitLab reads as markup, references included, wherever it stands in a line;
# `_ALWAYS` of it whatever is beside it, the others only where `_READ` says so.
_ACTIVE = re.compile(r"[\\`*\[\]<|~@$^#!&%{_:]")
_ALWAYS = frozenset("\\`*[]<|~@$^")
_READ = {
    "#": re.compile(r"#\w"),
    "!": re.compile(r"!\w"),
    "&": re.compile(r"&[\w#]"),
    "%": re.compile(r"%[\w\"]"),
    "{": re.compile(r"\{[+-]"),
    "_": re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"),
    ":": re.compile(r":(?=[\w+-]+:|//)"),
}
# What is read at the start of a line only: lists, quotes, headings, rules, and quick actions.
_LINE_START = re.compile(r"^(\s*)([-+/>#=:])", re.MULTILINE)
_NUMBERED = re.compile(r"^(\s*\d+)([.)])", re.MULTILINE)


def code(text: str) -> str:
    """Return `text` as a code span on one line; its fence is longer than any run of backticks in it.

    Blanks are added where it begins or ends with a backtick or a blank, as CommonMark asks
    (section 6.1). An empty text becomes `(empty)`.
    """
    text = visible(text)
    if not text.strip():
        return "`(empty)`"
    longest = max((len(run) for run in _RUNS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def escaped(text: str) -> str:
    """Return `text` with a backslash before whatever Markdown would read; line breaks are kept.

    For fields that one consumer shows as they are and another reads as Markdown: a text of plain
    words and paths is not changed at all.
    """
    text = _ACTIVE.sub(_escape, visible_lines(text))
    if "\n" not in text and text[:1].isalpha():
        return text
    text = _NUMBERED.sub(r"\1\\\2", text)
    return _LINE_START.sub(r"\1\\\2", text)


def _escape(match: re.Match[str]) -> str:
    mark = match[0]
    if mark in _ALWAYS or _READ[mark].match(match.string, match.start()):
        return f"\\{mark}"
    return mark


def link(text: str, url: str | None) -> str:
    """Return a code span that links to `url`, a valid http address; None: no link."""
    if url is None:
        return code(text)
    address = url.replace("(", "%28").replace(")", "%29").replace("[", "%5B").replace("]", "%5D")
    return f"[{code(text)}](<{address}>)"


def fenced(language: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield a code block of `lines`, which are clean; its fence is longer than any run of backticks.

    In it no name is markup, a mention, a reference or a quick action (CommonMark 0.31, section 4.5).
    """
    longest = max((len(run) for line in lines for run in _RUNS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from lines
    yield fence


def table_cell(text: str) -> str:
    """Return inline Markdown for a cell of a table: what would end the cell does not (GFM 4.10)."""
    return " ".join(text.split("\n")).replace("|", "\\|")


_HANDLE = re.compile(r"@[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]+)*")


def mentions(contact: str) -> str:
    """Return who is configured to be told: `@name` and `@group/name` stay what GitLab tells people
    by, any other word is shown as text.
    """
    words = re.split(r"[\s,]+", contact.strip())
    return " ".join(word if _HANDLE.fullmatch(word) else code(word) for word in words if word)


def issue_title(text: str, limit: int = 255) -> str:
    """Return a title in which nothing is a reference: in a title, too, `@name` tells people."""
    kept = re.sub(r"[^\w .,:()/-]", "_", visible(text).replace("@", ""))
    return kept if len(kept) <= limit else f"{kept[: limit - 1]}…"
