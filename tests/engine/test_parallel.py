"""Judging in several processes gives the report that one gives, and no fault gets lost in it."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from scopelint import engine
from scopelint.engine import parallel, spill
from scopelint.engine.baseline import create
from scopelint.engine.rule_sets import Override
from scopelint.engine.waivers import WaiverRule
from scopelint.errors import PluginError, SnapshotError, UsageError
from scopelint.finding import PASS, Severity, Verdict
from scopelint.globs import GlobSet
from scopelint.model import Project, Scope
from scopelint.report import Report
from scopelint.rule import EntryContext, Policy, ProjectContext, Rule
from scopelint.snapshot import Header, Snapshot, SnapshotWriter
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory
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


class SomeTooMany(TooMany):
    """Cannot judge with some options, and says with which."""

    def not_judged(self, inventory: Inventory) -> str | None:
        most = self.options.most
        return f"nobody counts to {most}" if most > 90 else None


RULES: tuple[type[Rule], ...] = (SomeTooMany, AnyGroup, NeedsLog, Unreadable, Incomplete)
OVERRIDES = (
    Override(GlobSet(["acme/g1/**"]), severities={"TST002": Severity.CRITICAL}),
    Override(GlobSet(["acme/g2/**", "acme/g3/**"]), ignore=frozenset({"TST001"})),
    Override(GlobSet(["acme/*/p1*"]), options={"TST001": {"most": 0}}),
    Override(GlobSet(["acme/g4/**"]), options={"TST001": {"most": 99}}),
    Override(GlobSet(["acme/g5/**"]), options={"TST001": {"most": 98}}),
)
WAIVERS = (
    WaiverRule(frozenset({"TST002"}), "acme/g4/**", "known", date(2026, 12, 31)),
    WaiverRule(frozenset({"TST901"}), "acme/dark", "known", date(2026, 12, 31)),
    WaiverRule(frozenset({"TST002"}), "acme/nowhere", "stale", date(2026, 12, 31)),
)


def judged(processes: int, rules: Iterable[type[Rule]] = RULES, **settings: Any) -> Report:
    policy = Policy(selected=("A",))
    made = [rule(None, policy) for rule in rules]
    given = engine.Settings(
        processes=processes, today=date(2026, 8, 1), waivers=WAIVERS, **settings
    )
    with inventory({"projects": PROJECTS}) as observed:
        return engine.run(observed, made, given)


def plain(report: Report) -> dict[str, Any]:
    """Everything of a report, as data."""
    bare = replace(report, findings=(), outcomes=None, allowlists=None, projects=None)
    return asdict(bare) | {
        "projects": list(report.projects or ()),
        "findings": [asdict(finding) for finding in report.findings],
        "outcomes": [asdict(outcome) for outcome in report.outcomes or ()],
    }


@contextmanager
def helping(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where judging falls back to one process, which would prove nothing."""
    caplog.set_level("DEBUG")
    yield
    assert re.search(r"judging in \d processes", caplog.text)
    assert "judging again in one" not in caplog.text


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("buffer", [3, 20_000])
def test_the_report_is_the_same(
    processes: int,
    buffer: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Findings, counts, passes, waivers, overview: whichever process judged what, in memory or in files."""
    known = [finding for finding in judged(1).findings if finding.rule == "TST001"]
    settings: dict[str, Any] = {
        "overrides": OVERRIDES,
        "baseline": create("https://gitlab.example.com", known[::2]),
    }
    alone = judged(1, **settings)
    states = {finding.state.value for finding in alone.findings}
    assert states == {"new", "waived", "baselined"}
    monkeypatch.setattr(spill, "BUFFER", buffer)
    with helping(caplog):
        together = judged(processes, **settings)
    assert plain(together) == plain(alone)
    assert isinstance(together.findings, spill.Spill)
    skipped = [finding for finding in alone.findings if "nobody counts" in finding.message]
    assert {finding.message[-2:] for finding in skipped} == {"99", "98"}
    assert multiprocessing.active_children() == []


def test_helpers_do_judge(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Each chunk is judged once, and not all by the parent."""

    class Telling(OpenProject):
        def judge(self, context: ProjectContext) -> Iterable[Verdict]:
            with (tmp_path / "told").open("a") as file:
                file.write(f"{os.getpid()} {context.project.id}\n")
            if os.getpid() == PARENT:
                _wait_for_helpers(tmp_path / "told")
            yield PASS

    with helping(caplog):
        judged(3, [Telling])
    told = [line.split() for line in (tmp_path / "told").read_text().splitlines()]
    assert len(told) == len({number for _, number in told}) == len(PROJECTS) - 1
    assert {process for process, _ in told} != {str(PARENT)}


def _wait_for_helpers(told: Path) -> None:
    for _ in range(1000):
        if any(not line.startswith(f"{PARENT} ") for line in told.read_text().splitlines()):
            return
        time.sleep(0.01)


class CrashesAtLast(AnyGroup):
    """Crashes on every project with a high number, so in more than one part."""

    def judge(self, context: EntryContext) -> Verdict | None:
        project = context.project
        if project.id > 1060:
            raise ZeroDivisionError(project.id)
        return PASS


def test_a_crash_is_the_one_that_judging_alone_meets() -> None:
    """The first project in the order of ids is named, with the cause, whichever process met it first."""
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


class Waiting(OpenProject):
    """Has the parent wait until a helper was asked, who notes that in the file `told`."""

    told: ClassVar[Path]

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        if os.getpid() == PARENT:
            _wait_for_helpers(self.told)
        else:
            self.told.write_text(f"{os.getpid()}\n")
            self.in_helper()
        return super().judge(context)

    def in_helper(self) -> None:
        """Do what the helper is there for."""


def waiting(rule: type[Waiting], folder: Path) -> type[Waiting]:
    told = folder / "told"
    told.touch()
    return type("Told", (rule,), {"told": told})


class KillsItsHelper(Waiting):
    """Ends every process but the one that started all."""

    def in_helper(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_helper_that_is_killed_costs_time_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As where memory ran out: what it should have judged is judged, and nothing passes unseen."""
    rules: list[type[Rule]] = [waiting(KillsItsHelper, tmp_path), AnyGroup, Unreadable]
    caplog.set_level("DEBUG")
    assert plain(judged(2, rules)) == plain(judged(1, rules))
    assert "judging again in one" in caplog.text


def test_why_a_rule_judged_nowhere_is_the_same_whoever_judged() -> None:
    """Where several overrides keep it from judging, each for a reason of its own."""
    nowhere = (
        Override(GlobSet(["**"]), options={"TST001": {"most": 99}}),
        Override(GlobSet(["acme/g1/**"]), options={"TST001": {"most": 98}}),
        Override(GlobSet(["acme/g2/**"]), options={"TST001": {"most": 97}}),
    )
    reasons = {
        next(
            rule.not_judged
            for rule in judged(processes, [SomeTooMany], overrides=nowhere).rules
            if rule.code == "TST001"
        )
        for processes in (1, 2, 2, 3, 3)
    }
    assert len(reasons) == 1
    assert reasons != {None}


class TellsItsSignals(OpenProject):
    """Notes what its process would do at Ctrl-C and at its end."""

    told: ClassVar[Path]

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        taken = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        with self.told.open("a") as file:
            file.write(f"{os.getpid()} {[str(each) for each in taken]}\n")
        if os.getpid() == PARENT:
            _wait_for_helpers(self.told)
        yield PASS


def test_helpers_take_no_part_in_the_end_of_a_program(tmp_path: Path) -> None:
    """The command line turns the signal into an exception, which a helper would print."""
    rule = type("Telling", (TellsItsSignals,), {"told": tmp_path / "told"})
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        judged(2, [rule])
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    told = {line.partition(" ")[::2] for line in (tmp_path / "told").read_text().splitlines()}
    helpers = {said for process, said in told if process != str(PARENT)}
    assert helpers == {str([str(signal.SIG_IGN), str(signal.SIG_DFL)])}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


ORPHAN = """
import os, sys, time
from pathlib import Path
from scopelint.finding import PASS
from tests.engine import test_parallel as kit

class Slow(kit.OpenProject):
    def judge(self, context):
        with Path(sys.argv[1]).open("a") as file:
            file.write(f"{os.getpid()}\\n")
        time.sleep(0.3)
        yield PASS

kit.judged(2, [Slow])
"""


@pytest.mark.slow
def test_a_helper_does_not_outlive_its_parent(tmp_path: Path, checkout: Path) -> None:
    """Not even one that is killed without a word, as for its memory."""
    told = tmp_path / "told"
    told.touch()
    with subprocess.Popen([sys.executable, "-c", ORPHAN, told], cwd=checkout) as parent:
        helpers: set[str] = set()
        for _ in range(600):
            helpers = set(told.read_text().split()) - {str(parent.pid)}
            if helpers:
                break
            time.sleep(0.05)
        parent.kill()
    assert helpers
    for _ in range(200):
        if not any(_runs(helper) for helper in helpers):
            return
        time.sleep(0.05)
    pytest.fail("the helper is still there")


def _runs(process: str) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class FailsInItsHelper(Waiting):
    """Fails in helpers only."""

    def in_helper(self) -> None:
        raise RuntimeError("in a helper")


def test_a_helper_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    rule = waiting(FailsInItsHelper, tmp_path)
    assert plain(judged(2, [rule])) == plain(judged(1, [rule]))
    assert "judging again in one" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_it_is_left_where_it_does_not_pay_or_is_not_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with inventory({"projects": PROJECTS}) as observed:
        assert parallel.process_count(observed) == 1
        monkeypatch.setattr(parallel, "PAYS_FROM", 10)
        assert parallel.process_count(observed) == 4
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
        assert parallel.process_count(observed) == 1
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
        assert parallel.process_count(observed) == 2
        monkeypatch.setattr(threading, "active_count", lambda: 2)
        assert parallel.process_count(observed) == 1
        monkeypatch.setattr(threading, "active_count", lambda: 1)
        monkeypatch.setattr(sys, "platform", "darwin")
        assert parallel.process_count(observed) == 1


def test_another_file_in_the_snapshots_place_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a helper opens anew is what the parent has open, or all is judged by the parent."""
    now = datetime(2026, 8, 1, tzinfo=UTC)
    header = Header("0", "https://g.example.com", ("acme",), "graphql", "18.5.0", now)

    def write(path: Path, *, own: bool) -> None:
        with SnapshotWriter(path, header) as writer:
            scope = Scope(own, own)
            writer.add_projects(Project(n, f"acme/p{n}", scope=scope) for n in range(1, 40))

    write(tmp_path / "s", own=True)
    write(tmp_path / "other", own=False)
    with Snapshot(tmp_path / "s") as snapshot:
        (tmp_path / "other").replace(tmp_path / "s")
        with pytest.raises(SnapshotError, match="replaced or changed"):
            snapshot.reopened()
        report = engine.run(Inventory(snapshot), [OpenProject()], engine.Settings(processes=2))
    assert list(report.findings) == []
    assert report.scan.projects.read == 39
