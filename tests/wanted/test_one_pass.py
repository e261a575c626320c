"""Both sides of a change judged in one pass say what each of them says alone.

Whatever is not asked twice must not matter: for random trees, wanted states, rules (those of others
too), overrides, waivers and a baseline, the report after a change equals that of judging everything.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scopelint import engine
from scopelint.declared import DeclaredAt
from scopelint.diff import JudgedSnapshot, compare, compare_findings, lists_deleted
from scopelint.engine.baseline import Baseline, create
from scopelint.engine.rule_sets import Override
from scopelint.engine.waivers import WaiverRule
from scopelint.filters import ProjectChoice
from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.globs import GlobSet
from scopelint.model import AllowlistEntry, Enforcement, Fact, Project, Scope
from scopelint.policy import read_gitlabform
from scopelint.registry import find_rules
from scopelint.report import Report
from scopelint.rule import Boundary, Policy, Rule
from scopelint.snapshot import Header, SnapshotWriter, Source, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import (
    Judging,
    WantedProject,
    WantedSetting,
    WantedState,
    after,
    judged_after,
)
from scopelint.wanted.comparison import changed_findings
from tests.access import strategies as random
from tests.access.kit import WHEN
from tests.examples import examples
from tests.repair.inventories import logged
from tests.wanted.strategies import THIRD_PARTY, policies, wanted_states

pytestmark = pytest.mark.slow

VERSIONS = ((17, 6), (17, 11), (18, 1), (19, 0))
"""Before 18.0 the outbound limits of others count."""
AT = DeclaredAt("wanted.yml", 7)
TODAY = datetime(2026, 8, 1, tzinfo=UTC).date()
thorough = settings(
    max_examples=examples(60),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@contextmanager
def snapshot(
    projects: list[Project], version: tuple[int, int], enforcement: Enforcement
) -> Iterator[Source]:
    """Give a file with these projects."""
    header = Header(
        tool_version="0",
        instance="https://gitlab.example.com",
        targets=("a", "d", "mia"),
        api="graphql",
        gitlab_version=f"{version[0]}.{version[1]}.0",
        started_at=WHEN,
        finished_at=WHEN,
        enforcement=enforcement,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot"
        with SnapshotWriter(path, header) as writer:
            writer.add_projects(projects)
        with open_snapshots([path]) as source:
            yield source


@st.composite
def judgings(draw: st.DrawFn) -> Judging:
    """Some rules, and what a configuration may say of them."""
    policy = Policy(
        boundaries=(Boundary("inner", GlobSet(["a/b/**"]), GlobSet(["a/b/**", "a/q"])),),
        trusted=GlobSet(draw(st.sampled_from([(), ("d/**",)]))),
        declared=draw(
            st.none() | policies(strangers=True).map(lambda text: read_gitlabform(text, "p.yml"))
        ),
    )
    classes: list[type[Rule]] = [*(found.cls for found in find_rules().values()), *THIRD_PARTY]
    left_out = draw(st.sets(st.sampled_from(range(len(classes))), max_size=8))
    chosen: list[Rule] = []
    selectable: list[Rule] = []
    for number, cls in enumerate(classes):
        options = {"max_projects": 2} if cls.code == "SL309" else None
        (selectable if number in left_out else chosen).append(cls(options, policy))
    codes = sorted(rule.code for rule in selectable)
    overrides = (
        Override(
            GlobSet(["a/b/**"]), select=frozenset(codes[:4]), severities={"SL301": Severity.INFO}
        ),
        Override(GlobSet(["d/*", "a/p"]), ignore=frozenset({"SL101", "ACME801", "ACME805"})),
    )
    waiver = WaiverRule(
        frozenset({"SL303", "SL501", "ACME802"}), "a/**", "agreed", None, rule="SL303"
    )
    return Judging(
        chosen,
        engine.Settings(
            severities=draw(st.sampled_from([{}, {"SL305": Severity.HIGH}])),
            overrides=draw(st.sampled_from([(), overrides])),
            selectable=tuple(selectable),
            waivers=draw(st.sampled_from([(), (waiver,)])),
            today=TODAY,
            processes=draw(st.sampled_from([1, 1, 1, 2])),
        ),
    )


def alone(judging: Judging, inventory: Inventory, baseline: Baseline | None) -> Report:
    """Return the report of one inventory by rules that have seen no other."""
    rules = [type(rule)(rule.options, rule.policy) for rule in judging.rules]
    given = replace(judging.settings, baseline=baseline, processes=1)
    return engine.run(inventory, rules, given)


def known(accepted: Baseline | None, today: Report) -> Baseline:
    """Return a baseline of what fails today, and of what is accepted besides."""
    fails = (each for each in today.findings if each.verdict is Outcome.FAIL)
    made = create(today.scan.scan.instance, fails)
    return Baseline(made.instance, {**(accepted.known if accepted else {}), **made.known})


def fails(report: Report) -> dict[str, Finding]:
    return {each.fingerprint: each for each in report.findings if each.verdict is Outcome.FAIL}


def told(finding: Finding) -> Finding:
    """Return a finding without the place that brings it."""
    evidence = {key: each for key, each in finding.evidence.items() if key != "declared_at"}
    message = finding.message.removesuffix(" (wanted.yml:7 brings it.)")
    return replace(finding, evidence=evidence, message=message)


def hold(source: Source, wanted: WantedState, judging: Judging, baseline: Baseline | None) -> None:
    """Hold what one pass says against what two say."""
    judging = replace(judging, settings=replace(judging.settings, baseline=baseline))
    chosen = ProjectChoice()
    before, then = Inventory(source, chosen), after(source, wanted, chosen)
    today = alone(judging, before, baseline)
    expected = alone(judging, then, known(baseline, today))
    _, report = judged_after(source, Inventory(source, chosen), wanted, judging)

    assert list(map(told, report.findings)) == list(map(told, expected.findings))
    assert (report.summary, report.gate, report.scan) == (
        expected.summary,
        expected.gate,
        expected.scan,
    )
    assert report.rules == expected.rules
    assert list(report.outcomes or ()) == list(expected.outcomes or ())
    assert report.overview == expected.overview
    assert report.warnings == expected.warnings or "baseline" in str(expected.warnings)

    was, will = fails(today), fails(expected)
    sides = (
        JudgedSnapshot.of(each, lists_deleted=lists_deleted(before)) for each in (today, expected)
    )
    found = compare_findings(next(sides), next(sides))
    grown = {key for key, each in will.items() if key in was and each.state is State.NEW}
    change = report.after
    assert change is not None
    assert set(change.new) == {each.fingerprint for each in found.new} | grown
    assert change.fixed == found.fixed
    assert set(change.unsure) == will.keys() - was.keys() - set(change.new)
    assert change.unchanged == len((will.keys() & was.keys()) - grown)
    shifts = {
        each.project.path: each.access for each in compare(before, then).projects if each.access
    }
    assert {each.project for each in change.access} == shifts.keys()
    for each in change.access:
        access = shifts[each.project]
        assert (len(each.gained), len(each.lost)) == (len(access.gained), len(access.lost))

    only = changed_findings(source, Inventory(source), wanted, judging)
    assert [told(each) for each in only.new] == [
        told(will[key]) for key in will if key in {*(one.fingerprint for one in found.new), *grown}
    ]
    assert only.fixed == found.fixed
    assert list(map(told, only.unknown)) == list(map(told, found.unknown))


@st.composite
def trees(draw: st.DrawFn) -> list[Project]:
    """Some projects, of which most were read."""
    paths = draw(st.sets(st.sampled_from(random.PLACES), min_size=3, max_size=6))
    found = [
        draw(random.projects(path, known=draw(st.integers(0, 3)) > 0))
        for path in sorted(paths, key=random.IDS.__getitem__)
    ]
    return [draw(_with_missing(each)) for each in found]


@st.composite
def _with_missing(draw: st.DrawFn, project: Project) -> Project:
    """A project, or what is left of it where some facts were not read."""
    if project.scope is None or draw(st.integers(0, 2)):
        return project
    facts = (Fact.ENTRIES, Fact.LOG, Fact.PUSH, Fact.OUTBOUND)
    lost = draw(st.sets(st.sampled_from(facts), max_size=2))
    return replace(project, scope=replace(project.scope, missing=frozenset(lost)))


enforcements: st.SearchStrategy[Enforcement] = st.sampled_from(["on", "off", "unknown"])


@thorough
@given(st.data(), trees() | logged(), st.sampled_from(VERSIONS), enforcements, judgings())
def test_one_pass_says_what_two_say(
    data: st.DataObject,
    projects: list[Project],
    version: tuple[int, int],
    enforcement: Enforcement,
    judging: Judging,
) -> None:
    wanted = data.draw(wanted_states(projects))
    with snapshot(projects, version, enforcement) as source:
        baseline = None
        if data.draw(st.booleans()):
            report = alone(judging, Inventory(source), None)
            some = [each for number, each in enumerate(report.findings) if number % 3]
            baseline = create(report.scan.scan.instance, some)
        hold(source, wanted, judging, baseline)


def _closed(path: str, entries: tuple[AllowlistEntry, ...] = (), **more: bool) -> Project:
    scope = Scope(True, True, more.get("outbound", False), False, False, entries, ())
    return Project(random.IDS[path], path, visibility="private", scope=scope)


@pytest.mark.parametrize("whole", [True, False])
def test_a_rule_that_reads_other_scopes_is_asked_of_what_stays_as_it_is(*, whole: bool) -> None:
    origins = [_closed(path, outbound=True) for path in ("a/q", "a/b/p", "a/b/c/p")]
    shop = _closed(
        "a/p", tuple(AllowlistEntry("project", each.id, each.path, True, ()) for each in origins)
    )
    leaves = {
        each.id: WantedProject(
            *(each.id, each.path, AT), settings={"outbound": WantedSetting(False, AT)}
        )
        for each in origins
    }
    rules = [
        cls({"max_projects": 2})
        for code, cls in ((code, found.cls) for code, found in find_rules().items())
        if code == "SL309"
    ]
    judging = Judging(rules, engine.Settings(today=TODAY))
    with snapshot([shop, *origins], (17, 6), "off") as source:
        wanted = WantedState("plan", "wanted.yml", leaves)
        if whole:
            _, report = judged_after(source, Inventory(source), wanted, judging)
            [found] = [each for each in report.findings if each.state is State.NEW]
        else:
            [found] = changed_findings(source, Inventory(source), wanted, judging).new
    assert found.project is not None
    assert (found.rule, found.project.path) == ("SL309", "a/p")
