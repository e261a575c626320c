"""A policy on the command line: its findings, where they point to, and what is skipped."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.cli.kit import call

CONFIG = """\
config_version: 4
projects_and_groups:
  acme/*:
    job_token_scope:
      allowlist: {enforce: true, groups: [acme/web]}
  other/*: {job_token_scope: {}}
  other/x: {job_token_scope: {}}
"""
INVENTORY = """
targets: [acme]
projects: {acme/web/shop: {inbound_own: false, inbound_effective: false, entries: [{group: acme}]}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "config.yml").write_text(CONFIG)
    (tmp_path / "scopelint.yml").write_text("policy: {gitlabform: policy/config.yml}\n")
    write(INVENTORY, tmp_path / "s.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*words: str | Path) -> Any:
    done = call("check", "s.db", "--select", "SL8", *words)
    assert done.code == 1, done.err
    return done


def test_every_finding_names_file_and_line(folder: Path) -> None:
    done = check("-f", "json")
    found = {
        finding["rule"]: finding["evidence"]["declared_at"]
        for finding in json.loads(done.out)["findings"]
    }
    file = "policy/config.yml"
    assert found == {
        "SL801": {"file": file, "line": 4},
        "SL802": {"file": file, "line": 5},
        "SL803": {"file": file, "line": 5},
    }


def test_levels_elsewhere_are_counted_and_skipped(folder: Path) -> None:
    done = check()
    assert "policy/config.yml: 2 levels are for what lies outside the targets, skipped" in done.err


def test_sarif_points_to_the_line(folder: Path) -> None:
    done = check("-f", "sarif")
    [run] = json.loads(done.out)["runs"]
    places = {
        result["ruleId"]: result["relatedLocations"][0]["physicalLocation"]
        for result in run["results"]
    }
    assert places["SL802"] == {
        "artifactLocation": {"uri": "policy/config.yml"},
        "region": {"startLine": 5},
    }
    assert len(places) == 3


def test_sarif_names_no_file_outside_the_repository(folder: Path) -> None:
    outside = folder.parent / f"{folder.name}-outside.yml"
    outside.write_text(CONFIG)
    (folder / "own.yml").write_text(f"policy: {{gitlabform: ../{outside.name}}}\n")
    done = check("-f", "sarif", "--config", "own.yml")
    [run] = json.loads(done.out)["runs"]
    assert run["results"]
    assert not any("relatedLocations" in result for result in run["results"])
