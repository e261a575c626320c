"""SL701: an entry has not been used for a long time."""

from datetime import UTC

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import RemoveEntry, SafeIf
from scopelint.rule import EntryContext
from scopelint.uses.log import UsageRule
from scopelint.uses.unused import entry_use


class UnusedEntry(UsageRule):
    """Flags entries that are older than `days` and let nobody in during them."""

    code = "SL701"
    name = "unused-entry"
    title = "An entry has not been used for a long time"
    requirement = "Every entry old enough to be judged has been used lately"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "usage", "least-privilege")
    cwe = (272,)
    owasp = ("CICD-SEC-5",)
    help_uri = "https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-authentication-log"
    remedy = RemoveEntry("not used, as far as the log tells", SafeIf.NOT_USED)

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for an old entry without a late use; None for a young one."""
        entry, scope, inventory = context.entry, context.scope, context.inventory
        if entry.target_path is None or is_self(entry, context.project):
            return None
        days = self.options.days
        use = entry_use(entry, scope, inventory, days)
        if use.state == "young":
            return None
        if use.state == "used":
            return PASS
        last = use.uses[0].last_used_at.astimezone(UTC) if use.uses else None
        since = inventory.log_since
        evidence = {entry.kind: entry.target_path, "days": days} | entry_evidence(entry)
        evidence |= {
            "last_used_at": last.isoformat() if last else None,
            "last_used_by": use.uses[0].origin_path if use.uses else None,
            "log_since": since.astimezone(UTC).isoformat() if since else None,
        }
        if use.state == "not-proved":
            return self.unknown(
                f"No use of the {entry.kind} entry {entry.target_path} within {days} days is known, and"
                f" that proves nothing: {use.why}.",
                evidence=evidence,
                remediation="Scan again with --usage, through GraphQL."
                if scope.uses is None
                else "Ask its owners whether they use it; if nobody does, remove it.",
            )
        when = f"was last used on {last.date()}" if last else "has no use in the log"
        return self.fail(
            f"The {entry.kind} entry {entry.target_path} {when}; {days} days without a use are"
            " allowed.",
            evidence=evidence,
            remediation=f"Remove the {entry.kind} entry {entry.target_path}; rare jobs (a yearly release,"
            " a disaster drill) are worth a question first.",
        )
