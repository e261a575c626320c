"""The Markdown note: what a reader of Markdown makes of it holds nothing foreign but code spans."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from scopelint.finding import EntryRef, ProjectRef, State, Waiver
from scopelint.model import Gap, Reason
from scopelint.report import RenderOptions, Report
from scopelint.text import code, escaped
from scopelint_reports.markdown import MARKER, MAX_CHARS, WORST, MarkdownReporter
from tests.reports import build
from tests.reports.kit import STEADY, rendered

ANY = st.text(st.characters(exclude_categories=()), max_size=40)
ACTIVE = st.text("@#!~%$&/`*_[](){}<>|\\-+=:.^ \n\tab1\u2028", max_size=40)
EVIL = (
    "/close",
    "\n/merge",
    "@all",
    "#1 !2 ~bug %3 $4 &5",
    "`",
    "``` x",
    "|",
    "[[_TOC_]]",
    "![i](http://e)",
    "[a](javascript:x)",
    "<img src=x onerror=y>",
    "--> <script>",
    "</details>",
    "https://evil.example",
    ":tada:",
    "\\",
    "a\\`b",
    "$`x`$",
)


def note(report: Report, **options: Any) -> str:
    return rendered(MarkdownReporter(RenderOptions(**options)), report).decode()


def tokens(text: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    for token in parser.parse(text):
        yield token
        yield from token.children or ()


def html(text: str) -> set[str]:
    return {t.content.strip() for t in tokens(text) if t.type in {"html_block", "html_inline"}}


OUR_HTML = re.compile(
    r"<!-- scopelint:report -->|<details><summary>[\d,]+ findings? more</summary>|</details>"
)
OUR_TEXT = re.compile(r"[^@#~$&/`*_\[\]<>|\\]*")


def harmless(text: str) -> None:
    """Check what a reader of Markdown sees: our words, and code spans."""
    assert all(OUR_HTML.fullmatch(one) for one in html(text))
    for token in tokens(text):
        if token.type == "text":
            assert OUR_TEXT.fullmatch(token.content), token.content
        if token.type == "link_open":
            assert re.match(r"https?://[\w.]", str(token.attrs["href"]))
        assert token.type not in {"image", "em_open", "fence", "code_block", "s_open"}
    assert not re.search(r"^\s*/", text, re.MULTILINE), "a quick action"
    assert "\r" not in text


def report_of(*texts: str) -> Report:
    findings = []
    for number, text in enumerate(texts):
        on = ProjectRef(number, text, f"https://gitlab.example.com/{text}")
        waiver = Waiver(text, text, text)
        entry = EntryRef("group", 1, text)
        findings += [
            build.finding("SL101", on, message=text, remediation=text),
            build.finding("SL304", on, entry=entry, state=State.WAIVED, waiver=waiver),
            build.finding("SL901", on, message=text),
        ]
    gap = Gap("scope", Reason.ERROR, texts[0], "project", 1, texts[0])
    return build.report(findings, gaps=(gap,), targets=texts, instance=f"https://x/{texts[0]}")


def test_it_begins_with_a_marker_that_nobody_sees() -> None:
    text = note(build.clean())
    assert text.startswith(f"{MARKER}\n## ✅ scopelint: pass\n")
    words = "12 projects judged, 10 rules judged, 1 could not"
    assert f"No finding in what was judged: {words}." in text
    assert text.count(MARKER) == 1


def test_it_lists_the_worst_first_and_folds_the_rest() -> None:
    text = note(build.large(60))
    opened, folded = text.split("<details>")
    assert opened.count("\n- **") == WORST
    assert folded.count("\n- **") == 60 - WORST
    levels = re.findall(r"^- \*\*(\w+)\*\*", text, re.MULTILINE)
    assert levels == sorted(levels, key=["high", "medium", "low"].index)
    assert "<summary>40 findings more</summary>" in text
    harmless(text)


def test_it_says_what_is_unknown_baselined_and_waived() -> None:
    report = build.everything()
    text = note(report)
    assert "**unknown**" in text
    assert "`baselined`" in text
    assert "waived until" not in text
    assert f"| {report.summary.waived} |" in text
    assert "**The scan is incomplete**: 2 of 23 projects could not be read." in text
    assert "### Not judged\n\n`SL102` (REST does not show the project's own flag)." in text
    assert "`waived until 2026-12-31: contract 42, @web`" in note(report, show_waived=True)


def test_headings_part_findings_gaps_and_what_was_not_judged() -> None:
    """A blank line does not end a list; prose is no code; the verdict comes first."""
    report = replace(build.everything(), warnings=("a waiver ends",))
    text = note(report)
    parsed = list(tokens(text))
    heads = [parsed[at + 1].content for at, t in enumerate(parsed) if t.type == "heading_open"]
    titles = ["Findings", "Not read", "Not judged", "To look at"]
    assert heads == ["❌ scopelint: fail", *titles]
    verdict = text.splitlines()[3]
    assert verdict.startswith("**1 critical, 12 high, 14 medium (fails at medium or above)")
    assert "`" not in verdict
    between = text.partition("### Not read")[2].partition("### Not judged")[0]
    assert "\n- job token scopes of projects: 2 (1 forbidden, 1 timed out)\n" in between


def test_what_was_not_judged_is_one_line() -> None:
    rules = tuple(
        replace(rule, not_judged="no log" if rule.code.startswith("SL3") else None)
        for rule in build.RULES
    )
    text = note(build.report(rules=rules))
    assert text.count("`SL301`, `SL302`, `SL304`, `SL305` (no log).") == 1


def test_it_links_to_the_whole_report_where_that_is_known() -> None:
    page = "https://gitlab.example.com/acme/audit/-/jobs/7/artifacts/file/scopelint.html"
    assert f"[The whole report](<{page}>)" in note(build.clean(), report_url=page)
    evil = note(build.clean(), report_url="javascript:alert(1)")
    assert "javascript" not in evil


def test_it_shows_how_to_mend_when_asked() -> None:
    report = build.report([build.finding(on=build.project(1))])
    assert "fix: `Switch the limit on" in note(report, show_fix=True)
    assert "fix:" not in note(report)


@pytest.mark.slow
@pytest.mark.parametrize(
    "report",
    [
        build.large(5_000),
        report_of(*(["🦊`" * 3_000] * 60)),
        report_of(*["\u202e" * 3_000] * 30),
        build.report(targets=("x" * 2_000,) * 500),
    ],
)
def test_it_stays_short_enough_for_a_note(report: Report) -> None:
    text = note(report, show_waived=True, show_fix=True)
    assert len(text) < MAX_CHARS
    listed = len(re.findall(r"^- \*\*", text, re.MULTILINE))
    total = sum(1 for _ in report.shown(waived=True))
    more = re.search(r"^([\d,]+) findings? more: see the whole report\.$", text, re.MULTILINE)
    assert listed + (int(more[1].replace(",", "")) if more else 0) == total
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("text", [*EVIL, *build.HOSTILE_SEGMENTS])
def test_foreign_text_stays_text(text: str) -> None:
    harmless(note(report_of(text, f"acme/{text}", f"{text}x"), show_waived=True, show_fix=True))


@STEADY
@given(ANY | ACTIVE, ANY | ACTIVE)
def test_any_text_stays_text(one: str, other: str) -> None:
    harmless(note(report_of(one, other), show_waived=True, show_fix=True))


@STEADY
@given(ANY | ACTIVE)
def test_a_code_span_shows_the_text_itself(text: str) -> None:
    [inline] = [t for t in tokens(f"x {code(text)} y") if t.type == "code_inline"]
    if text.strip() and text.isprintable():
        assert inline.content == text


@STEADY
@given(ANY | ACTIVE)
def test_escaped_text_shows_as_it_is(text: str) -> None:
    shown = escaped(text)
    assert html(shown) == set()
    types = {t.type for t in tokens(shown)}
    assert types <= {
        "paragraph_open", "paragraph_close", "inline", "text", "text_special", "softbreak",
        "hardbreak", "code_block",
    }  # fmt: skip
    assert not re.search(r"^\s*/", shown, re.MULTILINE)
    assert not re.search(r"(?<!\\)(\\\\)*[@~$]", shown)
