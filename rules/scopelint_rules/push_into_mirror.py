"""SL603: a project that mirrors another repository takes pushes by job token."""

from collections.abc import Iterable

from scopelint.finding import PASS, Confidence, Severity, Verdict
from scopelint.model import Fact
from scopelint.remedy import SwitchSetting
from scopelint.rule import ProjectContext, ProjectRule
from scopelint.versions import own_push_counts


class PushIntoMirror(ProjectRule):
    """Flags pull mirrors that accept Git pushes made with a job token.

    Cross-project pushes take the setting for own pushes too, so that one decides.
    """

    code = "SL603"
    name = "push-into-mirror"
    title = "A mirror takes pushes by job token"
    requirement = "A project that mirrors another repository takes no pushes by job token"
    severity = Severity.HIGH
    by_own_scope = True
    tags = ("job-token", "push", "settings", "mirror")
    cwe = (250, 345)
    owasp = ("CICD-SEC-1", "CICD-SEC-4")
    help_uri = (
        "https://docs.gitlab.com/ci/jobs/ci_job_token/"
        "#allow-git-push-requests-to-your-project-repository"
    )
    needs = frozenset({Fact.PUSH, Fact.MIRROR})
    remedy = SwitchSetting(
        "push",
        False,
        "jobs may push into a mirror",
        unsafe="jobs that push (releases, generated files) fail once it is off, and no log shows them",
    )

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail where both are on, unknown where one is not known and the other not off."""
        project, scope, scan = context.project, context.scope, context.inventory.scan
        if scope.push is False or project.mirror is False:
            yield PASS
            return
        evidence = {
            "mirror": project.mirror,
            "mirror_trigger_builds": project.mirror_trigger_builds,
            "push": scope.push,
            "cross_project_push": scope.cross_project_push,
        }
        if scope.push is None or project.mirror is None:
            lost = [
                what
                for what, value in (
                    ("whether it mirrors another repository", project.mirror),
                    ("whether it takes pushes by job token", scope.push),
                )
                if value is None
            ]
            yield self.unknown(
                f"Whether this project is a mirror that takes pushes is not known: {' and '.join(lost)}"
                " could not be read.",
                evidence=evidence,
                remediation="Scan again; if it stays so, check the token's role with: scopelint"
                " doctor",
            )
            return
        who = (
            "its own jobs and those of allowlisted projects"
            if scope.cross_project_push
            else "its own jobs"
        )
        starts = (
            " Each update of the mirror starts pipelines." if project.mirror_trigger_builds else ""
        )
        sure = own_push_counts(scan.version, scan.feature_flags)
        yield self.fail(
            f"This project mirrors another repository, and {who} may push to it with a job token:"
            f" code that is in neither review enters here, or is overwritten.{starts}",
            evidence=evidence,
            confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
            remediation='Clear "Allow Git push requests to the repository" (Settings > CI/CD > Job'
            " token permissions), or stop mirroring; push to the upstream repository instead.",
        )
