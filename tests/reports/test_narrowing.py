"""Left out is a third state: every format for people names it, and none claims more than was seen."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.filters import Filters
from scopelint.finding import Severity
from scopelint.report import ProjectCounts, Report
from scopelint.run_choices import Choices, LeftOut, RuleOff
from scopelint.text import visible
from scopelint_reports.console import ConsoleReporter
from scopelint_reports.csv_report import CsvReporter
from scopelint_reports.html import HtmlReporter
from scopelint_reports.json_report import JsonReporter
from scopelint_reports.junit import JunitReporter
from scopelint_reports.markdown import MarkdownReporter
from scopelint_reports.narrowing import judged_words, limits, rule_words
from scopelint_reports.openmetrics import OpenMetricsReporter
from tests.reports import build, overviews
from tests.reports.kit import STEADY, rendered

pytestmark = pytest.mark.slow


def console(report: Report) -> str:
    return re.sub(r"\s+", " ", rendered(ConsoleReporter(), report).decode())


def markdown(report: Report) -> str:
    return rendered(MarkdownReporter(), report).decode().replace("\\", "").replace("`", "")


def html(report: Report) -> str:
    text = rendered(HtmlReporter(), report).decode()
    text = text.partition("<main>")[2].partition('<script type="application/json"')[0]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text)))


def junit(report: Report) -> str:
    document = ET.fromstring(rendered(JunitReporter(), report))
    return " ".join(document.itertext())


FOR_PEOPLE = (console, markdown, html)
Shown = Callable[[Report], str]


@pytest.mark.parametrize("shown", [*FOR_PEOPLE, junit])
def test_what_was_left_out_is_named(shown: Shown) -> None:
    text = shown(build.narrowed())
    for words in (
        "10 of 15 projects judged, 1 left out by --include, 2 left out by --exclude, 2 not read",
        "2 projects by --exclude acme/web/**",
        "SL103 (ignore: SL1 in scopelint.yml)",
        "SL201 (--ignore outbound-limit-enabled)",
        "SL302 medium instead of high",
        "acme/sandbox/**: SL501 on, SL304 off, SL302 info, other options of SL302",
        "acme-shared/**",
        "(--min-severity)",
        "(--new-only)",
        "scopelint.yml (sha256 abababababab)",
        "profile strict",
    ):
        assert words in text, words


def test_a_table_names_it_in_each_row() -> None:
    report = replace(build.narrowed(), new_only=False)
    text = rendered(CsvReporter(), report).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows
    assert {row["scanned"] for row in rows} == {judged_words(report)}


BOASTS = re.compile(
    r"nothing was left out|every project was read|all clear|100(\.0)? ?%|everything was"
    r"|all projects|no finding\.|in order",
    re.IGNORECASE,
)
CLEAN_BUT_NARROW = replace(
    build.clean(),
    choices=Choices(rules_off=(RuleOff("SL101", "inbound-limit-disabled", "--select SL4"),)),
    scan=replace(build.clean().scan, projects=ProjectCounts(13, 12, 0, 1)),
    overview=overviews.small(),
)


@pytest.mark.parametrize("shown", [*FOR_PEOPLE, junit])
@pytest.mark.parametrize("report", [CLEAN_BUT_NARROW, build.narrowed(), build.incomplete()])
def test_no_sentence_claims_more_than_was_looked_at(shown: Shown, report: Report) -> None:
    text = shown(report)
    assert not BOASTS.search(text), BOASTS.search(text)


def test_a_whole_run_says_how_much_that_was() -> None:
    report = build.clean()
    assert judged_words(report) == "12 projects judged"
    assert rule_words(report) == "10 rules judged, 1 could not"
    assert [limit.title for limit in limits(report)] == ["Configuration"]
    assert "12 projects judged; 10 rules judged, 1 could not" in console(report)


def test_rules_that_one_word_turned_off_are_told_together() -> None:
    off = tuple(RuleOff(f"SL10{n}", f"rule-{n}", "--ignore SL1") for n in range(3))
    report = replace(build.clean(), choices=Choices(rules_off=off))
    assert ("Rules off", "SL100, SL101, SL102 (--ignore SL1)") in limits(report)


def test_a_filter_that_left_nothing_out_is_named_all_the_same() -> None:
    scan = replace(build.clean().scan.scan, filters=Filters(exclude=("none/**",)))
    report = replace(build.clean(), scan=replace(build.clean().scan, scan=scan))
    assert ("Left out", "0 projects by --exclude none/**") in limits(report)


def test_a_baseline_is_no_filter_and_hidden_findings_are_counted() -> None:
    low = build.finding("SL201", build.project(1))
    report = build.report([low], min_severity=Severity.HIGH)
    assert ("Not listed", "1 new finding below high (--min-severity)") in limits(report)


COUNTS = st.tuples(*[st.integers(0, 5000)] * 5)


def narrow(numbers: tuple[int, ...]) -> Report:
    read, unread, *left_out = numbers
    include, exclude, archived = left_out
    all_filters = (
        LeftOut("include", include, ("acme/web",)),
        LeftOut("exclude", exclude, ("acme/web",)),
        LeftOut("archived", archived, ("acme/web",)),
    )
    found = tuple(each for each in all_filters if each.projects)
    counts = ProjectCounts(sum(numbers), read, unread, sum(left_out))
    scan = replace(build.clean().scan, projects=counts, left_out=found, complete=not unread)
    return replace(build.clean(), scan=scan)


WORDS = re.compile(
    r"(?:([\d,]+) of )?([\d,]+) projects? judged((?:, [\d,]+ left out by --\w+)*)(?:, ([\d,]+) not read)?(?=;)"
)


def whole(text: str | None) -> int:
    return int((text or "0").replace(",", ""))


def in_words(text: str) -> tuple[int, int, int, int]:
    """Return the total, and what was judged, left out and not read, as a person reads them."""
    match = WORDS.search(text)
    assert match is not None, text[:500]
    judged, total, left_out, unread = match.groups()
    out = sum(map(whole, re.findall(r"([\d,]+) left", left_out)))
    return whole(total), whole(judged or total), out, whole(unread)


def in_json(report: Report) -> tuple[int, int, int, int]:
    found = json.loads(rendered(JsonReporter(), report))["scan"]["projects"]
    return found["total"], found["read"], found.get("left_out", 0), found["unreadable"]


def in_metrics(report: Report) -> tuple[int, int, int, int]:
    text = rendered(OpenMetricsReporter(), report).decode()
    found = dict(re.findall(r'scopelint_projects\{state="(\w+)"\} (\d+)', text))
    read, out, unread = (int(found[name]) for name in ("read", "left_out", "unreadable"))
    return read + out + unread, read, out, unread


@STEADY
@given(COUNTS)
def test_judged_left_out_and_not_read_add_up_in_every_format(numbers: tuple[int, ...]) -> None:
    """Property: the sum is the number of listed projects, in every format that shows numbers.

    99.96 % is not all: the page has no share that could be rounded.
    """
    report = narrow(numbers)
    wanted = (sum(numbers), numbers[0], sum(numbers[2:]), numbers[1])
    assert in_json(report) == wanted
    assert in_metrics(report) == wanted
    for shown in FOR_PEOPLE:
        assert in_words(shown(report)) == wanted
    assert not re.search(r"\d ?%", html(report))


@pytest.mark.parametrize("path", build.HOSTILE_PATHS)
def test_globs_and_groups_stay_text(path: str) -> None:
    report = narrow((1, 2, 3, 4, 5))
    scan = replace(report.scan, left_out=(LeftOut("exclude", 12, (path,)),))
    report = replace(report, scan=scan)
    raw = rendered(ConsoleReporter(), report).decode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", raw)
    assert "<script>alert" not in rendered(HtmlReporter(), report).decode()
    assert visible(path)[:9] in raw
