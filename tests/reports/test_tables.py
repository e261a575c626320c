"""CSV and JSON Lines: a record a line, whatever the names hold."""

import csv
import io
import json
from typing import Any

import jsonschema
import pytest

from scopelint.finding import State
from scopelint.report import RenderOptions, Report
from scopelint.report_file import report_schema
from scopelint_reports.csv_report import COLUMNS, CsvReporter
from scopelint_reports.jsonl import JsonLinesReporter
from tests.reports import build
from tests.reports.kit import BIDI_AND_CONTROLS, rendered

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\uff1d1",
    "=cmd|' /C calc'!A0",
)


def rows(report: Report, **options: Any) -> list[dict[str, str]]:
    text = rendered(CsvReporter(RenderOptions(**options)), report).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def records(report: Report, **options: Any) -> list[dict[str, Any]]:
    lines = rendered(JsonLinesReporter(RenderOptions(**options)), report).decode().split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def shown(report: Report) -> list[str]:
    return [finding.fingerprint for finding in report.shown()]


def test_csv_of_a_clean_run_has_its_first_row() -> None:
    text = rendered(CsvReporter(), build.clean()).decode()
    assert text == "\ufeff" + ",".join(f'"{name}"' for name in COLUMNS) + "\r\n"


def test_csv_has_a_row_for_each_shown_finding() -> None:
    report = build.everything()
    found = rows(report)
    assert [row["fingerprint"] for row in found] == shown(report)
    assert {row["state"] for row in found} == {"new", "baselined"}
    assert {row["severity"] for row in found if row["verdict"] == "unknown"} == {"unknown"}
    everything = rows(report, show_waived=True)
    assert len(everything) == len(report.findings)
    waived = [row for row in everything if row["state"] == "waived"]
    assert "contract 42" in {row["waiver_reason"] for row in waived}


def test_csv_tells_of_the_run_in_each_row() -> None:
    """A file may be read alone; Excel takes it for UTF-8 only with a byte order mark."""
    raw = rendered(CsvReporter(), build.everything())
    assert raw.startswith(b"\xef\xbb\xbf")
    for row in rows(build.everything()):
        assert row["title"] == build.RULE_BY_CODE[row["rule"]].title
        assert row["owner"] == ""
        assert row["instance"] == build.INSTANCE
        assert row["time"] == "2026-08-01T06:00:42Z"
        assert row["version"] == "0.1.0"
        assert row["scanned"] == "21 of 23 projects judged, 2 not read"


def test_csv_is_one_line_a_row() -> None:
    text = rendered(CsvReporter(), build.everything()).decode("utf-8-sig")
    assert not BIDI_AND_CONTROLS & set(text.replace("\r\n", ""))
    assert len(text.split("\r\n")) == len(shown(build.everything())) + 2
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.parametrize("formula", FORMULAS)
def test_csv_has_no_formula(formula: str) -> None:
    on = build.project(1, formula)
    entry = build.group_entry(9, formula)
    report = build.report([build.finding("SL304", on, entry=entry, message=formula)])
    [row] = rows(report)
    for column in ("project", "entry", "message"):
        assert row[column].startswith("'")
        assert row[column][1:].strip("\ufffd ") == formula.strip()


@pytest.mark.parametrize("text", ["acme/web", "a=b", "1-1", "x@y"])
def test_csv_leaves_other_text_alone(text: str) -> None:
    [row] = rows(build.report([build.finding(on=build.project(1), message=text)]))
    assert row["message"] == text


def test_json_lines_begin_with_the_run() -> None:
    [run] = records(build.clean())
    assert run["record"] == "run"
    assert run["gate"]["result"] == "pass"
    assert run["summary"]["high"] == 0
    assert run["scan"]["complete"] is True


def test_json_lines_are_the_json_report_in_pieces() -> None:
    report = build.everything()
    run, *rest = records(report)
    assert run["scan"]["complete"] is False
    gaps = [one for one in rest if one["record"] == "gap"]
    findings = [one for one in rest if one["record"] == "finding"]
    assert len(gaps) == len(report.scan.gaps)
    assert [one["fingerprint"] for one in findings] == shown(report)
    assert rest == gaps + findings
    definitions = report_schema()
    for kind, found in (("GapRecord", gaps), ("FindingRecord", findings)):
        part = {"$ref": f"#/$defs/{kind}", "$defs": definitions["$defs"]}
        validator = jsonschema.Draft202012Validator(part)
        for one in found:
            validator.validate({key: value for key, value in one.items() if key != "record"})


def test_json_lines_list_waived_findings_when_asked() -> None:
    report = build.everything()
    states = {one.get("state") for one in records(report, show_waived=True)}
    assert "waived" in states
    assert State.WAIVED.value not in {one.get("state") for one in records(report)}
    assert records(report)[0]["summary"]["waived"] == report.summary.waived


def test_json_lines_hold_no_raw_control_character() -> None:
    text = rendered(JsonLinesReporter(RenderOptions(show_waived=True)), build.everything()).decode()
    assert not BIDI_AND_CONTROLS & set(text)
    assert "\u2028" not in text
