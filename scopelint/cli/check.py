"""`scopelint check`: rules and reports over a snapshot, offline."""

from pathlib import Path
from typing import Any

import click

from scopelint.cli import options
from scopelint.cli.console import Console, start
from scopelint.cli.judge import prepare
from scopelint.cli.session import read_config
from scopelint.registry import find_rules


@click.command()
@click.argument(
    "snapshots", type=options.FilePath(), nargs=-1, required=True, metavar="SNAPSHOT..."
)
@options.config_options
@options.rules_file_option
@options.rule_options
@options.gate_options
@options.baseline_options
@options.report_options
@options.face_options
def check(snapshots: tuple[Path, ...], **given: Any) -> int:
    """Judge SNAPSHOT, a file made by `scopelint collect`, and report; GitLab is not asked.

    Several are the shards of one collection: they are judged as one, and a shard that is missing
    makes the result incomplete.
    """
    face = Console(given["quiet"], given["verbose"], given["color"])
    start(face)
    rules = find_rules(given["rules_files"])
    judging = prepare(given, read_config(given, rules, face), rules, face, snapshots)
    return judging.conclude(lambda: judging.judge(*snapshots))
