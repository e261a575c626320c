"""What a wanted state brings, fixes and lets in: a judged snapshot beside the same one after it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from scopelint.declared import DeclaredAt
from scopelint.diff import JudgedSnapshot, compare_findings, lists_deleted
from scopelint.diff.access_changes import AccessComparison
from scopelint.diff.changes import Access, FindingChanges, Origin
from scopelint.engine import InventoryChange, JudgedChange, Settings, judge_change
from scopelint.finding import AccessShift, AfterChange, Finding, Outcome, UnchangedProject
from scopelint.model import Project
from scopelint.report import Report
from scopelint.rule import Rule
from scopelint.snapshot import Inventory, Source
from scopelint.wanted.overlay import change
from scopelint.wanted.state import WantedProject, WantedState

_DECLARED: Final = "declared_at"
"""The key of a finding's evidence that holds a file and a line."""


@dataclass(frozen=True, slots=True)
class Judging:
    """The rules of a run, and how they judge."""

    rules: Sequence[Rule]
    settings: Settings
    distributions: Mapping[str, str] = field(default_factory=dict)
    """As for `scopelint.engine.run`."""


def judged_after(
    source: Source, before: Inventory, wanted: WantedState, judging: Judging
) -> tuple[Inventory, Report]:
    """Return the inventory after a wanted state, and its report beside that of today.

    `before` is all of `source`, or what is chosen of it. What fails today too is baselined, so that
    only what the change brings gates.
    """
    made = change(source, before, wanted)
    shifts = _AccessShifts(made)
    judged = judge_change(
        *(made, judging.rules, judging.settings),
        distributions=judging.distributions,
        watcher=shifts,
    )
    assert judged.report is not None  # noqa: S101 - the whole was asked for
    report = replace(judged.report, after=_compared(wanted, made, judged, shifts))
    return made.after, with_places(report, wanted)


def changed_findings(
    source: Source, before: Inventory, wanted: WantedState, judging: Judging
) -> FindingChanges:
    """Return the findings that a wanted state brings and fixes.

    One that is there already, and is more afterwards, is brought too.
    """
    made = change(source, before, wanted)
    judged = judge_change(made, judging.rules, judging.settings, whole=False)
    found = _findings(made, judged)
    new = sorted((*found.new, *judged.findings.grown), key=lambda finding: finding.sort_key)
    return replace(found, new=tuple(new))


def _findings(made: InventoryChange, judged: JudgedChange) -> FindingChanges:
    found, deleted = judged.findings, lists_deleted(made.before)
    today, then = (
        JudgedSnapshot(not_judged, fails, lists_deleted=deleted, unsure=unsure)
        for not_judged, fails, unsure in (
            (judged.not_judged_before, found.before, found.unsure_before),
            (judged.not_judged_after, found.after, found.unsure_after),
        )
    )
    return compare_findings(today, then)


def _compared(
    wanted: WantedState, made: InventoryChange, judged: JudgedChange, shifts: "_AccessShifts"
) -> AfterChange:
    found, changes = judged.findings, _findings(made, judged)
    new = {finding.fingerprint for finding in changes.new}
    unsure = {finding.fingerprint for finding in found.after} - new
    # What is there today and grows by the change is no longer held by the baseline of today.
    new |= {finding.fingerprint for finding in found.grown}
    return AfterChange(
        wanted.source,
        wanted.kind,
        new=tuple(sorted(new)),
        unsure=tuple(sorted(unsure)),
        unchanged=found.unchanged,
        fixed=changes.fixed,
        access=tuple(sorted(shifts.found, key=lambda shift: shift.project)),
        access_known=not shifts.unsure and not wanted.unknown,
        left_alone=tuple(UnchangedProject(each.path, each.reason) for each in wanted.left_alone),
    )


class _AccessShifts:
    """Who gains and who loses access, project by project."""

    def __init__(self, made: InventoryChange) -> None:
        self._access = AccessComparison(made.before, made.after)
        self.found: list[AccessShift] = []
        self.unsure = 0
        """Projects of which nobody can tell whether that is all."""

    def see(self, before: Project, after: Project) -> None:
        """Compare a project that changes."""
        access, sure, _ = self._access.compare(before, after)
        self.unsure += not sure
        if access is not None:
            self.found.append(_shift(after.path, access))

    def part(self) -> tuple[list[AccessShift], int]:
        """Return what was found."""
        return self.found, self.unsure

    def include(self, part: tuple[list[AccessShift], int]) -> None:
        """Add what was found in another process."""
        self.found += part[0]
        self.unsure += part[1]


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
