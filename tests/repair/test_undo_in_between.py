"""Whatever happens between an apply and the end of its undo: no access is lost, and all is named."""

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scopelint.access import Answer, decide
from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.repair.actions import subject
from scopelint.repair.journal import Journal, Record
from scopelint.repair.plan_text import differences
from scopelint.repair.pool import MAX_FAILURES
from scopelint_simulator import Faults, Simulator
from scopelint_simulator.answer import Answer as Reply
from scopelint_simulator.faults import Verdict
from scopelint_simulator.instance import Outside
from scopelint_simulator.request import Request
from tests.examples import examples
from tests.repair import applying as kit
from tests.repair.applying import CORE, LIB, OLD, SECRET, SHOP, SITE, act, entry
from tests.repair.test_apply_random import SOURCES, TARGETS, actions_of, project, set_up

pytestmark = pytest.mark.slow


@pytest.fixture
def gitlab() -> Iterator[Simulator]:
    with kit.serve() as running:
        yield running
        assert running.crashes == []


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def keys(gitlab: Simulator, number: int) -> set[str]:
    return {one.key for one in kit.state(gitlab, number).entries}


def test_while_the_limit_stays_on_nothing_is_taken_from_its_list(
    gitlab: Simulator, journal: Path
) -> None:
    """The instance enforces the limit by now: who was let in by an open limit keeps its entry."""
    added = entry(gitlab, "project", OLD)
    made = kit.plan(gitlab, {SITE: [act("add-entry", entry=added), act("set-inbound", value=True)]})
    kit.run_apply(gitlab.url, made, journal)
    gitlab.instance.settings.enforce_inbound = True
    for _ in range(2):
        results = kit.run_undo(gitlab.url, journal)
        assert kit.statuses(results) == {SITE: "failed"}
        assert keys(gitlab, SITE) == {added.key}
        said = kit.reasons(results)
        assert (
            "not as before: the limit is on, not off (switch the limit off: GitLab refused" in said
        )
        assert "the entry project acme/lib/old is new (left, it goes with what is not done" in said
    gitlab.instance.settings.enforce_inbound = False
    assert kit.statuses(kit.run_undo(gitlab.url, journal)) == {SITE: "done"}
    assert kit.state(gitlab, SITE).digest == made.projects[0].before.digest


def test_a_limit_goes_off_before_anything_is_taken(gitlab: Simulator, journal: Path) -> None:
    wide = entry(gitlab, "project", CORE)
    fine = wide.model_copy(update={"default_permissions": False, "policies": ("READ_JOBS",)})
    kit.add_row(gitlab, SITE, "project", CORE)
    row = gitlab.instance.projects[SITE].scope.entries[0]
    row.default_permissions, row.policies = False, ("READ_JOBS",)
    actions = [act("change-permissions", entry=wide, was=fine), act("set-inbound", value=True)]
    kit.run_apply(gitlab.url, kit.plan(gitlab, {SITE: actions}), journal)
    seen: list[str] = []
    with kit.meddling(gitlab, before=lambda request: seen.append(kit.names(request))):
        kit.run_undo(gitlab.url, journal)
    assert [line.split()[0] for line in seen] == ["PATCH", seen[1].split()[0]]
    assert "ciJobTokenScopeUpdatePolicies" in seen[1]


def test_what_stands_in_for_an_entry_without_a_place_stays(
    gitlab: Simulator, journal: Path
) -> None:
    """Others took the group's place: the entries that replaced the group are not removed."""
    wide, narrow = entry(gitlab, "group", LIB, "READ_PACKAGES"), entry(gitlab, "project", OLD)
    made = kit.plan(
        gitlab, {SHOP: [act("add-entry", entry=narrow), act("remove-entry", entry=wide)]}
    )
    kit.run_apply(gitlab.url, made, journal)
    for number in range(10_000, 10_199):
        gitlab.instance.outside["group", number] = Outside("group", number, f"far/g{number}")
        kit.add_row(gitlab, SHOP, "group", number)
    results = kit.run_undo(gitlab.url, journal)
    assert kit.statuses(results) == {SHOP: "moved"}
    assert narrow.key in keys(gitlab, SHOP)
    assert "acme/lib/old is new (left, it goes with what is not done" in kit.reasons(results)
    assert "acme/lib is gone (left, the allowlist is full now" in kit.reasons(results)
    kit.drop_rows(gitlab, SHOP)
    kit.add_row(gitlab, SHOP, "project", OLD)
    kit.run_undo(gitlab.url, journal)
    assert keys(gitlab, SHOP) == {wide.key}


def test_deleted_projects_do_not_keep_others_from_being_undone(journal: Path) -> None:
    made = kit.instance()
    numbers = range(500, 502 + MAX_FAILURES)
    made["projects"] += [{"id": number, "path": f"acme/a/p{number}"} for number in numbers]
    made["groups"].append({"path": "acme/a"})
    with kit.serve(made) as gitlab:
        added = act("add-entry", entry=entry(gitlab, "project", SHOP))
        plan = kit.plan(gitlab, {number: [added] for number in (*numbers, CORE)})
        kit.run_apply(gitlab.url, plan, journal)
        for number in numbers:
            gitlab.instance.remove_project(number)
        results = kit.run_undo(gitlab.url, journal, concurrency=1)
        assert kit.statuses(results) == {**dict.fromkeys(numbers, "moved"), CORE: "done"}
        assert "it was deleted, or this token does not see it any more" in kit.reasons(results)
        assert kit.state(gitlab, CORE).entries == ()


def test_projects_that_cannot_be_read_do_not_either(journal: Path) -> None:
    made = kit.instance()
    numbers = range(500, 502 + MAX_FAILURES)
    made["projects"] += [{"id": number, "path": f"acme/a/p{number}"} for number in numbers]
    made["groups"].append({"path": "acme/a"})
    with kit.serve(made) as gitlab:
        added = act("add-entry", entry=entry(gitlab, "project", SHOP))
        plan = kit.plan(gitlab, {number: [added] for number in (*numbers, CORE)})
        kit.run_apply(gitlab.url, plan, journal)
        for number in numbers:
            gitlab.instance.projects[number].fails = True
        results = kit.run_undo(gitlab.url, journal, concurrency=1)
        assert kit.statuses(results)[CORE] == "done"
        assert len(results.of("failed")) == len(numbers)
        for number in numbers:
            gitlab.instance.projects[number].fails = False
        assert set(kit.statuses(kit.run_undo(gitlab.url, journal)).values()) == {"done"}
        assert kit.state(gitlab, numbers[0]).entries == ()


def test_a_project_deleted_since_the_plan_has_moved(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, kit.everything(gitlab))
    gitlab.instance.remove_project(SITE)
    results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results)[SITE] == "moved"
    assert kit.statuses(results)[CORE] == "done"


def test_a_renamed_project_and_renamed_targets_are_undone(gitlab: Simulator, journal: Path) -> None:
    before = kit.states(gitlab)
    kit.run_apply(gitlab.url, kit.plan(gitlab, kit.everything(gitlab)), journal)
    for number, path in ((SHOP, "acme/web/store"), (CORE, "acme/lib/heart"), (SITE, "acme/site")):
        gitlab.instance.rename_project(number, path)
    # What takes the old paths is not changed instead.
    for number, path in ((OLD, "acme/web/shop"), (SECRET, "acme/lib/core")):
        gitlab.instance.rename_project(number, path)
    results = kit.run_undo(gitlab.url, journal)
    assert set(kit.statuses(results).values()) == {"done"}, kit.reasons(results)
    assert kit.states(gitlab) == before


def test_a_write_that_shows_late_is_undone(gitlab: Simulator, journal: Path) -> None:
    """GitLab said yes, and showed the old state for a while: the apply failed, and undo finds it."""
    made = kit.plan(gitlab, {SITE: [act("set-inbound", value=True)]})
    row = gitlab.instance.projects[SITE]

    def lag(_: Request, reply: Reply, verdict: Verdict) -> tuple[Reply, Verdict]:
        row.scope.inbound = False
        return reply, verdict

    with kit.meddling(gitlab, after=lag):
        assert kit.statuses(kit.run_apply(gitlab.url, made, journal)) == {SITE: "failed"}
    row.scope.inbound = True
    assert kit.statuses(kit.run_undo(gitlab.url, journal)) == {SITE: "done"}
    assert not row.scope.inbound


class DiedError(Exception):
    """The process ends here."""


def run_until(keep: int, journal: Path, run: Any) -> bool:
    """Run, and die once the journal has this many lines; tell whether it died."""
    add = Journal.add

    def counting(self: Journal, record: Record) -> None:
        if len(journal.read_bytes().splitlines()) >= keep:
            raise DiedError
        add(self, record)

    Journal.add = counting  # type: ignore[method-assign]
    try:
        run()
    except DiedError:
        return True
    finally:
        Journal.add = add  # type: ignore[method-assign]
    return False


def test_an_undo_that_was_killed_is_finished(tmp_path: Path) -> None:
    """From any line of the journal on, with the last write done or not; no write is sent twice."""
    keep, died = 0, True
    while died:
        with kit.serve() as gitlab:
            before, journal = kit.states(gitlab), tmp_path / f"{keep}"
            kit.run_apply(gitlab.url, kit.plan(gitlab, kit.everything(gitlab)), journal)
            lines = len(journal.read_bytes().splitlines())
            undo = partial(kit.run_undo, gitlab.url, journal, concurrency=1)
            died = run_until(lines + keep, journal, undo)
            writes = gitlab.counts["writes"]
            results = kit.run_undo(gitlab.url, journal)
            assert set(kit.statuses(results).values()) == {"done"}, kit.reasons(results)
            assert kit.states(gitlab) == before
            assert gitlab.counts["writes"] - writes <= 10
            assert gitlab.counts["writes"] == 20
            assert gitlab.crashes == []
        keep += 1
    assert keep > 20


ORIGINS = (
    *((number, "") for number in (SHOP, SITE, CORE, OLD, SECRET)),
    *(
        (9000 + number, path)
        for number, path in enumerate(("acme/web/new", "acme/lib/new", "far/x"))
    ),
)
WANTED = ((), ("READ_JOBS",), ("READ_PACKAGES",))


def granted(gitlab: Simulator, number: int) -> set[tuple[int, tuple[str, ...]]]:
    """Return all that GitLab grants on a project now, by origin and permission."""
    state = kit.state(gitlab, number)
    entries = tuple(
        AllowlistEntry(one.kind, one.id, one.path, one.default_permissions, one.policies)
        for one in state.entries
    )
    path = gitlab.instance.projects[number].path
    scope = Scope(state.inbound, state.inbound, entries=entries)
    target = Project(number, path, visibility="private", scope=scope)
    free = Scope(inbound_own=True, inbound_effective=True)
    found: set[tuple[int, tuple[str, ...]]] = set()
    for origin, name in ORIGINS:
        known = gitlab.instance.projects.get(origin)
        one = Project(origin, known.path if known else name, scope=free)
        for want in WANTED:
            if decide(one, target, want, version=(19, 3)).answer is Answer.GRANTED:
                found.add((origin, want))
    return found


def meddle(gitlab: Simulator, number: int, random: Random) -> None:
    """Let somebody else change something of a project."""
    scope = gitlab.instance.projects[number].scope
    luck = random.random()
    if luck < 0.4:
        kind, target = random.choice(TARGETS)
        if (kind, target) not in {(row.kind, row.target) for row in scope.entries}:
            kit.add_row(gitlab, number, kind, target)
    elif luck < 0.6 and scope.entries:
        gone = random.choice(scope.entries)
        scope.entries = tuple(row for row in scope.entries if row is not gone)
    elif luck < 0.8 and scope.entries:
        row = random.choice(scope.entries)
        row.default_permissions, row.policies = False, ("READ_JOBS",)
    else:
        scope.push = not scope.push


@settings(
    max_examples=int(os.environ.get("PLAN_EXAMPLES") or examples(60)),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(drawn=st.tuples(project, project), seed=st.integers(0, 1_000_000))
def test_an_undo_loses_nothing_whatever_comes_between(
    drawn: tuple[dict[str, Any], ...], seed: int
) -> None:
    """Killed and faulty runs, and changes by others: who kept access keeps it, all else is named."""
    random = Random(seed)
    with kit.serve() as gitlab, tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        for number, one in zip(SOURCES, drawn, strict=True):
            set_up(gitlab, number, one)
        actions = {n: actions_of(gitlab, one) for n, one in zip(SOURCES, drawn, strict=True)}
        made = kit.plan(gitlab, {number: some for number, some in actions.items() if some})
        planned = [part.id for part in made.projects]
        before = {number: granted(gitlab, number) for number in planned}
        first = {part.id: part.before for part in made.projects}
        if random.random() < 0.5:
            gitlab.faults = Faults(error_rate=0.1, drop_rate=0.1, truncate_rate=0.1, seed=seed)
        run_until(random.randint(1, 40), journal, partial(kit.run_apply, gitlab.url, made, journal))
        others = {number for number in planned if random.random() < 0.4}
        for number in others:
            meddle(gitlab, number, random)
        middle = {number: granted(gitlab, number) for number in planned}
        touched = {number: set(map(subject, actions[number])) for number in planned}
        lines = len(journal.read_bytes().splitlines())
        if random.random() < 0.5:
            undo = partial(kit.run_undo, gitlab.url, journal)
            run_until(lines + random.randint(1, 20), journal, undo)
        results = kit.run_undo(gitlab.url, journal)
        gitlab.faults = Faults()
        assert not results.of("failed"), kit.reasons(results)
        for number in planned:
            if number not in others:
                assert granted(gitlab, number) >= before[number] & middle[number]
            result = next((one for one in results.all if one.id == number), None)
            if result is None or result.finished_earlier:
                continue  # There was nothing of ours to take back.
            now = differences(first[number], kit.state(gitlab, number))
            said = "\n".join((*result.reasons, *result.notes))
            assert all(f"not as before: {text}" in said for text in now.values()), said
            assert result.status == "moved" or not set(now) & touched[number] or "else" in said
        writes = gitlab.counts["writes"]
        kit.run_undo(gitlab.url, journal)
        assert gitlab.counts["writes"] == writes, "the second undo did something again"
        assert gitlab.crashes == []
