"""SL404: the places of the allowlist are running out."""

from collections.abc import Iterable

from pydantic import Field

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import GROUP_PLACES, PROJECT_PLACES, Fact
from scopelint.remedy import NoRemedy
from scopelint.rule import ProjectContext, ProjectRule, RuleOptions


class AllowlistNearlyFullOptions(RuleOptions):
    """How full an allowlist may be."""

    threshold: int = Field(
        default=90,
        ge=0,
        le=100,
        description="Percent of the places for projects, or of those for groups, that may be taken.",
    )


class AllowlistNearlyFull(ProjectRule):
    """Flags projects whose group or project entries take more than `threshold` percent.

    GitLab counts them apart: 200 places for projects and 200 for groups.
    """

    code = "SL404"
    name = "allowlist-nearly-full"
    title = "The allowlist is nearly full"
    requirement = "The allowlist has places left"
    severity = Severity.LOW
    by_own_scope = True
    tags = ("job-token", "allowlist", "limits")
    cwe = (1220,)
    owasp = ("CICD-SEC-5",)
    needs = frozenset({Fact.ENTRIES})
    Options = AllowlistNearlyFullOptions
    remedy = NoRemedy(
        "which entries could go is for their owners to say; scopelint suggest shows the unused"
    )

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield one fail that says which of the two kinds is running out."""
        scope = context.scope
        threshold: int = self.options.threshold
        groups = sum(1 for entry in scope.entries if entry.kind == "group")
        taken = {"project": len(scope.entries) - groups, "group": groups}
        places = {"project": PROJECT_PLACES, "group": GROUP_PLACES}
        full = [kind for kind in taken if 100 * taken[kind] > threshold * places[kind]]
        if not full:
            yield PASS
            return
        numbers = " and ".join(f"{taken[kind]} of {places[kind]} {kind} entries" for kind in full)
        yield self.fail(
            f"The allowlist holds {numbers}, more than {threshold} %; once it is full, GitLab refuses"
            " every further one.",
            evidence={
                "project_entries": taken["project"],
                "project_places": PROJECT_PLACES,
                "group_entries": taken["group"],
                "group_places": GROUP_PLACES,
                "threshold": threshold,
            },
            remediation="Remove what is not used any more (SL401, SL402, SL403 and SL701 name it)"
            " before a full list tempts somebody to allow a whole group.",
        )
