"""SL302: an entry's group holds more projects than one entry may let in."""

from pydantic import Field

from scopelint.finding import PASS, Severity, Verdict
from scopelint.paths import entry_evidence, inside_path
from scopelint.remedy import RemoveEntry
from scopelint.rule import EntryContext, EntryRule, RuleOptions


class GroupEntryTooBroadOptions(RuleOptions):
    """How many projects one group entry may let in."""

    max_projects: int = Field(
        default=50,
        ge=1,
        description="The most projects that one group entry may let in, subgroups included.",
    )


class GroupEntryTooBroad(EntryRule):
    """Flags a group entry that covers more than `max_projects` projects, all counted.

    The project's own top-level group is SL301's, groups outside of it are SL304's.
    """

    code = "SL302"
    name = "group-entry-too-broad"
    title = "A group entry lets in too many projects"
    requirement = "No group entry lets in more projects than are allowed"
    severity = Severity.MEDIUM
    by_own_scope = True
    tags = ("job-token", "allowlist", "least-privilege", "broad")
    cwe = (1220,)
    owasp = ("CICD-SEC-5",)
    Options = GroupEntryTooBroadOptions
    remedy = RemoveEntry("its group is too broad")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail above the limit, unknown where a part of the group was not counted."""
        entry, project = context.entry, context.project
        path = inside_path(entry, project, "group")
        if path is None or path == project.top_level_path:
            return None
        count = context.inventory.project_count(entry)
        if count is None:
            return None
        limit: int = self.options.max_projects
        if count.most is not None and count.most <= limit:
            return PASS
        evidence = {"group": path, "max_projects": limit} | entry_evidence(entry, count)
        if count.number > limit:
            number = count.number if count.exact else f"at least {count.number}"
            return self.fail(
                f"The group entry {path} lets in {number} projects; {limit} are allowed.",
                evidence=evidence,
                remediation="Find who really comes in the authentication log, add those projects or"
                f" subgroups of {path}, then remove the group entry {path}.",
            )
        return self.unknown(
            f"At least {count.number} projects lie below the group {path}, but not all of them could"
            f" be counted, so whether they are more than {limit} is not known.",
            evidence=evidence,
            remediation="Make the scan complete (see SL902) and scan again.",
        )
