"""SL901: a project's job token scope could not be read."""

from collections.abc import Iterable

from scopelint.finding import Severity, Verdict
from scopelint.model import Reason
from scopelint.remedy import NoRemedy
from scopelint.rule import UnreadableContext, UnreadableProjectRule

_WHY = {
    Reason.FORBIDDEN: "GitLab refused it: the token has less than Maintainer on this project",
    Reason.NOT_FOUND: "GitLab says it is not there: it was removed, or the token cannot see it",
    Reason.TIMED_OUT: "GitLab did not answer in time",
    Reason.ERROR: "GitLab answered with an error",
    Reason.REDACTED: "GitLab left it out of its answer",
    Reason.CAPPED: "GitLab shows no more than its own limit",
    Reason.NOT_VISIBLE: "the token cannot see it",
    Reason.UNAVAILABLE: "this way of reading does not show it",
}
_ROLE = "Give the token's user Maintainer on the group that holds the project, then scan again."
_AGAIN = "Scan again; if GitLab keeps timing out, with a smaller --page-size."
_ROLE_REASONS = {Reason.FORBIDDEN, Reason.NOT_FOUND, Reason.REDACTED, Reason.NOT_VISIBLE}


class ScopeUnreadable(UnreadableProjectRule):
    """Says once for each project that nothing could be judged there, and why.

    Its evidence names the selected rules that could not judge the project.
    """

    code = "SL901"
    name = "scope-unreadable"
    title = "The job token scope could not be read"
    requirement = "The job token scope could be read"
    severity = Severity.UNKNOWN
    by_own_scope = True
    tags = ("job-token", "coverage")
    cwe = (223,)
    owasp = ("CICD-SEC-10",)
    help_uri = "https://docs.gitlab.com/api/project_job_token_scopes/"
    remedy = NoRemedy("what could not be read is to be read again")

    def judge(self, context: UnreadableContext) -> Iterable[Verdict]:
        """Yield the project's one unknown."""
        project = context.project
        reason = project.gap.reason if project.gap else Reason.ERROR
        evidence: dict[str, object] = {"reason": reason.value}
        if project.gap and project.gap.detail:
            evidence["detail"] = project.gap.detail
        if project.access_level is not None:
            evidence["access_level"] = project.access_level
        evidence["rules"] = [
            code
            for code in self.policy.selected
            if code != self.code and code not in self.policy.of_instance
        ]
        yield self.unknown(
            f"The job token scope could not be read, so nothing was judged here: {_WHY[reason]}.",
            evidence=evidence,
            remediation=_ROLE if reason in _ROLE_REASONS else _AGAIN,
        )
