"""SL406: a group entry was made by GitLab's auto-population, not by a decision."""

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact
from scopelint.paths import entry_evidence, is_inside
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule
from scopelint.uses.log import narrower
from scopelint.uses.unused import known_uses_of


class AutopopulatedGroupEntry(EntryRule):
    """Flags group entries that GitLab made from the log by merging projects into their groups.

    The whole top-level group is SL301's, groups outside that are not trusted are SL304's.
    """

    code = "SL406"
    name = "autopopulated-group-entry"
    title = "A group entry was made by auto-population"
    requirement = "No group entry was made by auto-population"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "allowlist", "least-privilege", "broad")
    cwe = (1220,)
    owasp = ("CICD-SEC-5",)
    needs = frozenset({Fact.ENTRIES, Fact.PERMISSIONS})
    remedy = RemoveEntry("it was added by GitLab's auto-population")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail for such an entry, unless a graver rule speaks of it."""
        entry, project, scope = context.entry, context.project, context.scope
        path = entry.target_path
        if entry.kind != "group" or path is None or path == project.top_level_path:
            return None
        if not is_inside(path, project.top_level_path) and not self.policy.trusted.matches(path):
            return None
        if entry.autopopulated is None:
            return self.unknown(
                f"Whether auto-population made the group entry {path} could not be read.",
                evidence={"group": path},
                remediation="Scan through GraphQL, which shows how an entry was made.",
            )
        if not entry.autopopulated:
            return PASS
        evidence = {"group": path} | entry_evidence(entry, context.inventory.project_count(entry))
        instead = "the projects that the authentication log shows"
        if scope.uses is not None and Fact.LOG not in scope.missing:
            used = [use.origin_path for use in known_uses_of(entry, scope)]
            evidence |= {"used_by": len(used), "instead": narrower(path, used)[:10]}
            instead = ", ".join(narrower(path, used)[:10]) or instead
        return self.fail(
            f"Auto-population made the group entry {path} by merging single projects into their"
            " group; nobody chose to let in all of it.",
            evidence=evidence,
            remediation=f"Allow {instead}, then remove the group entry {path}; if the whole group is"
            " meant, remove it and add it again by hand.",
        )
