"""The few terminal styles of the console report, as a table; off, every style is the text itself."""

from typing import Final

from scopelint.finding import Severity

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
        code = self._codes.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text
