"""`scopelint collect`: only the snapshot."""

from pathlib import Path

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, start
from scopelint.errors import ExitCode
from scopelint.filters import Filters


@click.command(cls=Command)
@options.target_options
@options.option_group(
    "Snapshot",
    options.option(
        "-o",
        "--output",
        type=options.FilePath(),
        required=True,
        help="The snapshot file to make.",
    ),
    options.resume_option,
    options.option(
        "--shard",
        metavar="I/N|auto",
        help="Read only this part; auto takes CI_NODE_INDEX and CI_NODE_TOTAL. `check` merges them.",
    ),
)
@options.server_options
@options.filter_options
@options.audit_events_option
@options.config_and_rules_options
@options.selection_options
@options.console_and_progress_options
def collect(
    *,
    target: options.TargetOptions,
    output: Path,
    resume: bool,
    shard: str | None,
    server: options.ServerOptions,
    filters: Filters,
    audit_events: bool,
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    console: Console,
) -> int:
    """Read the job token scope of every project below TARGET into a snapshot file.

    Judge it later, offline, with `scopelint check FILE`. Exit 3 where something could not be read.
    What costs requests of its own, such as who may use each feature of public projects, is read
    where a rule that runs by default, by the configuration or by --select needs it.
    With --resume an unfinished FILE is continued: no finished page is read again.
    """
    from scopelint.cli.chosen_rules import needed_facts
    from scopelint.cli.collect_session import check_new, collect_into, keeping
    from scopelint.cli.next_steps import command, config_words
    from scopelint.cli.session import open_session
    from scopelint.cli.settings import resolve
    from scopelint.snapshot import Snapshot
    from scopelint.snapshot.inventory import Inventory

    start(console)
    check_new(output, resume=resume)
    settings = resolve(source, choice)
    session = open_session(
        target,
        server,
        settings,
        console,
        filters=filters,
        shard=shard,
        needed=needed_facts(settings, console, audit_events=audit_events),
    )
    with keeping(output):
        collect_into(output, session, console, resume=resume)
    with Snapshot(output) as snapshot:
        inventory = Inventory(snapshot)
        tried = snapshot.count("read", "unreadable", "listed")
        part = "" if snapshot.header.shard is None else " of this shard"
        console.note(
            f"{output}: {inventory.read} of {tried} projects{part} read,"
            f" {len(inventory.groups)} groups, {inventory.entry_count} entries"
        )
        if snapshot.header.shard is None:
            console.note(f"Judge it with: {command('check', output, *config_words(source))}")
        return ExitCode.OK if inventory.complete else ExitCode.INCOMPLETE
