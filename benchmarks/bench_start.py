"""How long commands that ask no GitLab take, from start to exit.

    python benchmarks/bench_start.py [RUNS]

Each runs RUNS times (10); the quickest is given, for a machine that is busy only adds to it. The
first line is Python with click and pydantic alone, which every command needs.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_check import write
from kit import table

PROJECTS = 150


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
        }
        rows = [(name, f"{_quickest(words, runs):.2f} s") for name, words in commands.items()]
    print(table(["command", "start to exit"], rows))


def _quickest(words: tuple[str, ...], runs: int) -> float:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=False)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
