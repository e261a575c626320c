"""`scopelint collect`: only the snapshot."""

from typing import Any

import click

from scopelint.cli import options
from scopelint.cli.collecting import check_new, collect_into, keeping
from scopelint.cli.face import Face, start
from scopelint.cli.session import open_session
from scopelint.errors import ExitCode
from scopelint.estate import Estate
from scopelint.snapshot import Snapshot


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
    face = Face(given["quiet"], given["verbose"], given["color"])
    start(face)
    check_new(given["output"], resume=given["resume"])
    session = open_session(given, face)
    with keeping(given["output"]):
        collect_into(given["output"], session, face)
    with Snapshot(given["output"]) as snapshot:
        estate = Estate(snapshot)
        tried = snapshot.count("read", "unreadable", "listed")
        part = "" if snapshot.header.shard is None else " of this shard"
        face.note(
            f"{given['output']}: {estate.read} of {tried} projects{part} read,"
            f" {len(estate.groups)} groups, {estate.entry_count} entries"
        )
        return ExitCode.OK if estate.complete else ExitCode.INCOMPLETE
