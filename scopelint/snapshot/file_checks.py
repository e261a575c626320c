"""What can be said of a snapshot's file before SQLite opens it: there, readable, whole."""

import os
import shlex
from pathlib import Path
from typing import Final

from scopelint.errors import OutputError, SnapshotError

NOT_OURS: Final = "is not a scopelint snapshot"
"""What is said of a file that is something else."""
_JOURNAL: Final = bytes.fromhex("d9d505f920a163d7")
"""What a journal begins with that must be rolled back."""


def identity(path: Path) -> tuple[int, ...]:
    """Return what differs once a file is replaced or changed."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def check_readable(path: Path) -> None:
    """Raise SnapshotError where there is no file at this path, or one that may not be read."""
    hint = "Make one with: scopelint collect TARGET -o FILE"
    try:
        if path.is_file():
            with path.open("rb"):
                return
        what = "is a folder" if path.is_dir() else "is no file" if path.exists() else "is not there"
    except PermissionError:
        what = "cannot be read: permission denied"
        hint = "A snapshot is its owner's alone (mode 0600): have them give it to you."
    except (OSError, ValueError) as error:
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise SnapshotError(f"snapshot {path} {what}", hint=hint)


def check_not_broken_off(path: Path) -> None:
    """Refuse a file whose writer was killed in a transaction: SQLite's journal is beside it.

    Only a connection that writes can roll it back. A journal that is no longer needed is empty, or
    begins with zeros (sqlite.org/fileformat2, "The Rollback Journal").
    """
    journal = path.with_name(f"{path.name}-journal")
    try:
        with journal.open("rb") as file:
            broken_off = file.read(len(_JOURNAL)) == _JOURNAL
    except FileNotFoundError:
        return
    except OSError as error:
        raise SnapshotError(f"{journal} cannot be read: {error.strerror}") from None
    if broken_off:
        raise SnapshotError(
            f"{path} was interrupted in the middle of a write",
            hint=f"Go on with: scopelint collect TARGET --resume -o {shlex.quote(str(path))}",
        )


def check_size(path: Path) -> None:
    """Refuse a file that was cut short: SQLite reads a missing last page as zeros.

    The page's size and the pages' number are at the offsets 16 and 28 (sqlite.org/fileformat2,
    "The Database Header").
    """
    with path.open("rb") as file:
        head = file.read(32)
        size = file.seek(0, 2)
    page, pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
    if head.startswith(b"SQLite format 3\0") and size < pages * (65536 if page == 1 else page):
        raise SnapshotError(
            f"{path} {NOT_OURS} any more: it was cut short",
            hint="Copy it again, or collect again.",
        )


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone may read; raise SnapshotError where one is there."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise SnapshotError(
            f"{path} already exists",
            hint="Name another file, remove this one, or continue it with --resume.",
        ) from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None
