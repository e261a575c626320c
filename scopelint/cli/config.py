"""`scopelint config`: check a scopelint.yml, or print the schemas."""

import json
from pathlib import Path

import click

from scopelint.cli import options
from scopelint.cli.command import Command, Entry, LazyGroup
from scopelint.cli.console import out
from scopelint.errors import UsageError
from scopelint.text import clean


@click.group(
    cls=LazyGroup,
    entries={
        "init": Entry(
            "scopelint.cli.config_init:init",
            "Write a commented scopelint.yml.",
            "scopelint config init acme --ci .gitlab-ci.scopelint.yml",
        ),
        "check": Entry(
            "scopelint.cli.config:check",
            "Check a scopelint.yml.",
            "scopelint config check scopelint.yml",
        ),
        "show": Entry(
            "scopelint.cli.config_show:show",
            "Show every setting, and what set it.",
            "scopelint config show --fail-on high",
        ),
        "schema": Entry(
            "scopelint.cli.config:schema",
            "Print the JSON Schema of scopelint.yml.",
            "scopelint config schema > scopelint.schema.json",
        ),
    },
)
def config() -> None:
    """Make, check or show a scopelint.yml, or print its JSON Schema."""


@click.command(cls=Command)
@click.argument("file", type=options.FilePath(), required=False)
@options.rules_file_option
def check(file: Path | None, rules_files: tuple[Path, ...]) -> None:
    """Check FILE, or the scopelint.yml that a scan started here would use.

    Every fault is shown at once, with its line and column. Exit 0 where there is none, else 2.
    """
    from scopelint.config import FoundConfig, find_config
    from scopelint.config.load import load_config
    from scopelint.registry import find_rules

    where = file or find_config(Path.cwd())
    if where is None:
        raise UsageError(
            "there is no scopelint.yml here or above, up to the git root",
            hint="Name the file: scopelint config check FILE",
        )
    load_config(where, [found.cls for found in find_rules(rules_files).values()])
    name = where.name if isinstance(where, FoundConfig) else clean(str(where))
    out(f"{name}: no fault found")


@click.command(cls=Command)
@click.option("--report", is_flag=True, help="The JSON report's schema instead.")
@click.option("--plan", is_flag=True, help="The plan file's schema instead.")
@click.option("--diff", is_flag=True, help="The schema of `diff -f json` instead.")
@click.option("--doctor", is_flag=True, help="The schema of `doctor -f json` instead.")
@options.rules_file_option
def schema(
    *, report: bool, plan: bool, diff: bool, doctor: bool, rules_files: tuple[Path, ...]
) -> None:
    """Print the JSON Schema of scopelint.yml, for editors and checks."""
    from scopelint.config.schema import config_schema
    from scopelint.diff.diff_records import diff_schema
    from scopelint.json_schema import DIALECT
    from scopelint.registry import find_rules
    from scopelint.repair.plan_file import Plan
    from scopelint.report_file import report_schema

    if report + plan + diff + doctor > 1:
        raise UsageError(
            "--report, --plan, --diff and --doctor are schemas of their own",
            hint="Ask for one at a time.",
        )
    if doctor:
        from scopelint.collect.diagnosis import doctor_schema

        out(json.dumps({"$schema": DIALECT, **doctor_schema()}, indent=2))
        return
    if diff:
        out(json.dumps(diff_schema(), indent=2))
        return
    if plan:
        out(json.dumps({"$schema": DIALECT, **Plan.model_json_schema(by_alias=True)}, indent=2))
        return
    if report:
        out(json.dumps(report_schema(), indent=2))
        return
    found = config_schema([rule.cls for rule in find_rules(rules_files).values()])
    out(json.dumps(found, indent=2))
