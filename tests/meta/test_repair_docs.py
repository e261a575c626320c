"""docs/repair.md: every command on the page works, in the order in which it stands there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scopelint.errors import ExitCode
from scopelint.registry import find_rules
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import Ran, run
from tests.meta.sources import ROOT

pytestmark = pytest.mark.slow

EXAMPLE_URL = "https://gitlab.example.com"
READER, WRITER = "glpat-repair-reader", "glpat-repair-writer"
INVENTORY = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot}}]
tokens:
  - {{token: {READER}, user: bot, scopes: [read_api]}}
  - {{token: {WRITER}, user: bot, scopes: [api]}}
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{path: acme}}]
projects: []
generate:
  - {{under: acme, projects: 40, groups: 5, entries: 2, open_share: 0.6, seed: 3, log: 3}}
"""
TEXT = (ROOT / "docs" / "repair.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
CODES = {"scopelint plan acme.snapshot --select SL4 --exit-code": ExitCode.DRIFT}
"""The lines, by how they begin, whose exit code is not 0."""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Ran], Path]]:
    """Run every line of the page in one folder; give what each did."""
    folder = tmp_path_factory.mktemp("repair")
    with Simulator(load_instance(INVENTORY)) as gitlab:
        extra = {"SCOPELINT_TOKEN": WRITER, "SCOPELINT_URL": gitlab.url}
        ran = {
            line: run(["bash", "-uc", line.replace(EXAMPLE_URL, gitlab.url)], folder, extra)
            for line in LINES
        }
        assert gitlab.crashes == []
        yield ran, folder


@pytest.mark.parametrize("line", LINES)
def test_every_command_works(walked: tuple[dict[str, Ran], Path], line: str) -> None:
    ran, _ = walked
    code = next((code for begins, code in CODES.items() if line.startswith(begins)), ExitCode.OK)
    assert ran[line].code == code, ran[line].out + ran[line].err
    assert "Traceback" not in ran[line].err
    assert WRITER not in ran[line].out + ran[line].err


def test_the_page_has_its_lines() -> None:
    assert len(LINES) == len(set(LINES))
    assert all(line.startswith("scopelint ") for line in LINES)


def test_the_suggestion_closes_every_open_project(walked: tuple[dict[str, Ran], Path]) -> None:
    _, folder = walked
    plan = json.loads((folder / "close.plan.json").read_text(encoding="utf-8"))
    closed = {
        project["path"]
        for project in plan["projects"]
        if any(action["operation"] == "set-inbound" for action in project["actions"])
    }
    resting = [
        action["rests_on_log"]
        for project in plan["projects"]
        for action in project["actions"]
        if action["operation"] in {"set-inbound", "remove-entry"}
    ]
    assert all(resting)
    check = "scopelint check acme.snapshot --select SL101 --exit-zero -f json"
    report = json.loads(run([*check.split()], folder).out)
    assert {finding["project"]["path"] for finding in report["findings"]} == closed
    assert len(closed) > 10


def test_a_plan_reads_as_the_page_shows_it(walked: tuple[dict[str, Ran], Path]) -> None:
    ran, _ = walked
    [out] = [
        each.out
        for line, each in ran.items()
        if line.startswith("scopelint suggest acme.snapshot -o")
    ]
    [shown] = re.findall(r"^```text\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    signs = {line.split()[0] for line in shown.splitlines()[1:] if line.startswith("  ")}
    assert signs >= {"+", "~", "-"}
    assert "  ~ limit access to this project: off -> on\n" in out
    assert (
        "      any project's job token is accepted today; the origins in the log stay allowed\n"
        in out
    )
    assert re.search(r"^  \+ project \S+\n      used, last on \d{4}-\d\d-\d\d$", out, re.MULTILINE)
    places = [out.index(text) for text in ("\nPlan: ", "\nFindings: ", "It cannot tell:")]
    assert places == sorted(places)


def test_every_rule_on_the_page_is_one() -> None:
    assert set(re.findall(r"SL\d{3}", TEXT)) <= set(find_rules())


def summary(folder: Path, old: str, new: str) -> dict[str, int]:
    compared = run([*f"scopelint diff {old}.snapshot {new}.snapshot -f json".split()], folder)
    found: dict[str, int] = json.loads(compared.out)["summary"]
    return found


def test_all_is_closed_and_then_as_it_was(walked: tuple[dict[str, Ran], Path]) -> None:
    _, folder = walked
    closed = summary(folder, "acme", "closed")
    assert closed["access_gained"] == 0
    assert closed["access_lost"] > 10
    assert closed["findings_new"] == 0
    undone = summary(folder, "acme", "undone")
    kept = ("access_gained", "access_lost", "settings", "entries_added", "entries_removed")
    assert [undone[name] for name in kept] == [0] * 5
