"""`trend`: what became of a tree over several reports, and what is not comparable."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.cli.kit import call


def _report(place: Path, day: int, *more: str, **projects: dict[str, Any]) -> Path:
    tree = {f"acme/{name.replace('_', '/')}": each for name, each in projects.items()}
    snapshot = place / f"day-{day}-{len(list(place.iterdir()))}"
    time = f"2026-08-{day:02}T06:00:00Z"
    write({"started_at": time, "finished_at": time, "projects": tree}, snapshot)
    path = place / "reports" / f"{day:02}.json"
    path.parent.mkdir(exist_ok=True)
    call("check", snapshot, "--exit-zero", "-f", "json", "-o", path, *more)
    return path


OPEN: dict[str, Any] = {"inbound_own": False, "inbound_effective": False}


def _rows(*given: object) -> list[dict[str, str]]:
    told = call("trend", *given, "-f", "csv").expect(0)
    return list(csv.DictReader(io.StringIO(told.out)))


def test_a_tree_is_counted_from_the_oldest_report_to_the_newest(place: Path) -> None:
    second = _report(place, 2, web_shop={}, web_till={}, lib_core=OPEN)
    first = _report(place, 1, web_shop=OPEN, web_till=OPEN, lib_core=OPEN)
    whole = [row for row in _rows(second, first) if not row["group"]]
    assert [row["finished_at"][:10] for row in whole] == ["2026-08-01", "2026-08-02"]
    assert [(row["open"], row["high"], row["projects"]) for row in whole] == [
        ("3", "3", "3"),
        ("1", "1", "3"),
    ]
    assert not any(row["notes"] for row in whole)
    told = call("trend", place / "reports").expect(0)
    assert told.out.splitlines()[-1] == "Open: 3 projects then, 1 project now."


def test_a_group_has_its_own_counts(place: Path) -> None:
    _report(place, 1, web_shop=OPEN, lib_core=OPEN)
    _report(place, 2, web_shop={}, lib_core=OPEN)
    rows = [row for row in _rows(place / "reports") if row["group"] == "acme/web"]
    assert [(row["open"], row["projects"]) for row in rows] == [("1", "1"), ("0", "1")]
    told = call("trend", place / "reports", "--group", "ACME/web").expect(0)
    assert "\nacme/web\n" in told.out
    call("trend", place / "reports", "--group", "acme/x").expect(2, "no report has the group")


def test_what_was_not_looked_at_is_no_progress(place: Path) -> None:
    _report(place, 1, web_shop=OPEN, lib_core=OPEN)
    _report(place, 2, web_shop={"unreadable": "forbidden"}, lib_core=OPEN)
    _report(place, 3, "--select", "SL3", web_shop=OPEN, lib_core=OPEN)
    _report(place, 4, "--exclude", "acme/web/**", web_shop=OPEN, lib_core=OPEN)
    whole = [row for row in _rows(place / "reports") if not row["group"]]
    assert [row["open"] for row in whole] == ["2", "1", "", "1"]
    notes = [row["notes"] for row in whole]
    assert notes == ["", "1 not read", "other rules", "1 left out; other rules"]
    told = call("trend", place / "reports").expect(0)
    assert "not all counts are comparable" in told.out.splitlines()[-1]


def test_reports_of_another_tree_are_refused(place: Path) -> None:
    one = _report(place, 1, web_shop={})
    data = json.loads(one.read_text("utf-8"))
    data["scan"]["targets"] = ["other"]
    other = place / "other.json"
    other.write_text(json.dumps(data), "utf-8")
    call("trend", one, other).expect(2, "different targets")
    empty = place / "empty"
    empty.mkdir()
    call("trend", empty).expect(2, "has no report")


def test_the_table_is_written_to_a_file_and_never_over_a_report(place: Path) -> None:
    one = _report(place, 1, web_shop={})
    call("trend", one, "-f", "csv", "-o", "trend.csv").expect(0)
    assert (place / "trend.csv").read_text("utf-8").startswith("finished_at,group,projects")
    call("trend", one, "-o", one).expect(2)


@pytest.mark.parametrize("text", ["{}", "[]", "no json"])
def test_a_file_that_is_no_report_is_refused(place: Path, text: str) -> None:
    path = place / "x.json"
    path.write_text(text, "utf-8")
    call("trend", path).expect(2)


def test_a_filtered_run_that_was_incomplete_too_says_both(place: Path) -> None:
    _report(place, 1, web_shop=OPEN, lib_core=OPEN)
    path = _report(place, 2, "--exclude", "acme/web/**", web_shop=OPEN, lib_core={})
    data = json.loads(path.read_text("utf-8"))
    data["scan"]["complete"] = False
    data["scan"]["gaps"] = [
        {"fact": "enumeration", "project": None, "reason": "error", "detail": "failed"}
    ]
    data["gate"] |= {"result": "incomplete"}
    path.write_text(json.dumps(data), "utf-8")
    rows = _rows(place / "reports")
    assert [row["notes"] for row in rows if not row["group"]] == ["", "1 left out; incomplete"]
    assert [row["notes"] for row in rows if row["group"] == "acme/lib"] == ["", "incomplete"]
    [web] = [row for row in rows if row["group"] == "acme/web" and row["left_out"] != "0"]
    assert web["notes"] == "1 left out; incomplete"


def test_a_run_with_unread_projects_and_a_part_of_the_list_missing_says_both(place: Path) -> None:
    _report(place, 1, web_shop=OPEN)
    path = _report(place, 2, web_shop={"unreadable": "forbidden"})
    data = json.loads(path.read_text("utf-8"))
    data["scan"]["gaps"].append(
        {"fact": "enumeration", "project": None, "reason": "error", "detail": "failed"}
    )
    path.write_text(json.dumps(data), "utf-8")
    [_, last] = [row["notes"] for row in _rows(place / "reports") if not row["group"]]
    assert last == "1 not read; incomplete"


def _page(place: Path, *previous: Path) -> str:
    given = [word for path in previous for word in ("--previous", path)]
    return call("check", _newest(place), "--exit-zero", "-f", "html", *given).expect(0).out


def _newest(place: Path) -> Path:
    return max(place.glob("day-*"), key=lambda path: path.name)


def test_the_page_shows_the_trend_where_earlier_reports_are_given(place: Path) -> None:
    """In whatever order they are given; the newest of them is the one that is carried over from."""
    first = _report(place, 1, web_shop=OPEN, lib_core=OPEN)
    second = _report(place, 2, web_shop={"unreadable": "forbidden"}, lib_core=OPEN)
    _report(place, 3, web_shop={}, lib_core=OPEN)
    page = _page(place, second, first)
    assert page == _page(place, first, second)
    section = page.partition('<section id="trend"')[2].partition("</section>")[0]
    whole, *groups = section.split("<details>")
    assert re.findall(r'class="day">([^<]*)<', whole) == ["2026-08-01", "2026-08-02", "2026-08-03"]
    cells = [re.findall(r'class="num">([^<]*)<', row) for row in whole.split("<tr>")[2:]]
    assert [row[:2] for row in cells] == [["2", "2"], ["2", "1"], ["2", "1"]]
    assert "<td>1 not read</td>" in whole
    names = [re.findall(r"<bdi>([^<]*)</bdi>", group)[0] for group in groups]
    assert names == ["acme", "acme/lib", "acme/web"]
    assert "Open projects: 2 then, 1 now." in whole


def test_one_earlier_report_makes_no_trend_and_one_of_another_tree_is_refused(place: Path) -> None:
    first = _report(place, 1, web_shop=OPEN)
    second = _report(place, 2, web_shop=OPEN)
    assert '<section id="trend"' not in _page(place, first)
    data = json.loads(first.read_text("utf-8"))
    data["scan"]["targets"] = ["other"]
    other = place / "other.json"
    other.write_text(json.dumps(data), "utf-8")
    told = call("check", _newest(place), "--previous", second, "--previous", other)
    told.expect(2, "different targets", "other.json")
