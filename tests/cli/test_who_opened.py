"""Who opened a project, and when: in the evidence of SL101, in `diff`, in `export` and `doctor`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scopelint_simulator import Simulator, load_instance
from scopelint_simulator.audit import record
from tests.cli.kit import TOKEN, call

ROUTE = "rest:GET /projects/:id/audit_events"
INSTANCE = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: auditor}}, {{username: mia, name: Mia Lee}}]
tokens: [{{token: {TOKEN}, user: auditor, scopes: [read_api]}}]
roles: [{{user: auditor, on: acme, role: maintainer}}]
groups: [{{id: 10, path: acme}}]
projects:
  - id: 101
    path: acme/shop
    scope: {{inbound: false, audit_events: [{{event: inbound_disabled, at: 2026-10-01T09:30:00Z, by: mia}}]}}
  - {{id: 102, path: acme/tool}}
  - {{id: 103, path: acme/quiet, scope: {{inbound: false}}}}
"""


@pytest.fixture
def gitlab() -> Iterator[Simulator]:
    with Simulator(load_instance(INSTANCE)) as simulator:
        yield simulator
    assert simulator.crashes == []


pytestmark = pytest.mark.usefixtures("place", "token")


def findings(text: str) -> dict[str, Any]:
    found = json.loads(text)["findings"]
    return {each["project"]["path"]: each for each in found if each["rule"] == "SL101"}


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_the_finding_says_who_and_when(gitlab: Simulator, api: str) -> None:
    scan = ("scan", "acme", "--url", gitlab.url, "--api", api, "--exit-zero", "--select", "SL101")
    found = findings(call(*scan, "--audit-events", "-f", "json").out)
    shop, quiet = found["acme/shop"], found["acme/quiet"]
    mia = next(user for user in gitlab.instance.users.values() if user.username == "mia")
    assert shop["evidence"]["opened"] == {
        "at": "2026-10-01T09:30:00+00:00",
        "by": "Mia Lee",
        "by_id": mia.id,
    }
    assert shop["message"].endswith(" Switched off on 2026-10-01 by Mia Lee.")
    assert quiet["evidence"]["opened"] == (
        "not known: no audit event says who switched its own limit off"
    )
    assert "Switched off" not in quiet["message"]
    assert gitlab.counts[ROUTE] == 2
    for name in ("console", "markdown", "html", "csv", "gitlab-sast"):
        assert "Mia Lee" in call(*scan, "--audit-events", "-f", name).out, name


def test_nothing_is_asked_without_the_option_or_without_a_rule_that_tells_it(
    gitlab: Simulator,
) -> None:
    plain = call("scan", "acme", "--url", gitlab.url, "--exit-zero", "-f", "json")
    assert "opened" not in findings(plain.out)["acme/shop"]["evidence"]
    other = call(
        "scan", "acme", "--url", gitlab.url, "--exit-zero", "--select", "SL3", "--audit-events"
    )
    assert "no rule that runs tells them" in other.err
    assert gitlab.counts[ROUTE] == 0


def test_a_tier_without_events_changes_no_exit_code(gitlab: Simulator) -> None:
    gitlab.instance.settings.audit_events = False
    said = call("scan", "acme", "--url", gitlab.url, "--audit-events", "-f", "json").expect(1)
    report = json.loads(said.out)
    assert report["scan"]["complete"] is True
    gaps = [gap for gap in report["scan"]["gaps"] if gap["fact"] == "audit_events"]
    assert {gap["reason"] for gap in gaps} == {"forbidden"}
    assert "opened" not in findings(said.out)["acme/shop"]["evidence"]


def snapshot(gitlab: Simulator, name: str) -> Path:
    call("collect", "acme", "--url", gitlab.url, "--audit-events", "-o", name).expect(0)
    return Path(name)


def opened_in(old: Path, new: Path) -> tuple[str, dict[str, Any]]:
    """The text of a comparison, and the settings of acme/tool that changed, by name."""
    data = json.loads(call("diff", old, new, "-f", "json").out)
    schema = json.loads(call("config", "schema", "--diff").expect(0).out)
    jsonschema.validate(data, schema)
    settings = {
        one["name"]: one
        for each in data["projects"]
        if each["project"]["path"] == "acme/tool"
        for one in each["settings"]
    }
    text = call("diff", old, new).out + call("diff", old, new, "-f", "markdown").out
    return " ".join(text.split()), settings


def test_diff_names_who_opened_a_project_between_the_two(gitlab: Simulator) -> None:
    old = snapshot(gitlab, "old")
    tool = gitlab.instance.projects[102]
    tool.scope.inbound = False
    mia = next(user for user in gitlab.instance.users.values() if user.username == "mia")
    record(gitlab.instance, tool, "inbound_disabled", mia)
    text, settings = opened_in(old, snapshot(gitlab, "new"))
    assert f"limit on access on -> off (on {datetime.now(UTC).date()} by Mia Lee)" in text
    assert settings["inbound_effective"]["opened"]["by"] == "Mia Lee"
    assert settings["inbound_effective"]["opened"]["by_id"] == mia.id


@pytest.mark.parametrize("days", [-30, 0.9])
def test_diff_names_nobody_for_an_event_outside_the_two(gitlab: Simulator, days: float) -> None:
    old = snapshot(gitlab, "old")
    tool = gitlab.instance.projects[102]
    tool.scope.inbound = False
    mia = next(user for user in gitlab.instance.users.values() if user.username == "mia")
    at = datetime.now(UTC) + timedelta(days=days)
    record(gitlab.instance, tool, "inbound_disabled", mia, at=at)
    text, settings = opened_in(old, snapshot(gitlab, "new"))
    assert "limit on access on -> off" in text
    assert settings["inbound_effective"]["opened"] is None
    assert "Mia Lee" not in text, "nor in the finding that is new"


def test_export_has_it_at_the_end_of_a_project(gitlab: Simulator) -> None:
    new = snapshot(gitlab, "new")
    rows = [json.loads(line) for line in call("export", "jsonl", new).out.splitlines()]
    found = {
        each["path"]: (each["opened_at"], each["opened_by"])
        for each in rows
        if each["record"] == "project"
    }
    assert found == {
        "acme/shop": ("2026-10-01T09:30:00Z", "Mia Lee"),
        "acme/tool": ("", ""),
        "acme/quiet": (None, None),
    }


@pytest.mark.parametrize(
    ("change", "state", "said"),
    [
        ({}, "can", "of 3 of 3 projects tried"),
        ({"audit_events": False}, "cannot", "they need Premium"),
        ({"enterprise": False}, "cannot", "this GitLab has none"),
    ],
)
def test_doctor_tells_whether_it_can(
    gitlab: Simulator, change: dict[str, bool], state: str, said: str
) -> None:
    for name, value in change.items():
        setattr(gitlab.instance.settings, name, value)
    data = json.loads(call("doctor", "acme", "--url", gitlab.url, "-f", "json").expect(0).out)
    [found] = [each for each in data["abilities"] if each["name"] == "audit_events"]
    assert found["state"] == state
    assert said in found["found"]
    assert bool(found["consequence"]) is (state != "can")
    assert gitlab.counts[ROUTE] == 3


def test_doctor_does_not_know_where_no_scope_was_read(gitlab: Simulator) -> None:
    gitlab.instance.group_roles.clear()
    gitlab.instance.groups[10].visibility = "public"
    data = json.loads(call("doctor", "acme", "--url", gitlab.url, "-f", "json").out)
    [found] = [each for each in data["abilities"] if each["name"] == "audit_events"]
    assert found["state"] == "not_known"
    assert gitlab.counts[ROUTE] == 0
