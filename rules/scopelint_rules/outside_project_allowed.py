"""SL305: an entry lets in a project outside the project's top-level group."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, inside_path, outside_path
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class OutsideProjectAllowed(EntryRule):
    """Flags a project entry that is neither in the project's top-level group nor trusted.

    A project in a user's namespace is SL306's. A target that cannot be seen is outside for sure,
    as its path says, so it is flagged here.
    """

    code = "SL305"
    name = "outside-project-allowed"
    title = "A project outside the top-level group is on the allowlist"
    requirement = "Every project on the allowlist lies inside the top-level group or is trusted"
    severity = Severity.MEDIUM
    by_own_scope = True
    tags = ("job-token", "allowlist", "outside")
    cwe = (668, 732)
    owasp = ("CICD-SEC-2", "CICD-SEC-5")
    remedy = RemoveEntry("its project lies outside")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for a foreign project that is not known to be personal."""
        entry, project = context.entry, context.project
        path = outside_path(entry, project, "project")
        if path is None:
            return None if inside_path(entry, project, "project") is None else PASS
        target = context.inventory.target(entry)
        if target is not None and target.personal:
            return None
        if self.policy.trusted.matches(path):
            return PASS
        evidence = {
            "project": path,
            "top_level_group": project.top_level_path,
            "visible": target is not None,
        }
        return self.fail(
            f"The project {path} lies outside {project.top_level_path}, and anyone who may run its"
            " pipelines may use its job tokens here.",
            evidence=evidence | entry_evidence(entry),
            remediation=f"Look in the authentication log whether {path} still uses it; remove the"
            " entry if not, else waive it with its reason and an end, or add it to trusted.",
        )
