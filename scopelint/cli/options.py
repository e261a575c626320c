"""The options that several commands share, each declared once."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from scopelint.cli.formats import or_list
from scopelint.finding import Severity

F = TypeVar("F", bound=Callable[..., Any])


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


def flatten(values: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Join the values of a repeated list option."""
    return tuple(word for value in values for word in value)


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


target_options = _all(
    click.argument("targets", nargs=-1, metavar="[TARGET]..."),
    click.option(
        "--group", "groups", multiple=True, metavar="GROUP", help="A group: path or id. Repeatable."
    ),
    click.option(
        "--project",
        "projects",
        multiple=True,
        metavar="PROJECT",
        help="A project: path or id. Repeatable.",
    ),
    click.option(
        "--instance", is_flag=True, help="The whole instance (needs an administrator's token)."
    ),
)

_where_options = _all(
    click.option(
        "--url",
        metavar="URL",
        help="GitLab's address. [SCOPELINT_URL, GITLAB_URL, a target's URL, CI_SERVER_URL]",
    ),
    click.option(
        "--token-file",
        type=FilePath(),
        help="A file that holds the token. [SCOPELINT_TOKEN, GITLAB_TOKEN, GITLAB_PRIVATE_TOKEN, GITLAB_OAUTH_TOKEN]",
    ),
    click.option(
        "--ca-file",
        type=FilePath(),
        help="CA certificates (PEM) to trust. [REQUESTS_CA_BUNDLE, SSL_CERT_FILE]",
    ),
    click.option("--insecure", is_flag=True, help="Do not check GitLab's certificate."),
)

_concurrency_option = click.option(
    "-j",
    "--concurrency",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Requests under way at once.",
)

_rate_option = click.option(
    "--max-rpm",
    type=click.IntRange(min=1),
    help="Requests a minute at most.  [default: from GitLab's RateLimit headers]",
)

server_options = _all(
    _where_options,
    click.option(
        "--api",
        type=click.Choice(["auto", "graphql", "rest"]),
        default="auto",
        show_default=True,
        help="How to read.",
    ),
    _concurrency_option,
    click.option(
        "--page-size",
        type=click.IntRange(1, 100),
        help="Projects a request at most.  [default: adaptive]",
    ),
    _rate_option,
)

write_options = _all(_where_options, _concurrency_option, _rate_option)
"""Those of the commands that change something: how to read is no choice there."""

filter_options = _all(
    click.option(
        "--include",
        multiple=True,
        type=Words(),
        metavar="GLOB",
        help="Only projects whose path matches.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        type=Words(),
        metavar="GLOB",
        help="No projects whose path matches.",
    ),
    click.option(
        "--archived",
        type=click.Choice(["include", "exclude", "only"]),
        default="include",
        show_default=True,
        help="Archived projects.",
    ),
    click.option(
        "--usage/--no-usage",
        default=False,
        help="Read the authentication log too.  [default: no-usage]",
    ),
)

config_options = _all(
    click.option(
        "--config",
        "config_file",
        type=FilePath(),
        help="The configuration.  [default: scopelint.yml, .scopelint.yml or .gitlab/scopelint.yml, upward to the git root]",
    ),
    click.option("--no-config", is_flag=True, help="Read no configuration file."),
)

rules_file_option = click.option(
    "--rules-file",
    "rules_files",
    multiple=True,
    type=FilePath(),
    metavar="FILE",
    help="Take the rules of this Python file too: its code is run. Repeatable.",
)

rule_options = _all(
    click.option(
        "--select",
        multiple=True,
        type=Words(),
        metavar="RULE",
        help="Only these rules: codes, prefixes, names. Also strict ones.",
    ),
    click.option("--ignore", multiple=True, type=Words(), metavar="RULE", help="Not these rules."),
    click.option(
        "--extend-select", multiple=True, type=Words(), metavar="RULE", help="These rules too."
    ),
    click.option(
        "--trusted",
        multiple=True,
        type=Words(),
        metavar="GLOB",
        help="Paths outside the top-level group that may be allowed.",
    ),
)

gate_options = _all(
    click.option(
        "--fail-on",
        type=click.Choice([*(s.value for s in Severity if s != Severity.UNKNOWN), "never"]),
        help="The lowest severity that gates.  [default: medium]",
    ),
    click.option(
        "--allow-incomplete", is_flag=True, help="Exit 0, not 3, where something could not be read."
    ),
    click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 and 3."),
    click.option(
        "--as-of",
        type=Day(),
        help="The day that waivers are held against (UTC).  [default: today; gate: as in REPORT]",
    ),
)

baseline_options = _all(
    click.option(
        "--baseline",
        type=FilePath(),
        help="Findings in this file are not new: they do not gate. See `scopelint baseline`.",
    ),
    click.option("--new-only", is_flag=True, help="Do not show what is in the baseline."),
)

report_options = _all(
    click.option(
        "-f",
        "--format",
        "format_name",
        metavar="NAME",
        default="console",
        show_default=True,
        is_eager=True,
        callback=or_list,
        help="The report's format; `-f help` lists them.",
    ),
    click.option("-o", "--output", type=FilePath(), help="Write it to a file instead of stdout."),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="NAME=FILE",
        help="One more report. Repeatable.",
    ),
    click.option(
        "--min-severity",
        type=click.Choice([s.value for s in Severity if s != Severity.UNKNOWN]),
        default="info",
        show_default=True,
        help="Show findings from this severity on.",
    ),
    click.option("--show-waived", is_flag=True, help="List waived findings too."),
    click.option("--show-fix", is_flag=True, help="Show what to do about each finding (console)."),
    click.option("--sarif-include-suppressed", is_flag=True, help="Keep waived findings in SARIF."),
    click.option(
        "--sarif-category", metavar="TEXT", help="Begin SARIF's automationDetails.id with this."
    ),
    click.option(
        "--gitlab-sast-version",
        type=SastVersion(),
        default="15.2.1",
        show_default=True,
        help="The schema's version in gitlab-sast: 15.0.7 for GitLab 16, 15.1.4 for 17.0 to 17.4.",
    ),
)

color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours. [NO_COLOR, FORCE_COLOR]",
)

face_options = _all(
    click.option(
        "-q", "--quiet", is_flag=True, help="Say nothing but errors, warnings and the report."
    ),
    click.option(
        "-v", "--verbose", is_flag=True, help="Say what is sent, and show the traceback of a bug."
    ),
    color_option,
)

progress_option = click.option(
    "--progress/--no-progress",
    default=None,
    help="Show progress on stderr.  [default: on a terminal]",
)

yes_option = click.option(
    "--yes", is_flag=True, help="Do not ask first; needed where there is no terminal."
)

resume_option = click.option(
    "--resume", is_flag=True, help="Go on with the snapshot where it was broken off."
)

from_option = click.option(
    "--from",
    "sources",
    multiple=True,
    type=FilePath(),
    metavar="SNAPSHOT",
    help="Read this snapshot instead of GitLab. Repeatable: the shards of one collection.",
)

answer_format_option = click.option(
    "-f",
    "--format",
    "answer_format",
    type=click.Choice(["console", "json"]),
    default="console",
    show_default=True,
    help="How to show the answer.",
)
