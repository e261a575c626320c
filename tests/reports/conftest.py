"""A browser for the tests of the HTML page."""

from pathlib import Path
from typing import Any

import pytest

from scopelint.report import RenderOptions, Report
from scopelint_reports.html import HtmlReporter
from tests.reports import tools
from tests.reports.browsing import Visit
from tests.reports.kit import rendered


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    """Return a function that opens a report and walks steps; it fails on any error or request."""

    def open_page(report: Report, *steps: Any, fragment: str = "", **job: Any) -> list[Any]:
        file = tmp_path / "report.html"
        file.write_bytes(rendered(HtmlReporter(RenderOptions(show_waived=True)), report))
        todo = [{"run": step} if isinstance(step, str) else step for step in steps]
        place = {"profile": str(tmp_path / "profile"), "url": file.as_uri() + fragment}
        seen = tools.browse({**place, "steps": todo, **job})
        assert seen["errors"] == []
        assert seen["console"] == []
        assert {address.partition("#")[0] for address in seen["requests"]} == {file.as_uri()}
        values: list[Any] = seen["values"]
        return values

    return open_page
