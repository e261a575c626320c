"""SL602: jobs of other projects may push to this one with a job token."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scopelint.finding import PASS, Confidence, Severity, Verdict
from scopelint.model import AllowlistEntry, Fact, ProjectCount, Scope
from scopelint.paths import is_self
from scopelint.remedy import SwitchSetting
from scopelint.rule import ProjectContext, ProjectRule
from scopelint.versions import CROSS_PROJECT_PUSH, cross_project_push_counts

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

_FLAG = f" In GitLab {CROSS_PROJECT_PUSH} only where a feature flag is on, which is not known."
SHOWN = 20
"""Entries that the message's evidence lists at most."""


class CrossProjectPushAllowed(ProjectRule):
    """Flags projects that other projects' jobs can push to.

    That takes both push settings, the limit in force, and an entry with default permissions or
    `ADMIN_REPOSITORIES`. Where the limit is off, GitLab refuses pushes from outside.
    """

    code = "SL602"
    name = "cross-project-push-allowed"
    title = "Jobs of other projects may push to this one"
    requirement = "Jobs of other projects may not push to this one"
    severity = Severity.HIGH
    by_own_scope = True
    tags = ("job-token", "push", "settings", "allowlist")
    cwe = (250, 732)
    owasp = ("CICD-SEC-1", "CICD-SEC-4", "CICD-SEC-5")
    help_uri = (
        "https://docs.gitlab.com/ci/jobs/ci_job_token/"
        "#allow-cross-project-git-push-requests-from-allowlisted-projects"
    )
    remedy = SwitchSetting(
        "cross-project-push",
        False,
        "jobs of other projects may push",
        unsafe="jobs of other projects that push here fail once it is off, and no log shows them",
    )

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say which of the two settings this way of reading does not show."""
        reasons = inventory.scan.unavailable
        return (
            super().not_judged(inventory) or reasons.get(Fact.CROSS_PUSH) or reasons.get(Fact.PUSH)
        )

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Yield a fail that names every entry which may push."""
        scope = context.scope
        if scope.push is False or scope.cross_project_push is False:
            yield PASS
            return
        if scope.inbound_effective is False:
            return
        others = [
            entry
            for entry in scope.entries
            if entry.target_id is not None and not is_self(entry, context.project)
        ]
        pushing = [entry for entry in others if _may_push(entry)]
        doubtful = [entry for entry in others if _may_push(entry) is None]
        lost = [what for what, missing in _missing(scope, doubtful) if missing]
        if not pushing and not doubtful and Fact.ENTRIES not in scope.missing:
            yield PASS
            return
        evidence = {
            "push": scope.push,
            "cross_project_push": scope.cross_project_push,
            "inbound_effective": scope.inbound_effective,
            "entries_that_may_push": len(pushing),
            "entries": [_shown(entry, context.inventory) for entry in pushing[:SHOWN]],
        }
        if not pushing or {"push", "limit"} & set(lost):
            yield self.unknown(
                "Whether jobs of other projects may push to this one is not known: what could not be"
                f" read is {', '.join(_WORDS[what] for what in lost)}.",
                evidence=evidence,
                remediation="Scan again through GraphQL, with Maintainer on the project.",
            )
            return
        default = [entry for entry in pushing if entry.default_permissions]
        scan = context.inventory.scan
        sure = cross_project_push_counts(scan.version, scan.feature_flags) is not None
        names = ", ".join(str(entry.target_path) for entry in pushing[:3])
        more = f" and {len(pushing) - 3} more" if len(pushing) > 3 else ""
        yield self.fail(
            f"Jobs of {names}{more} may push to this project, as the user who started them"
            f" ({len(default)} of {len(pushing)} entries by default permissions).{'' if sure else _FLAG}",
            evidence=evidence,
            confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
            remediation='Clear "Allow cross-project Git push requests from allowlisted projects"; if one'
            " project must push, give that entry ADMIN_REPOSITORIES and every other one fine-grained"
            " permissions without it.",
            reach=_reach(pushing, context.inventory, whole=not lost),
        )


_WORDS = {
    "push": "a push setting",
    "limit": "whether the limit is on",
    "entries": "a part of the allowlist",
    "permissions": "the permissions of entries",
}


def _missing(scope: Scope, doubtful: list[AllowlistEntry]) -> list[tuple[str, bool]]:
    return [
        ("push", scope.push is None or scope.cross_project_push is None),
        ("limit", scope.inbound_effective is None),
        ("entries", Fact.ENTRIES in scope.missing),
        ("permissions", bool(doubtful)),
    ]


def _may_push(entry: AllowlistEntry) -> bool | None:
    if entry.default_permissions is None:
        return None
    if entry.default_permissions:
        return True
    return None if entry.policies is None else "ADMIN_REPOSITORIES" in entry.policies


def _reach(entries: list[AllowlistEntry], inventory: "Inventory", *, whole: bool) -> ProjectCount:
    """Return how many projects may push, each entry counted for itself."""
    one = ProjectCount(1, exact=True)
    counts = [inventory.project_count(entry) if entry.kind == "group" else one for entry in entries]
    most = [count.most if count else None for count in counts]
    return ProjectCount(
        sum(count.number for count in counts if count),
        exact=whole and all(count is not None and count.exact for count in counts),
        bound=sum(filter(None, most)) if whole and None not in most else None,
    )


def _shown(entry: AllowlistEntry, inventory: "Inventory") -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": entry.kind,
        "id": entry.target_id,
        "path": entry.target_path,
        "by": "default permissions" if entry.default_permissions else "ADMIN_REPOSITORIES",
    }
    count = inventory.project_count(entry) if entry.kind == "group" else None
    if count is not None:
        shown |= {"projects": count.number, "projects_exact": count.exact}
    return shown
