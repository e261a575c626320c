"""`scopelint check`: rules and reports over a snapshot, offline."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, start
from scopelint.errors import NothingScannedError, UsageError
from scopelint.filters import ProjectChoice

if TYPE_CHECKING:
    from scopelint.report import Report


@click.command(cls=Command)
@click.argument("snapshots", type=options.FilePath(), nargs=-1, metavar="SNAPSHOT...")
@options.option(
    "--from-report",
    type=options.FilePath(),
    metavar="REPORT",
    help="Render this JSON report again instead; nothing is judged anew.",
)
@options.after_option
@options.choice_options
@options.config_and_rules_options
@options.rule_options
@options.gate_options
@options.baseline_options
@options.previous_options
@options.report_options
@options.console_options
def check(
    snapshots: tuple[Path, ...],
    *,
    from_report: Path | None,
    after: Path | None,
    chosen: ProjectChoice,
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    gate: options.GateOptions,
    baseline: options.BaselineOptions,
    last: options.PreviousOptions,
    report: options.ReportOptions,
    console: Console,
) -> int:
    """Judge SNAPSHOT, a file made by `scopelint collect`, and report; GitLab is not asked.

    Several are the shards of one collection, or whole collections of one instance by different
    tokens: they are judged as one, and a shard that is missing makes the result incomplete. With --include, --exclude and --owner only a part of the projects is
    judged, with all that was read; findings about the instance stay. {owner} or {group} in the name of
    a report's file writes one a part, from the same run.

    With --after the report is that of a scan after the change that FILE makes: what is new, fixed and
    unchanged, and who gains and loses access. Only what the change brings gates.

    With --from-report a report of `-f json` is rendered in other formats, and the exit code is that
    of its own gate.
    """
    from scopelint.cli.judge import prepare
    from scopelint.cli.settings import resolve

    start(console)
    if from_report is not None:
        given = _judging(
            *(snapshots, after, chosen, source, last),
            choice=choice,
            gate=gate,
            baseline=baseline,
            report=report,
        )
        return _render_again(
            from_report, list(given), source, gate=gate, report=report, console=console
        )
    if not snapshots:
        raise UsageError(
            "there is nothing to check: no snapshot was given",
            hint="Make one with: scopelint collect TARGET -o FILE",
        )
    reads = [("the snapshot", path) for path in snapshots]
    settings = resolve(source, choice, gate, baseline)
    prepared = prepare(
        *(settings, gate, baseline, report, console),
        last=last,
        reads=reads,
        snapshots=snapshots,
        after=after,
        chosen_projects=chosen,
    )
    return prepared.conclude(lambda: prepared.judge(*snapshots, chosen=chosen))


def _judging(
    snapshots: tuple[Path, ...],
    after: Path | None,
    chosen: ProjectChoice,
    source: options.ConfigOptions,
    last: options.PreviousOptions,
    *,
    choice: options.RuleChoice,
    gate: options.GateOptions,
    baseline: options.BaselineOptions,
    report: options.ReportOptions,
) -> Iterator[str]:
    """Yield what was given that would judge anew, as a person writes it."""
    named = {
        "SNAPSHOT": snapshots,
        "--after": after,
        "--include": chosen.include,
        "--exclude": chosen.exclude,
        "--owner": chosen.owners,
        "--config": source.config_file,
        "--select": choice.select,
        "--ignore": choice.ignore,
        "--extend-select": choice.extend_select,
        "--trusted": choice.trusted,
        "--fail-on": gate.fail_on,
        "--allow-incomplete": gate.allow_incomplete,
        "--as-of": gate.as_of,
        "--baseline": baseline.baseline,
        "--previous": last.previous,
        "--carry-days": last.carry_days != options.PreviousOptions().carry_days,
        "--partial": last.partial != "write",
        "--new-only": baseline.new_only,
        "--min-severity": report.min_severity != "info",
    }
    yield from (name for name, value in named.items() if value)


def _render_again(
    path: Path,
    given: list[str],
    source: options.ConfigOptions,
    *,
    gate: options.GateOptions,
    report: options.ReportOptions,
    console: Console,
) -> int:
    """Write a report in other formats; return what its own gate says."""
    if given:
        raise UsageError(
            f"--from-report renders a report as it is, so {', '.join(given)} cannot go with it",
            hint="Judge the snapshot again, or give these to scopelint gate REPORT.json.",
        )
    from scopelint import engine
    from scopelint.cli.files import check_apart, destinations
    from scopelint.cli.judge import PreparedCheck
    from scopelint.cli.parts import divisions

    places = destinations(report.format_name, report.output, report.reports)
    if next(divisions(places), None):
        raise UsageError(
            "a report that is read again is of one part, so {owner} and {group} divide nothing",
            hint="Judge the snapshot again to write a file a part.",
        )
    check_apart(places, [("the report", path)])
    prepared = PreparedCheck(
        rules=(),
        settings=engine.Settings(),
        destinations=places,
        distributions={},
        not_run=(),
        report=report,
        console=console,
        exit_zero=gate.exit_zero,
    )
    return prepared.conclude(lambda: _read(path, source, console))


def _read(path: Path, source: options.ConfigOptions, console: Console) -> "Report":
    """Read a report, its rules completed by the texts of those that are installed."""
    from scopelint.cli.past_runs import tell_run
    from scopelint.engine.collector import rule_summary
    from scopelint.mappings import with_references
    from scopelint.registry import find_rules
    from scopelint.report_file.reading import load_report
    from scopelint.run_identity import RunIdentity

    loaded = load_report(path)
    tell_run([path], RunIdentity.of(loaded.scan.scan), quiet=console.quiet)
    if not loaded.scan.projects.total:
        raise NothingScannedError(f"{path}: no project was scanned")
    installed = find_rules(source.rules_files)
    rules = []
    for rule in loaded.rules:
        found = installed.get(rule.code)
        if found is not None and found.cls.name == rule.name:
            own = rule_summary(found.cls, found.distribution)
            rule = replace(
                rule,
                page=found.cls.page(),
                tags=own.tags,
                cwe=own.cwe,
                owasp=own.owasp,
                confidence=own.confidence,
                distribution=own.distribution,
            )
        rules.append(rule)
    return with_references(replace(loaded, rules=tuple(rules)))
