"""What a plan brings and fixes is told before it is done, and what harms is asked for."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scopelint.finding import Outcome, Severity
from scopelint.model import Project
from scopelint.policy import read_gitlabform
from scopelint.repair.from_declared import plan_to_declared
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan
from scopelint.repair.safety import Assumptions
from scopelint.repair.suggest import suggest
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import judged_plan
from tests.examples import examples
from tests.repair.inventories import (
    WithLog,
    done,
    fails,
    judged,
    judging,
    logged,
    remedies,
    versions,
)
from tests.repair.test_plan_properties import check_harmless
from tests.wanted.strategies import policies

pytestmark = pytest.mark.slow

quick = settings(
    max_examples=examples(25), deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)


def made(source: WithLog, kind: str, policy: str) -> Plan:
    inventory = Inventory(source)
    if kind == "suggest":
        return suggest(inventory)
    if kind == "declared":
        return plan_to_declared(inventory, read_gitlabform(policy, "policy.yml"))
    findings = judged(inventory).findings
    return plan_from_findings(inventory, findings, remedies(), unsafe=kind == "unsafe")


@quick
@given(
    logged(),
    versions,
    st.sampled_from(["suggest", "declared", "declared", "safe", "unsafe"]),
    policies(),
    st.sampled_from([Severity.MEDIUM, Severity.MEDIUM, Severity.LOW, Severity.INFO]),
)
def test_a_plan_that_is_not_unsafe_brings_nothing_that_gates(
    before: list[Project], version: tuple[int, int], kind: str, policy: str, gate: Severity
) -> None:
    source = WithLog(before, version)
    inventory = Inventory(source)
    options = (source, inventory), judging(), Assumptions(version)
    plan = made(source, kind, policy)
    plan = judged_plan(plan, *options, fail_on=gate, unsafe=False)
    assert all(action.safe for part in plan.projects for action in part.actions)
    check_harmless(before, plan, version)
    assert plan.findings is not None
    was, will = judged(inventory), judged(Inventory(WithLog(done(before, plan), version)))
    new = fails(will.findings) - fails(was.findings)
    # An entry has an age in the file that it is not given in memory: rules of use may say more.
    assert {each.fingerprint for each in plan.findings.new} >= {
        each.fingerprint
        for each in will.findings
        if each.fingerprint in new and each.rule != "SL701"
    }
    brought = [each for each in will.findings if each.fingerprint in new]
    assert not [each for each in brought if each.severity.reaches(gate)]
    assert not [one for one in plan.findings.new if Severity(one.severity).reaches(gate)]


@quick
@given(logged(), versions, policies())
def test_a_plan_that_is_unsafe_says_all_that_it_brings(
    before: list[Project], version: tuple[int, int], policy: str
) -> None:
    source = WithLog(before, version)
    options = (source, Inventory(source)), judging(), Assumptions(version)
    first = made(source, "declared", policy)
    plan = judged_plan(first, *options, fail_on=Severity.MEDIUM, unsafe=True)
    assert [part.id for part in plan.projects] == [part.id for part in first.projects]
    assert plan.findings is not None
    for one in plan.findings.new:
        part = next((part for part in plan.projects if part.path == one.project), None)
        if part is not None and all(action.safe for action in part.actions):
            assert not Severity(one.severity).reaches(Severity.MEDIUM), one
    assert {one.fingerprint for one in plan.findings.fixed} <= {
        each.fingerprint
        for each in judged(Inventory(source)).findings
        if each.verdict is Outcome.FAIL
    }
