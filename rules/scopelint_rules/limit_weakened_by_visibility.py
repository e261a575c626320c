"""SL104: the limit is on, but the project's visibility leaves parts of it open."""

from collections.abc import Iterable, Mapping
from typing import Any

from scopelint.access.open_parts import open_parts
from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact
from scopelint.rule import ProjectContext, ProjectRule


class LimitWeakenedByVisibility(ProjectRule):
    """Flags public and internal projects whose features answer any job token despite the limit.

    Where the limit is off there is nothing to weaken; that is SL101's.
    """

    code = "SL104"
    name = "limit-weakened-by-visibility"
    title = "Visibility leaves parts open although the limit is on"
    severity = Severity.LOW
    strict = True
    tags = ("job-token", "inbound", "visibility")
    cwe = (668,)
    owasp = ("CICD-SEC-5",)
    help_uri = (
        "https://docs.gitlab.com/ci/jobs/ci_job_token/"
        "#limit-job-token-scope-for-public-or-internal-projects"
    )
    needs = frozenset({Fact.VISIBILITY, Fact.ACCESS_LEVELS})

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail that names the open features, unknown where a needed fact was not read."""
        project, scope = context.project, context.scope
        if scope.inbound_effective is False:
            return
        if project.visibility == "private":
            yield PASS
            return
        if project.visibility is None:
            yield self._not_read("The project's visibility", {"visibility": None})
            return
        parts = open_parts(project, private=False)
        evidence = {
            "visibility": project.visibility,
            "open": [part.name for part in parts.open],
            "not_read": [part.name for part in parts.unread],
        }
        if not parts.open and not parts.unread:
            yield PASS
        elif scope.inbound_effective is None:
            yield self._not_read("Whether the inbound limit is on", evidence)
        elif not parts.open:
            what = (
                "The visibility of every feature"
                if project.access_levels is None
                else (f"The visibility of {', '.join(part.name for part in parts.unread)}")
            )
            yield self._not_read(what, evidence)
        else:
            yield self.fail(
                f"The limit is on, but the project is {project.visibility}, so any job token may"
                f" still read: {'; '.join(part.words for part in parts.open)}.",
                evidence=evidence,
                remediation='Set these features to "Only Project Members" (Settings > General >'
                " Visibility, project features, permissions), or make the project private; if it is"
                " meant to be read by all, waive this with that reason.",
            )

    def _not_read(self, what: str, evidence: Mapping[str, Any]) -> Verdict:
        return self.unknown(
            f"{what} could not be read, so what stays open to any job token is not known.",
            evidence=evidence,
            remediation="Scan again; if it stays so, check the token's role with: scopelint doctor",
        )
