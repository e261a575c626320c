"""`--previous`, `--carry-days` and `--partial`: what could not be read now is kept from the last report."""

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.cli.kit import call

OPEN = {"inbound_own": False}
PLACES = {"gitlab-sast": "sast.json", "sarif": "s.sarif", "gitlab-codequality": "cq.json"}


def night(name: str, ago: int, **projects: Any) -> Path:
    """Write the snapshot of a night so many days ago."""
    end = datetime.now(UTC) - timedelta(days=ago, minutes=1)
    described = {f"acme/{path}": facts for path, facts in projects.items()}
    times = {"started_at": end - timedelta(minutes=5), "finished_at": end}
    path = Path(name)
    write({"targets": ["acme"], "enforcement": "off", "projects": described, **times}, path)
    return path


def report(name: str = "r.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))
    return found


def judged(snapshot: Path, name: str, *words: object) -> Any:
    reports = [word for kind, file in PLACES.items() for word in ("--report", f"{kind}={file}")]
    return call("check", snapshot, "-q", "-f", "json", "-o", name, *reports, *words)


@pytest.fixture
def first(place: Path) -> Path:
    """The report of a night that saw all: two open projects."""
    judged(night("first.db", 2, web=OPEN, ops=OPEN, calm={}), "first.json").expect(1)
    return place / "first.json"


def test_what_could_not_be_read_is_carried_over_and_gates_nothing(first: Path) -> None:
    second = night("second.db", 1, web={}, ops={"unreadable": "forbidden"}, calm={})
    judged(second, "r.json", "--previous", first).expect(3)
    found = report()
    [carried] = [one for one in found["findings"] if one.get("carried")]
    assert (carried["rule"], carried["project"]["path"]) == ("SL101", "acme/ops")
    assert carried["carried"]["last_seen"] == report("first.json")["scan"]["finished_at"]
    assert found["summary"]["high"] == 0
    assert found["gate"]["result"] == "incomplete"
    [fixed] = found["since"]["fixed"]
    assert (fixed["finding"]["project"]["path"], fixed["how"]) == ("acme/web", "read")
    for file in PLACES.values():
        assert carried["fingerprint"] in Path(file).read_text(encoding="utf-8"), file
    shown = call("check", second, "-q", "--previous", first).expect(3)
    assert "acme/ops" in shown.out
    assert "last seen" in " ".join(shown.out.split())


def test_after_carry_days_it_is_dropped(first: Path) -> None:
    second = night("second.db", 0, web={}, ops={"unreadable": "forbidden"}, calm={})
    judged(second, "r.json", "--previous", first, "--carry-days", 1).expect(3)
    found = report()
    assert not [one for one in found["findings"] if one.get("carried")]
    assert found["since"]["expired"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda data: data["scan"].update(instance="https://other.example.com"),
            "other.example.com",
        ),
        (lambda data: data["scan"].update(targets=["globex"]), "globex"),
        (lambda data: data.update(schema="something/1"), "schema"),
    ],
    ids=["another instance", "other targets", "no report"],
)
def test_the_report_of_another_run_is_refused(first: Path, change: Any, words: str) -> None:
    data = report("first.json")
    change(data)
    first.write_text(json.dumps(data), encoding="utf-8")
    second = night("second.db", 1, web=OPEN)
    done = judged(second, "r.json", "--previous", first).expect(2, words)
    assert "SCOPELINT_PREVIOUS=none" in " ".join(done.err.split()), "what a pipeline does next"
    assert not Path("r.json").exists()


def test_a_report_that_hides_findings_is_said_to_carry_none_of_them(first: Path) -> None:
    whole = night("whole.db", 2, web=OPEN, ops=OPEN, calm={})
    judged(whole, "part.json", "--min-severity", "critical").expect(1)
    second = night("second.db", 1, web={}, ops={"unreadable": "forbidden"}, calm={})
    done = judged(second, "r.json", "--previous", "part.json").expect(3)
    assert "warning: the last report part.json was made with --min-severity" in done.err
    assert not [one for one in report()["findings"] if one.get("carried")]
    assert "warning" not in judged(second, "r.json", "--previous", first).expect(3).err


def test_a_report_later_than_the_scan_is_refused(first: Path) -> None:
    older = night("older.db", 9, web=OPEN)
    judged(older, "r.json", "--previous", first).expect(2, "later than the scan")


def test_a_part_without_the_last_report_is_not_uploaded(place: Path) -> None:
    part = night("part.db", 1, web={}, ops={"unreadable": "forbidden"})
    done = judged(part, "r.json", "--partial", "skip").expect(3)
    assert "gitlab-sast, sarif, gitlab-codequality: not written" in done.err
    assert "the scan is incomplete" in done.err
    assert "--previous r.json" in done.err
    assert not [file for file in PLACES.values() if (place / file).exists()]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--exclude", "acme/ops"), "filters left out 1 project"),
        (("--select", "SL1"), "only some rules are selected"),
        (("--ignore", "SL101"), "rules are ignored"),
        (("--min-severity", "high"), "--min-severity high hides findings"),
    ],
)
def test_so_is_a_run_that_was_narrowed(place: Path, words: tuple[str, ...], why: str) -> None:
    whole = night("whole.db", 1, web={}, ops={})
    done = judged(whole, "r.json", "--partial", "skip", *words)
    assert why in done.err
    assert not (place / "sast.json").exists()


def test_a_whole_run_and_a_part_with_the_last_report_are_written(first: Path) -> None:
    whole = night("whole.db", 1, web=OPEN)
    judged(whole, "r.json", "--partial", "skip").expect(1)
    assert all(Path(file).exists() for file in PLACES.values())
    part = night("part.db", 1, web=OPEN, ops={"unreadable": "forbidden"})
    for file in PLACES.values():
        Path(file).unlink()
    judged(part, "r.json", "--partial", "skip", "--previous", first).expect(1)
    assert all(Path(file).exists() for file in PLACES.values())


@pytest.mark.parametrize(
    "words", [("--previous", "p.txt"), ("--carry-days", 3), ("--partial", "skip")]
)
def test_a_report_that_is_rendered_again_takes_no_last_report(
    first: Path, words: tuple[object, ...]
) -> None:
    done = call("check", "--from-report", first, "-f", "csv", "-o", "o.csv", *words)
    done.expect(2, str(words[0]))
    assert not Path("o.csv").exists()


def test_the_other_formats_show_it_apart(first: Path) -> None:
    second = night("second.db", 1, web={}, ops={"unreadable": "forbidden"}, calm={})
    said = {}
    for name in ("csv", "openmetrics", "junit", "annotations", "github", "markdown"):
        said[name] = call("check", second, "-q", "--previous", first, "-f", name).expect(3).out
    [row] = [
        row
        for row in csv.DictReader(StringIO(said["csv"].removeprefix("\ufeff")))
        if row["last_seen"]
    ]
    assert (row["rule"], row["project"]) == ("SL101", "acme/ops")
    assert re.search(r"^scopelint_carried\b.* 1(\.0)?$", said["openmetrics"], re.M)
    assert "last seen" in said["markdown"]
    assert "SL101" not in said["annotations"] + said["github"]
    cases = [
        case
        for case in re.findall(r"<testcase.*?</testcase>", said["junit"], re.S)
        if "last seen" in case
    ]
    assert cases
    assert all("<skipped" in case for case in cases)
