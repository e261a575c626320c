"""`scopelint rules`: the catalogue."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scopelint.cli.command import Command
from scopelint.cli.completion import complete_rules
from scopelint.cli.console import out
from scopelint.cli.option_declaration import option
from scopelint.cli.single_options import format_option, rules_file_option
from scopelint.errors import UsageError
from scopelint.finding import Severity
from scopelint.text import clean, shorten

if TYPE_CHECKING:
    from scopelint.registry import Found
    from scopelint.rule import Rule

_GAP = "  "
_LEAST_TITLE = 12
"""Columns below which the beginning of a title tells nothing."""


@click.command(cls=Command)
@click.argument("selectors", nargs=-1, metavar="[RULE]...", shell_complete=complete_rules)
@option(
    "--severity",
    type=click.Choice([s.value for s in Severity if s != Severity.UNKNOWN]),
    help="Only rules of this severity or above.",
)
@rules_file_option
@format_option
def rules(
    selectors: tuple[str, ...],
    severity: str | None,
    format_name: str,
    rules_files: tuple[Path, ...],
) -> None:
    """List the rules: code, name, severity, set, subject, and what each flags.

    RULE is a code, the beginning of codes (SL3) or a name; without one, all are listed.
    One line a rule. A terminal gets as much of each line as fits, a file or a pipe all of it.
    """
    from scopelint.registry import find_rules

    found = _chosen(find_rules(rules_files), selectors, severity)
    if format_name == "json":
        out(json.dumps([rule_data(rule) for rule in found.values()], indent=2))
        return
    width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else None
    for line in lines(found.values(), width):
        out(line)


def _chosen(
    found: "Mapping[str, Found[Rule]]", selectors: tuple[str, ...], severity: str | None
) -> "Mapping[str, Found[Rule]]":
    """Return the rules that the selectors name, of this severity or above; at least one."""
    codes = _named(found, selectors) if selectors else set(found)
    named = {code: rule for code, rule in found.items() if code in codes}
    if severity is None:
        return named
    least = Severity(severity)
    chosen = {code: rule for code, rule in named.items() if rule.cls.severity.reaches(least)}
    if not chosen:
        severest = min((rule.cls.severity for rule in named.values()), key=lambda each: each.rank)
        of = f" of {', '.join(selectors)}" if selectors else ""
        raise UsageError(
            f"no rule{of} has severity {severity} or above",
            hint="Leave --severity out: these rules are about what could not be read."
            if severest is Severity.UNKNOWN
            else f"The severest is {severest}: --severity {severest}",
        )
    return chosen


def _named(found: "Mapping[str, Found[Rule]]", selectors: tuple[str, ...]) -> set[str]:
    """Return the codes that selectors stand for; upper and lower case are the same here."""
    from scopelint.config import Catalogue, UnknownSelectorError

    catalogue = Catalogue(rule.cls for rule in found.values())
    codes: set[str] = set()
    for text in (part for word in selectors for part in word.split(",") if part):
        forms = (text, text.upper(), text.lower())
        known = next((form for form in forms if form in catalogue.selectors), text)
        try:
            codes.update(rule.code for rule in catalogue.resolve(known))
        except UnknownSelectorError as error:
            raise UsageError(str(error), hint=error.hint) from None
    return codes


def lines(found: "Iterable[Found[Rule]]", width: int | None) -> Iterator[str]:
    """Yield a line for each rule, of at most `width` columns; None leaves them whole.

    The title gives way first: it is cut, and left out where hardly anything of it is left.
    """
    rows = [_row(rule) for rule in found]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        line = _GAP.join(cells)
        if width is None or width - len(line) - len(_GAP) >= min(_LEAST_TITLE, len(row[5])):
            line += _GAP + row[5]
        line = line.rstrip()
        yield line if width is None else shorten(line, width)


def rule_data(found: "Found[Rule]") -> dict[str, Any]:
    """Return what a program may want to know of a rule.

    `requirement` is what holds where the rule passes, `remedy` a sentence on what `plan` does about
    a finding. `supports` are items of standards. `options` is JSON Schema, `defaults` what holds where the
    config says nothing; an option that must be given has no default.
    """
    rule = found.cls
    return {
        "code": rule.code,
        "name": rule.name,
        "title": rule.title,
        "requirement": rule.requirement,
        "remedy": str(rule.remedy),
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "set": rule_set(rule),
        "subject": rule.subject.value,
        "tags": list(rule.tags),
        "cwe": list(rule.cwe),
        "owasp": list(rule.owasp),
        "supports": {name: list(items) for name, items in supported(rule).items()},
        "since": rule.since,
        "needs": sorted(fact.value for fact in rule.needs),
        "options": rule.Options.model_json_schema().get("properties", {}),
        "defaults": defaults(rule),
        "distribution": origin(found),
    }


def supported(rule: "type[Rule]") -> Mapping[str, tuple[str, ...]]:
    """Return the items of standards that a rule supports, by standard."""
    # Reads the mappings' YAML, which the list of rules has no use for.
    from scopelint import mappings

    return mappings.supported(rule.code)


def rule_set(rule: "type[Rule]") -> str:
    """Return the set a rule belongs to: `default` or `strict`."""
    return "strict" if rule.strict else "default"


def defaults(rule: "type[Rule]") -> dict[str, Any]:
    """Return the options' defaults as JSON data, by the names they are given by."""
    from pydantic_core import to_jsonable_python

    return {
        field.alias or name: to_jsonable_python(field.get_default(call_default_factory=True))
        for name, field in rule.Options.model_fields.items()
        if not field.is_required()
    }


def origin(found: "Found[Rule]") -> str:
    """Return the package, or the name of the file, that a rule comes from."""
    return Path(found.distribution).name


def _row(found: "Found[Rule]") -> tuple[str, str, str, str, str, str]:
    rule = found.cls
    title = clean(rule.title)
    if found.distribution != "scopelint":
        title += f" (from {clean(origin(found))})"
    severity, subject = rule.severity.value, rule.subject.value
    return (rule.code, rule.name, severity, rule_set(rule), subject, title)
