"""Waivers, the baseline and the gate on the command line, up to every format's own cell."""

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from scopelint_simulator import Simulator
from tests.cli.kit import Result, call

TODAY = ("--as-of", "2026-11-21")


@pytest.fixture
def both(gitlab: Simulator, token: str) -> Path:
    """Give a snapshot of 3 high (SL301 on the shop, SL101 twice) and one unreadable project."""
    del token
    path = Path("both.snapshot")
    call("collect", "acme", "both", "--url", gitlab.url, "-q", "-o", path).expect(3)
    return path


def config(*waivers: str, more: str = "") -> None:
    lines = "".join(f"  - {{{waiver}}}\n" for waiver in waivers)
    Path("scopelint.yml").write_text(f"waivers:\n{lines}{more}", encoding="utf-8")


def report(*args: object, code: int) -> Any:
    return json.loads(call("check", *args, "-f", "json").expect(code).raw)


def states(data: Any) -> dict[str, str]:
    return {
        f"{each['rule']} {(each['project'] or {'path': '-'})['path']}": each["state"]
        for each in data["findings"]
        if each["severity"] in ("high", "unknown")
    }


SHOP = (
    "rule: SL301, project: acme/web/shop, reason: contract 42, expires: 2026-12-31,"
    " accepts: {permissions: [all], projects: 3}"
)
SITE = "rule: SL101, project: acme/web/site, reason: legacy, expires: 2027-12-31"
OPEN = (
    "rule: SL101, project: both/*, reason: pilot, expires: 2027-12-31, owner: '@web', ticket: S-1"
)
BAD = "rule: SL901, project: both/bad, reason: closed, expires: 2027-12-31"


def test_a_waived_finding_does_not_gate_and_is_always_counted(both: Path) -> None:
    config(SHOP, SITE)
    data = report(both, *TODAY, code=1)
    assert states(data) == {
        "SL101 both/open": "new",
        "SL301 acme/web/shop": "waived",
        "SL101 acme/web/site": "waived",
        "SL901 both/bad": "new",
        "SL902 -": "new",
    }
    assert (data["summary"]["waived"], data["summary"]["high"]) == (2, 1)
    assert data["gate"]["reasons"] == ["1 high"]
    [shop] = [each for each in data["findings"] if each["rule"] == "SL301"]
    assert shop["waiver"] == {"reason": "contract 42", "expires": "2026-12-31", "owner": None}


def test_the_last_day_counts_and_then_the_waiver_bites(both: Path) -> None:
    config(SHOP, SITE, OPEN, BAD)
    result = call("check", both, "--as-of", "2026-12-31").expect(0)
    assert (
        "warning: the waiver of SL301 for acme/web/shop (scopelint.yml:2:5) ends on" in result.err
    )
    result = call("check", both, "--as-of", "2027-01-01").expect(
        1, "SL301 for acme/web/shop (scopelint.yml:2:5) expired on 2026-12-31"
    )
    assert "To look at\n  the waiver of SL301 for acme/web/shop" in result.out
    assert result.out.endswith(
        "FAIL  1 high (fails at medium or above); 1 of 5 projects could not be read\n"
    )
    page = call("check", both, "--as-of", "2027-01-01", "-f", "html").expect(1).out
    assert "expired on 2026-12-31" in page
    note = call("check", both, "--as-of", "2027-01-01", "-f", "markdown").expect(1).out
    assert "expired on 2026-12-31" in note
    # Far enough away that nobody is bothered.
    assert call("check", both, "-q", "--as-of", "2026-11-30").expect(0).err == ""


def test_today_is_today(both: Path) -> None:
    today = datetime.now(UTC).date()
    later = str(today + timedelta(days=400))
    others = [each.replace("2027-12-31", later) for each in (SITE, OPEN, BAD)]
    config(SHOP.replace("2026-12-31", str(today - timedelta(days=2))), *others)
    call("check", both).expect(1, "expired on")
    config(SHOP.replace("2026-12-31", str(today + timedelta(days=2))), *others)
    call("check", both).expect(0, "ends on")


def test_a_waiver_that_matches_nothing_is_reported_where_it_could(both: Path) -> None:
    config(
        "rule: SL305, project: acme/gone, reason: a, expires: 2027-01-31",
        "rule: SL305, reason: b, expires: 2027-01-31",
        "rule: SL305, project: elsewhere/**, reason: c, expires: 2027-01-31",
        "rule: SL305, project: '**/shop', entry: partner/*, reason: d, expires: 2027-01-31",
    )
    said = call("check", both, *TODAY).expect(1).err
    assert "SL305 for acme/gone (scopelint.yml:2:5) matches no finding" in said
    assert "SL305 for the instance (scopelint.yml:3:5) matches no finding; it names no proj" in said
    assert "**/shop with the entry partner/*" in said
    assert "elsewhere" not in said
    # Rules that do not run can match nothing.
    assert call("check", both, *TODAY, "-q", "--select", "SL1").expect(1).err == ""


@pytest.mark.parametrize(
    ("expires", "where"),
    [
        ("31.12.2026", "scopelint.yml:2:53"),
        ("2026-02-30", "scopelint.yml:2:53"),
        ("", "scopelint.yml:2:52"),
        ("9999-99-99", "scopelint.yml:2:53"),
    ],
)
def test_a_malformed_date_is_an_error_and_not_for_ever(
    both: Path, expires: str, where: str
) -> None:
    config(f"rule: SL301, project: a/b, reason: c, expires: {expires}".rstrip())
    call("check", both).expect(2, f"{where}: ", "hint: ")
    call("config", "check").expect(2, f"{where}: ")


@pytest.mark.parametrize("text", ["20261121", "2026-02-30", "today", "", "21.11.2026"])
def test_the_day_is_a_date(both: Path, text: str) -> None:
    call("check", both, "--as-of", text).expect(2, "is not a date, such as 2026-12-31")


def test_a_waiver_without_end_needs_leave(both: Path) -> None:
    forever = "rule: SL301, project: acme/web/shop, reason: r"
    config(forever)
    call("check", both).expect(2, "scopelint.yml:2:5", "has no end")
    config(forever, SITE, OPEN, BAD, more="allow_permanent_waivers: true\n")
    call("check", both, "--as-of", "2027-01-01").expect(0)


def test_a_known_gap_does_not_fail_the_pipeline_for_ever(both: Path) -> None:
    config(SHOP, SITE, OPEN)
    call("check", both, *TODAY).expect(3)
    config(SHOP, SITE, OPEN, BAD)
    result = call("check", both, *TODAY).expect(0)
    assert result.out.splitlines()[-1].startswith("PASS  no new finding at or above medium")
    assert "every gap of the scan is waived or baselined" in result.out.splitlines()[-1]
    data = report(both, *TODAY, code=0)
    assert data["scan"]["complete"] is False
    assert data["gate"] == {
        "result": "pass",
        "fail_on": "medium",
        "reasons": ["every gap of the scan is waived or baselined"],
        "gaps_accepted": True,
    }


def _gated(both: Path, *args: object, code: int) -> Result:
    """Judge with --exit-zero, as a scanning job does; check that the gating job says the same."""
    path = Path("report.json")
    call("check", both, *args, "--exit-zero", "-f", "json", "-o", path).expect(0)
    result = call("gate", path).expect(code)
    data = json.loads(path.read_text())
    assert result.out.startswith(f"{data['gate']['result']} (fail on {data['gate']['fail_on']})")
    call("check", both, *args).expect(code)
    return result


def test_the_gating_job_says_what_the_scan_would(both: Path) -> None:
    config(SHOP, SITE, OPEN, BAD)
    _gated(both, *TODAY, code=0)
    _gated(both, "--as-of", "2027-06-01", code=1)
    _gated(both, "--as-of", "2028-06-01", code=1)
    config(SHOP, SITE, OPEN)
    _gated(both, *TODAY, code=3)
    _gated(both, *TODAY, "--allow-incomplete", code=0)
    config(SHOP, SITE, OPEN, more="gate: {allow_incomplete: true}\n")
    _gated(both, *TODAY, code=0)
    config(SHOP, more="gate: {fail_on: critical, max: {high: 1}, allow_incomplete: true}\n")
    assert "2 high, more than 1" in _gated(both, *TODAY, code=1).out
    config(SHOP, more="gate: {max: {high: 2}, allow_incomplete: true}\n")
    _gated(both, *TODAY, code=0)
    config(SHOP, more="gate: {fail_on: never, max: {high: 0}}\n")
    _gated(both, *TODAY, code=3)


def test_a_later_day_at_the_gate_lets_waivers_lapse(both: Path) -> None:
    config(SHOP, SITE, OPEN, BAD)
    call("check", both, *TODAY, "-f", "json", "-o", "r.json").expect(0)
    call("gate", "r.json").expect(0)
    call("gate", "r.json", "--as-of", "2026-12-31").expect(0)
    assert "1 high" in call("gate", "r.json", "--as-of", "2027-01-01").expect(1).out
    assert "3 high" in call("gate", "r.json", "--as-of", "2028-01-01").expect(1).out
    # The gap's waiver lapses too, so that the scan is incomplete again.
    call("gate", "r.json", "--as-of", "2028-01-01", "--fail-on", "critical").expect(3)
    # Counted, if not listed.
    call("check", both, *TODAY, "--min-severity", "critical", "-f", "json", "-o", "r.json").expect(
        0
    )
    call("gate", "r.json").expect(0)


def test_the_last_line_says_why(both: Path) -> None:
    def last(*args: object, code: int) -> str:
        return call("check", both, *TODAY, *args).expect(code).out.splitlines()[-1]

    config(SHOP)
    assert last(code=1).startswith("FAIL  2 high (fails at medium or above)")
    assert last("--exit-zero", code=0).endswith("the exit code is 0 all the same (--exit-zero)")
    assert last("--exit-zero", code=0).startswith("FAIL  2 high")
    assert last("--fail-on", "never", "--allow-incomplete", code=0).startswith(
        "PASS  the gate is off (fail on: never); the scan is incomplete, which is allowed"
    )
    config(SHOP, more="gate: {max: {high: 2}}\n")
    assert last(code=3).startswith("INCOMPLETE  the scan is incomplete")
    assert "tolerated: 2 high of at most 2" in last("--allow-incomplete", code=0)
    config(SHOP, more="gate: {max: {high: 1}}\n")
    assert last(code=1).startswith("FAIL  2 high, more than 1")


@pytest.fixture
def known(both: Path) -> Path:
    """Give a baseline of SL101 on the site and of what is unknown, with SL301 waived."""
    config(SHOP)
    call("check", both, *TODAY, "--exit-zero", "-f", "json", "-o", "all.json").expect(0)
    call("baseline", "create", "all.json", "-o", "known.json").expect(0)
    data = json.loads(Path("known.json").read_text())
    data["findings"] = [
        each
        for each in data["findings"]
        if (each["rule"], each["project"]) != ("SL101", "both/open")
    ]
    Path("known.json").write_text(json.dumps(data))
    return Path("known.json")


def rendered(both: Path, known: Path, name: str, *args: object) -> str:
    result = call("check", both, *TODAY, "--baseline", known, "-f", name, *args).expect(1)
    return result.out


def test_the_tables_show_waived_on_demand_and_mark_the_known(both: Path, known: Path) -> None:
    text = rendered(both, known, "console")
    assert "acme/web/shop" not in text
    assert "[baselined]" in text
    assert "1 waived" in text
    assert "[waived until 2026-12-31: contract 42]" in " ".join(
        rendered(both, known, "console", "--show-waived").split()
    )

    def rows(*args: object) -> Counter[str]:
        text = rendered(both, known, "csv", *args).removeprefix("\ufeff")
        return Counter(row["state"] for row in csv.DictReader(StringIO(text)))

    assert rows().keys() == {"new", "baselined"}
    assert rows("--show-waived")["waived"] == 1

    def lines(*args: object) -> Counter[str]:
        data = map(json.loads, rendered(both, known, "jsonl", *args).splitlines())
        return Counter(each["state"] for each in data if "state" in each)

    assert lines().keys() == {"new", "baselined"}
    assert lines("--show-waived")["waived"] == 1
    # The page's register of exceptions lists every waiver; its findings are listed on demand.
    page, more = (rendered(both, known, "html", *args) for args in ((), ("--show-waived",)))
    assert 1 <= page.count("contract 42") < more.count("contract 42")
    assert "baselined" in rendered(both, known, "markdown")
    assert "contract 42" not in rendered(both, known, "markdown")
    assert "contract 42" in rendered(both, known, "markdown", "--show-waived")
    data = json.loads(rendered(both, known, "json"))
    assert Counter(each["state"] for each in data["findings"])["waived"] == 1


def test_junit_skips_the_waived_and_passes_the_known(both: Path, known: Path) -> None:
    root = ET.fromstring(rendered(both, known, "junit"))
    kinds = {
        case.get("name", ""): next((each.tag for each in case if each.tag != "system-out"), "pass")
        for case in root.iter("testcase")
    }
    text = {case.get("name", ""): "".join(case.itertext()) for case in root.iter("testcase")}
    shop = [kind for name, kind in kinds.items() if "acme/web/shop" in name]
    assert shop.count("skipped") == 1
    assert "failure" not in shop
    [opened] = [name for name, kind in kinds.items() if kind == "failure"]
    assert "both/open" in opened
    assert any("baselined" in said for name, said in text.items() if "acme/web/site" in name)


def test_sarif_suppresses_the_waived_and_knows_the_known(both: Path, known: Path) -> None:
    def results(*args: object) -> list[Any]:
        [run] = json.loads(rendered(both, known, "sarif", *args))["runs"]
        assert run["invocations"][0]["executionSuccessful"] is False
        return [each for each in run["results"] if each["ruleId"] in ("SL101", "SL301", "SL902")]

    plain = results()
    assert sorted((each["ruleId"], each["baselineState"]) for each in plain) == [
        ("SL101", "new"),
        ("SL101", "unchanged"),
        ("SL902", "unchanged"),
    ]
    [more] = [each for each in results("--sarif-include-suppressed") if each["ruleId"] == "SL301"]
    assert more["suppressions"][0]["justification"].startswith("contract 42")


@pytest.mark.parametrize("name", ["gitlab-sast", "gitlab-codequality", "annotations", "github"])
def test_formats_for_machines_leave_the_waived_out_and_keep_the_known(
    both: Path, known: Path, name: str
) -> None:
    text = rendered(both, known, name)
    assert "SL902" in text
    assert "SL901" not in text or name == "gitlab-sast"
    if name == "annotations":
        return  # It names projects, not findings.
    assert len(re.findall("SL301[^\n]*acme/web/shop|acme/web/shop[^\n]*SL301", text)) == 0
    assert "acme/web/site" in text
    assert "both/open" in text


def test_openmetrics_has_a_gauge_for_each(both: Path, known: Path) -> None:
    text = rendered(both, known, "openmetrics")
    assert re.search(r"waived\S* 1(\.0)?$", text, re.MULTILINE)
    assert re.search(r"baselined\S* [1-9]", text)
    assert "scopelint_gate_passed 0" in text
