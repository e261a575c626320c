"""The rules of a run: chosen by options and configuration, and built with what these say of them."""

from collections.abc import Iterable

from scopelint import engine
from scopelint.cli.choices import choices
from scopelint.cli.console import Console
from scopelint.cli.settings import RunSettings
from scopelint.config import Catalogue, added_rules, select_rules
from scopelint.engine.collector import rule_summary
from scopelint.globs import GlobSet
from scopelint.model import Fact
from scopelint.report import RuleSummary
from scopelint.rule import Policy, Rule


def build_rules(settings: RunSettings) -> tuple[tuple[Rule, ...], engine.Settings]:
    """Choose the rules of a run and build them, with what the config says of them."""
    config = settings.config
    classes, added = _chosen(settings)
    policy = Policy(
        trusted=GlobSet(word.value for word in settings.trusted),
        boundaries=config.boundaries,
        assume_fine_grained=config.assume_fine_grained,
        declared=config.declared,
        selected=tuple(rule.code for rule in classes),
        of_instance=frozenset(rule.code for rule in classes if rule.once),
    )
    engine_settings = engine.Settings(
        severities=config.severity,
        overrides=config.overrides,
        owners=config.owners,
        choices=choices(settings, (*classes, *added)),
        selectable=tuple(rule(config.options.get(rule.code), policy) for rule in added),
    )
    rules = tuple(rule(config.options.get(rule.code), policy) for rule in classes)
    return rules, engine_settings


def needed_facts(settings: RunSettings, console: Console, *, audit_events: bool) -> frozenset[Fact]:
    """Return the facts that some rule of the run needs, of a project or of a part of them.

    Rules that only the config's overrides select count too. `audit_events` says that these are
    wanted; they are needed where a rule tells them, and else a warning says so.
    """
    rules = [rule for some in _chosen(settings) for rule in some]
    needed = {fact for rule in rules for fact in rule.needs}
    if audit_events:
        needed |= {fact for rule in rules for fact in rule.tells}
        if Fact.AUDIT_EVENTS not in needed:
            console.warn("--audit-events: no rule that runs tells them, so none is read")
    return frozenset(needed)


def not_run(settings: RunSettings, running: Iterable[Rule]) -> tuple[RuleSummary, ...]:
    """Return the installed rules with a role that take no part."""
    codes = {rule.code for rule in running}
    return tuple(
        rule_summary(found.cls, found.distribution)
        for code, found in settings.rules.items()
        if found.cls.role is not None and code not in codes
    )


def _chosen(settings: RunSettings) -> tuple[tuple[type[Rule], ...], tuple[type[Rule], ...]]:
    """Return the rules of the run, and those that only the config's overrides select."""
    config, choice = settings.config, settings.choice
    known = Catalogue(found.cls for found in settings.rules.values())
    classes = select_rules(
        known,
        profile=config.profile,
        select=settings.select.value,
        extend_select=choice.extend_select,
        ignore=[word.value for word in settings.ignore],
    )
    wanted = {code for override in config.overrides for code in override.select}
    added = added_rules(
        known,
        wanted,
        classes,
        select=choice.select,
        extend_select=choice.extend_select,
        ignore=choice.ignore,
    )
    return classes, added
