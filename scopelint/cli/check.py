"""`scopelint check`: rules and reports over a snapshot, offline."""

from pathlib import Path

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, start


@click.command(cls=Command)
@click.argument(
    "snapshots", type=options.FilePath(), nargs=-1, required=True, metavar="SNAPSHOT..."
)
@options.config_and_rules_options
@options.rule_options
@options.gate_options
@options.baseline_options
@options.report_options
@options.console_options
def check(
    snapshots: tuple[Path, ...],
    *,
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    gate: options.GateOptions,
    baseline: options.BaselineOptions,
    report: options.ReportOptions,
    console: Console,
) -> int:
    """Judge SNAPSHOT, a file made by `scopelint collect`, and report; GitLab is not asked.

    Several are the shards of one collection: they are judged as one, and a shard that is missing
    makes the result incomplete.
    """
    from scopelint.cli.judge import prepare
    from scopelint.cli.settings import resolve

    start(console)
    reads = [("the snapshot", path) for path in snapshots]
    settings = resolve(source, choice, gate)
    prepared = prepare(settings, gate, baseline, report, console, reads=reads, snapshots=snapshots)
    return prepared.conclude(lambda: prepared.judge(*snapshots))
