"""SL303: an entry lets in a group above the project's own group."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, inside_path, is_inside
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class AncestorGroupAllowed(EntryRule):
    """Flags a group entry for an ancestor of the group that holds the project.

    The top-level group itself is SL301's.
    """

    code = "SL303"
    name = "ancestor-group-allowed"
    title = "A group above the project's own group is on the allowlist"
    requirement = "No entry lets in a group above the project's own group"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "allowlist", "least-privilege", "broad")
    cwe = (1220,)
    owasp = ("CICD-SEC-5",)
    remedy = RemoveEntry("it lets in an ancestor group")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for a group strictly above the project's own, below the top level."""
        entry, project = context.entry, context.project
        path = inside_path(entry, project, "group")
        if path is None or path == project.top_level_path:
            return None
        own = project.namespace_path
        if path == own or not is_inside(own, path):
            return PASS
        known = entry_evidence(entry, context.inventory.project_count(entry))
        return self.fail(
            f"The group {path} lies above this project's own group {own}, so all its other branches"
            " are let in too.",
            evidence={"group": path, "own_group": own} | known,
            remediation=f"Replace the group entry {path} by {own}, and by those projects or groups"
            " beside it that the authentication log shows.",
        )
