"""Whatever happens on the way, the journal and GitLab agree on every write.

A run that was interrupted, even killed, is finished by `--resume` and taken back by `undo`.
"""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from scopelint.repair.actions import current_value, state_after, value_after, value_before
from scopelint.repair.journal import Journal
from scopelint.repair.plan_file import Action, Plan
from scopelint_simulator import Faults, Simulator
from scopelint_simulator.answer import Answer
from scopelint_simulator.faults import Verdict
from scopelint_simulator.request import Request
from tests.cli.kit import call, command, environment
from tests.repair import applying
from tests.repair.applying import SHOP, act, entry

pytestmark = pytest.mark.slow

FIRST = 1000


def bulk(projects: int) -> Simulator:
    """Return a GitLab with many open projects below `acme`, each with a leftover entry."""
    made = applying.instance()
    rows: list[dict[str, Any]] = [{"project": "acme/lib/old"}]
    made["projects"] += [
        {
            "id": FIRST + number,
            "path": f"acme/web/p{number}",
            "scope": {"inbound": False, "allowlist": rows if number % 10 == 0 else []},
        }
        for number in range(projects)
    ]
    return applying.serve(made)


def closing(gitlab: Simulator, projects: int) -> Plan:
    """Return a plan that closes them: one entry added, the limit on, the leftover removed."""
    fine = entry(gitlab, "project", SHOP, "READ_JOBS")
    wide = entry(gitlab, "project", SHOP)
    old = entry(gitlab, "project", applying.OLD)
    actions: dict[int, list[Action]] = {}
    for number in range(projects):
        some = [act("add-entry", entry=fine if number % 2 else wide)]
        some.append(act("set-inbound", value=True))
        if number % 10 == 0:
            some.append(act("remove-entry", entry=old))
        actions[FIRST + number] = some
    return applying.plan(gitlab, actions)


def goals(made: Plan) -> dict[int, str]:
    """Return each project's digest once the plan is applied."""
    return {one.id: state_after(one.before, one.actions).digest for one in made.projects}


def check_agreement(gitlab: Simulator, journal: Path) -> int:
    """Compare every write of the journal with the simulator; return how many were done."""
    done = 0
    with Journal.open(journal) as opened:
        for number, log in opened.projects.items():
            state = applying.state(gitlab, number)
            for write in log.applied.values():
                now = current_value(state, write.action)
                if write.result == "done":
                    assert now == value_after(write.action)
                    done += 1
                elif write.result == "failed":
                    assert now == value_before(write.action)
                else:
                    assert now in (value_after(write.action), value_before(write.action))
                    done += now == value_after(write.action)
    return done


def options(gitlab: Simulator, *more: object) -> tuple[object, ...]:
    return ("--url", gitlab.url, "--yes", "--no-config", "--no-progress", *more)


def finish(gitlab: Simulator, made: Plan, before: dict[int, str], *given: object) -> None:
    """Resume until it is done, then undo: the planned state, then the first one."""
    gitlab.faults = Faults()
    if given:
        call("apply", "plan.json", *options(gitlab, *given)).expect(0)
    now = applying.states(gitlab)
    assert {number: now[number] for number in goals(made)} == goals(made)
    total = sum(len(project.actions) for project in made.projects)
    assert check_agreement(gitlab, Path("plan.json.journal")) == total
    call("undo", "plan.json.journal", *options(gitlab)).expect(0)
    assert applying.states(gitlab) == before
    assert gitlab.crashes == []


def test_killed_in_the_middle_of_500_projects(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`kill -9`, twice, while 503s, lost answers and drops go on; then resumed, then undone."""
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    with bulk(500) as gitlab:
        before = applying.states(gitlab)
        made = closing(gitlab, 500)
        Path("plan.json").write_text(made.text())
        gitlab.faults = Faults(error_rate=0.02, drop_rate=0.02, truncate_rate=0.02, seed=3)
        known = 0
        for stop_at, more in ((150, ()), (500, ("--resume",))):
            _kill_at(gitlab, stop_at, *more)
            done = check_agreement(gitlab, Path("plan.json.journal"))
            assert known < done < 1050
            assert done == _changed(gitlab)
            known = done
        finish(gitlab, made, before, "--resume")


def _changed(gitlab: Simulator) -> int:
    """Count what the simulator itself has of the plan's changes."""
    count = 0
    for row in gitlab.instance.projects.values():
        if row.id >= FIRST:
            targets = {one.target for one in row.scope.entries}
            count += (SHOP in targets) + row.scope.inbound
            count += row.id % 10 == 0 and applying.OLD not in targets
    return count


def _kill_at(gitlab: Simulator, writes: int, *more: object) -> None:
    running = subprocess.Popen(
        command("apply", "plan.json", *options(gitlab, "-j", 8, *more)),
        env=environment(SCOPELINT_TOKEN=applying.TOKEN),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while gitlab.counts["writes"] < writes and time.monotonic() < until:
        assert running.poll() is None, running.stderr and running.stderr.read()
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    _, err = running.communicate(timeout=30)
    assert running.returncode == -signal.SIGKILL
    assert b"Traceback" not in err
    # What was on its way when it died is answered, or not, before anything is compared.
    time.sleep(0.3)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(rate_limit=60, rate_window=0.5, seed=1),
        Faults(rate_limit=60, rate_window=0.5, rate_limit_headers=False, seed=1),
        Faults(error_rate=0.2, error_status=503, seed=2),
        Faults(drop_rate=0.3, seed=3),
        Faults(truncate_rate=0.3, seed=4),
    ],
    ids=["429", "429-bare", "503", "drops", "cut-answers"],
)
def test_one_run_gets_through(faults: Faults, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    with bulk(30) as gitlab:
        before = applying.states(gitlab)
        made = closing(gitlab, 30)
        Path("plan.json").write_text(made.text())
        gitlab.faults = faults
        call("apply", "plan.json", *options(gitlab)).expect(0)
        finish(gitlab, made, before)


def test_done_and_then_cut_off(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third write is done and its connection closed: none is done twice."""
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    with bulk(30) as gitlab:
        before = applying.states(gitlab)
        made = closing(gitlab, 30)
        Path("plan.json").write_text(made.text())
        seen: list[str] = []

        def cut(request: Request, answer: Answer, verdict: Verdict) -> tuple[Answer, Verdict]:
            seen.append(applying.names(request))
            if len(seen) % 3 == 0:
                return answer, Verdict(cut="drop")
            return answer, verdict

        with applying.meddling(gitlab, after=cut):
            call("apply", "plan.json", *options(gitlab)).expect(0)
        assert len(seen) == sum(len(project.actions) for project in made.projects)
        finish(gitlab, made, before)


@pytest.mark.parametrize("late", [True, False], ids=["done-later", "answered-later"])
def test_timeouts(late: bool, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fourth write is answered after we gave up; half of them are done only then."""
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    with bulk(20) as gitlab:
        before = applying.states(gitlab)
        made = closing(gitlab, 20)
        Path("plan.json").write_text(made.text())
        seen: list[str] = []

        def dawdle(request: Request) -> None:
            seen.append(applying.names(request))
            if len(seen) % 4 == 0:
                time.sleep(1.0)

        def linger(request: Request, answer: Answer, verdict: Verdict) -> tuple[Answer, Verdict]:
            dawdle(request)
            return answer, verdict

        with (
            monkeypatch.context() as hasty,
            applying.meddling(gitlab, **({"before": dawdle} if late else {"after": linger})),
        ):
            hasty.setattr("scopelint.gitlab.connection.READ_TIMEOUT", 0.6)
            call("apply", "plan.json", *options(gitlab)).expect(0)
            time.sleep(1.2)
        once = sum(len(project.actions) for project in made.projects)
        assert len(seen) > once if late else len(seen) == once
        finish(gitlab, made, before)


def test_gitlab_goes_away(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops in the middle of a run: the run ends with 4 and names the journal."""
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    monkeypatch.setattr("scopelint.gitlab.retry.LONGEST_BACKOFF", 0.01)
    gitlab = bulk(30).start()
    before = applying.states(gitlab)
    made = closing(gitlab, 30)
    Path("plan.json").write_text(made.text())

    def stop(request: Request) -> None:
        if gitlab.counts["writes"] == 20:
            gitlab.faults = Faults(drop_rate=1.0)

    with applying.meddling(gitlab, before=stop):
        result = call("apply", "plan.json", *options(gitlab)).expect(4, "the connection to GitLab")
    assert "Every write so far is in plan.json.journal" in result.err
    assert check_agreement(gitlab, Path("plan.json.journal")) == gitlab.counts["writes"]
    finish(gitlab, made, before, "--resume")
    gitlab.stop()


def test_an_undo_is_killed_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", applying.TOKEN)
    with bulk(30) as gitlab:
        before = applying.states(gitlab)
        Path("plan.json").write_text(closing(gitlab, 30).text())
        call("apply", "plan.json", *options(gitlab)).expect(0)
        gitlab.reset_counts()
        gitlab.faults = Faults(latency=0.02, drop_rate=0.05, seed=6)
        running = subprocess.Popen(
            command("undo", "plan.json.journal", *options(gitlab, "-j", 4)),
            env=environment(SCOPELINT_TOKEN=applying.TOKEN),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 30
        while gitlab.counts["writes"] < 15 and time.monotonic() < until:
            time.sleep(0.005)
        os.kill(running.pid, signal.SIGKILL)
        running.wait(timeout=30)
        time.sleep(0.3)
        assert applying.states(gitlab) != before
        gitlab.faults = Faults()
        call("undo", "plan.json.journal", *options(gitlab)).expect(0)
        assert applying.states(gitlab) == before
