"""The options that several commands share, each declared once."""

import click

from scopelint.cli.completion import (
    complete_configs,
    complete_formats,
    complete_reports,
    complete_rules,
)
from scopelint.cli.console import Console, out
from scopelint.cli.option_declaration import grouped as grouped
from scopelint.cli.option_declaration import option as option
from scopelint.cli.option_declaration import option_group as option_group
from scopelint.cli.option_declaration import words_option as words_option
from scopelint.cli.option_groups import BaselineOptions as BaselineOptions
from scopelint.cli.option_groups import ConfigOptions as ConfigOptions
from scopelint.cli.option_groups import GateOptions as GateOptions
from scopelint.cli.option_groups import PreviousOptions as PreviousOptions
from scopelint.cli.option_groups import ReportOptions as ReportOptions
from scopelint.cli.option_groups import RuleChoice as RuleChoice
from scopelint.cli.option_groups import ServerOptions as ServerOptions
from scopelint.cli.option_groups import TargetOptions as TargetOptions
from scopelint.cli.option_types import Day as Day
from scopelint.cli.option_types import FilePath as FilePath
from scopelint.cli.option_types import Globs as Globs
from scopelint.cli.option_types import SastVersion as SastVersion
from scopelint.cli.option_types import Words as Words
from scopelint.cli.single_options import answer_format_option as answer_format_option
from scopelint.cli.single_options import color_option as color_option
from scopelint.cli.single_options import from_option as from_option
from scopelint.cli.single_options import owners_words
from scopelint.cli.single_options import progress_option as progress_option
from scopelint.cli.single_options import resume_option as resume_option
from scopelint.cli.single_options import rules_file_option as rules_file_option
from scopelint.cli.single_options import yes_option as yes_option
from scopelint.filters import Filters, ProjectChoice
from scopelint.finding import Severity


def _or_list(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Answer `-f help` at once, before anything else of the call is looked at."""
    del parameter
    if value == "help" and not context.resilient_parsing:
        from scopelint.registry import find_reporters

        reporters = find_reporters()
        width = max(len(name) for name in reporters)
        for name, found in reporters.items():
            out(f"{name:<{width}}  {found.cls.title}")
        context.exit()
    return value


target_options = grouped(
    "target",
    TargetOptions,
    "What to read",
    click.argument("targets", nargs=-1, metavar="[TARGET]..."),
    option(
        "--group", "groups", multiple=True, metavar="GROUP", help="A group: path or id. Repeatable."
    ),
    option(
        "--project",
        "projects",
        multiple=True,
        metavar="PROJECT",
        help="A project: path or id. Repeatable.",
    ),
    option("--instance", is_flag=True, help="The whole instance (needs an administrator's token)."),
)

_where_options = option_group(
    "GitLab and token",
    option(
        "--url",
        metavar="URL",
        help="GitLab's address. [SCOPELINT_URL, GITLAB_URL, a target's URL, CI_SERVER_URL, CI_API_V4_URL, GITLAB_HOST, GITLAB_BASE_URL]",
    ),
    option(
        "--token-file",
        type=FilePath(),
        help="A file that holds the token. [SCOPELINT_TOKEN, GITLAB_TOKEN, GITLAB_PRIVATE_TOKEN, GITLAB_OAUTH_TOKEN]",
    ),
    option(
        "--ca-file",
        type=FilePath(),
        help="CA certificates (PEM) to trust. [REQUESTS_CA_BUNDLE, SSL_CERT_FILE]",
    ),
    option("--insecure", is_flag=True, help="Do not check GitLab's certificate."),
)

_concurrency_option = option(
    "-j",
    "--concurrency",
    type=click.IntRange(1, 64),
    metavar="N",
    default=8,
    show_default=True,
    help="Requests under way at once.",
)

_rate_option = option(
    "--max-rpm",
    type=click.IntRange(min=1),
    metavar="N",
    help="Requests a minute at most.  [default: from GitLab's RateLimit headers]",
)

server_options = grouped(
    "server",
    ServerOptions,
    "GitLab and token",
    _where_options,
    option(
        "--api",
        type=click.Choice(["auto", "graphql", "rest"]),
        default="auto",
        show_default=True,
        help="How to read.",
    ),
    _concurrency_option,
    option(
        "--page-size",
        type=click.IntRange(1, 100),
        metavar="N",
        help="Projects a request at most.  [default: adaptive]",
    ),
    _rate_option,
)

write_options = grouped(
    "server", ServerOptions, "GitLab and token", _where_options, _concurrency_option, _rate_option
)
"""Those of the commands that change something: how to read is no choice there."""

_path_options = option_group(
    "How much to read",
    words_option(
        "--include",
        words=Globs(),
        metavar="GLOB",
        help="Only projects whose path matches.",
    ),
    words_option(
        "--exclude",
        words=Globs(),
        metavar="GLOB",
        help="No projects whose path matches.",
    ),
)

choice_options = grouped("chosen", ProjectChoice, "How much to read", _path_options, owners_words)
"""Those of the commands that judge what was read before: which part of it."""

owners_option = grouped("chosen", ProjectChoice, "How much to read", owners_words)
"""That of a command which reads GitLab, where paths choose what is read."""

filter_options = grouped(
    "filters",
    Filters,
    "How much to read",
    _path_options,
    option(
        "--archived",
        type=click.Choice(["include", "exclude", "only"]),
        default="include",
        show_default=True,
        help="Archived projects.",
    ),
    option(
        "--usage/--no-usage",
        default=False,
        help="Read the authentication log too.  [default: no-usage]",
    ),
)

audit_events_option = option_group(
    "How much to read",
    option(
        "--audit-events/--no-audit-events",
        default=False,
        help="Read who opened the open projects: a request or more each (Premium).  [default: no-audit-events]",
    ),
)

after_option = option_group(
    "Before a change",
    option(
        "--after",
        type=FilePath(),
        metavar="FILE",
        help="Judge GitLab as it will be after this plan or declared policy (also Terraform's).",
    ),
)

_config_options = option_group(
    "Configuration",
    option(
        "--config",
        "config_file",
        type=FilePath(),
        shell_complete=complete_configs,
        help="The configuration.  [default: scopelint.yml, .scopelint.yml or .gitlab/scopelint.yml (or .yaml), upward to the git root]",
    ),
    option("--no-config", is_flag=True, help="Read no configuration file."),
)

config_options = grouped("source", ConfigOptions, "Configuration", _config_options)

config_and_rules_options = grouped(
    "source", ConfigOptions, "Configuration", _config_options, rules_file_option
)

_selection_options = option_group(
    "Rules",
    words_option(
        "--select",
        metavar="RULE",
        shell_complete=complete_rules,
        help="Only these rules: codes, prefixes, names. Also strict ones.",
    ),
    words_option(
        "--ignore", metavar="RULE", shell_complete=complete_rules, help="Not these rules."
    ),
    words_option(
        "--extend-select", metavar="RULE", shell_complete=complete_rules, help="These rules too."
    ),
)

selection_options = grouped("choice", RuleChoice, "Rules", _selection_options)
"""Those of `collect`, which reads what the rules will need and judges nothing."""

rule_options = grouped(
    "choice",
    RuleChoice,
    "Rules",
    _selection_options,
    words_option(
        "--trusted",
        words=Globs(),
        metavar="GLOB",
        help="Paths outside the top-level group that may be allowed.",
    ),
)

_THRESHOLDS = click.Choice([*(s.value for s in Severity if s != Severity.UNKNOWN), "never"])
fail_on_option = option(
    "--fail-on",
    type=_THRESHOLDS,
    help="The lowest severity of a new finding that needs --unsafe.  [default: medium]",
)

gate_options = grouped(
    "gate",
    GateOptions,
    "Exit code",
    option(
        "--fail-on",
        type=_THRESHOLDS,
        help="The lowest severity that gates.  [default: medium; gate: as in REPORT]",
    ),
    option(
        "--allow-incomplete", is_flag=True, help="Exit 0, not 3, where something could not be read."
    ),
    option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 and 3."),
    option(
        "--as-of",
        type=Day(),
        help="The day that waivers are judged by (UTC).  [default: today; gate: as in REPORT]",
    ),
)

baseline_options = grouped(
    "baseline",
    BaselineOptions,
    "Baseline",
    option(
        "--baseline",
        type=FilePath(),
        help="Findings in this file are not new: they do not gate. See `scopelint baseline`.",
    ),
    option("--new-only", is_flag=True, help="Do not show what is in the baseline."),
)

previous_options = grouped(
    "last",
    PreviousOptions,
    "Last report",
    option(
        "--previous",
        multiple=True,
        type=FilePath(),
        help="The last run's JSON report: what cannot be judged now is carried over from it. Older"
        " ones besides it are shown as a trend (html).",
    ),
    option(
        "--carry-days",
        type=click.IntRange(min=0),
        default=PreviousOptions().carry_days,
        show_default=True,
        help="Days after which a finding that nobody could judge is no longer carried over.",
    ),
    option(
        "--partial",
        type=click.Choice(["write", "skip"]),
        default="write",
        show_default=True,
        help="Whether an incomplete or narrowed run without --previous writes gitlab-sast, sarif and"
        " gitlab-codequality.",
    ),
)

report_options = grouped(
    "report",
    ReportOptions,
    "Reports",
    option(
        "-f",
        "--format",
        "format_name",
        metavar="NAME",
        default="console",
        show_default=True,
        is_eager=True,
        callback=_or_list,
        shell_complete=complete_formats,
        help="The report's format; `-f help` lists them.",
    ),
    option("-o", "--output", type=FilePath(), help="Write it to a file instead of stdout."),
    option(
        "--report",
        "reports",
        multiple=True,
        metavar="NAME=FILE",
        shell_complete=complete_reports,
        help="One more report. Repeatable.",
    ),
    option(
        "--min-severity",
        type=click.Choice([s.value for s in Severity if s != Severity.UNKNOWN]),
        default="info",
        show_default=True,
        help="Show findings from this severity on.",
    ),
    option("--show-waived", is_flag=True, help="List waived findings too."),
    option("--show-fix", is_flag=True, help="Show what to do about each finding (console)."),
    option("--statistics", is_flag=True, help="Show one line per rule (console)."),
    option(
        "--junit-fail",
        type=click.Choice(["gate", "all"]),
        default="gate",
        show_default=True,
        help="What is a failure in junit: findings that fail the gate, or all.",
    ),
    option(
        "--keep-waived",
        "--sarif-include-suppressed",
        "keep_waived",
        is_flag=True,
        help="Keep waived findings in sarif (as suppressed results) and gitlab-sast.",
    ),
    option(
        "--sarif-category", metavar="TEXT", help="Begin SARIF's automationDetails.id with this."
    ),
    option(
        "--sarif-runs",
        type=click.IntRange(1, 20),
        default=1,
        show_default=True,
        help="How many runs of 5,000 results SARIF has, always; more than one is for GitHub alone.",
    ),
    option(
        "--gitlab-sast-version",
        type=SastVersion(),
        help="The schema's version in gitlab-sast, instead of the newest that the scanned GitLab"
        " takes.",
    ),
    option(
        "--roll-up",
        type=click.Choice(["project"]),
        help="In gitlab-sast, make one vulnerability of all entries that a rule flags in a project.",
    ),
)

_console_options = option_group(
    "Messages",
    option("-q", "--quiet", is_flag=True, help="Say nothing but errors, warnings and the report."),
    option(
        "-v", "--verbose", is_flag=True, help="Say what is sent, and show the traceback of a bug."
    ),
    color_option,
)

console_options = grouped("console", Console, "Messages", _console_options)

console_and_progress_options = grouped(
    "console", Console, "Messages", _console_options, progress_option
)
