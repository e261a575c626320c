"""SL309: all entries together let in too many projects."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import AllowlistEntry, Fact, Project, ProjectCount, Scope
from scopelint.paths import is_inside, is_self
from scopelint.remedy import NoRemedy
from scopelint.rule import ProjectContext, ProjectRule, RuleOptions
from scopelint.versions import outbound_counts

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

SHOWN = 10
"""Entries that the evidence lists at most, the widest first."""


class ReachTooWideOptions(RuleOptions):
    """How many projects may reach one."""

    max_projects: int = Field(
        default=200,
        ge=1,
        description="The most projects whose tokens may reach this one, all entries together.",
    )


@dataclass(slots=True)
class _Reach:
    """How many other projects are let in, and what may be missing from that number."""

    number: int = 0
    counted: bool = True
    seen: bool = True
    hidden: int | None = 0
    """How many more GitLab may hide in the groups that were not counted; None is not known."""

    def count(self) -> ProjectCount:
        """Return the number with what may be missing from it."""
        exact = self.counted and self.seen
        known = self.seen and self.hidden is not None
        bound = self.number + (self.hidden or 0) if known and not exact else None
        return ProjectCount(self.number, exact, bound)

    def stays_within(self, limit: int) -> bool:
        """Tell whether no more than `limit` projects are let in, those that GitLab hides included."""
        more = 0 if self.counted else self.hidden
        return more is not None and self.number + more <= limit


class ReachTooWide(ProjectRule):
    """Flags projects that more than `max_projects` others can reach, each counted once.

    Where the limit is off that is SL101's; where a single entry lets in as many, that entry has
    its own finding.
    """

    code = "SL309"
    name = "reach-too-wide"
    title = "Too many projects can reach this one"
    requirement = "No more projects than are allowed can reach this one"
    severity = Severity.MEDIUM
    tags = ("job-token", "allowlist", "least-privilege")
    cwe = (1220,)
    owasp = ("CICD-SEC-5",)
    Options = ReachTooWideOptions
    remedy = NoRemedy(
        "which entries could go is for their owners to say; scopelint suggest shows the unused"
    )

    @classmethod
    def judges_by_own_scope(cls, inventory: "Inventory") -> bool:
        """Say no where the outbound limits of others count."""
        return outbound_counts(inventory.scan.version) is False

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail above the limit, unknown where the count may be too small."""
        project, scope, inventory = context.project, context.scope, context.inventory
        if scope.inbound_effective is False:
            return
        limit: int = self.options.max_projects
        shares: list[tuple[int, AllowlistEntry]] = []
        reach = _Reach(counted=Fact.ENTRIES not in scope.missing)
        for entry in _outermost(scope, project):
            number = _add(reach, entry, project, inventory)
            shares.append((number, entry))
        if any(number > limit for number, _ in shares):
            return
        if Fact.ENTRIES in scope.missing:
            reach.hidden = None
        if reach.number > limit and outbound_counts(inventory.scan.version) is not False:
            # Imported here, for `rules` and `explain` start without it.
            from scopelint.access import InboundCounter

            count = inventory.derived(InboundCounter).count(project)
            counted = reach.counted and count.exact
            reach = _Reach(count.number, counted=counted, seen=reach.seen, hidden=None)
        if reach.stays_within(limit):
            if reach.seen and scope.inbound_effective:
                yield PASS
            return
        evidence = {
            "projects": reach.number,
            "projects_exact": reach.counted and reach.seen,
            "max_projects": limit,
            "entries": _widest(shares),
        }
        if reach.number > limit and scope.inbound_effective:
            more = "" if reach.counted and reach.seen else "at least "
            groups = [entry.target_path for _, entry in shares if entry.kind == "group"]
            yield self.fail(
                f"The job tokens of {more}{reach.number} projects reach this one, by"
                f" {len(scope.entries)} entries together; {limit} are allowed.",
                evidence=evidence,
                remediation="Start with the widest entries"
                + (f" ({', '.join(str(group) for group in groups[:3])})" if groups else "")
                + ": allow the projects or subgroups that the authentication log shows instead.",
                reach=reach.count(),
            )
        elif reach.number > limit:
            yield self.unknown(
                f"The entries name {reach.number} projects, more than {limit}, but whether the inbound"
                " limit is on is not known: it may be all projects.",
                evidence=evidence,
                remediation="Scan with an administrator's token, or switch the project's own limit on.",
            )
        else:
            yield self.unknown(
                f"At least {reach.number} projects reach this one, but not all could be counted, so"
                f" whether they are more than {limit} is not known.",
                evidence=evidence,
                remediation="Make the scan complete (see SL902) and scan again.",
            )


def _outermost(scope: Scope, project: Project) -> Iterable[AllowlistEntry]:
    """Yield the entries that lie in no other one, so that no project is counted twice."""
    groups = {entry.target_path for entry in scope.entries if entry.kind == "group"}
    for entry in scope.entries:
        path = entry.target_path
        if path is None or is_self(entry, project):
            continue
        while groups and (path := path.rpartition("/")[0]) and path not in groups:
            pass
        if not groups or not path:
            yield entry


def _add(reach: _Reach, entry: AllowlistEntry, project: Project, inventory: "Inventory") -> int:
    """Count the projects that one entry adds, and note what could not be counted or seen."""
    if entry.kind == "project":
        reach.number += 1
        return 1
    count = inventory.project_count(entry)
    if count is None:
        reach.seen = False
        return 0
    if not count.exact:
        reach.counted = False
        reach.hidden = _more(reach.hidden, entry.target_path or "", inventory)
    own = is_inside(project.path, entry.target_path or "")
    number = max(count.number - own, 0)
    reach.number += number
    return number


def _more(known: int | None, path: str, inventory: "Inventory") -> int | None:
    """Add what GitLab may hide below another group, but no more than it hides in all."""
    below = inventory.hidden_below(path)
    if known is None or below is None:
        return None
    return known + below if inventory.hidden is None else min(known + below, inventory.hidden)


def _widest(shares: list[tuple[int, AllowlistEntry]]) -> list[dict[str, object]]:
    shares.sort(key=lambda share: (-share[0], share[1].kind, share[1].target_id or 0))
    return [
        {"kind": entry.kind, "id": entry.target_id, "path": entry.target_path, "projects": number}
        for number, entry in shares[:SHOWN]
    ]
