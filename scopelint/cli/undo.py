"""`scopelint undo`: what an apply changed, brought back."""

from pathlib import Path
from typing import Any

import click

from scopelint.cli import options
from scopelint.cli.console import Console, start
from scopelint.cli.progress import ProgressLine
from scopelint.cli.repair_output import (
    ask,
    check_answerable,
    count,
    open_writing,
    show,
    told,
    totals,
)
from scopelint.cli.stdio import out
from scopelint.collect.current_state import CurrentState
from scopelint.errors import ExitCode
from scopelint.repair.journal import Journal
from scopelint.repair.undo import undo as undo_journal
from scopelint.repair.undo import writes_to_undo


@click.command()
@click.argument("journal_file", type=options.FilePath(), metavar="JOURNAL")
@options.yes_option
@options.write_options
@options.config_options
@options.face_options
@options.progress_option
def undo(**given: Any) -> int:
    """Take back what the apply of JOURNAL changed, where nobody changed it since.

    Settings, entries and their permissions come back, in the order that loses no access. What was
    changed since is left and named (exit 5), as is what GitLab lets nobody bring back: the outbound
    setting and its entries. An undo that was broken off can be run again.
    """
    face = Console(given["quiet"], given["verbose"], given["color"])
    start(face)
    check_answerable(yes=given["yes"])
    path: Path = given["journal_file"]
    with Journal.open(path) as journal:
        pending = {number: writes_to_undo(one) for number, one in journal.projects.items()}
        pending = {number: writes for number, writes in pending.items() if writes}
        if not pending:
            out("there is nothing to undo")
            return ExitCode.OK
        instance = journal.header.instance
        session = open_writing(given, face, instance, next(iter(pending)))
        done = [write.action for writes in pending.values() for write in writes.values()]
        face.note(f"Undoes, in {count(len(pending), 'project')}: {totals(done)}")
        ask(f"Undo this on {instance}?", yes=given["yes"])
        with session.connect() as connection:
            live = CurrentState(connection)
            live.require_write()
            with (
                told(journal, "run undo again to finish"),
                ProgressLine(face, wanted=given["progress"]) as line,
            ):
                results = undo_journal(
                    connection, live, journal, concurrency=given["concurrency"], listener=line
                )
    code = show(results, did="undone", idle="had nothing to undo")
    again = sum(a.operation == "add-entry" for result in results.all for a in result.done)
    if again:
        out(
            f"{count(again, 'entry was', 'entries were')} added again: when and by whom they were added"
            " first, and that auto-population added them, is lost"
        )
    return code
