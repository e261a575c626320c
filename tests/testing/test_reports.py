"""Reports from described inventories, and the check that a reporter is deterministic."""

from typing import BinaryIO, ClassVar

import pytest

from scopelint.engine import Settings
from scopelint.finding import Severity
from scopelint.report import Report, Reporter
from scopelint.testing import rendered, report
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from scopelint_rules.outside_group_allowed import OutsideGroupAllowed
from scopelint_rules.scope_unreadable import ScopeUnreadable

OPEN = """
enforcement: off
projects:
  acme/web/shop: {inbound_own: false, entries: [{group: partner}, {group: friends}]}
  acme/hr/payroll: {unreadable: forbidden}
"""


class Counting(Reporter):
    """Writes the findings' rules; with `drift`, another text each time."""

    name = "counting"
    title = "Counts"
    drift: ClassVar[bool] = False
    calls = 0

    def render(self, report: Report, out: BinaryIO) -> None:
        self.calls += self.drift
        rules = " ".join(finding.rule for finding in report.findings)
        out.write(f"{rules} {self.calls}".encode())


class Drifting(Counting):
    """Never writes the same twice."""

    drift = True


def test_a_report_is_what_the_engine_makes_of_the_rules() -> None:
    rules = [ScopeUnreadable, OutsideGroupAllowed, InboundLimitDisabled]
    what = report(OPEN, rules, trusted=["friends"])
    assert [(finding.rule, finding.state.value) for finding in what.findings] == [
        ("SL101", "new"),
        ("SL304", "new"),
        ("SL901", "new"),
    ]
    assert [rule.code for rule in what.rules] == ["SL101", "SL304", "SL901"]
    assert what.gate.result == "fail"
    unreadable = [finding for finding in what.findings if finding.rule == "SL901"]
    assert unreadable[0].evidence["rules"] == ["SL101", "SL304"]


def test_a_report_takes_settings() -> None:
    settings = Settings(severities={"SL101": Severity.CRITICAL}, fail_on="never")
    what = report(OPEN, [InboundLimitDisabled], settings)
    assert [finding.severity for finding in what.findings] == [Severity.CRITICAL]
    assert what.gate.result == "incomplete"


def test_rendered_returns_the_document() -> None:
    assert rendered(Counting(), report(OPEN, [InboundLimitDisabled])) == b"SL101 0"


def test_rendered_refuses_a_reporter_that_drifts() -> None:
    with pytest.raises(AssertionError, match="counting: two documents"):
        rendered(Drifting(), report(OPEN, [InboundLimitDisabled]))
