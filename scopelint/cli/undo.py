"""`scopelint undo`: what an apply changed, brought back."""

from pathlib import Path

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.next_steps import given_again
from scopelint.cli.progress_line import ProgressLine
from scopelint.cli.repair_output import (
    ask,
    check_answerable,
    count,
    naming_journal,
    open_writing,
    show,
    totals,
)
from scopelint.errors import ExitCode


@click.command(cls=Command)
@click.argument("journal_file", type=options.FilePath(), metavar="JOURNAL")
@options.yes_option
@options.write_options
@options.config_options
@options.console_and_progress_options
def undo(
    *,
    journal_file: Path,
    yes: bool,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Take back what the apply of JOURNAL changed, where nobody changed it since.

    Settings, entries and their permissions come back, in the order that loses no access. What was
    changed since is left and named (exit 5), as is what GitLab lets nobody bring back: the outbound
    setting and its entries. A step that GitLab refuses holds up only those that need it (exit 4). An
    undo that was interrupted can be run again.
    """
    from scopelint.collect.current_state import CurrentState
    from scopelint.repair.journal import Journal
    from scopelint.repair.undo import undo as undo_journal
    from scopelint.repair.undo import writes_to_undo

    start(console)
    check_answerable(yes=yes)
    with Journal.open(journal_file) as journal:
        pending = {number: writes_to_undo(one) for number, one in journal.projects.items()}
        pending = {number: writes for number, writes in pending.items() if writes}
        if not pending:
            out("there is nothing to undo")
            return ExitCode.OK
        instance = journal.header.instance
        session = open_writing(server, source, console, instance, next(iter(pending)))
        done = [write.action for writes in pending.values() for write in writes.values()]
        console.note(f"Undoes, in {count(len(pending), 'project')}: {totals(done)}")
        ask(f"Undo this on {instance}?", yes=yes)
        with session.connect() as connection:
            live = CurrentState(connection)
            live.require_write()
            with (
                naming_journal(journal, f"Finish it with: {given_again()}"),
                ProgressLine(console) as line,
            ):
                results = undo_journal(
                    connection, live, journal, concurrency=server.concurrency, listener=line
                )
    code = show(results, did="undone", idle="had nothing to undo")
    again = sum(a.operation == "add-entry" for result in results.all for a in result.done)
    if again:
        out(
            f"{count(again, 'entry was', 'entries were')} added again: when and by whom they were added"
            " first, and that auto-population added them, is lost"
        )
    return code
