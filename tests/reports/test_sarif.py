import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import jsonschema
import pytest

from scopelint.finding import Carried, EntryRef, Finding, Outcome, Severity, State
from scopelint.model import Fact, Gap, Reason
from scopelint.registry import find_rules
from scopelint.report import RenderOptions, Report, RuleSummary
from scopelint_reports import sarif
from scopelint_reports.codequality import CodeQualityReporter
from scopelint_reports.github import GithubReporter
from scopelint_reports.gitlab_sast import GitlabSastReporter
from scopelint_reports.location import place
from scopelint_reports.sarif import SarifReporter
from tests.reports import build
from tests.reports.kit import BIDI_AND_CONTROLS, official, rendered

URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+")
RANKS = {"error": 0, "warning": 1, "note": 2}


def data(report: Report, **options: Any) -> dict[str, Any]:
    text = rendered(SarifReporter(RenderOptions(**options)), report)
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def run(report: Report, **options: Any) -> dict[str, Any]:
    runs = data(report, **options)["runs"]
    assert len(runs) == 1
    first: dict[str, Any] = runs[0]
    return first


def notes(a_run: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = a_run["invocations"][0].get("toolExecutionNotifications", [])
    return found


def fails(report: Report) -> list[Finding]:
    return [f for f in report.findings if f.verdict is Outcome.FAIL and f.state is not State.WAIVED]


@pytest.mark.parametrize(
    ("report", "options"),
    [
        (build.clean(), {}),
        (build.everything(), {}),
        (build.everything(), {"keep_waived": True}),
        (build.incomplete(), {}),
        (build.incomplete(summed_up=False), {"sarif_category": "azuredevops/pipeline/build"}),
        (build.large(300), {}),
        (build.report(rules=(), finished_at=None, targets=()), {}),
    ],
)
def test_it_is_valid_against_the_official_schema(report: Report, options: dict[str, Any]) -> None:
    schema = json.loads(official("sarif-schema-2.1.0.json").read_text("utf-8"))
    checker = jsonschema.FormatChecker()
    checker.checks("date-time")(_is_time)
    checker.checks("uri")(lambda text: bool(re.fullmatch(r"https?://[!-~]+", text)))
    checker.checks("uri-reference")(lambda text: bool(URI_REFERENCE.fullmatch(text)))
    validator = jsonschema.Draft4Validator(schema, format_checker=checker)
    assert [error.message for error in validator.iter_errors(data(report, **options))] == []


def _is_time(text: object) -> bool:
    return bool(datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ"))


def test_a_clean_run_lists_its_rules_and_no_result() -> None:
    clean = run(build.clean())
    assert clean["results"] == []
    assert [rule["id"] for rule in clean["tool"]["driver"]["rules"]] == [
        r.code for r in build.RULES
    ]
    invocation = clean["invocations"][0]
    assert invocation["executionSuccessful"] is True
    assert invocation["startTimeUtc"] == "2026-08-01T06:00:00Z"
    assert invocation["endTimeUtc"] == "2026-08-01T06:00:42Z"
    assert clean["automationDetails"] == {"id": "scopelint/gitlab.example.com/acme/"}
    assert clean["columnKind"] == "unicodeCodePoints"


def test_a_whole_result() -> None:
    on = build.project(1001, "acme/web/shop")
    found = build.finding("SL301", on, entry=build.group_entry(100), message="Anyone in acme.")
    assert run(build.report([found]))["results"] == [
        {
            "message": {"text": "acme/web/shop: Anyone in acme."},
            "baselineState": "new",
            "fingerprints": {"scopelint/v1": found.fingerprint},
            "hostedViewerUri": "https://gitlab.example.com/acme/web/shop/-/settings/ci_cd#js-token-access",
            "level": "error",
            "locations": [
                {
                    "logicalLocations": [
                        {
                            "fullyQualifiedName": "acme/web/shop::job_token::SL301::group::100",
                            "kind": "object",
                        }
                    ],
                    "physicalLocation": {
                        "artifactLocation": {
                            "uri": "gitlab.example.com/acme/web/shop/job_token/SL301/group/100"
                        },
                        "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
                    },
                }
            ],
            "partialFingerprints": {
                "scopelint/v1": found.fingerprint,
                "primaryLocationLineHash": f"{found.fingerprint[:16]}:1",
            },
            "properties": {
                "severity": "high",
                "confidence": "high",
                "remediation": found.remediation,
            },
            "ruleId": "SL301",
            "ruleIndex": 4,
        }
    ]


def test_a_whole_rule_and_its_taxonomy() -> None:
    clean = run(build.clean())
    rule = clean["tool"]["driver"]["rules"][5]
    assert rule.pop("help")["markdown"] == build.RULE_BY_CODE["SL302"].page.strip()
    assert rule == {
        "id": "SL302",
        "name": "group-entry-too-broad",
        "shortDescription": {"text": "A group entry is too broad"},
        "fullDescription": {
            "text": "A group entry is too broad. A group entry is too broad, in words. Second line."
        },
        "helpUri": "https://example.com/scopelint/rules/group-entry-too-broad",
        "defaultConfiguration": {"level": "warning"},
        "properties": {
            "tags": [
                "security",
                "gitlab",
                "external/cwe/cwe-732",
                "external/cwe/cwe-284",
                "job-token",
            ],
            "precision": "high",
            "problem.severity": "warning",
            "security-severity": "5.5",
            "requirement": "No group entry is too broad",
            "owasp": ["CICD-SEC-2"],
        },
        "relationships": [
            {
                "target": {
                    "id": f"CWE-{n}",
                    "index": i,
                    "toolComponent": {"name": "CWE", "index": 0},
                },
                "kinds": ["superset"],
            }
            for n, i in ((732, 1), (284, 0))
        ],
    }
    assert [taxon["id"] for taxon in clean["taxonomies"][0]["taxa"]] == ["CWE-284", "CWE-732"]
    assert clean["tool"]["driver"]["supportedTaxonomies"] == [{"name": "CWE", "index": 0}]


def test_no_cwe_no_taxonomy() -> None:
    plain = tuple(replace(rule, cwe=()) for rule in build.RULES)
    clean = run(build.report(rules=plain))
    assert "taxonomies" not in clean
    assert "supportedTaxonomies" not in clean["tool"]["driver"]
    assert not any("relationships" in rule for rule in clean["tool"]["driver"]["rules"])


def odd_rule(**changes: Any) -> dict[str, Any]:
    rule: RuleSummary = replace(build.RULE_BY_CODE["SL101"], **changes)
    found: dict[str, Any] = run(build.report(rules=(rule,)))["tool"]["driver"]["rules"][0]
    return found


def test_weaknesses_that_would_change_the_report_type_are_not_related() -> None:
    rule = odd_rule(cwe=(522, 732), tags=("cwe-522", "CVE:2020-1", "ok"))
    assert [r["target"]["id"] for r in rule["relationships"]] == ["CWE-732"]
    assert not [tag for tag in rule["properties"]["tags"] if re.match(r"(?i)(cwe|cve)[:-]", tag)]
    assert "ok" in rule["properties"]["tags"]


def test_texts_of_rules_are_within_the_limits_and_never_empty() -> None:
    rule = odd_rule(
        title="t" * 5000,
        name="n" * 300,
        page="## What it flags\n\n" + "p" * 5000,
        help_uri="https://example.com/" + "u" * 3000,
        tags=tuple(f"tag-{n}" for n in range(30)),
    )
    assert len(rule["shortDescription"]["text"]) <= 1024
    assert len(rule["fullDescription"]["text"]) <= 1024
    assert len(rule["name"]) == 255
    assert "helpUri" not in rule
    assert len(rule["properties"]["tags"]) == 10
    bare = odd_rule(title="", page="", requirement="", help_uri="javascript:alert(1)")
    assert bare["shortDescription"]["text"] == bare["help"]["text"] == "inbound-limit-disabled"
    assert bare["fullDescription"]["text"] == "inbound-limit-disabled."
    assert "markdown" not in bare["help"]
    assert "helpUri" not in bare


def test_a_rule_names_what_it_supports() -> None:
    rule = odd_rule(references={"CIS GitLab 1.0": ("2.1.5 Limits", "2.2.1 Tokens")})
    assert rule["properties"]["supports"] == {"CIS GitLab 1.0": ["2.1.5 Limits", "2.2.1 Tokens"]}
    assert "supports" not in odd_rule()["properties"]


def test_a_plug_ins_rule_names_its_distribution() -> None:
    assert odd_rule(distribution="acme-rules")["properties"]["distribution"] == "acme-rules"
    assert "distribution" not in odd_rule()["properties"]


@pytest.mark.parametrize(
    ("severity", "level", "number"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "2.0"),
        (Severity.INFO, "note", "0.5"),
    ],
)
def test_levels_and_security_severities(severity: Severity, level: str, number: str) -> None:
    found = build.finding("SL305", build.project(1), severity=severity)
    made = run(build.report([found]))
    assert made["results"][0]["level"] == level
    usual = severity is Severity.MEDIUM
    expected = None if usual else number
    assert made["results"][0]["properties"].get("security-severity") == expected
    rule = odd_rule(severity=severity)
    assert rule["defaultConfiguration"]["level"] == level
    assert rule["properties"]["security-severity"] == number


def test_unknown_is_a_notification_and_one_result_of_sl902() -> None:
    report = build.everything()
    made = run(report)
    assert made["invocations"][0]["executionSuccessful"] is False
    assert [r["ruleId"] for r in made["results"]].count("SL902") == 1
    assert not [r for r in made["results"] if r["ruleId"] == "SL901"]
    about = [
        note["associatedRule"]["id"]
        for note in notes(made)
        if note["level"] != "note" and "associatedRule" in note
    ]
    assert sorted(about) == ["SL101", "SL901", "SL902"]
    located = [note for note in notes(made) if note.get("locations")]
    assert len(located) == 3
    assert made["results"][-1]["ruleId"] == "SL902"
    assert made["results"][-1]["level"] == "warning"


def test_sl902_is_made_up_for_where_the_rule_did_not_speak() -> None:
    report = build.incomplete(summed_up=False)
    made = run(report)
    (result,) = made["results"]
    engine = build.scan_incomplete()
    assert result["ruleId"] == "SL902"
    assert result["fingerprints"]["scopelint/v1"] == engine.fingerprint
    assert "2 unknown, 2 of 12 projects unreadable" in result["message"]["text"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == place(engine, build.INSTANCE).uri
    bare = run(replace(report, rules=()))["results"][0]
    assert "ruleIndex" not in bare


def test_unknowns_that_are_baselined_stay_unknown_but_known() -> None:
    dark = build.project(3)
    report = build.report([build.unreadable(dark, State.BASELINED)], gaps=(build.scope_gap(dark),))
    made = run(report)
    assert made["invocations"][0]["executionSuccessful"] is False
    assert [r["baselineState"] for r in made["results"]] == ["unchanged"]


def test_an_incomplete_scan_whose_unknowns_are_waived_is_still_no_success() -> None:
    dark = build.project(3)
    report = build.report([build.unreadable(dark, State.WAIVED)], gaps=(build.scope_gap(dark),))
    made = run(report)
    assert made["results"] == []
    assert made["invocations"][0]["executionSuccessful"] is False
    assert "all that is unknown is accepted" in notes(made)[1]["message"]["text"]


def test_rules_not_judged_are_noted() -> None:
    (note,) = notes(run(build.clean()))
    assert note["level"] == "note"
    assert note["associatedRule"] == {"id": "SL102"}
    assert note["message"]["text"].startswith("SL102 was not judged: REST does not show")


def test_waived_findings_are_left_out_unless_asked_for() -> None:
    report = build.everything()
    waived = {f.fingerprint for f in report.findings if f.state is State.WAIVED}
    shown = {r["fingerprints"]["scopelint/v1"] for r in run(report)["results"]}
    assert not waived & shown
    assert not any("suppressions" in r for r in run(report)["results"])
    with_them = run(report, keep_waived=True)["results"]
    suppressed = [r for r in with_them if "suppressions" in r]
    fail_waivers = [
        f for f in report.findings if f.state is State.WAIVED and f.verdict is Outcome.FAIL
    ]
    assert len(suppressed) == len(fail_waivers)
    assert {"kind": "external", "status": "accepted", "justification": "contract 42"} in [
        r["suppressions"][0] for r in suppressed
    ]


def test_baselined_findings_are_unchanged_and_others_new() -> None:
    report = build.everything()
    states = {r["fingerprints"]["scopelint/v1"]: r["baselineState"] for r in run(report)["results"]}
    for found in fails(report):
        known = found.state is State.BASELINED
        assert states[found.fingerprint] == ("unchanged" if known else "new")
    assert "unchanged" in states.values()


def test_it_shows_what_the_user_asked_to_see() -> None:
    report = replace(build.everything(), min_severity=Severity.HIGH, new_only=True)
    results = run(report)["results"]
    assert {r["properties"]["severity"] for r in results} == {"critical", "high", "unknown"}
    assert {r["baselineState"] for r in results} == {"new"}


def test_results_are_severest_first_and_the_bytes_are_the_same_twice() -> None:
    report = build.everything()
    made = run(report)["results"]
    ranks = [RANKS[r["level"]] for r in made if r["ruleId"] != "SL902"]
    assert ranks == sorted(ranks)
    order = [r["fingerprints"]["scopelint/v1"] for r in made[:-1]]
    assert order == [f.fingerprint for f in fails(report)]
    first = rendered(SarifReporter(), report)
    assert first == rendered(SarifReporter(), report)
    assert first.endswith(b"]}\n")


def test_what_every_consumer_asks_of_a_result() -> None:
    uris = []
    for result in run(build.everything(), keep_waived=True)["results"]:
        (location,) = result["locations"]
        uris.append(location["physicalLocation"]["artifactLocation"]["uri"])
        assert location["physicalLocation"]["region"]["startLine"] == 1
        assert "rank" not in result
        assert "kind" not in result
        assert 0 < len(result["message"]["text"]) <= 1000
    assert len(set(uris)) == len(uris)


def test_names_stay_text() -> None:
    raw = rendered(SarifReporter(RenderOptions(keep_waived=True)), build.everything())
    assert not BIDI_AND_CONTROLS & set(raw.decode())
    for result in json.loads(raw)["runs"][0]["results"]:
        text = result["message"]["text"]
        assert not BIDI_AND_CONTROLS & set(text)
        assert "](" not in text
        assert not re.search(r"(?<!\{)\{(?!\{)", text)


def test_long_and_empty_messages() -> None:
    long = build.finding("SL101", build.project(1), message="m" * 5000, remediation="r" * 5000)
    empty = build.finding("SL305", build.project(1), message=" \n ", remediation="")
    first, second = run(build.report([long, empty]))["results"]
    assert len(first["message"]["text"]) == 1000
    assert len(first["properties"]["remediation"]) == 1000
    assert second["message"]["text"] == "acme/team-1/app-1: outside-project-allowed"
    assert "remediation" not in second["properties"]


@pytest.mark.slow
def test_there_is_one_run_of_the_5000_severest() -> None:
    report = build.large(6000)
    [made] = data(report)["runs"]
    order = [r["fingerprints"]["scopelint/v1"] for r in made["results"]]
    assert order == [f.fingerprint for f in report.findings][:5000]
    codes = [rule["id"] for rule in made["tool"]["driver"]["rules"]]
    assert all(codes[r["ruleIndex"]] == r["ruleId"] for r in made["results"])
    said = "1000 results are left out: the file holds the 5000 severest."
    assert notes(made)[0]["message"]["text"] == said
    assert notes(made)[0]["level"] == "error"


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0, 0, 0]), (10, [10, 0, 0]), (11, [10, 1, 0]), (30, [10, 10, 10])]
)
def test_there_are_always_as_many_runs_as_asked_for(
    monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(sarif, "RESULTS_A_RUN", 10)
    runs = data(build.large(count) if count else build.clean(), sarif_runs=3)["runs"]
    assert [len(r["results"]) for r in runs] == sizes
    ids = [r["automationDetails"]["id"] for r in runs]
    base = "scopelint/gitlab.example.com/acme/"
    assert ids == [base, f"{base}2/", f"{base}3/"]
    assert not [n for n in notes(runs[0]) if "left out" in n["message"]["text"]]
    assert [notes(r) for r in runs[1:]] == [[], []]


def test_what_does_not_fit_is_counted_and_sl902_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sarif, "RESULTS_A_RUN", 10)
    report = build.report([*build.large(50).findings, build.scan_incomplete()])
    runs = data(report, sarif_runs=2)["runs"]
    assert [len(r["results"]) for r in runs] == [10, 10]
    assert runs[-1]["results"][-1]["ruleId"] == "SL902"
    kept = [r["fingerprints"]["scopelint/v1"] for a_run in runs for r in a_run["results"]]
    assert kept[:-1] == [f.fingerprint for f in fails(report)][:19]
    said = "31 results are left out: the file holds the 20 severest."
    assert said in [note["message"]["text"] for note in notes(runs[0])]
    assert notes(runs[1]) == []
    assert {r["invocations"][0]["executionSuccessful"] for r in runs} == {False}


def test_messages_name_project_and_entry_once() -> None:
    on = build.project(1, "acme/web/shop")
    entry = build.group_entry(100, "partner/sdk")
    gone = EntryRef("project", None, None)
    said = {
        "The limit is off.": (None, "acme/web/shop: The limit is off."),
        "Anyone in acme.": (entry, "acme/web/shop, group entry partner/sdk: Anyone in acme."),
        "acme/web/shop lets partner/sdk in.": (entry, "acme/web/shop lets partner/sdk in."),
        "partner/sdk-2 is not it.": (
            entry,
            "acme/web/shop, group entry partner/sdk: partner/sdk-2 is not it.",
        ),
        "It is gone.": (gone, "acme/web/shop, project entry that is gone: It is gone."),
    }
    for message, (about, expected) in said.items():
        found = build.finding("SL305", on, entry=about, message=message, key="x")
        [result] = run(build.report([found]))["results"]
        assert result["message"]["text"] == expected


def test_a_carried_finding_says_when_it_was_seen_last() -> None:
    on = build.project(1, "acme/web/shop")
    found = replace(
        build.finding("SL101", on, message="The limit is off."), carried=Carried(build.STARTED)
    )
    [result] = run(build.report([found]))["results"]
    assert result["message"]["text"] == (
        "acme/web/shop: The limit is off. Not read in this scan; last seen on 2026-08-01 at"
        " 06:00 UTC."
    )
    assert result["properties"]["lastSeen"] == "2026-08-01T06:00:00Z"
    assert result["baselineState"] == "unchanged"


def test_rules_of_carried_findings_alone_are_described() -> None:
    rules = tuple(rule for rule in build.RULES if rule.code != "SL301")
    found = replace(
        build.finding("SL301", build.project(1), entry=build.group_entry()),
        carried=Carried(build.STARTED),
    )
    report = replace(
        build.report([found], rules=rules), carried_rules=(build.RULE_BY_CODE["SL301"],)
    )
    made = run(report)
    [result] = made["results"]
    assert made["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "SL301"


@pytest.mark.parametrize(
    ("text", "description"),
    [
        (
            "A project with `CI_JOB_TOKEN` **on** in\n`.gitlab-ci.yml`, see [the page](https://e.com).\n"
            "Since 18.0, e.g. here. Then:\n\n- a\n",
            "A title. A project with CI_JOB_TOKEN on in .gitlab-ci.yml, see the page."
            " Since 18.0, e.g. here.",
        ),
        ("A project where all of this holds:\n\n- it is on\n", "A title."),
        ("", "A title."),
    ],
)
def test_descriptions_of_rules_are_whole_sentences_without_markup(
    text: str, description: str
) -> None:
    page = f"# X\n\n## What it flags\n\n{text}\n\n## Why it matters\n\nBecause."
    assert odd_rule(title="A title", page=page)["fullDescription"]["text"] == description


def test_our_own_rules_have_such_descriptions() -> None:
    for found in find_rules().values():
        rule = found.cls()
        said = odd_rule(title=rule.title, page=rule.page())["fullDescription"]["text"]
        assert said.endswith((".", "!", "?")), rule.code
        assert not re.search(r"[`*]|]\(", said), rule.code
        assert said.startswith(rule.title)


def test_what_was_not_read_is_noted_by_cause_before_what_was_not_judged() -> None:
    dark, half = build.project(90), build.project(2)
    vague = [
        build.finding("SL302", build.project(n), unknown=True, message="not known")
        for n in range(3, 60)
    ]
    unread = build.finding("SL302", half, unknown=True, message="not known")
    gaps = (
        Gap(Fact.LOG, Reason.UNAVAILABLE, "no --usage"),
        Gap(Fact.ENTRIES, Reason.TIMED_OUT, "", "project", half.id, half.path),
        build.scope_gap(dark),
        Gap(Fact.ENUMERATION, Reason.TIMED_OUT, "page 3"),
    )
    report = build.report(
        [*vague, unread, build.unreadable(dark), build.scan_incomplete()], gaps=gaps
    )
    texts = [note["message"]["text"] for note in notes(run(report))]
    assert [text.partition(" (")[0] for text in texts[:4]] == [
        "Not read: the list of projects",
        "Not read: job token scopes of projects",
        "Not read: allowlists of projects",
        "Not read: the authentication log",
    ]
    assert texts[4] == "2 of 12 projects could not be read"
    assert texts[5].startswith(dark.path)
    assert texts[6].startswith(half.path)


def test_what_is_unknown_is_of_one_level_in_every_format() -> None:
    """Medium, where a consumer has no word for unknown: nothing proven, and nothing small."""
    report = build.incomplete()
    made = run(report)
    rule = next(r for r in made["tool"]["driver"]["rules"] if r["id"] == "SL902")
    levels = {n["level"] for n in notes(made) if n.get("associatedRule", {}).get("id") == "SL902"}
    assert levels | {made["results"][0]["level"], rule["defaultConfiguration"]["level"]} == {
        "warning"
    }
    [issue] = json.loads(rendered(CodeQualityReporter(), report))
    assert issue["severity"] == "minor"
    [item] = json.loads(rendered(GitlabSastReporter(), report))["vulnerabilities"]
    assert item["severity"] == "Unknown"
    assert rendered(GithubReporter(), report).decode().startswith("::warning ")


def test_many_gaps_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "NOTIFICATIONS", 3)
    dark = [build.unreadable(build.project(n)) for n in range(1, 9)]
    made = run(build.report([*dark, build.scan_incomplete()]))
    texts = [note["message"]["text"] for note in notes(made) if note["level"] != "note"]
    assert len(texts) == 4
    assert "6 more findings of verdict unknown are not listed." in texts
    assert "2 of 12 projects could not be read" in texts


@pytest.mark.parametrize(
    ("targets", "category", "start"),
    [
        (("acme/web",), None, "scopelint/gitlab.example.com/acme/web/"),
        (("a", "b"), None, "scopelint/gitlab.example.com/"),
        (("acme",), "nightly", "nightly/"),
        (("acme",), "azuredevops/pipeline/build/", "azuredevops/pipeline/build/"),
    ],
)
def test_the_category(targets: tuple[str, ...], category: str | None, start: str) -> None:
    name = run(build.report(targets=targets), sarif_category=category)["automationDetails"]["id"]
    assert name.startswith(start)
    assert name.endswith("/")
    swapped = build.report(targets=tuple(reversed(targets)))
    assert run(swapped, sarif_category=category)["automationDetails"]["id"] == name
