"""Code Quality: each trap of GitLab's parser, which stops in silence."""

import json
from typing import Any

import jsonschema
import pytest

from scopelint.finding import Outcome, Severity, State
from scopelint.report import Report
from scopelint_reports.codequality import CodeQualityReporter
from tests.reports import build
from tests.reports.kit import official, rendered

SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "major",
    Severity.MEDIUM: "minor",
    Severity.LOW: "info",
    Severity.INFO: "info",
}


def issues(report: Report) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(rendered(CodeQualityReporter(), report))
    return loaded


@pytest.mark.parametrize(
    "report", [build.clean(), build.everything(), build.incomplete(), build.large(300)]
)
def test_the_whole_array_is_valid(report: Report) -> None:
    schema = json.loads(official("gitlab-codequality-array-strict.schema.json").read_text("utf-8"))
    item = json.loads(official("gitlab-codeclimate.schema.json").read_text("utf-8"))
    found = issues(report)
    jsonschema.Draft7Validator(schema).validate(found)
    for issue in found:
        jsonschema.Draft7Validator(item).validate(issue)


def test_a_clean_report_is_an_empty_array_without_a_byte_order_mark() -> None:
    assert rendered(CodeQualityReporter(), build.clean()) == b"[]\n"
    assert rendered(CodeQualityReporter(), build.everything()).startswith(b"[\n{")


def test_a_whole_issue() -> None:
    on = build.project(1001, "acme/web/shop")
    found = build.finding("SL301", on, entry=build.group_entry(100), message="Anyone\nin acme.")
    assert issues(build.report([found])) == [
        {
            "description": "SL301: acme/web/shop: Anyone\ufffdin acme.",
            "check_name": "SL301 top-level-group-allowed",
            "fingerprint": found.fingerprint,
            "severity": "major",
            "location": {
                "path": "gitlab.example.com/acme/web/shop/job_token/SL301/group/100",
                "lines": {"begin": 1},
            },
        }
    ]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_severities_are_lower_case_words_that_gitlab_knows(severity: Severity) -> None:
    [issue] = issues(build.report([build.finding(on=build.project(1), severity=severity)]))
    assert issue["severity"] == SEVERITIES[severity]


def test_no_entry_can_stop_the_parser() -> None:
    for issue in issues(build.everything()):
        assert issue["description"].partition(": ")[2]
        assert issue["severity"] in SEVERITIES.values()
        assert type(issue["location"]["lines"]["begin"]) is int
        path = issue["location"]["path"]
        assert path
        assert not path.startswith((".", "/"))


def test_unknown_is_one_issue_waived_none_and_baselined_stays() -> None:
    report = build.everything()
    live = [f for f in report.findings if f.state is not State.WAIVED]
    fails = {f.fingerprint for f in live if f.verdict is Outcome.FAIL}
    sums = {f.fingerprint for f in live if f.rule == "SL902"}
    found = issues(report)
    assert {issue["fingerprint"] for issue in found} == fails | sums
    assert State.BASELINED in {f.state for f in live}
    [unknown] = issues(build.incomplete(summed_up=False))
    assert (unknown["severity"], unknown["description"][:7]) == ("minor", "SL902: ")


def test_equal_fingerprints_are_salted_the_same_way_each_time() -> None:
    twin = build.finding(on=build.project(1))
    report = build.report([twin, twin, twin])
    prints = [issue["fingerprint"] for issue in issues(report)]
    assert prints[0] == twin.fingerprint
    assert len(set(prints)) == 3
    assert prints == [issue["fingerprint"] for issue in issues(report)]
