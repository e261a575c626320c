"""The whole way from an estate to a report."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import scopelint
from scopelint.engine.ledger import Ledger
from scopelint.engine.shares import judge_projects
from scopelint.estate import Estate
from scopelint.policy.gate import gaps_accepted, gate
from scopelint.policy.settings import Settings
from scopelint.policy.waiverwords import waiver_warnings
from scopelint.report import ProjectCounts, Report, ScanSummary
from scopelint.rule import Rule


@contextmanager
def _no_collector() -> Iterator[None]:
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
    estate: Estate,
    rules: Sequence[Rule],
    settings: Settings | None = None,
    *,
    distributions: Mapping[str, str] | None = None,
) -> Report:
    """Judge the whole estate with these rules and return the report.

    `distributions` names the installed package of each rule code. Raises PluginError where a rule
    crashes: a crash never counts as a pass; UsageError where overrides do not fit together;
    ScratchError where the disk is full.
    """
    settings = settings or Settings()
    with _no_collector():
        ledger = judge_projects(estate, rules, settings)
    return _report(estate, ledger, settings, distributions or {})


def _report(
    estate: Estate, ledger: Ledger, settings: Settings, distributions: Mapping[str, str]
) -> Report:
    ledger.judge_skipped()
    summary = ledger.tally.summary()
    return Report(
        tool_version=scopelint.__version__,
        scan=scan_summary(estate),
        summary=summary,
        gate=gate(
            summary,
            settings.fail_on,
            complete=estate.complete,
            most=settings.most,
            allow_incomplete=settings.allow_incomplete,
            accepted=gaps_accepted(estate.gaps, ledger.tally.accepted),
        ),
        rules=ledger.rule_summaries(distributions),
        findings=ledger.findings(),
        outcomes=ledger.outcomes(),
        overview=ledger.overview(),
        warnings=tuple(waiver_warnings(ledger.waivers, estate, ledger.codes)),
        min_severity=settings.min_severity,
        new_only=settings.new_only,
    )


def scan_summary(estate: Estate) -> ScanSummary:
    """Return the scan's frame and numbers as a report shows them."""
    counts = ProjectCounts(estate.total, estate.read, estate.total - estate.read)
    return ScanSummary(
        scan=estate.scan,
        complete=estate.complete,
        projects=counts,
        groups=len(estate.groups),
        entries=estate.entry_count,
        gaps=estate.gaps,
    )
