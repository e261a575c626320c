"""What consumers make of five kinds of runs: whole, partial, narrowed, waived, and a large one.

How many findings a run has, how many of them each consumer shows, and that their validators, where
they are installed, take the files.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from scopelint.finding import EntryRef, Outcome, State
from scopelint.report import RenderOptions, Report, Reporter
from scopelint_reports.codequality import CodeQualityReporter
from scopelint_reports.gitlab_sast import GitlabSastReporter
from scopelint_reports.sarif import SarifReporter
from tests.reports import build, gitlab_ingest, tools
from tests.reports.kit import official, rendered
from tests.reports.test_validators import AJV

LARGE = 25_000


@dataclass(frozen=True)
class Run:
    """A report, and how many of its findings a consumer of uploads is to show."""

    report: Callable[[], Report]
    shown: int
    in_sarif: int | None = None
    """Where SARIF holds fewer."""
    kept: int = 0
    """How many waived ones `--keep-waived` adds."""


def whole() -> Report:
    return replace(build.large(84), whole_set=True)


def waived() -> Report:
    """Make a report of a run whose every third finding is waived."""
    report = build.large(90)
    on, entry = build.project(1, "acme/web/shop"), EntryRef("group", 100, "acme")
    findings = [
        replace(found, state=State.WAIVED, waiver=build.finding(
            "SL301", on, entry=entry, state=State.WAIVED).waiver) if n % 3 == 0 else found
        for n, found in enumerate(report.findings)
    ]  # fmt: skip
    return build.report(findings)


RUNS = {
    "whole": Run(whole, shown=84),
    # Two new ones, three carried over (a fourth is waived), and one for what was not read.
    "partial": Run(build.carried, shown=6, kept=1),
    # Nothing fails in what was read; one result says that not all of it was.
    "narrowed": Run(build.narrowed, shown=1),
    "waived": Run(waived, shown=60, kept=30),
    "large": Run(lambda: build.large(LARGE), shown=LARGE, in_sarif=5_000),
}
every_run = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name == "large" else []) for name in RUNS],
)


@cache
def made(name: str) -> Report:
    return RUNS[name].report()


def written(name: str, kind: type[Reporter], *, keep_waived: bool = False) -> bytes:
    return rendered(kind(RenderOptions(keep_waived=keep_waived)), made(name))


@every_run
def test_gitlab_shows_all_that_there_is(name: str) -> None:
    run = RUNS[name]
    sarif = gitlab_ingest.shown(written(name, SarifReporter))
    assert len(sarif) == (run.in_sarif or run.shown)
    assert len({found.identity for found in sarif}) == len(sarif)
    report = json.loads(written(name, GitlabSastReporter))
    assert len(gitlab_ingest.merged(report)) == len(report["vulnerabilities"]) == run.shown
    issues = json.loads(written(name, CodeQualityReporter))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == run.shown


@every_run
def test_waived_ones_come_back_on_request(name: str) -> None:
    run = RUNS[name]
    report = json.loads(written(name, GitlabSastReporter, keep_waived=True))
    assert len(report["vulnerabilities"]) == run.shown + run.kept
    sarif = gitlab_ingest.sarif(written(name, SarifReporter, keep_waived=True))
    assert sarif.suppressed == run.kept
    assert len(sarif.vulnerabilities) == (run.in_sarif or run.shown)


def test_no_carried_finding_counts_as_no_longer_detected() -> None:
    """Last night's findings of what was not read now are in tonight's reports."""
    report = made("partial")
    last_night = {
        found.fingerprint
        for found in report.findings
        if found.carried is not None and found.state is not State.WAIVED
    }
    document = json.loads(written("partial", GitlabSastReporter))
    assert last_night
    assert gitlab_ingest.no_longer_detected(last_night, document) == set()
    without = replace(report, findings=[f for f in report.findings if f.carried is None])
    document = json.loads(rendered(GitlabSastReporter(), without))
    assert gitlab_ingest.no_longer_detected(last_night, document) == last_night


@every_run
def test_a_run_that_is_not_whole_and_complete_lists_no_identifiers(name: str) -> None:
    scan = json.loads(written(name, GitlabSastReporter))["scan"]
    assert ("primary_identifiers" in scan) == (name == "whole")


@every_run
def test_the_official_schemas_take_them(name: str) -> None:
    kinds: tuple[tuple[type[Reporter], str], ...] = (
        (GitlabSastReporter, "gitlab-sast-report-format-15.2.1.json"),
        (CodeQualityReporter, "gitlab-codequality-array-strict.schema.json"),
    )
    for kind, schema in kinds:
        document = json.loads(written(name, kind))
        # jsonschema needs a minute for 25,000; a part of them has all forms.
        if isinstance(document, dict):
            document["vulnerabilities"] = document["vulnerabilities"][:1_000]
        checked = document if isinstance(document, dict) else document[:1_000]
        rules = json.loads(official(schema).read_text("utf-8"))
        jsonschema.Draft7Validator(rules).validate(checked)


@every_run
def test_ajv_multitool_and_sarif_tools_take_them(name: str, tmp_path: Path) -> None:
    sast, sarif = tmp_path / "gl-sast-report.json", tmp_path / f"{name}.sarif"
    sast.write_bytes(written(name, GitlabSastReporter))
    sarif.write_bytes(written(name, SarifReporter))
    for schema, path in (
        ("gitlab-sast-report-format-15.2.1.json", sast),
        ("sarif-schema-2.1.0.json", sarif),
    ):
        ran = tools.node(AJV, official(schema), path)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    ran = tools.run(
        [tools.multitool(), "validate", sarif, "--rule-kind", "Sarif;Ghas",
         "--level", "Error;Warning", "-o", tmp_path / "o.sarif"],
        {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )  # fmt: skip
    assert ": error " not in ran.stdout, ran.stdout
    assert ": warning " not in ran.stdout, ran.stdout
    assert "1 files scanned" in ran.stdout, ran.stdout + ran.stderr
    ran = tools.run([tools.program("sarif"), "summary", sarif])
    counts = [int(line.rpartition(": ")[2]) for line in ran.stdout.splitlines()
              if line.startswith(("error: ", "warning: ", "note: "))]  # fmt: skip
    assert sum(counts) == (RUNS[name].in_sarif or RUNS[name].shown)


def test_every_kind_of_finding_is_in_the_small_runs() -> None:
    findings = [found for name in list(RUNS)[:-1] for found in made(name).findings]
    assert {found.state for found in findings} >= {State.NEW, State.WAIVED}
    assert {found.verdict for found in findings} == {Outcome.FAIL, Outcome.UNKNOWN}
    assert any(found.carried for found in findings)
