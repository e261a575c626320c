"""Annotations, metrics and GitHub's commands: small documents that GitLab and GitHub act on."""

import json
import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.finding import Severity, State
from scopelint.report import RenderOptions, Report, RuleSummary
from scopelint.testing import report as judged
from scopelint_reports import github
from scopelint_reports.annotations import LINKS, AnnotationsReporter
from scopelint_reports.github import GithubReporter
from scopelint_reports.openmetrics import OpenMetricsReporter
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from tests.reports import build, overviews
from tests.reports.kit import BIDI_AND_CONTROLS, STEADY, rendered

ANY = st.text(st.characters(exclude_categories=()), max_size=40) | st.text(
    ":,%\r\n#[]a", max_size=20
)


def links(report: Report, **options: Any) -> list[tuple[str, str]]:
    document = json.loads(rendered(AnnotationsReporter(RenderOptions(**options)), report))
    assert list(document) == ["scopelint"]
    found = [item.pop("external_link") for item in document["scopelint"]]
    assert not any(document["scopelint"])
    assert {tuple(sorted(link)) for link in found} == {("label", "url")}
    return [(link["label"], link["url"]) for link in found]


def metrics(report: Report) -> dict[str, str]:
    """Read the metrics as GitLab does: lines split as a shell would."""
    lines = rendered(OpenMetricsReporter(), report).decode().split("\n")
    assert lines[-2:] == ["# EOF", ""]
    pairs = [shlex.split(line) for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs)
    found = dict(pairs)
    assert len(found) == len(pairs)
    return found


def commands(report: Report) -> list[dict[str, Any]]:
    """Read workflow commands as GitHub's runner does: one a line, else nothing."""
    text = rendered(GithubReporter(), report).decode()
    found = []
    for line in text.removesuffix("\n").split("\n"):
        match = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
        assert match, line
        level, properties, message = match.groups()
        pairs = dict(pair.split("=", 1) for pair in properties.split(","))
        found.append({"level": level, "message": message} | pairs)
    return found


def test_the_job_page_always_gets_the_verdict() -> None:
    page = "https://gitlab.example.com/acme/audit/-/jobs/7/artifacts/file/scopelint.html"
    verdict = "scopelint pass: no new finding at or above medium"
    assert links(build.clean(), report_url=page) == [(verdict, page)]
    assert links(build.clean()) == [(verdict, build.INSTANCE)]
    assert links(build.clean(), report_url="javascript:x") == [(verdict, build.INSTANCE)]


def test_the_job_page_gets_the_worst_projects() -> None:
    one, two = build.project(1), build.project(2)
    findings = [
        build.finding("SL302", one),
        build.finding("SL101", two),
        build.finding("SL302", two),
        build.finding("SL304", one, state=State.WAIVED),
        build.finding("SL201", build.project(3), state=State.BASELINED),
    ]
    settings = "/-/settings/ci_cd#js-token-access"
    assert links(build.report(findings))[1:] == [
        ("acme/team-2/app-2: 1 high, 1 medium", f"{two.web_url}{settings}"),
        ("acme/team-1/app-1: 1 medium", f"{one.web_url}{settings}"),
        ("acme/team-3/app-3: 1 low", f"{build.INSTANCE}/acme/team-3/app-3{settings}"),
    ]


def test_the_job_page_gets_one_link_for_what_is_unknown() -> None:
    found = links(build.incomplete(summed_up=False))
    assert [label[:5] for label, _ in found] == ["scope", "SL902"]


@pytest.mark.parametrize(
    ("not_run", "code"),
    [
        ((build.RULE_BY_CODE["SL902"],), "SL902"),
        ((replace(build.RULE_BY_CODE["SL902"], code="ACME902"),), "ACME902"),
        ((), "SL901"),
    ],
    ids=["ours", "a-plug-ins", "none"],
)
def test_what_is_unknown_is_summed_up_where_that_rule_did_not_run(
    not_run: tuple[RuleSummary, ...], code: str
) -> None:
    report = build.incomplete(summed_up=False)
    rules = tuple(rule for rule in report.rules if rule.code != "SL902")
    _, (label, _) = links(replace(report, rules=rules, not_run=not_run))
    assert label.startswith(f"{code} Not everything could be judged: 2 unknown")


def test_the_job_page_gets_no_more_than_it_can_show() -> None:
    report = build.large(1_000)
    found = links(report)
    assert len(found) == LINKS
    assert found[-1][0] == "182 more projects with findings"
    long = build.report([build.finding(on=build.project(n, "x" * 9_000)) for n in range(1, 50)])
    assert len(rendered(AnnotationsReporter(), long)) < 80_000


@STEADY
@given(ANY, ANY)
def test_links_of_the_job_page_are_web_addresses(path: str, url: str) -> None:
    on = build.project(1, path, f"https://gitlab.example.com/{url}")
    report = build.report(
        [build.finding(on=on), build.finding("SL302", build.project(2, url, url))]
    )
    for label, address in links(report):
        assert re.fullmatch(r"https://gitlab\.example\.com[!-~]*", address)
        assert not BIDI_AND_CONTROLS & set(label)


def test_metrics_count_what_the_summary_counts() -> None:
    report = replace(build.everything(), min_severity=Severity.CRITICAL, new_only=True)
    found = metrics(report)
    summary = report.summary.as_dict()
    for name in ("critical", "high", "medium", "low", "info"):
        assert found[f"scopelint_findings{{severity={name}}}"] == str(summary[name])
    for name in ("unknown", "waived", "baselined"):
        assert found[f"scopelint_{name}"] == str(summary[name])
    by_rule = [int(v) for name, v in found.items() if name.startswith("scopelint_rule_findings")]
    assert sum(by_rule) == sum(summary[n] for n in ("critical", "high", "medium", "low", "info"))
    assert found["scopelint_projects{state=unreadable}"] == "2"
    assert (found["scopelint_complete"], found["scopelint_gate_passed"]) == ("0", "0")
    clean = metrics(build.clean())
    assert (clean["scopelint_complete"], clean["scopelint_gate_passed"]) == ("1", "1")


def test_metrics_take_no_label_that_a_shell_would_read() -> None:
    rule = replace(build.RULES[0], code='SL1"} 9\nx $(y)')
    finding = replace(build.finding(on=build.project(1)), rule=rule.code)
    assert (
        metrics(build.report([finding], rules=(rule,)))["scopelint_rule_findings{rule=other}"]
        == "1"
    )


def test_metrics_count_unknowns_by_rule() -> None:
    """An alert on a rule that could not tell must be able to fire."""
    found = metrics(build.incomplete())
    assert found["scopelint_rule_unknown{rule=SL901}"] == "2"
    assert found["scopelint_rule_unknown{rule=SL902}"] == "1"
    assert found["scopelint_rule_unknown{rule=SL101}"] == "0"
    assert found["scopelint_rule_findings{rule=SL901}"] == "0"


def test_metrics_tell_open_projects_and_reach_by_top_level_group() -> None:
    closed = {"entries": [{"group": "beta"}]}
    opened = {"inbound_own": False, "inbound_effective": False}
    inventory = {
        "projects": {"acme/web/a": opened, "acme/b": closed, "beta/c": {}, "beta/d": opened},
        "excluded": ["beta/e"],
    }
    report = judged(inventory, [InboundLimitDisabled])
    found = metrics(report)
    assert found["scopelint_open_projects{group=acme}"] == "1"
    assert found["scopelint_open_projects{group=beta}"] == "1"
    assert found["scopelint_group_findings{group=acme}"] == "1"
    assert found["scopelint_group_unknown{group=beta}"] == "0"
    pairs = report.overview["reach"]["pairs"] if report.overview else []
    reached = sum(int(found[f"scopelint_reach{{group={group}}}"]) for group in ("acme", "beta"))
    assert reached == sum(pair[2] for pair in pairs) > 0
    assert found["scopelint_projects{state=left_out}"] == "1"


def test_metrics_keep_groups_that_a_shell_would_read_together() -> None:
    groups = [
        {"path": path, "projects": 9 - at, "unread": 0, "open": 1, "high": 2}
        for at, path in enumerate(["fine.group-1", "$(x)", 'a"} 9', "b c", "ü", "sub/group"])
    ]
    overview = {"groups": groups, "reach": None}
    found = metrics(replace(build.clean(), overview=overview))
    assert found["scopelint_open_projects{group=fine.group-1}"] == "1"
    assert found["scopelint_open_projects{group=other}"] == "4"
    assert found["scopelint_group_findings{group=other}"] == "8"


def test_metrics_count_rules_by_what_became_of_them() -> None:
    found = metrics(build.narrowed())
    names = ("judged", "not_judged", "off")
    assert [found[f"scopelint_rules{{state={name}}}"] for name in names] == ["7", "1", "3"]


def test_metrics_hold_no_name_but_of_top_level_groups_and_no_time() -> None:
    assert b"acme" not in rendered(OpenMetricsReporter(), build.everything())
    drawn = replace(build.everything(), overview=overviews.small())
    text = rendered(OpenMetricsReporter(), drawn).decode()
    assert set(re.findall(r'group="([^"]*)"', text)) == {"acme"}
    report = build.clean()
    later = replace(report.scan.scan, finished_at=None, requests=99)
    other = replace(report, scan=replace(report.scan, scan=later))
    assert metrics(other) == metrics(report)


def test_github_gets_the_worst_of_each_level() -> None:
    found = commands(build.large(300))
    levels = [one["level"] for one in found]
    assert {
        level: levels.count(level) for level in ("error", "warning", "notice")
    } == dict.fromkeys(("error", "warning", "notice"), github.A_LEVEL)
    assert found[-1]["title"] == "scopelint"
    assert found[-1]["message"].endswith("271 findings more, not shown here")
    assert found[0] == {
        "level": "error",
        "file": "gitlab.example.com/acme/team-0/app-1000/job_token/SL101",
        "line": "1",
        "title": "SL101 inbound-limit-disabled",
        "message": "acme/team-0/app-1000: The job token limit is off",
    }


def test_github_gets_a_verdict_of_a_clean_run_and_of_unknown() -> None:
    [only] = commands(build.clean())
    assert only["message"] == "pass: no new finding at or above medium"
    summed, last = commands(build.incomplete(summed_up=False))
    assert (summed["level"], summed["title"]) == ("warning", "SL902 scan-incomplete")
    assert last["message"].startswith("incomplete: ")


def test_github_gets_no_waived_finding() -> None:
    on = build.project(1)
    states = [
        build.finding("SL101", on, state=State.WAIVED),
        build.finding("SL302", on, state=State.BASELINED),
    ]
    assert [one["title"] for one in commands(build.report(states))] == [
        "SL302 group-entry-too-broad",
        "scopelint",
    ]


@STEADY
@given(ANY, ANY)
def test_no_name_becomes_a_command_of_github(path: str, message: str) -> None:
    found = build.finding(on=build.project(1, path), message=message)
    assert len(commands(build.report([found]))) == 2


@pytest.mark.parametrize(
    "text", ["x\n::error::y", "x\r\n::stop-commands::z", "::add-mask::a", "%0A::error::q"]
)
def test_injected_commands_stay_text(text: str) -> None:
    first, _ = commands(build.report([build.finding(on=build.project(1), message=text)]))
    assert first["level"] == "error"
    decoded = first["message"].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert decoded.replace("\r", "") == f"{build.project(1).path}: {text}".replace("\r", "")
