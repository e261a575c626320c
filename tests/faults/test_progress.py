"""What a person sees of a long collection: on a terminal, in a job's log, and with -v."""

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from scopelint.cli import progress_line as shown
from scopelint.cli.console import Console
from scopelint.cli.progress_line import PLAIN_EVERY, ProgressLine
from scopelint.progress import Progress
from scopelint_simulator import Faults, Simulator, load_instance
from tests.cli.kit import command, environment, process
from tests.faults.kit import TOKEN, instance

CLEAR = "\r\x1b[2K"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(shown, "time", made)
    return made


def on_a_terminal(arguments: list[str], until: bytes | None = None, seconds: float = 30) -> str:
    """Run a program whose stderr is a terminal of 120 columns; return what it wrote there.

    It is killed as soon as it has written `until`.
    """
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        arguments,
        env=environment(SCOPELINT_TOKEN=TOKEN, COLUMNS="120"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until is not None and until in seen:
            running.kill()
            break
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(ours, 65_536)
        except OSError:
            break  # the program is gone, and its terminal with it
        if not data:
            break
        seen += data
    code = running.wait(timeout=5)
    os.close(ours)
    assert code == 0 if until is None else until in seen
    return seen.decode()


def test_a_bar_on_a_terminal_that_is_gone_at_the_end(tmp_path: Path) -> None:
    faults = Faults(latency=0.15, rate_limit=8, rate_window=3.0)
    with Simulator(load_instance(instance(800)), faults=faults) as gitlab:
        given = ("--url", gitlab.url, "--group", "acme", "--no-config", "-j", "2")
        arguments = command("collect", *given, "-o", tmp_path / "x.snapshot")
        seen = on_a_terminal(arguments)
    drawn = seen.split(CLEAR)
    bars = [line for line in drawn if line.startswith("[")]
    assert len(bars) >= 3
    assert all(re.match(r"\[#*-*\] \w[\w ]*: \d+ of \d+ projects, \w", b) for b in bars)
    assert max(map(len, bars)) < 120
    assert any(" of 800 projects" in line for line in bars)
    assert any(re.search(r"waiting for GitLab until \d\d:\d\d:\d\d UTC", line) for line in bars)
    assert any("#" in line and "-]" in line for line in bars)
    last = drawn[-1]
    assert "[" not in last
    assert re.search(r"^\d+ requests, .*s waited, no gap, GitLab 19.3.0 by graphql", last)


def test_plain_lines_every_thirty_seconds_elsewhere(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressLine(Console()) as line:
        for second in range(95):
            clock.now = 100.0 + second
            line(Progress(listed=500, expected=1000, read=10 * second, requests=second))
    told = capsys.readouterr().err.splitlines()
    assert PLAIN_EVERY == 30.0
    assert told == [
        "listing: 300 of 1,000 projects, about 1 min left, 10 projects/s, 30 requests",
        "listing: 600 of 1,000 projects, about 40 s left, 10 projects/s, 60 requests",
        "listing: 900 of 1,000 projects, about 10 s left, 10 projects/s, 90 requests",
    ]


@pytest.mark.parametrize(
    ("console", "lines"),
    [
        (Console(), 1),
        (Console(progress=True), 1),
        (Console(progress=False), 0),
        (Console(quiet=True), 0),
        (Console(quiet=True, progress=True), 0),
    ],
)
def test_who_wants_it(
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    console: Console,
    lines: int,
) -> None:
    with ProgressLine(console) as line:
        clock.now += 31
        line(Progress())
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_a_wait_says_until_when(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine(Console()) as line:
        clock.now += 31
        line(Progress(listed=10, read=5, unreadable=1, requests=9, retries=2, waiting=40.0))
    told = capsys.readouterr().err
    until = r"waiting for GitLab until \d\d:\d\d:\d\d UTC"
    assert re.search(rf"6 of 10 projects, {until}, 9 requests, 2 retried\n$", told)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (20, "listing: 2,000 of 5"),
        (40, "listing: 2,000 of 5,000 projects"),
        (60, "[########------------] listing: 2,000 of 5,000 projects"),
        (80, "[########------------] listing: 2,000 of 5,000 projects, about 2 min left"),
        (
            120,
            "[########------------] listing: 2,000 of 5,000 projects, about 2 min left,"
            " 20 projects/s, 50 requests, 3 retried",
        ),
    ],
)
def test_the_line_fits_the_terminal_and_says_how_long_still(
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    line: str,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(shown, "err_is_terminal", lambda: True)
    with ProgressLine(Console()) as told:
        # A resumed collection: what was read before says nothing about the pace.
        told(Progress(listed=1000, expected=5000, read=200, requests=1))
        clock.now += 90
        told(Progress(listed=5000, expected=5000, read=2000, requests=50, retries=3))
    drawn = capsys.readouterr().err.split("\r")  # pytest's stderr is no terminal: no colours
    assert drawn == ["", line, ""]
    assert len(line) < columns


def test_no_forecast_where_nothing_is_known(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "PLAIN_EVERY", 1.0)
    for seconds, progress in (
        (2, Progress(listed=50, expected=100, read=10)),  # too early
        (40, Progress(listed=50, read=10)),  # nobody knows how many there are
        (40, Progress(listed=50, expected=100)),  # nothing is done yet
        (40, Progress(listed=100, expected=100, read=100)),  # nothing is left
    ):
        with ProgressLine(Console()) as told:
            told(Progress())
            clock.now += seconds
            told(progress)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert not [line for line in lines if "left" in line]


@pytest.mark.parametrize(
    ("pace", "words"),
    [
        (1.0, "about 2 h 47 min"),
        (10.0, "about 17 min"),
        (1000.0, "about 10 s"),
        (9999.0, "about 5 s"),
    ],
)
def test_a_forecast_is_as_exact_as_it_may_be(
    clock: Clock, capsys: pytest.CaptureFixture[str], pace: float, words: str
) -> None:
    with ProgressLine(Console()) as told:
        told(Progress())
        clock.now += 100
        done = int(100 * pace)
        told(Progress(listed=done + 9999, expected=done + 9999, read=done))
    assert f", {words} left," in capsys.readouterr().err


def test_a_wait_before_the_first_answer_is_told(tmp_path: Path) -> None:
    """The limit may be used up when the run begins, by whatever ran before it."""
    faults = Faults(rate_limit=0, rate_window=600.0)
    with Simulator(load_instance(instance(5)), faults=faults) as gitlab:
        given = ("--url", gitlab.url, "--group", "acme", "--no-config")
        arguments = command("collect", *given, "-o", tmp_path / "x.snapshot")
        seen = on_a_terminal(arguments, until=b"waiting for GitLab until")
    assert "starting, waiting for GitLab until" in seen


def test_verbose_names_each_request_and_no_secret(tmp_path: Path) -> None:
    with Simulator(load_instance(instance(150))) as gitlab:
        given = ("--url", gitlab.url, "--group", "acme", "--no-config", "-v")
        env = {"SCOPELINT_TOKEN": TOKEN}
        seen = process("collect", *given, "-o", tmp_path / "x.snapshot", env=env).expect(0)
        sent = len(gitlab.log)
    requests = [line for line in seen.err.splitlines() if re.match(r"DEBUG: (GET|POST) http", line)]
    assert len(requests) == sent > 4
    assert any(line.endswith("/api/graphql query Scopes") for line in requests)
    assert TOKEN not in seen.text


def test_verbose_names_each_retry_and_its_reason(tmp_path: Path) -> None:
    faults = Faults(error_rate=0.4, seed=2)
    with Simulator(load_instance(instance(150)), faults=faults) as gitlab:
        given = ("--url", gitlab.url, "--group", "acme", "--no-config", "-v")
        env = {"SCOPELINT_TOKEN": TOKEN}
        seen = process("collect", *given, "-o", tmp_path / "x.snapshot", env=env).expect(0)
    retries = [line for line in seen.err.splitlines() if "HTTP 502; again in" in line]
    said = re.search(r"(\d+) requests, (\d+) retried", seen.err)
    assert said is not None
    assert len(retries) == int(said[2]) > 0
