"""Feature flags that decide in a release: asked for there, kept, and a proof only where on."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.snapshot import Snapshot
from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import TOKEN, call

PUSH = "allow_push_repository_for_job_token"
POLICIES = "add_policies_to_ci_job_token"
CROSS = "allow_push_to_allowlisted_projects"


def instance(version: str, flags: dict[str, bool]) -> str:
    return f"""
gitlab: {{version: "{version}", enforce_inbound: false, feature_flags: {json.dumps(flags)}}}
users: [{{username: auditor}}]
tokens: [{{token: {TOKEN}, user: auditor, scopes: [read_api]}}]
roles: [{{user: auditor, on: acme, role: maintainer}}]
groups: [{{id: 10, path: acme}}]
projects:
  - {{id: 101, path: acme/shop, scope: {{push: true, cross_project_push: true, allowlist: [{{project: acme/tool, permissions: [ADMIN_JOBS]}}, {{project: acme/lib}}]}}}}
  - {{id: 103, path: acme/lib}}
  - {{id: 102, path: acme/tool}}
"""


def collected(version: str, flags: dict[str, bool], *options: str) -> dict[str, bool]:
    """Collect such an instance into `s`; return the flags that the snapshot holds."""
    Path("s").unlink(missing_ok=True)
    with Simulator(load_instance(instance(version, flags))) as gitlab:
        call("collect", "acme", "--url", gitlab.url, "-o", "s", *options).expect(0)
        assert gitlab.crashes == []
    with Snapshot(Path("s")) as snapshot:
        return dict(snapshot.header.scan().feature_flags)


def finding(code: str) -> dict[str, Any]:
    report = json.loads(call("check", "s", "--select", code, "-f", "json", "--exit-zero").out)
    [found] = [each for each in report["findings"] if each["rule"] == code]
    return dict(found)


@pytest.mark.usefixtures("place", "token")
@pytest.mark.parametrize("on", [True, False])
def test_what_gitlab_tells_of_its_flags_decides_how_sure_a_finding_is(on: bool) -> None:
    flags = {PUSH: on, POLICIES: on, CROSS: on}
    assert collected("17.9.0-ee", flags) == {PUSH: on, POLICIES: on}
    sure = "high" if on else "medium"
    assert finding("SL601")["confidence"] == sure
    assert finding("SL502")["confidence"] == sure
    Path("off.yml").write_text("assume: {fine_grained: off}\n", "utf-8")
    judged = json.loads(
        call("check", "s", "--select", "SL502", "--config", "off.yml", "-f", "json").out
    )
    [rule] = [each for each in judged["rules"] if each["code"] == "SL502"]
    assert (rule["not_judged"] is None) is on


@pytest.mark.usefixtures("place", "token")
def test_a_push_is_decided_by_the_flag_that_is_on() -> None:
    asks = ("can-access", "acme/lib", "acme/shop", "--want", "ADMIN_REPOSITORIES", "--from", "s")
    for on, answer, code in ((False, "unknown", 3), (True, "granted", 0)):
        assert collected("19.0.0-ee", {CROSS: on}) == {CROSS: on}
        said = call(*asks).expect(code).out
        assert said.splitlines()[0].endswith(f": {answer}")
        assert (CROSS in said) is not on


@pytest.mark.usefixtures("place", "token")
@pytest.mark.parametrize("version", ["16.11.0-ee", "18.5.0-ee", "19.1.0-ee"])
def test_no_flag_is_asked_for_where_none_decides(version: str) -> None:
    assert collected(version, {PUSH: True, POLICIES: True, CROSS: True}) == {}


@pytest.mark.usefixtures("place", "token")
def test_rest_tells_of_no_flag() -> None:
    assert collected("18.2.0-ee", {PUSH: True}, "--api", "rest") == {}
    assert finding("SL601")["confidence"] == "medium"
