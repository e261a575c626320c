"""`scopelint explain RULE`: one rule's page."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scopelint.cli.command import Command
from scopelint.cli.completion import complete_rule
from scopelint.cli.console import Console, out
from scopelint.cli.rules import defaults, origin, rule_data, supported
from scopelint.cli.single_options import color_option, format_option, rules_file_option
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.registry import Found
    from scopelint.rule import Rule

_SETS = {
    False: "default: it runs unless it is ignored",
    True: "strict: it runs with `profile: strict`, or when it is selected",
}
_JUDGES = {
    "instance": "the instance, once a run",
    "project": "each project",
    "entry": "each entry of a project's allowlist",
    "declared": "the declared policy",
}


@click.command(cls=Command)
@click.argument("rule", shell_complete=complete_rule)
@rules_file_option
@format_option
@color_option
def explain(rule: str, rules_files: tuple[Path, ...], format_name: str, color: str) -> None:
    """Show the page of RULE, a code (SL101) or a name (inbound-limit-disabled).

    A terminal gets it set in columns; a file or a pipe gets the Markdown.
    """
    from scopelint.registry import find_rule

    found = find_rule(rule, rules_files)
    if format_name == "json":
        out(json.dumps(rule_data(found) | {"page": found.cls.page()}, indent=2))
        return
    text = page(found)
    colored = Console(color=color).colored(sys.stdout)
    if colored or sys.stdout.isatty():
        # rich is imported only where something is set for a terminal.
        from scopelint.cli.markdown import rendered

        width = shutil.get_terminal_size((80, 24)).columns
        text = rendered(text, width, color=colored)
    out(text, color=colored or None)


def page(found: "Found[Rule]") -> str:
    """Return a rule's page as Markdown, with what its code declares below the title.

    Options are described at its end where the page itself has no section on them. Control
    characters are replaced: the page may be anybody's.
    """
    text = "\n".join(clean(line) for line in found.cls.page().strip().splitlines())
    title, _, rest = text.partition("\n")
    if not title.startswith("# "):
        title, rest = f"# {found.cls.code} {found.cls.name}", text
    facts = "\n".join(f"- **{name}:** {value}" for name, value in _facts(found))
    parts = [title, facts, rest.strip()]
    if found.cls.Options.model_fields and not re.search(r"^##+ Options\b", text, re.MULTILINE):
        parts.append(_options(found.cls))
    return "\n\n".join(part for part in parts if part)


def _facts(found: "Found[Rule]") -> Iterator[tuple[str, str]]:
    rule = found.cls
    yield "Severity", f"{rule.severity.value} (confidence {rule.confidence.value})"
    yield "Set", _SETS[rule.strict]
    yield "Judges", _JUDGES[rule.subject]
    yield "Requirement", f"{clean(rule.requirement)}."
    yield "Remedy", clean(str(rule.remedy))
    references = [*(f"CWE-{number}" for number in rule.cwe), *rule.owasp]
    if references:
        yield "References", clean(", ".join(references))
    for standard, items in supported(rule).items():
        yield "Supports", clean(f"{standard}: {'; '.join(items)}")
    yield "Options", _defaults(rule)
    yield "From", f"{clean(origin(found))}, since {clean(rule.since)}"


def _defaults(rule: "type[Rule]") -> str:
    if not rule.Options.model_fields:
        return "none"
    values = ", ".join(f"{name}: {_shown(value)}" for name, value in defaults(rule).items())
    needed = [name for name, field in rule.Options.model_fields.items() if field.is_required()]
    told = f"`{rule.code}: {{{clean(values)}}}`" if values else ""
    must = f"{', '.join(f'`{name}`' for name in needed)} must be given" if needed else ""
    return "; ".join(part for part in (told, must) if part)


def _options(rule: "type[Rule]") -> str:
    rows = ["## Options", "", "| name | default | meaning |", "|---|---|---|"]
    values = defaults(rule)
    for name, field in rule.Options.model_fields.items():
        given = field.alias or name
        default = f"`{_shown(values[given])}`" if given in values else "(must be given)"
        cells = (f"`{given}`", default, field.description or "")
        escaped = (clean(cell).replace("|", r"\|") for cell in cells)
        rows.append(f"| {' | '.join(escaped)} |")
    return "\n".join(rows)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
