"""`scopelint diff OLD NEW`: what changed between two snapshots."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import click

from scopelint import diff as differ
from scopelint import engine
from scopelint.cli import options
from scopelint.cli.console import Console, start
from scopelint.cli.destinations import write_file
from scopelint.cli.inputs import check_output, snapshot_files
from scopelint.cli.judge import build_rules
from scopelint.cli.session import read_config
from scopelint.cli.stdio import out
from scopelint.diff import Diff, JudgedSnapshot
from scopelint.diff.as_console import console
from scopelint.diff.as_json import diff_data
from scopelint.diff.as_markdown import markdown
from scopelint.errors import ExitCode, NothingScannedError
from scopelint.registry import find_rules
from scopelint.rule import Rule
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory


@click.command()
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
@options.config_options
@options.rules_file_option
@options.rule_options
@options.face_options
def diff(old: Path, new: Path, **given: Any) -> int:
    """Show what changed from snapshot OLD to snapshot NEW; GitLab is not asked.

    Who gained and lost access, settings, entries, projects, and the findings of the same rules
    over both. OLD and NEW may each be a folder with the shards of one collection. A project that
    one of them could not read is named as not known, never as changed.
    """
    face = Console(given["quiet"], given["verbose"], given["color"])
    start(face)
    rules = find_rules(given["rules_files"])
    chosen, settings = build_rules(given, read_config(given, rules, face), rules)
    before, after = snapshot_files(old), snapshot_files(new)
    check_output(given["output"], (*before, *after))
    with open_snapshots(before) as one, open_snapshots(after) as other:
        differ.check_comparable(one.header, other.header)
        inventories = Inventory(one), Inventory(other)
        _check(*inventories, face, exit_zero=given["exit_zero"])
        found = _compare(*inventories, chosen, settings)
    _write(found, given, face)
    return _exit_code(found, given)


def _check(old: Inventory, new: Inventory, face: Console, *, exit_zero: bool) -> None:
    """Say what is odd about the two; raise NothingScannedError where both are empty."""
    if not old.total and not new.total:
        message = "there is no project in OLD and none in NEW"
        if not exit_zero:
            raise NothingScannedError(message)
        face.warn(message)
    if new.as_of < old.as_of:
        face.warn("NEW was collected before OLD: read every change the other way round")


def _compare(
    old: Inventory, new: Inventory, rules: tuple[Rule, ...], settings: engine.Settings
) -> Diff:
    found = differ.compare(old, new)
    before, after = (_judge(inventory, rules, settings) for inventory in (old, new))
    return replace(found, findings=differ.compare_findings(before, after, found.not_judged))


def _judge(
    inventory: Inventory, rules: tuple[Rule, ...], settings: engine.Settings
) -> JudgedSnapshot:
    report = engine.run(inventory, rules, settings)
    return JudgedSnapshot(
        report.rules, report.findings, lists_deleted=differ.lists_deleted(inventory)
    )


def _write(found: Diff, given: Mapping[str, Any], face: Console) -> None:
    output: Path | None = given["output"]
    color = output is None and face.colored(sys.stdout)
    terminal = output is None and sys.stdout.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    formats: dict[str, Callable[[], Iterable[str]]] = {
        "console": lambda: console(found, width=width, color=color),
        "json": lambda: (json.dumps(diff_data(found), indent=2),),
        "markdown": lambda: markdown(found),
    }
    lines = formats[given["format_name"]]()
    if output is not None:
        write_file(output, lambda file: _write_lines(file, lines))
        return
    for line in lines:
        out(line, color=color)


def _write_lines(file: BinaryIO, lines: Iterable[str]) -> None:
    for line in lines:
        file.write(f"{line}\n".encode())


def _exit_code(found: Diff, given: Mapping[str, Any]) -> ExitCode:
    """Return the exit code: a change that was asked for goes before what could not be read."""
    if given["exit_zero"]:
        return ExitCode.OK
    if given["exit_code"] and found.changed:
        return ExitCode.DRIFT
    return ExitCode.OK if found.certain or given["allow_incomplete"] else ExitCode.INCOMPLETE
