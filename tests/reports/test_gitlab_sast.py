"""GitLab's security report: its schema, and the rules of the importer that no schema says."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest

from scopelint.finding import (
    Carried,
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    fingerprint,
)
from scopelint.model import Fact, Gap, Reason
from scopelint.registry import find_rules
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


@pytest.mark.parametrize(
    ("gitlab", "schema"),
    [
        ("15.11.0", "15.0.7"),
        ("16.11.3-ee", "15.0.7"),
        ("17.0.0", "15.1.4"),
        ("17.5.9", "15.1.4"),
        ("17.6.0", "15.2.1"),
        ("18.8.1", "15.2.1"),
        ("18.9.0-ee", "15.2.3"),
        ("19.3.1", "15.2.3"),
        ("20.0.0", "15.2.3"),
    ],
)
def test_the_schema_is_the_newest_that_the_scanned_gitlab_takes(gitlab: str, schema: str) -> None:
    """D12: GitLab refuses a report whose schema's second number it does not know."""
    report = of_version(gitlab)
    assert data(report)["version"] == schema
    assert data(report, gitlab_sast_version="15.0.1")["version"] == "15.0.1"


@pytest.mark.parametrize("gitlab", ["", "main"])
def test_a_version_that_is_not_known_is_said(gitlab: str) -> None:
    reporter = GitlabSastReporter()
    document = json.loads(rendered(reporter, of_version(gitlab)))
    assert document["version"] == "15.0.7"
    [note] = reporter.notes
    assert "did not tell its version" in note
    assert "--gitlab-sast-version" in note
    chosen = GitlabSastReporter(RenderOptions(gitlab_sast_version="15.2.1"))
    rendered(chosen, of_version(gitlab))
    assert chosen.notes == []


def of_version(gitlab: str) -> Report:
    report = build.clean()
    scan = replace(report.scan.scan, gitlab_version=gitlab)
    return replace(report, scan=replace(report.scan, scan=scan))


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
        evidence={
            "group": "acme",
            "projects": 60,
            "projects_exact": True,
            "created_at": "2026-07-01T08:30:00+00:00",
            "used_by": [{"id": 7, "path": "acme/x"}, "acme/y", None],
            "nested": {"a": [1]},
        },
        remediation="Remove it under Settings > CI/CD.",
    )
    uri = "gitlab.example.com/acme/web/shop/job_token/SL302/group/100"
    page = "https://gitlab.example.com/acme/web/shop/-/settings/ci_cd#js-token-access"
    about = "https://example.com/scopelint/rules/group-entry-too-broad"
    assert one(build.report([found])) == {
        "id": found.fingerprint,
        "name": "A group entry is too broad: acme/web/shop, group entry acme",
        "description": (
            "Anyone in acme.\n\n"
            "Observed: projects: 60; created at: 2026-07-01; used by: acme/x, acme/y."
        ),
        "severity": "Medium",
        "solution": "Remove it under Settings > CI/CD.",
        "identifiers": [
            {"type": "scopelint", "name": "SL302", "value": "SL302", "url": about},
            {"type": "cwe", "name": "CWE-732", "value": "732"},
            {"type": "cwe", "name": "CWE-284", "value": "284"},
        ],
        "location": {"file": uri, "start_line": 1, "end_line": 1},
        "tracking": {
            "type": "source",
            "items": [{"signatures": [{"algorithm": "hash", "value": found.fingerprint[:32]}]}],
        },
        "links": [{"url": page}],
    }


def test_only_members_that_every_version_of_the_schema_knows_are_written() -> None:
    """Read from the schemas 15.0.7, 15.1.4 and 15.2.1, where all of them have the same limits."""
    known = {
        "": "version scan vulnerabilities",
        "scan": "analyzer scanner type status start_time end_time messages primary_identifiers",
        "analyzer": "id name version vendor",
        "scanner": "id name version vendor",
        "vendor": "name",
        "messages": "level value",
        "primary_identifiers": "type name value url",
        "vulnerabilities": "id name description severity solution links location tracking identifiers",
        "links": "url",
        "location": "file start_line end_line",
        "tracking": "type items",
        "items": "signatures",
        "signatures": "algorithm value",
        "identifiers": "type name value url",
    }
    seen: dict[str, set[str]] = {}

    def walk(name: str, value: Any) -> None:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                seen.setdefault(name, set()).update(item)
                for key, below in item.items():
                    walk(key, below)

    for report in (replace(build.clean(), whole_set=True), build.everything(), build.carried()):
        walk("", data(report, keep_waived=True))
    assert seen == {name: set(words.split()) for name, words in known.items()}


def test_titles_tell_findings_apart_also_where_paths_are_long() -> None:
    long = [f"acme/{'x' * 240}/{name}" for name in ("shop", "cart")]
    findings = [
        build.finding("SL305", build.project(n, path), entry=EntryRef("project", 9, f"{path}-sdk"))
        for n, path in enumerate(long)
    ]
    names = [item["name"] for item in data(build.report(findings))["vulnerabilities"]]
    assert len(set(names)) == 2
    for name, path in zip(sorted(names), sorted(long), strict=True):
        assert len(name) <= 255
        assert name.startswith("A project from outside is allowed: acme/x")
        assert path[-10:] in name
        assert name.endswith(f"{path[-6:]}-sdk")


def test_no_text_stands_twice_and_a_finding_is_small() -> None:
    """At most 1.2 KB a finding, and no details: their items take most of the check's time."""
    assert max(len(each.cls.title) for each in find_rules().values()) < 100
    on = build.project(1001, "acme/division-3/team-17/service-1234")
    entry = build.group_entry(50_017, "partner/integrations")
    found = build.finding(
        "SL304",
        on,
        entry=entry,
        message=(
            "The group partner/integrations lies outside acme, and every project its owners put"
            " there may use its job tokens here."
        ),
        evidence={
            "group": "partner/integrations",
            "top_level_group": "acme",
            "visible": True,
            "projects": 14,
            "projects_exact": True,
            "created_at": "2026-07-01T08:30:00+00:00",
        },
        remediation=(
            "Remove the group entry partner/integrations, or replace it by the projects that the"
            " authentication log shows; if it is run by your own people, add it to trusted."
        ),
    )
    item = one(build.report([found]))
    assert "details" not in item
    assert len(json.dumps(item, separators=(",", ":"))) <= 1_200
    assert "top level group" not in item["description"], "the message has it"
    assert item["solution"] not in item["description"]


def test_standards_and_controls_are_no_identifiers() -> None:
    references = {"CIS GitLab 1.0": ("2.1.5 Limits", "2.2.1 Tokens"), "ACME 7": ("B-12",)}
    rules = (replace(build.RULES[0], references=references),)
    item = one(build.report([build.finding(on=build.project(1))], rules=rules))
    assert not re.search("CIS|CICD", json.dumps(item))


def rolled(report: Report) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = data(report, roll_up="project")["vulnerabilities"]
    return items


def entries(*numbers: int, on: ProjectRef | None = None, **changes: Any) -> list[Finding]:
    on = on or build.project(1, "acme/web/shop")
    return [
        build.finding(
            "SL305",
            on,
            entry=EntryRef("project", number, f"partner/sdk-{number}"),
            message=f"The project partner/sdk-{number} is from outside.",
            remediation="Look in the log.",
            **changes,
        )
        for number in numbers
    ]


def test_rolled_up_a_project_and_rule_has_one_vulnerability() -> None:
    own = build.finding("SL101", build.project(1, "acme/web/shop"))
    others = entries(8, on=build.project(2, "acme/web/store"))
    report = build.report([own, *entries(7, 8), *others])
    first, second, third = rolled(report)
    assert first["id"] == own.fingerprint
    assert second["name"] == "A project from outside is allowed: acme/web/shop"
    assert second["description"] == (
        "2 entries:\n\n"
        "- The project partner/sdk-7 is from outside.\n"
        "- The project partner/sdk-8 is from outside."
    )
    assert second["solution"] == "Look in the log."
    assert second["id"] == fingerprint("SL305", build.INSTANCE, 1, "entries")
    assert third["id"] == fingerprint("SL305", build.INSTANCE, 2, "entries")
    assert len({item["location"]["file"] for item in (first, second, third)}) == 3
    assert len(data(report)["vulnerabilities"]) == 4


def test_its_identity_stays_when_entries_come_and_go() -> None:
    before, after = (rolled(build.report(entries(*numbers))) for numbers in ((7, 8), (9,)))
    assert before[0]["id"] == after[0]["id"]
    assert before[0]["location"] == after[0]["location"]
    assert gitlab_ingest.no_longer_detected([before[0]["id"]], data(build.report(entries(9))))


def test_what_is_rolled_up_is_new_where_one_is() -> None:
    known = entries(7, state=State.BASELINED)
    [item] = rolled(build.report([*known, *entries(8)]))
    assert item["description"].endswith(
        "- The project partner/sdk-7 is from outside. Known from a baseline.\n"
        "- The project partner/sdk-8 is from outside."
    )
    [item] = rolled(build.report(known))
    assert item["description"].endswith("\n\nKnown from a baseline.")


def test_two_severities_of_one_project_and_rule_do_not_merge() -> None:
    """A carried finding has the severity that its rule had then."""
    old = replace(entries(7, severity=Severity.HIGH)[0], carried=Carried(build.STARTED))
    document = data(build.report([old, *entries(8)]), roll_up="project")
    assert len(gitlab_ingest.merged(document)) == 2
    assert len({item["id"] for item in document["vulnerabilities"]}) == 2


def test_many_entries_are_counted() -> None:
    [item] = rolled(build.report(entries(*range(100, 200))))
    assert item["description"].startswith("100 entries:")
    assert item["description"].endswith("- and 50 more")
    assert len(item["description"]) <= 10_000


def test_a_carried_finding_says_when_it_was_seen_last() -> None:
    report = build.carried()
    carried = {f.fingerprint for f in report.findings if f.carried and f.state is State.NEW}
    items = {item["id"]: item["description"] for item in data(report)["vulnerabilities"]}
    assert len(carried & set(items)) == len(carried) == 3
    for identity in carried:
        assert re.search(r"Not read in this scan; last seen on 2026-07-\d\d at", items[identity])
    assert sum("last seen" in text for text in items.values()) == 3
    rolled_up = [item["description"] for item in rolled(report)]
    assert sum("last seen" in text for text in rolled_up) == 3


def test_waived_ones_are_kept_on_request_and_say_so() -> None:
    on = build.project(1)
    report = build.report([build.finding("SL101", on, state=State.WAIVED, message="Open.")])
    assert data(report)["vulnerabilities"] == []
    [item] = data(report, keep_waived=True)["vulnerabilities"]
    assert item["description"] == "Open.\n\nWaived until 2026-12-31: contract 42"


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
    assert warned[0] == "Not read: job token scopes of projects (53: forbidden)."
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
