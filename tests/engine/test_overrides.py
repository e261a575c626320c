"""Overrides: which rules judge which project, with which options and severity."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import model_validator

from scopelint import engine
from scopelint.engine.rule_sets import Override, RuleSets
from scopelint.errors import UsageError
from scopelint.finding import PASS, Outcome, Severity, Verdict
from scopelint.globs import GlobSet, matches
from scopelint.report import Report, RuleSummary
from scopelint.rule import (
    EntryContext,
    EntryRule,
    InstanceContext,
    InstanceRule,
    Policy,
    ProjectContext,
    ProjectRule,
    Rule,
    RuleOptions,
    UnreadableContext,
    UnreadableProjectRule,
)
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory


def rule_of(report: Report, code: str) -> RuleSummary:
    return next(rule for rule in report.rules if rule.code == code)


class Options(RuleOptions):
    most: int = 1
    least: int = 0

    @model_validator(mode="after")
    def _in_order(self) -> "Options":
        if self.least > self.most:
            raise ValueError("least is above most")
        return self


class Sample(Rule):
    title = "A rule for tests"
    severity = Severity.HIGH

    @classmethod
    def page(cls) -> str:
        return ""


class TooMany(Sample, ProjectRule):
    code = "TST001"
    name = "too-many"
    Options = Options

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        bad = not self.options.least <= len(context.scope.entries) <= self.options.most
        yield self.fail(f"not in {self.options!r}") if bad else PASS

    def not_judged(self, inventory: Inventory) -> str | None:
        return "nobody counts to 99" if self.options.most == 99 else None


class AnyEntry(Sample, EntryRule):
    code = "TST002"
    name = "any-entry"
    severity = Severity.LOW

    def judge(self, context: EntryContext) -> Verdict | None:
        return self.fail("an entry") if context.entry.kind == "group" else PASS


class Open(Sample, ProjectRule):
    code = "TST003"
    name = "open"
    strict = True

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        yield PASS if context.scope.inbound_effective else self.fail("open")


class Unreadable(Sample, UnreadableProjectRule):
    code = "TST901"
    name = "unreadable"
    severity = Severity.UNKNOWN

    def judge(self, context: UnreadableContext) -> Iterable[Verdict]:
        yield self.unknown("not read", evidence={"rules": list(self.policy.selected)})


class Always(Sample, InstanceRule):
    code = "TST902"
    name = "always"

    def judge(self, context: InstanceContext) -> Iterable[Verdict]:
        yield self.fail("always")


OPEN = {"inbound_own": False, "inbound_effective": False}
ENTRIES = {"entries": [{"group": "acme/g"}, {"project": "acme/x"}]}
PROJECTS: dict[str, dict[str, Any]] = {
    "acme/a": OPEN | ENTRIES | {"id": 1},
    "acme/a/b": ENTRIES | {"id": 2},
    "acme/b": OPEN | {"id": 3},
    "acme/b/a": {"unreadable": "forbidden", "id": 4},
    "beta/a": {"id": 5},
}
BASE: tuple[type[Rule], ...] = (TooMany, AnyEntry, Unreadable, Always)
CODES = ("TST001", "TST002", "TST003", "TST901")


def built(classes: Iterable[type[Rule]]) -> tuple[Rule, ...]:
    selected = tuple(sorted(rule.code for rule in BASE))
    policy = Policy(selected=selected, of_instance=frozenset({"TST902"}))
    return tuple(rule(None, policy) for rule in classes)


def judged(
    *overrides: Override,
    projects: Mapping[str, Any] = PROJECTS,
    rules: Iterable[type[Rule]] = BASE,
    severities: Mapping[str, Severity] | None = None,
) -> Report:
    settings = engine.Settings(
        overrides=overrides, selectable=built([Open]), severities=severities or {}
    )
    with inventory({"projects": dict(projects)}) as observed:
        return engine.run(observed, built(rules), settings)


def said(report: Report) -> dict[str, set[tuple[str, str, str]]]:
    """By project: rule, severity and verdict of what was found, and what passed."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for finding in report.findings:
        path = finding.project.path if finding.project else ""
        told = (finding.rule, finding.severity.value, finding.verdict.value)
        found.setdefault(path, set()).add(told)
    for outcome in report.outcomes or ():
        passed = {(code, "", "pass") for code in outcome.passed}
        found.setdefault(outcome.project.path, set()).update(passed)
    return found


def over(*globs: str, **what: Any) -> Override:
    return Override(GlobSet(globs), **what)


def test_without_a_match_nothing_changes() -> None:
    plain, same = judged(), judged(over("other/**", ignore=frozenset(CODES)))
    assert said(plain) == said(same)
    assert plain.summary == same.summary


def test_ignored_rules_neither_pass_nor_fail_there() -> None:
    """Not in the findings, not among the passes, not in the counts."""
    report = judged(over("acme/**", ignore=frozenset({"TST001", "TST002"})))
    assert said(report) == {
        "": {("TST902", "high", "fail")},
        "acme/a": set(),
        "acme/a/b": set(),
        "acme/b": set(),
        "acme/b/a": {("TST901", "unknown", "unknown")},
        "beta/a": {("TST001", "", "pass")},
    }
    assert rule_of(report, "TST001").outcomes == {
        Outcome.PASS: 1,
        Outcome.FAIL: 0,
        Outcome.UNKNOWN: 0,
    }


def test_a_selected_rule_judges_only_there() -> None:
    report = judged(over("acme/*", select=frozenset({"TST003"})))
    judging = {path for path, told in said(report).items() if any(t[0] == "TST003" for t in told)}
    assert judging == {"acme/a", "acme/b"}
    assert rule_of(report, "TST003").outcomes[Outcome.FAIL] == 2


@pytest.mark.parametrize(
    ("ignored_last", "runs"), [(True, False), (False, True)], ids=["ignored", "selected"]
)
def test_the_later_one_wins(ignored_last: bool, runs: bool) -> None:
    ignore = over("acme/**", ignore=frozenset({"TST002"}))
    select = over("acme/a", select=frozenset({"TST002"}))
    report = judged(*((select, ignore) if ignored_last else (ignore, select)))
    assert (("TST002", "low", "fail") in said(report)["acme/a"]) is runs
    assert ("TST002", "low", "fail") not in said(report)["acme/a/b"]


def test_inside_one_override_ignore_wins() -> None:
    both = frozenset({"TST002"})
    report = judged(over("acme/a", select=both, ignore=both))
    assert all(told[0] != "TST002" for told in said(report)["acme/a"])


def test_severities_are_laid_over_those_of_the_run_and_reach_the_gate() -> None:
    report = judged(
        over("acme/a/**", severities={"TST001": Severity.INFO, "TST002": Severity.CRITICAL}),
        over("acme/a/*", severities={"TST001": Severity.MEDIUM}),
        severities={"TST001": Severity.LOW},
    )
    assert ("TST001", "info", "fail") in said(report)["acme/a"]
    assert ("TST001", "medium", "fail") in said(report)["acme/a/b"]
    assert ("TST002", "critical", "fail") in said(report)["acme/a/b"]
    assert rule_of(report, "TST001").severity is Severity.LOW
    assert "2 critical" in report.gate.reasons


def test_options_change_one_by_one() -> None:
    report = judged(
        over("acme/**", options={"TST001": {"most": 2}}),
        over("acme/b", options={"TST001": {"least": 1}}),
    )
    messages = {f.project.path: f.message for f in report.findings if f.project}
    assert messages["acme/b"] == "not in Options(most=2, least=1)"
    assert ("TST001", "", "pass") in said(report)["acme/a"]
    assert ("TST001", "", "pass") in said(report)["beta/a"]


def test_options_that_do_not_fit_together_name_both_places() -> None:
    with pytest.raises(
        UsageError, match=r"TST001 \(too-many\) in a:1:2 and b:3:4 .*least is above"
    ):
        judged(
            over("acme/**", options={"TST001": {"most": 2}}, place="a:1:2"),
            over("acme/a", options={"TST001": {"least": 3}}, place="b:3:4"),
        )


def test_an_unreadable_project_names_its_own_rules() -> None:
    """Those that would have judged it: what is ignored or added there counts."""
    report = judged(over("acme/b/**", ignore=frozenset({"TST001"}), select=frozenset({"TST003"})))
    [finding] = [f for f in report.findings if f.rule == "TST901"]
    assert finding.evidence == {"rules": ["TST002", "TST003", "TST901", "TST902"]}


def test_rules_keep_what_they_found_of_the_inventory() -> None:
    """One object a rule and set of options, however many overrides match."""
    overrides = [over(f"a/{n}/**", ignore=frozenset({"TST002"})) for n in range(20)]
    overrides.append(over("a/1*/**", options={"TST001": {"most": 5}}))
    rules = built(BASE)
    plans = RuleSets(rules, (), {}, overrides, lambda rule: None)
    seen = [rule for n in range(20) for _, rule in plans.at(f"a/{n}/x").judging]
    assert len({id(rule) for rule in seen if rule.code == "TST001"}) == 2
    assert {id(rule) for rule in seen if rule.code == "TST002"} == set()


def test_a_rule_that_an_override_keeps_from_judging_is_unknown_there() -> None:
    """Judged elsewhere, so its silence would read as a pass; an unreadable project has its one."""
    report = judged(over("acme/**", options={"TST001": {"most": 99}}))
    assert rule_of(report, "TST001").not_judged is None
    unknown = {
        f.project.path: f.message
        for f in report.findings
        if f.project and f.rule == "TST001" and f.verdict is Outcome.UNKNOWN
    }
    assert set(unknown) == {"acme/a", "acme/a/b", "acme/b"}
    assert "nobody counts to 99" in unknown["acme/a"]
    assert rule_of(report, "TST001").outcomes[Outcome.UNKNOWN] == 3


def test_a_rule_that_nowhere_can_judge_is_not_judged_and_says_so_once() -> None:
    report = judged(over("**", options={"TST001": {"most": 99}}))
    assert all(f.rule != "TST001" for f in report.findings)
    assert rule_of(report, "TST001").not_judged == "nobody counts to 99"


_GLOBS = st.sampled_from(["acme/**", "acme/a", "acme/a/**", "acme/*", "**/a", "beta/**", "x", "**"])
_SOME = st.frozensets(st.sampled_from(CODES), max_size=3)
_OVERRIDES = st.lists(
    st.builds(
        Override,
        projects=st.lists(_GLOBS, min_size=1, max_size=2).map(GlobSet),
        select=_SOME,
        ignore=_SOME,
        severities=st.dictionaries(st.sampled_from(CODES), st.sampled_from(list(Severity)[:5])),
        options=st.sampled_from([{}, {"TST001": {"most": 0}}, {"TST001": {"most": 9}}]),
    ),
    max_size=4,
)


def by_hand(overrides: Iterable[Override]) -> dict[str, set[tuple[str, str, str]]]:
    """What must come out, a project and a rule at a time, from the sentences of the contract."""
    expected: dict[str, set[tuple[str, str, str]]] = {"": {("TST902", "high", "fail")}}
    every: list[type[Rule]] = [TooMany, AnyEntry, Open, Unreadable]
    with inventory({"projects": PROJECTS}) as observed:
        for path in PROJECTS:
            expected[path] = set()
            for cls in every:
                runs, severity = cls in BASE, cls.severity
                options: dict[str, Any] = {}
                for each in overrides:
                    if any(matches(glob, path) for glob in each.projects.patterns):
                        runs = (runs or cls.code in each.select) and cls.code not in each.ignore
                        severity = each.severities.get(cls.code, severity)
                        options = {**options, **each.options.get(cls.code, {})}
                if not runs:
                    continue
                here = [
                    v for p, v in engine.verdicts(cls(options), observed) if p and p.path == path
                ]
                expected[path] |= {
                    (cls.code, severity.value, v.outcome.value)
                    for v in here
                    if v.outcome is not Outcome.PASS
                }
                if here and all(v.outcome is Outcome.PASS for v in here):
                    expected[path].add((cls.code, "", "pass"))
    return expected


@given(_OVERRIDES)
def test_any_overrides_come_out_as_by_hand(overrides: list[Override]) -> None:
    assert said(judged(*overrides)) == by_hand(overrides)


@given(_OVERRIDES, st.permutations(BASE), st.permutations(list(PROJECTS)))
def test_the_order_of_rules_and_projects_changes_nothing(
    overrides: list[Override], rules: list[type[Rule]], order: list[str]
) -> None:
    def plain(report: Report) -> tuple[Any, ...]:
        summaries = [(r.code, r.severity, dict(r.outcomes), r.not_judged) for r in report.rules]
        passed = [(o.project.path, sorted(o.passed)) for o in report.outcomes or ()]
        return [asdict(f) for f in report.findings], summaries, passed, report.gate

    # Groups get their numbers in the order of their paths, projects have theirs given.
    shuffled = {path: PROJECTS[path] for path in order}
    assert plain(judged(*overrides, projects=shuffled, rules=rules)) == plain(judged(*overrides))


def test_a_hundred_thousand_paths_are_matched_without_a_rule_list_each() -> None:
    """The number of plans follows the overrides, not the projects."""
    overrides = [
        over(f"acme/g{n}/**", f"acme/*/p{n}", ignore=frozenset({"TST002"})) for n in range(12)
    ]
    plans = RuleSets(built(BASE), (), {}, overrides, lambda rule: None)
    made = {id(plans.at(f"acme/g{n % 40}/p{n}")) for n in range(100_000)}
    assert 1 < len(made) <= 60
