"""stdout and stderr as the command line uses them: UTF-8, and calm when the reader goes away.

A reader that has seen enough (`| head -1`) is no error: the rest is written to nowhere, and the
exit code still tells what it would have told.
"""

import io
import os
import sys
from typing import TextIO

import click

from scopelint.errors import OutputError


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


def err(text: str, *, end: str = "\n") -> None:
    """Write a line to stderr; one that cannot be written is no reason to end a run."""
    try:
        click.echo(text + end, nl=False, err=True)
    except OSError:
        discard(sys.stderr)


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
