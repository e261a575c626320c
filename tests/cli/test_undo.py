"""`scopelint undo`: what it asks, what it tells."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scopelint_simulator import Simulator
from tests.cli.kit import call
from tests.repair import applying
from tests.repair.applying import SHOP


@pytest.fixture
def server() -> Iterator[Simulator]:
    with applying.serve() as running:
        yield running
        assert running.crashes == []


@pytest.fixture
def journal(server: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    made = applying.plan(server, applying.everything(server))
    Path("plan.json").write_text(made.text())
    call("apply", "plan.json", "--url", server.url, "--yes").expect(0)
    return Path("plan.json.journal")


def test_it_takes_all_back_once(server: Simulator, journal: Path) -> None:
    result = call("undo", journal, "--url", server.url, "--yes").expect(0, "Undoes, in")
    assert "undone in 3 projects: " in result.out
    assert "2 entries were added again: when and by whom they were added" in result.out
    again = call("undo", journal, "--url", server.url, "--yes").expect(0)
    assert again.out == "there is nothing to undo\n"


def test_what_was_changed_since_is_left(server: Simulator, journal: Path) -> None:
    applying.drop_rows(server, SHOP)
    result = call("undo", journal, "--url", server.url, "--yes").expect(5)
    assert "left, it was changed since: change project acme/lib/core to READ_PACKAGES" in result.out
    assert "1 project had moved" in result.out
    assert "done before: " in result.out


def test_nothing_is_done_unasked(server: Simulator, journal: Path) -> None:
    writes = server.counts["writes"]
    call("undo", journal, "--url", server.url).expect(2, "no terminal to ask on")
    call("undo", journal, "--yes").expect(2, f"this is for {server.url}")
    assert server.counts["writes"] == writes


def test_a_token_that_may_not_write(
    server: Simulator, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.READER)
    call("undo", journal, "--url", server.url, "--yes").expect(4, "too small to change anything")


def test_what_is_no_journal(place: Path) -> None:
    call("undo", "gone", "--yes").expect(2, "the journal gone cannot be read")
    Path("empty").touch()
    call("undo", "empty", "--yes").expect(2, "it is empty")
