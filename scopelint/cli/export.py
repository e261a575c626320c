"""`scopelint export FORMAT S`: the inventory of a snapshot, or policy code made of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, start
from scopelint.cli.files import check_output, snapshot_files, to_stdout, write_file
from scopelint.cli.past_runs import open_part
from scopelint.errors import ExitCode, UsageError
from scopelint.export.policy_code import EXPORTERS
from scopelint.filters import ProjectChoice
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory

if TYPE_CHECKING:
    from scopelint.owners import OwnerRule

CSV_FILES = ("projects.csv", "entries.csv")
_FORMATS = ("gitlabform", "terraform", "yaml", "csv", "jsonl")
_NAMED = 100
"""Projects that are named on stderr at most."""


@click.command(cls=Command)
@click.argument("format_name", type=click.Choice(_FORMATS), metavar="FORMAT")
@click.argument(
    "snapshots", type=options.FilePath(), nargs=-1, required=True, metavar="SNAPSHOT..."
)
@click.option(
    "-o",
    "--output",
    type=options.FilePath(),
    help="Write to this file instead of stdout; csv: to this folder.",
)
@options.choice_options
@options.config_options
@click.option(
    "--allow-incomplete", is_flag=True, help="Exit 0, not 3, where something could not be read."
)
@options.console_options
def export(
    format_name: str,
    snapshots: tuple[Path, ...],
    output: Path | None,
    *,
    chosen: ProjectChoice,
    source: options.ConfigOptions,
    allow_incomplete: bool,
    console: Console,
) -> int:
    """Write SNAPSHOT as FORMAT; GitLab is not asked.

    \b
    gitlabform  a gitlabform config: inbound limits and entries
    terraform   resources and import blocks for GitLab's provider
    yaml        the `declared:` section of a scopelint.yml
    csv         the inventory: projects.csv and entries.csv in the folder of -o
    jsonl       the same as JSON Lines

    Several snapshots are the shards of one collection, or collections of one instance. What could not be read is a row that says
    so, or left out of policy code and named on stderr; the exit code is 3 then. With --include,
    --exclude and --owner only those projects are written; policy code says in a comment that it is of a part.
    """
    start(console)
    files = [file for path in snapshots for file in snapshot_files(path)]
    if format_name == "csv":
        _check_folder(output, files)
    else:
        check_output(output, files)
    owners = _owners(chosen, source)
    with open_snapshots(files) as opened:
        inventory = open_part(opened, chosen, snapshots, owners)
        if format_name in EXPORTERS:
            whole = _write_code(format_name, inventory, output, console)
        else:
            _write_inventory(format_name, inventory, output)
            whole = True
        if not inventory.complete:
            unread = inventory.total - inventory.read
            of = f"{unread} of {inventory.total} projects were not read"
            console.warn(f"the snapshot is incomplete: {of}")
        if inventory.left_out:
            words = " ".join(inventory.scan.filters.words())
            console.note(f"{len(inventory.left_out)} projects were left out by {words}")
        incomplete = not (whole and inventory.complete) and not allow_incomplete
        return ExitCode.INCOMPLETE if incomplete else ExitCode.OK


def _owners(chosen: ProjectChoice, source: options.ConfigOptions) -> "Sequence[OwnerRule]":
    """Return whose projects are, by the configuration, which is read only where --owner asks."""
    if not chosen.owners:
        return ()
    from scopelint.cli.parts import check_owners
    from scopelint.cli.settings import resolve

    owners = resolve(source).config.owners
    check_owners(chosen, owners)
    return owners


def _check_folder(output: Path | None, inputs: Sequence[Path]) -> None:
    """Make the folder of the tables where it is not there; raise UsageError where it cannot be."""
    if output is None:
        raise UsageError(
            "csv is two tables: name the folder for them with -o",
            hint="jsonl writes the same to stdout.",
        )
    try:
        output.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {output} cannot be made: {error.strerror}") from None
    for name in CSV_FILES:
        check_output(output / name, inputs)


def _write_code(
    format_name: str, inventory: Inventory, output: Path | None, console: Console
) -> bool:
    """Write policy code and name the projects it leaves out; return whether it holds them all."""
    exported = EXPORTERS[format_name](inventory)
    _write_to(output, lambda file: file.write(exported.text.encode()))
    for one in exported.left_out[:_NAMED]:
        console.warn(f"left out: {one}")
    if len(exported.left_out) > _NAMED:
        console.warn(f"left out: {len(exported.left_out) - _NAMED} more; jsonl lists them all")
    if deleted := exported.deleted:
        which = ", ".join(deleted[:3]) + (f" and {len(deleted) - 3} more" if deleted[3:] else "")
        words = "project is" if len(deleted) == 1 else "projects are"
        console.note(f"{len(deleted)} {words} to be deleted, and left out: {which}")
    return not exported.left_out


def _write_inventory(format_name: str, inventory: Inventory, output: Path | None) -> None:
    from scopelint.export.tables import write_csv, write_jsonl

    if format_name == "csv" and output is not None:
        projects, entries = (output / name for name in CSV_FILES)
        # Both in one pass: the one is moved into place when the other is whole.
        write_file(
            projects,
            lambda first: write_file(entries, lambda second: write_csv(inventory, first, second)),
        )
    else:
        _write_to(output, lambda file: write_jsonl(inventory, file))


def _write_to(output: Path | None, render: Callable[[BinaryIO], object]) -> None:
    def written(file: BinaryIO) -> None:
        render(file)

    if output is not None:
        write_file(output, written)
    else:
        to_stdout(written)
