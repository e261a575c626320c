"""SL402: an entry's target is about to be deleted, or gone."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, is_self, scheduled_for_deletion
from scopelint.remedy import RemoveEntry, SafeIf
from scopelint.rule import EntryContext, EntryRule
from scopelint.versions import EVERY_TARGET_SHOWN, before


class DanglingEntry(EntryRule):
    """Flags an entry whose target is scheduled for deletion, being deleted, or deleted."""

    code = "SL402"
    name = "dangling-entry"
    title = "An entry points to what is being deleted"
    requirement = "No entry points to what is gone or being deleted"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "allowlist", "hygiene")
    cwe = (459,)
    owasp = ("CICD-SEC-5",)
    remedy = RemoveEntry("what it allows is being deleted", SafeIf.TARGET_GONE)

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail by what was seen of the target, or by its path alone."""
        entry, inventory = context.entry, context.inventory
        if is_self(entry, context.project):
            return None
        path = entry.target_path
        if entry.target_id is None or path is None:
            if before(inventory.scan.version, EVERY_TARGET_SHOWN):
                return self.unknown(
                    f"The {entry.kind} of this entry is gone, or this token cannot see it: GitLab"
                    f" before {EVERY_TARGET_SHOWN} shows the two alike.",
                    evidence={"target": None} | entry_evidence(entry),
                    remediation="Scan with a token that can see more, such as an administrator's.",
                )
            return self.fail(
                f"The {entry.kind} that this entry allowed is gone; GitLab removes such a row by"
                " itself, as a rule within minutes.",
                evidence={"target": "gone"} | entry_evidence(entry),
                remediation="Scan again; if the row is still there, ask your administrator to look at"
                " the instance's background jobs (loose foreign keys).",
            )
        target = inventory.target(entry)
        deletion = target.deletion if target is not None else None
        by_path = scheduled_for_deletion(path)
        if deletion in (None, "none") and not by_path:
            return None if deletion is None else PASS
        state = "being deleted" if deletion == "in_progress" else "scheduled for deletion"
        return self.fail(
            f"The {entry.kind} {path} is {state}; if it is restored, it is let in again unasked.",
            evidence={
                entry.kind: path,
                "target": "in_progress" if deletion == "in_progress" else "scheduled",
                "seen": deletion not in (None, "none"),
                "by_path": by_path,
            }
            | entry_evidence(entry),
            remediation=f"Remove the {entry.kind} entry {path}; add it again if the {entry.kind} is"
            " restored and needed.",
        )
