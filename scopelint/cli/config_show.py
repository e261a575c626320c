"""`scopelint config show`: every setting of a scan, and what set it."""

import json
from collections.abc import Iterator
from types import NoneType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import out
from scopelint.errors import ScopelintError
from scopelint.text import clean, redact

if TYPE_CHECKING:
    from scopelint.cli.settings import Setting

_SHOWN_ELSEWHERE = frozenset(
    {
        *("url", "targets", "groups", "projects", "instance", "fail_on", "allow_incomplete"),
        *("select", "ignore", "trusted", "config_file", "no_config", "answer_format", "baseline"),
    }
)


@click.command(cls=Command)
@options.target_options
@options.server_options
@options.filter_options
@options.config_and_rules_options
@options.rule_options
@options.gate_options
@options.baseline_options
@options.previous_options
@options.answer_format_option
@click.pass_context
def show(
    context: click.Context,
    /,
    *,
    target: options.TargetOptions,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    gate: options.GateOptions,
    baseline: options.BaselineOptions,
    answer_format: str,
    **_others: object,
) -> None:
    """Show every setting that `scopelint scan` with these options has, and what set it.

    Keys are those of scopelint.yml; options that no file can give are shown as options. GitLab is
    not asked, and no token is shown.
    """
    from scopelint.cli.session import ca_file_setting, resolve_server
    from scopelint.cli.settings import Setting, resolve

    run = resolve(source, choice, gate, baseline)
    url: Setting[str | None]
    try:
        url = resolve_server(target, server, run.config).url
    except ScopelintError as error:
        url = Setting("gitlab.url", None, "fault", error.message)
    targets = [Setting("gitlab.targets", target.words(), "flag", "TARGET")] if target else []
    settings = [*run.shown(url, *targets), *_of_options(context, ca_file_setting(server))]
    if answer_format == "json":
        files = [str(path) for path in run.config.files.values()]
        data = {"files": files, "settings": [setting.data() for setting in settings]}
        out(json.dumps(data, indent=2))
        return
    rows = [(each.key, _text(each.value), each.origin) for each in settings]
    widths = [min(40, max(len(row[column]) for row in rows)) for column in (0, 1)]
    for key, value, origin in rows:
        out(f"{clean(key):<{widths[0]}}  {value:<{widths[1]}}  {clean(origin)}")


def _of_options(
    context: click.Context, ca_file: "Setting[str | None]"
) -> "Iterator[Setting[object]]":
    """Yield the options that no file can give."""
    from scopelint.cli.settings import Setting

    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _SHOWN_ELSEWHERE or not isinstance(parameter, click.Option):
            continue
        if name == "ca_file":
            yield ca_file
            continue
        option = max(parameter.opts, key=len)
        value: Any = context.params[name]
        if isinstance(value, tuple):
            value = [str(word) for word in value]
        elif not isinstance(value, (bool, int, NoneType)):
            value = str(value)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            yield Setting(option, value, "flag", option)
        else:
            yield Setting(option, value)


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return clean(redact(value))
    if value is None or value == "":
        return "(not given)"
    return clean(redact(json.dumps(value, ensure_ascii=False)))
