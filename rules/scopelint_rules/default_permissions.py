"""SL501: an entry grants everything, not chosen permissions."""

from typing import TYPE_CHECKING

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import NoRemedy
from scopelint.rule import EntryContext, EntryRule
from scopelint.versions import PERMISSIONS_STORED, before

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


class DefaultPermissions(EntryRule):
    """Flags entries with default permissions: all that the user behind the job may do."""

    code = "SL501"
    name = "default-permissions"
    title = "An entry grants all permissions"
    requirement = "Every entry has fine-grained permissions"
    severity = Severity.LOW
    by_own_scope = True
    strict = True
    tags = ("job-token", "permissions", "least-privilege")
    cwe = (250, 1220)
    owasp = ("CICD-SEC-5",)
    help_uri = "https://docs.gitlab.com/ci/jobs/fine_grained_permissions/"
    needs = frozenset({Fact.ENTRIES, Fact.PERMISSIONS})
    remedy = NoRemedy("which permissions its jobs need is in no log; choose them by hand")

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say that the instance's version has no other permissions to choose."""
        reason = super().not_judged(inventory)
        if reason is None and before(inventory.scan.version, PERMISSIONS_STORED):
            return f"GitLab has fine-grained permissions from {PERMISSIONS_STORED} on"
        return reason

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for default permissions, unknown where they were not read."""
        entry = context.entry
        if entry.target_path is None:
            return None
        if entry.default_permissions is False:
            return PASS
        target = entry.target_path
        evidence = {
            entry.kind: entry.target_path,
            "default_permissions": entry.default_permissions,
        } | entry_evidence(
            entry, context.inventory.project_count(entry) if entry.kind == "group" else None
        )
        if entry.default_permissions is None:
            return self.unknown(
                f"What the {entry.kind} entry {target} permits could not be read.",
                evidence=evidence,
                remediation="Scan through GraphQL, which shows permissions.",
            )
        if is_self(entry, context.project):
            message = (
                "The project's entry for itself has default permissions, so it does not limit the"
                " project's own token at all."
            )
        else:
            message = (
                f"The {entry.kind} entry {target} has default permissions: its jobs may do here all"
                " that the user who started them may do."
            )
        return self.fail(
            message,
            evidence=evidence,
            remediation="Edit permissions > Fine-grained permissions: choose only what its jobs use.",
        )
