"""What goes to stdout and stderr: the only module that writes to stderr, and it hides secrets.

Both are UTF-8. A reader that has seen enough (`| head -1`) is no error: the rest is written to
nowhere, and the exit code still tells the result.
"""

import io
import logging
import os
import sys
import threading
import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import TextIO

import click

from scopelint.errors import OutputError
from scopelint.text import Secret, clean, hide_secrets

_REWRITE = "\r\x1b[2K"
"""To the beginning of a terminal's line, and clear it."""


def open_streams() -> None:
    """Open what the caller closed (`>&-`) on nothing, so that no file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def use_utf8() -> None:
    """Write UTF-8 whatever the locale says: documents are UTF-8, and names hold any character."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def out(text: str = "", *, color: bool | None = None) -> None:
    """Write a line to stdout; raise OutputError where the disk behind it is full.

    Colours in it are kept at a terminal alone, or wherever it goes with `color`.
    """
    try:
        click.echo(text, color=color)
    except OSError as error:
        refused(error)


def refused(error: OSError) -> None:
    """Deal with a write to stdout that failed: pass over a reader that is gone, raise the rest."""
    discard(sys.stdout)
    if not isinstance(error, BrokenPipeError):
        raise OutputError(f"stdout could not be written: {error.strerror}") from None


def err(text: str, *, end: str = "\n", rewrite: bool = False) -> None:
    """Write text to stderr, without secrets and control characters but for its line ends.

    `rewrite` replaces the terminal's present line. A line that cannot be written does not end a
    run.
    """
    shown = "\n".join(clean(line) for line in hide_secrets(text).split("\n"))
    try:
        click.echo(f"{_REWRITE if rewrite else ''}{shown}{end}", nl=False, err=True)
    except OSError:
        discard(sys.stderr)


def err_is_terminal() -> bool:
    """Tell whether a person may be looking at stderr."""
    return sys.stderr.isatty()


def discard(stream: TextIO) -> None:
    """Let all that is still written to a stream go nowhere, what is in its buffer included."""
    try:
        number = stream.fileno()
    except io.UnsupportedOperation:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, number)
    finally:
        os.close(nowhere)


@dataclass(frozen=True, slots=True)
class Console:
    """How much a run says, and in what colours.

    `progress` is `--progress/--no-progress`; None shows it on a terminal only.
    """

    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    progress: bool | None = None

    def note(self, text: str) -> None:
        """Say something that is not an error; `-q` keeps it silent."""
        if not self.quiet:
            err(text)

    def warn(self, text: str) -> None:
        """Say something that needs attention; `-q` does not silence it."""
        err(f"warning: {text}")

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


class _LogHandler(logging.Handler):
    """Writes log lines to stderr by `err`."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.replace("WARNING", "warning")
        try:
            text = f"{level}: {record.getMessage()}"
            if record.exc_info:
                text += "\n" + "".join(traceback.format_exception(record.exc_info[1])).rstrip()
        except (TypeError, ValueError, KeyError):  # a library's arguments that do not fit
            text = f"{level}: {record.msg}"
        err(text)


def start(console: Console) -> None:
    """Send our own log lines to stderr: warnings always, every request with `-v`."""
    logger = logging.getLogger("scopelint")
    logger.handlers[:] = [_LogHandler()]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if console.verbose else logging.WARNING)


def guard_process() -> None:
    """Send what Python and the libraries would write to stderr by themselves through `err`.

    That is warnings, other libraries' log lines, and tracebacks of threads and destructors. The
    tokens of the environment are secrets even where this run does not use them.
    """
    for name, value in os.environ.items():
        if name.endswith(("_TOKEN", "_PASSWORD")):
            Secret(value)
    logging.lastResort = _LogHandler(logging.WARNING)
    logging.captureWarnings(capture=True)
    logging.getLogger("py.warnings").handlers[:] = [_LogHandler()]
    sys.excepthook = _show_exception
    sys.unraisablehook = lambda unraisable: _show_error(unraisable.exc_value)
    threading.excepthook = lambda args: _show_error(args.exc_value)


def _show_exception(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    del kind, trace
    _show_error(error)


def _show_error(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        show_traceback(error)


def show_traceback(error: BaseException) -> None:
    """Write an exception's traceback to stderr."""
    err("".join(traceback.format_exception(error)).rstrip("\n"))
