"""SL405: an entry's group holds no project today."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule


class EmptyGroupAllowed(EntryRule):
    """Flags a group entry that covers no project, subgroups and hidden ones included."""

    code = "SL405"
    name = "empty-group-allowed"
    title = "An empty group is on the allowlist"
    requirement = "Every group on the allowlist holds a project"
    severity = Severity.LOW
    by_own_scope = True
    strict = True
    tags = ("job-token", "allowlist", "hygiene")
    cwe = (1220,)
    owasp = ("CICD-SEC-5",)
    remedy = RemoveEntry("its group is empty")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for an exact count of 0; None where nothing tells the count."""
        entry = context.entry
        if entry.kind != "group":
            return None
        count = context.inventory.project_count(entry)
        if count is None:
            return None
        if count.number:
            return PASS
        evidence = {"group": entry.target_path} | entry_evidence(entry, count)
        if not count.exact:
            return self.unknown(
                f"No project was seen below the group {entry.target_path}, but not all of them could"
                " be counted, so whether it is empty is not known.",
                evidence=evidence,
                remediation="Make the scan complete (see SL902) and scan again.",
            )
        return self.fail(
            f"The group {entry.target_path} holds no project today: the entry is of no use, and"
            " anyone who adds a project there gains access.",
            evidence=evidence,
            remediation=f"Remove the group entry {entry.target_path}; allow what is needed once it is"
            " there.",
        )
