"""From a snapshot to reports and an exit code: what `scan` and `check` have in common."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scopelint import engine
from scopelint.cli.console import Console
from scopelint.cli.destinations import (
    Destination,
    check_apart,
    destinations,
    report_page,
    write_all,
)
from scopelint.cli.options import flatten
from scopelint.config import Catalogue, Config, added_rules, select_rules
from scopelint.engine.baseline import Baseline
from scopelint.engine.baseline import load as load_baseline
from scopelint.errors import ExitCode, NothingScannedError, UsageError
from scopelint.finding import Severity
from scopelint.globs import GlobSet
from scopelint.mappings import with_references
from scopelint.registry import Found, find_reporters
from scopelint.report import Gate, RenderOptions, Report
from scopelint.rule import Policy, Rule
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory

_WARNINGS = 20
"""Sentences about waivers on stderr; the report holds them all."""


@dataclass(frozen=True, slots=True)
class Judging:
    """Everything about judging that can be wrong before there is a snapshot, already checked."""

    rules: tuple[Rule, ...]
    settings: engine.Settings
    destinations: list[Destination]
    distributions: Mapping[str, str]
    given: Mapping[str, Any]
    face: Console
    whole_set: bool = False

    def check_instance(self, instance: str) -> None:
        """Raise UsageError where the baseline is about another instance."""
        known = self.settings.baseline
        if known is not None and known.instance != instance:
            raise UsageError(
                f"the baseline {self.given['baseline']} is about {known.instance}, the scan about"
                f" {instance}",
                hint="Each instance has a baseline of its own: scopelint baseline create.",
            )

    def judge(self, *paths: Path) -> Report:
        """Judge one snapshot, or the shards of one collection."""
        with open_snapshots(paths) as snapshot:
            inventory = Inventory(snapshot)
            if not inventory.total:
                names = ", ".join(map(str, paths))
                raise NothingScannedError(f"{names}: there is no project to judge")
            report = engine.run(
                inventory, self.rules, self.settings, distributions=self.distributions
            )
            report = with_references(report)
            self._tell_outside(inventory)
            self.check_instance(inventory.scan.instance)
            return replace(report, whole_set=self.whole_set and snapshot.header.filters.everything)

    def _tell_outside(self, inventory: Inventory) -> None:
        """Say how much of a declared policy is for groups and projects that were not read."""
        declared = next((rule.policy.declared for rule in self.rules if rule.policy.declared), None)
        levels = declared.subjects() if declared else ()
        outside = sum(not inventory.names_inside(str(level.name)) for level in levels)
        if declared and outside:
            what = "a level is" if outside == 1 else f"{outside} levels are"
            self.face.note(f"{declared.source}: {what} for what lies outside the targets, skipped")

    def conclude(self, judge: Callable[[], Report]) -> ExitCode:
        """Get the report, write it wherever it was asked for, and return the exit code.

        An empty scan is exit 3 too, so `--exit-zero` makes it a warning.
        """
        try:
            report = judge()
        except NothingScannedError as error:
            if not self.given["exit_zero"]:
                raise
            self.face.warn(error.message)
            return ExitCode.OK
        self._warn(report.warnings)
        write_all(self.destinations, report, self._options, self.face.warn)
        return exit_code(report.gate, exit_zero=self.given["exit_zero"])

    def _warn(self, sentences: Sequence[str]) -> None:
        for sentence in sentences[:_WARNINGS]:
            self.face.warn(sentence)
        if len(sentences) > _WARNINGS:
            self.face.warn(f"{len(sentences) - _WARNINGS} more waivers need a look")

    def _options(self, destination: Destination) -> RenderOptions:
        to_stdout = destination.path is None
        in_job = to_stdout and bool(os.environ.get("GITLAB_CI"))
        width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
        return RenderOptions(
            color=to_stdout and (self.face.colored(sys.stdout) or (in_job and self._job_colour())),
            width=width if to_stdout else 100,
            show_waived=self.given["show_waived"],
            show_fix=self.given["show_fix"],
            gitlab_job=in_job,
            sarif_include_suppressed=self.given["sarif_include_suppressed"],
            sarif_category=self.given["sarif_category"],
            extra=self._extra(),
        )

    def _extra(self) -> dict[str, str]:
        version, page = self.given["gitlab_sast_version"], report_page(self.destinations)
        off = "yes" if self.given["exit_zero"] else None
        extra = {"gitlab_sast_version": version, "report_url": page, "exit_zero": off}
        return {key: value for key, value in extra.items() if value}

    def _job_colour(self) -> bool:
        return self.face.color == "auto" and not os.environ.get("NO_COLOR")


def prepare(
    given: Mapping[str, Any],
    config: Config,
    rules: Mapping[str, Found[Rule]],
    face: Console,
    snapshots: Sequence[Path],
) -> Judging:
    """Choose and build the rules, and check every destination.

    `snapshots` are the files that are judged: no report may replace one.
    """
    places = destinations(given["format_name"], given["output"], given["reports"], find_reporters())
    check_apart(
        places,
        (
            *(("the snapshot", path) for path in snapshots),
            ("the configuration", config.source),
            ("the token file", given.get("token_file")),
            ("the CA certificates", given.get("ca_file")),
            ("the baseline", given["baseline"]),
            *(("a configuration", path) for path in config.files.values()),
            *(("the rules file", path) for path in given.get("rules_files", ())),
        ),
    )
    chosen, settings = build_rules(given, config, rules)
    return Judging(
        rules=chosen,
        settings=replace(
            settings,
            fail_on=_fail_on(given["fail_on"] or config.fail_on),
            min_severity=Severity(given["min_severity"]),
            most=config.gate_max,
            allow_incomplete=given["allow_incomplete"] or config.allow_incomplete,
            waivers=config.waivers,
            today=given["as_of"],
            baseline=_baseline(given),
            new_only=given["new_only"],
        ),
        destinations=places,
        distributions={code: found.distribution for code, found in rules.items()},
        given=given,
        face=face,
        whole_set=_is_whole(given, config),
    )


def _baseline(given: Mapping[str, Any]) -> Baseline | None:
    if given["baseline"] is None:
        if given["new_only"]:
            raise UsageError("--new-only needs --baseline FILE: what is not new")
        return None
    return load_baseline(given["baseline"])


def build_rules(
    given: Mapping[str, Any], config: Config, rules: Mapping[str, Found[Rule]]
) -> tuple[tuple[Rule, ...], engine.Settings]:
    """Choose the rules of a run and build them, with what the config says of them."""
    classes, added = _chosen(given, config, rules)
    policy = Policy(
        trusted=GlobSet((*config.trusted.patterns, *flatten(given["trusted"]))),
        boundaries=config.boundaries,
        assume_fine_grained=config.assume_fine_grained,
        declared=config.declared,
        selected=tuple(rule.code for rule in classes),
        of_instance=frozenset(rule.code for rule in classes if rule.once),
    )
    settings = engine.Settings(
        severities=config.severity,
        overrides=config.overrides,
        selectable=tuple(rule(config.options.get(rule.code), policy) for rule in added),
    )
    return tuple(rule(config.options.get(rule.code), policy) for rule in classes), settings


def _is_whole(given: Mapping[str, Any], config: Config) -> bool:
    """Tell whether every rule of the profile runs, no other does, and every finding is shown."""
    narrowed = ("select", "ignore", "extend_select", "rules_files", "new_only")
    return (
        not any(given.get(key) for key in narrowed)
        and config.select is None
        and not config.ignore
        and given["min_severity"] == Severity.INFO
    )


def _chosen(
    given: Mapping[str, Any], config: Config, rules: Mapping[str, Found[Rule]]
) -> tuple[tuple[type[Rule], ...], tuple[type[Rule], ...]]:
    """Return the rules of the run, and those that only the config's overrides select."""
    known = Catalogue(found.cls for found in rules.values())
    words = {key: flatten(given[key]) for key in ("select", "extend_select", "ignore")}
    classes = select_rules(
        known,
        profile=config.profile,
        config_select=config.select,
        config_ignore=config.ignore,
        **words,
    )
    wanted = {code for override in config.overrides for code in override.select}
    return classes, added_rules(known, wanted, classes, **words)


def _fail_on(text: str) -> engine.FailOn:
    return "never" if text == "never" else Severity(text)


def exit_code(gate: Gate, *, exit_zero: bool) -> ExitCode:
    """Return the exit code of a gate (outside contract, section 2)."""
    if exit_zero:
        return ExitCode.OK
    if gate.result == "fail":
        return ExitCode.FINDINGS
    if gate.result == "incomplete":
        return ExitCode.INCOMPLETE
    return ExitCode.OK
