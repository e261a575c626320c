"""A plan is applied where nothing moved, in the safe order, and read back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scopelint.collect.current_state import CurrentState
from scopelint.errors import AuthenticationError, GitLabError, UsageError
from scopelint.gitlab.capabilities import Capabilities
from scopelint.repair.actions import state_after
from scopelint.repair.apply import check_plan
from scopelint.repair.plan_file import Action
from scopelint.repair.pool import MAX_FAILURES
from scopelint_simulator import Simulator
from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.faults import Verdict
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


def test_the_state_after_is_the_planned_one(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, kit.everything(gitlab))
    others = {number: one for number, one in kit.states(gitlab).items() if number in {OLD, SECRET}}
    results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {SHOP: "done", SITE: "done", CORE: "done"}
    for project in made.projects:
        goal = state_after(project.before, project.actions)
        assert kit.state(gitlab, project.id).digest == goal.digest != project.digest
    assert others.items() <= kit.states(gitlab).items()
    assert gitlab.counts["writes"] == sum(len(project.actions) for project in made.projects)


def test_the_order_loses_no_access(gitlab: Simulator, journal: Path) -> None:
    seen: list[str] = []
    made = kit.plan(gitlab, {SHOP: kit.everything(gitlab)[SHOP]})
    with kit.meddling(gitlab, before=lambda request: seen.append(kit.names(request))):
        kit.run_apply(gitlab.url, made, journal)
    kinds = []
    for line in seen:
        if "AddGroupOrProject" in line or line.startswith("POST"):
            kinds.append("add")
        elif "UpdatePolicies" in line:
            kinds.append("change")
        else:
            kinds.append("remove" if line.startswith("DELETE") else "set")
    assert kinds == ["add", "add", "change", "set", "remove", "remove"]


def test_every_write_is_announced_before_and_noted_after(gitlab: Simulator, journal: Path) -> None:
    lines: list[list[dict[str, Any]]] = []
    made = kit.plan(gitlab, {SHOP: kit.everything(gitlab)[SHOP]})
    with kit.meddling(gitlab, before=lambda _: lines.append(kit.records(journal))):
        kit.run_apply(gitlab.url, made, journal)
    for number, known in enumerate(lines):
        assert [line["record"] for line in known].count("intent") == number + 1
        assert [line["record"] for line in known].count("outcome") == number
    last = kit.records(journal)
    assert [line["result"] for line in last if line["record"] == "outcome"] == ["done"] * 6
    assert last[-1]["result"] == "verified"
    assert kit.TOKEN not in journal.read_text()


def test_a_fine_grained_entry_is_never_wide_on_the_way(gitlab: Simulator, journal: Path) -> None:
    """REST adds default permissions only, so one mutation adds the entry with its policies."""
    new = entry(gitlab, "project", SITE, "READ_JOBS")
    made = kit.plan(gitlab, {SHOP: [act("add-entry", entry=new)]})
    seen: list[str] = []
    with kit.meddling(gitlab, before=lambda request: seen.append(kit.names(request))):
        kit.run_apply(gitlab.url, made, journal)
    [only] = seen
    assert "ciJobTokenScopeAddGroupOrProject" in only
    assert "READ_JOBS" in only


def test_a_project_that_moved_is_left_and_the_others_go_on(
    gitlab: Simulator, journal: Path
) -> None:
    made = kit.plan(gitlab, kit.everything(gitlab))
    kit.add_row(gitlab, SHOP, "project", OLD)
    gitlab.instance.projects[SITE].scope.push = True
    before = kit.states(gitlab)
    results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {SHOP: "moved", SITE: "moved", CORE: "done"}
    assert kit.reasons(results).splitlines() == [
        "the entry project acme/lib/old is new",
        "the push setting is on, not off",
    ]
    after = kit.states(gitlab)
    assert {number for number in after if after[number] != before[number]} == {CORE}


def test_a_rename_is_no_move(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, {SHOP: kit.everything(gitlab)[SHOP]})
    for number, path in ((SITE, "acme/web/page"), (CORE, "acme/lib/heart"), (SHOP, "acme/store")):
        gitlab.instance.rename_project(number, path)
    # Another project that takes the old path must not be changed instead.
    for number, path in ((OLD, "acme/web/site"), (SECRET, "acme/lib/core")):
        gitlab.instance.rename_project(number, path)
    results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {SHOP: "done"}
    goal = state_after(made.projects[0].before, made.projects[0].actions)
    assert kit.state(gitlab, SHOP).digest == goal.digest


def test_a_change_between_two_writes_is_seen(gitlab: Simulator, journal: Path) -> None:
    """The limit is never switched on the strength of an entry that somebody took away."""
    made = kit.plan(gitlab, {SITE: kit.everything(gitlab)[SITE]})

    def clear(request: Request, answer: Answer, verdict: Verdict) -> tuple[Answer, Verdict]:
        if "allowlist" in request.path:
            kit.drop_rows(gitlab, SITE)
        return answer, verdict

    with kit.meddling(gitlab, after=clear):
        results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {SITE: "failed"}
    assert "GitLab accepted this, but the project does not show it: add group acme/lib" in (
        kit.reasons(results)
    )
    assert not gitlab.instance.projects[SITE].scope.inbound


def test_another_change_between_two_writes_is_seen(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, {SITE: kit.everything(gitlab)[SITE]})

    def add(request: Request) -> None:
        if "groups_allowlist" in request.path:
            kit.add_row(gitlab, SITE, "project", OLD)

    with kit.meddling(gitlab, before=add):
        results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {SITE: "moved"}
    assert kit.reasons(results) == "the entry project acme/lib/old is new"
    assert not gitlab.instance.projects[SITE].scope.inbound


def test_what_somebody_else_did_at_the_same_time_is_not_ours(
    gitlab: Simulator, journal: Path
) -> None:
    made = kit.plan(gitlab, {CORE: kit.everything(gitlab)[CORE]})

    def overtake(_: Request) -> None:
        kit.add_row(gitlab, CORE, "project", SHOP)

    with kit.meddling(gitlab, before=overtake):
        results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {CORE: "done"}
    assert "somebody else had done it" in kit.reasons(results)
    after = kit.states(gitlab)
    kit.run_undo(gitlab.url, journal)
    assert kit.states(gitlab) == after


def test_a_write_that_was_accepted_and_not_done(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, {SITE: [act("set-inbound", value=True)]})

    def forget(request: Request, answer: Answer, verdict: Verdict) -> tuple[Answer, Verdict]:
        gitlab.instance.projects[SITE].scope.inbound = False
        return answer, verdict

    with kit.meddling(gitlab, after=forget):
        results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {SITE: "failed"}
    assert "the project does not show it: switch the limit on" in kit.reasons(results)
    assert results.all[0].done == []
    assert [r["result"] for r in kit.records(journal) if r["record"] == "outcome"] == [
        "done",
        "doubt",
    ]


@pytest.mark.parametrize("version", ["18.7.0", "18.8.0"])
def test_opening_under_enforcement(version: str, journal: Path) -> None:
    """Before 18.8 GitLab answers 204, and the project stays closed; from then on it refuses."""
    with kit.serve(kit.instance(version, enforce_inbound=True)) as gitlab:
        made = kit.plan(gitlab, {SHOP: [act("set-inbound", value=False)]})
        results = kit.run_apply(gitlab.url, made, journal)
        if version == "18.7.0":
            assert kit.statuses(results) == {SHOP: "done"}
            assert "without effect: the instance enforces the limit" in kit.reasons(results)
        else:
            assert kit.statuses(results) == {SHOP: "failed"}
            assert "HTTP 400" in kit.reasons(results)
            assert "it is enforced for the instance" in kit.reasons(results)


def test_refusals_are_in_gitlabs_words(gitlab: Simulator, journal: Path) -> None:
    hidden = entry(gitlab, "project", SECRET)
    made = kit.plan(
        gitlab, {SITE: [act("add-entry", entry=hidden), act("set-inbound", value=True)]}
    )
    with kit.hiding_at_writes(gitlab):
        results = kit.run_apply(gitlab.url, made, journal)
    assert set(kit.statuses(results).values()) == {"failed"}
    words = kit.reasons(results)
    assert "(HTTP 400): The target_project that you are attempting to access does not" in words
    # The limit stays as it was where an entry before it could not be added.
    assert not gitlab.instance.projects[SITE].scope.inbound
    assert gitlab.counts["writes"] == 0


def test_a_project_that_needs_an_entry_out_of_sight_is_left_as_it_is(
    gitlab: Simulator, journal: Path
) -> None:
    """Before its first write, and the others go on: GitLab lets nobody add what they cannot see."""
    hidden = entry(gitlab, "project", SECRET)
    fine = entry(gitlab, "project", SECRET, "READ_JOBS")
    made = kit.plan(
        gitlab,
        {
            SITE: [
                act("add-entry", entry=entry(gitlab, "project", SHOP)),
                act("add-entry", entry=hidden),
                act("set-inbound", value=True),
            ],
            OLD: [act("add-entry", entry=fine)],
            SHOP: [act("add-entry", entry=entry(gitlab, "group", 999))],
            CORE: [act("add-entry", entry=entry(gitlab, "project", SHOP))],
        },
    )
    before = kit.states(gitlab)
    results = kit.run_apply(gitlab.url, made, journal)
    left = dict.fromkeys((SITE, OLD, SHOP), "moved")
    assert kit.statuses(results) == {**left, CORE: "done"}
    assert kit.reasons(results).count("GitLab lets nobody add what they cannot see") == 3
    assert "collect again: hidden/secret" in kit.reasons(results)
    assert gitlab.counts["writes"] == 1
    after = kit.states(gitlab)
    assert {number for number in after if after[number] != before[number]} == {CORE}


def test_too_many_failures_stop_it(journal: Path) -> None:
    made = kit.instance()
    numbers = range(500, 500 + 3 * MAX_FAILURES)
    made["projects"] += [{"id": number, "path": f"acme/web/p{number}"} for number in numbers]
    with kit.serve(made) as gitlab:
        bad = act("add-entry", entry=entry(gitlab, "project", SECRET))
        plan = kit.plan(gitlab, {number: [bad] for number in numbers})
        with kit.hiding_at_writes(gitlab):
            results = kit.run_apply(gitlab.url, plan, journal, concurrency=1)
    assert len(results.of("failed")) == MAX_FAILURES
    assert len(results.of("open")) == 2 * MAX_FAILURES


@pytest.mark.parametrize("version", ["16.11.0", "17.6.0", "17.7.0"])
def test_what_the_version_has_no_mutation_for_is_refused(version: str, journal: Path) -> None:
    with kit.serve(kit.instance(version)) as gitlab:
        fine = entry(gitlab, "project", SITE, "READ_JOBS")
        wide = entry(gitlab, "project", CORE)
        changed = wide.model_copy(update={"default_permissions": False, "policies": ("READ_JOBS",)})
        made = kit.plan(
            gitlab,
            {
                SHOP: [act("change-permissions", entry=changed, was=wide)],
                SITE: [act("set-cross-project-push", value=True)],
                CORE: [act("add-entry", entry=fine)],
                OLD: [act("set-inbound", value=False)],
            },
        )
        results = kit.run_apply(gitlab.url, made, journal)
        assert kit.statuses(results) == {
            SHOP: "failed",
            SITE: "failed",
            CORE: "failed",
            OLD: "done",
        }
        assert kit.reasons(results).count(f"GitLab {version}") == 3
        assert "and REST cannot do this" in kit.reasons(results)
        assert gitlab.counts["writes"] == 1


@pytest.mark.parametrize("version", ["17.5.0", "17.11.0", "18.5.0", "19.3.0"])
def test_outbound_leftovers(version: str, journal: Path) -> None:
    with kit.serve(kit.instance(version)) as gitlab:
        gitlab.instance.projects[SHOP].scope.outbound = True
        left = entry(gitlab, "project", OLD)
        actions = [
            act("remove-outbound-entry", entry=left),
            act("set-outbound", value=False),
            act("add-entry", entry=left),
        ]
        made = kit.plan(gitlab, {SHOP: actions})
        results = kit.run_apply(gitlab.url, made, journal)
        assert (kit.statuses(results), kit.reasons(results)) == ({SHOP: "done"}, "")
        after = kit.state(gitlab, SHOP)
        assert (after.outbound, after.outbound_entries) == (False, ())
        assert f"project:{OLD}" in {one.key for one in after.entries}
        back = kit.run_undo(gitlab.url, journal)
        assert kit.statuses(back) == {SHOP: "moved"}
        assert (
            kit.reasons(back).count("cannot be undone, since GitLab 16.0 the outbound limit") == 2
        )
        assert f"project:{OLD}" not in {one.key for one in kit.state(gitlab, SHOP).entries}


def test_what_a_token_may_not_do(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, {SITE: [act("set-inbound", value=True)]})
    with kit.connected(gitlab.url, kit.READER) as connection:
        live = CurrentState(connection)
        with pytest.raises(AuthenticationError, match="too small to change anything: read_api"):
            live.require_write()
    with pytest.raises(AuthenticationError, match="insufficient_scope"):
        kit.run_apply(gitlab.url, made, journal, token=kit.READER)
    results = kit.run_apply(gitlab.url, made, journal.with_name("2"), token=kit.DEVELOPER)
    assert kit.statuses(results) == {SITE: "failed"}
    assert "below Maintainer" in kit.reasons(results)
    assert gitlab.counts["writes"] == 0


def test_where_graphql_shows_nothing_nothing_is_changed_unseen(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        kit.connected(gitlab.url, kit.FINE) as connection,
        pytest.raises(AuthenticationError, match="nothing is changed unseen"),
    ):
        CurrentState(connection).project(SHOP, "acme/web/shop")
    monkeypatch.setattr(Capabilities, "readable", False)
    with (
        kit.connected(gitlab.url) as connection,
        pytest.raises(GitLabError, match="nothing is changed unseen"),
    ):
        CurrentState(connection)


def refused(gitlab: Simulator, actions: list[Action], number: int = SHOP, **values: Any) -> str:
    made = kit.plan(gitlab, {number: actions}, **values)
    with pytest.raises(UsageError) as found:
        check_plan(made, max_removals=50, max_projects=500)
    return found.value.message


def test_a_plan_that_does_not_follow_is_refused(gitlab: Simulator) -> None:
    own = entry(gitlab, "project", SHOP)
    wide = entry(gitlab, "project", CORE)
    fine = entry(gitlab, "project", CORE, "READ_JOBS")
    group = entry(gitlab, "group", LIB)
    assert "own entry" in refused(gitlab, [act("add-entry", entry=own)])
    assert "own entry" in refused(gitlab, [act("remove-entry", entry=own)])
    assert "does not follow" in refused(gitlab, [act("add-entry", entry=wide)])
    assert "does not follow" in refused(gitlab, [act("remove-entry", entry=fine)])
    assert "does not follow" in refused(gitlab, [act("set-inbound", value=True)])
    assert "since GitLab 16.0" in refused(gitlab, [act("set-outbound", value=True)])
    assert "another entry" in refused(gitlab, [act("change-permissions", entry=fine, was=group)])
    assert "two actions for push" in refused(gitlab, [act("set-push", value=False)] * 2)
    unsafe = act("set-push", value=False).model_copy(update={"safe": False})
    assert "--unsafe" in refused(gitlab, [unsafe])
    check_plan(kit.plan(gitlab, {SHOP: [unsafe]}, unsafe=True), max_removals=0, max_projects=1)


def test_two_hundred_entries_of_a_kind_are_never_exceeded(gitlab: Simulator) -> None:
    kit.fill(gitlab, CORE)
    add = act("add-entry", entry=entry(gitlab, "project", SHOP))
    remove = act("remove-entry", entry=entry(gitlab, "project", 10_000))
    assert "more than 200" in refused(gitlab, [add, remove], CORE)
    group = act("add-entry", entry=entry(gitlab, "group", WEB))
    check_plan(kit.plan(gitlab, {CORE: [group, remove]}), max_removals=1, max_projects=1)


def test_a_runaway_plan_is_stopped(gitlab: Simulator) -> None:
    made = kit.plan(gitlab, kit.everything(gitlab))
    with pytest.raises(UsageError, match="removes 2 entries, and --max-removals is 1"):
        check_plan(made, max_removals=1, max_projects=500)
    with pytest.raises(UsageError, match="changes 3 projects, and --max-projects is 2"):
        check_plan(made, max_removals=50, max_projects=2)
    twice = made.model_copy(update={"projects": (*made.projects, made.projects[0])})
    with pytest.raises(UsageError, match="names project 101 2 times"):
        check_plan(twice, max_removals=50, max_projects=500)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_lost_answer_is_looked_up_not_sent_again(
    gitlab: Simulator, journal: Path, status: int
) -> None:
    """The write was done and its answer was not GitLab's: sent twice it would be refused."""
    made = kit.plan(gitlab, kit.everything(gitlab))
    sent: list[str] = []

    def lose(request: Request, answer: Answer, verdict: Verdict) -> tuple[Answer, Verdict]:
        return json_answer(status, {"message": "lost"}), verdict

    with kit.meddling(gitlab, before=lambda request: sent.append(kit.names(request)), after=lose):
        results = kit.run_apply(gitlab.url, made, journal)
    assert set(kit.statuses(results).values()) == {"done"}
    assert len(sent) == len(set(sent)) == 10
    for project in made.projects:
        goal = state_after(project.before, project.actions)
        assert kit.state(gitlab, project.id).digest == goal.digest


@pytest.mark.parametrize("payload", [None, {}, {"errors": None}])
def test_a_mutation_without_a_result_is_looked_up(
    gitlab: Simulator, journal: Path, payload: dict[str, Any] | None
) -> None:
    """Null without an error is no success: the project tells whether it happened."""
    made = kit.plan(gitlab, kit.everything(gitlab))
    before = {one.id: kit.state(gitlab, one.id) for one in made.projects}
    empty: list[str] = []

    def drop(request: Request, answer: Answer, verdict: Verdict) -> tuple[Answer, Verdict]:
        if not request.path.endswith("/graphql"):
            return answer, verdict
        name = next(iter(json.loads(answer.body)["data"]))
        empty.append(name)
        return json_answer(200, {"data": {name: payload}}), verdict

    with kit.meddling(gitlab, after=drop):
        results = kit.run_apply(gitlab.url, made, journal)
    assert empty
    assert len(empty) == len(set(empty)), "what had happened was not sent again"
    assert set(kit.statuses(results).values()) == {"done"}
    for project in made.projects:
        goal = state_after(project.before, project.actions)
        assert kit.state(gitlab, project.id).digest == goal.digest != before[project.id].digest


def test_a_write_that_never_gets_through(gitlab: Simulator, journal: Path) -> None:
    made = kit.plan(gitlab, {CORE: kit.everything(gitlab)[CORE]})
    tries: list[Request] = []
    answer = gitlab.answer

    def stubborn(request: Request, full_path: str) -> tuple[Answer, Verdict]:
        if kit.is_write(request):
            tries.append(request)
            return json_answer(502, {}), Verdict()
        return answer(request, full_path)

    gitlab.answer = stubborn  # type: ignore[method-assign]
    results = kit.run_apply(gitlab.url, made, journal)
    assert kit.statuses(results) == {CORE: "failed"}
    assert "not done after 8 attempts: HTTP 502" in kit.reasons(results)
    assert len(tries) == 8
    # It may arrive yet: an undo looks again.
    gitlab.answer = answer  # type: ignore[method-assign]
    kit.add_row(gitlab, CORE, "project", SHOP)
    kit.run_undo(gitlab.url, journal)
    assert kit.state(gitlab, CORE).entries == ()


def test_a_refusal_in_any_words_leaves_a_journal_to_resume_and_undo(
    gitlab: Simulator, journal: Path
) -> None:
    def refused(_: Request, answer: Answer, verdict: Verdict) -> tuple[Answer, Verdict]:
        if answer.status == 400:
            answer.body = b'{"message": "no\\u2028such\\u2029entry\\u0085here \\ud83d"}'
        return answer, verdict

    hidden = act("add-entry", entry=entry(gitlab, "project", SECRET))
    some = kit.everything(gitlab)
    made = kit.plan(gitlab, {SHOP: some[SHOP], SITE: [*some[SITE], hidden]})
    before = kit.states(gitlab)
    for resume in (False, True):
        with kit.hiding_at_writes(gitlab), kit.meddling(gitlab, after=refused):
            results = kit.run_apply(gitlab.url, made, journal, resume=resume)
        assert kit.statuses(results) == {SHOP: "done", SITE: "failed"}
        assert "entry" in kit.reasons(results)
    kit.run_undo(gitlab.url, journal)
    assert kit.states(gitlab) == before
