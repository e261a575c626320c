"""SL503: a fine-grained entry has no permission at all."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.finegrained import FineGrainedRule
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import RemoveEntry, SafeIf
from scopelint.rule import EntryContext


class EmptyPermissionsEntry(FineGrainedRule):
    """Flags fine-grained entries without a permission: they still let in clones and triggers."""

    code = "SL503"
    name = "empty-permissions-entry"
    title = "An entry is fine-grained with no permission"
    requirement = "Every fine-grained entry has a permission"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "permissions")
    cwe = (732,)
    owasp = ("CICD-SEC-5",)
    help_uri = "https://docs.gitlab.com/ci/jobs/fine_grained_permissions/"
    remedy = RemoveEntry("it is fine-grained with no permission", SafeIf.NOT_USED)

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for an empty list; None for default permissions."""
        entry, inventory = context.entry, context.inventory
        if entry.default_permissions or entry.target_path is None:
            return None
        if entry.policies:
            return PASS
        target = entry.target_path
        evidence = {entry.kind: target} | entry_evidence(entry)
        if entry.default_permissions is None or entry.policies is None:
            return self.unknown(
                f"What the {entry.kind} entry {target} permits could not be read.",
                evidence=evidence,
                remediation="Scan through GraphQL, which shows permissions.",
            )
        if is_self(entry, context.project):
            return self.fail(
                "The project's entry for itself is fine-grained with no permission: its own jobs are"
                " refused by every API route that asks for one.",
                evidence=evidence,
                remediation="Give the project's own row the permissions that its jobs use, or set it"
                " back to default permissions.",
                confidence=self.sureness(inventory),
            )
        return self.fail(
            f"The {entry.kind} entry {target} is fine-grained with no permission: it still lets in Git"
            " clones, image pulls and pipeline triggers, and nothing else.",
            evidence=evidence,
            remediation=f"If {target} needs no access, remove the entry; if it needs more than these"
            " three, choose the permissions; if just these are meant, waive it with that reason.",
            confidence=self.sureness(inventory),
        )
