"""A file that stands for a run says of which, and how old it is; a report is rendered again."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.cli.kit import call

PROJECTS: dict[str, Any] = {
    "acme/web/shop": {"entries": [{"group": "acme"}]},
    "acme/web/site": {"inbound_own": False},
    "acme/web/calm": {},
    "acme/ops/dark": {"unreadable": "forbidden"},
}
FORMATS = (
    "console",
    "jsonl",
    "sarif",
    "junit",
    "html",
    "gitlab-sast",
    "gitlab-codequality",
    "csv",
    "markdown",
    "annotations",
    "openmetrics",
    "github",
)


def made(path: Path, days: float | None, **more: Any) -> Path:
    """Write a snapshot that was finished so many days ago; None was interrupted."""
    end = datetime.now(UTC) - timedelta(days=days or 0, minutes=1)
    times = {"started_at": end - timedelta(minutes=5), "finished_at": end if days else None}
    write({"targets": ["acme"], "projects": PROJECTS, **times, **more}, path)
    return path


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return made(tmp_path / "fresh.snapshot", 0.2)


def test_check_and_gate_say_of_what_run_the_file_is_and_how_old(fresh: Path) -> None:
    said = "acme on https://gitlab.example.com, finished 4 hours ago\n"
    done = call("check", fresh, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    assert done.err == f"{fresh}: {said}"
    assert call("gate", "r.json", "--exit-zero").err == f"r.json: {said}"
    for quiet in (("check", fresh, "-q", "-o", "out"), ("gate", "r.json", "-q")):
        assert call(*quiet).err == ""


def test_an_old_file_is_never_silently_today(tmp_path: Path) -> None:
    old = made(tmp_path / "old.snapshot", 12)
    done = call("check", old, "-q", "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    said = "finished 12 days ago; what GitLab has today is not in a file 12 days old: scan again"
    assert done.err.startswith("warning: ")
    assert said in done.err
    call("gate", "r.json", "-q", "--exit-zero").expect(0, "warning: r.json", said)
    week = made(tmp_path / "week.snapshot", 6.9)
    assert "warning" not in call("check", week, "--exit-zero").err


def test_a_file_of_a_run_that_was_broken_off_says_so(tmp_path: Path) -> None:
    path = made(tmp_path / "broken.snapshot", None)
    call("check", path, "-f", "json", "-o", "r.json", "--exit-zero").expect(0, "not finished")
    call("gate", "r.json", "--exit-zero").expect(0, "not finished")


def test_a_report_is_rendered_again_byte_by_byte(fresh: Path) -> None:
    code = call("check", fresh, "-f", "json", "-o", "r.json").code
    again = call("check", "--from-report", "r.json", "-f", "json").expect(code)
    assert again.raw == Path("r.json").read_bytes()
    call("check", "--from-report", "r.json", "--report", "json=again.json").expect(code)
    assert Path("again.json").read_bytes() == again.raw


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_from_a_report(fresh: Path, name: str) -> None:
    call("check", fresh, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    call("check", "--from-report", "r.json", "-f", name, "-o", "out", "--exit-zero").expect(0)
    text = Path("out").read_text(encoding="utf-8-sig")
    assert "SL301" in text or "acme/web/shop" in text


def test_a_report_rendered_again_has_the_pages_of_its_rules(fresh: Path) -> None:
    call("check", fresh, "-f", "json", "-o", "r.json", "--report", "sarif=1.sarif", "--exit-zero")
    call("check", "--from-report", "r.json", "-f", "sarif", "-o", "2.sarif", "--exit-zero")
    first, second = (json.loads(Path(name).read_text()) for name in ("1.sarif", "2.sarif"))
    rules = [each["runs"][0]["tool"]["driver"]["rules"] for each in (first, second)]
    help_of = [{rule["id"]: rule["help"] for rule in found} for found in rules]
    assert help_of[1]["SL101"] == help_of[0]["SL101"]


@pytest.mark.parametrize(
    ("projects", "code"),
    [({"acme/a": {}}, 0), ({"acme/a": {"inbound_own": False}}, 1), (PROJECTS, 1)],
)
def test_the_exit_code_is_that_of_the_reports_gate(
    tmp_path: Path, projects: dict[str, Any], code: int
) -> None:
    path = made(tmp_path / "s.snapshot", 1, projects=projects, enforcement="off")
    call("check", path, "-f", "json", "-o", "r.json").expect(code)
    call("check", "--from-report", "r.json").expect(code)
    call("check", "--from-report", "r.json", "--exit-zero").expect(0)


def test_an_incomplete_report_stays_incomplete(tmp_path: Path) -> None:
    dark = {"acme/a": {}, "acme/dark": {"unreadable": "forbidden"}}
    path = made(tmp_path / "s.snapshot", 1, projects=dark)
    call("check", path, "-f", "json", "-o", "r.json").expect(3)
    call("check", "--from-report", "r.json").expect(3)


WRONG: tuple[tuple[tuple[str, ...], str], ...] = (
    (("x.snapshot",), "SNAPSHOT cannot go with it"),
    (("--include", "acme/**"), "--include cannot go with it"),
    (("--select", "SL101"), "--select cannot go with it"),
    (("--fail-on", "low", "--min-severity", "high"), "--fail-on, --min-severity cannot"),
    (("--baseline", "b.json"), "--baseline cannot go with it"),
    (("--config", "scopelint.yml"), "--config cannot go with it"),
    (("--as-of", "2026-01-01"), "--as-of cannot go with it"),
)


@pytest.mark.parametrize(("words", "says"), WRONG)
def test_what_would_judge_anew_is_refused_beside_a_report(
    fresh: Path, words: tuple[str, ...], says: str
) -> None:
    call("check", fresh, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    call("check", "--from-report", "r.json", *words).expect(2, says)


def test_a_report_is_not_replaced_by_its_own_rendering(fresh: Path) -> None:
    call("check", fresh, "-f", "json", "-o", "r.json", "--exit-zero").expect(0)
    before = Path("r.json").read_bytes()
    call("check", "--from-report", "r.json", "-f", "html", "-o", "r.json").expect(2, "r.json")
    assert Path("r.json").read_bytes() == before


def test_a_check_of_nothing_says_what_to_give() -> None:
    call("check").expect(2, "no snapshot was given", "scopelint collect")
    call("check", "--from-report", "gone.json").expect(2, "gone.json")
