"""`scopelint rules`: the catalogue."""

import json
from pathlib import Path
from typing import Any

import click

from scopelint.cli.streams import out
from scopelint.registry import Found, find_rules
from scopelint.rule import Rule


@click.command()
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)
def rules(format_name: str) -> None:
    """List every rule: code, name, severity, set, subject, and what it flags."""
    found = find_rules()
    if format_name == "json":
        out(json.dumps([rule_data(rule) for rule in found.values()], indent=2))
        return
    rows = [_row(rule.cls) for rule in found.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        out("  ".join((*cells, row[5])).rstrip())


def rule_data(found: Found[Rule]) -> dict[str, Any]:
    """Return what a program may want to know of a rule."""
    rule = found.cls
    return {
        "code": rule.code,
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "set": "strict" if rule.strict else "default",
        "subject": rule.subject.value,
        "tags": list(rule.tags),
        "cwe": list(rule.cwe),
        "owasp": list(rule.owasp),
        "since": rule.since,
        "needs": sorted(fact.value for fact in rule.needs),
        "options": rule.Options.model_json_schema().get("properties", {}),
        "distribution": Path(found.distribution).name,
    }


def _row(rule: type[Rule]) -> tuple[str, str, str, str, str, str]:
    kind = "strict" if rule.strict else "default"
    return (rule.code, rule.name, rule.severity.value, kind, rule.subject.value, rule.title)
