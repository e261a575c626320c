"""The whole way from an inventory to a report."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import scopelint
from scopelint.engine.collector import FindingsCollector
from scopelint.engine.engine_settings import Settings
from scopelint.engine.gate import gaps_accepted, gate
from scopelint.engine.left_out import left_out_by_filter
from scopelint.engine.parallel import judge_projects
from scopelint.engine.shown_entries import Allowlists
from scopelint.engine.waivers import waiver_warnings
from scopelint.finding import Role, SincePrevious
from scopelint.report import ProjectCounts, Report, ScanSummary
from scopelint.rule import Rule
from scopelint.snapshot.inventory import Inventory


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Pause Python's cyclic garbage collector while objects are made that all stay.

    Nothing here is cyclic, and walking hundreds of thousands of findings again and again is a
    tenth of the time.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def run(
    inventory: Inventory,
    rules: Sequence[Rule],
    settings: Settings | None = None,
    *,
    distributions: Mapping[str, str] | None = None,
) -> Report:
    """Judge the whole inventory with these rules and return the report.

    `distributions` names the installed package of each rule code. Raises PluginError where a rule
    crashes: a crash never counts as a pass; UsageError where overrides do not fit together;
    ScratchError where the disk is full.
    """
    settings = settings or Settings()
    with no_garbage_collection():
        collector = judge_projects(inventory, rules, settings)
    return report_of(inventory, collector, settings, distributions or {})


def report_of(
    inventory: Inventory,
    collector: FindingsCollector,
    settings: Settings,
    distributions: Mapping[str, str],
) -> Report:
    """Return the report of all that a collector has judged."""
    collector.judge_skipped()
    if (carry := collector.carry) is not None:
        carry.rest()
    summary = collector.finding_counts.summary()
    rules = collector.rule_summaries(distributions)
    completeness = {rule.code for rule in rules if rule.role is Role.SCAN_COMPLETENESS}
    accepted = collector.finding_counts.accepted
    return Report(
        tool_version=scopelint.__version__,
        scan=scan_summary(inventory),
        summary=summary,
        gate=gate(
            summary,
            settings.fail_on,
            complete=inventory.complete,
            most=settings.most,
            allow_incomplete=settings.allow_incomplete,
            accepted=gaps_accepted(inventory.gaps, accepted, completeness),
        ),
        rules=rules,
        findings=collector.findings(),
        outcomes=collector.outcomes(),
        projects=collector.judged_paths(),
        overview=collector.overview(),
        allowlists=Allowlists(inventory),
        warnings=(
            *waiver_warnings(collector.waivers, inventory, collector.codes),
            *_unbounded(collector.unbounded),
            *_undecided(collector.perhaps, settings),
        ),
        choices=settings.choices,
        ownership=collector.ownership,
        min_severity=settings.min_severity,
        new_only=settings.new_only,
        since=_since(collector),
        carried_rules=carry.other_rules(collector.codes) if carry else (),
    )


def _unbounded(number: int) -> Iterator[str]:
    """Yield a sentence where the baseline does not say how much of its findings it accepts."""
    if number:
        which = "1 finding" if number == 1 else f"{number} findings"
        yield (
            f"the baseline does not say all of what was accepted of {which} (permissions, projects,"
            " when the entry was added): whatever it does not say may grow; `scopelint baseline"
            " update` takes it in"
        )


def scan_summary(inventory: Inventory) -> ScanSummary:
    """Return the scan and its numbers as a report shows them."""
    left_out = left_out_by_filter(inventory)
    number = sum(each.projects for each in left_out)
    wanted, read = inventory.total, inventory.read
    counts = ProjectCounts(wanted + number, read, wanted - read, number)
    return ScanSummary(
        scan=inventory.scan,
        complete=inventory.complete,
        projects=counts,
        groups=len(inventory.groups),
        entries=inventory.entry_count,
        gaps=inventory.gaps,
        left_out=left_out,
    )


def _undecided(perhaps: Mapping[int, int], settings: Settings) -> Iterator[str]:
    """Yield a sentence for each override of which it is not known whether projects are meant."""
    for index in sorted(perhaps):
        override = settings.overrides[index]
        projects = "a project" if perhaps[index] == 1 else f"{perhaps[index]} projects"
        yield (
            f"whether {override.place} is for {projects} is not known, because"
            f" {', '.join(override.kind.kind_words())} was not read: the stricter of both holds there"
        )


def _since(collector: FindingsCollector) -> SincePrevious | None:
    """Return what changed since the last report, None without one; owners are those of today."""
    if collector.carry is None:
        return None
    since = collector.carry.since()
    fixed = (replace(each, finding=collector.owned(each.finding)) for each in since.fixed)
    return replace(since, fixed=tuple(fixed))
