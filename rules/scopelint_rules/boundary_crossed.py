"""SL308: access that a declared trust boundary denies."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import RemoveEntry
from scopelint.rule import NO_BOUNDARIES, Boundary, Policy, ProjectContext, ProjectRule, RuleOptions
from scopelint.versions import outbound_counts

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

SHOWN = 10
"""Denied origins that the evidence lists at most."""


@dataclass(frozen=True, slots=True)
class _Crossing:
    """What one entry lets over one boundary; `exact` False where there may be more."""

    boundary: str
    origins: int
    first: tuple[str, ...]
    exact: bool

    def evidence(self) -> dict[str, Any]:
        return {
            "boundary": self.boundary,
            "origins": self.origins,
            "origins_exact": self.exact,
            "first": list(self.first),
        }


class BoundaryCrossed(ProjectRule):
    """Flags what lets a project in that a boundary of the configuration keeps out.

    One finding an entry, with the entry's key, and one with the empty key for an open limit. An
    allowlist that was read in part gives an unknown with the key `entries`; one with the key
    `boundaries` says that it was not read whether the project lies inside.
    """

    code = "SL308"
    name = "boundary-crossed"
    title = "Access that a declared trust boundary denies"
    requirement = "Nobody gets in whom a declared boundary keeps out"
    severity = Severity.HIGH
    tags = ("job-token", "allowlist", "boundary")
    cwe = (863,)
    owasp = ("CICD-SEC-2", "CICD-SEC-5")
    remedy = RemoveEntry("it crosses a boundary")

    def __init__(
        self, options: Mapping[str, Any] | RuleOptions | None = None, policy: Policy | None = None
    ) -> None:
        super().__init__(options, policy)
        self._inventory: Inventory | None = None
        self._denied: dict[Boundary, list[str]] = {}
        self._limited: dict[str, Project] = {}

    @classmethod
    def judges_by_own_scope(cls, inventory: "Inventory") -> bool:
        """Say no where the outbound limits of others count."""
        return outbound_counts(inventory.scan.version) is False

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say that there is nothing to judge by."""
        reason = super().not_judged(inventory)
        if reason is None and not self.policy.boundaries:
            return NO_BOUNDARIES
        return reason

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail for each entry that crosses, and one for an open limit."""
        project, inventory = context.project, context.inventory
        answers = [(each, each.surrounds(project)) for each in self.policy.boundaries]
        around = [each for each, answer in answers if answer]
        perhaps = [each for each, answer in answers if answer is None]
        if not around and not perhaps:
            return
        self._look_at(inventory)
        silent = True
        for verdict in self._verdicts(project, context.scope, inventory, around):
            silent = False
            yield verdict
        if perhaps and any(self._verdicts(project, context.scope, inventory, perhaps)):
            silent = False
            yield self._undecided(project, perhaps)
        if silent:
            yield PASS

    def _undecided(self, project: Project, perhaps: list[Boundary]) -> Verdict:
        names = ", ".join(boundary.name for boundary in perhaps)
        missing = sorted({key for each in perhaps for key in each.kind.unread(project.kind)})
        return self.unknown(
            f"Whether the project lies inside {names} is not known, because {' and '.join(missing)}"
            " was not read; if it does, somebody crosses it.",
            evidence={"boundaries": [each.name for each in perhaps], "not_read": missing},
            remediation="Scan with a token that reads it, or give the boundary paths.",
            key="boundaries",
        )

    def _verdicts(
        self, project: Project, scope: Scope, inventory: "Inventory", around: list[Boundary]
    ) -> Iterable[Verdict]:
        if not around:
            return
        names = ", ".join(boundary.name for boundary in around)
        if not scope.inbound_effective:
            yield self._open(scope, names)
        for entry in scope.entries:
            if is_self(entry, project) or entry.target_path is None:
                continue
            crossings = [
                crossing
                for boundary in around
                if (crossing := self._crossing(boundary, entry, project, inventory))
            ]
            if crossings:
                yield self._crossed(entry, crossings)
        if Fact.ENTRIES in scope.missing:
            yield self.unknown(
                f"A part of the allowlist could not be read, so who else may cross {names} is not"
                " known.",
                evidence={"boundaries": [boundary.name for boundary in around]},
                remediation="Scan again; if it stays so, check the token's role with: scopelint"
                " doctor",
                key="entries",
            )

    def _open(self, scope: Scope, names: str) -> Verdict:
        evidence = {"boundaries": names.split(", "), "inbound_effective": scope.inbound_effective}
        if scope.inbound_effective is None:
            return self.unknown(
                f"Whether the inbound limit is on is not known; if it is off, any project crosses"
                f" {names}.",
                evidence=evidence,
                remediation="Scan with an administrator's token, or switch the project's own limit on.",
                key="",
            )
        return self.fail(
            f"The inbound limit is off, so any project's job token crosses the boundary {names}.",
            evidence=evidence,
            remediation="Switch the limit on (SL101), with an allowlist of what the boundary allows.",
            key="",
        )

    def _crossed(self, entry: AllowlistEntry, crossings: list[_Crossing]) -> Verdict:
        worst = max(crossings, key=lambda crossing: crossing.origins)
        names = ", ".join(crossing.boundary for crossing in crossings)
        if entry.kind == "project":
            what = f"The project {entry.target_path} is let in, which the boundary {names} denies."
        elif not worst.origins:
            what = (
                f"The group {entry.target_path} is let in, which the boundary {names} does not allow;"
                " which projects it holds was not read."
            )
        else:
            number = str(worst.origins) if worst.exact else f"at least {worst.origins}"
            what = (
                f"The group entry {entry.target_path} lets in {number} projects that the boundary"
                f" {names} denies, such as {worst.first[0]}."
            )
        return self.fail(
            what,
            evidence={
                entry.kind: entry.target_path,
                "crossings": [crossing.evidence() for crossing in crossings],
            }
            | entry_evidence(entry),
            remediation=f"Remove the {entry.kind} entry {entry.target_path} and allow only what lies in"
            f" the boundary's allow_from; if the access is meant, add it to allow_from of {names}.",
            entry=entry,
        )

    def _crossing(
        self, boundary: Boundary, entry: AllowlistEntry, project: Project, inventory: "Inventory"
    ) -> _Crossing | None:
        path = entry.target_path or ""
        if entry.kind == "project":
            if boundary.allow_from.matches(path) or not self._gets_in(path, project, inventory):
                return None
            return _Crossing(boundary.name, 1, (path,), exact=True)
        if _wholly_inside(path, boundary):
            return None
        denied = self._below(boundary, path)
        found = [
            origin
            for origin in denied
            if origin != project.path and self._gets_in(origin, project, inventory)
        ]
        count = inventory.project_count(entry) if inventory.in_read_tree(path) else None
        whole = count is not None and count.exact
        if not found and whole:
            return None
        return _Crossing(boundary.name, len(found), tuple(found[:SHOWN]), exact=whole)

    def _gets_in(self, origin: str, project: Project, inventory: "Inventory") -> bool:
        """Tell whether GitLab lets this origin in; before 18.0 its own limit may hold it back."""
        limited = self._limited.get(origin)
        if limited is None:
            return True
        # Imported here, for `rules` and `explain` start without it.
        from scopelint.access import Answer, decide

        decision = decide(
            limited,
            project,
            version=inventory.scan.version,
            assume_fine_grained=inventory.scan.fine_grained(self.policy.assume_fine_grained),
        )
        return decision.answer not in (Answer.DENIED, Answer.PARTIAL)

    def _below(self, boundary: Boundary, group: str) -> list[str]:
        denied = self._denied.get(boundary)
        if denied is None:
            assert self._inventory is not None  # noqa: S101 - set by `judge`
            allowed = boundary.allow_from
            denied = [path for path in self._inventory.project_paths if not allowed.matches(path)]
            self._denied[boundary] = denied
        # "0" follows "/" in the order of characters, so this is everything below the group.
        return denied[bisect_left(denied, f"{group}/") : bisect_left(denied, f"{group}0")]

    def _look_at(self, inventory: "Inventory") -> None:
        if inventory is self._inventory:
            return
        self._inventory, self._denied, self._limited = inventory, {}, {}
        if outbound_counts(inventory.scan.version) is not False:
            self._limited = {
                project.path: project
                for project in inventory.projects()
                if project.scope is not None and project.scope.outbound
            }


def _wholly_inside(group: str, boundary: Boundary) -> bool:
    """Tell whether all that may ever lie below a group is allowed: by one glob that goes deep."""
    patterns = boundary.allow_from.patterns
    deep = type(boundary.allow_from)(pattern for pattern in patterns if pattern.endswith("**"))
    return deep.matches(group)
