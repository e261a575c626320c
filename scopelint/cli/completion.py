"""What the shell offers at Tab: rules, formats, files. Nothing of a rule or reporter is imported.

Somebody waits for it: names are read from the first lines of rules' pages and from the
text of reporters' modules (`scopelint.bundles`). What cannot be read offers nothing.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

YAML = (".yml", ".yaml")


def complete_rules(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Offer the codes and names of rules, for the last word of a list; case does not matter."""
    del ctx, param
    from scopelint.bundles import rule_titles

    before, comma, word = incomplete.rpartition(",")
    rules = sorted(rule_titles())
    pairs = [*rules, *((name, code) for code, name in rules)] if word else rules
    return _items((f"{before}{comma}{text}", other) for text, other in pairs if _is(text, word))


def complete_rule(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Offer the code or name of one rule."""
    return [] if "," in incomplete else complete_rules(ctx, param, incomplete)


def complete_formats(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Offer the formats of reports."""
    del ctx, param
    from scopelint.bundles import format_titles

    return _items(pair for pair in sorted(format_titles()) if _is(pair[0], incomplete))


def complete_reports(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Offer `NAME=` for each format; what follows it is a file."""
    name, separator, file = incomplete.partition("=")
    if separator:
        return _files(file)
    found = complete_formats(ctx, param, name)
    return _items((f"{item.value}=", item.help or "") for item in found)


def complete_configs(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Offer the YAML files of the folder that is named so far, or any file where it has none."""
    del ctx, param
    folder, slash, name = incomplete.rpartition("/")
    try:
        found = sorted(path.name for path in Path(folder + slash or ".").iterdir())
    except OSError:
        return []
    fitting = [each for each in found if each.startswith(name) and each.endswith(YAML)]
    return _items((f"{folder}{slash}{each}", "") for each in fitting) or _files(incomplete)


def _is(word: str, incomplete: str) -> bool:
    return word.lower().startswith(incomplete.lower())


def _items(pairs: Iterable[tuple[str, str]]) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(value, help=text or None) for value, text in pairs]


def _files(incomplete: str) -> "list[CompletionItem]":
    """Leave it to the shell, which knows better how to complete a path."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]
