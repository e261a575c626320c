"""`scopelint config init`: a commented scopelint.yml and a pipeline's jobs to begin with."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from scopelint.cli import options
from scopelint.cli.console import Console, start
from scopelint.cli.destinations import check_writable, write_file
from scopelint.cli.stdio import out
from scopelint.config import config_text, entry_roots, jobs_text
from scopelint.errors import UsageError
from scopelint.gitlab.address import AddressError
from scopelint.gitlab.targets import check_path
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory

JOBS = ".gitlab-ci.scopelint.yml"
"""How the jobs' file is called where the user names none."""


@click.command()
@options.target_options
@options.from_option
@click.option(
    "-o",
    "--output",
    type=options.FilePath(),
    default="scopelint.yml",
    show_default=True,
    help="The file to write; one that is there is never replaced.",
)
@click.option(
    "--ci",
    type=options.FilePath(),
    help=f"Write the pipeline's jobs to this file (such as {JOBS}) instead of stdout.",
)
@options.server_options
@options.face_options
@options.progress_option
def init(**given: Any) -> None:
    """Write a commented scopelint.yml, and the jobs of a pipeline that scan TARGET and gate.

    TARGET is read once (or --from a snapshot of it), to name the groups elsewhere that entries
    point to: they stand in a comment, for you to say which of them are trusted.
    """
    face = Console(given["quiet"], given["verbose"], given["color"])
    start(face)
    output, jobs = given["output"], given["ci"]
    for path in (output, jobs):
        if path is not None:
            _check_new(path)
    if jobs is not None and jobs.resolve() == output.resolve():
        raise UsageError("the configuration and the jobs cannot share a file")
    named = any(given[key] for key in ("targets", "groups", "projects", "instance"))
    if named and given["sources"]:
        raise UsageError(
            "a TARGET and --from contradict each other", hint="The snapshot has its own targets."
        )
    seen = _seen(given, face, named=named)
    _write(output, config_text(seen.url, seen.targets, seen.roots))
    face.note(f"{output}: written; look at it, then: scopelint config check {output}")
    words = ("--instance",) if seen.whole else seen.targets
    if not words:
        return
    if jobs is None:
        out(jobs_text(words, JOBS).rstrip("\n"))
    else:
        _write(jobs, jobs_text(words, jobs.name))
        face.note(f"{jobs}: written")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of the instance: its address, what is scanned, and where entries point to."""

    url: str | None
    targets: Sequence[str] = ()
    roots: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False


def _seen(given: Mapping[str, Any], face: Console, *, named: bool) -> _Seen:
    """Read what the user named; nothing is known where nothing was named."""
    if given["sources"]:
        return _from_snapshots(given["sources"])
    if not named:
        return _Seen(given["url"])
    from scopelint.cli.collection import collect_into
    from scopelint.cli.session import open_session

    session = open_session({**given, "no_config": True}, face)
    with tempfile.TemporaryDirectory(prefix="scopelint-") as folder:
        path = Path(folder) / "init.snapshot"
        collect_into(path, session, face)
        return _from_snapshots([path])


def _from_snapshots(paths: Sequence[Path]) -> _Seen:
    with open_snapshots(paths) as snapshot:
        inventory = Inventory(snapshot)
        roots = entry_roots(inventory)
        if inventory.scan.whole_instance:
            return _Seen(inventory.scan.instance, (), roots, whole=True)
        try:
            targets = [check_path(target) for target in inventory.scan.targets]
        except AddressError as error:
            raise UsageError(f"the snapshot's target {error}") from None
        return _Seen(inventory.scan.instance, targets, roots)


def _check_new(path: Path) -> None:
    check_writable(path)
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is already there", hint="Remove it, or name another file.")


def _write(path: Path, text: str) -> None:
    write_file(path, lambda file: _put(file, text))


def _put(file: Any, text: str) -> None:
    file.write(text.encode("utf-8"))
