"""`scopelint doctor`: what this token can read here, all at once."""

import json

import click

from scopelint.cli import options
from scopelint.cli.console import Console, out, start
from scopelint.cli.session import open_session
from scopelint.cli.settings import resolve
from scopelint.collect.diagnose import Diagnosis, diagnose
from scopelint.errors import ExitCode
from scopelint.model import Reason
from scopelint.text import clean


@click.command()
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
    help="For people or for programs.",
)
def doctor(
    *,
    target: options.TargetOptions,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
    format_name: str,
) -> int:
    """Tell what a scan of TARGET could read: token, role, version, fields, enforcement.

    It reads the first page of each target. Exit 0 where all of it was readable, 3 where some or
    all of it was not, 4 where GitLab or the token stands in the way altogether.
    """
    start(console)
    session = open_session(target, server, resolve(source, console), console)
    with session.connect() as connection:
        found = diagnose(connection, session.request)
    rows = _rows(found)
    if format_name == "json":
        out(json.dumps(dict(rows) | {"healthy": found.healthy}, indent=2))
    else:
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            text = value if isinstance(value, str) else ", ".join(value) or "none"
            out(f"{name:<{width}}  {clean(text)}")
    return ExitCode.OK if found.healthy else ExitCode.INCOMPLETE


def _rows(found: Diagnosis) -> list[tuple[str, str | list[str]]]:
    return [
        ("instance", found.instance),
        ("GitLab version", found.gitlab_version or "not told"),
        ("read by", found.api),
        ("user", found.username or "not told"),
        ("administrator", "yes" if found.administrator else "no"),
        ("token scopes", _scopes(found)),
        ("token expires", found.expires_at or "not told"),
        ("targets", [f"{target.kind} {target.path} (id {target.id})" for target in found.targets]),
        ("readable", _readable(found)),
        ("instance enforcement", found.enforcement),
        ("authentication log", "readable (--usage)" if found.log else "not readable here"),
        (
            "not in this GitLab",
            [f"{field.what} (since {field.since})" for field in found.missing_fields],
        ),
        (
            "entries point to",
            [f"{path} ({count})" for path, count in sorted(found.top_groups_of_entries.items())],
        ),
    ]


def _scopes(found: Diagnosis) -> str:
    if found.scopes is None:
        return "not told"
    names = ", ".join(found.scopes)
    if {"read_api", "api"} & set(found.scopes):
        return names
    return f"{names or 'none'}: too small, read_api is needed"


def _readable(found: Diagnosis) -> str:
    unread = sum(found.unreadable.values())
    text = f"{found.sampled - unread} of {found.sampled} projects tried"
    if not unread:
        return text
    reasons = ", ".join(
        f"{count} {reason.value}" for reason, count in sorted(found.unreadable.items())
    )
    needed = ": Maintainer is needed on each" if Reason.FORBIDDEN in found.unreadable else ""
    return f"{text}; {reasons}, such as {', '.join(found.examples)}{needed}"
