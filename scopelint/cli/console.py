"""What goes to stderr while working: notes, warnings, log lines; and whether to use colour."""

import logging
import os
import sys
from dataclasses import dataclass
from typing import TextIO

from scopelint.cli import stdio
from scopelint.text import clean


@dataclass(frozen=True, slots=True)
class Console:
    """How talkative and how colourful a run is."""

    quiet: bool = False
    verbose: bool = False
    color: str = "auto"

    def note(self, text: str) -> None:
        """Say something that is not an error; `-q` keeps it silent."""
        if not self.quiet:
            stdio.err(clean(text))

    def warn(self, text: str) -> None:
        """Say something that needs attention; `-q` does not silence it."""
        stdio.err(f"warning: {clean(text)}")

    def colored(self, stream: TextIO) -> bool:
        """Tell whether colours go to this stream.

        `--color` decides; then NO_COLOR and FORCE_COLOR (no-color.org, force-color.org); then
        whether it is a terminal, or a GitLab job's log, which shows colours.
        """
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and os.environ.get("TERM") != "dumb"


def start(face: Console) -> None:
    """Send our own log lines to stderr: warnings always, every request with `-v`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain("%(levelname)s: %(message)s"))
    logger = logging.getLogger("scopelint")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if face.verbose else logging.WARNING)
    # urllib3 warns at each request made with --insecure; we warn once.
    logging.captureWarnings(capture=False)


class _Plain(logging.Formatter):
    """Log lines without control characters: paths and names come from GitLab."""

    def format(self, record: logging.LogRecord) -> str:
        return clean(super().format(record).replace("WARNING", "warning"))
