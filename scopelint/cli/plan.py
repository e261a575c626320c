"""`scopelint plan`: a repair to be looked over, from findings or from the declared policy."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, start
from scopelint.cli.plan_output import (
    PlanOptions,
    check_inventory,
    check_places,
    conclude,
    judged,
    log_limits,
    plan_options,
    thresholds,
)
from scopelint.errors import UsageError
from scopelint.finding import Finding
from scopelint.report import Report
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory

if TYPE_CHECKING:
    from scopelint.config import Config
    from scopelint.declared import DeclaredPolicy


@click.command(cls=Command)
@plan_options
@click.option(
    "--to",
    "goal",
    type=click.Choice(["findings", "declared"]),
    default="findings",
    show_default=True,
    help="Repair what the rules find, or make GitLab match what the config declares.",
)
@click.option(
    "--unsafe",
    is_flag=True,
    help="Plan also what gives access, takes access that may be used, or brings a finding that fails"
    " the gate.",
)
@options.fail_on_option
@click.option(
    "--entry",
    "entries",
    metavar="PATH",
    multiple=True,
    help="Only what the rules find about entries for this group or project. Repeatable.",
)
@options.config_and_rules_options
@options.rule_options
@options.console_options
def plan(
    *,
    plan: PlanOptions,
    goal: str,
    unsafe: bool,
    fail_on: str | None,
    entries: tuple[str, ...],
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    console: Console,
) -> int:
    """Plan the repair of what SNAPSHOT shows, a file made by `scopelint collect`; write nothing.

    A change is safe when no project gains access, no logged access is lost, and no finding is new
    that is at or above the gate's severity (--fail-on); only such ones are planned, unless --unsafe
    says otherwise. The plan says what it brings and fixes in findings. Several SNAPSHOTs are the
    shards of one collection. Look the plan over, then do it with `scopelint apply`.
    """
    from scopelint import engine
    from scopelint.cli.chosen_rules import build_rules
    from scopelint.cli.settings import resolve
    from scopelint.repair.from_declared import plan_to_declared
    from scopelint.repair.from_findings import plan_from_findings

    start(console)
    run = resolve(source, choice, options.GateOptions(fail_on=fail_on))
    config = run.config
    chosen, settings = build_rules(run)
    check_places(
        {"plan": plan.output},
        (*plan.snapshots, *run.source.rules_files, config.source, *config.files.values()),
    )
    if entries and goal == "declared":
        raise UsageError("--entry chooses among findings, and --to declared has none")
    settings = replace(settings, waivers=config.waivers)
    declared = _declared(config) if goal == "declared" else None
    with open_snapshots(plan.snapshots) as snapshot:
        inventory = Inventory(snapshot)
        check_inventory(inventory, console)
        if declared is not None:
            made = plan_to_declared(
                inventory,
                declared,
                irreversible=plan.irreversible,
                assume=config.assume_fine_grained,
            )
        else:
            report = engine.run(inventory, chosen, settings)
            made = plan_from_findings(
                inventory,
                _about(entries, report),
                {rule.code: rule.remedy for rule in (*chosen, *settings.selectable)},
                unsafe=unsafe,
                irreversible=plan.irreversible,
                assume=config.assume_fine_grained,
                thresholds=thresholds(run),
            )
        made = judged(made, (snapshot, inventory), run, (chosen, settings), unsafe=unsafe)
        return conclude(made, inventory, plan, log_limits(made, inventory))


def _about(entries: tuple[str, ...], report: Report) -> Collection[Finding]:
    """Return the findings about entries for these full paths, all of them where none is named."""
    if not entries:
        return report.findings
    wanted = {path.strip("/") for path in entries}
    found = [each for each in report.findings if each.entry and each.entry.path in wanted]
    if missing := wanted - {each.entry.path for each in found if each.entry}:
        raise UsageError(
            f"nothing was found about an entry for {', '.join(sorted(missing))}",
            hint="Give --entry the full path of a group or project as a report names it.",
        )
    return found


def _declared(config: "Config") -> "DeclaredPolicy":
    if config.declared is None:
        raise UsageError(
            "no policy is declared",
            hint="Name a gitlabform config under policy.gitlabform, or Terraform under policy.terraform,"
            " or write `declared:`.",
        )
    return config.declared
