"""The overview in the JSON report: valid, read back as it was, and refused where it is off."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scopelint.errors import UsageError
from scopelint.report import Report
from scopelint.report_file import report_schema
from scopelint.report_file.reading import load_report
from scopelint.testing import rendered, report
from scopelint_reports.json_report import JsonReporter
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled

INVENTORY: dict[str, Any] = {
    "projects": {
        "acme/web/shop": {"inbound_own": False, "inbound_effective": False},
        "acme/web/till": {"entries": [{"group": "acme/ops"}]},
        "acme/ops/deploy": {},
        "acme/ops/hidden": {"unreadable": "forbidden"},
    },
}


@pytest.fixture(scope="module")
def judged() -> Report:
    """A run of one rule over a small tree."""
    return report(INVENTORY, [InboundLimitDisabled])


def test_a_run_fills_it_and_the_schema_holds(judged: Report) -> None:
    """Findings are counted up the tree; the matrix names its groups by index."""
    data = json.loads(rendered(JsonReporter(), judged))
    jsonschema.Draft202012Validator(report_schema()).validate(data)
    assert data["overview"]["groups"] == [
        {"path": "acme", "projects": 4, "unread": 1, "open": 1, "high": 1},
        {"path": "acme/ops", "projects": 2, "unread": 1},
        {"path": "acme/web", "projects": 2, "unread": 0, "open": 1, "high": 1},
    ]
    matrix = {
        "groups": ["acme/ops", "acme/web"],
        "pairs": [[0, 1, 4], [1, 1, 1]],
        "projects": [[2, 1, 0], [2, 2, 0]],
    }
    assert data["overview"]["reach"] == matrix


def test_it_is_read_back_as_it_was(judged: Report, tmp_path: Path) -> None:
    """A report that was read back renders to the same bytes."""
    path = tmp_path / "report.json"
    path.write_bytes(rendered(JsonReporter(), judged))
    back = load_report(path)
    assert back.overview == judged.overview
    assert rendered(JsonReporter(), back) == path.read_bytes()


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("pairs", [[0, 7]]),
        ("pairs", [[0]]),
        ("pairs", [[0, -1]]),
        ("pairs", [[0, 1, 2, 3]]),
        ("groups", ["g"] * 41),
    ],
)
def test_a_matrix_that_is_off_is_refused(
    judged: Report, tmp_path: Path, where: str, value: object
) -> None:
    """A report file is untrusted: indexes stay within the groups, lists within their bounds."""
    data = json.loads(rendered(JsonReporter(), judged))
    data["overview"]["reach"][where] = value
    path = tmp_path / "report.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match=r"overview\.reach"):
        load_report(path)


def test_a_group_with_a_text_for_a_number_is_refused(judged: Report, tmp_path: Path) -> None:
    """Every count is a number, those of severities too."""
    data = json.loads(rendered(JsonReporter(), judged))
    data["overview"]["groups"][0]["high"] = "many"
    path = tmp_path / "report.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match="overview"):
        load_report(path)
