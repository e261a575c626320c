"""Which changes close the most: findings grouped by what fixes them."""

import shlex
from dataclasses import replace

from markdown_it import MarkdownIt

from scopelint.finding import Finding, State
from scopelint.remedy import Change
from scopelint.report import RenderOptions, Report
from scopelint_reports.changes import changes, plan_commands
from scopelint_reports.console import ConsoleReporter
from scopelint_reports.markdown import MarkdownReporter
from tests.reports import build
from tests.reports.kit import rendered

CHANGES = {
    "SL101": Change("restrict-project"),
    "SL201": Change("switch-setting", "outbound", "off"),
    "SL301": Change("remove-entry", unsafe=True),
    "SL304": Change("remove-entry", unsafe=True),
}
RULES = tuple(replace(rule, change=CHANGES.get(rule.code)) for rule in build.RULES)


def report_of(*findings: Finding) -> Report:
    return build.report(findings, rules=RULES)


def titles(report: Report) -> list[str]:
    found, _ = changes(report.findings, report.rules, 99)
    return [f"{each.title}: {each.closes}" for each in found]


def test_an_entry_is_one_change_in_all_projects_that_have_it() -> None:
    acme, other = build.group_entry(7, "acme"), build.group_entry(8, "partner")
    found = [build.finding("SL301", build.project(n), entry=acme) for n in range(1, 10)]
    # SL302 has no remedy here, and goes with the entry all the same.
    found += [build.finding("SL302", build.project(n), entry=acme) for n in range(1, 4)]
    found += [build.finding("SL304", build.project(1), entry=other)]
    assert titles(report_of(*found)) == [
        "Remove group acme from 9 projects' allowlists: closes 12 findings, 9 high",
        "Remove group partner from 1 project's allowlist: closes 1 finding, high",
    ]


def test_switches_are_one_change_each_and_the_worst_findings_come_first() -> None:
    found = [build.finding("SL201", build.project(n)) for n in range(1, 4)]
    found += [build.finding("SL101", build.project(n)) for n in range(1, 3)]
    assert titles(report_of(*found)) == [
        "Switch on the job token limit of 2 projects: closes 2 findings, all high",
        "Switch off the outbound limit of 3 projects: closes 3 findings, all low",
    ]


def test_console_and_markdown_name_the_first_few() -> None:
    """They stand under the page's heading; the rest is counted."""
    found = [
        build.finding("SL304", build.project(n), entry=build.group_entry(n, f"partner/g-{n}"))
        for n in range(1, 6)
    ]
    said = "Remove group partner/g-1 from 1 project's allowlist: closes 1 finding, high"
    console = rendered(ConsoleReporter(RenderOptions(width=60)), report_of(*found)).decode()
    _, _, below = console.partition("\nDo these first\n")
    assert " ".join(below.split()).startswith(said)
    assert (below.count("Remove group"), "\n  … and 2 more changes\n" in below) == (3, True)
    assert all(len(line) <= 60 for line in below.splitlines())
    markdown = rendered(MarkdownReporter(), report_of(*found)).decode()
    _, _, below = markdown.partition("\n### Do these first\n\n")
    first, *_ = below.splitlines()
    assert MarkdownIt().render(first) == f"<ol>\n<li>{said}</li>\n</ol>\n"
    assert (below.count("1. Remove group"), "2 more changes would close others." in below) == (
        3,
        True,
    )
    nothing = report_of(build.finding("SL302", build.project(1)))
    for reporter in (ConsoleReporter(), MarkdownReporter()):
        assert b"Do these first" not in rendered(reporter, nothing)


def test_what_is_accepted_unknown_or_without_a_remedy_asks_for_nothing() -> None:
    on = build.project(1)
    report = report_of(
        build.finding("SL101", on, unknown=True),
        build.finding("SL101", build.project(2), state=State.WAIVED),
        build.finding("SL101", build.project(3), state=State.BASELINED),
        build.finding("SL302", on, entry=build.group_entry()),
        build.finding("SL103"),
    )
    assert titles(report) == []


def test_the_command_narrows_the_runs_own_plan_or_collects_first() -> None:
    entry = build.group_entry(8, "a b; rm -rf ~")
    report = report_of(build.finding("SL304", build.project(1), entry=entry))
    ((change,), _) = changes(report.findings, report.rules, 99)
    own = [("scopelint explain SL304", ""), ("scopelint plan kept.db -o p.json", "")]
    (command,) = plan_commands(change, report, own)
    assert shlex.split(command)[5:] == ["--select", "SL304", "--unsafe", "--entry", str(entry.path)]
    collect, plan = plan_commands(change, report)
    assert shlex.split(collect)[:3] == ["scopelint", "collect", "acme"]
    assert shlex.split(plan)[2] == shlex.split(collect)[-1] == "scopelint.db"
