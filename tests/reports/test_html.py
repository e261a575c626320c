"""The HTML report as a file: its policy, its data, what it shows without scripts."""

import base64
import gzip
import hashlib
import io
import json
import re
from typing import Any

import lxml.html
import pytest

from scopelint.finding import State, fingerprint
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
    assert not re.search(r"@import|url\(", html)
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
    assert words(page.xpath("//section[contains(@class, 'verdict')]")[0]) == (
        "Incomplete 2 of 12 projects could not be read"
        " 10 of 12 projects judged, 2 not read; 10 rules judged, 1 could not."
    )
    tiles = [words(tile) for tile in page.xpath("//*[contains(@class, 'tiles')]/li")]
    assert tiles == ["0 critical", "0 high", "0 medium", "0 low", "0 info", "3 unknown"]
    scanned = words(page.xpath("//section[@aria-labelledby='scanned']")[0])
    assert "10 of 12 projects judged (83.3 %)" in scanned
    assert "Left out0 Not read2" in scanned
    assert "2026-08-01 06:00:42 UTC" in scanned
    unread = words(page.xpath("//section[@aria-labelledby='unread']")[0])
    assert "2 projects not read (the scan is incomplete)" in unread
    assert "SL102: REST does not show the project's own flag" in unread


def test_a_clean_scan_says_so() -> None:
    page = tree(build.clean())
    said = words(page.get_element_by_id("findings"))
    assert said.endswith("in what was judged: 12 projects judged; 10 rules judged, 1 could not.")
    assert not page.xpath("//section[@aria-labelledby='left-out']")
    assert "no file; profile default" in words(page.xpath("//*[@aria-labelledby='scanned']")[0])


def test_without_scripts_the_first_200_findings_and_all_rules_are_there() -> None:
    report = build.large(230)
    page = tree(report)
    assert len(page.xpath("//*[@id='rows']/tr")) == 200
    assert "The first 200 of 230 findings" in words(page.get_element_by_id("static-note"))
    rows = page.xpath("//table[@class='rules']/tbody/tr")
    assert [row.xpath("string(th)") for row in rows] == [rule.code for rule in report.rules]


def test_waived_findings_are_in_the_page_only_when_asked() -> None:
    waived = build.finding("SL101", build.project(1), state=State.WAIVED)
    report = build.report([waived, build.finding("SL302", build.project(1))])
    assert len(data(report)["columns"]["rule"]) == 1
    assert len(data(report, show_waived=True)["columns"]["rule"]) == 2
    assert "1 waived and not listed" in words(tree(report).body)


def test_the_worst_projects_are_ranked_and_link_to_their_findings() -> None:
    calm, worse = build.project(1, "acme/calm"), build.project(2, "acme/a b&c")
    found = [build.finding("SL302", calm), build.finding("SL101", worse)]
    links = tree(build.report(found)).xpath("//ol[@class='worst']//a")
    assert [link.text_content() for link in links] == ["acme/a b&c", "acme/calm"]
    assert links[0].get("href") == "#project=acme%2Fa+b%26c"


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
