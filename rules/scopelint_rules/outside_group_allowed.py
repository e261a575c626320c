"""SL304: an entry lets in a group outside the project's top-level group."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, inside_path, outside_path
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class OutsideGroupAllowed(EntryRule):
    """Flags a group entry that is neither in the project's top-level group nor trusted."""

    code = "SL304"
    name = "outside-group-allowed"
    title = "A group outside the top-level group is on the allowlist"
    requirement = "Every group on the allowlist lies inside the top-level group or is trusted"
    severity = Severity.HIGH
    by_own_scope = True
    tags = ("job-token", "allowlist", "outside")
    cwe = (668, 732)
    owasp = ("CICD-SEC-2", "CICD-SEC-5")
    remedy = RemoveEntry("its group lies outside")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for a foreign group; whether this token can see it does not matter."""
        entry, project, inventory = context.entry, context.project, context.inventory
        path = outside_path(entry, project, "group")
        if path is None:
            return None if inside_path(entry, project, "group") is None else PASS
        if self.policy.trusted.matches(path):
            return PASS
        evidence = {
            "group": path,
            "top_level_group": project.top_level_path,
            "visible": inventory.target(entry) is not None,
        }
        known = entry_evidence(entry, inventory.project_count(entry))
        return self.fail(
            f"The group {path} lies outside {project.top_level_path}, and every project its owners"
            " put there may use its job tokens here.",
            evidence=evidence | known,
            remediation=f"Remove the group entry {path}, or replace it by the projects that the"
            f" authentication log shows; if it is run by your own people, add {path}/** to trusted.",
        )
