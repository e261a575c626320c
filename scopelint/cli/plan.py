"""`scopelint plan`: a repair to be looked over, from findings or from the declared policy."""

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
    plan_options,
)
from scopelint.errors import UsageError
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
    help="Repair what the rules find, or bring about what the config declares.",
)
@click.option("--unsafe", is_flag=True, help="Plan also what may take access that somebody uses.")
@options.config_and_rules_options
@options.rule_options
@options.console_options
def plan(
    *,
    plan: PlanOptions,
    goal: str,
    unsafe: bool,
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    console: Console,
) -> int:
    """Plan the repair of what SNAPSHOT shows, a file made by `scopelint collect`; write nothing.

    A remedy is safe when no project gains access and no logged access is lost; only such ones are
    planned, unless --unsafe says otherwise. Several SNAPSHOTs are the shards of one collection.
    Look the plan over, then do it with `scopelint apply`.
    """
    from scopelint import engine
    from scopelint.cli.judge import build_rules
    from scopelint.cli.settings import resolve
    from scopelint.repair.from_declared import plan_to_declared
    from scopelint.repair.from_findings import plan_from_findings

    start(console)
    run = resolve(source, choice)
    config = run.config
    chosen, settings = build_rules(run)
    check_places(
        {"plan": plan.output},
        (*plan.snapshots, *run.rules_files, config.source, *config.files.values()),
    )
    declared = _declared(config) if goal == "declared" else None
    with open_snapshots(plan.snapshots) as snapshot:
        inventory = Inventory(snapshot)
        check_inventory(inventory, console)
        if declared is not None:
            made = plan_to_declared(inventory, declared, assume=config.assume_fine_grained)
        else:
            settings = replace(settings, waivers=config.waivers)
            report = engine.run(inventory, chosen, settings)
            made = plan_from_findings(
                inventory,
                report.findings,
                {rule.code: rule.remedy for rule in (*chosen, *settings.selectable)},
                unsafe=unsafe,
                assume=config.assume_fine_grained,
            )
        return conclude(made, inventory, plan, ())


def _declared(config: "Config") -> "DeclaredPolicy":
    if config.declared is None:
        raise UsageError(
            "no policy is declared",
            hint="Name a gitlabform config under policy.gitlabform, or write `declared:`.",
        )
    return config.declared
