"""`scopelint explain RULE`: one rule's page."""

import json

import click

from scopelint.cli.rules import rule_data
from scopelint.cli.streams import out
from scopelint.registry import find_rules, get_rule


@click.command()
@click.argument("rule")
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)
def explain(rule: str, format_name: str) -> None:
    """Show the page of RULE, a code (SL101) or a name (inbound-limit-disabled)."""
    found = get_rule(rule, find_rules())
    if format_name == "json":
        out(json.dumps(rule_data(found) | {"page": found.cls.page()}, indent=2))
    else:
        out(found.cls.page().rstrip())
