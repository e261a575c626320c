"""The pictures in the HTML report: their data, the static table, and the matrix."""

import json
from dataclasses import replace
from typing import Any

import lxml.html

from scopelint.report import Report
from scopelint.run_choices import Choices
from scopelint.testing import rendered
from scopelint.testing import report as judged
from scopelint_reports.html import HtmlReporter
from scopelint_reports.html_outside import FIRST_ORIGINS
from scopelint_reports.html_overview import FIRST_CELLS, STATIC_GROUPS, matrix_context
from scopelint_reports.html_view import path_parts
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from tests.reports import build, overviews

INVENTORY: dict[str, Any] = {
    "projects": {
        "acme/web/shop": {"inbound_own": False, "inbound_effective": False},
        "acme/web/till": {"entries": [{"group": "acme/ops"}]},
        "acme/ops/deploy": {},
        "acme/ops/hidden": {"unreadable": "forbidden"},
    },
}


def tree(report: Report) -> Any:
    return lxml.html.document_fromstring(rendered(HtmlReporter(), report).decode("utf-8"))


def texts(cells: Any) -> list[str]:
    return [" ".join(cell.text_content().split()) for cell in cells]


def test_without_an_overview_there_is_no_picture() -> None:
    page = tree(build.everything())
    assert not page.xpath("//*[@id='tree' or @id='tree-title' or @id='reach-title']")
    assert json.loads(page.get_element_by_id("data").text)["groups"] == []


def test_a_tree_without_certain_reach_has_no_matrix() -> None:
    bare = {**overviews.small(), "reach": {"groups": ["acme"], "pairs": []}}
    page = tree(replace(build.everything(), overview=bare))
    assert page.xpath("//*[@id='tree']")
    assert not page.xpath("//*[@id='reach-title']")


def test_a_run_is_drawn_from_its_own_overview() -> None:
    page = tree(judged(INVENTORY, [InboundLimitDisabled]))
    rows = [texts(row) for row in page.xpath("//*[@id='tree-static']//tbody/tr")]
    assert rows == [
        ["acme", "4", "1 of 3", "1", "0", "1 high"],
        ["acme/ops", "2", "0 of 1", "1", "0", "none"],
        ["acme/web", "2", "1 of 2", "0", "0", "1 high"],
    ]
    data = json.loads(page.get_element_by_id("data").text)["groups"]
    assert data == [
        ["acme", 4, 1, 0, 1, 0, 1, 0, 0, 0, 0],
        ["acme/ops", 2, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ["acme/web", 2, 0, 0, 1, 0, 1, 0, 0, 0, 0],
    ]
    (matrix,) = page.xpath("//table[@class='matrix']")
    assert texts(matrix.xpath(".//thead//th[@scope='col']")) == [
        "Tokens of ↓ reach →",
        "ops 1 not read",
        "web",
    ]
    assert [texts(row) for row in matrix.xpath("./tbody/tr")] == [
        ["acme/ops", "", "4"],
        ["acme/web", "", "1"],
    ]
    assert matrix.xpath("./tbody/tr/th/@scope") == ["row", "row"]


def test_the_static_table_holds_the_highest_groups_in_the_order_of_the_tree() -> None:
    page = tree(replace(build.clean(), overview=overviews.big()))
    paths = texts(page.xpath("//*[@id='tree-static']//tbody/tr/th"))
    assert len(paths) == STATIC_GROUPS
    assert {f"acme/team-{team}" for team in range(10)} < set(paths)
    assert paths == sorted(paths)


def test_a_name_with_markup_stays_text_and_no_empty_group_is_shown() -> None:
    page = tree(replace(build.everything(), overview=overviews.small()))
    paths = texts(page.xpath("//*[@id='tree-static']//tbody/tr/th"))
    assert f"acme/hurt/{build.HTML}" in paths
    assert "acme/none" not in paths
    assert len(page.xpath("//script")) == 2


def test_a_large_matrix_shows_the_busiest_groups_and_keeps_the_others_at_hand() -> None:
    matrix = matrix_context(overviews.big())
    assert matrix is not None
    assert [len(matrix[name]["rows"]) for name in ("first", "whole")] == [FIRST_CELLS, 40]
    first = [head["path"] for head in matrix["first"]["heads"]]
    assert first == [head["path"] for head in matrix["whole"]["heads"]][-FIRST_CELLS:]
    marks = [cell["mark"] for row in matrix["first"]["rows"] for cell in row["cells"]]
    assert {mark.split()[0] for mark in marks} <= {f"heat-{heat}" for heat in range(1, 5)}
    assert sum("own" in mark for mark in marks) == FIRST_CELLS


def test_the_paths_of_the_columns_lose_only_what_they_share() -> None:
    reach = {"groups": ["acme/a", "acme/ab/c"], "pairs": [[0, 1, 1]]}
    matrix = matrix_context({"groups": [], "reach": reach})
    assert matrix is not None
    assert [head["label"] for head in matrix["first"]["heads"]] == ["a", "ab/c"]
    cells = matrix["first"]["rows"][0]["cells"]
    assert [(cell["count"], cell["mark"]) for cell in cells] == [(0, "own"), (1, "heat-4")]
    assert cells[1]["href"] == "#from=acme%2Fa&group=acme%2Fab%2Fc"
    assert cells[1]["label"] == "1, from acme/a into acme/ab/c"


def test_groups_that_are_not_in_the_scan_have_no_pass_and_no_zero() -> None:
    """Case A8: a left-out group got a green tick in the tree and empty cells in the matrix."""
    page = tree(
        judged(
            {
                "projects": {
                    "acme/a/x": {"entries": [{"group": "acme/b"}]},
                    "acme/b/y": {"unreadable": "forbidden"},
                    "acme/c/seen": {},
                },
                "excluded": ["acme/c/out", "acme/d/out"],
            },
            [InboundLimitDisabled],
        )
    )
    rows = [texts(row) for row in page.xpath("//*[@id='tree-static']//tbody/tr")]
    assert rows == [
        ["acme", "5", "0 of 2", "1", "2", "none"],
        ["acme/a", "1", "0 of 1", "0", "0", "none"],
        ["acme/b", "1", "not read", "1", "0", "none"],
        ["acme/c", "2", "0 of 1", "0", "1", "none"],
        ["acme/d", "1", "not in this scan", "0", "1", "none"],
    ]
    heads = texts(page.xpath("//table[@class='matrix']/thead//th[position() > 1]"))
    assert heads == ["a", "b 1 not read", "c 1 of 2 projects left out", "d 1 of 1 project left out"]
    for row in page.xpath("//table[@class='matrix']/tbody/tr"):
        cells = row.xpath("td")
        assert ["unseen" in (cell.get("class") or "") for cell in cells] == [
            False, True, False, True,
        ]  # fmt: skip
        assert [cells[at].text_content() for at in (1, 3)] == ["\u2013", "\u2013"]


OUTSIDE: dict[str, Any] = {
    "projects": {
        "acme/web/shop": {"entries": [{"group": "partner", "added_by": "mia"}]},
        "acme/ops/deploy": {"entries": [{"group": "partner"}, {"project": f"far/{build.HTML}"}]},
    },
}


def test_outsiders_are_listed_first_and_lead_to_their_findings() -> None:
    page = tree(
        replace(judged(OUTSIDE, [InboundLimitDisabled]), choices=Choices(trusted=("far/**",)))
    )
    rows = page.xpath("//table[contains(@class, 'outside')]/tbody/tr")
    assert texts(rows[0].xpath("th|td"))[:3] == ["partner", "group", "2 projects"]
    assert texts(rows[1].xpath("th"))[0] == f"far/{build.HTML} trusted"
    assert rows[0].xpath("th/a/@href") == ["#from=partner"]
    assert texts(rows[0].xpath("td[@data-label='Added by']")) == ["mia"]
    assert page.xpath("//section[@id='outside']/preceding::section[@id='controls']")


def test_the_list_of_outsiders_is_folded_after_the_first_and_says_what_is_not_listed() -> None:
    origin: dict[str, Any] = dict.fromkeys(("id", "since", "last_used")) | {
        "kind": "group",
        "personal": False,
    }
    origins: list[dict[str, Any]] = [
        {**origin, "path": f"out-{n}", "projects": 9, "into": [], "added_by": [], "logged": 0}
        for n in range(30)
    ]
    overview = {**overviews.small(), "outside": {"total": 45, "origins": origins}}
    page = tree(replace(build.clean(), overview=overview))
    tables = page.xpath("//table[contains(@class, 'outside')]")
    assert [len(table.xpath("tbody/tr")) for table in tables] == [FIRST_ORIGINS, 20]
    assert tables[1].xpath("ancestor::template")
    assert "15 others, each into as few" in page.get_element_by_id("outside").text_content()


def test_the_matrix_begins_with_the_outsiders() -> None:
    matrix = matrix_context(judged(OUTSIDE, [InboundLimitDisabled]).overview)
    assert matrix is not None
    rows = matrix["first"]["rows"]
    assert [row["outside"] for row in rows] == [True, True, False, False]
    assert rows[0]["path"] == "partner"
    assert [cell["count"] for cell in rows[0]["cells"]] == [1, 1]
    assert matrix["strongest"][0]["origin"] == "partner"


def test_a_path_is_cut_in_the_middle_and_its_parts_are_the_whole() -> None:
    for path in ("a/b", "acme/" + "x" * 300, "/".join(["deep"] * 60) + "/name", "x" * 90):
        parts = path_parts(path, 44)
        assert "".join(parts) == path
        assert len(parts.above) + len(parts.name) <= 44
        assert bool(parts.cut) == (len(path) > 44)
    assert path_parts("/".join(["deep"] * 60) + "/name", 44).name == "name"
