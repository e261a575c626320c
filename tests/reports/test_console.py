"""The console report: what stands where, what is hidden, and that nothing in it is acted on."""

import io
import re
from dataclasses import replace
from typing import Any

import pytest

from scopelint.finding import Severity, State
from scopelint.model import Fact, Gap, Reason
from scopelint.report import Gate, RenderOptions, Report
from scopelint.text import cell_width
from scopelint_reports.console import JOB_CAP, ConsoleReporter
from tests.reports import build


def render(report: Report, **options: Any) -> str:
    out = io.BytesIO()
    ConsoleReporter(RenderOptions(**options)).render(report, out)
    return out.getvalue().decode("utf-8")


def two_projects() -> Report:
    calm, worse = build.project(1, "acme/calm"), build.project(2, "acme/worse")
    return build.report(
        [
            build.finding("SL302", calm, entry=build.group_entry(5, "acme/wide"), message="wide"),
            build.finding("SL101", worse, message="open"),
            build.finding("SL201", worse, message="outbound"),
            build.finding("SL103", message="not enforced"),
        ]
    )


def test_the_worst_project_comes_first_and_the_instance_counts_as_one() -> None:
    text = render(two_projects())
    heads = re.findall(r"^(The instance|acme/\w+)  (.+)$", text, re.MULTILINE)
    assert heads == [
        ("acme/worse", "1 high, 1 low"),
        ("acme/calm", "1 medium"),
        ("The instance", "1 low"),
    ]


def test_one_line_a_finding_with_severity_code_entry_and_message() -> None:
    lines = render(two_projects()).splitlines()
    assert "  high      SL101  open" in lines
    assert "  medium    SL302  acme/wide: wide" in lines


def test_an_entry_that_the_message_names_is_not_named_twice() -> None:
    one = build.finding(
        "SL302", build.project(1), entry=build.group_entry(5, "acme/wide"), message="acme/wide is"
    )
    assert "SL302  acme/wide is\n" in render(build.report([one]))


@pytest.mark.parametrize("width", [40, 80, 140])
def test_no_line_is_wider_than_asked(width: int) -> None:
    text = render(build.everything(), width=width, show_fix=True, show_waived=True)
    head, _, last = text.rstrip("\n").rpartition("\n")
    assert max(cell_width(line) for line in head.splitlines()) <= width
    assert "\n" not in last


def test_default_width_is_eighty() -> None:
    assert render(build.everything()) == render(build.everything(), width=80)


@pytest.mark.parametrize("color", [False, True])
def test_nothing_from_gitlab_is_acted_on(color: bool) -> None:
    text = render(build.everything(), color=color, show_fix=True, show_waived=True)
    ours = re.sub(r"\x1b\[(?:0|1|2|1;3\d|3\d)m", "", text)
    assert (ours == text) is not color
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", ours
    )
    assert "\\u202efdp.exe" in ours


def test_markup_of_names_stays_text() -> None:
    on = build.project(1, "acme/[bold red]x[/]")
    assert "acme/[bold red]x[/]" in render(build.report([build.finding("SL101", on)]))


def test_remediation_only_with_show_fix() -> None:
    report = two_projects()
    assert "fix:" not in render(report)
    assert "fix: Switch the limit on" in render(report, show_fix=True)


def test_waived_findings_are_counted_and_listed_only_when_asked() -> None:
    waived = build.finding("SL101", build.project(1), state=State.WAIVED, message="accepted")
    report = build.report([waived])
    assert "accepted" not in render(report)
    assert "1 waived" in render(report)
    assert "accepted [waived until 2026-12-31: contract 42, @web]" in render(
        report, show_waived=True, width=120
    )


def test_baselined_and_unknown_are_marked() -> None:
    on = build.project(1)
    text = render(
        build.report(
            [
                build.finding("SL101", on, state=State.BASELINED, message="old"),
                build.finding("SL302", on, unknown=True, message="not seen"),
            ]
        )
    )
    assert "  high      SL101  old [baselined]" in text
    assert "  unknown   SL302  not seen" in text


def test_projects_with_the_same_unknown_are_told_together_but_each_is_named() -> None:
    dark = [build.project(n) for n in range(1, 6)]
    text = render(build.report([build.finding("SL901", one, message="forbidden") for one in dark]))
    assert text.count("SL901  forbidden") == 1
    assert all(f"    {one.path}\n" in text for one in dark)


def test_the_tail_names_rules_not_judged_and_gaps_with_three_examples() -> None:
    dark = [build.project(n) for n in range(1, 6)]
    text = render(build.report(gaps=tuple(build.scope_gap(one) for one in dark), projects=dark))
    assert re.search(r"^Not judged +SL102: REST does not show the project's own flag$", text, re.M)
    assert "       5  scope: job token scopes of projects (forbidden)" in text
    assert "and 2 more" in text
    assert sum(one.path in text for one in dark) == 3


def test_the_tail_says_what_was_scanned() -> None:
    text = render(build.clean())
    assert "12 projects, 42 groups, 1,297 entries in acme" in text
    assert "\n12 projects judged; 10 rules judged, 1 could not\nPASS" in text
    assert "GitLab 18.5.0-ee at https://gitlab.example.com, not enforced" in text
    assert "2026-08-01 06:00:42 UTC, 12 requests through GraphQL" in text


def test_a_clean_run_says_so() -> None:
    text = render(build.clean())
    assert text.startswith(
        "PASS  no new finding at or above medium\n"
        "12 projects judged; 10 rules judged, 1 could not\n\n"
        "No finding in what was judged.\n"
    )
    assert text.endswith("\nPASS  no new finding at or above medium\n")


def test_findings_below_the_shown_level_are_not_called_clean() -> None:
    low = build.finding("SL201", build.project(1))
    text = render(build.report([low], min_severity=Severity.HIGH))
    assert "No finding is listed at this level." in text
    assert "1 new finding below high (--min-severity)" in text
    assert "1 low" in text


@pytest.mark.parametrize(
    ("gate", "last"),
    [
        (
            Gate("fail", "medium", ("3 high", "1 medium")),
            "FAIL  3 high, 1 medium (fails at medium or above)",
        ),
        (Gate("fail", "high", ("12 medium, more than 10",)), "FAIL  12 medium, more than 10"),
        (Gate("fail", "high", ("1200 high",)), "FAIL  1,200 high (fails at high or above)"),
        (Gate("pass", "never"), "PASS  the gate is off (fail on: never)"),
    ],
)
def test_the_last_line_is_the_verdict_and_why(gate: Gate, last: str) -> None:
    report = build.clean()
    report = Report(**{**report.__dict__, "gate": gate})
    assert render(report).splitlines()[-1] == last


def test_an_incomplete_scan_is_named_in_the_last_line() -> None:
    last = render(build.incomplete()).splitlines()[-1]
    assert last == "INCOMPLETE  2 of 12 projects could not be read"


def test_a_gitlab_job_gets_balanced_collapsed_sections() -> None:
    text = render(build.everything(), gitlab_job=True)
    starts = re.findall(
        r"\x1b\[0Ksection_start:(\d+):([\w.-]+)\[collapsed=true\]\r\x1b\[0K\S", text
    )
    ends = re.findall(r"\x1b\[0Ksection_end:(\d+):([\w.-]+)\r\x1b\[0K\n", text)
    assert starts == ends
    assert len(set(starts)) == len(starts) > 1
    assert text.count("\r") == 4 * len(starts) // 2


def test_a_gitlab_job_lists_the_worst_and_points_to_the_rest() -> None:
    report = build.large(JOB_CAP + 50)
    text = render(report, gitlab_job=True)
    assert len(re.findall(r"^  (?:high|medium|low)\s+SL", text, re.MULTILINE)) == JOB_CAP
    assert "… and 50 findings more, listed in this job's artifact:\n" in text
    assert "--report html=FILE" in text
    page = "https://gitlab.example.com/acme/app/-/jobs/1/artifacts/file/scopelint.html"
    assert f"\n  {page}\n" in render(report, gitlab_job=True, report_url=page)


def test_headings_count_what_the_cap_leaves_out() -> None:
    report = build.large(JOB_CAP + 50)
    heads = re.findall(
        r"^acme/team-\d/app-\d+  (.+)$", render(report, gitlab_job=True), re.MULTILINE
    )
    assert heads == ["2 high, 2 medium, 1 low"] * 50


def test_a_gitlab_job_is_coloured_where_asked_and_ends_with_the_verdict() -> None:
    text = render(build.incomplete(), gitlab_job=True, color=True)
    assert "\x1b[35munknown" in text
    last = text.splitlines()[-1]
    assert last == "\x1b[1;35mINCOMPLETE\x1b[0m  2 of 12 projects could not be read"


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render(build.everything()) == render(build.everything())


def test_rules_of_others_are_named_with_where_they_come_from() -> None:
    report = build.everything()
    assert "Rules of" not in render(report)
    rules = [replace(rule, distribution="acme-\x1b[31mrules") for rule in report.rules[:2]]
    rules.append(replace(report.rules[2], distribution="mine.py"))
    text = render(replace(report, rules=(*rules, *report.rules[3:])), width=200)
    [line] = [line for line in text.splitlines() if line.startswith("Rules of")]
    codes = [rule.code for rule in rules]
    assert line.endswith(f"rules: {codes[0]}, {codes[1]}; mine.py: {codes[2]}")
    assert "\x1b" not in line


def test_the_first_line_is_the_verdict_too() -> None:
    report = two_projects()
    lines = render(report, width=200).splitlines()
    assert lines[0] == lines[-1] == "FAIL  1 high, 1 medium (fails at medium or above)"
    assert lines[1] == lines[-2] == "2 projects judged; 10 rules judged, 1 could not"


def test_rules_not_judged_for_one_reason_are_folded() -> None:
    rules = tuple(
        replace(rule, not_judged="no log was read") if rule.code.startswith("SL3") else rule
        for rule in build.RULES
    )
    text = render(build.report(rules=rules), width=100)
    assert re.search(r"^ +SL301, SL302, SL304, SL305: no log was read$", text, re.M)


def test_statistics_have_a_line_a_rule_that_judged() -> None:
    report = two_projects()
    assert "SL305" not in render(report)
    text = render(report, statistics=True, width=100)
    assert re.search(r"^  Rule +fail +unknown +pass$", text, re.M)
    assert re.search(r"^  SL101 +1 +0 +1  inbound-limit-disabled$", text, re.M)
    table = text.partition("  Rule")[2].partition("\n\n")[0]
    assert len(re.findall(r"^  SL", table, re.M)) == 10


def test_it_says_where_reports_are_and_what_to_do_next() -> None:
    steps = [("scopelint explain SL101", "why it matters and how to fix it")]
    text = render(two_projects(), written=[("html", "out/r.html")], next_steps=steps)
    assert re.search(r"^Written +html: out/r.html$", text, re.M)
    assert "\nNext\n  scopelint explain SL101\n    why it matters and how to fix it\n\n" in text


COMMANDS = (
    "::error::x",
    "##[error]x",
    "##vso[task.setvariable variable=a]b",
    "a ::set-env name=b::c",
)


@pytest.mark.parametrize("text", COMMANDS)
@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_a_command_to_the_runner_of_a_job(text: str, width: int) -> None:
    """GitHub's runner takes `::name` after blanks too, and `##[` wherever it stands in a line."""
    on = build.project(1, f"{text}/{'x' * 30}/{text}")
    gap = Gap(Fact.SCOPE, Reason.ERROR, text, "project", 1, text)
    found = build.finding("SL302", on, entry=build.group_entry(5, text), message=f"{text} {text}")
    rules = tuple(
        replace(rule, title=text, not_judged=text if rule.code == "SL102" else None)
        for rule in build.RULES
    )
    report = build.report([found], gaps=(gap,), rules=rules, targets=(text,))
    report = replace(report, warnings=(text,))
    options: dict[str, Any] = {"statistics": True, "show_fix": True, "written": [("html", text)]}
    for job in (False, True):
        for line in render(report, width=width, gitlab_job=job, **options).splitlines():
            assert not re.match(r"\s*::[A-Za-z]", line), line
            assert "##[" not in line
            assert "##vso[" not in line
