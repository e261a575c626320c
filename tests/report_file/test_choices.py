"""What was left out by choice, in the JSON report: valid, and read back as it was."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from scopelint.errors import UsageError
from scopelint.report import ProjectCounts
from scopelint.report_file import report_schema
from scopelint.report_file.reading import load_report
from scopelint.testing import rendered
from scopelint_reports.json_report import JsonReporter
from tests.reports import build


def test_left_out_and_choices_are_in_the_report_and_read_back(tmp_path: Path) -> None:
    report = build.narrowed()
    path = tmp_path / "report.json"
    path.write_bytes(rendered(JsonReporter(), report))
    data = json.loads(path.read_bytes())
    jsonschema.Draft202012Validator(report_schema()).validate(data)
    scan = data["scan"]
    assert scan["projects"] == {"total": 15, "read": 10, "unreadable": 2, "left_out": 3}
    assert scan["left_out"][1] == {"filter": "exclude", "projects": 2, "groups": ["acme/web"]}
    assert [rule["code"] for rule in scan["rules_off"]] == ["SL103", "SL201", "SL305"]
    assert scan["overrides"][0]["severity"] == {"SL302": "info"}
    assert data["config"]["files"][0] == {"name": "scopelint.yml", "sha256": "ab" * 32}
    assert (data["config"]["min_severity"], data["config"]["new_only"]) == ("low", True)
    back = load_report(path)
    assert back.choices == report.choices
    assert back.scan == report.scan
    assert (back.min_severity, back.new_only) == (report.min_severity, report.new_only)
    assert rendered(JsonReporter(), back) == path.read_bytes()


def test_a_whole_run_names_nothing_that_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(rendered(JsonReporter(), build.clean()))
    scan = json.loads(path.read_bytes())["scan"]
    assert not {"filters", "left_out", "rules_off", "overrides"} & scan.keys()
    assert "left_out" not in scan["projects"]
    assert load_report(path).choices == build.clean().choices


@pytest.mark.parametrize(
    "counts", [ProjectCounts(15, 10, 2, 4), ProjectCounts(15, 10, 2), ProjectCounts(0, 0, 0, 1)]
)
def test_counts_that_do_not_add_up_are_refused(tmp_path: Path, counts: ProjectCounts) -> None:
    report = build.narrowed()
    path = tmp_path / "report.json"
    wrong = replace(report, scan=replace(report.scan, projects=counts))
    path.write_bytes(rendered(JsonReporter(), wrong))
    with pytest.raises(UsageError, match="is not the sum of"):
        load_report(path)
