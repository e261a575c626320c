"""GitLab's security report: its schema, and the rules of the importer that no schema says."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest

from scopelint.finding import Outcome, Severity, State
from scopelint.model import Fact, Gap, Reason
from scopelint.report import RenderOptions, Report
from scopelint_reports.gitlab_sast import MESSAGES, GitlabSastReporter
from tests.reports import build, gitlab_ingest
from tests.reports.kit import official, rendered


def data(report: Report, **options: Any) -> dict[str, Any]:
    reporter = GitlabSastReporter(RenderOptions(**options))
    loaded: dict[str, Any] = json.loads(rendered(reporter, report))
    return loaded


def one(report: Report) -> dict[str, Any]:
    [item] = data(report)["vulnerabilities"]
    found: dict[str, Any] = item
    return found


WIDE = "💥" * 20_000


@pytest.mark.parametrize(
    "report",
    [
        build.clean(),
        replace(build.clean(), whole_set=True),
        build.everything(),
        build.incomplete(),
        build.incomplete(summed_up=False),
        build.large(300),
        build.report(rules=(), finished_at=None, targets=()),
        build.report([build.finding(on=build.project(1, WIDE), message=WIDE, remediation=WIDE)]),
        build.report([build.finding(on=build.project(1), message="", remediation=" ")]),
    ],
)
def test_it_is_valid_against_the_official_schema(report: Report) -> None:
    schema = json.loads(official("gitlab-sast-report-format-15.2.1.json").read_text("utf-8"))
    errors = jsonschema.Draft7Validator(schema).iter_errors(data(report))
    assert [error.message for error in errors] == []


def test_the_version_can_be_chosen() -> None:
    assert data(build.clean())["version"] == "15.2.1"
    assert data(build.clean(), gitlab_sast_version="15.0.7")["version"] == "15.0.7"


def test_times_are_utc_without_saying_so() -> None:
    report = build.report()
    ahead = timezone(timedelta(hours=5, minutes=30))
    scan = replace(
        report.scan.scan, started_at=datetime(2026, 8, 1, 2, 0, 0, 999, ahead), finished_at=None
    )
    report = replace(report, scan=replace(report.scan, scan=scan))
    told = data(report)["scan"]
    assert (told["start_time"], told["end_time"]) == ("2026-07-31T20:30:00",) * 2


@pytest.mark.parametrize("report", [build.everything(), build.large(600), build.incomplete()])
def test_nothing_is_merged(report: Report) -> None:
    document = data(report)
    assert gitlab_ingest.merged(document) == document["vulnerabilities"]
    fails = [
        f for f in report.findings if f.verdict is Outcome.FAIL and f.state is not State.WAIVED
    ]
    ids = {item["id"] for item in document["vulnerabilities"]}
    assert ids >= {f.fingerprint for f in fails}
    assert len(ids) == len(document["vulnerabilities"])


def test_a_shared_control_would_merge_and_is_therefore_no_identifier() -> None:
    on = build.project(1)
    document = data(build.report([build.finding("SL101", on), build.finding("SL302", on)]))
    for item in document["vulnerabilities"]:
        kinds = [identifier["type"] for identifier in item["identifiers"]]
        assert kinds[0] == "scopelint"
        assert set(kinds[1:]) <= {"cwe"}
        assert item["details"]["controls"]["value"] == "CICD-SEC-2"
        item["identifiers"].append({"type": "owasp", "name": "x", "value": "CICD-SEC-2"})
        item["location"] = {}
    assert len(gitlab_ingest.merged(document)) == 1, "the checker sees the trap"


def test_a_whole_vulnerability() -> None:
    on = build.project(1001, "acme/web/shop")
    found = build.finding(
        "SL302",
        on,
        entry=build.group_entry(100),
        message="Anyone in acme.",
        evidence={"projects": 60, "observed": "all", "expected": "few", "list": ["a", None]},
        remediation="Remove it under Settings > CI/CD.",
    )
    uri = "gitlab.example.com/acme/web/shop/settings/ci_cd/job_token/SL302/group/100"
    spot = {"file": uri, "start_line": 1, "end_line": 1}
    page = "https://gitlab.example.com/acme/web/shop/-/settings/ci_cd#js-token-access"
    about = "https://example.com/scopelint/rules/group-entry-too-broad"
    item = one(build.report([found]))
    details = item.pop("details")
    assert item == {
        "id": found.fingerprint,
        "name": "A group entry is too broad: acme/web/shop",
        "description": "Anyone in acme.",
        "severity": "Medium",
        "solution": "Remove it under Settings > CI/CD.",
        "identifiers": [
            {"type": "scopelint", "name": "scopelint SL302", "value": "SL302", "url": about},
            {
                "type": "cwe",
                "name": "CWE-732",
                "value": "732",
                "url": "https://cwe.mitre.org/data/definitions/732.html",
            },
            {
                "type": "cwe",
                "name": "CWE-284",
                "value": "284",
                "url": "https://cwe.mitre.org/data/definitions/284.html",
            },
        ],
        "location": spot,
        "tracking": {
            "type": "source",
            "items": [
                spot | {"signatures": [{"algorithm": "hash", "value": found.fingerprint}]},
            ],
        },
        "links": [
            {"name": "Job token permissions of the project", "url": page},
            {"name": "About SL302", "url": about},
        ],
    }
    assert details["difference"] | {"name": ""} == {
        "name": "",
        "type": "diff",
        "before": "all",
        "after": "few",
    }
    rows = [[cell["value"] for cell in row] for row in details["observed"]["rows"]]
    assert rows == [["projects", "60"], ["list", '["a", null]']]
    assert details["entry"]["value"] == "group acme (100)"
    assert details["project"]["href"] == page
    assert details["remedy"]["value"] == found.remediation
    assert details["coverage"]["value"] == "everything that was asked for was read"
    assert all(item["name"] for item in details.values())


def test_standards_are_details_and_no_identifiers() -> None:
    references = {"CIS GitLab 1.0": ("2.1.5 Limits", "2.2.1 Tokens"), "ACME 7": ("B-12",)}
    rules = (replace(build.RULES[0], references=references),)
    item = one(build.report([build.finding(on=build.project(1))], rules=rules))
    said = "CIS GitLab 1.0: 2.1.5 Limits, 2.2.1 Tokens; ACME 7: B-12"
    assert item["details"]["standards"]["value"] == said
    assert "CIS" not in json.dumps(item["identifiers"])


def test_severities_are_the_words_of_the_schema() -> None:
    for severity in Severity:
        if severity is not Severity.UNKNOWN:
            report = build.report([build.finding(on=build.project(1), severity=severity)])
            assert one(report)["severity"] == severity.value.capitalize()


def test_unknown_becomes_messages_and_one_result() -> None:
    dark = [build.unreadable(build.project(n)) for n in range(1, MESSAGES + 4)]
    gaps = (
        *(build.scope_gap(build.project(n)) for n in range(1, MESSAGES + 4)),
        Gap(Fact.LOG, Reason.UNAVAILABLE, "no --usage"),
    )
    report = build.report(dark, gaps=gaps)
    document = data(report)
    [item] = document["vulnerabilities"]
    assert (item["identifiers"][0]["value"], item["severity"]) == ("SL902", "Unknown")
    messages = [(m["level"], m["value"]) for m in document["scan"]["messages"]]
    warned = [text for level, text in messages if level == "warn"]
    assert len([text for text in warned if text.startswith("SL901: ")]) == MESSAGES
    assert "3 more findings of verdict unknown are not listed." in warned
    assert "Not read: job token scopes of projects (53: forbidden)." in warned
    assert ("info", "Not read: the authentication log (1: unavailable).") in messages
    why = "SL102 was not judged: REST does not show the project's own flag"
    assert ("info", why) in messages


def test_a_scan_that_read_nothing_has_failed() -> None:
    dark = build.project(1)
    nothing = build.report([build.unreadable(dark)], gaps=(build.scope_gap(dark),))
    assert data(nothing)["scan"]["status"] == "failure"
    assert data(build.incomplete())["scan"]["status"] == "success"


def test_waived_is_left_out_and_baselined_kept() -> None:
    on = build.project(1)
    report = build.report(
        [
            build.finding("SL101", on, state=State.WAIVED),
            build.finding("SL302", on, state=State.BASELINED, message="Old."),
        ]
    )
    item = one(report)
    assert item["identifiers"][0]["value"] == "SL302"
    assert item["description"] == "Old.\n\nKnown from a baseline."


def test_only_a_whole_and_complete_run_lists_its_identifiers() -> None:
    assert "primary_identifiers" not in data(build.clean())["scan"]
    incomplete = replace(build.incomplete(), whole_set=True)
    assert "primary_identifiers" not in data(incomplete)["scan"]
    whole = data(replace(build.clean(), whole_set=True))["scan"]["primary_identifiers"]
    # A rule that could not judge is listed too: GitLab would resolve what it found before.
    assert [one["value"] for one in whole] == [rule.code for rule in build.RULES]
    assert {one["type"] for one in whole} == {"scopelint"}


def test_foreign_text_does_nothing_where_gitlab_reads_markdown() -> None:
    text = "/close\n@all see #1 !2 ~bug %3 $4 &5 [a](http://e) <b> `x` :tada: *b* {+ in +}"
    report = build.report([build.finding(on=build.project(1), message=text, remediation=text)])
    for field in ("description", "solution"):
        shown = one(report)[field]
        assert not re.search(r"^\s*/", shown, re.MULTILINE)
        assert not re.search(r"(?<!\\)[@~$*`<\[\]]|(?<!\\)[#!%&](?=\w)|(?<!\\):tada", shown)
    plain = (
        "Group acme/my_group-1.x (20 %) lets in 60 projects; 50 are allowed: see Settings > CI/CD."
    )
    report = build.report([build.finding(on=build.project(1), message=plain, remediation=plain)])
    assert one(report)["description"] == one(report)["solution"] == plain


def test_no_null_character_is_left() -> None:
    assert b"\\u0000" not in rendered(GitlabSastReporter(), build.everything())
