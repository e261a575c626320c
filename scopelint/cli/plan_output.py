"""What `plan` and `suggest` have in common: where the plan goes, how it is shown, the exit code."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    from scopelint import engine
    from scopelint.cli.settings import RunSettings
    from scopelint.repair.plan_file import Plan
    from scopelint.rule import Rule
    from scopelint.snapshot import Source
    from scopelint.uses.unused import ThresholdsAt


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What both commands take: the snapshots, the plan's file, how it is shown."""

    snapshots: tuple[Path, ...]
    output: Path | None = None
    irreversible: bool = False
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
    options.option("--irreversible", is_flag=True, help="Plan also what no undo would bring back."),
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


def judged(
    plan: "Plan",
    snapshot: "tuple[Source, Inventory]",
    run: "RunSettings",
    rules: "tuple[Sequence[Rule], engine.Settings]",
    *,
    unsafe: bool,
) -> "Plan":
    """Return the plan with what it brings and fixes, without what needs `unsafe` where that is off.

    `snapshot` is the source and its whole inventory; `rules` judge it before and after the plan.
    """
    from scopelint.finding import Severity
    from scopelint.repair.safety import Assumptions
    from scopelint.wanted import Judging, judged_plan

    scan, fail_on = snapshot[1].scan, run.fail_on.value
    return judged_plan(
        plan,
        snapshot,
        Judging(*rules),
        Assumptions(scan.version, scan.fine_grained(run.config.assume_fine_grained)),
        fail_on="never" if fail_on == "never" else Severity(fail_on),
        unsafe=unsafe,
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
            final = any(a.irreversible for project in plan.projects for a in project.actions)
            flags = ("--irreversible",) if final else ()
            out(f"  {clean(command('apply', output, '--url', plan.instance, *flags))}")
    if not shown.exit_code:
        return ExitCode.OK
    if plan.projects:
        return ExitCode.DRIFT
    return ExitCode.OK if inventory.complete else ExitCode.INCOMPLETE


def thresholds(run: "RunSettings") -> "ThresholdsAt":
    """Return the options that the rules of use have for each project, by the configuration.

    They are found by what fixes their findings, so whichever rules judge use decide.
    """
    from scopelint.engine.rule_sets import RuleSets
    from scopelint.remedy import NarrowEntry, RemoveEntry, SafeIf
    from scopelint.uses.log import UsageRule
    from scopelint.uses.unused import Thresholds

    config = run.config
    classes = [found.cls for found in run.rules.values() if issubclass(found.cls, UsageRule)]
    sets = RuleSets(
        [cls(config.options.get(cls.code)) for cls in classes],
        (),
        {},
        [replace(each, ignore=frozenset()) for each in config.overrides],
        lambda _: None,
    )

    def at(path: str) -> Thresholds:
        given: dict[str, int] = {}
        for _, rule in sets.at(path).judging:
            options = rule.options.model_dump()
            match rule.remedy:
                case RemoveEntry(safe_if=SafeIf.NOT_USED):
                    given["unused_days"] = options["days"]
                case NarrowEntry():
                    given["wide_days"] = options["days"]
                case _:
                    pass
        return Thresholds(**given)

    return at


def log_limits(plan: "Plan", inventory: Inventory) -> Iterator[str]:
    """Yield what the authentication log cannot tell, where the plan relies on it."""
    from scopelint.uses import log

    if not any(action.rests_on_log for project in plan.projects for action in project.actions):
        return
    text = log.reach_back(inventory)
    yield f"{text[0].upper()}{text[1:]}. It cannot tell:"
    for words in log.UNKNOWABLE:
        yield f"  - {words}"
    yield "`scopelint apply` reads the log again, and leaves a project that was used otherwise since."


def write_text(text: str) -> Callable[[BinaryIO], None]:
    """Return what writes this text as UTF-8."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    return write
