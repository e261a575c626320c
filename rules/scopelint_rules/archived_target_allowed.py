"""SL403: an entry's target is archived."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class ArchivedTargetAllowed(EntryRule):
    """Flags an entry for an archived project, which can run no job until it is unarchived."""

    code = "SL403"
    name = "archived-target-allowed"
    title = "An archived project is on the allowlist"
    requirement = "No archived project is on the allowlist"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "allowlist", "hygiene")
    cwe = (459,)
    owasp = ("CICD-SEC-5",)
    remedy = RemoveEntry("its project is archived")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for an archived target; None where that was not read."""
        entry = context.entry
        if is_self(entry, context.project):
            return None
        target = context.inventory.target(entry)
        if target is None or target.archived is None:
            return None
        if not target.archived:
            return PASS
        return self.fail(
            f"The {entry.kind} {entry.target_path} is archived and can run no job: its entry is of no"
            " use today, and works again the moment somebody unarchives it.",
            evidence={entry.kind: entry.target_path, "archived": True} | entry_evidence(entry),
            remediation=f"Remove the {entry.kind} entry {entry.target_path}.",
        )
