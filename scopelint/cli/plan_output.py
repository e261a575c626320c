"""What `plan` and `suggest` have in common: where the plan goes, how it is shown, the exit code."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import click

from scopelint.cli import options
from scopelint.cli.console import Console
from scopelint.cli.destinations import check_writable, write_file
from scopelint.cli.stdio import out
from scopelint.errors import ExitCode, NothingScannedError, UsageError
from scopelint.repair.plan_file import Plan
from scopelint.repair.plan_text import plan_lines
from scopelint.snapshot.inventory import Inventory
from scopelint.text import clean


def plan_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what both commands take: the snapshots, the plan's file, how it is shown."""
    for option in reversed(
        (
            click.argument(
                "snapshots", type=options.FilePath(), nargs=-1, required=True, metavar="SNAPSHOT..."
            ),
            click.option("-o", "--output", type=options.FilePath(), help="Write the plan here."),
            click.option("--exit-code", is_flag=True, help="Exit 5 where something would change."),
            options.answer_format_option,
        )
    ):
        function = option(function)
    return function


def check_places(outputs: Mapping[str, Path | None], inputs: Iterable[Path | None]) -> None:
    """Raise UsageError where an output cannot be written, or would replace what is read."""
    taken: dict[Path, str] = {}
    for path in inputs:
        if path is not None:
            taken[path.resolve()] = f"{path}, which is read"
    for what, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        if path.resolve() in taken:
            raise UsageError(
                f"the {what} would replace {taken[path.resolve()]}", hint="Give it its own file."
            )
        taken[path.resolve()] = f"the {what} before it"


def check_inventory(inventory: Inventory, face: Console) -> None:
    """Raise NothingScannedError for an empty inventory; say where it is not whole."""
    if not inventory.total:
        raise NothingScannedError("there is no project to plan for")
    if inventory.scan.api == "rest":
        face.warn(
            "it was read through REST, which shows neither permissions nor outbound entries: no"
            " project can be planned for; collect through GraphQL"
        )
    if not inventory.complete:
        face.warn(
            "the scan is incomplete: the plan holds for what was read, and says nothing of the rest"
        )


def conclude(
    plan: Plan, inventory: Inventory, given: Mapping[str, Any], tail: Iterable[str]
) -> ExitCode:
    """Write and show the plan; `tail` are lines for a reader besides. Return the exit code."""
    output: Path | None = given["output"]
    if output is not None:
        write_file(output, write_text(plan.text()), private=True)
    if given["answer_format"] == "json":
        out(plan.text().rstrip("\n"))
    else:
        for line in (*plan_lines(plan), *tail):
            out(clean(line))
        if output is not None and plan.projects:
            out(
                f"Written to {clean(str(output))}; do it with: scopelint apply {clean(str(output))}"
            )
    if not given["exit_code"]:
        return ExitCode.OK
    if plan.projects:
        return ExitCode.DRIFT
    return ExitCode.OK if inventory.complete else ExitCode.INCOMPLETE


def write_text(text: str) -> Callable[[BinaryIO], None]:
    """Return what writes this text as UTF-8."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    return write
