"""What the readers of SARIF ask for, restated as checks: GitLab, GitHub, DefectDojo, SonarQube."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha1
from typing import Any

import pytest

from scopelint.finding import Outcome, Severity, State
from scopelint.report import RenderOptions, Report
from scopelint_reports import sarif
from scopelint_reports.gitlab_sast import GitlabSastReporter
from scopelint_reports.sarif import SarifReporter
from tests.reports import build, gitlab_ingest
from tests.reports.kit import rendered

REPORTS = [build.clean(), build.everything(), build.incomplete(), build.large(300)]


def written(report: Report, **options: Any) -> bytes:
    return rendered(SarifReporter(RenderOptions(**options)), report)


def results(report: Report, **options: Any) -> Iterator[dict[str, Any]]:
    for run in json.loads(written(report, **options))["runs"]:
        yield from run["results"]


@pytest.mark.parametrize("report", REPORTS)
def test_gitlab_takes_every_result(report: Report) -> None:
    ingested = gitlab_ingest.sarif(written(report))
    assert (ingested.rejected, ingested.dropped) == ("", [])
    live = [f for f in report.findings if f.state is not State.WAIVED]
    fails = [f for f in live if f.verdict is Outcome.FAIL]
    has_unknown = any(f.verdict is Outcome.UNKNOWN for f in live)
    assert len(ingested.vulnerabilities) == len(fails) + has_unknown
    assert {v.report_type for v in ingested.vulnerabilities} <= {"sast"}
    identities = {v.identity for v in ingested.vulnerabilities}
    assert len(identities) == len(ingested.vulnerabilities)


def test_gitlab_gets_our_severities() -> None:
    severities = {s: s.value for s in Severity if s is not Severity.UNKNOWN}
    for severity, name in severities.items():
        rules = tuple(replace(rule, severity=severity) for rule in build.RULES)
        report = build.report([build.finding(on=build.project(1), severity=severity)], rules=rules)
        [found] = gitlab_ingest.sarif(written(report)).vulnerabilities
        assert found.severity == name
    [unknown] = gitlab_ingest.sarif(written(build.incomplete())).vulnerabilities
    assert unknown.severity == "medium"


def test_gitlab_skips_what_is_suppressed() -> None:
    report = build.everything()
    waived = [f for f in report.findings if f.state is State.WAIVED and f.verdict is Outcome.FAIL]
    ingested = gitlab_ingest.sarif(written(report, keep_waived=True))
    assert ingested.suppressed == len(waived)
    assert ingested.rejected == ""


@pytest.mark.parametrize("number", sorted(gitlab_ingest.SECRET_DETECTION))
def test_a_setting_is_never_filed_as_a_secret(number: int) -> None:
    rules = tuple(replace(rule, cwe=(number, 732), tags=("cwe-319",)) for rule in build.RULES)
    report = build.report([build.finding(on=build.project(1))], rules=rules)
    [found] = gitlab_ingest.sarif(written(report)).vulnerabilities
    assert found.report_type == "sast"


def test_texts_of_any_length_drop_nothing() -> None:
    long = "long " * 1_000
    rule = replace(build.RULES[0], title=long, page=f"## What it flags\n\n{long}")
    rule = replace(rule, name="n" * 999, help_uri=f"https://example.com/{'x' * 3_000}")
    rule = replace(rule, tags=tuple(f"t{n}" for n in range(30)))
    found = build.finding(on=build.project(1, f"acme/{'x' * 3_000}"), message=long)
    report = build.report([found], rules=(rule,))
    assert gitlab_ingest.sarif(written(report)).dropped == []


def test_sarif_and_the_security_report_give_the_same_identities() -> None:
    report = build.everything()
    by_sarif = [v.identity for v in gitlab_ingest.sarif(written(report)).vulnerabilities]
    security = json.loads(rendered(GitlabSastReporter(), report))
    assert sorted(by_sarif) == sorted(map(_identity, security["vulnerabilities"]))


def _identity(item: dict[str, Any]) -> tuple[str, str, str]:
    first, place = item["identifiers"][0], item["location"]
    key = f"{first['type']}:{first['value']}"
    spot = f"{place['file']}:{place['start_line']}:{place['end_line']}"
    hashed = (sha1(text.encode()).hexdigest() for text in (key, spot))
    return ("sast", *hashed)  # type: ignore[return-value]  # two of them


def test_github_gets_what_it_requires() -> None:
    document = json.loads(written(build.everything()))
    assert document["$schema"]
    for run in document["runs"]:
        assert run["tool"]["driver"]["name"]
        for rule in run["tool"]["driver"]["rules"]:
            texts = [rule[key]["text"] for key in ("shortDescription", "fullDescription", "help")]
            assert all(texts)
            assert max(map(len, texts)) <= 1_024
            assert len(rule["properties"]["tags"]) <= 10
            assert float(rule["properties"].get("security-severity", "1")) > 0
        for result in run["results"]:
            [place] = result["locations"]
            region = place["physicalLocation"]["region"]
            assert region == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
            assert result["message"]["text"].strip()
            line_hash = result["partialFingerprints"]["primaryLocationLineHash"]
            assert re.fullmatch("[0-9a-f]{16}:1", line_hash)
    ids = [run["automationDetails"]["id"] for run in document["runs"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("suppressed", [False, True])
def test_defectdojo_gets_nothing_it_fails_on(suppressed: bool) -> None:
    for result in results(build.everything(), keep_waived=suppressed):
        assert len(result["locations"]) == 1, "a finding would be made of each"
        assert "startLine" in result["locations"][0]["physicalLocation"]["region"]
        for key in (*result["fingerprints"], *result["partialFingerprints"]):
            assert "/" not in key or re.search(r"/v\d+$", key)
        assert result["baselineState"] in {"new", "unchanged"}, "absent would come to life"
        assert "kind" not in result
        assert len(result.get("suppressions", [])) <= 1


def test_defectdojo_and_gitlab_read_the_same_weaknesses() -> None:
    driver = json.loads(written(build.everything()))["runs"][0]["tool"]["driver"]
    targets = [r["target"] for rule in driver["rules"] for r in rule.get("relationships", ())]
    assert {t["id"] for t in targets} == {"CWE-732", "CWE-284"}
    assert {t["toolComponent"]["name"] for t in targets} == {"CWE"}


def test_sonarqube_gets_the_level_of_each_rule() -> None:
    levels = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
    report = build.everything()
    driver = json.loads(written(report))["runs"][0]["tool"]["driver"]
    for rule, summary in zip(driver["rules"], report.rules, strict=True):
        usual = "warning" if summary.severity is Severity.UNKNOWN else "note"
        level = rule["defaultConfiguration"].get("level")
        assert level == levels.get(summary.severity, usual)


def test_azure_gets_a_full_name_and_an_overridable_category() -> None:
    [run] = json.loads(written(build.clean(), sarif_category="azuredevops/pipeline/build/7"))[
        "runs"
    ]
    assert run["tool"]["driver"]["fullName"]
    assert run["automationDetails"]["id"] == "azuredevops/pipeline/build/7/"


@pytest.mark.slow
def test_gitlab_shows_the_5000_severest_of_5001_and_none_of_two_runs() -> None:
    """A10: 5,001 results in one run; in two runs of one tool GitLab shows nothing."""
    report = build.large(5_001)
    found = gitlab_ingest.shown(written(report))
    assert len(found) == 5_000
    assert len(gitlab_ingest.sarif(written(report)).dropped) == 0
    assert gitlab_ingest.shown(written(report, sarif_runs=2)) == []


def test_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS_A_RUN", 3)
    reporter = SarifReporter(RenderOptions(sarif_runs=2))
    document = json.loads(rendered(reporter, build.large(20)))
    assert [len(run["results"]) for run in document["runs"]] == [3, 3]
    assert reporter.notes == ["14 results are left out: the file holds the 6 severest."]
    notes = document["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert reporter.notes[0] in [note["message"]["text"] for note in notes]
    rendered(reporter, build.large(5))
    assert reporter.notes == []


def _changed(**changes: Any) -> bytes:
    """Return a report of four results of which three have these members instead of their own."""
    document = json.loads(written(build.large(4)))
    for result in document["runs"][0]["results"][:3]:
        result.update(changes)
    return json.dumps(document).encode()


LOGICAL = [{"logicalLocations": [{"fullyQualifiedName": "acme::x"}]}]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"locations": LOGICAL}, "no physical location"),
        ({"locations": []}, "no physical location"),
        ({"ruleId": ""}, "no ruleId"),
        ({"message": {"text": "x" * 1_025}}, "message too long"),
    ],
)
def test_the_checker_sees_what_gitlab_drops(changes: dict[str, Any], why: str) -> None:
    ingested = gitlab_ingest.sarif(_changed(**changes))
    assert ingested.dropped == [why] * 3
    assert ingested.rejected == "3 of 4 results were dropped"


def test_the_checker_sees_a_rank_that_means_critical() -> None:
    found = gitlab_ingest.sarif(_changed(rank=-1)).vulnerabilities
    assert [one.severity for one in found[:3]] == ["critical"] * 3
    assert all("rank" not in result for result in results(build.everything()))
