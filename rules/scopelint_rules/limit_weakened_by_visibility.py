"""SL104: the limit is on, but the project's visibility leaves parts of it open."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact, Project
from scopelint.remedy import NoRemedy
from scopelint.rule import ProjectContext, ProjectRule

if TYPE_CHECKING:
    from scopelint.access import OpenParts


class LimitWeakenedByVisibility(ProjectRule):
    """Flags public and internal projects whose features answer any job token despite the limit.

    Where the limit is off there is nothing to weaken; that is SL101's.
    """

    code = "SL104"
    name = "limit-weakened-by-visibility"
    title = "Visibility leaves parts open although the limit is on"
    requirement = "No feature of the project answers any job token"
    severity = Severity.LOW
    by_own_scope = True
    strict = True
    tags = ("job-token", "inbound", "visibility")
    cwe = (668,)
    owasp = ("CICD-SEC-5",)
    help_uri = (
        "https://docs.gitlab.com/ci/jobs/ci_job_token/"
        "#limit-job-token-scope-for-public-or-internal-projects"
    )
    needs = frozenset({Fact.VISIBILITY, Fact.ACCESS_LEVELS})
    remedy = NoRemedy("the project's visibility and features are not for the token scope to change")

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail that names the open features, unknown where a needed fact was not read."""
        project, scope = context.project, context.scope
        if scope.inbound_effective is False:
            return
        if project.visibility == "private":
            # A scan over GraphQL reads no levels of private projects: neither a pass nor a finding.
            if project.access_levels is not None:
                yield self._private(project)
            return
        if project.visibility is None:
            yield self._not_read("The project's visibility", {"visibility": None})
            return
        # Imported here, for `rules` and `explain` start without it.
        from scopelint.access import open_parts

        parts = open_parts(project, private=False, version=context.inventory.scan.version)
        unsure = (*parts.unread, *parts.by_release)
        evidence = {
            "visibility": project.visibility,
            "open": [part.name for part in parts.open],
            "not_read": [part.name for part in unsure],
        }
        if not parts.open and not unsure:
            yield PASS
        elif scope.inbound_effective is None:
            yield self._not_read("Whether the inbound limit is on", evidence)
        elif not parts.open:
            yield self._not_read(_unread_words(context, parts), evidence)
        else:
            yield self.fail(
                f"The limit is on, but the project is {project.visibility}, so any job token may"
                f" still read: {'; '.join(part.words for part in parts.open)}.",
                evidence=evidence,
                remediation='Set these features to "Only Project Members" (Settings > General >'
                " Visibility, project features, permissions), or make the project private; if it is"
                " meant to be read by all, waive this with that reason.",
            )

    def _private(self, project: Project) -> Verdict:
        """Judge a private project: its registry alone can be open, and to everybody."""
        # Imported here, for `rules` and `explain` start without it.
        from scopelint.access import packages_without_token

        anybody = packages_without_token(project)
        evidence = {"visibility": "private", "packages_without_token": anybody}
        if anybody is None:
            return self._not_read("Who may pull from the package registry", evidence)
        if not anybody:
            return PASS
        return self.fail(
            "The limit is on and the project is private, but anybody may pull its packages without"
            " any token.",
            evidence=evidence,
            remediation='Clear "Allow anyone to pull from package registry" (Settings > General >'
            " Visibility, project features, permissions); if these packages are meant for all,"
            " waive this with that reason.",
        )

    def _not_read(self, what: str, evidence: Mapping[str, Any]) -> Verdict:
        return self.unknown(
            f"{what} is not known, so what stays open to any job token is not known.",
            evidence=evidence,
            remediation="Scan again; if it stays so, check the token's role with: scopelint doctor",
        )


def _unread_words(context: ProjectContext, parts: "OpenParts") -> str:
    """Say what is not known: levels of features, or what the release leaves open."""
    if context.project.access_levels is None:
        return "The visibility of every feature"
    if parts.unread:
        return f"The visibility of {', '.join(part.name for part in parts.unread)}"
    names = ", ".join(part.name for part in parts.by_release)
    release = ".".join(map(str, context.inventory.scan.version))
    return f"Whether GitLab {release} leaves {names} open"
