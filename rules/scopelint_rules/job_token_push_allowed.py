"""SL601: the project's own jobs may push to it with a job token."""

from collections.abc import Iterable

from scopelint.finding import PASS, Confidence, Severity, Verdict
from scopelint.model import Fact
from scopelint.remedy import SwitchSetting
from scopelint.rule import ProjectContext, ProjectRule
from scopelint.versions import PUSH_SETTING_GENERAL, own_push_counts

_FLAG = (
    f" Before GitLab {PUSH_SETTING_GENERAL} only where an administrator switched a feature flag on,"
    " which is not known."
)


class JobTokenPushAllowed(ProjectRule):
    """Flags projects that accept Git pushes made with their own job token."""

    code = "SL601"
    name = "job-token-push-allowed"
    title = "Jobs may push to their own project"
    requirement = "Jobs may not push to their own project with a job token"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "push", "settings")
    cwe = (250,)
    owasp = ("CICD-SEC-1", "CICD-SEC-4")
    help_uri = (
        "https://docs.gitlab.com/ci/jobs/ci_job_token/"
        "#allow-git-push-requests-to-your-project-repository"
    )
    needs = frozenset({Fact.PUSH})
    remedy = SwitchSetting(
        "push",
        False,
        "jobs may push to their own project",
        unsafe="jobs that push (releases, generated files) fail once it is off, and no log shows them",
    )

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail where the setting is on."""
        scope = context.scope
        evidence = {"push": scope.push, "cross_project_push": scope.cross_project_push}
        if scope.push is None:
            yield self.unknown(
                "Whether jobs may push to this project with a job token could not be read.",
                evidence=evidence,
                remediation="Scan again; if it stays so, check the token's role with: scopelint"
                " doctor",
            )
        elif scope.push:
            scan = context.inventory.scan
            sure = own_push_counts(scan.version, scan.feature_flags)
            yield self.fail(
                "A job of this project may push to it with its job token, as the user who started it:"
                f" what runs in the pipeline may change what the next one runs.{'' if sure else _FLAG}",
                evidence=evidence,
                confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
                remediation='Clear "Allow Git push requests to the repository" (Settings > CI/CD > Job'
                " token permissions); if a job must push, protect the branches it must not touch.",
            )
        else:
            yield PASS
