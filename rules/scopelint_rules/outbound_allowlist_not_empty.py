"""SL202: entries of the deprecated outbound allowlist are left over."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact, Scope
from scopelint.paths import is_self
from scopelint.remedy import RemoveOutboundEntries
from scopelint.rule import ProjectContext, ProjectRule
from scopelint.versions import OUTBOUND_REMOVED, outbound_counts

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


class OutboundAllowlistNotEmpty(ProjectRule):
    """Flags projects whose outbound allowlist still names other projects.

    Its findings have the key `outbound`: there is one a project, whatever the entries.
    """

    code = "SL202"
    name = "outbound-allowlist-not-empty"
    title = "Entries of the deprecated outbound allowlist are left over"
    requirement = "The deprecated outbound allowlist is empty"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "outbound", "deprecated")
    cwe = (459,)
    owasp = ("CICD-SEC-7",)
    help_uri = "https://docs.gitlab.com/update/deprecations/"
    needs = frozenset({Fact.OUTBOUND_ENTRIES})
    remedy = RemoveOutboundEntries()

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield one fail that names the leftover entries, less the project itself."""
        scope, inventory = context.scope, context.inventory
        if scope.outbound_entries is None:
            yield self.unknown(
                "The leftover entries of the outbound allowlist could not be read.",
                remediation="Scan again; if it stays so, check the token's role with: scopelint"
                " doctor",
                key="outbound",
            )
            return
        entries = [entry for entry in scope.outbound_entries if not is_self(entry, context.project)]
        if not entries:
            yield PASS
            return
        number = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
        yield self.fail(
            f"The deprecated outbound allowlist still holds {number}: {_effect(scope, inventory)}.",
            evidence={
                "outbound_enabled": scope.outbound,
                "gitlab_version": inventory.scan.gitlab_version,
                "entries": [
                    {"kind": entry.kind, "id": entry.target_id, "path": entry.target_path}
                    for entry in entries
                ],
            },
            remediation=_FIX_IN_FORCE if _in_force(scope, inventory) else _FIX,
            key="outbound",
        )


_FIX = (
    "Remove each entry with ciJobTokenScopeRemoveProject and direction OUTBOUND; nothing that"
    " works today depends on it."
)
_FIX_IN_FORCE = (
    "These entries are in force: this project's jobs need them to reach private projects. Restrict"
    " the projects they name, switch the outbound limit off (SL201), then remove the entries with"
    " ciJobTokenScopeRemoveProject and direction OUTBOUND."
)


def _in_force(scope: Scope, inventory: "Inventory") -> bool:
    """Tell whether GitLab may still act by the list: before 18.0, unless the limit is off."""
    return outbound_counts(inventory.scan.version) is not False and scope.outbound is not False


def _effect(scope: Scope, inventory: "Inventory") -> str:
    if outbound_counts(inventory.scan.version) is False:
        return f"GitLab ignores them since {OUTBOUND_REMOVED}"
    if scope.outbound:
        return "they say which private projects this project's jobs may reach"
    if scope.outbound is False:
        return "they have no effect while the outbound limit is off"
    return "they have an effect only while the outbound limit is on, which is not known here"
