"""What the command line adds to the formats: their options, their notes, what a run covered."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint_reports import sarif
from tests.cli.kit import call


def sast(snapshot: Path, *words: object) -> dict[str, Any]:
    result = call("check", snapshot, "--no-config", "-f", "gitlab-sast", "--exit-zero", *words)
    result.expect(0)
    loaded: dict[str, Any] = json.loads(result.out)
    return loaded


def test_help_lists_every_format_with_a_line() -> None:
    lines = call("scan", "-f", "help").out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == sorted(names)
    assert set(names) >= {
        "annotations", "console", "csv", "github", "gitlab-codequality", "gitlab-sast", "html",
        "json", "jsonl", "junit", "markdown", "openmetrics", "sarif",
    }  # fmt: skip
    assert all(len(line.split()) > 3 for line in lines)


def test_every_format_from_one_run(snapshot: Path, place: Path) -> None:
    names = [line.split()[0] for line in call("scan", "-f", "help").out.splitlines()]
    wanted = [word for name in names for word in ("--report", f"{name}={name}.out")]
    call("check", snapshot, "--no-config", "--exit-zero", "-o", "first.out", *wanted).expect(0)
    sizes = {name: (place / f"{name}.out").stat().st_size for name in names}
    assert all(sizes.values()), sizes


@pytest.mark.parametrize("version", ["15.0.7", "15.1.4", "15.2.3"])
def test_the_version_of_the_security_report(version: str, snapshot: Path) -> None:
    assert sast(snapshot)["version"] == "15.2.3", "of GitLab 19.3"
    assert sast(snapshot, "--gitlab-sast-version", version)["version"] == version


def test_runs_roll_up_and_waived_ones_are_chosen_by_options(snapshot: Path, place: Path) -> None:
    words = ("check", snapshot, "--no-config", "--exit-zero", "-f", "sarif", "--sarif-runs", "3")
    runs = json.loads(call(*words).expect(0).out)["runs"]
    assert [bool(run["results"]) for run in runs] == [True, False, False]
    call(*words[:-1], "21").expect(2, "--sarif-runs")

    single = sast(snapshot, "--extend-select", "SL501")["vulnerabilities"]
    rolled = sast(snapshot, "--extend-select", "SL501", "--roll-up", "project")["vulnerabilities"]
    assert 0 < len(rolled) <= len(single)
    assert {item["id"] for item in rolled} != {item["id"] for item in single}

    config = place / "waived.yml"
    config.write_text(
        "waivers: [{rule: SL1, project: '**', reason: contract 42, expires: 2999-12-31}]\n"
    )
    given = ("check", snapshot, "--config", config, "--exit-zero", "-f", "gitlab-sast")
    fewer = json.loads(call(*given).expect(0).out)["vulnerabilities"]
    for name in ("--keep-waived", "--sarif-include-suppressed"):
        more = json.loads(call(*given, name).expect(0).out)["vulnerabilities"]
        kept = [item for item in more if "contract 42" in item["description"]]
        assert len(more) == len(fewer) + len(kept)
        assert kept


@pytest.mark.parametrize("version", ["15", "14.1.0", "16.0.0", "15.3.0", "15.2.1\n", ""])
def test_a_version_that_gitlab_would_refuse_is_refused(version: str, snapshot: Path) -> None:
    given = ("--no-config", "-f", "gitlab-sast", "--gitlab-sast-version", version)
    call("check", snapshot, *given).expect(2, "15.0.x, 15.1.x and 15.2.x")


@pytest.mark.parametrize(
    "narrowed",
    [
        ("--select", "SL1"),
        ("--ignore", "SL103"),
        ("--extend-select", "SL501"),
        ("--min-severity", "low"),
    ],
)
def test_only_a_run_of_everything_names_its_rules_to_gitlab(
    narrowed: tuple[str, ...], snapshot: Path, place: Path
) -> None:
    assert "primary_identifiers" in sast(snapshot)["scan"]
    assert "primary_identifiers" not in sast(snapshot, *narrowed)["scan"]
    config = place / "other.yml"
    for text, whole in (
        ("ignore: [SL103]\n", False),
        ("select: [SL1]\n", False),
        ("profile: strict\n", True),
        ("severity: {SL103: info}\n", True),
    ):
        config.write_text(text)
        words = ("check", snapshot, "--config", config, "-f", "gitlab-sast", "--exit-zero")
        scan = json.loads(call(*words).expect(0).out)["scan"]
        assert ("primary_identifiers" in scan) == whole, text


@pytest.mark.parametrize("filters", [("--exclude", "acme/tool"), ("--archived", "exclude")])
def test_a_run_that_left_projects_out_names_no_rules(
    filters: tuple[str, ...], gitlab: Any, token: str, place: Path
) -> None:
    given = ("--url", gitlab.url, "--no-config", "-q")
    call("collect", "acme", *given, *filters, "-o", "some.snapshot").expect(0)
    assert "primary_identifiers" not in sast(place / "some.snapshot")["scan"]


def test_what_a_format_had_to_leave_out_is_said(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sarif, "RESULTS_A_RUN", 1)
    words = ("check", snapshot, "--no-config", "-q", "--exit-zero", "--report", "sarif=s.sarif")
    result = call(*words)
    result.expect(0, "warning: sarif: ", "left out: the file holds the 1 severest")


def test_a_job_links_to_its_own_html_report(
    snapshot: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link() -> str:
        call(*words).expect(0)
        links = json.loads((place / "a.json").read_text())["scopelint"]
        return str(links[0]["external_link"]["url"])

    (place / "out put").mkdir()
    words: tuple[object, ...] = ("check", snapshot, "--no-config", "--exit-zero", "-q")
    words += ("--report", "annotations=a.json", "--report", "html=out put/r.html")
    before = link()
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.example.com/acme/audit/-/jobs/7")
    monkeypatch.setenv("CI_PROJECT_DIR", str(place))
    assert link() == before, "not in a GitLab job"
    monkeypatch.setenv("GITLAB_CI", "true")
    job = "https://gitlab.example.com/acme/audit/-/jobs/7/artifacts/file/out%20put/r.html"
    assert link() == job
    monkeypatch.setenv("CI_PROJECT_DIR", str(place / "elsewhere"))
    assert link() == before, "not among the artifacts"
