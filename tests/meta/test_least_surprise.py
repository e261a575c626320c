"""No command but `apply`, `undo` and `publish --yes` changes anything in GitLab."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode as Operation
from graphql import OperationType, parse

from scopelint.cli import COMMANDS
from scopelint.collect import user_namespaces
from scopelint.collect.audit_events import last_change
from scopelint.collect.current_state import CurrentState
from scopelint.collect.graphql_reader import GraphQLReader
from scopelint.collect.reader import Reader, TargetRef
from scopelint.collect.rest_reader import RestReader
from scopelint.gitlab.ask import UnreadableError
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.delivery import Delivery
from scopelint.gitlab.own_token import own_token
from scopelint.gitlab.rest_write import WriteRefusedError
from scopelint.gitlab.write import Writer
from scopelint.model import EntryKind
from scopelint.snapshot import Filters
from scopelint.text import Secret
from scopelint_simulator import Simulator
from scopelint_simulator.answer import Answer
from scopelint_simulator.faults import Verdict
from scopelint_simulator.request import Request
from tests.cli.fixtures import place
from tests.cli.kit import call
from tests.collect.kit import connect
from tests.repair import applying

__all__ = ["place"]

WRITING = {"apply", "undo"}
PROJECTS = ("acme/lib/core", "acme/web/shop")
RUNS: dict[str, list[tuple[object, ...]]] = {
    "collect": [
        ("acme", "-o", "one.snapshot", "--usage"),
        ("acme", "-o", "rest.snapshot", "--api", "rest"),
        ("--instance", "-o", "all.snapshot"),
    ],
    "scan": [
        ("acme", "-f", "json", "-o", "report.json", "--usage"),
        ("--instance", "--select", "SL", "--exit-zero"),
        ("acme", "--api", "rest", "--exit-zero"),
    ],
    "check": [("one.snapshot",)],
    "diff": [("one.snapshot", "one.snapshot")],
    "reach": [(PROJECTS[1],), (PROJECTS[1], "--transitive")],
    "can-access": [PROJECTS, (PROJECTS[0], "acme/nowhere")],
    "why": [("Authentication by CI/CD job token not allowed", "--offline")],
    "trend": [("report.json",)],
    "plan": [("one.snapshot", "-o", "plan.json", "--unsafe")],
    "suggest": [("one.snapshot", "-o", "suggested.json")],
    "gate": [("report.json",)],
    "baseline": [("create", "report.json", "-o", "baseline.json")],
    "export": [("jsonl", "one.snapshot", "-o", "inventory")],
    "publish": [
        ("issues", "report.json", "--project", PROJECTS[1]),
        ("controls", "report.json", "--control", "5", "--fail-on", "high"),
        ("note", "report.json", "--project", PROJECTS[1], "--merge-request", "1"),
    ],
    "rules": [()],
    "explain": [("SL101",)],
    "config": [("init",), ("check",), ("show",), ("schema",)],
    "doctor": [("acme",)],
    "demo": [()],
    "simulate": [("no-such-inventory.yml",)],
}
"""How each command is run, in this order; `simulate` serves and asks nobody."""
OFFLINE = {
    "check",
    "diff",
    "why",
    "trend",
    "plan",
    "suggest",
    "gate",
    "baseline",
    "export",
    "rules",
    "explain",
    "config",
    "simulate",
}
CODES = {0, 1, 3, 5}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that any simulator of this process gets."""
    requests: list[Request] = []
    answer = Simulator.answer

    def listening(self: Simulator, request: Request, path: str) -> tuple[Answer, Verdict]:
        requests.append(request)
        return answer(self, request, path)

    monkeypatch.setattr(Simulator, "answer", listening)
    return requests


@pytest.fixture
def gitlab(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A GitLab, and an administrator's token that could change all of it."""
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.ROOT)
    with applying.serve() as running:
        monkeypatch.setenv("SCOPELINT_URL", running.url)
        monkeypatch.setenv("SCOPELINT_CONTROL_SECRET", "of-the-control")
        running.instance.delivery.notes[101, 1] = []
        yield running


def test_every_command_is_run_here() -> None:
    assert set(RUNS) | WRITING == set(COMMANDS)


def test_no_other_command_writes(gitlab: Simulator, heard: list[Request]) -> None:
    before = applying.states(gitlab)
    for name, runs in RUNS.items():
        for arguments in runs:
            start = len(heard)
            result = call(name, *arguments)
            expected = {2} if name == "simulate" else CODES
            assert result.code in expected, (name, arguments, result.text)
            assert bool(heard[start:]) is (name not in OFFLINE), name
            assert not [applying.names(one) for one in heard[start:] if applying.is_write(one)]
    assert gitlab.counts["writes"] == 0
    assert applying.states(gitlab) == before
    assert {request.method for request in heard} == {"GET", "POST"}
    assert all(request.path.endswith("/api/graphql") for request in heard if request.body)


def test_the_writing_ones_are_seen_to_write(gitlab: Simulator, heard: list[Request]) -> None:
    """Without this, the test above could pass by hearing nothing."""
    Path("plan.json").write_text(applying.plan(gitlab, applying.everything(gitlab)).text())
    call("apply", "plan.json", "--yes").expect(0)
    applied = [applying.names(one) for one in heard if applying.is_write(one)]
    assert len(applied) == gitlab.counts["writes"] == 10
    call("undo", "plan.json.journal", "--yes").expect(0)
    assert gitlab.counts["writes"] == 20
    call("scan", "acme", "-f", "json", "-o", "report.json", "--exit-zero").expect(0)
    for arguments in RUNS["publish"][::2]:  # there is no control here
        call("publish", *arguments, "--yes").expect(0)
    assert gitlab.counts["writes"] > 21
    assert any(each.path.endswith("/issues") for each in heard if each.method == "POST")


def _public(of: type) -> set[str]:
    return {name for name, value in vars(of).items() if callable(value) and name[0] != "_"}


def _read_all(connection: Connection) -> dict[type, set[str]]:
    """Call every method that asks GitLab something; return their names by class."""
    group, shop = TargetRef("group", "acme"), TargetRef("project", PROJECTS[1])
    state = CurrentState(connection)
    by_graphql = GraphQLReader(connection, Filters(usage=True), [group, shop])
    by_rest = RestReader(connection, Filters())
    called: dict[type, set[str]] = {}
    named: tuple[tuple[EntryKind, str], ...] = (("group", "acme"), ("project", PROJECTS[1]))
    readers: tuple[GraphQLReader | RestReader, ...] = (by_graphql, by_rest)
    for reader in readers:
        found = reader.resolve([group, shop, TargetRef("instance")])
        listed = [one for target in found for one in reader.projects(target, None).items]
        assert [reader.groups(target, None) for target in found if target.kind != "project"]
        assert reader.read(listed[: reader.batch])
        if reader is by_graphql:
            assert by_graphql.with_log().read(listed[:1])
        reader.unavailable()
        for kind, path in named:
            (number,) = reader.find(kind, [path]).values()
            assert reader.targets(kind, [number])
        called[type(reader)] = _public(Reader) - {"api"}
    called[GraphQLReader] |= {"with_log"}
    [number] = by_rest.find("project", [PROJECTS[1]]).values()
    by_rest.effective(number)
    by_rest.enforced_by_setting()
    user_namespaces.find(connection, TargetRef("any", "auditor"))
    own_token(connection)
    project = state.project(number, PROJECTS[1])
    by_rest.reveal(project, ())
    last_change(by_rest, number, datetime.now(UTC))
    called[RestReader] |= {"effective", "enforced_by_setting", "keyset_page", "reveal"}
    state.target_path("project", number)
    state.effective(number)
    state.visible("project", {number: PROJECTS[1]})
    state.require_write()
    called[CurrentState] = {"project", "target_path", "effective", "require_write", "visible"}
    return called


def test_reading_sends_gets_and_queries_alone(gitlab: Simulator, heard: list[Request]) -> None:
    with connect(gitlab.url, applying.ROOT) as connection:
        called = _read_all(connection)
    assert called == {of: _public(of) for of in called}, "a method is not called here"
    posts = [request for request in heard if request.method != "GET"]
    assert {(request.method, request.path) for request in posts} == {("POST", "/api/graphql")}
    for request in posts:
        document = parse(json.loads(request.body)["query"])
        kinds = {each.operation for each in document.definitions if isinstance(each, Operation)}
        assert kinds == {OperationType.QUERY}
    assert any(request.method == "GET" for request in heard)


PROJECT, OTHER = 101, 103
WRITES: dict[str, tuple[tuple[object, ...], str]] = {
    "set_inbound": ((PROJECT, True), "PATCH /projects/101/job_token_scope"),
    "set_push": ((PROJECT, True), "PUT /projects/101"),
    "add_entry": ((PROJECT, "group", 11), "POST /projects/101/job_token_scope/groups_allowlist"),
    "remove_entry": (
        (PROJECT, "project", OTHER),
        "DELETE /projects/101/job_token_scope/allowlist/103",
    ),
    "set_cross_project_push": ((PROJECTS[1], True), "projectCiCdSettingsUpdate"),
    "end_outbound": ((PROJECTS[1],), "projectCiCdSettingsUpdate"),
    "add_fine_grained": (
        (PROJECTS[1], "project", OTHER, ("READ_JOBS",)),
        "ciJobTokenScopeAddGroupOrProject",
    ),
    "update_policies": (
        (PROJECTS[1], PROJECTS[0], False, ("READ_JOBS",)),
        "ciJobTokenScopeUpdatePolicies",
    ),
    "remove_outbound_entry": ((PROJECTS[1], PROJECTS[0]), "ciJobTokenScopeRemoveProject"),
}
"""Every method of the writer: with what it is called, and the one request that it sends."""


DELIVERED: dict[str, tuple[tuple[object, ...], dict[str, object], str]] = {
    "create_issue": (
        ("101",),
        {"title": "a", "description": "b", "labels": ("c",), "hidden": True},
        "POST /projects/101/issues",
    ),
    "update_issue": (("101", 1, {"title": "b"}), {}, "PUT /projects/101/issues/1"),
    "add_issue_note": (("101", 1, "text"), {}, "POST /projects/101/issues/1/notes"),
    "add_note": (("101", 1, "text"), {}, "POST /projects/101/merge_requests/1/notes"),
    "update_note": (("101", 1, 2, "x"), {}, "PUT /projects/101/merge_requests/1/notes/2"),
    "delete_note": (("101", 1, 2), {}, "DELETE /projects/101/merge_requests/1/notes/2"),
    "set_control": (
        (101, 5, "pass", Secret("of-the-control")),
        {},
        "PATCH /projects/101/compliance_external_controls/5/status",
    ),
}
"""Every method of `Delivery` that writes: with what it is called, and the one request it sends."""
READ: dict[str, tuple[object, ...]] = {
    "own_user": (),
    "issues": ("101", "label"),
    "issues_with": ("101", "words"),
    "issue_notes": ("101", 1),
    "merge_request_notes": ("101", 1),
}
"""Every other one."""


@pytest.mark.parametrize("name", [*DELIVERED, *READ])
def test_a_delivery_writes_by_one_request_or_only_reads(
    name: str, gitlab: Simulator, heard: list[Request]
) -> None:
    assert {*DELIVERED, *READ} == _public(Delivery)
    arguments, options, sent = DELIVERED.get(name, (READ.get(name, ()), {}, ""))
    not_there = contextlib.suppress(WriteRefusedError, UnreadableError)
    with connect(gitlab.url, applying.ROOT) as connection, not_there:
        getattr(Delivery(connection), name)(*arguments, **options)
    asked = [f"{each.method} {each.path.removeprefix('/api/v4')}" for each in heard]
    assert asked
    writes = [each for each in asked if not each.startswith("GET ")]
    assert writes == ([sent] if sent else [])


@pytest.mark.parametrize("name", WRITES)
def test_every_write_is_one_request(name: str, gitlab: Simulator, heard: list[Request]) -> None:
    assert set(WRITES) == _public(Writer)
    arguments, sent = WRITES[name]
    with connect(gitlab.url, applying.ROOT) as connection:
        writer = Writer(connection, "", lambda *_: PROJECTS[0])
        with contextlib.suppress(WriteRefusedError):  # what is there already, or is not
            getattr(writer, name)(*arguments)
    [write] = [applying.names(request) for request in heard if applying.is_write(request)]
    assert sent in write.replace("/api/v4", "")
