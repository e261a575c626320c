"""`scopelint collect`: only the snapshot."""

from typing import Any

import click

from scopelint.cli import options
from scopelint.cli.collection import check_new, collect_into, keeping
from scopelint.cli.console import Console, start
from scopelint.cli.session import open_session
from scopelint.errors import ExitCode
from scopelint.snapshot import Snapshot
from scopelint.snapshot.inventory import Inventory


@click.command()
@options.target_options
@click.option(
    "-o", "--output", type=options.FilePath(), required=True, help="The snapshot file to make."
)
@options.resume_option
@click.option(
    "--shard",
    metavar="I/N|auto",
    help="Read only this part; auto takes CI_NODE_INDEX and CI_NODE_TOTAL. `check` merges them.",
)
@options.server_options
@options.filter_options
@options.config_options
@options.rules_file_option
@options.face_options
@options.progress_option
def collect(**given: Any) -> int:
    """Read the job token scope of every project below TARGET into a snapshot file.

    Judge it later, offline, with `scopelint check FILE`. Exit 3 where something could not be read.
    With --resume an unfinished FILE is continued: no finished page is read again.
    """
    face = Console(given["quiet"], given["verbose"], given["color"])
    start(face)
    check_new(given["output"], resume=given["resume"])
    session = open_session(given, face)
    with keeping(given["output"]):
        collect_into(given["output"], session, face)
    with Snapshot(given["output"]) as snapshot:
        inventory = Inventory(snapshot)
        tried = snapshot.count("read", "unreadable", "listed")
        part = "" if snapshot.header.shard is None else " of this shard"
        face.note(
            f"{given['output']}: {inventory.read} of {tried} projects{part} read,"
            f" {len(inventory.groups)} groups, {inventory.entry_count} entries"
        )
        return ExitCode.OK if inventory.complete else ExitCode.INCOMPLETE
