"""SL103: the instance does not enforce the job token limit."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Scan
from scopelint.remedy import NoRemedy
from scopelint.rule import InstanceContext, InstanceRule
from scopelint.versions import ENFORCEMENT_SETTING, since

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


class InstanceEnforcementDisabled(InstanceRule):
    """Flags an instance where every project's maintainers may switch the limit off."""

    code = "SL103"
    name = "instance-enforcement-disabled"
    title = "The instance does not enforce the job token limit"
    requirement = "The instance enforces the job token limit for every project"
    severity = Severity.LOW
    tags = ("job-token", "inbound", "instance")
    cwe = (732,)
    owasp = ("CICD-SEC-7",)
    help_uri = (
        "https://docs.gitlab.com/administration/settings/continuous_integration/"
        "#enforce-job-token-allowlist"
    )
    remedy = NoRemedy("it is a setting of the instance, for its administrators")

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say why this scan cannot, or need not, tell anything about the instance."""
        return super().not_judged(inventory) or _not_judged(inventory.scan)

    def judge(self, context: InstanceContext) -> Iterable[Verdict]:
        """Yield a fail where enforcement is off, a pass where it is on."""
        inventory = context.inventory
        if inventory.scan.enforcement == "on":
            yield PASS
            return
        yield self.fail(
            "The instance does not enforce the job token limit: the maintainers of any project may"
            " open it to every other project's job tokens.",
            evidence={
                "enforcement": inventory.scan.enforcement,
                "gitlab_version": inventory.scan.gitlab_version,
            },
            remediation="First close the projects that SL101 names, with the entries they need; then"
            ' switch on Admin > Settings > CI/CD > Job token permissions > "Enable and enforce job'
            ' token allowlist for all projects".',
        )


def _not_judged(scan: Scan) -> str | None:
    if urlsplit(scan.instance).hostname == "gitlab.com":
        return "gitlab.com enforces the limit for every project; nobody but GitLab can change it"
    exists = since(scan.version, ENFORCEMENT_SETTING)
    if exists is None:
        return "the instance's GitLab version is not known"
    if not exists:
        return (
            f"GitLab {scan.gitlab_version} has no such setting: it came with {ENFORCEMENT_SETTING}"
        )
    if not (scan.administrator or scan.whole_instance):
        return "a matter for administrators: judged with an administrator's token or --instance"
    if scan.enforcement == "unknown":
        return "whether the instance enforces the limit could not be learned"
    return None
