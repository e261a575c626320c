"""What the tool finds in the demo's two instances, against a second reading of the catalogue.

`tests.simulator.demo_company` judges the raw instance files without the simulator, the collector,
the snapshot or any rule; so a difference is a fault of one of them.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scopelint.registry import find_rules
from tests.cli.kit import call
from tests.simulator.demo_company import Company, judge

ACTS = ("before", "after")
OF_THE_SCAN = {"SL103", "SL902"}
"""What the second reading does not judge: these say nothing of a single project."""
OF_A_POLICY = {"SL801", "SL802", "SL803", "SL804", "SL805"}
"""The demo declares none."""
ADMINISTRATOR = {"SL901"}
"""The first instance is read with an administrator's token, which reads every scope."""


class Act(NamedTuple):
    """One instance: the instance file, and two reports of its scan."""

    company: Company
    report: dict[str, Any]
    sast: str

    def failed(self) -> dict[str, set[str]]:
        """The codes that fail (or, for SL901, are unknown), by project path."""
        found: dict[str, set[str]] = defaultdict(set)
        for finding in self.report["findings"]:
            if finding["project"] and (finding["verdict"] == "fail" or finding["rule"] == "SL901"):
                found[finding["project"]["path"]].add(finding["rule"])
        return found


@pytest.fixture(scope="module")
def acts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Act]:
    """Run `scopelint demo` once."""
    out = tmp_path_factory.mktemp("demo")
    done = call("demo", "-o", out, "--color", "never")
    assert done.code == 0, done.err
    return {
        name: Act(
            Company(name),
            _report(out / name),
            (out / name / "gl-sast-report.json").read_text(encoding="utf-8"),
        )
        for name in ACTS
    }


def _report(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "scopelint.json").read_text(encoding="utf-8"))
    return report


@pytest.mark.parametrize("name", ACTS)
def test_each_project_fails_what_the_catalogue_says(acts: dict[str, Act], name: str) -> None:
    act = acts[name]
    failed = act.failed()
    differing = {}
    for project in act.company.scanned():
        expected = judge(project, act.company)
        if name == "before" and expected == ADMINISTRATOR:
            continue
        found = failed[project["path"]]
        if found != expected:
            differing[project["path"]] = (expected - found, found - expected)
    assert not differing, "missing, and not expected"


def test_every_default_rule_finds_something_and_strict_ones_do_too(acts: dict[str, Act]) -> None:
    said = {finding["rule"] for act in acts.values() for finding in act.report["findings"]}
    ours = {code for code, rule in find_rules().items() if rule.distribution == "scopelint"}
    assert {code for code in ours if not code.startswith("SL8")} <= said


@pytest.mark.parametrize("name", ACTS)
def test_a_finding_of_gitlabs_report_takes_at_most_1200_bytes(
    acts: dict[str, Act], name: str
) -> None:
    """On average, with the demo's paths of 400 characters."""
    document = json.loads(acts[name].sast)
    sizes = [
        len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode())
        for item in document["vulnerabilities"]
    ]
    assert len(sizes) > 80
    assert sum(sizes) / len(sizes) <= 1_200


@pytest.mark.parametrize("name", ACTS)
def test_what_is_not_judged_is_said_with_a_reason(acts: dict[str, Act], name: str) -> None:
    silent = {rule["code"] for rule in acts[name].report["rules"] if rule["not_judged"]}
    assert silent <= OF_THE_SCAN | OF_A_POLICY


def test_only_what_could_not_be_read_is_unknown(acts: dict[str, Act]) -> None:
    unknown = {
        (name, finding["rule"], (finding["project"] or {}).get("path"))
        for name, act in acts.items()
        for finding in act.report["findings"]
        if finding["verdict"] == "unknown"
        # Only Maintainers of an origin see whether its forks' pipelines run in it.
        and finding["rule"] != "SL310"
    }
    finance = {
        path for path in acts["after"].company.projects if path.startswith("tidewell/finance/")
    }
    assert unknown == {
        # GitLab shows the level of the package registry from 18.4 on.
        ("before", "SL104", "tidewell/open-source/tidewell-cli"),
        ("after", "SL902", None),
        *(("after", "SL901", path) for path in finance),
    }
