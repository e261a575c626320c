"""A JSON report comes back as it was written; anything else is refused with a reason."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scopelint.errors import ExitCode, UsageError
from scopelint.filters import Filters
from scopelint.finding import Outcome, Severity
from scopelint.report import Gate, Report, RuleSummary
from scopelint.report_file import (
    SCHEMA,
    FindingRecord,
    GapRecord,
    RuleRecord,
    reading,
    report_schema,
)
from scopelint.report_file.reading import load_report
from scopelint.text import json_text
from scopelint_reports.json_report import JsonReporter
from tests.reports import build
from tests.reports.kit import rendered
from tests.reports.test_json_report import REPORTS


def rule_of(report: Report, code: str) -> RuleSummary:
    return next(rule for rule in report.rules if rule.code == code)


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "report.json"
    path.write_bytes(data)
    return path


def refused(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        load_report(written(tmp_path, data))
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert "report.json" in caught.value.message
    return caught.value.message


def good() -> bytes:
    return rendered(JsonReporter(), build.everything())


@pytest.mark.parametrize("name", REPORTS)
def test_written_read_and_written_again_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    data = rendered(JsonReporter(), REPORTS[name])
    assert rendered(JsonReporter(), load_report(written(tmp_path, data))) == data


def test_what_comes_back(tmp_path: Path) -> None:
    report: Report = build.incomplete()
    back = load_report(written(tmp_path, rendered(JsonReporter(), report)))
    assert list(back.findings) == list(report.findings)
    assert back.scan == report.scan
    assert back.summary.as_dict() == report.summary.as_dict()
    assert back.gate == report.gate
    assert back.tool_version == report.tool_version
    assert back.outcomes is None
    assert [rule.code for rule in back.rules] == [rule.code for rule in report.rules]
    assert rule_of(back, "SL101").page == ""
    assert rule_of(back, "SL101").outcomes[Outcome.PASS] == 10


def test_what_was_carried_over_comes_back_and_does_not_count_as_found(tmp_path: Path) -> None:
    report = build.carried()
    data = rendered(JsonReporter(), report)
    back = load_report(written(tmp_path, data))
    written_down = json.loads(data)
    assert (back.since, back.summary.carried) == (report.since, 3)
    assert (
        written_down["summary"] | {"high": 1, "low": 1, "waived": 1, "carried": 3}
        == (written_down["summary"])
    )
    assert {f.carried.last_seen for f in back.findings if f.carried} == {
        f.carried.last_seen for f in report.findings if f.carried
    }
    assert [rule.code for rule in back.described_rules if rule not in back.rules] == ["SL302"]
    assert [f.fingerprint for f in back.findings] == [f.fingerprint for f in report.findings]
    assert written_down["since"]["fixed"][0]["how"] == "read"


def test_findings_are_sorted_again(tmp_path: Path) -> None:
    data = json.loads(rendered(JsonReporter(), build.large(50)))
    expected = [f["fingerprint"] for f in data["findings"]]
    data["findings"].reverse()
    back = load_report(written(tmp_path, json.dumps(data).encode()))
    assert [f.sort_key[:5] for f in back.findings] == sorted(f.sort_key[:5] for f in back.findings)
    assert {f.fingerprint for f in back.findings} == set(expected)


def test_a_byte_order_mark_is_read_and_utf_16_named(tmp_path: Path) -> None:
    assert load_report(written(tmp_path, b"\xef\xbb\xbf" + good())).rules
    assert "UTF-16" in refused(tmp_path, good().decode().encode("utf-16"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a scopelint JSON report"),
        (b"SQLite format 3\x00", "not a scopelint JSON report"),
        (b"\xff\xfe\x00x", "UTF-16"),
        (b"[1, 2]", "not a scopelint JSON report"),
        (b"{}", "its `schema` is not 'scopelint-report/1'"),
        (b'{"version": "2.1.0", "runs": []}', "its `schema` is not"),
        (b'{"schema": "scopelint-report/2", "x": 1}', "schema 'scopelint-report/2'; this"),
        (b'{"schema": ["scopelint-report/1"]}', "its `schema` is not"),
        (b'{"schema": "scopelint-report/1"}', "tool: Field required"),
        (b'{"schema": "scopelint-report/1", "a": ' + b"[" * 9999, "recursion limit"),
        (b'{"schema": "\xff"}', "not a scopelint JSON report"),
    ],
)
def test_no_report_is_named_so(tmp_path: Path, data: bytes, says: str) -> None:
    assert says in refused(tmp_path, data)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b'"verdict": "fail"', b'"verdict": "pass"', "findings[0].verdict"),
        (b'"severity": "critical"', b'"severity": "bad"', "findings[0].severity"),
        (b'"state": "new"', b'"state": "old"', "findings[0].state"),
        (b'"requests": 12', b'"requests": "12"', "scan.requests"),
        (b'"requests": 12', b'"requests": -1', "scan.requests"),
        (b'"complete": false', b'"complete": 0', "scan.complete"),
        (b'"ratio": 0.5', b'"ratio": NaN', "evidence"),
        (b'"ratio": 0.5', b'"ratio": [{"x": 1e999}]', "evidence"),
        (b'"started_at": "2026-08-01T06:00:00Z"', b'"started_at": "2026"', "scan.started_at"),
        (b'"findings": [', b'"a\\u001bb": 1, "findings": [', "['a\\x1bb']"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(
    tmp_path: Path, old: bytes, new: bytes, place: str
) -> None:
    data = good()
    assert old in data
    assert place in refused(tmp_path, data.replace(old, new, 1))


def test_many_faults_are_counted(tmp_path: Path) -> None:
    said = refused(tmp_path, good().replace(b'"confidence": "high"', b'"confidence": 1'))
    assert f"and {len(build.everything().findings) - 3} more" in said


def test_a_missing_file_a_folder_and_one_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_report(tmp_path / "missing.json")
    with pytest.raises(UsageError, match="directory"):
        load_report(tmp_path)
    data = good()
    monkeypatch.setattr(reading, "MAX_BYTES", len(data) - 1)
    assert "larger than" in refused(tmp_path, data)
    monkeypatch.setattr(reading, "MAX_BYTES", len(data))
    assert load_report(written(tmp_path, data)).rules


def test_the_schema_names_the_version_that_is_written() -> None:
    assert report_schema()["properties"]["schema"]["const"] == SCHEMA


LEFT_OUT = Filters(include=("acme/**",), exclude=("acme/old/**",), archived="exclude")
TOLERANT = Gate("pass", "never", most={Severity.LOW: 3}, allow_incomplete=True, gaps_accepted=True)


@pytest.mark.parametrize("name", REPORTS)
def test_every_field_that_may_be_left_out_is_in_the_schema(name: str, tmp_path: Path) -> None:
    report = REPORTS[name]
    scan = replace(report.scan, scan=replace(report.scan.scan, filters=LEFT_OUT))
    data = rendered(JsonReporter(), replace(report, scan=scan, gate=TOLERANT))
    jsonschema.Draft202012Validator(report_schema()).validate(json.loads(data))
    back = load_report(written(tmp_path, data))
    assert (back.scan.scan.filters, back.gate) == (LEFT_OUT, TOLERANT)
    assert rendered(JsonReporter(), back) == data


@pytest.mark.parametrize(
    "record", [FindingRecord, GapRecord, RuleRecord], ids=lambda one: one.__name__
)
def test_a_record_writes_its_own_fields_in_their_order(record: type[Any]) -> None:
    report = build.everything()
    sources: dict[type[Any], Any] = {
        FindingRecord: report.findings,
        GapRecord: report.scan.gaps,
        RuleRecord: report.rules,
    }
    for source in sources[record]:
        data = record.to_data(source)
        assert list(data) == [key for key in record.model_fields if key in data]
        left_out = set(record.model_fields) - set(data)
        assert left_out <= {
            k for k, field in record.model_fields.items() if not field.is_required()
        }
        assert record.model_validate_json(json_text(data)).to_core() is not None


def test_every_property_of_the_schema_is_described_or_plain() -> None:
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, definition in schema["$defs"].items():
        assert definition["description"], name
        assert definition.get("type") != "object" or "additionalProperties" in definition, name


def test_a_report_about_nothing_that_was_finished_is_read(tmp_path: Path) -> None:
    report = build.report(rules=())
    assert load_report(written(tmp_path, rendered(JsonReporter(), report))).rules == ()


CONTRADICTIONS: dict[str, tuple[str, Any, str]] = {
    "counts of zero beside findings": ("summary.high", 0, "summary.high is 0, but findings lists"),
    "more counted than listed": (
        "summary.critical",
        9,
        "summary.critical is 9, but findings lists",
    ),
    "unknown ones not counted": ("summary.unknown", 0, "summary.unknown is 0, but findings lists"),
    "waived ones not counted": ("summary.waived", 0, "summary.waived is 0, but findings lists"),
    "complete beside a gap": ("scan.complete", True, "scan.complete is true, but scan.gaps"),
    "a gate that does not follow": ("gate.result", "pass", "gate.result is pass, but summary and"),
    "a threshold that does not fit": ("gate.fail_on", "never", "gate.result is fail, but summary"),
    "no rule of a finding": ("rules", [], "findings has one of SL101, but rules does not"),
    "a rule that was not judged": ("rules.0.not_judged", "why", "says that it was not judged"),
    "a waived one without waiver": ("findings.0.state", "waived", "has state waived, but none"),
    "unknown and carried over": (
        "findings.43.carried",
        {"last_seen": "2026-07-31T06:00:42Z"},
        "is carried over, but has verdict unknown",
    ),
    "a fail that is unknown": ("findings.0.severity", "unknown", "verdict fail, but severity"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_report_that_contradicts_itself_is_refused_with_both_values(
    tmp_path: Path, name: str
) -> None:
    place, value, says = CONTRADICTIONS[name]
    data = json.loads(good())
    *steps, last = (int(step) if step.isdecimal() else step for step in place.split("."))
    part = data
    for step in steps:
        part = part[step]
    part[last] = value
    message = refused(tmp_path, json.dumps(data).encode())
    assert "the report contradicts itself: " in message
    assert says in message


def test_a_broken_off_scan_is_not_complete(tmp_path: Path) -> None:
    data = json.loads(rendered(JsonReporter(), build.clean()))
    data["scan"]["finished_at"] = None
    assert "finished_at is null" in refused(tmp_path, json.dumps(data).encode())


def test_two_findings_of_one_fingerprint_are_refused(tmp_path: Path) -> None:
    data = json.loads(good())
    data["findings"][1]["fingerprint"] = data["findings"][0]["fingerprint"]
    assert "two findings have the fingerprint" in refused(tmp_path, json.dumps(data).encode())


def test_a_report_that_shows_less_than_it_counts_is_read(tmp_path: Path) -> None:
    """--min-severity and --new-only hide findings, and hide no gate."""
    whole = build.everything()
    for shown in (
        replace(whole, min_severity=Severity.HIGH),
        replace(whole, new_only=True),
        replace(whole, min_severity=Severity.CRITICAL, new_only=True),
    ):
        data = rendered(JsonReporter(), shown)
        assert load_report(written(tmp_path, data)).summary.as_dict() == whole.summary.as_dict()
