"""What a wanted state brings, fixes and lets in: a judged snapshot beside the same one after it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from scopelint.declared import DeclaredAt
from scopelint.diff import JudgedSnapshot, compare, compare_findings, lists_deleted
from scopelint.diff.changes import Access, Origin
from scopelint.finding import AccessShift, AfterChange, Finding, Outcome, State, UnchangedProject
from scopelint.report import Report
from scopelint.snapshot import Inventory
from scopelint.wanted.state import WantedProject, WantedState

_DECLARED: Final = "declared_at"
"""The key of a finding's evidence that holds a file and a line."""


def compared(
    wanted: WantedState, before: tuple[Inventory, Report], after: tuple[Inventory, Report]
) -> AfterChange:
    """Return what a wanted state changes, by the same rules over the snapshot and over the overlay."""
    today, then = (_judged(*each) for each in (before, after))
    findings = compare_findings(today, then)
    new = {finding.fingerprint for finding in findings.new}
    # What is there today and grew by the change is no longer held by the baseline of today.
    new |= {
        key for key, each in then.fails.items() if key in today.fails and each.state is State.NEW
    }
    there = [each for each in then.fails if each not in new]
    changes = compare(before[0], after[0])
    shifts = (
        _shift(change.project.path, change.access) for change in changes.projects if change.access
    )
    return AfterChange(
        wanted.source,
        wanted.kind,
        new=tuple(sorted(new)),
        unsure=tuple(sorted(each for each in there if each not in today.fails)),
        unchanged=sum(each in today.fails for each in there),
        fixed=findings.fixed,
        access=tuple(sorted(shifts, key=lambda shift: shift.project)),
        access_known=not changes.unknown_facts.get("access") and not changes.unknown,
        left_alone=tuple(UnchangedProject(each.path, each.reason) for each in wanted.left_alone),
    )


def _judged(inventory: Inventory, report: Report) -> JudgedSnapshot:
    return JudgedSnapshot(report.rules, report.findings, lists_deleted=lists_deleted(inventory))


def _shift(path: str, access: Access) -> AccessShift:
    gained, lost = (tuple(map(_words, some)) for some in (access.gained, access.lost))
    return AccessShift(path, gained, lost)


def _words(origin: Origin) -> str:
    if origin.kind == "everyone":
        return "everyone"
    return f"{origin.kind} {origin.path or origin.id}"


def with_places(report: Report, wanted: WantedState) -> Report:
    """Return the report with the place that brings it in each finding that a change brings."""
    if report.after is None:
        return report
    brought = frozenset((*report.after.new, *report.after.unsure))

    def pointed(finding: Finding) -> Finding:
        at = _place(finding, wanted.projects) if finding.fingerprint in brought else None
        if at is None or finding.verdict is not Outcome.FAIL:
            return finding
        evidence = {_DECLARED: at.evidence(), **finding.evidence}
        return replace(finding, evidence=evidence, message=f"{finding.message} ({at} brings it.)")

    return replace(report, findings=_Mapped(report.findings, pointed))


def _place(finding: Finding, wanted: Mapping[int, WantedProject]) -> DeclaredAt | None:
    """Return what brings a finding: its entry, else the project's first setting, else its first line."""
    project = wanted.get(finding.project.id) if finding.project else None
    if project is None:
        return None
    entry = finding.entry
    for each in (*project.entries, *project.removed, *project.removed_outbound):
        if entry is not None and (each.kind, each.id) == (entry.kind, entry.id):
            return each.at
    settings = [setting.at for setting in project.settings.values()]
    return settings[0] if settings else project.at


class _Mapped(Collection[Finding]):
    """Findings changed as they are walked: they may be more than fit into memory."""

    def __init__(self, findings: Collection[Finding], change: Callable[[Finding], Finding]) -> None:
        self._findings = findings
        self._change = change

    def __len__(self) -> int:
        return len(self._findings)

    def __iter__(self) -> Iterator[Finding]:
        return map(self._change, self._findings)

    def __contains__(self, finding: object) -> bool:
        return any(each == finding for each in self)
