"""`scopelint config show`: every setting of a scan, and what set it."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal

import click
from click.core import ParameterSource

from scopelint.cli import options
from scopelint.cli.console import Console
from scopelint.cli.options import flatten
from scopelint.cli.session import find_own_credentials, read_config
from scopelint.cli.stdio import out
from scopelint.config import Config, SettingPlace
from scopelint.errors import ScopelintError
from scopelint.gitlab.origin import AMBIENT, ENVIRONMENT, Instance, resolve_origin
from scopelint.gitlab.targets import known_roots, parse_targets
from scopelint.registry import find_rules
from scopelint.text import clean, redact
from scopelint.yaml import Location

_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_SHOWN_ELSEWHERE = frozenset(
    {
        *("url", "targets", "groups", "projects", "instance", "fail_on", "allow_incomplete"),
        *("select", "ignore", "trusted", "config_file", "no_config", "answer_format"),
    }
)
_LISTS = frozenset({"include", "exclude", "extend_select"})
_Kind = Literal["default", "file", "environment", "flag", "fault"]


@dataclass(frozen=True, slots=True)
class _Setting:
    """One value and what set it: a default, a place in a file, a variable or an option."""

    key: str
    value: Any
    kind: _Kind = "default"
    name: str = ""
    place: SettingPlace | None = None

    @property
    def origin(self) -> str:
        return str(self.place) if self.place else " ".join(filter(None, (self.kind, self.name)))

    def data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        source: dict[str, Any] = {"kind": self.kind}
        if self.place:
            place = self.place
            source |= {"file": place.source, "line": place.line, "column": place.column}
        elif self.name:
            source["name"] = self.name
        return {"key": self.key, "value": self.value, "from": source}


@click.command()
@options.target_options
@options.server_options
@options.filter_options
@options.config_options
@options.rules_file_option
@options.rule_options
@options.gate_options
@options.baseline_options
@options.answer_format_option
@click.pass_context
def show(context: click.Context, /, **given: Any) -> None:
    """Show every setting that `scopelint scan` with these options has, and what set it.

    Keys are those of scopelint.yml; options that no file can give are shown as options. GitLab is
    not asked, and no token is shown.
    """
    config = read_config(given, find_rules(given["rules_files"]), Console())
    settings = [*_settings(given, config), *_of_options(context, given)]
    if given["answer_format"] == "json":
        files = [str(path) for path in config.files.values()]
        data = {"files": files, "settings": [setting.data() for setting in settings]}
        out(json.dumps(data, indent=2))
        return
    rows = [(each.key, _text(each.value), each.origin) for each in settings]
    widths = [min(40, max(len(row[column]) for row in rows)) for column in (0, 1)]
    for key, value, origin in rows:
        out(f"{clean(key):<{widths[0]}}  {value:<{widths[1]}}  {clean(origin)}")


def _settings(given: Mapping[str, Any], config: Config) -> Iterator[_Setting]:
    over = {setting.key: setting for setting in _flags(given)}
    shown = set()
    for location, value in _leaves(config.model.model_dump(mode="json", by_alias=True), ()):
        near = [".".join(map(str, location[:end])) for end in (1, 2)]
        key = next((key for key in near if key in over), None)
        if location == ("gitlab", "url"):
            yield _server(given, config)
        elif key is None:
            yield _of_file(config, location, value)
        elif key not in shown:
            shown.add(key)
            yield over[key]
    for key, option in (("ignore", "--ignore"), ("trusted", "--trusted")):
        for number, word in enumerate(flatten(given[key])):
            index = len(getattr(config.model, key)) + number
            yield _Setting(f"{key}[{index}]", word, "flag", option)


def _flags(given: Mapping[str, Any]) -> Iterator[_Setting]:
    """Yield what options say instead of the file."""
    targets = [*given["targets"], *given["groups"], *given["projects"]]
    if targets or given["instance"]:
        yield _Setting("gitlab.targets", targets or ["--instance"], "flag", "TARGET")
    if given["select"]:
        yield _Setting("select", list(flatten(given["select"])), "flag", "--select")
    if given["fail_on"]:
        yield _Setting("gate.fail_on", given["fail_on"], "flag", "--fail-on")
    if given["allow_incomplete"]:
        yield _Setting("gate.allow_incomplete", value=True, kind="flag", name="--allow-incomplete")


def _leaves(data: object, location: Location) -> Iterator[tuple[Location, object]]:
    """Yield every single value with its keys; an empty list or mapping is a value."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*location, key))
    elif isinstance(data, list) and data:
        for index, item in enumerate(data):
            yield from _leaves(item, (*location, index))
    else:
        yield location, data


def _of_file(config: Config, location: Location, value: object) -> _Setting:
    place = config.place(*location)
    return _Setting(_key(location), value, "file" if place else "default", place=place)


def _key(location: Location) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def _server(given: Mapping[str, Any], config: Config) -> _Setting:
    """Return the address that a scan would ask, or why it would ask none."""
    try:
        found = _resolved(given, config)
    except ScopelintError as error:
        return _Setting("gitlab.url", None, "fault", error.message)
    place = config.place("gitlab", "url")
    if found.given_by == "default":
        return _Setting("gitlab.url", found.url)
    if found.given_by.startswith("gitlab.url of ") and place:
        return _Setting("gitlab.url", found.url, "file", place=place)
    kind: _Kind = "environment" if found.given_by in {*ENVIRONMENT, AMBIENT} else "flag"
    return _Setting("gitlab.url", found.url, kind, found.given_by)


def _resolved(given: Mapping[str, Any], config: Config) -> Instance:
    known = known_roots(
        given["url"],
        *(os.environ.get(name) for name in (*ENVIRONMENT, AMBIENT)),
        None if config.discovered else config.url,
    )
    targets = parse_targets(
        given["targets"],
        groups=given["groups"],
        projects=given["projects"],
        instance=given["instance"],
        known=known,
    )
    credentials = find_own_credentials(given, targets)
    return resolve_origin(
        flag=given["url"],
        environment=os.environ,
        targets=targets,
        config=config.urls(with_targets=not targets, known=known),
        token=credentials.source,
        section_url=credentials.section_url,
    )


def _of_options(context: click.Context, given: Mapping[str, Any]) -> Iterator[_Setting]:
    """Yield the options that no file can give."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _SHOWN_ELSEWHERE or not isinstance(parameter, click.Option):
            continue
        option = max(parameter.opts, key=len)
        value = given[name]
        if isinstance(value, tuple):
            value = [str(word) for word in (flatten(value) if name in _LISTS else value)]
        elif not isinstance(value, (bool, int, NoneType)):
            value = str(value)
        variable = next((key for key in _CERTIFICATES if os.environ.get(key)), None)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            yield _Setting(option, value, "flag", option)
        elif name == "ca_file" and variable:
            yield _Setting(option, os.environ[variable], "environment", variable)
        else:
            yield _Setting(option, value)


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return clean(redact(value))
    if value is None or value == "":
        return "(not given)"
    return clean(redact(json.dumps(value, ensure_ascii=False)))
