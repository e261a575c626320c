"""No command but `apply` and `undo` changes anything in GitLab."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from scopelint.cli import COMMANDS
from scopelint_simulator import Simulator
from scopelint_simulator.answer import Answer
from scopelint_simulator.faults import Verdict
from scopelint_simulator.request import Request
from tests.cli.fixtures import place
from tests.cli.kit import call
from tests.meta.sources import ROOT, modules, tree
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
    "can-access": [PROJECTS],
    "plan": [("one.snapshot", "-o", "plan.json", "--unsafe")],
    "suggest": [("one.snapshot", "-o", "suggested.json")],
    "gate": [("report.json",)],
    "baseline": [("create", "report.json", "-o", "baseline.json")],
    "export": [("jsonl", "one.snapshot", "-o", "inventory")],
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


WRITER = ROOT / "scopelint" / "collector" / "write.py"
CLIENTS = ROOT / "scopelint" / "collector"
VERBS = {"post", "put", "patch", "delete"}
CALLS = {*VERBS, *(f"http_{verb}" for verb in VERBS), "save", "create"}
QUEUES = {"self._jobs", "self._results"}
"""What is put there stays in this process."""


def _writes(path: Path) -> Iterator[str]:
    """Yield what in a module sends something else than a question."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr=name)) if name in CALLS:
                if ast.unparse(of) not in QUEUES:
                    yield f"{node.lineno}: {name}()"
            case ast.Constant(value=str(text)) if text.lower() in VERBS:
                yield f"{node.lineno}: {text}"
            case ast.Constant(value=str(text)) if text.lstrip().startswith("mutation "):
                yield f"{node.lineno}: a mutation"
            case ast.keyword(arg="write", value=ast.Constant(value=True)):
                yield "write=True"
            case _:
                continue


def test_only_one_module_can_write() -> None:
    # That only the collector talks to GitLab is held by the import contracts.
    found = {path.name: list(_writes(path)) for path in modules() if path.is_relative_to(CLIENTS)}
    assert {name for name, writes in found.items() if writes} == {WRITER.name, "connection.py"}
    # GraphQL's questions are sent by POST too.
    [post] = found["connection.py"]
    assert post.endswith("post()")
    assert "client.post(url, json=payload)" in (CLIENTS / "connection.py").read_text()
    kinds = {write.partition(": ")[2] or write for write in found["write.py"]}
    assert kinds == {"post", "put", "patch", "delete", "a mutation", "write=True"}


def test_only_apply_and_undo_use_it() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "scopelint.repair.write"
    }
    assert users == {
        "scopelint/repair/apply.py",
        "scopelint/repair/step_runner.py",
        "scopelint/repair/undo.py",
    }
    performing = {
        path.stem
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module in {"scopelint.repair.apply", "scopelint.repair.undo"}
    }
    assert performing == {"apply", "undo"}
