"""SL310: an allowed project runs its forks' pipelines as its own."""

from bisect import bisect_left
from typing import TYPE_CHECKING

from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import Fact
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import NoRemedy
from scopelint.rule import EntryContext, EntryRule

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

SHOWN = 10
"""Projects of a group that the evidence lists at most."""


class ForksRunInAllowedProject(EntryRule):
    """Flags entries that let in a project in which pipelines of forks' merge requests may run.

    Such a pipeline has the code of the fork and a job token of the allowed project.
    """

    code = "SL310"
    name = "forks-run-in-allowed-project"
    title = "An allowed project runs its forks' pipelines"
    requirement = "No allowed project runs its forks' pipelines as its own"
    severity = Severity.MEDIUM
    by_own_scope = True
    strict = True
    tags = ("job-token", "allowlist", "forks")
    cwe = (829,)
    owasp = ("CICD-SEC-4", "CICD-SEC-5")
    needs = frozenset({Fact.ENTRIES, Fact.FORK_PIPELINES})
    remedy = NoRemedy("it is a setting of the allowed project, not of this one's token scope")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Return a fail where one is known, unknown where one may be; None for what is not visible."""
        entry, inventory, path = context.entry, context.inventory, context.entry.target_path
        target = inventory.target(entry)
        if path is None or target is None or is_self(entry, context.project):
            return None
        if entry.kind == "project":
            running = [path] if target.fork_pipelines and not target.archived else []
            unread = target.fork_pipelines is None and target.archived is not True
        else:
            running, unread = inventory.derived(_Forks).below(path)
            running = [each for each in running if each != context.project.path]
            count = inventory.project_count(entry)
            unread = unread or count is None or not count.exact or not inventory.in_read_tree(path)
        evidence = {entry.kind: path, "running": running[:SHOWN]} | entry_evidence(
            entry, inventory.project_count(entry) if entry.kind == "group" else None
        )
        if running:
            who = path if entry.kind == "project" else _named(path, running)
            return self.fail(
                f"{who} may run pipelines of merge requests from forks: code of a fork then acts here"
                " with the job token of an allowed project.",
                evidence=evidence,
                remediation='Clear "Run pipelines in the parent project for merge requests from forks"'
                f" in {running[0]} (API: ci_allow_fork_pipelines_to_run_in_parent_project), or give"
                " the entry only the permissions that its jobs use.",
            )
        if unread:
            return self.unknown(
                f"Whether pipelines of forks may run in what the {entry.kind} entry {path} lets in is"
                " not known: the setting was not read of every project.",
                evidence=evidence,
                remediation="Scan with a token that is Maintainer there; only Maintainers see it.",
            )
        return PASS


class _Forks:
    """The paths of the projects of the tree that run forks' pipelines, and of those not known."""

    def __init__(self, inventory: "Inventory") -> None:
        known: dict[str, bool | None] = dict.fromkeys(inventory.project_paths)
        for project in inventory.projects():
            known[project.path] = False if project.archived else project.fork_pipelines
        self._running = sorted(path for path, runs in known.items() if runs)
        self._unread = sorted(path for path, runs in known.items() if runs is None)

    def below(self, group: str) -> tuple[list[str], bool]:
        """Return those below a group that do, and whether of others it is not known."""
        start, end = _range(self._unread, group)
        first, last = _range(self._running, group)
        return self._running[first:last], start < end


def _range(paths: list[str], group: str) -> tuple[int, int]:
    # "0" follows "/" in the order of characters, so this is everything below the group.
    return bisect_left(paths, f"{group}/"), bisect_left(paths, f"{group}0")


def _named(path: str, running: list[str]) -> str:
    more = f" and {len(running) - 1} more" if len(running) > 1 else ""
    return f"Below the group {path}, {running[0]}{more}"
