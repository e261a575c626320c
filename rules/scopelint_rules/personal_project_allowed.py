"""SL306: an entry lets in a project in a user's own namespace."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, inside_path, outside_path
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class PersonalProjectAllowed(EntryRule):
    """Flags a project entry whose target lies in a user's namespace, not the project's own."""

    code = "SL306"
    name = "personal-project-allowed"
    title = "Somebody's personal project is on the allowlist"
    requirement = "No personal project is on the allowlist"
    severity = Severity.HIGH
    by_own_scope = True
    tags = ("job-token", "allowlist", "outside")
    cwe = (668, 732)
    owasp = ("CICD-SEC-2", "CICD-SEC-5")
    remedy = RemoveEntry("it is a personal project")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for a personal project; None where this token cannot see the target."""
        entry, project = context.entry, context.project
        path = outside_path(entry, project, "project")
        if path is None:
            return None if inside_path(entry, project, "project") is None else PASS
        target = context.inventory.target(entry)
        if target is None or target.personal is None:
            return None
        if not target.personal or self.policy.trusted.matches(path):
            return PASS
        owner = path.partition("/")[0]
        evidence = {
            "project": path,
            "namespace": owner,
            "top_level_group": project.top_level_path,
        }
        return self.fail(
            f"The project {path} is somebody's own: {owner} alone decides what runs there with a"
            " job token that is accepted here.",
            evidence=evidence | entry_evidence(entry),
            remediation=f"Move what {path} does into a project of {project.top_level_path}, allow"
            f" that one, then remove the entry {path}.",
        )
