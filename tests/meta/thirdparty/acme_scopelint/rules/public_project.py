"""ACME001: Acme keeps all its projects private."""

from collections.abc import Iterable

from scopelint.finding import PASS, Severity, Verdict
from scopelint.rule import ProjectContext, ProjectRule


class PublicProject(ProjectRule):
    """A project that everybody can see."""

    code = "ACME001"
    name = "public-project"
    title = "The project is public"
    requirement = "The project is private or internal"
    severity = Severity.CRITICAL
    since = "1.0.0"
    help_uri = "https://acme.example.com/rules/public-project"

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Fail a public project."""
        if context.project.visibility == "public":
            yield self.fail("Acme keeps its projects private; this one is public.")
        else:
            yield PASS
