"""SL504: an entry nearer to the origin makes a narrower one void."""

from collections.abc import Mapping
from typing import Any

from scopelint.finding import PASS, Severity, Verdict
from scopelint.finegrained import Enclosing, FineGrainedRule, granted, in_words, includes
from scopelint.paths import entry_evidence
from scopelint.remedy import NoRemedy
from scopelint.rule import EntryContext, Policy, RuleOptions


class NearerEntryOverrides(FineGrainedRule):
    """Flags an entry that permits what the nearest group entry above it does not.

    GitLab goes by the nearest entry alone, so the narrower one above has no effect on its origins.
    """

    code = "SL504"
    name = "nearer-entry-overrides"
    title = "A nearer entry makes a narrower one void"
    requirement = "No entry makes a narrower one void"
    severity = Severity.LOW
    by_own_scope = True
    strict = True
    tags = ("job-token", "permissions", "allowlist")
    cwe = (732,)
    owasp = ("CICD-SEC-5",)
    help_uri = "https://docs.gitlab.com/ci/jobs/fine_grained_permissions/"
    remedy = NoRemedy("which of the two entries was meant is not known")

    def __init__(
        self, options: Mapping[str, Any] | RuleOptions | None = None, policy: Policy | None = None
    ) -> None:
        super().__init__(options, policy)
        self._enclosing = Enclosing()

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for the nearer entry; its evidence names the one that it overrides."""
        entry, inventory = context.entry, context.inventory
        if entry.target_path is None:
            return None
        above = self._enclosing.nearest(entry, context.scope)
        if above is None:
            return PASS
        version = context.inventory.scan.version
        mine, theirs = granted(entry, version), granted(above, version)
        if mine is not None and theirs is not None and includes(theirs, mine):
            return PASS
        evidence = {
            entry.kind: entry.target_path,
            "permissions": in_words(entry),
            "overrides": above.target_path,
            "overridden_permissions": in_words(above),
        } | entry_evidence(entry, inventory.project_count(entry) if entry.kind == "group" else None)
        if mine is None or theirs is None:
            return self.unknown(
                f"{entry.target_path} has a group entry above it, {above.target_path}, but what the two"
                " permit could not be read, so whether one makes the other void is not known.",
                evidence=evidence,
                remediation="Scan through GraphQL, which shows permissions.",
            )
        return self.fail(
            f"What the group entry {above.target_path} allows ({in_words(above)}) is void for"
            f" {entry.target_path}: its own entry is nearer and decides alone ({in_words(entry)}).",
            evidence=evidence,
            remediation=f"If {above.target_path} is meant to be the limit, remove the {entry.kind} entry"
            f" {entry.target_path} or give it no more than that; else waive it with the reason.",
            confidence=self.sureness(inventory),
        )
