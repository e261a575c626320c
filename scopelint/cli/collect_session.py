"""Runs a collection under the eyes of a person: progress, Ctrl-C, where the snapshot is."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scopelint.cli.console import Console
from scopelint.cli.files import check_writable
from scopelint.cli.next_steps import command, given_again
from scopelint.cli.progress_line import ProgressLine
from scopelint.cli.session import Session
from scopelint.collect.collection import collect
from scopelint.errors import Interrupted, SnapshotError, UsageError
from scopelint.snapshot import Header, Snapshot

KEPT = "scopelint-interrupted.snapshot"
"""Where an interrupted scan without `--snapshot` leaves what it read, in the current folder."""


def check_new(path: Path, *, resume: bool = False) -> None:
    """Raise UsageError where no new snapshot can be made at this path; none is ever replaced.

    With `resume` it may be there: the collection checks that it is its own.
    """
    check_writable(path)
    if path.exists() and not resume:
        raise UsageError(
            f"{path} is already there",
            hint="Name another file, remove it, or continue it with --resume.",
        )


def collect_into(path: Path, session: Session, console: Console, *, resume: bool = False) -> Header:
    """Collect into a snapshot, a new one or on with `--resume`, and say in one line what it took."""
    with session.connect() as connection, ProgressLine(console) as line:
        header = collect(connection, session.request, path, line, resume=resume)
        stats = connection.retrier.stats
    console.note(
        f"{stats.requests} requests"
        + (f", {stats.retries} retried" if stats.retries else "")
        + (f", {stats.waited:.0f} s waited" if stats.waited >= 1 else "")
        + f", {_gaps(path)}, GitLab {header.gitlab_version or 'of unknown version'} by {header.api}"
    )
    for sentence in _without_effect(path):
        console.warn(sentence)
    return header


def _without_effect(path: Path) -> Sequence[str]:
    """Return a sentence for each filter that matches no project of the targets."""
    with Snapshot(path, checked=True) as snapshot:  # this process has just written it
        paths = (project for _, project in snapshot.project_paths())
        return snapshot.header.filters.choice.without_effect(paths, "the targets")


def _gaps(path: Path) -> str:
    with Snapshot(path, checked=True) as snapshot:
        count = sum(1 for _ in snapshot.gaps())
    return {0: "no gap", 1: "1 gap"}.get(count, f"{count} gaps")


@contextmanager
def keeping(path: Path, *, move: bool = False) -> Iterator[None]:
    """Turn Ctrl-C into an Interrupted that says where the snapshot is, and how to go on with it.

    `move` takes it out of a temporary folder first, into the current one.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise _interrupted(path, move=move) from None


def _interrupted(path: Path, *, move: bool) -> Interrupted:
    if not path.exists():
        return Interrupted("interrupted before anything was read")
    again: tuple[object, ...] = ("--resume",)
    if move:
        kept = Path(KEPT)
        try:
            shutil.move(path, kept)
        except OSError as error:
            return Interrupted(
                f"interrupted; what was read is lost, {KEPT} cannot be made: {error.strerror}"
            )
        path, again = kept, ("--snapshot", kept, "--resume")
    if _is_finished(path):
        return Interrupted(
            f"interrupted; all was read, and is kept in {path}",
            hint=f"Judge it with: {command('check', path)}",
        )
    return Interrupted(
        f"interrupted; what was read so far is kept in {path}",
        hint=f"Go on with: {given_again(*again)}",
    )


def _is_finished(path: Path) -> bool:
    try:
        with Snapshot(path) as snapshot:
            return snapshot.header.finished_at is not None
    except SnapshotError:
        return False  # interrupted in the middle of a write: to resume rolls that back
