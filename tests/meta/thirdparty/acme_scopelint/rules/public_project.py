"""ACME001: Acme keeps all its projects private."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Project, Scope
from scopelint.rule import ProjectRule

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


class PublicProject(ProjectRule):
    """A project that everybody can see."""

    code = "ACME001"
    name = "public-project"
    title = "The project is public"
    severity = Severity.CRITICAL
    since = "1.0.0"
    help_uri = "https://acme.example.com/rules/public-project"

    def judge(self, project: Project, scope: Scope, inventory: "Inventory") -> Iterable[Verdict]:
        """Fail a public project."""
        if project.visibility == "public":
            yield self.fail("Acme keeps its projects private; this one is public.")
        else:
            yield PASS
