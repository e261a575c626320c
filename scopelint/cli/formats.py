"""`-f help`: the formats there are, a line each."""

from typing import Any

import click

from scopelint.cli.stdio import out
from scopelint.registry import find_reporters


def list_formats() -> None:
    """Print every installed format with its title."""
    reporters = find_reporters()
    width = max(len(name) for name in reporters)
    for name, found in reporters.items():
        out(f"{name:<{width}}  {found.cls.title}")


def or_list(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Answer `-f help` at once, before anything else of the call is looked at."""
    del param
    if value == "help" and not ctx.resilient_parsing:
        list_formats()
        ctx.exit()
    return value
