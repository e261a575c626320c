"""A change, and what it does to the findings."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from scopelint.finding import Finding, Outcome, State
from scopelint.model import Project
from scopelint.report import Report
from scopelint.snapshot.inventory import Inventory


class Watcher(Protocol):
    """What else is to be found out of each project that changes, in whichever process."""

    def see(self, before: Project, after: Project) -> None:
        """Look at a project."""

    def part(self) -> Any:
        """Return what was seen, to be sent through a pipe."""

    def include(self, part: Any) -> None:
        """Add what was seen in another process."""


@dataclass(frozen=True, slots=True)
class InventoryChange:
    """Two inventories of the same projects, and what lies between them."""

    before: Inventory
    after: Inventory
    changed: Collection[int]
    """The ids of the projects that may be otherwise afterwards."""
    project_after: Callable[[Project], Project]
    """Gives a project of `before` as it is afterwards; the same object where it stays as it is."""


@dataclass(slots=True)
class ChangeOfFindings:
    """What differs between the findings of both sides; that of several parts adds up."""

    before: list[Finding] = field(default_factory=list)
    """Fails that are only there before the change."""
    after: list[Finding] = field(default_factory=list)
    """Fails that are only there after it."""
    grown: list[Finding] = field(default_factory=list)
    """Fails of both sides that are more after the change than was accepted, as they are then."""
    unchanged: int = 0
    """How many fails are there on both sides, and are no more than before."""
    unsure_before: set[tuple[str, int | None]] = field(default_factory=set)
    """Rule and project (id, None for the instance) of the findings of verdict unknown."""
    unsure_after: set[tuple[str, int | None]] = field(default_factory=set)
    """The same after the change."""

    def include(self, other: "ChangeOfFindings") -> None:
        """Add what another part found."""
        self.before += other.before
        self.after += other.after
        self.grown += other.grown
        self.unchanged += other.unchanged
        self.unsure_before |= other.unsure_before
        self.unsure_after |= other.unsure_after

    def add(
        self, before: Iterable[Finding], after: Iterable[Finding], same: frozenset[str]
    ) -> None:
        """Add the findings of both sides on one subject.

        `same` are the codes of rules whose answers are the same on both sides, and stand in `after`
        alone.
        """
        known: dict[str, Finding] = {}
        for finding in before:
            if finding.verdict is Outcome.FAIL:
                known[finding.fingerprint] = finding
            else:
                self.unsure_before.add(_about(finding))
        for finding in after:
            if finding.verdict is not Outcome.FAIL:
                if finding.rule not in same:
                    self.unsure_after.add(_about(finding))
            elif finding.rule in same or known.pop(finding.fingerprint, None) is not None:
                if finding.state is State.NEW:
                    self.grown.append(finding)
                else:
                    self.unchanged += 1
            else:
                self.after.append(finding)
        self.before += known.values()


def _about(finding: Finding) -> tuple[str, int | None]:
    return finding.rule, finding.project.id if finding.project else None


@dataclass(frozen=True, slots=True)
class JudgedChange:
    """What a change does to the findings."""

    findings: ChangeOfFindings
    not_judged_before: Mapping[str, str]
    """Why a rule could not judge before the change, by code."""
    not_judged_after: Mapping[str, str]
    """The same after it."""
    report: Report | None
    """Everything as it is after the change; None where only the difference was asked for."""
