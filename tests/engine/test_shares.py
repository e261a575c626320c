"""Judging in several processes gives the report that one gives, and no fault gets lost in it."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scopelint import engine
from scopelint.engine import ledger, shares, spool
from scopelint.errors import PluginError, UsageError
from scopelint.estate import Estate
from scopelint.finding import PASS, Severity, Verdict
from scopelint.globs import GlobSet
from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.policy.baseline import create
from scopelint.policy.overrides import Override
from scopelint.policy.waivers import Waiver
from scopelint.report import Report
from scopelint.rule import Policy, Rule
from scopelint.testing import estate
from tests.engine.test_engine import AnyGroup, Incomplete, NeedsLog, OpenProject, Unreadable
from tests.engine.test_overrides import TooMany

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
    # The runner of the tests may have threads; scopelint itself forks only where there are none.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]

PARENT = os.getpid()
PROJECTS: dict[str, dict[str, Any]] = {
    f"acme/g{number % 7}/p{number}": {
        "id": 1000 + number * 13 % 97,
        "inbound_own": bool(number % 3),
        "entries": [{"group": f"acme/g{number % 5}"}, {"project": "acme/x"}][: number % 4],
    }
    for number in range(60)
} | {"acme/dark": {"unreadable": "forbidden", "id": 5000}, "acme/part": {"missing": ["entries"]}}
RULES: tuple[type[Rule], ...] = (TooMany, AnyGroup, NeedsLog, Unreadable, Incomplete)
OVERRIDES = (
    Override(GlobSet(["acme/g1/**"]), severities={"TST002": Severity.CRITICAL}),
    Override(GlobSet(["acme/g2/**", "acme/g3/**"]), ignore=frozenset({"TST001"})),
    Override(GlobSet(["acme/*/p1*"]), options={"TST001": {"most": 0}}),
)
WAIVERS = (
    Waiver(frozenset({"TST002"}), "acme/g4/**", "known", date(2026, 12, 31)),
    Waiver(frozenset({"TST901"}), "acme/dark", "known", date(2026, 12, 31)),
    Waiver(frozenset({"TST002"}), "acme/nowhere", "stale", date(2026, 12, 31)),
)


def judged(processes: int, rules: Iterable[type[Rule]] = RULES, **settings: Any) -> Report:
    policy = Policy(selected=("A",))
    made = [rule(None, policy) for rule in rules]
    given = engine.Settings(
        processes=processes, today=date(2026, 8, 1), waivers=WAIVERS, **settings
    )
    with estate({"projects": PROJECTS}) as observed:
        return engine.run(observed, made, given)


def plain(report: Report) -> dict[str, Any]:
    """Everything of a report, as data."""
    return asdict(replace(report, findings=(), outcomes=None)) | {
        "findings": [asdict(finding) for finding in report.findings],
        "outcomes": [asdict(outcome) for outcome in report.outcomes or ()],
    }


@contextmanager
def helping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where judging falls back to one process, which would prove nothing."""
    whole = shares._together
    done = []

    def together(*given: Any) -> Any:
        result = whole(*given)
        done.append(True)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(shares, "_together", together)
        yield
    assert done


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("buffer", [3, 20_000])
def test_the_report_is_the_same(
    processes: int, buffer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings, counts, passes, waivers, overview: whoever judged what, in memory or in files."""
    known = [finding for finding in judged(1).findings if finding.rule == "TST001"]
    settings: dict[str, Any] = {
        "overrides": OVERRIDES,
        "baseline": create("https://gitlab.example.com", known[::2]),
    }
    alone = judged(1, **settings)
    states = {finding.state.value for finding in alone.findings}
    assert states == {"new", "waived", "baselined"}
    monkeypatch.setattr(spool, "BUFFER", buffer)
    with helping(monkeypatch):
        together = judged(processes, **settings)
    assert plain(together) == plain(alone)
    assert isinstance(together.findings, spool.Spool)
    assert multiprocessing.active_children() == []


def test_helpers_do_judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each stretch is judged once, and not all by the parent."""

    class Telling(OpenProject):
        def judge(self, project: Project, scope: Scope, estate: Estate) -> Iterable[Verdict]:
            # A word a line: whoever appends it, it stays whole.
            with (tmp_path / "told").open("a") as file:
                file.write(f"{os.getpid()} {project.id}\n")
            if os.getpid() == PARENT:
                _wait_for_helpers(tmp_path / "told")
            yield PASS

    with helping(monkeypatch):
        judged(3, [Telling])
    told = [line.split() for line in (tmp_path / "told").read_text().splitlines()]
    assert len(told) == len({number for _, number in told}) == len(PROJECTS) - 1
    assert len({process for process, _ in told}) >= 2


def _wait_for_helpers(told: Path) -> None:
    for _ in range(1000):
        if any(not line.startswith(f"{PARENT} ") for line in told.read_text().splitlines()):
            return
        time.sleep(0.01)


class CrashesAtLast(AnyGroup):
    """Crashes on every project with a high number, so in more than one stretch."""

    def judge(
        self, entry: AllowlistEntry, project: Project, scope: Scope, estate: Estate
    ) -> Verdict | None:
        if project.id > 1060:
            raise ZeroDivisionError(project.id)
        return PASS


def test_a_crash_is_the_one_that_judging_alone_meets() -> None:
    """The first project in the order of ids is named, with the cause, whoever met it first."""
    with pytest.raises(PluginError) as alone:
        judged(1, [CrashesAtLast])
    with pytest.raises(PluginError) as together:
        judged(3, [CrashesAtLast])
    assert together.value.message == alone.value.message
    assert isinstance(together.value.__cause__, ZeroDivisionError)
    assert multiprocessing.active_children() == []


def test_options_that_do_not_fit_are_told() -> None:
    bad = Override(GlobSet(["acme/**"]), options={"TST001": {"most": "many"}}, place="x.yml:3")
    with pytest.raises(UsageError, match=r"x\.yml:3"):
        judged(2, overrides=(bad,))


class KillsItsHelper(OpenProject):
    """Ends every process but the one that started all."""

    def judge(self, project: Project, scope: Scope, estate: Estate) -> Iterable[Verdict]:
        if os.getpid() != PARENT:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().judge(project, scope, estate)


def test_a_helper_that_is_killed_costs_time_and_nothing_else() -> None:
    """As where memory ran out: what it should have judged is judged, and nothing passes unseen."""
    rules = [KillsItsHelper, AnyGroup, Unreadable]
    assert plain(judged(2, rules)) == plain(judged(1, rules))


class PrintsInItsHelper(OpenProject):
    """Fails in helpers only."""

    def judge(self, project: Project, scope: Scope, estate: Estate) -> Iterable[Verdict]:
        if os.getpid() != PARENT:
            raise RuntimeError("in a helper")
        return super().judge(project, scope, estate)


def test_a_helper_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert plain(judged(2, [PrintsInItsHelper])) == plain(judged(1, [PrintsInItsHelper]))
    assert capfd.readouterr() == ("", "")


def test_it_is_left_where_it_does_not_pay_or_is_not_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with estate({"projects": PROJECTS}) as observed:
        assert shares._processes(observed) == 1
        monkeypatch.setattr(shares, "PAYS_FROM", 10)
        assert shares._processes(observed) == 4
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
        assert shares._processes(observed) == 1
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
        assert shares._processes(observed) == 2
        monkeypatch.setattr(threading, "active_count", lambda: 2)
        assert shares._processes(observed) == 1
        monkeypatch.setattr(threading, "active_count", lambda: 1)
        monkeypatch.setattr(sys, "platform", "darwin")
        assert shares._processes(observed) == 1


def test_findings_are_taken_apart_and_put_together_whole() -> None:
    for finding in judged(1).findings:
        assert ledger._unpack_finding(ledger._pack_finding(finding)) == finding
