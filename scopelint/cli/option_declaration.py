"""How options are declared: under a heading of the help, as lists, and as one typed object a group."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial, wraps
from typing import Any, TypeVar, cast

import click

from scopelint.cli.option_types import Words

F = TypeVar("F", bound=Callable[..., Any])


class Option(click.Option):
    """An option that is listed under a heading of its own kind."""

    group = ""


def option_group(title: str, *options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that declares these options, in this order, under one heading."""

    def decorate(function: F) -> F:
        known = len(getattr(function, "__click_params__", ()))
        for declare in reversed(options):
            function = declare(function)
        for param in getattr(function, "__click_params__", ())[known:]:
            if isinstance(param, Option):
                param.group = param.group or title
        return function

    return decorate


option = partial(click.option, cls=Option)
"""Declare an option that the help lists under the heading of its group."""


def flatten(values: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Join the values of a repeated list option."""
    return tuple(word for value in values for word in value)


def words_option(*names: str, words: Words | None = None, **settings: Any) -> Callable[[F], F]:
    """Declare a repeatable list option; its value is one tuple of words."""
    return option(
        *names,
        multiple=True,
        type=words or Words(),
        callback=lambda _context, _parameter, value: flatten(value),
        **settings,
    )


def grouped(name: str, made: type[Any], title: str, *options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that declares options, and hands the command one object of them.

    `made` is a dataclass: its fields are called as the options' parameters. The command gets the
    object as its parameter `name`; fields that no option sets keep their defaults. `title` is the
    heading of the options in the help.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def wrapped(*args: Any, **given: Any) -> Any:
            own = {one.name: given.pop(one.name) for one in fields(made) if one.name in given}
            return function(*args, **{name: made(**own)}, **given)

        return option_group(title, *options)(cast("F", wrapped))

    return decorate
