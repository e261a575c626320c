"""SL401: a wider entry already grants the same to the same origins."""

from collections.abc import Mapping
from typing import Any

from scopelint.finding import PASS, Severity, Verdict
from scopelint.finegrained import Enclosing, granted, in_words
from scopelint.model import Fact
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import RemoveEntry, SafeIf
from scopelint.rule import EntryContext, EntryRule, Policy, RuleOptions


class RedundantEntry(EntryRule):
    """Flags an entry without which the same origins would have the same permissions.

    GitLab goes by the entry nearest to the origin, so what counts is the one that would take over:
    the nearest group entry above. If that one grants more or less, the entry is not redundant.
    """

    code = "SL401"
    name = "redundant-entry"
    title = "Another entry already grants the same"
    requirement = "No entry grants what another entry grants already"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "allowlist", "hygiene")
    cwe = (459,)
    owasp = ("CICD-SEC-5",)
    needs = frozenset({Fact.ENTRIES, Fact.PERMISSIONS})
    remedy = RemoveEntry("another entry already grants the same", SafeIf.COVERED)

    def __init__(
        self, options: Mapping[str, Any] | RuleOptions | None = None, policy: Policy | None = None
    ) -> None:
        super().__init__(options, policy)
        self._enclosing = Enclosing()

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail where the entry above grants the same, unknown where that is not known."""
        entry = context.entry
        if entry.target_path is None or is_self(entry, context.project):
            return None
        above = self._enclosing.nearest(entry, context.scope)
        if above is None:
            return PASS
        version = context.inventory.scan.version
        mine, theirs = granted(entry, version), granted(above, version)
        if mine is not None and theirs is not None and mine != theirs:
            return PASS
        evidence = {
            entry.kind: entry.target_path,
            "covered_by": above.target_path,
            "permissions": in_words(entry),
        } | entry_evidence(entry)
        if mine is None or theirs is None:
            return self.unknown(
                f"The group entry {above.target_path} covers {entry.target_path} too, but what the"
                " two entries permit could not be read, so whether they grant the same is not known.",
                evidence=evidence,
                remediation="Scan through GraphQL, which shows permissions.",
            )
        return self.fail(
            f"The {entry.kind} entry {entry.target_path} changes nothing: the group entry"
            f" {above.target_path} already grants the same ({in_words(above)}).",
            evidence=evidence,
            remediation=f"Remove the {entry.kind} entry {entry.target_path}; or, if it was meant to"
            f" stand alone, remove the wider group entry {above.target_path} instead.",
        )
