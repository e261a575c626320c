"""What a change costs to judge: `check --after` beside the plain check, over one made-up snapshot.

    python benchmarks/bench_after.py                    10,000 projects

Each run is the program itself, from its start to the JSON report. The plan is the one that
`scopelint plan --unsafe` makes of the snapshot; the policy declares one list for all projects.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench_check import write
from kit import seconds, table

PROJECTS = 10_000
POLICY = """\
config_version: 4
projects_and_groups:
  "*":
    job_token_scope:
      limit_access_to_this_project: true
      allowlist: {enforce: true, groups: [acme], projects: []}
"""


def _scopelint(*words: object) -> list[str]:
    return [sys.executable, "-m", "scopelint", *map(str, words)]


def _measured(*words: object) -> tuple[float, float]:
    """Run scopelint; return the seconds that it took, and the processor's."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(_scopelint(*words, "--no-config"), check=True, capture_output=True)
    spent, later = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent, later.ru_utime + later.ru_stime - before.ru_utime - before.ru_stime


def _rows(folder: Path) -> Iterator[tuple[object, ...]]:
    snapshot, plan, policy = (folder / name for name in ("snapshot", "plan.json", "policy.yml"))
    write(snapshot, PROJECTS)
    policy.write_text(POLICY, encoding="utf-8")
    check = ("check", snapshot, "-q", "-f", "json", "-o", folder / "report.json", "--exit-zero")
    runs: dict[str, tuple[object, ...]] = {
        "check": check,
        "plan --unsafe": ("plan", snapshot, "--unsafe", "-o", plan),
        "check --after PLAN": (*check, "--after", plan),
        "check --after POLICY": (*check, "--after", policy),
    }
    for name, words in runs.items():
        spent, processor = _measured(*words)
        yield name, seconds(spent), seconds(processor)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="scopelint-bench-") as folder:
        print(f"{PROJECTS:,} projects:\n")
        print(table(("run", "seconds", "processor"), _rows(Path(folder))))


if __name__ == "__main__":
    main()
