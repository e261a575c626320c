"""Random inventories with logs, in memory, and what becomes of them by a plan."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from scopelint import engine
from scopelint.finding import Finding, Outcome
from scopelint.model import Project, TokenUse
from scopelint.registry import find_rules
from scopelint.remedy import Remedy
from scopelint.repair.actions import scope_after
from scopelint.repair.plan_file import Plan
from scopelint.report import Report
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import Judging
from tests.access import strategies as random
from tests.access.kit import WHEN, Memory

versions = st.sampled_from(random.VERSIONS)
AGES = (1, 40, 100, 400)
"""Days before the observation at which a token was used last."""


class WithLog(Memory):
    """An inventory in memory whose log tells its age."""

    def oldest_use(self) -> Iterator[datetime]:
        scopes = (project.scope for project in self._projects if project.scope)
        times = [use.last_used_at for scope in scopes for use in scope.uses or ()]
        return iter([min(times)] if times else [])


def observed(projects: Iterable[Project], version: tuple[int, int]) -> Inventory:
    """Return these projects as an inventory."""
    return Inventory(WithLog(projects, version))


@st.composite
def logs(draw: st.DrawFn, project: Project) -> tuple[TokenUse, ...]:
    """A project's log: each other origin once, when last."""
    others = [path for path in random.PLACES if path != project.path]
    origins = draw(st.sets(st.sampled_from(others), max_size=4))
    return tuple(
        TokenUse(random.IDS[path], path, WHEN - timedelta(days=draw(st.sampled_from(AGES))))
        for path in sorted(origins)
    )


@st.composite
def logged(draw: st.DrawFn) -> list[Project]:
    """Projects of which every fact is known, the age of entries and the log included."""
    found = []
    for project in draw(random.inventories(known=True)):
        scope = project.scope
        assert scope is not None
        entries = tuple(
            replace(entry, created_at=WHEN - timedelta(days=draw(st.sampled_from(AGES))))
            for entry in scope.entries
        )
        scope = replace(scope, entries=entries, uses=draw(st.none() | logs(project)))
        found.append(replace(project, scope=scope))
    return found


def judging() -> Judging:
    """Every built-in rule, strict ones too."""
    rules = [found.cls() for found in find_rules().values()]
    return Judging(rules, engine.Settings(today=datetime(2026, 8, 1, tzinfo=UTC).date()))


def judged(inventory: Inventory) -> Report:
    """Run every built-in rule, strict ones too."""
    used = judging()
    return engine.run(inventory, used.rules, used.settings)


def remedies() -> dict[str, Remedy]:
    """Return what every installed rule declares as its remedy, by code."""
    return {code: found.cls.remedy for code, found in find_rules().items()}


def done(projects: Iterable[Project], plan: Plan) -> list[Project]:
    """Return the projects once the plan is done."""
    actions = {part.id: part.actions for part in plan.projects}
    return [
        replace(
            project, scope=scope_after(project.scope, actions.get(project.id, ()), enforced=False)
        )
        if project.scope
        else project
        for project in projects
    ]


def fails(findings: Iterable[Finding]) -> set[str]:
    """Return the fingerprints of all fails."""
    return {finding.fingerprint for finding in findings if finding.verdict is Outcome.FAIL}
