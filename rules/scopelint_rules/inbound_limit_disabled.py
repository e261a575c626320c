"""SL101: the effective inbound limit is off."""

from collections.abc import Iterable

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact, Scope
from scopelint.remedy import RestrictProject
from scopelint.rule import ProjectContext, ProjectRule

_FIX = (
    "Read the authentication log (Settings > CI/CD > Job token permissions), add what really needs"
    ' access to the allowlist, then choose "Only this project and any groups and projects in the'
    ' allowlist" and save.'
)


class InboundLimitDisabled(ProjectRule):
    """Flags projects where GitLab accepts any project's job token."""

    code = "SL101"
    name = "inbound-limit-disabled"
    title = "The job token limit is off"
    requirement = "The job token limit is on"
    severity = Severity.HIGH
    by_own_scope = True
    tags = ("job-token", "inbound", "settings", "open")
    cwe = (732, 1188)
    owasp = ("CICD-SEC-5", "CICD-SEC-7")
    help_uri = (
        "https://docs.gitlab.com/ci/jobs/ci_job_token/#allow-any-project-to-access-your-project"
    )
    tells = frozenset({Fact.AUDIT_EVENTS})
    remedy = RestrictProject(unknown_too=True)

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail where the effective flag is off, unknown where nothing tells it."""
        scope = context.scope
        if scope.inbound_effective:
            yield PASS
            return
        evidence: dict[str, object] = {
            "inbound_own": scope.inbound_own,
            "inbound_effective": scope.inbound_effective,
            "enforcement": context.inventory.scan.enforcement,
            "visibility": context.project.visibility,
            "entries": len(scope.entries),
        }
        if scope.inbound_effective is None:
            yield self.unknown(_unknown(scope), evidence=evidence, remediation=_unknown_fix(scope))
            return
        change = context.project.limit_change
        opened = ""
        if change is not None:
            evidence["opened"] = change.evidence()
            opened = f" Switched off {change.words()}." if change.words() else ""
        yield self.fail(
            "The inbound limit is off: a job token of any project is accepted here"
            + (", whatever the allowlist says." if scope.entries else ".")
            + opened,
            evidence=evidence,
            remediation=_FIX,
        )


def _unknown(scope: Scope) -> str:
    if scope.inbound_own is False:
        return (
            "The project's own limit is off, and whether the instance enforces the limit is not"
            " known: the project is open, or only the instance protects it."
        )
    return "Whether the inbound limit is on could not be read."


def _unknown_fix(scope: Scope) -> str:
    if scope.inbound_own is False:
        return (
            "Scan with an administrator's token, which can read the instance setting; or switch the"
            " project's own limit on, then the instance setting no longer matters."
        )
    return "Scan again; if it stays so, check the token's role with: scopelint doctor"
