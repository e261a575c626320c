"""`scopelint suggest`: from the authentication log, a plan that closes and breaks nothing."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, start
from scopelint.cli.files import write_file
from scopelint.cli.plan_output import (
    PlanOptions,
    check_inventory,
    check_places,
    conclude,
    judged,
    log_limits,
    plan_options,
    thresholds,
    write_text,
)
from scopelint.errors import UsageError
from scopelint.model import Fact
from scopelint.remedy import restricts
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory

if TYPE_CHECKING:
    from scopelint.repair.plan_file import Plan


@click.command(cls=Command)
@plan_options
@click.option(
    "--policy",
    "policy_file",
    type=options.FilePath(),
    help="Write what it leads to as a declared policy, too.",
)
@click.option(
    "--allow-groups",
    is_flag=True,
    help="Allow a group where enough of its projects are used, not only where all are.",
)
@click.option(
    "--min-share",
    type=click.IntRange(1, 100),
    default=80,
    show_default=True,
    metavar="PERCENT",
    help="With --allow-groups: how many of a group's projects are enough.",
)
@click.option(
    "--min-log-days",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="DAYS",
    help="Hold back where the log, or the entry, is younger.",
)
@click.option("--unsafe", is_flag=True, help="Plan also what brings a finding that fails the gate.")
@options.fail_on_option
@options.config_options
@options.console_options
def suggest(
    *,
    plan: PlanOptions,
    policy_file: Path | None,
    allow_groups: bool,
    min_share: int,
    min_log_days: int,
    unsafe: bool,
    fail_on: str | None,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Plan the smallest allowlists that keep every logged use working, from SNAPSHOT.

    SNAPSHOT is made by `scopelint collect --usage`; several are the shards of one collection. Open
    projects are closed with entries for those that used them; closed ones lose entries that are not
    used. The plan says which findings it brings and fixes. What brings one at or above --fail-on
    needs --unsafe. Look the plan over, then do it with `scopelint apply`.
    """
    from scopelint.cli.chosen_rules import build_rules
    from scopelint.cli.settings import resolve
    from scopelint.repair.allowlist import AllowlistOptions
    from scopelint.repair.plan_text import declared_policy
    from scopelint.repair.suggest import suggest as suggested

    start(console)
    run = resolve(source, None, options.GateOptions(fail_on=fail_on))
    config = run.config
    check_places(
        {"plan": plan.output, "policy": policy_file},
        (*plan.snapshots, config.source, *config.files.values()),
    )
    allowlist = AllowlistOptions(allow_groups, min_share, min_log_days)
    with open_snapshots(plan.snapshots) as snapshot:
        inventory = Inventory(snapshot)
        check_inventory(inventory, console)
        if reason := inventory.scan.unavailable.get(Fact.LOG):
            raise UsageError(
                f"the snapshot holds no authentication log: {reason}",
                hint="Collect with --usage, through GraphQL.",
            )
        fixes = [code for code, found in run.rules.items() if restricts(found.cls.remedy)]
        made = suggested(
            inventory,
            allowlist,
            config.assume_fine_grained,
            irreversible=plan.irreversible,
            fixes=fixes,
            thresholds=thresholds(run),
        )
        rules, settings = build_rules(run)
        settings = replace(settings, waivers=config.waivers)
        made = judged(made, (snapshot, inventory), run, (rules, settings), unsafe=unsafe)
        if policy_file is not None:
            text = declared_policy(made, include_archived=_has_archived(made, inventory))
            write_file(policy_file, write_text(text))
        return conclude(made, inventory, plan, log_limits(made, inventory))


def _has_archived(plan: "Plan", inventory: Inventory) -> bool:
    planned = {project.id for project in plan.projects}
    return any(project.archived for project in inventory.projects() if project.id in planned)
