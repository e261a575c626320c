"""SL301: an entry lets in the project's whole top-level group."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, inside_path
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class TopLevelGroupAllowed(EntryRule):
    """Flags a group entry for the project's own top-level group."""

    code = "SL301"
    name = "top-level-group-allowed"
    title = "The whole top-level group is on the allowlist"
    requirement = "No entry lets in the whole top-level group"
    severity = Severity.HIGH
    by_own_scope = True
    tags = ("job-token", "allowlist", "least-privilege", "broad")
    cwe = (732, 1220)
    owasp = ("CICD-SEC-5",)
    remedy = RemoveEntry("it lets in the whole top-level group")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for the top-level group; None for what is no group inside it."""
        entry, project = context.entry, context.project
        path = inside_path(entry, project, "group")
        if path is None:
            return None
        if path != project.top_level_path:
            return PASS
        evidence = {"group": path} | entry_evidence(entry, context.inventory.project_count(entry))
        return self.fail(
            f"The whole top-level group {path} is on the allowlist: every project in it, today's"
            " and tomorrow's, may use its job tokens here.",
            evidence=evidence,
            remediation="Find who really comes in the authentication log, add those projects or"
            f" their nearest groups, then remove the group entry {path}.",
        )
