"""What an apply changed is restored, where nobody else changed it since."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scopelint.errors import UsageError
from scopelint.repair.actions import inverse
from scopelint.repair.apply import open_journal
from scopelint.repair.journal import Journal, Record
from scopelint.repair.plan_file import Plan
from scopelint_simulator import Simulator
from scopelint_simulator.request import Request
from tests.repair import applying as kit
from tests.repair.applying import CORE, LIB, OLD, SHOP, SITE, WEB, act, entry

pytestmark = pytest.mark.slow


@pytest.fixture
def gitlab() -> Iterator[Simulator]:
    with kit.serve() as running:
        yield running
        assert running.crashes == []


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_everything_is_restored(gitlab: Simulator, journal: Path) -> None:
    before = kit.states(gitlab)
    kit.run_apply(gitlab.url, kit.plan(gitlab, kit.everything(gitlab)), journal)
    results = kit.run_undo(gitlab.url, journal)
    assert set(kit.statuses(results).values()) == {"done"}
    assert kit.states(gitlab) == before
    writes = gitlab.counts["writes"]
    again = kit.run_undo(gitlab.url, journal)
    assert all(report.finished_earlier for report in again.all)
    assert gitlab.counts["writes"] == writes


def test_an_undo_follows_the_safe_order_too(gitlab: Simulator, journal: Path) -> None:
    kit.run_apply(gitlab.url, kit.plan(gitlab, kit.everything(gitlab)), journal)
    seen: list[str] = []
    with kit.meddling(gitlab, before=lambda request: seen.append(kit.names(request))):
        kit.run_undo(gitlab.url, journal, concurrency=1)
    shop = [line for line in seen if "/projects/101" in line or "acme/web/shop" in line]
    kinds = ["DELETE" if line.startswith("DELETE") else "other" for line in shop]
    assert kinds == ["other"] * 4 + ["DELETE"] * 2


def test_what_was_changed_since_is_left(gitlab: Simulator, journal: Path) -> None:
    kit.run_apply(gitlab.url, kit.plan(gitlab, kit.everything(gitlab)), journal)
    rows = gitlab.instance.projects[SHOP].scope.entries
    for row in rows:
        if (row.kind, row.target) == ("project", SITE):
            row.policies = ("ADMIN_JOBS",)
    kit.add_row(gitlab, SHOP, "group", 20)
    results = kit.run_undo(gitlab.url, journal)
    assert kit.statuses(results) == {SHOP: "moved", SITE: "done", CORE: "done"}
    assert "left, it was changed since: add project acme/web/site" in kit.reasons(results)
    keys = {one.key: one.policies for one in kit.state(gitlab, SHOP).entries}
    assert keys == {
        "group:20": (),
        f"group:{WEB}": (),
        f"group:{LIB}": ("READ_PACKAGES",),
        f"project:{CORE}": (),
        f"project:{SITE}": ("ADMIN_JOBS",),
    }


def test_what_somebody_restored_already(gitlab: Simulator, journal: Path) -> None:
    kit.run_apply(gitlab.url, kit.plan(gitlab, {CORE: kit.everything(gitlab)[CORE]}), journal)
    kit.drop_rows(gitlab, CORE)
    writes = gitlab.counts["writes"]
    assert kit.statuses(kit.run_undo(gitlab.url, journal)) == {CORE: "done"}
    assert gitlab.counts["writes"] == writes


def test_a_full_list_gets_no_entry_back(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, {SHOP: [act("remove-entry", entry=entry(gitlab, "project", CORE))]})
    kit.run_apply(gitlab.url, made, journal)
    kit.fill(gitlab, SHOP)
    results = kit.run_undo(gitlab.url, journal)
    assert kit.statuses(results) == {SHOP: "moved"}
    assert "the allowlist is full now" in kit.reasons(results)


def test_an_undone_journal_is_not_resumed(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, kit.everything(gitlab))
    kit.run_apply(gitlab.url, made, journal)
    kit.run_undo(gitlab.url, journal)
    with pytest.raises(UsageError, match="was undone"):
        open_journal(journal, made)
    # A new journal may do it again.
    results = kit.run_apply(gitlab.url, made, journal.with_name("second"))
    assert set(kit.statuses(results).values()) == {"done"}


def test_another_plans_journal_is_refused(gitlab: Simulator, journal: Path) -> None:
    kit.run_apply(gitlab.url, kit.plan(gitlab, kit.everything(gitlab)), journal)
    other = kit.plan(gitlab, {OLD: [act("set-push", value=True)]})
    with pytest.raises(UsageError, match="belongs to another plan"):
        open_journal(journal, other)


def test_a_write_in_doubt_is_looked_up(gitlab: Simulator, journal: Path) -> None:
    """A run that died after sending leaves an intent: undo finds out whether it was done."""
    kit.run_apply(gitlab.url, kit.plan(gitlab, {CORE: kit.everything(gitlab)[CORE]}), journal)
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:3]))
    assert kit.records(journal)[-1]["record"] == "intent"
    kit.run_undo(gitlab.url, journal)
    assert kit.state(gitlab, CORE).entries == ()


def test_an_interrupted_run_is_resumed(gitlab: Simulator, journal: Path) -> None:
    """From any line of the journal on, with the last write done or not."""
    made = kit.plan(gitlab, kit.everything(gitlab))
    kit.run_apply(gitlab.url, made, journal, concurrency=1)
    goal = kit.states(gitlab)
    whole = journal.read_text().splitlines(keepends=True)
    kit.run_undo(gitlab.url, journal)
    for keep in range(1, len(whole)):
        with kit.serve() as fresh:
            fresh_made = kit.plan(fresh, kit.everything(fresh))
            seen: list[Request] = []
            path = journal.with_name(f"{keep}")
            _stop_after(fresh, fresh_made, path, keep)
            with kit.meddling(fresh, before=seen.append):
                results = kit.run_apply(fresh.url, fresh_made, path, resume=True)
            assert set(kit.statuses(results).values()) == {"done"}, keep
            assert kit.states(fresh) == goal
            assert kit.run_undo(fresh.url, path).of("moved") == []


def _stop_after(gitlab: Simulator, made: Plan, path: Path, keep: int) -> None:
    """Apply, and die when this many lines are in the journal."""
    add = Journal.add

    class DiedError(Exception):
        pass

    def counting(self: Journal, record: Record) -> None:
        if len(path.read_bytes().splitlines()) >= keep:
            raise DiedError
        add(self, record)

    Journal.add = counting  # type: ignore[method-assign]
    try:
        with pytest.raises(DiedError):
            kit.run_apply(gitlab.url, made, path, concurrency=1)
    finally:
        Journal.add = add  # type: ignore[method-assign]


def test_what_undoes_an_action(gitlab: Simulator) -> None:
    for actions in kit.everything(gitlab).values():
        for action in actions:
            back = inverse(action)
            assert back is not None
            twice = inverse(back)
            assert twice is not None
            same = {"operation", "entry", "was", "value"}
            assert twice.model_dump(include=same) == action.model_dump(include=same)
    left = entry(gitlab, "project", OLD)
    assert inverse(act("remove-outbound-entry", entry=left)) is None
    assert inverse(act("set-outbound", value=False)) is None
