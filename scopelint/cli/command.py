"""How commands look from outside: imported late, options in groups, an example below them."""

import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from scopelint.cli.option_declaration import Option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NAMES = 26
"""Columns of the options' names, in every group of them; a longer name has its own line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is not imported yet: where it is, its line in the help, and an example."""

    place: str
    line: str
    example: str
    group: str = "Commands"


class Command(click.Command):
    """A command whose help has its options in groups, and an example."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by group, those without one last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                name, text = record
                group = param.group if isinstance(param, Option) else ""
                groups.setdefault(group, []).append((name.ljust(NAMES), text))
        own = groups.pop("", [])
        for title, rows in [*groups.items(), ("Other options" if groups else "Options", own)]:
            if rows:
                _section(formatter, title, rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example."""
        parent = ctx.parent and ctx.parent.command
        entry = parent.entries.get(ctx.info_name or "") if isinstance(parent, LazyGroup) else None
        if entry is not None:
            _example(formatter, entry.example)
        super().format_epilog(ctx, formatter)


class LazyGroup(click.Group):
    """A click group whose commands are named as text: `module:attribute`, with a help line."""

    command_class = Command

    def __init__(
        self, *args: Any, entries: Mapping[str, Entry], example: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries
        self.example = example

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they were given: the order of the work."""
        del ctx
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first: they are what a reader looks for."""
        self.format_commands(ctx, formatter)
        rows = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        _section(formatter, "Options", rows)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands by group, without importing any."""
        del ctx
        width = max(map(len, self.entries))
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.entries.items():
            groups.setdefault(entry.group, []).append((name.ljust(width), entry.line))
        for title, rows in groups.items():
            _section(formatter, title, rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example, then what else there is to say."""
        if self.example:
            _example(formatter, self.example)
        super().format_epilog(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and suggest one where the name is unknown."""
        from difflib import get_close_matches

        if args and args[0] not in self.entries and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.entries, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete the names of commands without importing any."""
        from click.shell_completion import CompletionItem

        return [
            *(
                CompletionItem(name, help=entry.line)
                for name, entry in self.entries.items()
                if name.startswith(incomplete)
            ),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]


def _section(formatter: click.HelpFormatter, title: str, rows: Sequence[tuple[str, str]]) -> None:
    with formatter.section(_heading(title)):
        formatter.write_dl(rows, col_max=NAMES)


def _example(formatter: click.HelpFormatter, example: str) -> None:
    with formatter.section(_heading("Example")):
        formatter.write("".join(f"  {line}\n" for line in inspect.cleandoc(example).splitlines()))


def _heading(title: str) -> str:
    """Make a heading bold at a terminal that wants it; click takes it out everywhere else."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return title if plain or not sys.stdout.isatty() else click.style(title, bold=True)
