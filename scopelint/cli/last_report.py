"""The last report of a run: what is carried over from it, and what is not written without it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from scopelint.cli.console import Console
from scopelint.cli.files import Destination
from scopelint.cli.option_groups import PreviousOptions
from scopelint.cli.settings import RunSettings
from scopelint.engine.collector import rule_summary
from scopelint.engine.previous import Previous
from scopelint.errors import UsageError
from scopelint.finding import Severity
from scopelint.model import Scan
from scopelint.registry import Found
from scopelint.report import Report
from scopelint.rule import Rule
from scopelint.run_identity import SAME_INSTANCE, SAME_TARGETS, RunIdentity, check_same
from scopelint.text import counted

_HINT = (
    "Give the JSON report of the last run for the same targets, or leave --previous out once; the"
    " jobs of the component do without it in a pipeline run with SCOPELINT_PREVIOUS=none."
)


_LEAST_FOR_A_TREND = 2
"""Earlier reports: of one, what changed since it is told already."""
_TREND_GROUPS = 12
"""Groups whose counts are shown by themselves; `scopelint trend -f csv` has all."""


@dataclass(frozen=True, slots=True)
class LastReport:
    """The last report, None where none was given, and what becomes of a part without one."""

    previous: Previous | None = None
    file: Path | None = None
    partial: Literal["write", "skip"] = "write"
    narrowed_by: tuple[str, ...] = ()
    """What of the rules the user left out, in words."""
    reports: tuple[tuple[Path, Report], ...] = ()
    """All that were given, oldest first; the last one of them is `previous`. Without findings."""

    def check_server(self, instance: str) -> None:
        """Raise UsageError where the last report is of another instance."""
        self._check(RunIdentity(instance), SAME_INSTANCE)

    def check_asked(self, paths: Sequence[str | None]) -> None:
        """Raise UsageError where the last report is of other targets than those that are asked for.

        `paths` are full paths in any case, None for a target that is given by its number: of such
        a run it is told later, by `check`.
        """
        if self.previous is not None and None not in paths:
            asked = tuple(str(path).lower() for path in paths)
            known = {path.lower(): path for path in self.previous.identity.targets or ()}
            targets = tuple(known.get(path, path) for path in asked)
            instance = self.previous.identity.instance
            self._check(RunIdentity(instance, targets), SAME_TARGETS)

    def check(self, scan: Scan) -> None:
        """Raise UsageError where the last report is of another run, or later than the scan."""
        self._check(RunIdentity.of(scan), SAME_TARGETS)
        for file, report in self.reports[:-1]:
            older = (f"the report {file}", RunIdentity.of(report.scan.scan))
            check_same(older, ("the scan", RunIdentity.of(scan)), SAME_TARGETS, hint=_HINT)
        end = scan.finished_at or scan.started_at
        if self.previous is not None and self.previous.seen_at > end:
            raise UsageError(
                f"the last report {self.file} is of {_time(self.previous.seen_at)}, later than the"
                f" scan, which is of {_time(end)}",
                hint=_HINT,
            )

    def with_trend(self, report: Report) -> Report:
        """Return the report with the counts of those before it, where several were given."""
        if len(self.reports) < _LEAST_FOR_A_TREND:
            return report
        from scopelint.diff.trend import largest_groups, trend

        every = [*(each for _, each in self.reports), report]
        return replace(report, trend=tuple(trend(every, largest_groups(report, _TREND_GROUPS))))

    def _check(self, run: RunIdentity, facts: tuple[str, ...]) -> None:
        if self.previous is not None:
            name = f"the last report {self.file}"
            check_same((name, self.previous.identity), ("the scan", run), facts, hint=_HINT)

    def written(
        self, destinations: Sequence[Destination], report: Report, console: Console
    ) -> list[Destination]:
        """Return the reports to write, and say which are not, why, and what to do.

        With `skip` those are left out whose consumer compares an upload with the last one, where
        this report is of a part and no last report completes it.
        """
        if self.partial == "write" or self.previous is not None:
            return list(destinations)
        why = " and ".join(self._partly(report))
        if not why:
            return list(destinations)
        kept = [each for each in destinations if not each.reporter.compared]
        names = [each.reporter.name for each in destinations if each.reporter.compared]
        if names:
            known = next((each for each in kept if each.reporter.name == "json"), None)
            file = known.path if known and known.path else "R.json, a file of --report json=R.json"
            console.warn(
                f"{', '.join(names)}: not written, because {why}: who compares it with the last one"
                " would call closed what is only missing in it. Give the next run this run's"
                f" report (--previous {file}), or write it all the same with --partial write"
            )
        return kept

    def _partly(self, report: Report) -> Iterator[str]:
        """Yield in words what keeps a report from being about everything."""
        if not report.scan.complete:
            yield "the scan is incomplete"
        if report.scan.projects.left_out:
            yield f"filters left out {counted(report.scan.projects.left_out, 'project')}"
        yield from self.narrowed_by
        if report.min_severity is not Severity.INFO:
            yield f"--min-severity {report.min_severity} hides findings"
        if report.new_only:
            yield "--new-only hides findings"


def last_report(options: PreviousOptions, settings: RunSettings, console: Console) -> LastReport:
    """Read the reports of earlier runs, and warn where the last does not list every finding.

    Raise UsageError where the file is none.
    """
    reports = [(path, _load(path)) for path in options.previous]
    reports.sort(key=lambda each: _end(each[1]))
    narrowed = tuple(_narrowing(settings))
    if not reports:
        return LastReport(partial=options.partial, narrowed_by=narrowed)
    from scopelint.report_file.part import lists_every_finding

    file, newest = reports[-1]
    if not lists_every_finding(newest):
        console.warn(
            f"the last report {file} was made with --min-severity or --new-only:"
            " findings that it does not list cannot be carried over"
        )
    previous = Previous(newest, days=options.carry_days)
    counted_only = tuple((path, replace(report, findings=())) for path, report in reports)
    return LastReport(previous, file, options.partial, narrowed, counted_only)


def _load(path: Path) -> Report:
    # Most runs read no report, and its models take a while to be made.
    from scopelint.cli.after import check_of_today
    from scopelint.report_file.reading import load_report

    try:
        report = load_report(path)
    except UsageError as error:
        raise UsageError(error.message, hint=_HINT) from None
    check_of_today(report, path, "nothing of it can be carried over")
    return report


def _end(report: Report) -> datetime:
    return report.scan.scan.finished_at or report.scan.scan.started_at


def _narrowing(settings: RunSettings) -> Iterator[str]:
    if settings.select.value is not None:
        yield f"only some rules are selected ({settings.select.origin})"
    if settings.ignore:
        yield f"rules are ignored ({settings.ignore[0].origin})"
    if any(each.ignore for each in settings.config.overrides):
        yield "overrides ignore rules for some projects"


def described(report: Report, installed: Mapping[str, Found[Rule]]) -> Report:
    """Return the report with what is installed of the rules that only carried findings are of."""
    return replace(
        report,
        carried_rules=tuple(
            rule_summary(found.cls, found.distribution)
            if (found := installed.get(rule.code))
            else rule
            for rule in report.carried_rules
        ),
    )


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
