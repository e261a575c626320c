"""SL201: the deprecated outbound setting is still on."""

from collections.abc import Iterable

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact, Project, Scope
from scopelint.remedy import SwitchSetting
from scopelint.rule import ProjectContext, ProjectRule
from scopelint.versions import OUTBOUND_REMOVED, Version, outbound_counts


class OutboundLimitEnabled(ProjectRule):
    """Flags projects that still limit, or seem to limit, what their own job tokens may reach."""

    code = "SL201"
    name = "outbound-limit-enabled"
    title = "The deprecated outbound job token limit is still on"
    requirement = "The deprecated outbound limit is off"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "outbound", "deprecated")
    cwe = (477,)
    owasp = ("CICD-SEC-7",)
    help_uri = "https://docs.gitlab.com/update/deprecations/"
    needs = frozenset({Fact.OUTBOUND})
    remedy = SwitchSetting(
        "outbound",
        False,
        "the deprecated outbound limit is still on",
        unsafe=f"before GitLab {OUTBOUND_REMOVED} this project's jobs reach more once it is off",
    )

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail where the setting is on; its message says whether it has an effect."""
        scope, inventory = context.scope, context.inventory
        if scope.outbound is None:
            yield self.unknown(
                "Whether the deprecated outbound limit is on could not be read.",
                evidence={"outbound_enabled": None},
                remediation="Scan again; if it stays so, check the token's role with: scopelint"
                " doctor",
            )
            return
        if not scope.outbound:
            yield PASS
            return
        effect, fix = _effect(inventory.scan.version)
        yield self.fail(
            f"The deprecated outbound limit is still on; {effect}",
            evidence={
                "outbound_enabled": True,
                "gitlab_version": inventory.scan.gitlab_version,
                "outbound_entries": _known_entries(context.project, scope),
            },
            remediation=fix,
        )


def _effect(version: Version) -> tuple[str, str]:
    counts = outbound_counts(version)
    if counts is None:
        return (
            f"before GitLab {OUTBOUND_REMOVED} it limits what this project's jobs may reach, later it has"
            " no effect, and the instance's version is not known.",
            f"Learn the instance's version first: before {OUTBOUND_REMOVED}, switching it off widens"
            " access.",
        )
    if not counts:
        return (
            f"from GitLab {OUTBOUND_REMOVED} on it has no effect, so it protects nothing.",
            "Limit access where it is decided now, on the projects that are reached; then switch"
            " this off with projectCiCdSettingsUpdate(jobTokenScopeEnabled: false).",
        )
    return (
        f"before GitLab {OUTBOUND_REMOVED} it works, and turning it off (as the upgrade to that release"
        " does) widens what this project's jobs may reach.",
        f"Before you turn it off, or upgrade to {OUTBOUND_REMOVED}, switch the inbound limit on in"
        " every private project that this project's jobs must not reach.",
    )


def _known_entries(project: Project, scope: Scope) -> int | None:
    if scope.outbound_entries is None:
        return None
    return sum(1 for entry in scope.outbound_entries if entry.target_id != project.id)
