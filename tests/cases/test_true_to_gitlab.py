"""GitLab's own facts: what its releases log, leave open, refuse and call their permissions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.kit import GitLab, failed, load
from tests.cli.kit import call

pytestmark = pytest.mark.usefixtures("place")


def test_own_token_uses_change_no_finding_and_no_plan() -> None:
    def told(name: str) -> tuple[Any, Any]:
        with GitLab(name) as gitlab:
            gitlab.run("collect", "acme", "--usage", "-o", f"{name}.snapshot").expect(0)
        done = call("check", f"{name}.snapshot", "--select", "SL", "-f", "json")
        call("suggest", f"{name}.snapshot", "-o", "plan", "--min-log-days", 0)
        plan = json.loads(Path("plan").read_text("utf-8"))
        Path("plan").unlink()
        parts = ("rule", "verdict", "entry", "message", "evidence")
        findings = [
            [finding[part] for part in parts] + [(finding["project"] or {}).get("path")]
            for finding in json.loads(done.raw)["findings"]
        ]
        actions = [
            (project["path"], [action["operation"] for action in project["actions"]])
            for project in plan["projects"]
        ]
        return findings, actions

    assert told("selflog.yml") == told("noself.yml")


def answer(gitlab: GitLab, origin: str, target: str, wanted: str) -> str:
    """Ask `can-access` for one permission."""
    done = gitlab.run("can-access", origin, target, "--want", wanted, "-f", "json")
    told = json.loads(done.raw)["answer"]
    assert done.code == {"granted": 0, "denied": 1, "partial": 1, "unknown": 3}[told]
    return str(told)


@pytest.mark.parametrize(
    ("version", "open_ones"),
    [
        ("18.9.0", {"READ_PIPELINES"}),  # for the sake of packages/:id/pipelines
        (
            "19.3.0",
            {
                "READ_REPOSITORIES",
                "READ_MERGE_REQUESTS",
                "READ_PIPELINES",
                "READ_DEPLOYMENTS",
                "READ_BADGES",
            },
        ),
    ],
)
def test_what_a_release_leaves_open_without_an_entry(version: str, open_ones: set[str]) -> None:
    data = load("public.yml")
    data["gitlab"]["version"] = version
    names = ["READ_REPOSITORIES", "READ_MERGE_REQUESTS", "READ_PIPELINES"]
    names += ["READ_BADGES"] if version.startswith("19") else []
    with GitLab(data) as gitlab:
        told = {name: answer(gitlab, "other/app", "acme/lib", name) for name in names}
        # In 18.9 only where the metrics dashboard is open to the user, which no API shows.
        deployments = answer(gitlab, "other/app", "acme/lib", "READ_DEPLOYMENTS")
    expected = {name: "partial" if name in open_ones else "denied" for name in names}
    assert told == expected
    allowed = {"partial"} if "READ_DEPLOYMENTS" in open_ones else {"denied", "unknown"}
    assert deployments in allowed


@pytest.mark.parametrize(
    ("name", "changelog", "issues"),
    [("visibility-18.9.yml", "denied", "denied"), ("visibility.yml", "partial", "partial")],
)
def test_open_parts_are_pairs_of_permission_and_features(
    name: str, changelog: str, issues: str
) -> None:
    with GitLab(name) as gitlab:
        assert answer(gitlab, "b/o", "a/links", "READ_RELEASES") == "partial"
        # Of a public project the changelog opens with CI/CD alone before 19.1.
        assert answer(gitlab, "b/o", "a/changelog", "READ_RELEASES") == changelog
        assert answer(gitlab, "b/o", "a/pkgpipes", "READ_PIPELINES") == "partial"
        assert answer(gitlab, "b/o", "a/pkgpipes", "READ_WORK_ITEMS") == "denied"
        assert answer(gitlab, "b/o", "a/allopen", "READ_WORK_ITEMS") == issues
        assert answer(gitlab, "b/o", "a/anyone", "READ_PACKAGES") == "denied"


def test_one_projects_refusal_is_its_own_gap() -> None:
    """A group that requires fine-grained tokens refuses this one; nothing else is lost."""
    data = {
        "gitlab": {"version": "19.3.0", "enforce_inbound": False},
        "users": [{"username": "auditor"}],
        "tokens": [{"token": "glpat-one", "user": "auditor", "scopes": ["read_api"]}],
        "roles": [{"user": "auditor", "on": "acme", "role": "maintainer"}],
        "groups": [
            {"id": 1, "path": "acme"},
            {"id": 2, "path": "acme/strict", "requires_fine_grained": True},
        ],
        "projects": [
            {"id": 10, "path": "acme/open", "scope": {"inbound": False}},
            {"id": 11, "path": "acme/strict/one"},
        ],
    }
    with GitLab(data) as gitlab:
        code, report = gitlab.report("acme", "--select", "SL")
        told = gitlab.run("doctor", "acme").text
    assert (code, report["scan"]["api"]) == (1, "graphql")
    assert failed(report, "SL901", "unknown") == {"acme/strict/one"}
    assert failed(report, "SL101") == {"acme/open"}
    assert "is fine-grained" not in told


def test_a_push_that_a_switch_forbids_is_denied_naming_it() -> None:
    switch = "Allow Git push requests to the repository"
    asked = ("--want", "ADMIN_REPOSITORIES")
    with GitLab("push-wanted-but-off.yml") as gitlab:
        for origin, target in (("corp/app", "corp/cross-only"), ("corp/docs", "corp/docs")):
            assert switch in gitlab.run("can-access", origin, target, *asked).expect(1).out
        gitlab.run("can-access", "corp/docs", "corp/release-tool", *asked).expect(0)
        gitlab.run("can-access", "corp/ci", "corp/release-tool", *asked).expect(1)


def test_the_setting_for_public_pipelines_is_read_and_said_to_be() -> None:
    with GitLab("public-jobs-off.yml") as gitlab:
        _, report = gitlab.report("corp", "--select", "SL104")
    shown = {
        finding["project"]["path"]: set(finding["evidence"]["open"])
        for finding in report["findings"]
    }
    closed = shown["corp/pub2"] - shown["corp/pub"]
    assert "builds" in closed
    page = call("explain", "SL104").expect(0).out
    assert "public jobs" in page
    assert "the setting is not read" not in page


def test_doctor_names_what_a_fine_grained_token_has_and_lacks() -> None:
    with GitLab("fine-grained-token.yml") as gitlab:
        told = gitlab.run("doctor", "acme", token="glpat-fine").text
    assert "fine-grained" in told
    assert "read_job_token_scope" in told
    assert "too small" not in told
