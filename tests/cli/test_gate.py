"""`scopelint gate REPORT.json`: the code of the scan behind a report, and what is no report."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint_simulator import Simulator
from tests.cli.kit import call

CODES = {"calm": 0, "acme": 1, "mid": 1, "mild": 0, "part": 3, "both": 1}


@pytest.fixture
def report(gitlab: Simulator, token: str, request: pytest.FixtureRequest) -> Path:
    """Give the JSON report of a scan of the target that the test is parametrized with."""
    del token
    path = Path("report.json")
    call("scan", request.param, "--url", gitlab.url, "--exit-zero", "-f", "json", "-o", path)
    return path


def _with(change: dict[str, Any]) -> Path:
    path = Path("report.json")
    data = json.loads(path.read_text())
    for key, value in change.items():
        part, _, name = key.rpartition(".")
        (data[part] if part else data)[name] = value
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize(("report", "code"), CODES.items(), indirect=["report"])
def test_the_gate_gives_the_code_that_the_scan_would_have_given(report: Path, code: int) -> None:
    result = call("gate", report).expect(code)
    word = {0: "pass", 1: "fail", 3: "incomplete"}[code]
    assert result.out.startswith(f"{word} (fail on medium)")
    assert result.out.count("\n") == 1
    assert call("gate", report, "-q").expect(code).out == ""


@pytest.mark.parametrize("report", ["both"], indirect=True)
def test_a_finding_beats_a_gap(report: Path) -> None:
    assert "1 high" in call("gate", report, "--allow-incomplete").expect(1).out
    call("gate", report, "--fail-on", "critical").expect(3)
    call("gate", report, "--fail-on", "never", "--allow-incomplete").expect(0)
    call("gate", report, "--exit-zero").expect(0)


@pytest.mark.parametrize("report", ["part"], indirect=True)
def test_allow_incomplete_forgives_a_gap(report: Path) -> None:
    call("gate", report, "--allow-incomplete").expect(0)


@pytest.mark.parametrize("report", ["mild"], indirect=True)
def test_the_threshold_of_the_option_goes_before_the_reports(report: Path) -> None:
    call("gate", report, "--fail-on", "low").expect(1)
    call("gate", report, "--fail-on", "high").expect(0)


@pytest.mark.parametrize("report", ["acme"], indirect=True)
def test_a_report_whose_counts_are_zero_beside_new_findings_is_refused(report: Path) -> None:
    counts = json.loads(report.read_text())["summary"]
    _with({f"summary.{name}": 0 for name in counts} | {"gate.result": "pass"})
    call("gate", report).expect(2, "contradicts itself", "summary.high is 0, but findings lists")
    for command in (("create",), ("update",), ("prune",)):
        call("baseline", *command, report, "-o", "b.json").expect(2, "contradicts itself")


@pytest.mark.parametrize("report", ["part"], indirect=True)
def test_a_report_that_is_complete_beside_a_gap_is_refused(report: Path) -> None:
    _with({"scan.complete": True, "gate.result": "pass"})
    call("gate", report).expect(2, "scan.complete is true, but scan.gaps has one of fact scope")


@pytest.mark.parametrize("report", ["calm"], indirect=True)
def test_a_report_about_no_project_is_an_empty_scan(report: Path) -> None:
    del report
    _with({"scan.projects": {"total": 0, "read": 0, "unreadable": 0}, "projects": []})
    call("gate", "report.json", "--allow-incomplete").expect(3, "no project")
    call("gate", "report.json", "--exit-zero").expect(0)


@pytest.mark.parametrize("report", ["calm"], indirect=True)
def test_what_is_no_report_is_a_usage_error(report: Path, place: Path) -> None:
    call("gate", "missing.json").expect(2, "missing.json", "No such file")
    call("gate", place).expect(2, "Is a directory")
    whole = report.read_bytes()
    report.write_bytes(whole[: len(whole) // 2])
    call("gate", report).expect(2, "not a scopelint JSON report")
    report.write_bytes(b"[]")
    call("gate", report).expect(2)
    report.write_bytes(b"")
    call("gate", report).expect(2)
    report.write_bytes(whole.decode().encode("utf-16"))
    call("gate", report).expect(2, "UTF-16")
    report.write_bytes(whole.replace(b"scopelint-report/1", b"scopelint-report/2"))
    call("gate", report).expect(2, "scopelint-report/2")
    report.write_bytes(whole.replace(b'"findings"', b'"finding"'))
    call("gate", report).expect(2, "findings")


@pytest.mark.parametrize("report", ["acme"], indirect=True)
def test_a_report_with_a_byte_order_mark_is_read(report: Path) -> None:
    report.write_bytes(b"\xef\xbb\xbf" + report.read_bytes())
    call("gate", report).expect(1)


def test_wrong_options_of_the_gate() -> None:
    call("gate").expect(2, "Missing argument")
    call("gate", "r.json", "--fail-on", "severe").expect(2, "severe")
    call("gate", "").expect(2, "empty")
