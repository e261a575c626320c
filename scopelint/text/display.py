"""Text in reports that people read: on a terminal, in a job log, in a page.

Names and paths come from GitLab, so anyone who may create a project writes them. Nothing here
interprets them; what a terminal or a browser would act on, or would hide, is written out as a
visible escape such as `\\x1b` or `\\u202e`.
"""

import re
import unicodedata

_NEVER_SHOWN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 and C1 controls, ANSI's escape among them
    "\xad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, direction marks, zero-width space
    "\u2028-\u202e\u2060-\u206f\ufeff"  # separators, direction overrides and isolates
    "\ufff9-\ufffb\ufffe\uffff"  # interlinear annotation, noncharacters
    "\ud800-\udfff"  # lone surrogates cannot be encoded
    "\U000e0000-\U000e007f"  # tag characters hide ASCII
    "]"
    # Joiners are part of emoji and of several scripts; after ASCII they only hide a difference.
    "|(?<![^\x00-\x7f])[\u200c\u200d]"
)
_SPACES = re.compile(r"[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_BLANKS = re.compile(r"[^\S\n]")
_LINE_ENDS = re.compile(r"\r\n?|\x85")


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def painted(text: str, code: str | None) -> str:
    """Return a clean text in a terminal's colour or style, and a reset; as it is without a code.

    `code` holds the numbers of the sequence Select Graphic Rendition (ECMA-48): `1;31` is bold red.
    """
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def visible(text: str) -> str:
    """Return `text` as one line that no terminal or browser acts on.

    Control characters, terminal sequences, direction controls and invisible characters become
    visible escapes; line ends, tabs and runs of blanks become one space.
    """
    if text.isprintable():  # false for every control, format, surrogate and separator
        return text
    return _NEVER_SHOWN.sub(_written_out, _SPACES.sub(" ", text))


def visible_lines(text: str) -> str:
    """Return `text` made safe like `visible`, its line breaks kept as `\\n`, its blanks as spaces."""
    if text.isprintable():
        return text
    return _NEVER_SHOWN.sub(_written_out, _BLANKS.sub(" ", _LINE_ENDS.sub("\n", text)))


_RUNNER_COMMAND = re.compile(r":(?=:[a-z])|#(?=#(?:\[|vso\[))", re.IGNORECASE)


def job_log(text: str) -> str:
    """Return `text` like `visible`, and nothing in it is a command to the runner of a job.

    GitHub acts on a line that begins with `::name`, after blanks too, and on `##[` anywhere; Azure
    on `##vso[`. The first character of these is written out.
    Source: actions/runner, src/Runner.Common/ActionCommand.cs; Azure's "Logging commands".
    """
    return _without_commands(visible(text))


def job_log_lines(text: str) -> str:
    """Return `text` like `visible_lines`, and nothing in it is a command to the runner of a job."""
    return _without_commands(visible_lines(text))


def _without_commands(text: str) -> str:
    if "::" not in text and "##" not in text:
        return text
    return _RUNNER_COMMAND.sub(_written_out, text)


def cell_width(text: str) -> int:
    """Return how many terminal columns `text` takes; wide East Asian characters take two."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _head(text: str, width: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += _char_width(char)
        if taken > width:
            return text[:index]
    return text


def shorten_middle(text: str, width: int) -> str:
    """Return `text` within `width` columns, an ellipsis in place of its middle where it is longer.

    The end is kept longer than the start: in a path it is what tells one project from another.
    """
    if cell_width(text) <= width:
        return text
    room = max(width - 1, 2)
    head = room * 2 // 5
    return f"{_head(text, head)}…{_head(text[::-1], room - head)[::-1]}"


def _pieces(word: str, width: int) -> list[str]:
    """Cut a word longer than a line, behind a slash where there is one in the last half."""
    pieces = []
    while cell_width(word) > width:
        piece = _head(word, width) or word[0]
        slash = piece.rfind("/")
        if slash >= len(piece) // 2:
            piece = piece[: slash + 1]
        pieces.append(piece)
        word = word[len(piece) :]
    return [*pieces, word] if word else pieces


def wrap(text: str, width: int) -> list[str]:
    """Break one line of text into lines of at most `width` columns, at spaces where possible.

    Always returns at least one line. Much quicker than `textwrap` on many short texts.
    """
    width = max(width, 8)
    if cell_width(text) <= width:
        return [text]
    lines: list[str] = []
    line, taken = "", 0
    for word in text.split(" "):
        for piece in _pieces(word, width) or [""]:
            size = cell_width(piece)
            if line and taken + 1 + size > width:
                lines.append(line)
                line, taken = piece, size
            elif line:
                line, taken = f"{line} {piece}", taken + 1 + size
            else:
                line, taken = piece, size
    lines.append(line)
    return lines


def number(count: int) -> str:
    """Return a count with thousands separated by commas: `1,297`."""
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: `1 project`, `1,297 entries` (`many` for irregular plurals)."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_SECTION = re.compile(r"section_(?:start|end):[0-9]+:[\w.-]+(?:\[[^\]]*\])?")
_STAMP = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z [0-9a-f]{2}[OE][ +]?")


def lines_of_job_log(text: str) -> list[str]:
    """Return the lines of a GitLab job's log as its page shows them.

    Without terminal sequences, marks of sections, and the time that a runner may put before each
    line; each stripped. What is left may still hold control characters: it is to be read, not shown.
    """
    plain = _TERMINAL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return [_SECTION.sub("", _STAMP.sub("", line)).strip() for line in plain.split("\n")]
