"""SL502: a fine-grained entry may change things, not only read them."""

from typing import Final

from scopelint.finding import PASS, Severity, Verdict
from scopelint.finegrained import FineGrainedRule
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import NoRemedy
from scopelint.rule import EntryContext

OPENS: Final = {
    "ADMIN_BADGES": "create, change and delete badges",
    "ADMIN_DEPLOYMENTS": "create, approve and delete deployments",
    "ADMIN_ENVIRONMENTS": "create, stop and delete environments",
    "ADMIN_JOBS": "write to jobs",
    "ADMIN_PACKAGES": "publish and delete packages",
    "ADMIN_PIPELINES": "rename pipelines",
    "ADMIN_RELEASES": "create, change and delete releases, publish to the CI/CD Catalog",
    "ADMIN_REPOSITORIES": "push to the repository, where cross-project push is on",
    "ADMIN_SECURE_FILES": "create and delete secure files",
    "ADMIN_TERRAFORM_STATE": "write, lock and delete Terraform states",
}
"""What each writing permission opens (GitLab's table of fine-grained permissions, 19.x)."""

WITHOUT_ROUTE: Final = "a permission of a newer GitLab"


class AdminPolicyGranted(FineGrainedRule):
    """Flags fine-grained entries that grant an `ADMIN_…` permission."""

    code = "SL502"
    name = "admin-policy-granted"
    title = "An entry may write, not only read"
    requirement = "No fine-grained entry may write"
    severity = Severity.LOW
    by_own_scope = True
    strict = True
    tags = ("job-token", "permissions", "least-privilege")
    cwe = (250,)
    owasp = ("CICD-SEC-5",)
    help_uri = "https://docs.gitlab.com/ci/jobs/fine_grained_permissions/"
    remedy = NoRemedy("which permissions its jobs need is in no log; choose them by hand")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail that names each writing permission; None for default permissions."""
        entry, inventory = context.entry, context.inventory
        if entry.default_permissions or entry.target_path is None:
            return None
        target = entry.target_path
        if entry.default_permissions is None or entry.policies is None:
            return self.unknown(
                f"What the {entry.kind} entry {target} permits could not be read.",
                evidence={entry.kind: entry.target_path},
                remediation="Scan through GraphQL, which shows permissions.",
            )
        admin = [policy for policy in entry.policies if policy.startswith("ADMIN_")]
        if not admin:
            return PASS
        words = "; ".join(f"{policy} ({OPENS.get(policy, WITHOUT_ROUTE)})" for policy in admin)
        who = "This project's own jobs" if is_self(entry, context.project) else f"Jobs of {target}"
        reading = ", ".join(policy.replace("ADMIN_", "READ_", 1) for policy in admin)
        return self.fail(
            f"{who} may write here: {words}.",
            evidence={
                entry.kind: entry.target_path,
                "admin": admin,
                "policies": list(entry.policies),
            }
            | entry_evidence(
                entry, inventory.project_count(entry) if entry.kind == "group" else None
            ),
            remediation=f"Where these jobs only read, give the entry {target} {reading} instead; keep"
            " what they really write, and waive it with the reason.",
            confidence=self.sureness(inventory),
        )
