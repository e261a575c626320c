"""`scopelint apply`: a plan, done where nothing moved since it was made."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.next_steps import command, config_words, given_again, server_words
from scopelint.cli.progress_line import ProgressLine
from scopelint.cli.repair_output import (
    ask,
    check_answerable,
    count,
    journal_of,
    naming_journal,
    open_writing,
    show,
    totals,
)
from scopelint.errors import ExitCode, UsageError
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.repair.plan_file import Plan


@click.command(cls=Command)
@click.argument("plan_file", type=options.FilePath(), metavar="PLAN")
@options.yes_option
@click.option(
    "--journal",
    "journal_file",
    type=options.FilePath(),
    help="Where each write is noted, before and after.  [default: PLAN.journal]",
)
@click.option("--resume", is_flag=True, help="Finish what the journal shows as begun.")
@click.option(
    "--max-removals",
    type=click.IntRange(min=0),
    metavar="N",
    default=50,
    show_default=True,
    help="Refuse a plan that removes more entries.",
)
@click.option(
    "--max-projects",
    type=click.IntRange(min=1),
    metavar="N",
    default=500,
    show_default=True,
    help="Refuse a plan that changes more projects.",
)
@click.option(
    "--irreversible", is_flag=True, help="Do also what no undo brings back; the plan names it."
)
@options.write_options
@options.config_options
@options.console_and_progress_options
def apply(
    *,
    plan_file: Path,
    yes: bool,
    journal_file: Path | None,
    resume: bool,
    max_removals: int,
    max_projects: int,
    irreversible: bool,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Change GitLab as PLAN says, project by project, only where nothing moved since.

    The token needs the scope api. Each project is read again first, and left where its state is no
    longer the plan's (exit 5). Inside a project it adds, changes permissions, switches settings,
    then removes, and reads back. A project that fails is left at that step; after 10 failed ones
    no other is begun (exit 4). `scopelint undo` takes the journal back.
    """
    from scopelint.collect.current_state import CurrentState
    from scopelint.repair.apply import apply as apply_plan
    from scopelint.repair.apply import (
        check_irreversible,
        check_plan,
        new_journal,
        open_journal,
    )
    from scopelint.repair.plan_file import load_plan

    start(console)
    plan = load_plan(plan_file)
    check_plan(plan, max_removals=max_removals, max_projects=max_projects)
    if not plan.projects:
        out("the plan changes nothing")
        return ExitCode.OK
    check_answerable(yes=yes)
    journal_path = journal_of(journal_file, plan_file)
    if journal_path.exists() != resume:
        _refuse(journal_path, resume=resume)
    session = open_writing(server, source, console, plan.instance, plan.projects[0].id)
    for words in _summary(plan):
        console.note(words)
    ask(f"Apply this to {plan.instance}?", yes=yes)
    options_again = (*server_words(plan.instance, server), *config_words(source))
    undoing = command("undo", journal_path, *options_again)
    with session.connect() as connection:
        live = CurrentState(connection)
        live.require_write()
        check_irreversible(plan, live, allowed=irreversible)
        journal = (
            open_journal(journal_path, plan) if resume else new_journal(journal_path, plan, live)
        )
        with (
            naming_journal(
                journal, f"Finish it with: {given_again('--resume')}\nor undo it with: {undoing}"
            ),
            ProgressLine(console) as line,
        ):
            results = apply_plan(
                connection,
                live,
                plan,
                journal,
                assume=session.settings.config.assume_fine_grained,
                concurrency=server.concurrency,
                listener=line,
            )
    code = show(results, did="applied", idle="an earlier run had finished")
    if journal.projects:
        out(f"Every write is in {clean(str(journal_path))}. Take it back with:")
        out(f"  {clean(undoing)}")
    return code


def _refuse(journal: Path, *, resume: bool) -> None:
    if resume:
        raise UsageError(
            f"there is no journal {journal} to go on with", hint="Name it with --journal."
        )
    raise UsageError(
        f"the journal {journal} already exists",
        hint="Finish it with --resume, undo it, or name another with --journal.",
    )


def _summary(plan: "Plan") -> list[str]:
    """Say what the plan does, before anybody is asked."""
    from scopelint.repair.actions import inverse

    actions = [action for project in plan.projects for action in project.actions]
    lines = [f"{count(len(plan.projects), 'project')}: {totals(actions)}"]
    final = [action for action in actions if action.irreversible or inverse(action) is None]
    if final:
        lines.append(f"Cannot be undone: {totals(final)}")
    removed = sum(action.operation == "remove-entry" for action in actions)
    if removed:
        lines.append(
            f"An undo adds {'the removed entry' if removed == 1 else 'removed entries'} again, but"
            " when and by whom it was added first is lost"
        )
    low = sum(project.confidence == "low" for project in plan.projects)
    if low:
        lines.append(f"{count(low, 'project')} with low confidence: see the plan's notes")
    return lines
