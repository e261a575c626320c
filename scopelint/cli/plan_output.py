"""What `plan` and `suggest` have in common: where the plan goes, how it is shown, the exit code."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import click

from scopelint.cli import options
from scopelint.cli.console import Console, out
from scopelint.cli.files import check_writable, write_file
from scopelint.cli.next_steps import command
from scopelint.errors import ExitCode, NothingScannedError, UsageError
from scopelint.snapshot.inventory import Inventory
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.repair.plan_file import Plan


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What both commands take: the snapshots, the plan's file, how it is shown."""

    snapshots: tuple[Path, ...]
    output: Path | None = None
    exit_code: bool = False
    answer_format: Literal["console", "json"] = "console"


plan_options = options.grouped(
    "plan",
    PlanOptions,
    "The plan",
    click.argument(
        "snapshots", type=options.FilePath(), nargs=-1, required=True, metavar="SNAPSHOT..."
    ),
    options.option("-o", "--output", type=options.FilePath(), help="Write the plan here."),
    options.option("--exit-code", is_flag=True, help="Exit 5 where something would change."),
    options.answer_format_option,
)


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


def check_inventory(inventory: Inventory, console: Console) -> None:
    """Raise NothingScannedError for an empty inventory; say where it is not whole."""
    if not inventory.total:
        raise NothingScannedError("there is no project to plan for")
    if inventory.scan.api == "rest":
        console.warn(
            "it was read through REST, which shows neither permissions nor outbound entries: no"
            " project can be planned for; collect through GraphQL"
        )
    if not inventory.complete:
        console.warn(
            "the scan is incomplete: the plan holds for what was read, and says nothing of the rest"
        )


def conclude(
    plan: "Plan", inventory: Inventory, shown: PlanOptions, tail: Iterable[str]
) -> ExitCode:
    """Write and show the plan; `tail` are lines for a reader besides. Return the exit code."""
    from scopelint.repair.plan_text import plan_lines

    output = shown.output
    if output is not None:
        write_file(output, write_text(plan.text()), private=True)
    if shown.answer_format == "json":
        out(plan.text().rstrip("\n"))
    else:
        for line in (*plan_lines(plan), *tail):
            out(clean(line))
        if output is not None and plan.projects:
            out(f"Written to {clean(str(output))}. Look it over, then do it with:")
            out(f"  {clean(command('apply', output, '--url', plan.instance))}")
    if not shown.exit_code:
        return ExitCode.OK
    if plan.projects:
        return ExitCode.DRIFT
    return ExitCode.OK if inventory.complete else ExitCode.INCOMPLETE


def write_text(text: str) -> Callable[[BinaryIO], None]:
    """Return what writes this text as UTF-8."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    return write
