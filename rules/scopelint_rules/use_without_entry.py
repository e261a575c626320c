"""SL702: an open project is used by origins that no entry covers."""

from collections.abc import Iterable
from datetime import UTC
from typing import TYPE_CHECKING

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact, Scope
from scopelint.remedy import RestrictProject
from scopelint.rule import ProjectContext, ProjectRule
from scopelint.uses.log import uses_through
from scopelint.uses.unused import known_uses

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

SHOWN = 20
"""Origins that the evidence lists at most, the latest use first."""


class UseWithoutEntry(ProjectRule):
    """Names the origins whose jobs break the day the limit of an open project goes on."""

    code = "SL702"
    name = "use-without-entry"
    title = "Used by projects that no entry covers"
    requirement = "Every origin that uses the project is covered by an entry"
    severity = Severity.INFO
    by_own_scope = True
    tags = ("job-token", "usage", "inbound")
    cwe = (732,)
    owasp = ("CICD-SEC-5",)
    help_uri = "https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-authentication-log"
    remedy = RestrictProject(alone=False)

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say why the log is not there, if it was read of no project."""
        return super().not_judged(inventory) or inventory.scan.unavailable.get(Fact.LOG)

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield one fail for an open project; nothing for a restricted one."""
        scope = context.scope
        if scope.inbound_effective:
            return
        uses, covered = known_uses(scope), {context.project.id}
        for entry in scope.entries:
            covered.update(use.origin_id for use in uses_through(entry, uses))
        found = [use for use in uses if use.origin_id not in covered]
        found.sort(key=lambda use: (use.last_used_at, use.origin_id), reverse=True)
        lost = [words for words, missing in _missing(scope, found=bool(found)) if missing]
        evidence = {
            "origins": len(found),
            "log_complete": scope.uses is not None and Fact.LOG not in scope.missing,
            "uses": [
                {
                    "id": use.origin_id,
                    "path": use.origin_path,
                    "last_used_at": use.last_used_at.astimezone(UTC).isoformat(),
                }
                for use in found[:SHOWN]
            ],
        }
        if lost:
            yield self.unknown(
                "Which origins would break if the limit went on is not known: what could not be read is"
                f" {', '.join(lost)}.",
                evidence=evidence,
                remediation="Scan again with --usage, with Maintainer on the project.",
            )
        elif not found:
            yield PASS
        else:
            names = ", ".join(use.origin_path for use in found[:3])
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            yield self.fail(
                f"This project is open and used by {names}{more}, which no entry covers: their jobs"
                " break the day the limit goes on.",
                evidence=evidence,
                remediation=f"Before you switch the limit on (SL101), allow {names}{more}, or find out"
                " why they come.",
            )


def _missing(scope: Scope, *, found: bool) -> list[tuple[str, bool]]:
    """Name what keeps the rule from answering; what was found stands if only the rest is lost."""
    return [
        ("the authentication log", scope.uses is None),
        ("the rest of the authentication log", _capped(scope) and not found),
        ("a part of the allowlist", Fact.ENTRIES in scope.missing and found),
        ("whether the limit is on", scope.inbound_effective is None and found),
    ]


def _capped(scope: Scope) -> bool:
    return scope.uses is not None and Fact.LOG in scope.missing
