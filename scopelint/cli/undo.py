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
from scopelint.errors import ExitCode
from scopelint.repair.current_state import CurrentState
from scopelint.repair.journal import Journal
from scopelint.repair.undo import to_undo
from scopelint.repair.undo import undo as undo_journal


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
        pending = {number: to_undo(one) for number, one in journal.histories.items()}
        pending = {number: deeds for number, deeds in pending.items() if deeds}
        if not pending:
            out("there is nothing to take back")
            return ExitCode.OK
        instance = journal.header.instance
        session = open_writing(given, face, instance, next(iter(pending)))
        done = [deed.action for deeds in pending.values() for deed in deeds.values()]
        face.note(f"Takes back, in {count(len(pending), 'project')}: {totals(done)}")
        ask(f"Undo this on {instance}?", yes=given["yes"])
        with session.connect() as connection:
            live = CurrentState(connection)
            live.require_write()
            with (
                told(journal, "run undo again to finish"),
                ProgressLine(face, wanted=given["progress"]) as line,
            ):
                reports = undo_journal(
                    connection, live, journal, concurrency=given["concurrency"], listener=line
                )
    code = show(reports, did="undone", idle="had nothing to take back")
    again = sum(a.operation == "add-entry" for report in reports.reports for a in report.done)
    if again:
        out(
            f"{count(again, 'entry is', 'entries are')} back, made anew by GitLab: when and by whom"
            " they were added first, and that auto-population added them, is lost"
        )
    return code
