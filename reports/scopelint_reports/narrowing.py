"""How far a report's words may go: how many projects were judged, and what was left out by choice.

Left out is a third state beside judged and not read. Every format for people takes its sentences
from here, so that none claims more than was looked at.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from scopelint.finding import Severity
from scopelint.report import Report
from scopelint.run_choices import Choices, LeftOut, RuleOff, UsedOverride
from scopelint.text import counted, number, visible

Name = Callable[[str], str]

_DIGEST = 12
"""Digits of a digest that people are shown; the JSON report has all."""


class Limit(NamedTuple):
    """One thing that limits what a report says, as a title and a sentence without a full stop."""

    title: str
    text: str


def judged_words(report: Report) -> str:
    """Say how many projects were judged, of the whole tree: `295 of 300 projects judged, …`."""
    counts = report.scan.projects
    change = f" as after {visible(report.after.source)}, not as today" if report.after else ""
    if counts.read == counts.total:
        return f"{counted(counts.total, 'project')} judged{change}"
    noun = "project" if counts.total == 1 else "projects"
    parts = [f"{number(counts.read)} of {number(counts.total)} {noun} judged{change}"]
    if counts.left_out == sum(each.projects for each in report.scan.left_out):
        by_filter = [(each.projects, f" by --{each.filter}") for each in report.scan.left_out]
    else:  # another program's report
        by_filter = [(counts.left_out, "")]
    parts += [f"{number(count)} left out{by}" for count, by in by_filter]
    if counts.unreadable:
        parts.append(f"{number(counts.unreadable)} not read")
    return ", ".join(parts)


def rule_words(report: Report) -> str:
    """Say how many rules judged: `29 rules judged, 6 could not, 8 off`."""
    judged = sum(rule.not_judged is None for rule in report.rules)
    silent, off = len(report.rules) - judged, len(report.choices.rules_off)
    parts = [f"{counted(judged, 'rule')} judged"]
    parts += [f"{number(silent)} could not"] if silent else []
    parts += [f"{number(off)} off"] if off else []
    return ", ".join(parts)


def limits(report: Report, name: Name = visible) -> list[Limit]:
    """Return what was left out by choice, and the configuration that the report was made with.

    `name` makes foreign text fit: globs, paths, codes, and the words of options.
    """
    choices = report.choices
    found = [Limit("Left out", text) for text in _left_out_words(report, name)]
    found += [Limit("Rules off", text) for text in _rules_off_words(choices.rules_off, name)]
    found += [Limit("Severity", text) for text in _severity_words(report, name)]
    found += [Limit("Override", _override_words(each, name)) for each in choices.overrides]
    if choices.trusted:
        found.append(Limit("Trusted", ", ".join(map(name, choices.trusted))))
    found += [Limit("Not listed", text) for text in _hidden_words(report)]
    return [*found, Limit("Configuration", config_words(choices, name))]


def _left_out_words(report: Report, name: Name) -> Iterator[str]:
    """Yield, for each filter that was given, how many projects it left out and where they are."""
    filters = report.scan.scan.filters
    found: dict[str, LeftOut] = {each.filter: each for each in report.scan.left_out}
    given = {
        "include": (filters.include, filters.chosen.include),
        "exclude": (filters.exclude, filters.chosen.exclude),
        "owner": (filters.chosen.owners,),
        "archived": () if filters.archived == "include" else ((filters.archived,),),
    }
    for option, words in given.items():
        each = found.get(option)
        if not any(words) and each is None:
            continue
        count = counted(each.projects if each else 0, "project")
        lists = " and then ".join(", ".join(map(name, globs)) for globs in words if globs)
        globs = f" {lists}" if lists else ""
        groups = ", ".join(map(name, each.groups)) if each else ""
        yield f"{count} by --{option}{globs}" + (f", in {groups}" if groups else "")


def _rules_off_words(off: tuple[RuleOff, ...], name: Name) -> Iterator[str]:
    """Yield a line for each reason, with the rules that it turned off."""
    by_reason: dict[str, list[str]] = {}
    for rule in off:
        by_reason.setdefault(rule.reason, []).append(name(rule.code))
    for reason, codes in by_reason.items():
        yield f"{', '.join(codes)} ({name(reason)})"


def _severity_words(report: Report, name: Name) -> Iterator[str]:
    changed = [
        f"{name(rule.code)} {rule.severity.value} instead of {rule.own_severity.value}"
        for rule in report.rules
        if rule.own_severity is not None
    ]
    if changed:
        yield ", ".join(changed)


def _override_words(override: UsedOverride, name: Name) -> str:
    parts = [f"{name(code)} on" for code in override.select]
    parts += [f"{name(code)} off" for code in override.ignore]
    parts += [f"{name(code)} {level.value}" for code, level in override.severities.items()]
    parts += [f"other options of {name(code)}" for code in override.options]
    chosen = (*map(name, override.projects), *map(name, override.kind))
    return f"{', '.join(chosen)}: {', '.join(parts) or 'nothing else'}"


def _hidden_words(report: Report) -> Iterator[str]:
    if report.min_severity is not Severity.INFO:
        counts = report.summary.severities
        hidden = sum(
            count for level, count in counts.items() if not level.reaches(report.min_severity)
        )
        yield f"{counted(hidden, 'new finding')} below {report.min_severity} (--min-severity)"
    if report.new_only:
        yield f"{counted(report.summary.baselined, 'baselined finding')} (--new-only)"


def config_words(choices: Choices, name: Name = visible) -> str:
    """Name the configuration's files, each with the beginning of its SHA-256, and the profile."""
    files = [f"{name(each.name)} (sha256 {each.sha256[:_DIGEST]})" for each in choices.configs]
    return f"{', '.join(files) or 'no file'}; profile {name(choices.profile)}"
