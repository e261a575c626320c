"""What is not read, left out or stale never looks closed, passed or fixed."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.request import Request
from tests.cases.kit import GitLab, failed, gaps, group_of, replaced
from tests.cli.kit import INVENTORY, call

pytestmark = pytest.mark.usefixtures("place")


@pytest.mark.parametrize("target", ["prod", "acme"])
def test_a_finished_snapshot_is_no_new_scan(target: str) -> None:
    with GitLab("resume-estate.yml") as gitlab:
        gitlab.run("collect", "acme", "-o", "file").expect(0)
        gitlab.reset_counts()
        gitlab.run("scan", target, "--snapshot", "file", "--resume").expect(2, "finished", "check")
        assert not gitlab.counts


def test_a_repair_during_the_run_proves_no_enforcement() -> None:
    """The lowest open project is closed between its reading and the question for enforcement."""

    def repair(request: Request) -> None:
        if request.path.endswith("/job_token_scope"):
            gitlab.instance.projects[125].scope.inbound = True

    with GitLab(group_of(30, open_ones=5), before=repair) as gitlab:
        code, report = gitlab.report("acme")
    still_open = {f"acme/p{number}" for number in range(126, 130)}
    assert report["scan"]["enforcement"] != "on"
    assert still_open <= failed(report, "SL101") | failed(report, "SL101", "unknown")
    assert code == (1 if failed(report, "SL101") else 3)


def test_a_repair_between_two_parts_of_a_run_proves_no_enforcement() -> None:
    """The run is stopped after the open projects were read; one is closed; the run goes on."""
    read = False

    def stop(_request: Request, answer: Answer) -> Answer:
        nonlocal read
        if read:
            return json_answer(401, {"message": "401 Unauthorized"})
        read = b"inboundJobTokenScopeEnabled" in answer.body and b"acme/p155" in answer.body
        return answer

    with GitLab(group_of(60, open_ones=5), after=stop) as gitlab:
        asked = ("collect", "acme", "-o", "file", "--page-size", "10", "-j", "1")
        assert gitlab.run(*asked).code == 4
        gitlab.instance.projects[155].scope.inbound = True
        gitlab.after = None
        assert gitlab.run(*asked, "--resume").code in {0, 3}
    done = call("check", "file", "-f", "json")
    report = json.loads(done.raw)
    still_open = {f"acme/p{number}" for number in range(156, 160)}
    assert report["scan"]["enforcement"] != "on"
    assert still_open <= failed(report, "SL101") | failed(report, "SL101", "unknown")
    assert done.code == (1 if failed(report, "SL101") else 3)


PAGE = Answer(200, b"<html>Sign in at the proxy</html>", "text/html")


@pytest.mark.parametrize(
    "instead",
    [
        json_answer(403, {"message": "403 Forbidden"}),
        json_answer(404, {"message": "404 Project Not Found"}),
        PAGE,
    ],
    ids=["403", "404", "page"],
)
def test_an_open_flag_without_known_enforcement_is_incomplete(instead: Answer) -> None:
    def refuse(request: Request, answer: Answer) -> Answer:
        return instead if request.path.endswith("/job_token_scope") else answer

    with GitLab(group_of(3, open_ones=1), after=refuse) as gitlab:
        code, report = gitlab.report("acme", "--api", "graphql")
    assert failed(report, "SL101", "unknown") == {"acme/p102"}
    assert (code, report["scan"]["complete"]) == (3, False)
    assert "enforcement" in gaps(report)


def test_a_project_that_moves_between_pages_is_found_or_a_gap() -> None:
    """The first project leaves the group after page 1: what follows moves up by one."""
    asked = 0

    def leave(request: Request) -> None:
        nonlocal asked
        if request.path.endswith("/groups/10/projects") or request.path.endswith("acme/projects"):
            asked += 1
            if asked == 2:
                project = gitlab.instance.projects[204]
                gitlab.instance.groups[10].projects.remove(204)
                project.group = 11
                gitlab.instance.add_project(project)

    with GitLab(group_of(105), before=leave) as gitlab:
        code, report = gitlab.report("acme", "--api", "rest", "--select", "SL101")
    assert asked >= 2
    # All but the one that left, or it too, as it was there at the start.
    whole = report["scan"]["projects"]["total"] >= 104
    assert whole or (code == 3 and "count" in gaps(report))


@pytest.mark.parametrize("value", ["false", "0", 0.1, [0], 1, {}])
def test_a_flag_of_another_type_is_not_read(value: Any) -> None:
    after = replaced(r"/101/job_token_scope$", lambda said: {**said, "inbound_enabled": value})
    with GitLab(group_of(2), after=after) as gitlab:
        code, report = gitlab.report("acme", "--api", "rest")
    assert (code, failed(report, "SL901", "unknown")) == (3, {"acme/p101"})


@pytest.mark.parametrize("value", [{}, "", None, 7])
def test_a_list_of_another_type_is_not_read(value: Any) -> None:
    after = replaced(r"/101/job_token_scope/groups_allowlist$", lambda _: value)
    with GitLab(group_of(2), after=after) as gitlab:
        code, report = gitlab.report("acme", "--api", "rest")
    assert (code, report["scan"]["complete"]) == (3, False)
    assert gaps(report) & {"scope", "entries"}


def test_an_empty_list_beside_a_total_is_not_read() -> None:
    def total(request: Request, answer: Answer) -> Answer:
        if request.path.endswith("/101/job_token_scope/groups_allowlist"):
            answer.headers["X-Total"] = "5"
        return answer

    with GitLab(group_of(2), after=total) as gitlab:
        code, report = gitlab.report("acme", "--api", "rest")
    assert (code, report["scan"]["complete"]) == (3, False)


def test_a_setting_of_another_type_is_not_read() -> None:
    data = group_of(2, open_ones=1)
    data["users"].append({"username": "root", "admin": True})
    data["tokens"].append({"token": "glpat-root", "user": "root", "scopes": ["api", "admin_mode"]})
    name = "enforce_ci_inbound_job_token_scope_enabled"
    after = replaced(r"/application/settings$", lambda said: {**said, name: "false"})
    data["projects"][1]["scope"]["inbound"] = True
    with GitLab(data, after=after) as gitlab:
        _, report = gitlab.report("acme", token="glpat-root")
    assert report["scan"]["enforcement"] == "unknown"


def test_a_list_that_goes_on_without_a_cursor_is_a_gap() -> None:
    def cut(said: Any) -> Any:
        """Every connection says that there is more, and not where."""
        if isinstance(said, dict):
            if "hasNextPage" in said:
                return {**said, "hasNextPage": True, "endCursor": None}
            return {key: cut(value) for key, value in said.items()}
        return [cut(each) for each in said] if isinstance(said, list) else said

    with GitLab(group_of(3), after=replaced(r"/api/graphql$", cut)) as gitlab:
        done = gitlab.run("scan", "acme", "--api", "graphql", "-f", "json")
    assert done.code in {3, 4}, done.text
    assert "scopelint itself failed" not in done.err


def test_an_administrator_without_admin_mode_is_told_what_scope_to_add() -> None:
    data = {
        "gitlab": {"version": "18.9.0", "enforce_inbound": False, "admin_mode": True},
        "users": [{"username": "root", "admin": True}],
        "tokens": [{"token": "glpat-root", "user": "root", "scopes": ["api"]}],
        "groups": [{"id": 1, "path": "acme"}, {"id": 2, "path": "shop", "visibility": "public"}],
        "projects": [
            {"id": 10, "path": "acme/hidden", "scope": {"inbound": False}},
            {"id": 11, "path": "shop/seen", "visibility": "public"},
        ],
    }
    with GitLab(data) as gitlab:
        done = gitlab.run("scan", "--instance", "--api", "rest")
    assert done.code != 0 or "acme/hidden" in done.text
    assert "admin_mode" in done.err


def test_a_private_project_with_an_open_registry_is_not_closed() -> None:
    pair = ("corp/apps/web", "corp/pkg/priv-pubreg")
    words = "without any token"
    with GitLab("open-registry-of-private-project.yml") as gitlab:
        assert words in gitlab.run("can-access", *pair).expect(1).out
        gitlab.run("collect", "corp", "--api", "rest", "-o", "file").expect(0)
        _, report = gitlab.report("corp", "--api", "rest", "--select", "SL104")
        _, unread = gitlab.report("corp/pkg", "--api", "graphql", "--select", "SL104")
    assert words in call("reach", pair[1], "--from", "file").out
    assert pair[1] in failed(report, "SL104")
    # GraphQL shows no level of a private project, so nothing is said to have passed.
    [rule] = [rule for rule in unread["rules"] if rule["code"] == "SL104"]
    judged = sum(rule["outcomes"].values())
    assert judged < unread["scan"]["projects"]["read"]


def test_what_is_left_out_is_told_to_people() -> None:
    config = {"ignore": ["SL1", "SL3"]}
    Path("scopelint.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    formats = {name: f"out.{name}" for name in ("html", "markdown", "console")}
    reports = [f"--report={name}={path}" for name, path in formats.items()]
    with GitLab(yaml.safe_load(INVENTORY)) as gitlab:
        done = gitlab.run("scan", "acme", "--exclude", "acme/web/**", *reports, "--exit-zero")
        done.expect(0)
        narrow = gitlab.run("scan", "acme", "--select", "SL4")
    for name, path in formats.items():
        text = Path(path).read_text(encoding="utf-8")
        assert "acme/web/**" in text, name
        assert "SL101" in text or "SL1" in text, name
        assert "2 of 2 projects" not in text, name
    assert "Nothing was left out" not in narrow.text


@pytest.fixture
def report() -> Path:
    """A JSON report with a new high finding."""
    with GitLab(group_of(2, open_ones=1)) as gitlab:
        gitlab.run("scan", "acme", "--exit-zero", "-f", "json", "-o", "report.json").expect(0)
    return Path("report.json")


def test_a_report_whose_counts_hide_its_findings_is_refused(report: Path) -> None:
    data = json.loads(report.read_text("utf-8"))
    data["summary"] = dict.fromkeys(data["summary"], 0)
    report.write_text(json.dumps(data), "utf-8")
    call("gate", report).expect(2, "contradicts itself")


def test_a_report_that_is_complete_beside_a_gap_is_refused(report: Path) -> None:
    data = json.loads(report.read_text("utf-8"))
    data["findings"] = []
    data["summary"] = dict.fromkeys(data["summary"], 0)
    project = {"id": 101, "path": "acme/p101"}
    data["scan"]["gaps"] = [
        {"fact": "scope", "project": project, "reason": "forbidden", "detail": ""}
    ]
    data["scan"]["complete"] = True
    report.write_text(json.dumps(data), "utf-8")
    call("gate", report).expect(2, "contradicts itself")


def test_a_configuration_named_yaml_is_read() -> None:
    text = yaml.safe_dump({"gate": {"fail_on": "never"}})
    Path("scopelint.yaml").write_text(text, encoding="utf-8")
    with GitLab(group_of(2, open_ones=1)) as gitlab:
        gitlab.run("scan", "acme").expect(0)


def test_two_configurations_are_refused_naming_both() -> None:
    for name in ("scopelint.yml", "scopelint.yaml"):
        Path(name).write_text("{}", encoding="utf-8")
    with GitLab(group_of(1)) as gitlab:
        gitlab.run("scan", "acme").expect(2, "scopelint.yml", "scopelint.yaml")


@pytest.mark.parametrize("state", ["vanished", "elsewhere"])
def test_a_snapshot_with_a_project_of_unknown_state_is_refused(state: str) -> None:
    with GitLab(group_of(2, open_ones=1)) as gitlab:
        gitlab.run("collect", "acme", "-o", "file").expect(0)
    database = sqlite3.connect("file")
    with database:
        database.execute("UPDATE projects SET state = ? WHERE id = 101", [state])
    database.close()
    call("check", "file").expect(2)
