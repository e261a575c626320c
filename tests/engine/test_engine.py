"""The engine: verdicts become findings, gaps stay gaps, a crash is never a pass."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint import engine
from scopelint.engine.counts import counted
from scopelint.errors import PluginError
from scopelint.finding import PASS, Outcome, Severity, State, Verdict
from scopelint.model import Fact
from scopelint.report import Report, Summary
from scopelint.rule import (
    EntryContext,
    EntryRule,
    InstanceContext,
    InstanceRule,
    Policy,
    ProjectContext,
    ProjectRule,
    Rule,
    UnreadableContext,
    UnreadableProjectRule,
)
from scopelint.testing import inventory


class OpenProject(ProjectRule):
    """Flags an effectively open project."""

    code = "TST001"
    name = "open-project"
    title = "Open"
    severity = Severity.HIGH

    @classmethod
    def page(cls) -> str:
        return ""

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        scope = context.scope
        if scope.inbound_effective is None:
            yield self.unknown("cannot tell")
        elif scope.inbound_effective:
            yield PASS
        else:
            yield self.fail("open")


class AnyGroup(EntryRule):
    """Flags every group entry, passes projects, and does not care for rows without a target."""

    code = "TST002"
    name = "any-group"
    title = "Group"
    severity = Severity.LOW

    @classmethod
    def page(cls) -> str:
        return ""

    def judge(self, context: EntryContext) -> Verdict | None:
        entry = context.entry
        if entry.target_id is None:
            return None
        return self.fail("a group") if entry.kind == "group" else PASS


class Unreadable(UnreadableProjectRule):
    """Says that a project could not be read."""

    code = "TST901"
    name = "unreadable"
    title = "Unreadable"
    severity = Severity.UNKNOWN

    @classmethod
    def page(cls) -> str:
        return ""

    def judge(self, context: UnreadableContext) -> Iterable[Verdict]:
        yield self.unknown("not read", evidence={"rules": list(self.policy.selected)})


class Incomplete(InstanceRule):
    """Says that the scan is incomplete."""

    code = "TST902"
    name = "incomplete"
    title = "Incomplete"
    severity = Severity.UNKNOWN

    @classmethod
    def page(cls) -> str:
        return ""

    def judge(self, context: InstanceContext) -> Iterable[Verdict]:
        yield PASS if context.inventory.complete else self.unknown("incomplete")


class NeedsLog(OpenProject):
    """Needs the log for the whole run."""

    code = "TST003"
    name = "needs-log"
    needs: ClassVar[frozenset[Fact]] = frozenset({Fact.LOG})


RULES: tuple[type[Rule], ...] = (OpenProject, AnyGroup, NeedsLog, Unreadable, Incomplete)
OPEN = {"inbound_own": False, "inbound_effective": False}
INVENTORY: dict[str, Any] = {
    "unavailable": {"log": "the log was not read"},
    "projects": {
        "acme/open": OPEN | {"entries": [{"group": "acme/g"}, {"project": "acme/x"}]},
        "acme/shut": {"entries": [{"group": "acme/g"}, {"gone": "group"}]},
        "acme/dim": {"inbound_own": None, "inbound_effective": None},
        "acme/part": {"missing": ["entries"], "entries": [{"group": "acme/g"}]},
        "acme/dark": {"unreadable": "forbidden"},
    },
}


def judged(described: dict[str, Any], *rules: type[Rule], **settings: Any) -> Report:
    with inventory(described) as observed:
        return engine.run(
            observed,
            [rule(None, Policy(selected=("A",))) for rule in rules or RULES],
            engine.Settings(**settings),
        )


def said(report: Report) -> set[tuple[str, str, str, str]]:
    return {
        (
            f.rule,
            f.project.path if f.project else "",
            f.verdict.value,
            f.entry.path or "" if f.entry else "",
        )
        for f in report.findings
    }


def test_verdicts_become_findings_and_counts() -> None:
    """One finding a fail or unknown; an unreadable project gets its one finding and no other."""
    report = judged(INVENTORY)
    assert said(report) == {
        ("TST001", "acme/open", "fail", ""),
        ("TST001", "acme/dim", "unknown", ""),
        ("TST002", "acme/open", "fail", "acme/g"),
        ("TST002", "acme/shut", "fail", "acme/g"),
        ("TST002", "acme/part", "fail", "acme/g"),
        ("TST002", "acme/part", "unknown", ""),
        ("TST901", "acme/dark", "unknown", ""),
        ("TST902", "", "unknown", ""),
    }
    outcomes = {rule.code: dict(rule.outcomes) for rule in report.rules}
    assert outcomes["TST001"] == {Outcome.PASS: 2, Outcome.FAIL: 1, Outcome.UNKNOWN: 1}
    assert outcomes["TST002"] == {Outcome.PASS: 1, Outcome.FAIL: 3, Outcome.UNKNOWN: 1}
    assert report.summary.as_dict() == {
        "critical": 0,
        "high": 1,
        "medium": 0,
        "low": 3,
        "info": 0,
        "unknown": 4,
        "waived": 0,
        "baselined": 0,
    }


def test_a_fact_missing_for_the_whole_run_is_said_once() -> None:
    """The rule is not judged, with the reason, and gives no finding."""
    report = judged(INVENTORY)
    [rule] = [rule for rule in report.rules if rule.code == "TST003"]
    assert rule.not_judged == "the log was not read"
    assert not any(rule.outcomes.values())


def test_a_fact_missing_for_one_project_is_one_unknown() -> None:
    """The engine itself says unknown, and does not ask the rule."""
    described = {"projects": {"acme/a": {"missing": ["log"]}, "acme/b": {}}}
    report = judged(described, NeedsLog)
    [finding] = report.findings
    assert finding.verdict is Outcome.UNKNOWN
    assert finding.evidence == {"missing": ["log"]}
    assert finding.project is not None
    assert finding.project.path == "acme/a"


def test_what_passed_is_kept_for_formats_that_show_it() -> None:
    """A rule passed on a project only if all it said there was pass."""
    report = judged(INVENTORY)
    assert report.outcomes is not None
    passed = {o.project.path: o.passed for o in report.outcomes}
    assert passed == {
        "acme/dark": (),
        "acme/dim": (),
        "acme/open": (),
        "acme/part": ("TST001",),
        "acme/shut": ("TST001",),
    }


@pytest.mark.parametrize(
    ("fail_on", "described", "result"),
    [
        (Severity.MEDIUM, {"projects": {"acme/a": OPEN}}, "fail"),
        (Severity.CRITICAL, {"projects": {"acme/a": OPEN}}, "pass"),
        ("never", {"projects": {"acme/a": OPEN}}, "pass"),
        (Severity.MEDIUM, {"projects": {"acme/a": {}}}, "pass"),
        (Severity.MEDIUM, {"projects": {"acme/a": {"unreadable": "error"}}}, "incomplete"),
        (
            Severity.HIGH,
            {"projects": {"acme/a": {"unreadable": "error"}, "acme/b": OPEN}},
            "fail",
        ),
        ("never", {"projects": {"acme/a": {"unreadable": "error"}}}, "incomplete"),
        (
            Severity.INFO,
            {"projects": {"acme/a": {"inbound_own": None}}},
            "incomplete",
        ),
    ],
)
def test_gate(fail_on: engine.FailOn, described: dict[str, Any], result: str) -> None:
    """A finding at the threshold beats an incomplete scan; unknown alone never gates."""
    assert judged(described, fail_on=fail_on).gate.result == result


def test_overridden_severity_reaches_findings_rules_and_gate() -> None:
    """`severity:` of the config is what everybody sees."""
    report = judged(
        {"projects": {"acme/a": OPEN}}, OpenProject, severities={"TST001": Severity.INFO}
    )
    assert [f.severity for f in report.findings] == [Severity.INFO]
    assert [r.severity for r in report.rules] == [Severity.INFO]
    assert report.gate.result == "pass"


def test_a_crash_names_rule_and_project() -> None:
    """A rule that crashes fails the run; it never counts as a pass."""

    class Crashing(OpenProject):
        def judge(self, context: ProjectContext) -> Iterable[Verdict]:
            if context.project.path == "acme/b":
                raise ZeroDivisionError
            return [PASS]

    with pytest.raises(PluginError, match=r"TST001 .* acme/b .*ZeroDivisionError"):
        judged({"projects": {"acme/a": {}, "acme/b": {}}}, Crashing)


def test_two_verdicts_with_one_key_are_a_fault_of_the_rule() -> None:
    """No two findings share a fingerprint."""

    class Twice(OpenProject):
        def judge(self, context: ProjectContext) -> Iterable[Verdict]:
            yield self.fail("one")
            yield self.fail("two")

    with pytest.raises(PluginError, match="two verdicts with the key ''"):
        judged({"projects": {"acme/a": {}}}, Twice)


@given(st.permutations(RULES), st.permutations(list(INVENTORY["projects"])))
def test_the_order_of_rules_and_projects_changes_nothing(
    rules: list[type[Rule]], order: list[str]
) -> None:
    """Findings, counts and passes are the same whatever comes first."""

    def numbered(paths: list[str]) -> dict[str, Any]:
        known = {path: 1001 + i for i, path in enumerate(INVENTORY["projects"])}
        projects = {path: INVENTORY["projects"][path] | {"id": known[path]} for path in paths}
        return INVENTORY | {"projects": projects}

    def plain(report: Report) -> str:
        found = [asdict(f) for f in report.findings]
        passed = sorted((o.project.path, sorted(o.passed)) for o in report.outcomes or ())
        return json.dumps([found, report.summary.as_dict(), passed], default=str)

    expected = judged(numbered(list(INVENTORY["projects"])), *RULES)
    assert plain(judged(numbered(order), *rules)) == plain(expected)


def test_shown_hides_what_was_not_asked_for() -> None:
    """Waived only when asked, baselined not with new-only, unknown whatever the severity."""
    report = judged(INVENTORY, OpenProject, AnyGroup, min_severity=Severity.HIGH)
    assert {(f.rule, f.verdict.value) for f in report.shown()} == {
        ("TST001", "fail"),
        ("TST001", "unknown"),
        ("TST002", "unknown"),
    }


def test_every_finding_is_counted_once() -> None:
    """A waived one is waived, whatever its verdict."""
    report = judged(INVENTORY)
    states = [State.WAIVED, State.BASELINED, State.NEW]
    changed = [
        type(f)(**{**{k: getattr(f, k) for k in f.__dataclass_fields__}, "state": states[i % 3]})
        for i, f in enumerate(report.findings)
    ]
    summary: Summary = counted(changed).summary()
    assert sum(summary.as_dict().values()) == len(changed)
    assert summary.waived == len([f for f in changed if f.state is State.WAIVED])
