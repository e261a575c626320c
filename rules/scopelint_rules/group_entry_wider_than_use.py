"""SL703: of a group's many projects, few ever used its entry."""

from datetime import UTC

from pydantic import Field

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import AllowlistEntry, ProjectCount, TokenUse
from scopelint.paths import entry_evidence
from scopelint.remedy import NarrowEntry
from scopelint.rule import EntryContext
from scopelint.uses.log import UsageOptions, UsageRule, narrower
from scopelint.uses.unused import is_wide, known_uses_of, why_no_proof

SHOWN = 10
"""Used projects, and groups to allow instead, that the evidence lists at most."""


class GroupEntryWiderThanUseOptions(UsageOptions):
    """How small a share of a group may be all that comes."""

    max_share: int = Field(
        default=20,
        ge=0,
        le=100,
        description="Percent of the group's projects; where no more than that used the entry, it is"
        " flagged.",
    )
    min_projects: int = Field(
        default=10, ge=1, description="Projects a group must hold at least to be judged."
    )


class GroupEntryWiderThanUse(UsageRule):
    """Flags a group entry of which at most `max_share` percent of the projects made use.

    An entry that nobody used within `days` is SL701's.
    """

    code = "SL703"
    name = "group-entry-wider-than-use"
    title = "A group entry is much wider than its use"
    requirement = "No group entry is much wider than its use"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "usage", "least-privilege", "broad")
    cwe = (272, 1220)
    owasp = ("CICD-SEC-5",)
    help_uri = "https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-authentication-log"
    Options = GroupEntryWiderThanUseOptions
    remedy = NarrowEntry("wider than its use")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for a small share, unknown where the group could not be counted."""
        entry, scope, inventory = context.entry, context.scope, context.inventory
        path, limit = entry.target_path, self.limit(inventory)
        young = entry.created_at is not None and entry.created_at > limit
        if entry.kind != "group" or path is None or young:
            return None
        count = inventory.project_count(entry)
        if count is None or (count.most is not None and count.most < self.options.min_projects):
            return None
        uses = known_uses_of(entry, scope)
        if scope.uses is not None and (not uses or uses[0].last_used_at <= limit):
            return None
        if count.most is not None and not self._small(len(uses), count.most):
            return PASS
        evidence: dict[str, object] = {
            "group": path,
            "max_share": self.options.max_share,
            "min_projects": self.options.min_projects,
        } | entry_evidence(entry, count)
        if scope.uses is None:
            return self._unknown(path, "the project's authentication log", evidence)
        evidence |= _use(path, uses)
        lost = self._lost(entry, len(uses), count)
        doubt = why_no_proof(entry, scope, inventory, self.options.days)
        return (
            self._unknown(path, lost, evidence)
            if lost
            else self._too_wide(path, uses, count, evidence, doubt)
        )

    def _small(self, used: int, projects: int) -> bool:
        return is_wide(used, projects, self.options.max_share)

    def _lost(self, entry: AllowlistEntry, used: int, count: ProjectCount) -> str | None:
        """Name what keeps the rule from a fail; a count that is already enough does not."""
        if not self._small(used, count.number) or count.number < self.options.min_projects:
            return "how many projects the group holds"
        return "the entry's age" if entry.created_at is None else None

    def _too_wide(
        self,
        path: str,
        uses: list[TokenUse],
        count: ProjectCount,
        evidence: dict[str, object],
        doubt: str | None,
    ) -> Verdict:
        if doubt:
            return self.unknown(
                f"Of the projects below the group {path}, {len(uses)} are known to have used its"
                f" entry, and that proves nothing of the others: {doubt}.",
                evidence=evidence,
                remediation="Ask its owners which projects use it.",
            )
        instead = narrower(path, (use.origin_path for use in uses))
        names = ", ".join(instead[:SHOWN]) + (" and others" if len(instead) > SHOWN else "")
        number = f"the {count.number}" if count.exact else f"at least {count.number}"
        return self.fail(
            f"Only {len(uses)} of {number} projects below the group {path} ever used its entry.",
            evidence=evidence,
            remediation=f"Allow {names} instead, then remove the group entry {path}.",
        )

    def _unknown(self, path: str, what: str, evidence: dict[str, object]) -> Verdict:
        return self.unknown(
            f"Whether the group entry {path} is much wider than its use is not known, because {what}"
            " could not be read.",
            evidence=evidence,
            remediation="Make the scan complete, with --usage, and scan again.",
        )


def _use(path: str, uses: list[TokenUse]) -> dict[str, object]:
    used = [use.origin_path for use in uses]
    return {
        "used": len(used),
        "used_by": used[:SHOWN],
        "instead": narrower(path, used)[:SHOWN],
        "last_used_at": uses[0].last_used_at.astimezone(UTC).isoformat(),
    }
