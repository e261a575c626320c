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
from tests.repair.applying import CORE, LIB, OLD, SECRET, SHOP, SITE, WEB, act, entry

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


def test_an_undo_goes_on_after_what_gitlab_refuses(gitlab: Simulator, journal: Path) -> None:
    """A removed entry whose target is out of sight stays away; all else comes back, and it is named."""
    kit.hide(gitlab, SHOP)
    before = kit.state(gitlab, SHOP)
    hidden = entry(gitlab, "project", SECRET)
    actions = [*kit.everything(gitlab)[SHOP], act("remove-entry", entry=hidden)]
    kit.run_apply(gitlab.url, kit.plan(gitlab, {SHOP: actions}), journal)
    for _ in range(2):
        results = kit.run_undo(gitlab.url, journal)
        assert kit.statuses(results) == {SHOP: "failed"}
        after = kit.state(gitlab, SHOP)
        left = [one for one in before.entries if one.key != hidden.key]
        assert after.digest == before.model_copy(update={"entries": tuple(left)}).digest
        [said] = [line for one in results.all for line in (*one.reasons, *one.notes)]
        assert said.startswith(
            "not as before: the entry project hidden/secret is gone (add project hidden/secret"
            " (default permissions): GitLab refused (HTTP 400): The target_project that you are"
        )


def test_an_undo_keeps_what_stands_in_for_what_is_refused(gitlab: Simulator, journal: Path) -> None:
    """The narrower entry that replaced a group stays where the group does not come back."""
    kit.hide(gitlab, SHOP, "group")
    wide, narrow = entry(gitlab, "group", 20), entry(gitlab, "project", SECRET)
    made = kit.plan(
        gitlab,
        {
            SHOP: [
                act("add-entry", entry=narrow),
                act("set-push", value=False),
                act("remove-entry", entry=wide),
            ]
        },
    )
    kit.run_apply(gitlab.url, made, journal, token=kit.ROOT)
    results = kit.run_undo(gitlab.url, journal)
    assert kit.statuses(results) == {SHOP: "failed"}
    assert kit.state(gitlab, SHOP).push
    assert narrow.key in {one.key for one in kit.state(gitlab, SHOP).entries}
    said = kit.reasons(results)
    assert "not as before: the entry group hidden is gone (add group hidden" in said
    assert (
        "not as before: the entry project hidden/secret is new (left, it goes with what is not done:"
        " add group hidden (default permissions))"
    ) in said
    assert set(kit.statuses(kit.run_undo(gitlab.url, journal, token=kit.ROOT)).values()) == {"done"}


def test_a_limit_goes_on_again_only_when_all_entries_are_back(
    gitlab: Simulator, journal: Path
) -> None:
    kit.hide(gitlab, SHOP)
    made = kit.plan(
        gitlab,
        {
            SHOP: [
                act("set-inbound", value=False),
                act("remove-entry", entry=entry(gitlab, "project", SECRET)),
            ]
        },
    )
    kit.run_apply(gitlab.url, made, journal)
    results = kit.run_undo(gitlab.url, journal)
    assert not kit.state(gitlab, SHOP).inbound
    assert "the limit is off, not on (left, it goes with what is not done" in kit.reasons(results)


def test_an_undo_adds_narrow_entries_before_wide_ones(gitlab: Simulator, journal: Path) -> None:
    """Else a narrow entry's origins could do more between the two writes."""
    rows = [entry(gitlab, "group", WEB), entry(gitlab, "project", CORE)]
    rows.append(entry(gitlab, "group", LIB, "READ_PACKAGES"))
    made = kit.plan(gitlab, {SHOP: [act("remove-entry", entry=row) for row in rows]})
    kit.run_apply(gitlab.url, made, journal)
    seen: list[str] = []
    with kit.meddling(gitlab, before=lambda request: seen.append(kit.names(request))):
        kit.run_undo(gitlab.url, journal, concurrency=1)
    assert "groups_allowlist" not in seen[0]
    assert seen[0].startswith("POST")
    assert len(seen) == len(rows)


def test_what_others_changed_besides_is_named(gitlab: Simulator, journal: Path) -> None:
    kit.run_apply(gitlab.url, kit.plan(gitlab, {CORE: kit.everything(gitlab)[CORE]}), journal)
    kit.add_row(gitlab, CORE, "group", WEB)
    results = kit.run_undo(gitlab.url, journal)
    assert kit.statuses(results) == {CORE: "done"}
    said = "not as before: the entry group acme/web is new (somebody else changed it since)"
    assert said in kit.reasons(results)


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
