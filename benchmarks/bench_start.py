"""What commands that ask no GitLab take, from start to exit.

    python benchmarks/bench_start.py [RUNS]

Each runs RUNS times (10) from compiled modules, as an installed package does; the least of each
number is given, for a machine that is busy only adds to it. The first line is Python with click and
pydantic alone, which every command needs; the ratio is the processor's time against that line.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_check import write
from kit import table

PROJECTS = 150
TABS = (
    "scopelint scan --select SL3",
    "scopelint scan -f ",
    "scopelint scan --re",
    "scopelint explain SL3",
    "scopelint plan --un",
)
"""Words that the shell completes: a rule, a format, options."""
COMPLETE = ("-c", "from scopelint.cli import main; main()")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "s.snapshot"
        write(snapshot, PROJECTS)
        check = ("-m", "scopelint", "check", str(snapshot), "--no-config", "-f", "json")
        commands = {
            "import click, pydantic": ("-c", "import click, pydantic; pydantic.BaseModel"),
            f"check, {PROJECTS} projects": (*check, "-o", f"{folder}/r.json"),
            "rules": ("-m", "scopelint", "rules"),
            "explain SL101": ("-m", "scopelint", "explain", "SL101"),
            **{f"Tab after: {words}": words for words in TABS},
        }
        seconds = {name: _least(words, runs) for name, words in commands.items()}
    base = seconds["import click, pydantic"][1]
    rows = [
        (name, f"{wall:.2f} s", f"{cpu:.2f} s", f"{cpu / base:.1f}")
        for name, (wall, cpu) in seconds.items()
    ]
    print(table(["command", "start to exit", "processor", "ratio"], rows))


def _least(words: tuple[str, ...] | str, runs: int) -> tuple[float, float]:
    """Return the least seconds from start to exit, and of the processor (user and system).

    `words` are Python's arguments, or what stands before the cursor when Tab is pressed.
    """
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if isinstance(words, str):
        env |= {
            "_SCOPELINT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        words = COMPLETE
    found = []
    for _ in range(runs):
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *words], env=env, stdout=subprocess.DEVNULL)
        usage = os.wait4(process.pid, 0)[2]
        found.append((time.perf_counter() - started, usage.ru_utime + usage.ru_stime))
    return min(wall for wall, _ in found), min(cpu for _, cpu in found)


if __name__ == "__main__":
    main()
