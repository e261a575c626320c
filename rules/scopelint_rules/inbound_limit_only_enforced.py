"""SL102: the project's own inbound flag is off, and only the instance setting protects it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact
from scopelint.remedy import SwitchSetting
from scopelint.rule import ENFORCED_ON_GITLAB_COM, ProjectContext, ProjectRule

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

_REST_HIDES = (
    "REST shows only the effective limit, so the project's own one is not known while the"
    " instance may enforce it"
)


class InboundLimitOnlyEnforced(ProjectRule):
    """Flags projects that become open the moment the instance stops enforcing."""

    code = "SL102"
    name = "inbound-limit-only-enforced"
    title = "Only the instance setting keeps the job token limit on"
    requirement = "The project's own limit is on, whatever the instance enforces"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "inbound", "settings")
    cwe = (654,)
    owasp = ("CICD-SEC-7",)
    remedy = SwitchSetting(
        "inbound",
        True,
        "the instance protects it today; its own limit keeps it protected when that ends",
    )

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say that enforcement stays on gitlab.com, or that REST hides the own flag.

        REST shows it where enforcement is known to be off.
        """
        reason = super().not_judged(inventory)
        if urlsplit(inventory.scan.instance).hostname == "gitlab.com":
            return ENFORCED_ON_GITLAB_COM
        if reason is not None or inventory.scan.enforcement == "off":
            return reason
        hidden = inventory.scan.unavailable.get(Fact.OWN_FLAG)
        return hidden or (_REST_HIDES if inventory.scan.api == "rest" else None)

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail for own off and effective on; nothing where SL101 speaks."""
        scope = context.scope
        evidence = {
            "inbound_own": scope.inbound_own,
            "inbound_effective": scope.inbound_effective,
            "enforcement": context.inventory.scan.enforcement,
        }
        if scope.inbound_own:
            yield PASS
        elif scope.inbound_own is None:
            yield self.unknown(
                "Whether the project's own limit is on could not be read.",
                evidence=evidence,
                remediation="Scan again through GraphQL, with Maintainer on the project.",
            )
        elif scope.inbound_effective:
            yield self.fail(
                "The project's own limit is off: it is open to every job token as soon as the"
                " instance stops enforcing the limit.",
                evidence=evidence,
                remediation="Switch the project's own limit on by API (PATCH"
                f" /projects/{context.project.id}/job_token_scope with enabled true); the page hides the"
                " switch while the instance enforces. Nothing changes for running pipelines.",
            )
