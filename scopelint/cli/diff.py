"""`scopelint diff OLD NEW`: what changed between two snapshots."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.files import check_output, snapshot_files, write_file
from scopelint.errors import ExitCode, NothingScannedError
from scopelint.filters import ProjectChoice
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory

if TYPE_CHECKING:
    from scopelint import engine
    from scopelint.diff import Diff, JudgedSnapshot
    from scopelint.rule import Rule


@click.command(cls=Command)
@click.argument("old", type=options.FilePath(), metavar="OLD")
@click.argument("new", type=options.FilePath(), metavar="NEW")
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["console", "json", "markdown"]),
    default="console",
    show_default=True,
    help="How to show it.",
)
@click.option(
    "-o", "--output", type=options.FilePath(), help="Write it to a file instead of stdout."
)
@click.option("--exit-code", is_flag=True, help="Exit 5 where anything changed.")
@click.option(
    "--allow-incomplete", is_flag=True, help="Exit 0, not 3, where something could not be read."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 3 and 5.")
@options.choice_options
@options.config_and_rules_options
@options.rule_options
@options.console_options
def diff(
    old: Path,
    new: Path,
    *,
    format_name: str,
    output: Path | None,
    exit_code: bool,
    allow_incomplete: bool,
    exit_zero: bool,
    chosen: ProjectChoice,
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    console: Console,
) -> int:
    """Show what changed from snapshot OLD to snapshot NEW; GitLab is not asked.

    Who gained and lost access, settings, entries, projects, and the findings of the same rules
    over both. OLD and NEW may each be a folder with the shards of one collection. A project that
    one of them could not read is named as not known, never as changed. With --include, --exclude and
    --owner only those projects are compared; what that leaves out is said.
    """
    from scopelint import diff as differ
    from scopelint.cli.chosen_rules import build_rules
    from scopelint.cli.parts import check_owners
    from scopelint.cli.past_runs import with_owners
    from scopelint.cli.settings import resolve

    start(console)
    resolved = resolve(source, choice)
    rules, settings = build_rules(resolved)
    check_owners(chosen, resolved.config.owners)
    before, after = snapshot_files(old), snapshot_files(new)
    check_output(output, (*before, *after))
    with open_snapshots(before) as one, open_snapshots(after) as other:
        differ.check_comparable(one.header, other.header)
        inventories = (
            Inventory(one, with_owners(chosen, one, settings.owners)),
            Inventory(other, with_owners(chosen, other, settings.owners)),
        )
        _tell_choice(inventories[1].scan.filters.chosen, inventories, (old, new))
        _check(*inventories, console, exit_zero=exit_zero)
        found = _compare(*inventories, rules, settings)
    _write(found, format_name, output, console)
    if exit_zero:
        return ExitCode.OK
    # A change that was asked for goes before what could not be read.
    if exit_code and found.changed:
        return ExitCode.DRIFT
    return ExitCode.OK if found.certain or allow_incomplete else ExitCode.INCOMPLETE


def _tell_choice(
    chosen: ProjectChoice, inventories: tuple[Inventory, Inventory], names: tuple[Path, Path]
) -> None:
    """Warn of each glob that matches no project of either snapshot."""
    from scopelint.cli.past_runs import warn_of

    if chosen:
        warn_of(chosen, {path for each in inventories for _, path in each.seen()}, names)


def _check(old: Inventory, new: Inventory, console: Console, *, exit_zero: bool) -> None:
    """Say what is odd about the two; raise NothingScannedError where both are empty."""
    if not old.total and not new.total:
        message = "there is no project in OLD and none in NEW"
        if old.scan.filters.chosen:
            message += f" that {' '.join(old.scan.filters.chosen.words())} leaves"
        if not exit_zero:
            raise NothingScannedError(message)
        console.warn(message)
    if new.as_of < old.as_of:
        console.warn("NEW was collected before OLD: read every change the other way round")


def _compare(
    old: Inventory, new: Inventory, rules: "tuple[Rule, ...]", settings: "engine.Settings"
) -> "Diff":
    from scopelint import diff as differ

    found = differ.compare(old, new)
    before, after = (_judge(inventory, rules, settings) for inventory in (old, new))
    return replace(found, findings=differ.compare_findings(before, after, found.not_judged))


def _judge(
    inventory: Inventory, rules: "tuple[Rule, ...]", settings: "engine.Settings"
) -> "JudgedSnapshot":
    from scopelint import diff as differ
    from scopelint import engine
    from scopelint.diff import JudgedSnapshot

    # Who opened a project is told beside the setting, and only where it was between OLD and NEW.
    report = engine.run(inventory.without_limit_changes(), rules, settings)
    return JudgedSnapshot.of(report, lists_deleted=differ.lists_deleted(inventory))


def _write(found: "Diff", format_name: str, output: Path | None, console: Console) -> None:
    from scopelint.diff import as_console
    from scopelint.diff.as_json import diff_data
    from scopelint.diff.as_markdown import markdown

    color = output is None and console.colored(sys.stdout)
    terminal = output is None and sys.stdout.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    formats: dict[str, Callable[[], Iterable[str]]] = {
        "console": lambda: as_console.console(found, width=width, color=color),
        "json": lambda: (json.dumps(diff_data(found), indent=2),),
        "markdown": lambda: markdown(found),
    }
    lines = formats[format_name]()
    if output is not None:
        write_file(output, lambda file: _write_lines(file, lines))
        return
    for line in lines:
        out(line, color=color)


def _write_lines(file: BinaryIO, lines: Iterable[str]) -> None:
    for line in lines:
        file.write(f"{line}\n".encode())
