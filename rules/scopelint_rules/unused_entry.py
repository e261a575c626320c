"""SL701: an entry has not been used for a long time."""

from datetime import UTC

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import RemoveEntry, SafeIf
from scopelint.rule import EntryContext
from scopelint.uses.log import UsageRule, uses_through


class UnusedEntry(UsageRule):
    """Flags entries that are older than `days` and let nobody in during them."""

    code = "SL701"
    name = "unused-entry"
    title = "An entry has not been used for a long time"
    requirement = "Every entry old enough to be judged has been used lately"
    severity = Severity.LOW
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
        days, limit = self.options.days, self.limit(inventory)
        if entry.created_at is not None and entry.created_at > limit:
            return None
        uses = uses_through(entry, scope.uses or ())
        if uses and uses[0].last_used_at > limit:
            return PASS
        evidence = {entry.kind: entry.target_path, "days": days} | entry_evidence(entry)
        if scope.uses is None:
            return self.unknown(
                "The authentication log of this project could not be read, so whether"
                f" {entry.target_path} still comes is not known.",
                evidence=evidence,
                remediation="Scan again with --usage, through GraphQL.",
            )
        last = uses[0].last_used_at.astimezone(UTC) if uses else None
        since = inventory.log_since
        evidence |= {
            "last_used_at": last.isoformat() if last else None,
            "last_used_by": uses[0].origin_path if uses else None,
            "log_since": since.astimezone(UTC).isoformat() if since else None,
        }
        if entry.created_at is None:
            return self.unknown(
                f"No use of the {entry.kind} entry {entry.target_path} within {days} days, but how old"
                " the entry is could not be read.",
                evidence=evidence,
                remediation="Ask who added it; if nobody knows, remove it.",
            )
        when = f"was last used on {last.date()}" if last else "has no use in the log"
        return self.fail(
            f"The {entry.kind} entry {entry.target_path} {when}; {days} days without a use are"
            " allowed.",
            evidence=evidence,
            remediation=f"Remove the {entry.kind} entry {entry.target_path}; rare jobs (a yearly release,"
            " a disaster drill) are worth a question first.",
        )
