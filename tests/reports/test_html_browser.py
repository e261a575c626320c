"""The HTML report in a real browser, where there is one: it starts, filters, and stays inert."""

import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from scopelint.finding import State
from scopelint.report import RenderOptions, Report
from scopelint.testing import report as judged
from scopelint_reports import html_data
from scopelint_reports.csv_report import CsvReporter
from scopelint_reports.html import HtmlReporter
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from tests.reports import build, tools

pytestmark = pytest.mark.browser

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    *("--disable-extensions", "--disable-dev-shm-usage", "--virtual-time-budget=5000"),
    "--dump-dom",
)

Open = Callable[..., Any]


@pytest.fixture
def browse(tmp_path: Path) -> Open:
    """Return a function that opens a report (or HTML text) and returns the page it became."""
    browser = tools.browser()

    def open_page(page: Report | str, fragment: str = "", **options: Any) -> Any:
        file = tmp_path / "report.html"
        file.write_text(page if isinstance(page, str) else text_of(page, **options), "utf-8")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        done = subprocess.run(
            [browser, *FLAGS, profile, file.as_uri() + fragment],
            capture_output=True,
            timeout=60,
            check=True,
        )
        return lxml.html.document_fromstring(done.stdout.decode("utf-8"))

    return open_page


def text_of(report: Report, **options: Any) -> str:
    out = io.BytesIO()
    HtmlReporter(RenderOptions(**options)).render(report, out)
    return out.getvalue().decode("utf-8")


def count(page: Any) -> str:
    return str(page.get_element_by_id("count").text_content())


def ready(page: Any) -> bool:
    assert page.get("data-errors") is None
    assert page.get("data-violations") is None
    return bool(page.get("data-ready") == "yes")


def test_it_starts_without_an_error_and_names_stay_text(browse: Open) -> None:
    report = build.everything()
    page = browse(report, show_waived=True)
    assert ready(page)
    assert count(page) == f"{len(report.findings)} findings"
    assert page.find(".//ul[@id='groups']//button") is not None
    assert not page.xpath("//img | //iframe | //tbody//b | //@onerror | //@style")
    assert len(page.xpath("//script")) == 1
    assert build.HTML in page.get_element_by_id("groups").text_content()
    for address in page.xpath("//a/@href"):
        assert address.startswith(("#", "https://", "http://"))


def test_a_compressed_page_shows_the_same(browse: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = browse(build.everything())
    monkeypatch.setattr(html_data, "GZIP_FROM", 1)
    packed = browse(build.everything())
    assert ready(packed)
    shown = [page.get_element_by_id("groups").text_content() for page in (plain, packed)]
    assert shown[0] == shown[1]


def test_many_findings_come_in_pages_of_few_nodes(browse: Open) -> None:
    page = browse(build.large(3_000))
    assert ready(page)
    assert len(page.xpath("//ul[@id='groups']/li")) == 20
    assert page.get_element_by_id("page").text_content() == "Page 1 of 30"
    assert int(page.get("data-nodes")) < 3_000


@pytest.mark.parametrize(
    ("fragment", "wanted"),
    [
        ("#rule=SL302", 2),
        ("#severity=critical,low", 3),
        ("#state=baselined", 1),
        ("#q=beta%2Fsdk", 1),
        ("#by=rule&group=acme%2Fteam-2", 4),
        ("#by=entry&entry=project:77", 1),
        ("#from=beta", 1),
        ("#group=acme%2Fteam-2&severity=medium", 3),
        ("#rule=SL999", 0),
    ],
)
def test_the_address_preselects_filters(browse: Open, fragment: str, wanted: int) -> None:
    report = build.everything()
    page = browse(report, fragment)
    assert ready(page)
    assert count(page) == f"{wanted} of {sum(1 for _ in report.shown())} findings"
    assert len(page.xpath("//ul[@id='groups']//button[@data-row]")) == wanted
    assert page.get_element_by_id("filter-words").text_content().startswith("Only ")


def test_the_address_of_a_finding_opens_it(browse: Open) -> None:
    report = build.large(250)
    finding = list(report.findings)[222]
    page = browse(report, "#f-" + finding.fingerprint[:16])
    assert ready(page)
    (panel,) = page.xpath("//section[contains(@class, 'detail')]")
    text = panel.text_content()
    assert finding.fingerprint in text
    assert finding.remediation in text
    assert panel.xpath(".//a[@rel='noopener noreferrer']/@href")[-1] == (
        f"{finding.project.web_url}/-/settings/ci_cd#js-token-access" if finding.project else ""
    )
    (row,) = page.xpath("//button[@data-row and @aria-expanded='true']")
    assert row.xpath("ancestor::li[contains(@class, 'is-open')]")


def test_paths_that_stand_for_themselves_in_the_data_are_shown(browse: Open) -> None:
    """In remedies and evidence the page puts back what the data holds once."""
    evidence = {
        "group": "acme/lib",
        "both": "acme/lib lets in acme/lib/core",
        "deep": {"acme/lib": {"at": "acme/lib/core", "more": None}},
        "quoted": '{"x":"acme/lib"}',
    }
    found = build.finding(
        "SL302",
        build.project(1, "acme/lib/core"),
        entry=build.group_entry(path="acme/lib"),
        evidence=evidence,
        remediation="Take acme/lib out of acme/lib/core.",
    )
    page = browse(build.report([found]), "#f-" + found.fingerprint[:16])
    assert ready(page)
    (panel,) = page.xpath("//section[contains(@class, 'detail')]")
    text = panel.text_content()
    assert "Take acme/lib out of acme/lib/core." in text
    assert "acme/lib lets in acme/lib/core" in text
    assert '{"x":"acme/lib"}' in text
    assert json.dumps(evidence["deep"], indent=1) in text
    assert not re.search("[\x00-\x08]", text)


def test_the_address_of_a_rule_opens_its_page(browse: Open) -> None:
    page = browse(build.everything(), "#rule-SL101")
    assert ready(page)
    rule = page.get_element_by_id("rule-SL101")
    assert rule.get("open") is not None
    assert [head.text for head in rule.xpath(".//h4")][:2] == ["What it flags", "Why it matters"]
    assert "a <token> reaches further" in rule.text_content()


def test_a_script_that_got_in_would_not_run(browse: Open) -> None:
    html = text_of(build.clean())
    evil = "<script>document.documentElement.dataset.hurt = 'yes'</script>"
    page = browse(html.replace("<main>", evil + "<main>"))
    assert page.get("data-ready") == "yes"
    assert page.get("data-hurt") is None


def test_the_script_makes_no_markup_from_text() -> None:
    html = text_of(build.clean())
    script = html[html.rindex("<script>") :]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(", script
    )


CATCH_CSV = """<script>
URL.createObjectURL = (blob) => {
  blob.arrayBuffer().then((buffer) => {
    const pre = document.createElement("pre");
    pre.id = "made";
    pre.textContent = JSON.stringify([...new Uint8Array(buffer)]);
    document.body.append(pre);
  });
  return "#";
};
const wait = setInterval(() => {
  if (document.documentElement.dataset.ready !== "yes") return;
  clearInterval(wait);
  document.getElementById("csv").click();
}, 20);
</script></head>"""


def test_the_button_gives_the_file_that_the_command_writes(browse: Open) -> None:
    names = (build.QUOTES, "=1+1", "a,b;c", "na\u00efve \u65e5\u672c\u8a9e")
    findings = []
    for number, name in enumerate(names, start=1):
        on = build.project(number)
        entry = build.group_entry(50 + number, name)
        state = State.WAIVED if number == 3 else State.NEW
        findings += [
            build.finding("SL304", on, entry=entry, message=name, remediation=name, state=state),
            build.finding("SL901", on, message=f"{name} is dark"),
        ]
    findings.append(build.finding("SL103"))
    report = build.report(findings)
    text = text_of(report, show_waived=True)
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    page = browse(policy.sub("", text).replace("</head>", CATCH_CSV, 1))
    made = bytes(json.loads(page.get_element_by_id("made").text_content()))
    out = io.BytesIO()
    CsvReporter(RenderOptions(show_waived=True)).render(report, out)
    assert made.decode() == out.getvalue().decode()
    assert made.startswith(b"\xef\xbb\xbf")


def test_a_group_that_is_not_in_the_scan_gets_no_tick(browse: Open) -> None:
    """Case A8: the tree knows what filters left out; only what was judged whole has a tick."""
    inventory = {
        "projects": {"acme/a/x": {}, "acme/b/y": {"unreadable": "forbidden"}, "acme/c/z": {}},
        "excluded": ["acme/c/out", "acme/d/out"],
    }
    page = browse(judged(inventory, [InboundLimitDisabled]))
    assert ready(page)
    areas = {
        area.get("data-path"): (area.get("class"), area.text_content())
        for area in page.get_element_by_id("tree").iter()
        if area.get("data-path")
    }
    marks = {path: re.sub(r"\s+", " ", text) for path, (_, text) in areas.items()}
    assert [areas[f"acme/{name}"][0] for name in "abcd"] == [
        "area share-0", "area none-judged", "area share-0", "area none-judged",
    ]  # fmt: skip
    fills = {
        area.get("data-path"): area.xpath(".//*[starts-with(@fill, 'url(')]/@fill")
        for area in page.get_element_by_id("tree").iter()
        if area.get("data-path")
    }
    assert [fills[f"acme/{name}"] for name in "abcd"] == [
        [], ["url(#hatched)"], ["url(#dotted)"], ["url(#dotted)"],
    ]  # fmt: skip
    assert "1 project, 1 not in this scan; nothing judged" in marks["acme/d"]
    assert "2 projects, 1 not in this scan; no new finding in what was judged" in marks["acme/c"]
