"""What was concluded for the whole run: each format says what, from what, and when."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from scopelint.model import Assumption
from scopelint.report import Report, Reporter
from scopelint_reports.console import ConsoleReporter
from scopelint_reports.html import HtmlReporter
from scopelint_reports.json_report import JsonReporter
from scopelint_reports.markdown import MarkdownReporter
from tests.reports import build
from tests.reports.kit import rendered

AT: Final = datetime(2026, 11, 20, 6, 0, 0, tzinfo=UTC)
ASSUMPTIONS: Final = (
    Assumption("version", "18.5.0", "what GitLab said before the first project was read", AT),
    Assumption(
        "enforcement",
        "off",
        "the effective limit of acme/web/site, which is off",
        AT + timedelta(minutes=7, seconds=5),
    ),
)
SENTENCES: Final = (
    "version is 18.5.0: concluded from what GitLab said before the first project was read, at"
    " 2026-11-20 06:00:00 UTC",
    "enforcement is off: concluded from the effective limit of acme/web/site, which is off, at"
    " 2026-11-20 06:07:05 UTC",
)


def report(assumptions: tuple[Assumption, ...] = ASSUMPTIONS) -> Report:
    made = build.everything()
    scan = replace(made.scan.scan, assumptions=assumptions)
    return replace(made, scan=replace(made.scan, scan=scan))


@pytest.mark.parametrize(
    "reporter", [ConsoleReporter, HtmlReporter, MarkdownReporter], ids=lambda each: each.name
)
def test_formats_for_people_say_what_was_concluded_from_what_and_when(
    reporter: type[Reporter],
) -> None:
    text = rendered(reporter(), report()).decode()
    plain = re.sub(r"<[^>]*>", "", text) if reporter is HtmlReporter else text
    flat = " ".join(plain.replace("\\", "").replace("`", "").split())
    for sentence in SENTENCES:
        assert sentence in flat


def test_the_console_says_once_what_shards_agree_on_and_all_that_they_do_not() -> None:
    shards = tuple(
        Assumption("enforcement", value, f"shard {number}/4: what {number} read", AT)
        for number, value in enumerate(("off", "off", "unknown", "off"), 1)
    )
    lines = " ".join(rendered(ConsoleReporter(), report(shards)).decode().split())
    assert (
        "enforcement is off: concluded from shard 1/4: what 1 read, at 2026-11-20 06:00:00 UTC;"
        " 2 other parts of this scan concluded the same"
    ) in lines
    assert "enforcement is unknown: concluded from shard 3/4: what 3 read" in lines
    assert "shard 2/4" not in lines
    assert "shard 2/4: what 2 read" in rendered(MarkdownReporter(), report(shards)).decode()


def test_json_has_each_conclusion_as_data() -> None:
    scan = json.loads(rendered(JsonReporter(), report()))["scan"]
    assert scan["assumptions"] == [
        {
            "what": "version",
            "value": "18.5.0",
            "from": "what GitLab said before the first project was read",
            "at": "2026-11-20T06:00:00Z",
        },
        {
            "what": "enforcement",
            "value": "off",
            "from": "the effective limit of acme/web/site, which is off",
            "at": "2026-11-20T06:07:05Z",
        },
    ]
