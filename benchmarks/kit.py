"""What the benchmarks share: servers and clients in processes of their own, and how they are timed."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).parent
TOKEN = "glpat-benchmark"
PEERS = Path(sys.prefix) / "peers"
"""Virtual environments of other tools, one each; `make clean` removes them with the rest."""


class Served:
    """A server script in a process of its own: its URL is the first line it prints."""

    def __init__(self, script: str, *options: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *map(str, options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._read().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def say(self, command: str, value: object = None) -> Any:
        """Give the server a command and return its answer (JSON)."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([command, value]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server ended before it answered")
        return line


@dataclass(frozen=True)
class Run:
    """One client's run: seconds, requests, projects read, and its peak memory in MiB."""

    seconds: float
    requests: int
    projects: int
    mib: float = 0.0

    def scaled(self, projects: int, requests: int) -> "Run":
        """Return what this run on a part makes for the whole."""
        return Run(self.seconds * projects / self.projects, requests, projects, self.mib)


def with_peak(command: Sequence[str]) -> tuple[str, float]:
    """Run a program; return what it prints, and the most memory it had, with its children, in MiB.

    What processes share is counted once (proportional set size): looked at a few times a second,
    which takes milliseconds.
    """
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0.0
    while running.poll() is None:
        peak = max(peak, _pss(running.pid))
        time.sleep(0.2)
    assert running.stdout is not None
    printed = running.stdout.read()
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return printed, peak


def _pss(pid: int) -> float:
    """Return a process's share of memory and its children's, in MiB (Linux, proc(5))."""
    total = 0
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *children):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except OSError:
        pass  # It has just ended.
    return total / 1024


def run_client(name: str, url: str, *options: object, timeout: float = 3600) -> Run:
    """Run a client of `clients.py` in a process of its own; it times itself, without its start."""
    done = subprocess.run(
        [sys.executable, str(HERE / "clients.py"), name, url, *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=timeout,
    )
    return Run(**json.loads(done.stdout))


def newer_python() -> str | None:
    """Return a Python of 3.12 or newer, None where there is none."""
    for name in (sys.executable, "python3.14", "python3.13", "python3.12", *_pyenv()):
        test = "import sys, venv; sys.exit(sys.version_info < (3, 12))"
        path = shutil.which(name)
        if (
            path
            and not subprocess.run([path, "-c", test], capture_output=True, check=False).returncode
        ):
            return path
    return None


def _pyenv() -> Iterable[str]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return (str(path) for path in sorted(root.glob("3.1[2-9]*/bin/python")))


def peer(name: str, requirement: str) -> tuple[Path | None, str]:
    """Return the program of another tool, installed once in an environment of its own.

    Where that does not go, return None and the reason.
    """
    home = PEERS / name
    program = home / "bin" / name
    if program.exists():
        return program, ""
    python = newer_python()
    if python is None:
        return None, "there is no Python 3.12 or newer"
    subprocess.run([python, "-m", "venv", str(home)], check=True, capture_output=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", requirement]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        shutil.rmtree(home)
        return None, f"pip could not install it: {done.stderr.strip().splitlines()[-1:]}"
    return program, ""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; the first column is text, the others numbers."""
    shown = [list(head), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in shown) for i in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in (shown[0], rule, *shown[1:])
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def seconds(value: float) -> str:
    """Show seconds with as many digits as mean anything."""
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def environment(**more: str) -> Mapping[str, str]:
    """Return this environment without proxies (all is on this machine), and with `more`."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | more
