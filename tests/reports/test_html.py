"""The HTML report as a file: its policy, its data, what it shows without scripts."""

import base64
import gzip
import hashlib
import io
import json
import re
from dataclasses import replace
from typing import Any

import lxml.html
import pytest

from scopelint.finding import (
    Carried,
    FixedFinding,
    Severity,
    SincePrevious,
    State,
    Waiver,
    fingerprint,
)
from scopelint.remedy import Change
from scopelint.report import RenderOptions, Report
from scopelint_reports import html_data
from scopelint_reports.html import HtmlReporter
from tests.reports import build


def render(report: Report, **options: Any) -> str:
    out = io.BytesIO()
    HtmlReporter(RenderOptions(**options)).render(report, out)
    return out.getvalue().decode("utf-8")


def tree(report: Report, **options: Any) -> Any:
    return lxml.html.document_fromstring(render(report, **options))


def data(report: Report, **options: Any) -> Any:
    return json.loads(tree(report, **options).get_element_by_id("data").text)


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


def test_the_policy_allows_this_script_and_style_alone() -> None:
    html = render(build.everything())
    page: Any = lxml.html.document_fromstring(html)
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    for kind in ("script", "style"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert page.xpath("//head/*")[1].get("http-equiv") == "Content-Security-Policy"


def test_nothing_is_loaded_and_nothing_runs_from_an_attribute() -> None:
    html = render(build.everything(), show_waived=True)
    page: Any = lxml.html.document_fromstring(html)
    assert not page.xpath("//@src | //@srcset | //@style | //@action | //@data")
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    assert page.xpath("//link/@href") == ["data:,"]
    assert not re.search(r"@import|url\((?!#)", html)
    assert "innerHTML" not in html
    for address in page.xpath("//a/@href"):
        assert address.startswith(("#", "https://", "http://"))
    for anchor in page.xpath("//a[starts-with(@href, 'http')]"):
        assert anchor.get("rel") == "noopener noreferrer"


def test_no_name_becomes_markup_or_ends_the_data() -> None:
    page = tree(build.everything(), show_waived=True)
    assert len(page.xpath("//script")) == 2
    assert not page.xpath("//img | //iframe | //body//b[text()='bold']")
    assert build.HTML in page.get_element_by_id("rows").text_content()
    assert "<" not in page.get_element_by_id("data").text


def test_no_control_or_direction_character_gets_through() -> None:
    html = render(build.everything(), show_waived=True)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    blob = json.dumps(data(build.everything(), show_waived=True))
    assert not re.search(r"(?<!\\)\\u(?:00(?:0[03-9bcef]|1|7f|8|9)|202[a-e]|206[6-9])", blob)


def test_the_first_screen_says_verdict_counts_coverage_and_gaps() -> None:
    page = tree(build.incomplete())
    assert words(page.xpath("//section[contains(@class, 'answer')]")[0]) == (
        "Incomplete None of the 10 projects judged gives job tokens more access than policy allows;"
        " of 2 nothing is known."
        " 2 of 12 projects could not be read."
        " 10 of 12 projects judged, 2 not read; 10 rules judged, 1 could not."
    )
    figures = [words(figure) for figure in page.xpath("//*[@class='figures']/li")]
    assert figures[-1] == "2 not read or left out 2 not read"
    assert [words(key) for key in page.xpath("//*[@class='keys']/li")] == ["3 unknown"]
    method = words(page.get_element_by_id("method"))
    assert "Projects10 of 12 projects judged, 2 not read" in method
    assert "2026-08-01 06:00:42 UTC" in method
    assert "2 projects not read (the scan is incomplete)" in method
    silent = words(page.xpath("//tr[@class='silent']")[0])
    assert silent == "1 requirement not judged: REST does not show the project's own flagSL102"


def test_the_answer_counts_the_projects_that_break_the_policy() -> None:
    """A sentence, with what is accepted, carried, below the gate and unknown left out of it."""
    new, low, old, dark = (build.project(number) for number in range(1, 5))
    found = [
        build.finding("SL101", new),
        build.finding("SL302", new),
        build.finding("SL201", low),
        build.finding("SL101", old, state=State.BASELINED),
        build.finding("SL101", dark, unknown=True),
    ]
    page = tree(build.report(found, projects=[build.project(9)]))
    assert words(page.get_element_by_id("answer")) == (
        "Fail 1 of 5 projects gives job tokens more access than policy allows."
    )
    only = build.report([build.finding("SL103", severity=Severity.HIGH)], projects=[new])
    assert "The instance gives" in words(tree(only).get_element_by_id("answer"))


def test_the_figures_are_filters_by_what_the_rules_are_about() -> None:
    tags = {"SL101": "open", "SL304": "outside", "SL305": "outside", "SL302": "broad"}
    rules = tuple(replace(r, tags=(tags[r.code],) if r.code in tags else ()) for r in build.RULES)
    one, two = build.project(1), build.project(2)
    found = [
        build.finding("SL101", one),
        build.finding("SL304", one, entry=build.group_entry(9, "partner")),
        build.finding("SL305", one, entry=build.group_entry(8, "beta")),
        build.finding("SL305", two, entry=build.group_entry(8, "beta")),
        build.finding("SL302", two, state=State.BASELINED),
    ]
    page = tree(build.report(found, rules=rules))
    figures = page.xpath("//*[@class='figures']//a")
    assert [words(figure).partition(" ")[0] for figure in figures] == ["1", "2", "0", "0"]
    assert figures[1].get("href") == "#rule=SL304%2CSL305&verdict=fail&state=new"
    assert [("zero" in figure.get("class")) for figure in figures] == [False, False, True, True]
    none = tree(build.report(found, rules=build.RULES))
    assert (
        words(none.xpath("//*[@class='figures']//a")[0])
        == "\u2013 open to every project: not judged"
    )


def test_an_answer_without_violations_counts_what_a_gating_rule_could_not_tell() -> None:
    read = [build.project(1), build.project(2), build.project(3)]
    unknown = build.finding("SL101", read[1], unknown=True)
    page = tree(build.report([unknown], projects=read))
    assert words(page.get_element_by_id("answer")).endswith(
        "None of the 3 projects judged gives job tokens more access than policy allows;"
        " of 1 a rule could not tell."
    )
    below = build.finding("SL201", read[1], unknown=True)  # low: it never counts
    assert "could not tell" not in words(
        tree(build.report([below], projects=read)).get_element_by_id("answer")
    )


def test_a_figure_is_as_before_only_where_nothing_became_of_its_findings() -> None:
    rules = tuple(replace(r, tags=("open",) if r.code == "SL101" else ()) for r in build.RULES)
    finding = build.finding("SL101", build.project(1))

    def figure(since: SincePrevious, *, carried: Carried | None = None) -> str:
        report = build.report([replace(finding, carried=carried)], rules=rules)
        return words(tree(replace(report, since=since)).xpath("//*[@class='figures']/li")[0])

    nothing = SincePrevious(build.STARTED)
    assert figure(nothing).endswith("as before")
    first = replace(nothing, first_judged=(finding.fingerprint,))
    assert figure(first).endswith("1 judged for the first time")
    assert figure(nothing, carried=Carried(build.STARTED)).endswith("1 not judged now")


def test_since_the_previous_report_is_said_only_where_there_was_one() -> None:
    one, two = build.finding("SL101", build.project(1)), build.finding("SL101", build.project(2))
    gone = build.finding("SL101", build.project(3))
    rules = tuple(replace(r, tags=("open",) if r.code == "SL101" else ()) for r in build.RULES)
    since = SincePrevious(build.STARTED, (one.fingerprint,), (), (FixedFinding(gone, "read"),))
    report = build.report([one, two], rules=rules)
    page = tree(replace(report, since=since))
    assert words(page.xpath("//*[@class='since']")[0]) == (
        "Since 2026-08-01 06:00:00 UTC: 1 new, 1 fixed, 0 carried over."
    )
    assert words(page.xpath("//*[@class='figures']/li")[0]).endswith("1 new, 1 fixed")
    assert data(replace(report, since=since))["columns"]["fresh"] in ([1, 0], [0, 1])
    assert not tree(report).xpath("//*[@class='since']")


def test_the_changes_name_what_they_close_and_the_commands_that_plan_them() -> None:
    change = Change("remove-entry", unsafe=True)
    rules = tuple(replace(r, change=change if r.code == "SL304" else None) for r in build.RULES)
    entry = build.group_entry(9, "a b")
    found = [build.finding("SL304", build.project(n), entry=entry) for n in (1, 2)]
    (item,) = tree(build.report(found, rules=rules)).xpath("//ol[@class='changes']/li")
    (link,) = item.xpath("./a")
    assert link.text_content() == "Remove group a b from 2 projects' allowlists"
    assert link.get("href") == "#rule=SL304&verdict=fail&state=new&entry=group%3A9"
    assert "closes 2 findings, all high" in words(item)
    assert "--select SL304 --unsafe --entry 'a b'" in words(item)


def test_the_controls_table_has_a_row_a_requirement_and_one_a_reason() -> None:
    report = build.everything()
    rules = tuple(
        replace(rule, subject="entry", references={"X 1": ("7.1 Text",)}) for rule in report.rules
    )
    page = tree(replace(report, rules=rules))
    rows = page.xpath("//table[contains(@class, 'controls')]/tbody/tr")
    judged = [rule for rule in report.rules if rule.not_judged is None]
    assert len(rows) == len(judged) + 1
    requirements = {words(row.xpath("th")[0]).rpartition(" ")[0] for row in rows[:-1]}
    assert requirements == {rule.requirement for rule in judged}
    assert rows[0].xpath(".//span[@class='tag']/@title")[0] == "X 1: 7.1 Text"
    assert words(rows[0].xpath("td[@data-label='Tested']")[0]).endswith(" entries")
    assert page.xpath("//*[@id='standards']/button/@data-standard") == ["owasp-ci-cd-top-10", "x-1"]


def test_a_requirement_without_anything_to_test_has_no_tick() -> None:
    page = tree(build.report([]))
    marks = page.xpath("//table[contains(@class, 'controls')]/tbody/tr/th/span[1]/@class")
    assert {mark.split()[1] for mark in marks} == {"sev-out"}


def test_the_register_names_reason_owner_and_end_of_what_was_accepted() -> None:
    waiver = Waiver("contract 42", "2026-12-31", "@web")
    found = [
        build.finding(
            "SL304", build.project(n), entry=build.group_entry(), state=State.WAIVED, waiver=waiver
        )
        for n in range(1, 6)
    ]
    found.append(build.finding("SL302", build.project(1), state=State.BASELINED))
    page = tree(build.report(found))
    rows = [words(row) for row in page.xpath("//*[@id='exceptions']//tbody/tr")]
    assert rows[0].startswith("5 \u00d7 A group from outside is allowed SL304")
    assert rows[0].endswith("and 2 morewaivercontract 42@web2026-12-31")
    assert rows[1].endswith("baselineknown beforenone namedwhen it is fixed")
    assert "Nothing was accepted" in words(tree(build.clean()).get_element_by_id("exceptions"))


def test_the_running_header_cannot_end_its_string() -> None:
    hostile = 'x"; } * { display: none } </style><script>'
    html = render(build.report([], targets=(hostile,)))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    header = style[style.index("@top-left {") : style.index("@top-right")].strip()
    assert re.fullmatch(r'@top-left \{ content: "[^"<>*{}]*"; \}', header)
    assert 'counter(page) " of " counter(pages)' in style


def test_a_clean_scan_says_so() -> None:
    page = tree(build.clean())
    said = words(page.get_element_by_id("findings"))
    assert said.endswith("in what was judged: 12 projects judged; 10 rules judged, 1 could not.")
    method = words(page.get_element_by_id("method"))
    assert "Nothing: no filter, no rule off" in method
    assert "no file; profile default" in method


def test_without_scripts_the_first_200_findings_and_all_rules_are_there() -> None:
    report = build.large(230)
    page = tree(report)
    assert len(page.xpath("//*[@id='rows']/tr")) == 200
    assert "The first 200 of 230 findings" in words(page.get_element_by_id("static-note"))
    codes = page.xpath("//details[@class='rule']/@id")
    assert codes == [f"rule-{rule.code}" for rule in report.rules]


def test_waived_findings_are_in_the_page_only_when_asked() -> None:
    waived = build.finding("SL101", build.project(1), state=State.WAIVED)
    report = build.report([waived, build.finding("SL302", build.project(1))])
    assert len(data(report)["columns"]["rule"]) == 1
    assert len(data(report, show_waived=True)["columns"]["rule"]) == 2
    assert "1 waived, not listed" in words(tree(report).body)


def test_every_finding_is_in_the_data_with_a_fingerprint_that_can_be_had() -> None:
    report = build.everything()
    block = data(report, show_waived=True)
    columns, found = block["columns"], list(report.findings)
    assert {len(column) for column in columns.values()} == {len(found)}
    for i, finding in enumerate(found):
        entry = block["entries"][columns["entry"][i]] if columns["entry"][i] >= 0 else None
        own = f"{entry[0]}:{entry[1]}" if entry else ""
        key = own if columns["key"][i] < 0 else block["strings"][columns["key"][i]]
        number = block["projects"][columns["project"][i]][0] if finding.project else None
        code = block["rules"][columns["rule"][i]][0]
        computed = fingerprint(code, block["instance"], number, key)
        assert (columns["print"][i] or computed) == finding.fingerprint


def test_paths_stand_once_however_many_texts_name_them() -> None:
    """Messages, remedies and evidence of findings that differ in their paths alone are shared."""
    found = [
        build.finding(
            "SL302",
            build.project(number, f"acme/p{number}"),
            entry=build.group_entry(number, f"lib{number}"),
            message=f"acme/p{number} lets in lib{number}",
            evidence={"group": f"lib{number}", "projects": 60},
            remediation=f"Remove lib{number} from acme/p{number}.",
        )
        for number in range(1, 40)
    ]
    block = data(build.report(found))
    for name in ("text", "fix", "evidence"):
        assert len(set(block["columns"][name])) == 1, name
    text = json.dumps(block)
    assert text.count('acme/p7"') == text.count('"lib7"') == 1


def test_a_fingerprint_of_unknown_making_is_carried_whole() -> None:
    odd = build.finding("SL101", build.project(1))
    odd = type(odd)(
        **{name: getattr(odd, name) for name in odd.__slots__} | {"fingerprint": "ab" * 32}
    )
    assert data(build.report([odd]))["columns"]["print"] == ["ab" * 32]


def test_past_the_limit_the_data_is_gzip_without_a_time_and_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = build.everything()
    plain = data(report)
    monkeypatch.setattr(html_data, "GZIP_FROM", 1)
    packed = base64.b64decode(data(report)["gzip"])
    assert packed[4:8] == b"\0\0\0\0"
    assert json.loads(gzip.decompress(packed)) == plain


def test_past_the_most_findings_the_page_says_what_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html_data, "MOST_FINDINGS", 7)
    monkeypatch.setattr("scopelint_reports.html.MOST_FINDINGS", 7)
    page = tree(build.large(10))
    assert "the first 7 of 10 findings" in words(page.body)
    assert len(json.loads(page.get_element_by_id("data").text)["columns"]["rule"]) == 7


def test_the_page_is_well_formed_for_assistive_technology() -> None:
    page = tree(build.everything())
    assert page.get("lang") == "en"
    assert len(page.xpath("//main")) == len(page.xpath("//h1")) == 1
    for table in page.xpath("//table[not(ancestor::template)]"):
        assert table.xpath("caption")
        assert not table.xpath(".//thead//th[not(@scope)]")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert page.xpath("//*[@id='count' and @aria-live='polite']")
    assert not page.xpath("//*[@aria-labelledby and not(@aria-labelledby = //@id)]")


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render(build.everything()) == render(build.everything())
