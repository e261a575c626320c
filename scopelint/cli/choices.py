"""What a report says of the user's choice: the rules that are off, overrides, the configuration."""

from collections.abc import Iterable, Iterator

from scopelint.cli.settings import RunSettings, Setting
from scopelint.config import Catalogue
from scopelint.engine.rule_sets import Override
from scopelint.rule import Rule
from scopelint.run_choices import Choices, RuleOff, UsedConfig, UsedOverride


def choices(settings: RunSettings, running: Iterable[type[Rule]]) -> Choices:
    """Return the choices behind a run; `running` are its rules, those of overrides too."""
    config = settings.config
    return Choices(
        configs=tuple(UsedConfig(name, digest) for name, digest in config.digests.items()),
        profile=config.profile,
        rules_off=tuple(_rules_off(settings, {rule.code for rule in running})),
        overrides=tuple(_used(each) for each in config.overrides),
        trusted=tuple(word.value for word in settings.trusted),
    )


def _rules_off(settings: RunSettings, running: set[str]) -> Iterator[RuleOff]:
    """Yield the installed rules that do not run, by code, each with what turned it off."""
    known = Catalogue(found.cls for found in settings.rules.values())
    ignored: dict[str, str] = {}
    # An option has the last word, so it is the reason where a file says the same.
    for word in reversed(settings.ignore):
        for rule in known.resolve(word.value):
            ignored.setdefault(rule.code, _ignored_by(word))
    unselected = _selection(settings)
    for rule in known:
        if rule.code not in running:
            reason = ignored.get(rule.code, unselected)
            yield RuleOff(rule.code, rule.name, reason)


def _ignored_by(word: Setting[str]) -> str:
    if word.kind == "flag":
        return f"{word.name} {word.value}"
    return f"ignore: {word.value} in {_file(word)}"


def _selection(settings: RunSettings) -> str:
    """Say what selects the rules of the run, and so leaves out the others."""
    select = settings.select
    if select.value is None:
        return f"strict, and the profile is {settings.config.profile}"
    words = ",".join(select.value)
    return f"--select {words}" if select.kind == "flag" else f"select: {words} in {_file(select)}"


def _file(setting: Setting[object]) -> str:
    return setting.place.source if setting.place else setting.origin


def _used(override: Override) -> UsedOverride:
    return UsedOverride(
        projects=override.projects.patterns,
        select=tuple(sorted(override.select)),
        ignore=tuple(sorted(override.ignore)),
        severities=dict(sorted(override.severities.items())),
        options=tuple(sorted(override.options)),
        kind=tuple(override.kind.kind_words()),
    )
