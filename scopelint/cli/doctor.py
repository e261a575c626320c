"""`scopelint doctor`: what this token can read here, all at once."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.errors import ExitCode
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.collect.diagnosis import DiagnosedToken, Diagnosis

_WIDTH = 80
_STATES = {"can": "can", "cannot": "cannot", "not_known": "not known"}
_INDENT = 11


@click.command(cls=Command)
@options.target_options
@options.server_options
@options.config_and_rules_options
@options.console_options
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs (`config schema --doctor`).",
)
def doctor(
    *,
    target: options.TargetOptions,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
    format_name: str,
) -> int:
    """Tell what this token can do with TARGET, what follows from it, and what to do next.

    It tries the first page of each target. Exit 0 where all of it was readable, 3 where some or
    all of it was not, 4 where GitLab or the token stands in the way altogether.
    """
    from scopelint.cli.session import open_session
    from scopelint.cli.settings import resolve
    from scopelint.collect.abilities import conclude
    from scopelint.collect.diagnose import observe

    start(console)
    session = open_session(target, server, resolve(source), console)
    with session.connect() as connection:
        found = conclude(observe(connection, session.request))
    if format_name == "json":
        out(found.model_dump_json(by_alias=True, indent=2))
    else:
        for line in _lines(found):
            out(line)
    return ExitCode.OK if found.healthy else ExitCode.INCOMPLETE


def _lines(found: "Diagnosis") -> Iterator[str]:
    yield from _row("GitLab", f"{found.instance}, {found.gitlab_version or 'version not known'}")
    yield from _row("read by", "GraphQL" if found.api == "graphql" else "REST")
    yield from _row("token", _token(found.token))
    targets = [f"{each.kind} {each.path} (id {each.id})" for each in found.targets]
    yield from _row("targets", ", ".join(targets))
    for each in found.abilities:
        yield ""
        yield from _row(_STATES[each.state], f"{each.what}: {each.found}")
        if each.consequence:
            yield from _row("", f"so: {each.consequence}")
        if each.next_step:
            yield from _row("", f"next: {each.next_step}")
    yield ""
    reach = found.entries_point_to
    if reach is None:
        shown = "not known where they lead: no project's scope was read"
    else:
        counted = ", ".join(f"{path} ({count})" for path, count in reach.items())
        shown = f"lead into {counted}" if counted else "none in the projects that were read"
    yield from _row("entries", shown)


def _token(token: "DiagnosedToken") -> str:
    kinds = {"classic": "classic", "fine_grained": "fine-grained", None: "of a kind not known"}
    parts = [
        f"of {token.user}" if token.user else "of a user not known",
        kinds[token.kind],
        "scopes " + (", ".join(token.scopes) or "none") if token.scopes is not None else "",
        "administrator" if token.administrator else "",
        f"until {token.expires_at}" if token.expires_at else "",
    ]
    return ", ".join(part for part in parts if part)


def _row(label: str, text: str) -> Iterator[str]:
    """Yield the lines of one row, at most 80 columns wide but for a word that is longer."""
    lines = textwrap.wrap(
        clean(text), _WIDTH - _INDENT, break_long_words=False, break_on_hyphens=False
    )
    for number, line in enumerate(lines):
        yield f"{label if number == 0 else '':<{_INDENT}}{line}"
