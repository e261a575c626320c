"""What only a process of its own shows: signals, closed pipes, full disks, the locale."""

import json
import os
import resource
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from scopelint_simulator import Faults, Simulator
from tests.cli.kit import TOKEN, call, command, environment, process

SECONDS = 2.0
"""How long a run may take to end after Ctrl-C."""


def _interrupt(gitlab: Simulator, *args: object, sign: signal.Signals) -> tuple[int, str, float]:
    """Start a run, stop it once it has read something, and return code, stderr and seconds."""
    # 3 projects at a page of one: the list is there at once, each scope takes a while.
    gitlab.faults = Faults(latency_per_project=0.5)
    run = subprocess.Popen(
        command(*args, "--url", gitlab.url, "--page-size", "1", "-j", "1"),
        env=environment(SCOPELINT_TOKEN=TOKEN),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while gitlab.counts.total() < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    started = time.monotonic()
    run.send_signal(sign)
    _, err = run.communicate(timeout=20)
    return run.returncode, err.decode(), time.monotonic() - started


@pytest.mark.parametrize(
    ("given", "kept", "sign"),
    [
        (("collect", "acme", "-o", "s.snapshot"), "s.snapshot", signal.SIGINT),
        (("scan", "acme", "--snapshot", "s.snapshot"), "s.snapshot", signal.SIGINT),
        (("scan", "acme"), "scopelint-interrupted.snapshot", signal.SIGINT),
        (("scan", "acme"), "scopelint-interrupted.snapshot", signal.SIGTERM),
    ],
    ids=["collect", "scan --snapshot", "scan", "scan, SIGTERM"],
)
def test_an_interrupted_run_keeps_and_names_what_it_read(
    gitlab: Simulator, given: tuple[str, ...], kept: str, sign: signal.Signals
) -> None:
    code, err, seconds = _interrupt(gitlab, *given, sign=sign)
    assert code == 130, err
    assert "interrupted" in err
    assert kept in err
    assert "Traceback" not in err
    assert seconds < SECONDS
    result = call("check", kept, "-f", "json", "--fail-on", "never").expect(3)
    assert json.loads(result.raw)["scan"]["complete"] is False
    assert Path(kept).stat().st_mode & 0o077 == 0


def test_interrupted_before_anything_was_read(gitlab: Simulator) -> None:
    gitlab.faults = Faults(latency=5)
    run = subprocess.Popen(
        command("scan", "acme", "--url", gitlab.url),
        env=environment(SCOPELINT_TOKEN=TOKEN),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while not gitlab.counts.total() and time.monotonic() < deadline:
        time.sleep(0.02)
    started = time.monotonic()
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=20)
    assert run.returncode == 130
    assert time.monotonic() - started < SECONDS
    assert err.decode().split() == ["interrupted", "before", "anything", "was", "read"]
    assert out == b""


def _piped(args: tuple[object, ...], reader: str, *, both: bool = False) -> tuple[int, str]:
    """Run with stdout (or both streams) read by a shell command; return its code and stderr."""
    read, write = os.pipe()
    other = subprocess.Popen(["sh", "-c", reader], stdin=read, stdout=subprocess.DEVNULL)
    os.close(read)
    run = subprocess.Popen(
        command(*args), stdout=write, stderr=write if both else subprocess.PIPE, env=environment()
    )
    os.close(write)
    _, err = run.communicate(timeout=30)
    other.wait()
    return run.returncode, (err or b"").decode()


@pytest.mark.parametrize(
    ("name", "reader"),
    [("json", "head -c 1"), ("html", "exec <&-"), ("console", "exec <&-"), ("html", "head -c 1")],
)
def test_a_reader_that_goes_away_makes_no_noise_and_changes_no_verdict(
    snapshot: Path, name: str, reader: str
) -> None:
    assert _piped(("check", snapshot, "-f", name, "-q"), reader) == (1, "")


def test_a_reader_of_other_commands_that_goes_away(snapshot: Path) -> None:
    call("check", snapshot, "-f", "json", "-o", "r.json")
    closed = "exec <&-; exit"
    assert _piped(("gate", "r.json", "-q"), closed) == (1, "")
    assert _piped(("explain", "SL101"), closed) == (0, "")
    assert _piped(("--help",), closed) == (0, "")
    code, _ = _piped(("gate", "missing.json"), closed, both=True)
    assert code == 2


def test_stdout_on_a_full_disk(snapshot: Path) -> None:
    for args in (("check", snapshot, "-f", "json"), ("rules",)):
        with Path("/dev/full").open("wb") as full:
            run = subprocess.run(
                command(*args),
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment(),
                timeout=30,
                check=False,
            )
        err = run.stderr.decode()
        assert run.returncode == 4, err
        assert "No space left" in err
        assert "Traceback" not in err
        assert "Exception ignored" not in err


def test_a_disk_that_fills_up_while_a_report_is_written(snapshot: Path) -> None:
    Path("r.html").write_text("old")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    result = process("check", snapshot, "-f", "html", "-o", "r.html", preexec_fn=limit)
    result.expect(4, "r.html", "untouched")
    assert Path("r.html").read_text() == "old"
    assert sorted(path.name for path in Path().iterdir() if path.is_file()) == [
        "acme.snapshot",
        "r.html",
    ]


def test_a_disk_that_fills_up_while_collecting(gitlab: Simulator) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    result = process(
        *("collect", "acme", "--url", gitlab.url, "-o", "s.snapshot"),
        env={"SCOPELINT_TOKEN": TOKEN},
        preexec_fn=limit,
    )
    result.expect(4, "s.snapshot")


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "LANG": "C"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=["C", "POSIX without UTF-8 mode", "latin-1"],
)
def test_output_is_utf_8_whatever_the_locale(place: Path, locale: dict[str, str]) -> None:
    result = process("explain", "SL301", env=locale, cwd=place).expect(0)
    assert result.raw.decode("utf-8") == call("explain", "SL301").out
    odd = process("gate", "nö-file-—.json", env=locale, cwd=place).expect(2)
    assert "nö-file-—.json" in odd.err or "PYTHONUTF8" in locale


def test_the_installed_program_and_the_module_are_the_same(place: Path) -> None:
    script = Path(command()[0]).with_name("scopelint")
    if not script.exists():
        pytest.skip("scopelint is not installed as a program here")
    done = subprocess.run([script, "--version"], capture_output=True, check=True, cwd=place)
    assert done.stdout.decode() == process("--version", cwd=place).expect(0).out


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("check", "acme.snapshot"), 1),
        (("check", "acme.snapshot", "-f", "json"), 1),
        (("check", "acme.snapshot", "--exit-zero", "--report", "json=r.json"), 0),
        (("rules",), 0),
        (("--help",), 0),
        (("check", "nowhere"), 2),
    ],
)
@pytest.mark.usefixtures("snapshot")
def test_closed_streams_are_quiet_and_keep_the_exit_code(
    given: tuple[str, ...], code: int, closed: str
) -> None:
    line = f"{shlex.join(command(*given))} {closed}"
    ran = subprocess.run(
        ["sh", "-c", line], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == code, ran.stderr
    assert "scopelint itself failed" not in ran.stderr
    assert "Traceback" not in ran.stderr
    if ">&-" in closed.split():
        assert ran.stdout == ""
    if "r.json" in given[-1]:
        assert json.loads(Path("r.json").read_text())["findings"]
