"""The types of options: what a word of the command line may be."""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scopelint.errors import UsageError
from scopelint.globs import fault_of
from scopelint.text import shown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Words(click.ParamType[tuple[str, ...]]):
    """A list option's value: commas split it, empty parts are dropped."""

    name = "LIST"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split one value."""
        del param, ctx
        if isinstance(value, tuple):
            return value
        return tuple(part for word in str(value).split(",") if (part := word.strip()))


class Globs(Words):
    """A list option's globs; one that no full path can match is refused, as in a file."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split one value, and check each glob."""
        found = super().convert(value, param, ctx)
        for pattern in found:
            if (fault := fault_of(pattern)) is not None:
                message, hint = fault
                name = param.opts[0] if param else "glob"
                raise UsageError(f"{name} {shown(pattern)}: {message}", hint=hint)
        return found


class FilePath(click.ParamType[Path]):
    """A path; what must be there or must not is checked by the command, with better words."""

    name = "FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Make a path; an empty one is refused."""
        if isinstance(value, Path):
            return value
        if not value:
            self.fail("the name of a file is empty", param, ctx)
        return Path(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Leave it to the shell to complete a path."""
        from click.shell_completion import CompletionItem

        del ctx, param
        return [CompletionItem(incomplete, type="file")]


class SastVersion(click.ParamType[str]):
    """A version of GitLab's security report schema that the report is valid for."""

    name = "VERSION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take 15.0, 15.1 and 15.2 with any third number; later ones are not known yet."""
        if not re.fullmatch(r"15\.[0-2]\.[0-9]{1,3}", str(value)):
            self.fail(f"{str(value)!r} is not one of 15.0.x, 15.1.x and 15.2.x", param, ctx)
        return str(value)


class Day(click.ParamType[date]):
    """A date as `2026-12-31`."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read one; other ways of writing a date are refused, for few people can read them."""
        if isinstance(value, date):
            return value
        wrong = f"{str(value)!r} is not a date, such as 2026-12-31"
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value)):
            self.fail(wrong, param, ctx)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(wrong, param, ctx)
