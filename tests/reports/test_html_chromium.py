"""The HTML report used in Chromium with keyboard and mouse, and judged by axe-core and Nu."""

from dataclasses import replace
from pathlib import Path

import pytest

from scopelint.finding import (
    AccessShift,
    AfterChange,
    Outcome,
    SincePrevious,
    State,
    UnchangedProject,
)
from scopelint.registry import find_rules
from scopelint.report import Allowlist, RenderOptions
from scopelint.testing import report as judged
from scopelint_reports import html_data
from scopelint_reports.html import HtmlReporter
from tests.reports import build, overviews, tools
from tests.reports.browsing import COUNT, HASH, NODES, Visit, click, pictured, texts, timed
from tests.reports.kit import rendered

pytestmark = pytest.mark.browser


SINCE = SincePrevious(build.STARTED, (), (), ())
ALLOWLISTS = tuple(
    Allowlist(build.project(number), limit, (build.group_entry(9, "acme/team-1"),), whole=True)
    for number, limit in enumerate((True, True, False, None, True), start=1)
)
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 380])
def test_axe_finds_no_violation(visit: Visit, dark: bool, width: int) -> None:
    axe = {"axe": True}
    steps = (axe, click("button.open"), OPEN_ALL, axe, {"print": True, "axe": True})
    report = replace(pictured(), since=SINCE, allowlists=ALLOWLISTS)
    seen = visit(report, *steps, dark=dark, width=width)
    assert [seen[0], seen[3], seen[4]] == [[], [], []]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 380])
def test_a_change_is_shown_with_who_gains_access(visit: Visit, dark: bool, width: int) -> None:
    report = build.everything()
    fails = [each for each in report.findings if each.verdict is Outcome.FAIL]
    new = tuple(each.fingerprint for each in fails if each.state is State.NEW)
    shifts = (
        AccessShift("acme/open", lost=("everyone",)),
        AccessShift("acme/<b>shop", gained=("group acme", "project partner/sdk")),
    )
    left = (UnchangedProject("acme/old", "it is archived"),)
    after = AfterChange(
        *("policy.yml", "policy", new, (), 3, tuple(fails[:2]), shifts),
        access_known=False,
        left_alone=left,
    )
    rows = texts("#after table.access tbody tr")
    filtered = click("#after .keys a")
    wide = "document.documentElement.scrollWidth > window.innerWidth"
    steps = ({"axe": True}, rows, wide, filtered, HASH, {"print": True, "axe": True})
    seen = visit(replace(report, after=after), *steps, dark=dark, width=width)
    assert (seen[0], seen[-1]) == ([], [])
    assert "acme/<b>shop" in str(seen[1])
    assert "project partner/sdk" in str(seen[1])
    assert seen[2] is False
    assert "state=new" in str(seen[4])


@pytest.mark.parametrize("name", ["clean", "incomplete"])
def test_axe_finds_no_violation_where_little_is_found(visit: Visit, name: str) -> None:
    report = replace(getattr(build, name)(), overview=overviews.small())
    assert visit(report, {"axe": True}) == [[]]


def test_axe_sees_what_it_should(visit: Visit) -> None:
    unnamed = "document.querySelector('main').append(document.createElement('button'))"
    _, found = visit(build.everything(), unnamed, {"axe": True})
    assert [one.partition(":")[0] for one in found] == ["button-name"]


def test_the_nu_checker_finds_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = {"everything": pictured(), "clean": build.clean(), "gaps": build.incomplete()}
    reports["matrix"] = replace(build.large(300), overview=overviews.big(300))
    pages = []
    for name, report in reports.items():
        page = tmp_path / f"{name}.html"
        page.write_bytes(rendered(HtmlReporter(RenderOptions(show_waived=True)), report))
        pages.append(page)
    monkeypatch.setattr(html_data, "GZIP_FROM", 1)
    pages.append(tmp_path / "packed.html")
    pages[-1].write_bytes(rendered(HtmlReporter(), build.everything()))
    assert tools.vnu(*pages) == ""


def test_the_nu_checker_sees_what_it_should(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    html = rendered(HtmlReporter(), build.clean()).decode("utf-8")
    page.write_text(html.replace("<main>", "<main><p><div></div></p>"), "utf-8")
    assert "error" in tools.vnu(page)


def test_facets_search_and_sorting_work_together_and_the_address_keeps_them(visit: Visit) -> None:
    whole = len(build.everything().findings)
    seen = visit(
        build.everything(),
        COUNT,
        click("input[name=severity][value=medium]"),
        COUNT,
        click("input[name=rule][value=SL302]"),
        HASH,
        COUNT,
        click("#clear"),
        "document.getElementById('q').focus()",
        {"type": "beta/sdk"},
        {"wait": "location.hash.includes('beta')"},
        HASH,
        COUNT,
        click("#clear"),
        click("[data-by=rule]"),
        HASH,
        "(() => { const order = document.getElementById('order'); order.value = 'name';"
        " order.dispatchEvent(new Event('change')); })()",
        HASH,
        texts("#groups button.group .name"),
    )
    assert seen[0] == f"{whole} findings"
    assert seen[2].endswith(f" of {whole} findings")
    assert seen[4] == "#severity=medium&rule=SL302"
    assert seen[5] == f"2 of {whole} findings"
    assert seen[10:12] == ["#q=beta%2Fsdk", f"1 of {whole} findings"]
    assert seen[14] == "#by=rule"
    assert seen[16] == "#by=rule&order=name"
    assert seen[17] == sorted(seen[17])
    assert "A group from outside is allowed SL304" in seen[17]


def test_the_list_is_used_by_keyboard_alone(visit: Visit) -> None:
    opened = "document.querySelectorAll('.is-open').length"
    seen = visit(
        build.large(150),
        "document.querySelector('button.group').focus()",
        {"press": "ArrowDown"},
        {"press": "Enter"},
        opened,
        {"press": "Escape"},
        opened,
        {"press": "PageDown"},
        "document.getElementById('page').textContent",
    )
    assert (seen[3], seen[5], seen[7]) == (1, 0, "Page 2 of 2")


def test_the_address_of_a_finding_opens_it_in_view(visit: Visit) -> None:
    finding = list(build.large(250).findings)[222]
    shown = "document.querySelector('section.detail').textContent"
    place = "document.querySelector('.is-open').getBoundingClientRect().top"
    text, top, focused = visit(
        build.large(250),
        shown,
        place,
        "document.activeElement.getAttribute('aria-expanded')",
        fragment=f"#f-{finding.fingerprint[:16]}",
    )
    assert finding.fingerprint in text
    assert 0 <= top < 900
    assert focused == "true"


def test_an_area_of_the_picture_filters_by_its_group(visit: Visit) -> None:
    where = "document.getElementById('tree-where').textContent"
    seen = visit(
        pictured(),
        where,
        click("#tree a[data-path='acme/team-2']"),
        HASH,
        COUNT,
        "document.querySelector('#tree [aria-current]').dataset.path",
        click("#tree a[data-path='acme/hurt']"),
        where,  # what the mouse is over
        texts("#tree title"),
        "document.getElementById('tree-up').textContent",
        click("#tree-up"),
        HASH,
    )
    assert seen[0] == (
        "acme: 42 projects, 2 not read; 14 of 40 judged with findings: 1 critical, 4 high, 3 low"
    )
    assert seen[2] == "#group=acme%2Fteam-2"
    assert " of " in seen[3]
    assert seen[4] == "acme/team-2"
    assert {title.partition(";")[0] for title in seen[7]} == {
        f"acme/hurt/{build.HTML.partition(';')[0]}",
        "acme/hurt/quiet: 6 projects",
        "2 other projects",
    }
    assert (seen[8], seen[10]) == ("Up to all groups", "")


def test_the_picture_is_used_by_keyboard_alone(visit: Visit) -> None:
    stops = "document.querySelectorAll('#tree a[tabindex=\"0\"]').length"
    here = "document.activeElement.dataset.path"
    seen = visit(
        pictured(),
        stops,
        "document.querySelector('#tree a').focus()",
        {"press": "End"},
        here,
        {"press": "ArrowLeft"},
        here,
        {"press": "Enter"},
        HASH,
        "document.querySelector('#tree').contains(document.activeElement)",
    )
    assert seen[0] == 1
    assert seen[3] != seen[5]
    assert seen[7] == "#group=" + seen[5].replace("/", "%2F")
    assert seen[8] is True


def test_no_area_speaks_by_colour_alone_and_names_stay_text(visit: Visit) -> None:
    figures, titles, markup = visit(
        pictured(),
        texts("#tree .area text"),
        texts("#tree .area > title"),
        "document.querySelectorAll('#tree script, #tree b, main img').length",
    )
    assert any(" of " in figure for figure in figures)
    assert any(title.startswith(f"acme/hurt/{build.HTML}: 4 projects; ") for title in titles)
    assert len(titles) >= len(figures)
    assert markup == 0


def test_the_picture_works_where_nothing_was_found(visit: Visit) -> None:
    report = replace(build.clean(), overview=overviews.small())
    titles = texts("#tree .area > title")
    assert "acme/hurt: 12 projects; 3 high, 2 low" in visit(report, titles)[0]


def test_the_whole_matrix_is_there_when_it_is_opened(visit: Visit) -> None:
    report = replace(build.clean(), overview=overviews.big(300))
    rows = "[...document.querySelectorAll('table.matrix')].map((one) => one.tBodies[0].rows.length)"
    steps = (rows, click("details.later summary"), {"wait": f"{rows}.length === 2"}, rows)
    seen = visit(report, *steps, {"axe": True})
    assert (seen[0], seen[3], seen[4]) == ([10], [10, 40], [])


def test_without_scripts_tables_stand_in(visit: Visit) -> None:
    shown = "[...document.querySelectorAll('{}')].filter((one) => one.checkVisibility()).length"
    groups, matrix, rows, tools_shown = visit(
        pictured(),
        *(shown.format(one) for one in ("#tree-static tbody tr", ".matrix tbody tr", "#rows tr")),
        shown.format(".needs-script"),
        script=False,
    )
    assert (groups, matrix, rows) == (7, 4, len(build.everything().findings))
    assert tools_shown == 0


def test_it_can_be_printed_and_follows_the_dark_mode(visit: Visit, tmp_path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    facets = "document.getElementById('facets').checkVisibility()"
    cut = "document.documentElement.scrollWidth <= innerWidth"
    shots = [tmp_path / f"{name}.png" for name in ("light", "print", "dark")]
    light = visit(pictured(), {"shot": str(shots[0])}, ground, facets, cut)
    printed = {"print": True, "shot": str(shots[1])}
    paper = visit(pictured(), printed, ground, facets, cut, dark=True)
    dark = visit(pictured(), {"shot": str(shots[2])}, ground, facets, cut, dark=True)
    assert [light[1:], paper[1:], dark[1:]] == [
        ["rgb(255, 255, 255)", True, True],
        ["rgb(255, 255, 255)", False, True],
        ["rgb(21, 23, 26)", True, True],
    ]
    pictures = [shot.read_bytes() for shot in shots]
    assert len(set(pictures)) == len(pictures)
    assert all(len(picture) > 50_000 for picture in pictures)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "bytes_"), [(20_000, 1_500_000), (100_000, 3_000_000)])
def test_with_many_findings_the_page_stays_small(
    visit: Visit, tmp_path: Path, size: int, bytes_: int
) -> None:
    rules = judged({"projects": {}}, [found.cls for found in find_rules().values()]).rules
    report = replace(build.large(size), overview=overviews.big(), rules=rules)
    seen = visit(
        report,
        NODES,
        timed("input[name=severity][value=medium]"),
        COUNT,
        timed("#clear"),
        timed("#tree a[data-path='acme/team-3']"),
        timed("#clear"),
        timed("[data-by=rule]"),
        timed("[data-by=entry]"),
        NODES,
        width=1440,
    )
    nodes, later = seen[0], seen[8]
    written = (tmp_path / "report.html").stat().st_size
    times = " ".join(f"{seen[at]:.0f}" for at in (1, 3, 4, 5, 6, 7))
    print(f"{written:,} bytes, {nodes} then {later} nodes; filters and groups {times} ms")
    assert written <= bytes_
    assert max(nodes, later) < 3_000
    assert seen[2] == f"{size * 2 // 5:,} of {size:,} findings"
