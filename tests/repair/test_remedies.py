"""A remedy proves itself: once its plan is applied the rule passes, or the plan says why it does not.

For every rule that declares one, built in or another's, on random instances, with and without
`--unsafe`. `PLAN_EXAMPLES=2000 pytest -n 0 tests/repair/test_remedies.py` tries more.
"""

import inspect
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scopelint import engine
from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest
from scopelint.finding import Finding, Outcome, Severity, Verdict
from scopelint.globs import GlobSet
from scopelint.model import Fact
from scopelint.registry import find_rules
from scopelint.remedy import (
    NarrowEntry,
    NoRemedy,
    Remedy,
    RemoveEntry,
    RestrictProject,
    SafeIf,
    SwitchSetting,
)
from scopelint.repair.from_findings import plan_from_findings
from scopelint.repair.plan_file import Plan
from scopelint.rule import (
    Boundary,
    EntryContext,
    EntryRule,
    Policy,
    ProjectContext,
    ProjectRule,
    Rule,
)
from scopelint.snapshot import Filters, open_snapshots
from scopelint.snapshot.inventory import Inventory
from tests.examples import examples
from tests.repair import applying
from tests.repair.remedial_estates import estate

pytestmark = pytest.mark.slow

BOUNDARY: Final = Boundary(
    "prod", GlobSet(["acme/prod/**"]), GlobSet(["acme/prod/**", "acme/lib/*"])
)


class SandboxAllowed(EntryRule):
    """Another's rule: entries for sandboxes and old projects are not wanted."""

    code = "ACME001"
    name = "sandbox-allowed"
    title = "A sandbox is on the allowlist"
    requirement = "No sandbox is on the allowlist"
    severity = Severity.HIGH
    remedy = RemoveEntry("it lets in a sandbox")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Flag entries for what is below the sandbox."""
        path = context.entry.target_path or ""
        return self.fail("a sandbox") if path.startswith(("acme/sandbox", "partner")) else None


class GroupAllowed(EntryRule):
    """Another's rule: what used a group is to be listed by itself."""

    code = "ACME002"
    name = "group-allowed"
    title = "A group is on the allowlist"
    requirement = "No group is on the allowlist"
    severity = Severity.LOW
    remedy = NarrowEntry("no groups here")

    def judge(self, context: EntryContext) -> Verdict | None:
        """Flag every group."""
        return self.fail("a group") if context.entry.kind == "group" else None


class UnusedSandbox(SandboxAllowed):
    """Another's rule whose remedy is safe where nobody uses the entry."""

    code = "ACME003"
    name = "unused-sandbox"
    remedy = RemoveEntry("a sandbox that is not used", SafeIf.NOT_USED)


class OpenToAnybody(ProjectRule):
    """Another's rule about the limit."""

    code = "ACME004"
    name = "open-to-anybody"
    title = "Anybody may use it"
    requirement = "Not anybody may use it"
    severity = Severity.HIGH
    remedy = RestrictProject()

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Flag open projects."""
        if context.scope.inbound_effective is False:
            yield self.fail("open")


class MayPush(ProjectRule):
    """Another's rule about a setting, whose change it calls safe."""

    code = "ACME005"
    name = "may-push"
    title = "Jobs may push"
    requirement = "No jobs push"
    severity = Severity.HIGH
    remedy = SwitchSetting("push", False, "jobs may push")

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        """Flag projects whose jobs may push."""
        if context.scope.push:
            yield self.fail("may push")


OTHERS: Final = (SandboxAllowed, GroupAllowed, UnusedSandbox, OpenToAnybody, MayPush)
CLASSES: Final[dict[str, type[Rule]]] = {
    **{code: found.cls for code, found in find_rules().items()},
    **{cls.code: cls for cls in OTHERS},
}
REMEDIES: Final[dict[str, Remedy]] = {code: cls.remedy for code, cls in CLASSES.items()}
REMEDIAL: Final = sorted(
    code for code, remedy in REMEDIES.items() if not isinstance(remedy, NoRemedy)
)
NEEDED: Final = frozenset({Fact.ACCESS_LEVELS, Fact.MIRROR, Fact.FORK_PIPELINES})


OPTIONS: Final = {"SL302": {"max_projects": 5}}


def made(code: str) -> Rule:
    """Return a rule of the run, with a boundary declared and small limits."""
    return CLASSES[code](OPTIONS.get(code), Policy(boundaries=(BOUNDARY,)))


def found(code: str, inventory: Inventory) -> dict[str, Finding]:
    """Return what a rule finds, the unknowns too, by fingerprint."""
    today = datetime.now(UTC).date()
    report = engine.run(inventory, [made(code)], engine.Settings(today=today))
    return {each.fingerprint: each for each in report.findings if each.rule == code}


def collected(url: str, path: Path) -> None:
    """Collect all that rules need, with the log."""
    order = CollectRequest((TargetRef("group", "acme"),), Filters(usage=True), needed=NEEDED)
    with applying.connected(url) as connection:
        collect(connection, order, path)


def told(plan: Plan, finding: Finding) -> list[str]:
    """Return what a plan says of why it does not fix a finding."""
    project = finding.project.id if finding.project else 0
    names = {finding.rule, finding.entry.path if finding.entry else None}
    reasons = [one.reason for one in plan.skipped if one.id == project]
    notes = [note for part in plan.projects if part.id == project for note in part.notes]
    reasons += [note for note in notes if any(name and name in note for name in names)]
    left = [one.action for one in plan.left if one.id == project]
    return reasons + [one.irreversible or "" for one in left if finding.fingerprint in one.findings]


def prove(seed: int, code: str, *, unsafe: bool) -> Counter[str]:
    """Apply what the plan for one rule's findings does, judge again; count what became of them."""
    ends = Counter[str]()
    with applying.serve(estate(seed)) as gitlab, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        collected(gitlab.url, place / "before")
        with open_snapshots([place / "before"]) as source:
            inventory = Inventory(source)
            findings = list(found(code, inventory).values())
            remedy = REMEDIES[code]
            alone = not isinstance(remedy, RestrictProject) or remedy.alone
            # What goes along with another rule's remedy is fixed where that rule asks.
            asking = () if alone else found("SL101", inventory).values()
            plan = plan_from_findings(
                inventory, [*findings, *asking], REMEDIES, unsafe=unsafe, irreversible=unsafe
            )
        if not findings:
            return ends
        results = applying.run_apply(gitlab.url, plan, place / "journal")
        assert set(applying.statuses(results).values()) <= {"done"}, applying.reasons(results)
        collected(gitlab.url, place / "after")
        with open_snapshots([place / "after"]) as source:
            after = found(code, Inventory(source))
        for finding in findings:
            if finding.verdict is not Outcome.FAIL:
                continue
            assert finding.project is not None
            if finding.fingerprint in after:
                why = told(plan, finding)
                assert why, f"{code} still finds it in {finding.project.path}: {finding.message}"
                ends["told"] += 1
            else:
                ends["fixed"] += 1
        named = {
            each for part in plan.projects for action in part.actions for each in action.findings
        }
        assert not named & after.keys(), "an action names a finding that it does not fix"
        assert gitlab.crashes == []
    return ends


many = settings(
    max_examples=int(os.environ.get("PLAN_EXAMPLES") or examples(40)),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


@many
@given(st.integers(0, 1_000_000), st.sampled_from(REMEDIAL), st.booleans())
def test_after_a_remedy_its_rule_passes_or_the_plan_says_why_not(
    seed: int, code: str, unsafe: bool
) -> None:
    prove(seed, code, unsafe=unsafe)


@pytest.mark.parametrize("code", REMEDIAL)
def test_each_remedy_fixes_what_its_rule_finds(code: str) -> None:
    """With all that a user may allow, each remedy is seen to work."""
    for seed in range(40):
        if prove(seed, code, unsafe=True)["fixed"]:
            return
    pytest.fail(f"no instance in which the remedy of {code} fixes a finding")


@pytest.mark.parametrize("code", sorted(find_rules()))
def test_a_rule_declares_its_remedy_or_says_why_there_is_none(code: str) -> None:
    cls = find_rules()[code].cls
    declaring = next(each for each in inspect.getmro(cls) if "remedy" in vars(each))
    assert declaring is not Rule
    remedy = cls.remedy
    assert not isinstance(remedy, NoRemedy) or remedy.reason != NoRemedy().reason
