from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from lxml import etree

from scopelint.finding import EntryRef, Finding, ProjectRef, Severity, State, Waiver
from scopelint.report import Gate, RenderOptions, Report
from scopelint_reports import junit, junit_cases
from scopelint_reports.junit import JunitReporter
from tests.reports import build
from tests.reports.kit import BIDI_AND_CONTROLS, official, rendered

ON = build.project(1, "acme/web/shop")


def suites(report: Report) -> list[ET.Element]:
    return list(ET.fromstring(rendered(JunitReporter(), report)))


def cases(report: Report) -> list[ET.Element]:
    return [case for suite in suites(report) for case in suite]


def case(*findings: Finding, code: str = "SL305") -> ET.Element:
    named = [c for c in cases(build.report(findings)) if c.get("classname", "").startswith(code)]
    assert len(named) == 1
    return named[0]


def status(element: ET.Element) -> list[str]:
    return [child.tag for child in element]


def entry(number: int, state: State = State.NEW, *, unknown: bool = False) -> Finding:
    ref = EntryRef("project", number, f"beta/sdk-{number}")
    return build.finding("SL305", ON, entry=ref, state=state, unknown=unknown)


REPORTS = {
    "clean": build.clean(),
    "everything": build.everything(),
    "incomplete": build.incomplete(),
    "large": build.large(300),
    "read back": replace(build.everything(), outcomes=None),
    "bare": build.report(rules=()),
}


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_valid_against_the_official_schema(name: str) -> None:
    schema = etree.XMLSchema(etree.parse(str(official("junit-10.xsd"))))
    document = etree.fromstring(rendered(JunitReporter(), REPORTS[name]))
    assert schema.validate(document), schema.error_log


@pytest.mark.parametrize("name", REPORTS)
def test_cases_are_unique_counted_and_never_without_text(name: str) -> None:
    keys = []
    for suite in suites(REPORTS[name]):
        assert suite.get("tests") == str(len(suite))
        for tag, counter in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(counter) == str(len(suite.findall(f"testcase/{tag}")))
        for one in suite:
            keys.append(
                "_".join((suite.get("name", ""), one.get("classname", ""), one.get("name", "")))
            )
            assert all((child.text or "").strip() for child in one)
    assert keys
    assert len(set(keys)) == len(keys)


def test_a_clean_run_shows_what_passed() -> None:
    made = suites(build.clean())
    assert made[0].get("name") == build.INSTANCE
    assert len(made) == 13
    (first, *_) = made[1]
    assert first.get("classname") == "SL101.inbound-limit-disabled"
    assert first.get("name") == "SL101 The job token limit is on :: acme/team-0/app-10"
    assert [c for s in made[1:] for c in s if status(c)] == []


def test_a_clean_report_that_was_read_back_shows_passes_by_rule() -> None:
    made = cases(replace(build.clean(), outcomes=None))
    passing = [c for c in made if status(c) == ["system-out"]]
    assert [c.findtext("system-out") for c in passing] == ["12 passed"] * 7
    assert passing[0].get("name") == "SL101 The job token limit is on :: all that pass"


def test_a_report_without_a_case_has_one_and_an_empty_or_incomplete_scan_does_not_pass() -> None:
    (only,) = cases(build.report(rules=(), projects=[ON]))
    assert status(only) == ["system-out"]
    assert only.findtext("system-out") == "1 project judged; 0 rules judged"
    for report in (
        build.report(rules=()),
        build.report(rules=(), projects=[ON], complete=False),
    ):
        (only,) = cases(report)
        assert status(only) == ["error"]


def test_one_case_a_rule_with_all_its_entries_as_text() -> None:
    failed = case(entry(1), entry(2))
    assert status(failed) == ["failure"]
    failure = failed[0]
    assert failure.get("type") == "medium"
    assert failure.get("message") == "A project from outside is allowed"
    text = failure.text or ""
    assert "medium: project beta/sdk-1 (1): " in text
    assert "medium: project beta/sdk-2 (2): " in text
    assert text.count("fix: ") == 1
    assert text.endswith("see: https://example.com/scopelint/rules/outside-project-allowed")


def test_only_what_could_not_be_read_is_an_error() -> None:
    dark = [c for c in cases(build.incomplete()) if c.get("classname") == "SL901.scope-unreadable"]
    assert [status(c) for c in dark] == [["error"], ["error"]]
    assert dark[0].get("name") == "SL901 The job token scope was read :: acme/team-3/app-3"


def test_unknown_for_lack_of_one_fact_is_one_skipped_case_a_rule() -> None:
    others = [build.finding("SL302", build.project(n), unknown=True) for n in range(2, 5)]
    waived = build.finding("SL302", build.project(5), unknown=True, state=State.WAIVED)
    report = build.report([entry(1), entry(2, unknown=True), *others, waived])
    unknown = [c for c in cases(report) if "what is not known" in c.get("name", "")]
    assert [c.get("name") for c in unknown] == [
        "SL302 No group entry is too broad :: what is not known",
        "SL305 No project from outside is allowed :: what is not known",
    ]
    assert [status(c) for c in unknown] == [["skipped"], ["skipped"]]
    assert unknown[0][0].get("type") == "unknown"
    text = unknown[0][0].text or ""
    assert text.startswith("4 findings of verdict unknown:\n")
    assert text.count("\nunknown: acme/team-") == 3
    assert text.count("\nwaived until 2026-12-31") == 1
    assert not [c for c in cases(report) if status(c) == ["error"]]


def test_what_does_not_gate_is_no_failure_unless_all_are_asked_for() -> None:
    report = build.report([build.finding("SL201", ON), build.finding("SL101", ON)])
    by_code = {c.get("classname", "")[:5]: c for c in cases(report)}
    assert status(by_code["SL101"]) == ["failure"]
    assert status(by_code["SL201"]) == ["system-out"]
    text = by_code["SL201"].findtext("system-out") or ""
    assert text.startswith("low, does not fail the gate: acme/web/shop: ")
    strict = ET.fromstring(rendered(JunitReporter(RenderOptions(junit_fail="all")), report))
    failed = [c.get("classname", "")[:5] for s in strict for c in s if status(c) == ["failure"]]
    assert failed == ["SL101", "SL201"]


@pytest.mark.parametrize(
    ("gate", "failing"),
    [
        (Gate("fail", "low"), {"SL101", "SL201"}),
        (Gate("pass", "never"), set()),
        (Gate("pass", "critical"), set()),
        (Gate("fail", "never", (), {Severity.LOW: 0}), set()),
        (Gate("fail", "critical", (), {Severity.LOW: 0}), {"SL201"}),
        (Gate("pass", "medium", (), {Severity.HIGH: 1}), set()),
    ],
)
def test_failures_are_what_fails_the_gate(gate: Gate, failing: set[str]) -> None:
    report = build.report([build.finding("SL201", ON), build.finding("SL101", ON)])
    found = cases(replace(report, gate=gate))
    assert {c.get("classname", "")[:5] for c in found if status(c) == ["failure"]} == failing


def test_keys_do_not_change_with_a_title() -> None:
    report = build.everything()
    rules = tuple(replace(rule, title=f"{rule.title}, put otherwise") for rule in report.rules)
    keys = [
        [(s.get("name"), c.get("classname"), c.get("name")) for s in suites(one) for c in s]
        for one in (report, replace(report, rules=rules))
    ]
    assert keys[0] == keys[1]


def test_a_case_of_a_rule_without_a_requirement_says_nothing_wrong() -> None:
    rules = tuple(replace(rule, requirement="") for rule in build.RULES)
    (first, *_) = suites(build.report(projects=[ON], rules=rules))[1]
    assert first.get("name") == "SL101 nothing is found by inbound-limit-disabled :: acme/web/shop"


def test_waived_is_skipped_with_its_reason() -> None:
    made = case(entry(1, State.WAIVED))
    assert status(made) == ["skipped"]
    text = made[0].text or ""
    assert text.startswith("waived until 2026-12-31 by @web (contract 42): project beta/sdk-1 (1)")
    assert status(case(entry(1, State.WAIVED, unknown=True))) == ["skipped"]


def test_baselined_passes_and_says_so() -> None:
    made = case(entry(1, State.BASELINED))
    assert status(made) == ["system-out"]
    assert (made[0].text or "").startswith("baselined: project beta/sdk-1 (1)")
    assert status(case(entry(1, State.BASELINED, unknown=True))) == ["skipped"]


def test_mixed_states_of_one_rule_the_worst_decides_and_none_is_lost() -> None:
    new, unknown = entry(1), entry(2, unknown=True)
    waived, known = entry(3, State.WAIVED), entry(4, State.BASELINED)
    report = build.report([new, unknown, waived, known])
    derived, made = [c for c in cases(report) if c.get("classname", "").startswith("SL305")]
    assert status(derived) == ["skipped"]
    assert "beta/sdk-2" in (derived[0].text or "")
    assert status(made) == ["failure", "system-out"]
    out = made.findtext("system-out") or ""
    assert [line.split(" ")[0].rstrip(":") for line in out.splitlines()] == ["waived", "baselined"]
    assert status(case(waived, known)) == ["system-out"]


def test_findings_of_the_instance_have_its_suite_and_rules_not_judged_are_skipped() -> None:
    made = suites(build.report([build.finding("SL103")]))
    (suite,) = [s for s in made if s.get("name") == build.INSTANCE]
    assert [c.get("classname") for c in suite] == [
        "SL103.instance-enforcement-disabled",
        "SL102.inbound-limit-only-enforced",
    ]
    assert [status(c) for c in suite] == [["system-out"], ["skipped"]]
    assert suite[1].get("name") == "SL102 The project's own limit is on :: not judged"
    assert suite[1][0].text == "not judged: REST does not show the project's own flag"


def test_a_skipped_case_does_not_claim_what_nobody_found() -> None:
    """Viewers show the message beside the name: it is the reason, not the rule's title."""
    findings = [
        entry(2, unknown=True),
        build.finding("SL304", build.project(3), state=State.WAIVED),
    ]
    skipped = [
        only
        for made in cases(build.report([*findings, build.finding("SL103")]))
        for only in made
        if only.tag == "skipped"
    ]
    assert {only.get("type"): only.get("message") for only in skipped} == {
        "not_judged": "not judged: REST does not show the project's own flag",
        "unknown": "1 finding of verdict unknown",
        "waived": "waived until 2026-12-31 by @web (contract 42)",
    }


def test_projects_with_the_severest_findings_come_first_then_by_path() -> None:
    low, high = build.project(1, "a/low"), build.project(2, "z/high")
    passing = [build.project(3, "m/y"), build.project(4, "m/x")]
    found = [build.finding("SL201", low), build.finding("SL101", high)]
    names = [s.get("name") for s in suites(build.report(found, projects=passing))]
    assert names == [build.INSTANCE, "z/high", "a/low", "m/x", "m/y"]
    passed = [c for s in suites(build.report(found, projects=passing))[1:] for c in s]
    assert len([c for c in passed if status(c)]) == 2


def test_it_shows_what_the_user_asked_to_see() -> None:
    report = replace(build.everything(), min_severity=Severity.HIGH)
    types = {f.get("type") for c in cases(report) for f in c.findall("failure")}
    assert types == {"critical", "high"}


def test_same_report_same_bytes() -> None:
    first = rendered(JunitReporter(), build.everything())
    assert first == rendered(JunitReporter(), build.everything())
    assert first.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites')
    assert first.endswith(b"</testsuites>\n")


@pytest.mark.parametrize("path", build.HOSTILE_PATHS)
def test_names_stay_text(path: str) -> None:
    on = ProjectRef(1, path, None)
    ref = EntryRef("group", 5, path)
    waiver = Waiver(path, path, path)
    report = build.report(
        [
            build.finding("SL304", on, entry=ref, message=path, remediation=path),
            build.finding("SL305", on, entry=ref, message=path, state=State.WAIVED, waiver=waiver),
        ]
    )
    raw = rendered(JunitReporter(), report)
    assert not BIDI_AND_CONTROLS & set(raw.decode())
    (suite,) = suites(report)[1:]
    shown = suite.get("name", "")
    assert shown.partition(" [")[0].startswith("acme/hurt/")
    unfit = BIDI_AND_CONTROLS | {"\n", "\t", "\uffff"}
    if not unfit & set(path) and not any("\ud800" <= c <= "\udfff" for c in path):
        assert shown == path
        assert f"group {path} (5): {path}" in (suite.findtext("testcase/failure") or "")


def test_names_that_become_alike_are_told_apart() -> None:
    both = [ProjectRef(1, "acme/a\x00", None), ProjectRef(2, "acme/a\x01", None)]
    names = [s.get("name") for s in suites(build.report(projects=both))[1:]]
    assert names == ["acme/a\ufffd [1]", "acme/a\ufffd [2]"]


def test_above_the_limit_passes_fold_into_one_case_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [build.project(n) for n in range(1, 51)]
    report = build.report([build.finding("SL101", projects[0])], projects=projects)
    count = len([c for c in cases(report) if status(c) != ["skipped"]])
    assert count == 350
    monkeypatch.setattr(junit, "MAX_CASES", count)
    assert len([c for c in cases(report) if status(c) != ["skipped"]]) == count
    monkeypatch.setattr(junit, "MAX_CASES", count - 1)
    folded = cases(report)
    assert len([c for c in folded if status(c) == ["failure"]]) == 1
    by_rule = {
        c.get("classname"): c.findtext("system-out")
        for c in folded
        if c.find("system-out") is not None
    }
    assert by_rule["SL101.inbound-limit-disabled"] == "49 passed"
    assert by_rule["SL305.outside-project-allowed"] == "50 passed"
    once = replace(report, outcomes=iter(list(report.outcomes or ())))
    assert rendered(JunitReporter(), once) == rendered(JunitReporter(), report)


def test_at_the_size_limit_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    report = build.large(300)
    total = len(cases(report))
    monkeypatch.setattr(junit, "MAX_BYTES", 20_000)
    raw = rendered(JunitReporter(), report)
    assert len(raw) <= 20_000
    made = [c for s in ET.fromstring(raw) for c in s]
    assert status(made[-1]) == ["error"]
    assert made[-1][0].text == (
        f"{total - len(made) + 1} cases are left out: the file would be larger than GitLab reads."
    )
    assert len(made) > 10


def test_a_text_that_is_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit_cases, "TEXT_CHARS", 100)
    made = case(*(entry(n) for n in range(50)), *(entry(n, State.WAIVED) for n in range(50, 99)))
    assert [len(child.text or "") for child in made] == [100, 100]
