"""SL307: a private project lets in a public or internal one."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class LessPrivateProjectAllowed(EntryRule):
    """Flags a project entry of a private project whose target is public or internal."""

    code = "SL307"
    name = "less-private-project-allowed"
    title = "A private project lets in a less private one"
    requirement = "A private project lets in only private projects"
    severity = Severity.LOW
    by_own_scope = True
    strict = True
    tags = ("job-token", "allowlist", "visibility")
    cwe = (668,)
    owasp = ("CICD-SEC-4", "CICD-SEC-5")
    needs = frozenset({Fact.ENTRIES, Fact.VISIBILITY})
    remedy = RemoveEntry("it is less private than this project")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for a less private target; None where this token cannot see it."""
        entry, project = context.entry, context.project
        if entry.kind != "project" or is_self(entry, project):
            return None
        if project.visibility not in (None, "private"):
            return None
        target = context.inventory.target(entry)
        if target is None or target.visibility is None:
            return None
        if target.visibility == "private":
            return PASS
        evidence = {
            "project": entry.target_path,
            "target_visibility": target.visibility,
            "visibility": project.visibility,
        } | entry_evidence(entry)
        if project.visibility is None:
            return self.unknown(
                f"{entry.target_path} is {target.visibility}, but this project's own visibility"
                " could not be read, so whether it is more private is not known.",
                evidence=evidence,
                remediation="Scan again; if it stays so, check the token's role with: scopelint"
                " doctor",
            )
        return self.fail(
            f"This project is private and lets in {entry.target_path}, which is {target.visibility}:"
            " more people can see, fork and propose what runs there.",
            evidence=evidence,
            remediation=f"Remove the entry {entry.target_path}; or make that project private, or keep"
            " it with fine-grained permissions for what it really reads.",
        )
