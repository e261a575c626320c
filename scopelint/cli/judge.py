"""From a snapshot to reports and an exit code: what `scan` and `check` have in common."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scopelint import engine
from scopelint.cli.after import check_formats, read_wanted
from scopelint.cli.chosen_rules import build_rules, not_run
from scopelint.cli.console import Console
from scopelint.cli.files import (
    Destination,
    check_apart,
    check_places,
    destinations,
    report_page,
    write_all,
)
from scopelint.cli.last_report import LastReport, described, last_report
from scopelint.cli.next_steps import RunFiles, next_steps
from scopelint.cli.option_groups import (
    BaselineOptions,
    GateOptions,
    PreviousOptions,
    ReportOptions,
    ServerOptions,
)
from scopelint.cli.parts import (
    check_divided,
    check_owners,
    division,
    divisions,
    of_whole,
    parts,
    placed,
)
from scopelint.cli.past_runs import open_part, tell_run
from scopelint.cli.settings import RunSettings
from scopelint.engine.baseline import MAX_BYTES, MAX_NAMED_BYTES, Baseline
from scopelint.engine.baseline import load as load_baseline
from scopelint.errors import ExitCode, NothingScannedError, UsageError
from scopelint.filters import ALL_PROJECTS, ProjectChoice
from scopelint.finding import Severity
from scopelint.mappings import with_references
from scopelint.registry import Found
from scopelint.report import Allowlist, Gate, RenderOptions, Report, RuleSummary
from scopelint.rule import Rule
from scopelint.run_identity import SAME_INSTANCE, RunIdentity, check_same
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.text import counted

if TYPE_CHECKING:
    from scopelint.cli.parts import Division
    from scopelint.snapshot import Source
    from scopelint.wanted import WantedState

_WARNINGS = 20
"""Sentences about waivers on stderr; the report holds them all."""
_MOST_SHOWN_ENTRIES = 60_000
"""Allowlist entries up to which a report keeps them all for pictures."""


@dataclass(frozen=True, slots=True)
class PreparedCheck:
    """Everything about judging that can be wrong before there is a snapshot, already checked."""

    rules: tuple[Rule, ...]
    settings: engine.Settings
    destinations: list[Destination]
    distributions: Mapping[str, str]
    not_run: tuple[RuleSummary, ...]
    """Installed rules with a role that take no part."""
    report: ReportOptions
    console: Console
    baseline_file: Path | None = None
    exit_zero: bool = False
    whole_set: bool = False
    files: RunFiles = field(default_factory=RunFiles)
    last: LastReport = field(default_factory=LastReport)
    found_rules: Mapping[str, Found[Rule]] = field(default_factory=dict)
    """Every installed rule, by code."""
    after: Path | None = None
    """The file of the wanted state that is judged; None judges what there is."""
    apart: Sequence[tuple[str, Path | None]] = ()
    """Files that no report may replace, each with what it is called in a message."""

    def check_instance(self, instance: str) -> None:
        """Raise UsageError where the baseline or the last report is of another instance."""
        self.last.check_server(instance)
        known = self.settings.baseline
        if known is not None:
            check_same(
                (f"the baseline {self.baseline_file}", RunIdentity(known.instance)),
                ("the scan", RunIdentity(instance)),
                SAME_INSTANCE,
                hint="Each instance has a baseline of its own: scopelint baseline create.",
            )

    def judge(self, *paths: Path, chosen: ProjectChoice = ALL_PROJECTS) -> Report:
        """Judge one snapshot, or the shards of one collection: all of it, or what is chosen."""
        with open_snapshots(paths) as snapshot:
            if self.files.server is None:
                tell_run(paths, snapshot.header.identity(), quiet=self.console.quiet)
            inventory = open_part(snapshot, chosen, paths, self.settings.owners)
            self.check_instance(inventory.scan.instance)
            self.last.check(inventory.scan)
            wanted = None
            if self.after is not None:
                classes = [found.cls for found in self.found_rules.values()]
                wanted = read_wanted(self.after, Inventory(snapshot), classes, self.console)
            report = self._judged(snapshot, inventory, wanted)
            self._tell_outside(inventory)

            def judge_part(part: ProjectChoice) -> Report:
                return self._judged(snapshot, inventory.part(part), wanted)

            self.write_parts(report, inventory.scan.filters.chosen, judge_part)
            return report

    def _judged(
        self, snapshot: "Source", inventory: Inventory, wanted: "WantedState | None"
    ) -> Report:
        if wanted is None:
            report = engine.run(
                inventory, self.rules, self.settings, distributions=self.distributions
            )
        else:
            from scopelint.wanted import Judging, judged_after

            judging = Judging(self.rules, self.settings, self.distributions)
            inventory, report = judged_after(snapshot, inventory, wanted, judging)
        report = described(replace(report, not_run=self.not_run), self.found_rules)
        report = self.last.with_trend(with_references(report))
        return replace(
            report,
            whole_set=self.whole_set and inventory.scan.filters.everything,
            allowlists=self._allowlists(report),
        )

    def write_parts(
        self, report: Report, chosen: ProjectChoice, judge: Callable[[ProjectChoice], Report]
    ) -> None:
        """Write the reports that are of a part each, and say which owners have none.

        `chosen` is what the report of the whole is of; `judge` gives the report of a part of it.
        """
        divided = [each for each in self.destinations if division(each.path)]
        for by in divisions(self.last.written(divided, report, self.console)):
            found = [(part, placed(divided, by, part)) for part in parts(report, by, chosen)]
            places = [place for _, own in found for place in own]
            check_places([*of_whole(self.destinations), *places])
            check_apart(places, self.apart)
            for part, own in found:
                of_part = judge(part.chosen)
                options = partial(replace(self, destinations=own)._options, of_part)
                write_all(own, of_part, options, self.console.warn)
            self._tell_parts(report, by, [part.name for part, _ in found])

    def _tell_parts(self, report: Report, by: "Division", names: Sequence[str]) -> None:
        self.console.note(f"{counted(len(names), 'part')} by {by}: {', '.join(names)}")
        owners = report.ownership.owners if report.ownership and by == "owner" else ()
        if missing := [owner.name for owner in owners if owner.name not in names]:
            self.console.note(f"no project here, so no file: {', '.join(missing)}")

    def _allowlists(self, report: Report) -> Sequence[Allowlist] | None:
        """Keep the allowlists, which are read from the snapshot, where a reporter shows them."""
        shown = any(each.reporter.shows_allowlists for each in self.destinations)
        few = report.scan.entries <= _MOST_SHOWN_ENTRIES
        return tuple(report.allowlists or ()) if shown and few else None

    def _tell_outside(self, inventory: Inventory) -> None:
        """Say how a declared policy was read, and how much of it is for what was not scanned."""
        declared = next((rule.policy.declared for rule in self.rules if rule.policy.declared), None)
        for note in declared.notes if declared else ():
            self.console.note(note)
        levels = declared.subjects() if declared else ()
        outside = sum(not inventory.names_inside(str(level.name)) for level in levels)
        if declared and outside:
            what = "a level is" if outside == 1 else f"{outside} levels are"
            self.console.note(
                f"{declared.source}: {what} for what lies outside the targets, skipped"
            )

    def conclude(self, judge: Callable[[], Report]) -> ExitCode:
        """Get the report, write it wherever it was asked for, and return the exit code.

        An empty scan is exit 3 too, so `--exit-zero` makes it a warning.
        """
        try:
            report = judge()
        except NothingScannedError as error:
            if not self.exit_zero:
                raise
            self.console.warn(error.message)
            return ExitCode.OK
        if report.after is not None:
            check_formats(self.destinations)
        self._warn(report.warnings)
        whole = of_whole(self.destinations)
        places = self.last.written(whole, report, self.console)
        options = partial(replace(self, destinations=places)._options, report)
        write_all(places, report, options, self.console.warn)
        return exit_code(report.gate, exit_zero=self.exit_zero)

    def _warn(self, sentences: Sequence[str]) -> None:
        for sentence in sentences[:_WARNINGS]:
            self.console.warn(sentence)
        if len(sentences) > _WARNINGS:
            self.console.warn(f"{len(sentences) - _WARNINGS} more of these need a look")

    def _options(self, report: Report, destination: Destination) -> RenderOptions:
        to_stdout = destination.path is None
        in_job = to_stdout and bool(os.environ.get("GITLAB_CI"))
        width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
        return RenderOptions(
            color=to_stdout
            and (self.console.colored(sys.stdout) or (in_job and self._job_colour())),
            width=width if to_stdout else 100,
            show_waived=self.report.show_waived,
            show_fix=self.report.show_fix,
            gitlab_job=in_job,
            exit_zero=self.exit_zero,
            statistics=self.report.statistics,
            junit_fail=self.report.junit_fail,
            written=self._written(destination),
            next_steps=next_steps(report, self.files),
            report_url=report_page(self.destinations),
            keep_waived=self.report.keep_waived,
            # In a category of its own it is never compared with a run of GitLab as it is.
            sarif_category=self.report.sarif_category or ("wanted-state" if report.after else None),
            sarif_runs=self.report.sarif_runs,
            gitlab_sast_version=self.report.gitlab_sast_version,
            roll_up=self.report.roll_up,
        )

    def _written(self, destination: Destination) -> list[tuple[str, str]]:
        """Return the other files of the run, each with its format."""
        others = [each for each in self.destinations if each is not destination]
        found = [(each.reporter.name, str(each.path)) for each in others if each.path is not None]
        kept = self.files.snapshots if self.files.server is not None else ()
        return [*found, *(("snapshot", str(path)) for path in kept)]

    def _job_colour(self) -> bool:
        return self.console.color == "auto" and not os.environ.get("NO_COLOR")


def prepare(
    settings: RunSettings,
    gate: GateOptions,
    baseline: BaselineOptions,
    report: ReportOptions,
    console: Console,
    *,
    last: PreviousOptions,
    reads: Iterable[tuple[str, Path | None]],
    snapshots: Iterable[Path | None],
    server: ServerOptions | None = None,
    after: Path | None = None,
    chosen_projects: ProjectChoice = ALL_PROJECTS,
) -> PreparedCheck:
    """Choose and build the rules, and check every destination.

    `reads` are files that the run reads or makes, each with what it is called in a message, besides
    the configuration, its rules and the baseline: no report may replace one. `snapshots` are those
    that are there after the run, `server` how GitLab is asked, None where it is not; `after` is the
    file of a wanted state, `chosen_projects` the part that is judged.
    """
    config = settings.config
    places = destinations(report.format_name, report.output, report.reports)
    apart = (
        *reads,
        ("the wanted state", after),
        ("the configuration", config.source),
        ("the baseline", settings.baseline.value),
        *(("a configuration", path) for path in config.files.values()),
        *(("the rules file", path) for path in settings.source.rules_files),
    )
    check_apart(places, apart)
    check_owners(chosen_projects, config.owners)
    check_divided(places, chosen_projects, config.owners)
    if after is not None:
        check_formats(places)
        if last.previous:
            raise UsageError("--after compares with GitLab as it is, and --previous with a report")
    chosen, engine_settings = build_rules(settings)
    carried = last_report(last, settings, console)
    return PreparedCheck(
        rules=chosen,
        settings=replace(
            engine_settings,
            fail_on=_fail_on(settings.fail_on.value),
            min_severity=Severity(report.min_severity),
            most=config.gate_max,
            allow_incomplete=settings.allow_incomplete.value,
            waivers=config.waivers,
            today=gate.as_of,
            baseline=_baseline(settings, new_only=baseline.new_only and after is None),
            new_only=baseline.new_only,
            previous=carried.previous,
        ),
        destinations=places,
        distributions={code: found.distribution for code, found in settings.rules.items()},
        not_run=not_run(settings, (*chosen, *engine_settings.selectable)),
        report=report,
        console=console,
        baseline_file=settings.baseline.value,
        exit_zero=gate.exit_zero,
        files=RunFiles(
            snapshots=tuple(path for path in snapshots if path is not None),
            source=settings.source,
            server=server,
        ),
        whole_set=_is_whole(settings, baseline, report),
        last=carried,
        found_rules=settings.rules,
        after=after,
        apart=apart,
    )


def _baseline(settings: RunSettings, *, new_only: bool) -> Baseline | None:
    path = settings.baseline.value
    if path is None:
        if new_only:
            raise UsageError("--new-only needs --baseline FILE, or gate.baseline: what is not new")
        return None
    # A config that was found must not make a run read without bounds.
    found = settings.config.discovered and settings.baseline.kind == "file"
    return load_baseline(path, limit=MAX_NAMED_BYTES if found else MAX_BYTES)


def _is_whole(settings: RunSettings, baseline: BaselineOptions, report: ReportOptions) -> bool:
    """Tell whether every rule of the profile runs, no other does, and every finding is shown."""
    return (
        not settings.select.value
        and not settings.ignore
        and not settings.choice.extend_select
        and not settings.source.rules_files
        and not baseline.new_only
        and report.min_severity == Severity.INFO
    )


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
