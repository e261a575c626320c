"""What every plan keeps, on random inventories, by GitLab's decision and the rules."""

from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scopelint.access import Answer, decide
from scopelint.finding import Outcome
from scopelint.model import GROUP_PLACES, PROJECT_PLACES, Project
from scopelint.repair.allowlist import AllowlistOptions
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan, ScopeState
from scopelint.repair.planning import ORDER
from scopelint.repair.suggest import suggest
from tests.access.strategies import IDS, POLICIES
from tests.examples import examples
from tests.repair.inventories import done, fails, judged, logged, observed, remedies, versions

pytestmark = pytest.mark.slow

Version = tuple[int, int]
quick = settings(
    max_examples=examples(25), deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
"""Examples are small by themselves; to shrink one takes minutes."""
WANTED: Final = ((), *((policy,) for policy in POLICIES), ("READ_TERRAFORM_STATE",))
allowlist_options = st.builds(
    AllowlistOptions,
    allow_groups=st.booleans(),
    min_share=st.sampled_from([1, 50, 80]),
    min_log_days=st.sampled_from([0, 0, 50]),
)


def granted(origins: list[Project], target: Project, version: Version) -> set[tuple[object, ...]]:
    """All that is granted on a target, whichever way a switch of GitLab's stands."""
    return {
        (origin.id, want, assume)
        for origin in origins
        for want in WANTED
        for assume in (True, False)
        if decide(origin, target, want, version=version, assume_fine_grained=assume).answer
        is Answer.GRANTED
    }


def differences(
    before: list[Project], after: list[Project], version: Version
) -> Iterator[tuple[Project, set[object], set[object]]]:
    """Yield each target with the origins that gain and those that lose."""
    known = {project.id: project for project in before}
    others = [known.get(number, Project(number, path)) for path, number in IDS.items()]
    others += [Project(5000, "a/b/new"), Project(5001, "elsewhere/new")]
    for old, new in zip(before, after, strict=True):
        was, will = granted(others, old, version), granted(others, new, version)
        yield old, {each[0] for each in will - was}, {each[0] for each in was - will}


def in_order(plan: Plan) -> bool:
    """Whether each project's actions are in the order that takes nothing on the way."""
    places = [[ORDER.index(action.operation) for action in part.actions] for part in plan.projects]
    return all(place == sorted(place) for place in places)


def check_harmless(before: list[Project], plan: Plan, version: Version) -> list[Project]:
    """Nobody gains, no logged origin and no project itself loses; return what becomes of them."""
    after = done(before, plan)
    for project, gained, lost in differences(before, after, version):
        assert not gained, project.path
        assert project.scope is not None
        assert not lost & {use.origin_id for use in project.scope.uses or ()}, project.path
    assert in_order(plan)
    for project in after:
        assert project.scope is not None
        assert sum(e.kind == "project" for e in project.scope.entries) <= PROJECT_PLACES
        assert sum(e.kind == "group" for e in project.scope.entries) <= GROUP_PLACES
    return after


@quick
@given(logged(), versions)
def test_a_safe_plan_of_findings(before: list[Project], version: Version) -> None:
    inventory = observed(before, version)
    findings = judged(inventory).findings
    plan = plan_from_findings(inventory, findings, remedies())
    after = check_harmless(before, plan, version)
    named = {f for part in plan.projects for action in part.actions for f in action.findings}
    assert named <= fails(findings)
    assert not named & fails(judged(observed(after, version)).findings)
    assert all(action.safe for part in plan.projects for action in part.actions)
    mentioned = {part.id for part in plan.projects} | {left.id for left in plan.skipped}
    mentioned |= {left.id for left in plan.left}
    assert {f.project.id for f in findings if f.project and f.verdict is Outcome.FAIL} <= mentioned


@quick
@given(logged(), versions)
def test_an_unsafe_plan_of_findings_widens_nothing_inbound(
    before: list[Project], version: Version
) -> None:
    inventory = observed(before, version)
    findings = judged(inventory).findings
    plan = plan_from_findings(inventory, findings, remedies(), unsafe=True)
    after = done(before, plan)
    named = {f for part in plan.projects for action in part.actions for f in action.findings}
    assert not named & fails(judged(observed(after, version)).findings)
    if version >= (18, 0):
        assert not [p.path for p, gained, _ in differences(before, after, version) if gained]
    assert in_order(plan)


@quick
@given(logged(), versions, allowlist_options)
def test_a_suggestion(before: list[Project], version: Version, options: AllowlistOptions) -> None:
    inventory = observed(before, version)
    plan = suggest(inventory, options)
    after = check_harmless(before, plan, version)
    left = {each.id for each in plan.skipped}
    for old, new in zip(before, after, strict=True):
        assert old.scope is not None
        assert new.scope is not None
        if (
            old.scope.uses is not None
            and not old.scope.inbound_effective
            and not options.min_log_days
        ):
            assert new.scope.inbound_effective
        elif not old.scope.inbound_effective:
            assert new.scope.inbound_effective or old.id in left
    named = {f for part in plan.projects for action in part.actions for f in action.findings}
    assert not named & fails(judged(observed(after, version)).findings)


@quick
@given(logged(), versions)
def test_suggestions_come_to_an_end(before: list[Project], version: Version) -> None:
    """With the first, or with one more for what only the first has made unused."""
    once = done(before, suggest(observed(before, version)))
    twice = done(once, suggest(observed(once, version)))
    assert suggest(observed(twice, version)).projects == ()


@quick
@given(logged(), versions)
def test_plans_say_for_which_state_they_are(before: list[Project], version: Version) -> None:
    inventory = observed(before, version)
    states = {each.id: ScopeState.of(each.scope) for each in before if each.scope}
    for plan in (
        suggest(inventory),
        plan_from_findings(inventory, judged(inventory).findings, remedies()),
    ):
        assert Plan.model_validate_json(plan.text()) == plan
        assert all(part.digest == states[part.id].digest for part in plan.projects)
        own = {f"project:{part.id}": part for part in plan.projects}
        touched = [(a.entry.key, p.id) for p in plan.projects for a in p.actions if a.entry]
        assert not [key for key, number in touched if key in own and own[key].id == number]
