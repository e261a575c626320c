import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from scopelint.finding import ProjectRef, Severity, State
from scopelint.report import Report
from scopelint.report_file import report_schema
from scopelint_reports.json_report import JsonReporter
from tests.reports import build
from tests.reports.kit import BIDI_AND_CONTROLS, rendered

OVERVIEW = {
    "groups": [{"path": "acme", "projects": 12, "unread": 0, "high": 3}],
    "reach": {"groups": ["acme/a", "acme/b"], "pairs": [[0, 1], [1, 0]]},
}
REPORTS = {
    "clean": build.clean(),
    "everything": build.everything(),
    "incomplete": build.incomplete(),
    "carried": build.carried(),
    "large": build.large(300),
    "bare": build.report(rules=(), targets=(), overview=OVERVIEW),
}


def loaded(report: Report) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(rendered(JsonReporter(), report))
    return data


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_valid_against_its_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(report_schema())
    jsonschema.Draft202012Validator(report_schema()).validate(loaded(REPORTS[name]))


def test_shape_and_order_are_those_of_the_contract() -> None:
    data = loaded(build.everything())
    top = ["schema", "tool", "scan", "summary", "gate", "config", "rules", "overview", "findings"]
    assert list(data) == top
    assert data["schema"] == "scopelint-report/1"
    assert data["tool"] == {"name": "scopelint", "version": "0.1.0"}
    scan = (
        "instance gitlab_version targets api started_at finished_at enforcement requests complete "
        "projects groups entries gaps"
    )
    assert list(data["scan"]) == scan.split()
    assert data["scan"]["started_at"] == "2026-08-01T06:00:00Z"
    severities = "critical high medium low info unknown waived baselined"
    assert list(data["summary"]) == severities.split()
    assert list(data["gate"]) == ["result", "fail_on", "reasons"]
    rule = "code name title severity help_uri requirement tags outcomes not_judged"
    told = {tuple(key for key in item if key != "role") for item in data["rules"]}
    assert told == {tuple(rule.split())}
    finding = (
        "rule name severity confidence verdict message project entry fingerprint state waiver "
        "evidence remediation"
    )
    assert {tuple(item) for item in data["findings"]} == {tuple(finding.split())}


def test_a_whole_finding() -> None:
    entry = build.group_entry(100, "acme")
    on = build.project(1001, "acme/web/shop")
    one = build.finding("SL301", on, entry=entry, message="m", evidence={"n": [1]}, remediation="r")
    assert loaded(build.report([one]))["findings"] == [
        {
            "rule": "SL301",
            "name": "top-level-group-allowed",
            "severity": "high",
            "confidence": "high",
            "verdict": "fail",
            "message": "m",
            "project": {
                "id": 1001,
                "path": "acme/web/shop",
                "web_url": "https://gitlab.example.com/acme/web/shop",
            },
            "entry": {"kind": "group", "id": 100, "path": "acme"},
            "fingerprint": one.fingerprint,
            "state": "new",
            "waiver": None,
            "evidence": {"n": [1]},
            "remediation": "r",
        }
    ]


def test_gaps_name_their_subject() -> None:
    gaps = loaded(build.everything())["scan"]["gaps"]
    scope, _, group, _, log = gaps
    assert list(scope) == ["fact", "project", "reason", "detail"]
    assert scope["project"] == {"id": 7, "path": "acme/team-7/app-7"}
    assert group["project"] is None
    assert group["group"]["id"] == 55
    assert log == {"fact": "log", "project": None, "reason": "unavailable", "detail": "no --usage"}


def test_unknown_waived_and_baselined_are_listed_and_marked() -> None:
    report = build.everything()
    data = loaded(report)
    assert len(data["findings"]) == len(report.findings)
    states = [f["state"] for f in data["findings"]]
    # One unknown of the report is waived, so it is in that count alone.
    assert states.count("waived") == data["summary"]["waived"] > 0
    assert states.count("baselined") == data["summary"]["baselined"] > 0
    new_unknown = [f for f in data["findings"] if f["verdict"] == "unknown" and f["state"] == "new"]
    assert len(new_unknown) == data["summary"]["unknown"] > 0
    waived = next(f for f in data["findings"] if f["state"] == "waived")
    assert list(waived["waiver"]) == ["reason", "expires", "owner"]


def test_it_shows_what_the_user_asked_to_see() -> None:
    report = replace(build.everything(), min_severity=Severity.HIGH, new_only=True)
    findings = loaded(report)["findings"]
    assert {f["severity"] for f in findings} == {"critical", "high", "unknown"}
    assert State.BASELINED.value not in {f["state"] for f in findings}


def test_the_order_is_the_reports() -> None:
    report = build.everything()
    written = [f["fingerprint"] for f in loaded(report)["findings"]]
    assert written == [f.fingerprint for f in report.findings]


def test_same_report_same_bytes_a_line_a_finding_and_nothing_raw() -> None:
    report = build.everything()
    first = rendered(JsonReporter(), report)
    assert first == rendered(JsonReporter(), report)
    text = first.decode()
    assert text.endswith("}\n")
    assert not BIDI_AND_CONTROLS & set(text)
    lines = [line for line in text.splitlines() if line.startswith('{"rule":')]
    assert len(lines) == len(report.findings)
    assert all(json.loads(line.rstrip(",")) for line in lines)


@pytest.mark.parametrize("path", build.HOSTILE_PATHS)
def test_names_come_through_as_data(path: str) -> None:
    report = build.report([build.finding("SL101", ProjectRef(1, path, None))])
    said = loaded(report)["findings"][0]["project"]["path"]
    assert said == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("extra",), 1),
        (("schema",), "scopelint-report/2"),
        (("scan", "api"), "soap"),
        (("scan", "started_at"), "yesterday"),
        (("findings", 0, "verdict"), "pass"),
        (("findings", 0, "fingerprint"), "abc"),
        (("findings", 0, "more"), 1),
        (("findings", 0, "entry"), {"kind": "user", "id": 1, "path": ""}),
        (("rules", 0, "outcomes", "pass"), -1),
        (("summary", "high"), "3"),
        (("scan", "gaps", 0, "why"), ""),
    ],
)
def test_the_schema_is_strict(place: tuple[str | int, ...], value: object) -> None:
    data = loaded(build.everything())
    at: Any = data
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(report_schema()).validate(data)


def test_evidence_may_hold_any_json_but_nothing_else() -> None:
    on = build.project(1)
    evidence = {"a": {"b": [None, True, 1.5, "x"]}, "ünï": {}}
    data = loaded(build.report([build.finding("SL101", on, evidence=evidence)]))
    jsonschema.Draft202012Validator(report_schema()).validate(data)
    assert data["findings"][0]["evidence"] == evidence
    with pytest.raises(TypeError):
        loaded(build.report([build.finding("SL101", on, evidence={"a": object()})]))
