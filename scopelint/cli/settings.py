"""The configuration of a run: options over environment over scopelint.yml over defaults.

It is resolved once, each value with what set it. The run uses it, and `config show` prints it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from scopelint.cli.option_groups import BaselineOptions, ConfigOptions, GateOptions, RuleChoice
from scopelint.config import Config, SettingPlace, find_config
from scopelint.errors import UsageError
from scopelint.registry import Found, find_rules
from scopelint.rule import Rule

if TYPE_CHECKING:
    from scopelint.yaml import Location

Kind = Literal["default", "file", "environment", "flag", "fault"]
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T_co]):
    """One value and what set it: a default, a place in a file, a variable or an option."""

    key: str
    """The key of scopelint.yml, or the option where no file can give it."""
    value: T_co
    kind: Kind = "default"
    name: str = ""
    """The variable or the option that set it; for a fault, why there is no value."""
    place: SettingPlace | None = None
    """Where in a file it was set; None where no file did."""

    @property
    def origin(self) -> str:
        """What set it, as a person reads it."""
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


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What holds for a run, and the rules that there are.

    What options can say too is resolved here.
    """

    config: Config
    """What the files say."""
    rules: Mapping[str, Found[Rule]]
    source: ConfigOptions
    """Where both are from, as the user said."""
    choice: RuleChoice
    select: Setting[tuple[str, ...] | None]
    """The value is None where neither options nor files say it."""
    ignore: tuple[Setting[str], ...]
    """A setting a word: options add to a file."""
    trusted: tuple[Setting[str], ...]
    """A setting a glob: options add to a file."""
    fail_on: Setting[str]
    allow_incomplete: Setting[bool]
    baseline: Setting[Path | None]

    def shown(self, *over: Setting[Any]) -> Iterator[Setting[Any]]:
        """Yield a setting for every value, in the order of scopelint.yml.

        `over` are settings that were resolved elsewhere: where GitLab is, and what is read.
        """
        listed = {"ignore": self.ignore, "trusted": self.trusted}
        chosen = self.baseline
        baseline = Setting(chosen.key, str(chosen.value), chosen.kind, chosen.name)
        single = (*over, self.select, self.fail_on, self.allow_incomplete, baseline)
        replaced = {one.key: one for one in single if one.kind == "flag" or one.key == "gitlab.url"}
        done: set[str] = set()
        for location, value in _leaves(self.config.model.model_dump(mode="json", by_alias=True)):
            near = (".".join(map(str, location[:end])) for end in (1, 2))
            key = next((key for key in near if key in replaced or listed.get(key)), None)
            if key is None:
                yield _own(self.config, value, *location)
            elif key not in done:
                done.add(key)
                yield from listed[key] if key in listed else (replaced[key],)


def resolve(
    source: ConfigOptions,
    choice: RuleChoice | None = None,
    gate: GateOptions | None = None,
    baseline: BaselineOptions | None = None,
) -> RunSettings:
    """Read the configuration and lay the options over it.

    Raises UsageError for options that contradict each other, ConfigError for a configuration with
    faults, and PluginError for rules that cannot be used.
    """
    rules = find_rules(source.rules_files)
    config = _read_config(source, rules)
    choice, gate = choice or RuleChoice(), gate or GateOptions()
    baseline = baseline or BaselineOptions()
    model = config.model
    return RunSettings(
        config,
        rules,
        source,
        choice,
        select=Setting("select", choice.select, "flag", "--select")
        if choice.select
        else _own(config, config.select, "select"),
        ignore=_joined(config, "ignore", model.ignore, choice.ignore),
        trusted=_joined(config, "trusted", model.trusted, choice.trusted),
        fail_on=Setting("gate.fail_on", gate.fail_on, "flag", "--fail-on")
        if gate.fail_on
        else _own(config, config.fail_on, "gate", "fail_on"),
        allow_incomplete=Setting("gate.allow_incomplete", True, "flag", "--allow-incomplete")
        if gate.allow_incomplete
        else _own(config, config.allow_incomplete, "gate", "allow_incomplete"),
        baseline=Setting("gate.baseline", baseline.baseline, "flag", "--baseline")
        if baseline.baseline
        else _own(config, config.baseline, "gate", "baseline"),
    )


def _read_config(source: ConfigOptions, rules: Mapping[str, Found[Rule]]) -> Config:
    """Load the config that `--config` names or that is found; an empty one where there is none."""
    if source.no_config:
        if source.config_file:
            raise UsageError(
                "--config and --no-config contradict each other", hint="Leave one of them out."
            )
        return Config()
    where = source.config_file or find_config(Path.cwd())
    if where is None:
        return Config()
    # A run without a file starts without the reader of YAML.
    from scopelint.config.load import load_config

    return load_config(where, [found.cls for found in rules.values()])


_T = TypeVar("_T")


def _own(config: Config, value: _T, *location: str | int) -> Setting[_T]:
    """Return a value of the configuration with its place in a file, where it has one."""
    place = config.place(*location)
    return Setting(_key(location), value, "file" if place else "default", place=place)


def _joined(
    config: Config, key: str, own: tuple[str, ...], added: tuple[str, ...]
) -> tuple[Setting[str], ...]:
    return (
        *(_own(config, word, key, index) for index, word in enumerate(own)),
        *(
            Setting(f"{key}[{len(own) + index}]", word, "flag", f"--{key}")
            for index, word in enumerate(added)
        ),
    )


def _leaves(data: object, location: "Location" = ()) -> Iterator[tuple["Location", object]]:
    """Yield every single value with its keys; an empty list or mapping is a value."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*location, key))
    elif isinstance(data, list) and data:
        for index, item in enumerate(data):
            yield from _leaves(item, (*location, index))
    else:
        yield location, data


def _key(location: "Location") -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text
