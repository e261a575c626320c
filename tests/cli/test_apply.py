"""`scopelint apply`: what it refuses before the first write, what it asks, what it tells."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from scopelint.repair.plan_file import Plan
from scopelint_simulator import Faults, Simulator
from tests.cli.kit import Result, Stream, call, command, environment
from tests.repair import applying
from tests.repair.applying import CORE, SECRET, SHOP, SITE, act, entry


@pytest.fixture
def server() -> Iterator[Simulator]:
    with applying.serve() as running:
        yield running
        assert running.crashes == []


@pytest.fixture(autouse=True)
def writer(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)


def saved(made: Plan, name: str = "plan.json") -> Path:
    path = Path(name)
    path.write_text(made.text())
    return path


def whole(server: Simulator) -> Path:
    return saved(applying.plan(server, applying.everything(server)))


def apply(server: Simulator, path: Path, *options: object) -> Result:
    return call("apply", path, "--url", server.url, *options)


def test_it_applies_and_says_how_to_take_it_back(server: Simulator) -> None:
    path = whole(server)
    result = apply(server, path, "--yes").expect(0)
    assert result.out == (
        "applied in 3 projects: 4 entries added, 1 entry changed, 1 push setting switched off,"
        " 2 entries removed, 1 limit switched on, 1 cross-project push setting switched on\n"
        "Every write is in plan.json.journal. Take it back with:\n"
        f"  scopelint undo plan.json.journal --url {server.url}\n"
    )
    assert "3 projects: " in result.err
    assert "An undo adds removed entries again" in result.err
    assert Path("plan.json.journal").stat().st_mode & 0o777 == 0o600
    again = apply(server, path, "--yes").expect(2, "already exists")
    assert again.out == ""
    resumed = apply(server, path, "--yes", "--resume").expect(0)
    assert "applied in 0 projects: nothing\n3 projects an earlier run had finished" in resumed.out


def test_projects_that_moved_are_listed_and_the_code_is_5(server: Simulator) -> None:
    path = whole(server)
    server.instance.projects[SHOP].scope.push = False
    result = apply(server, path, "--yes", "--journal", "j").expect(5)
    assert result.out.startswith("moved   acme/web/shop\n        the push setting is off, not on\n")
    assert "1 project had moved: what is named above was left as it is" in result.out
    assert server.instance.projects[SITE].scope.inbound
    assert Path("j").exists()


def test_a_run_that_changed_nothing_leaves_no_journal(server: Simulator) -> None:
    path = saved(applying.plan(server, {SITE: [act("set-inbound", value=True)]}))
    server.instance.projects[SITE].scope.push = True
    result = apply(server, path, "--yes").expect(5)
    assert "journal" not in result.out
    assert list(Path().glob("*.journal")) == []


def test_a_failed_write_is_4_and_the_others_go_on(server: Simulator) -> None:
    hidden = act("add-entry", entry=entry(server, "project", SECRET))
    actions = applying.everything(server)
    path = saved(applying.plan(server, {**actions, CORE: [hidden]}))
    with applying.hiding_at_writes(server):
        result = apply(server, path, "--yes").expect(4)
    assert result.out.startswith("failed  acme/lib/core\n        add project hidden/secret")
    assert "1 project failed" in result.out
    assert server.instance.projects[SITE].scope.inbound


def test_an_entry_out_of_sight_is_5_and_the_others_go_on(server: Simulator) -> None:
    hidden = act("add-entry", entry=entry(server, "project", SECRET))
    path = saved(applying.plan(server, {**applying.everything(server), CORE: [hidden]}))
    result = apply(server, path, "--yes").expect(5)
    assert result.out.startswith("moved   acme/lib/core\n        it needs an entry for what")
    assert "1 project had moved: what is named above was left as it is" in result.out
    assert server.instance.projects[SITE].scope.inbound


def test_nothing_is_done_unasked(server: Simulator) -> None:
    result = apply(server, whole(server)).expect(2, "no terminal to ask on", "--yes")
    assert server.counts["rest"] + server.counts["graphql"] == 0
    assert result.out == ""


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 130), ("\n", 130), ("", 130)])
def test_it_asks_on_a_terminal(server: Simulator, answer: str, code: int) -> None:
    path = whole(server)
    stdin = Stream(terminal=True)
    stdin.write(answer)
    stdin.seek(0)
    with mock.patch.object(sys, "stdin", stdin):
        result = call("apply", path, "--url", server.url, terminal=True)
    assert result.code == code, result.text
    assert f"Apply this to {server.url}? [y/N]" in result.text
    assert bool(server.counts["writes"]) is (code == 0)
    assert Path("plan.json.journal").exists() is (code == 0)


def test_limits_stop_a_runaway_plan(server: Simulator) -> None:
    path = whole(server)
    apply(server, path, "--yes", "--max-removals", 1).expect(2, "removes 2 entries", "1")
    apply(server, path, "--yes", "--max-projects", 2).expect(2, "changes 3 projects")
    assert server.counts["graphql"] == 0


def test_another_instance_is_refused(server: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan names an instance; where the token goes is told by the user alone."""
    path = whole(server)
    call("apply", path, "--yes").expect(2, f"this is for {server.url}", "https://gitlab.com")
    assert server.counts["graphql"] == 0
    with applying.serve() as other:
        call("apply", path, "--yes", "--url", other.url).expect(2, f"this is for {server.url}")
        assert other.tokens_seen == set()
    monkeypatch.setenv("SCOPELINT_URL", server.url)
    call("apply", path, "--yes").expect(0)


def test_the_tokens_scope_is_checked_first(
    server: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.READER)
    result = apply(server, whole(server), "--yes").expect(4, "too small to change anything")
    assert "scope api" in result.err
    assert server.counts["writes"] == 0
    assert not Path("plan.json.journal").exists()


def test_what_is_no_plan(server: Simulator) -> None:
    for text in ("", "{}", "[]", '{"schema": "scopelint-plan/2"}', "\x00"):
        Path("plan.json").write_text(text)
        apply(server, Path("plan.json"), "--yes").expect(2, "is not a scopelint plan")
    apply(server, Path("gone.json"), "--yes").expect(2, "cannot be read")
    edited = whole(server).read_text().replace('"push": true', '"push": false', 1)
    Path("plan.json").write_text(edited)
    apply(server, Path("plan.json"), "--yes").expect(2, "digest is not that of the state")


def test_an_empty_plan_is_done_at_once(server: Simulator) -> None:
    result = apply(server, saved(applying.plan(server, {}))).expect(0)
    assert result.out == "the plan changes nothing\n"
    assert server.counts["graphql"] == 0


def test_journals_that_do_not_fit(server: Simulator) -> None:
    path = whole(server)
    apply(server, path, "--yes", "--resume").expect(2, "there is no journal")
    apply(server, path, "--yes").expect(0)
    other = saved(applying.plan(server, {CORE: [act("set-push", value=True)]}), "other.json")
    apply(server, other, "--yes", "--resume", "--journal", "plan.json.journal").expect(
        2, "belongs to another plan"
    )
    Path("bad").write_text("nothing\n")
    apply(server, path, "--yes", "--resume", "--journal", "bad").expect(2, "is not a line")
    apply(server, other, "--yes", "--journal", "no/where").expect(2, "cannot be created")


def test_a_plan_that_never_comes_back_says_so(server: Simulator) -> None:
    left = act("remove-outbound-entry", entry=entry(server, "project", 104))
    path = saved(applying.plan(server, {SHOP: [left]}))
    before = applying.states(server)
    apply(server, path, "--yes").expect(2, "no undo would bring this back", "--irreversible")
    assert applying.states(server) == before
    assert not Path("plan.json.journal").exists()
    result = apply(server, path, "--yes", "--irreversible").expect(0)
    assert "Cannot be undone: 1 outbound entry removed" in result.err


def test_the_applying_token_must_see_what_it_removes(server: Simulator) -> None:
    """Whatever the plan says: it may be made by a token that sees more."""
    applying.hide(server, SHOP)
    hidden = act("remove-entry", entry=entry(server, "project", SECRET))
    path = saved(applying.plan(server, {SHOP: [hidden]}))
    words = "acme/web/shop: remove project hidden/secret: this token cannot see the project"
    apply(server, path, "--yes").expect(2, words)
    apply(server, path, "--yes", "--irreversible").expect(0)
    assert entry(server, "project", SECRET).key not in {
        one.key for one in applying.state(server, SHOP).entries
    }


def test_a_removal_that_this_gitlab_refuses_stops_the_plan_before_it_begins() -> None:
    with applying.serve(applying.instance("18.9.0")) as old:
        applying.hide(old, SHOP)
        hidden = act("remove-entry", entry=entry(old, "project", SECRET))
        path = saved(applying.plan(old, {SHOP: [act("set-push", value=False), hidden]}))
        result = apply(old, path, "--yes", "--irreversible")
        result.expect(2, "before GitLab 19.0 only a token that sees the project can remove")
        assert applying.state(old, SHOP).push


def test_ctrl_c_leaves_a_journal_that_can_be_finished(server: Simulator) -> None:
    path = whole(server)
    before = applying.states(server)
    server.faults = Faults(latency=0.15)
    given = ("apply", path, "--url", server.url, "--yes", "-j", 1)
    running = subprocess.Popen(
        command(*given),
        env=environment(SCOPELINT_TOKEN=applying.TOKEN),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 30
    while server.counts["writes"] < 2 and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert "interrupted; every write so far is in plan.json.journal" in err
    assert "--resume" in err
    lines = applying.records(Path("plan.json.journal"))
    done = [line for line in lines if line["record"] == "outcome"]
    assert len(done) == len([line for line in lines if line["record"] == "intent"])
    assert len(done) == server.counts["writes"] < 10
    server.faults = Faults()
    call(*given, "--resume").expect(0)
    call("undo", "plan.json.journal", "--url", server.url, "--yes").expect(0)
    assert applying.states(server) == before
    assert out == ""
