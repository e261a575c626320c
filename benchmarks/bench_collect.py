"""How quick collecting is, beside what else reads job token scopes, all in one run.

    python benchmarks/bench_collect.py              500 and 2,000 projects; a few minutes
    python benchmarks/bench_collect.py --full       and 20,000
    python benchmarks/bench_collect.py --million    and 1,000,000, for the memory alone

The server is the simulator in a process of its own, each client another. The peers are slow, so
they read a part, and their time is scaled to the whole. Everything is on this machine.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import kit
from kit import Run, Served, run_client, seconds, table

LATENCIES: tuple[tuple[str, dict[str, float]], ...] = (
    ("none", {}),
    ("50 ms", {"latency": 0.05}),
    ("50 ms + 10 ms a project", {"latency": 0.05, "latency_per_project": 0.01}),
)
"""Before each answer, and more for each project whose scope a GraphQL answer holds."""
PART = {"none": 200, "50 ms": 40, "50 ms + 10 ms a project": 40}
"""Projects that the plain loop reads; the rest is scaled."""
FORMED = 40
"""Projects that gitlabform works on: those of the group `part`."""
GOAL_LOOP, GOAL_BARE, GOAL_MIB = 40.0, 0.6, 1024
GOAL_REQUESTS = {"": 2.3, "--usage": 2.5, "--levels": None}
"""At most so many per 100 projects, by what is read besides; more where levels are needed."""


@dataclass(frozen=True)
class Row:
    """What was measured for one size and one latency."""

    size: int
    latency: str
    ours: Run
    bare: Run
    loop: Run
    former: Run | None


class Former:
    """gitlabform, applying a section that is applied already: the reading it takes."""

    def __init__(self, url: str, folder: Path) -> None:
        self._program, self.reason = kit.peer("gitlabform", "gitlabform>=6.3,<6.4")
        self._config = folder / "config.yml"
        self._config.write_text(
            "config_version: 4\n"
            f"gitlab: {{url: {url}, token: {kit.TOKEN}, timeout: 120}}\n"
            "projects_and_groups:\n"
            "  part/*:\n"
            "    job_token_scope:\n"
            "      limit_access_to_this_project: true\n"
            "      allowlist: {enforce: false, groups: [acme]}\n"
        )

    def apply(self, target: str) -> float | None:
        """Apply the section to a target; return the seconds, None where it did not go."""
        if self._program is None:
            return None
        started = time.perf_counter()
        done = subprocess.run(
            [str(self._program), "-c", str(self._config), target],
            capture_output=True,
            text=True,
            check=False,
            env=dict(kit.environment()),
            timeout=300,
        )
        if done.returncode:
            self._program, self.reason = None, f"it ended with exit code {done.returncode}"
            return None
        return time.perf_counter() - started

    def measure(self, server: Served) -> Run | None:
        """Return the run for all projects of the part, its own start taken off.

        None where the start takes most of the time: the rest would be noise.
        """
        starts = [self.apply("part/p000000") for _ in range(2)]
        server.say("reset")
        wholes = [self.apply("part")]
        requests = server.say("reset").get("rest", 0)
        wholes.append(self.apply("part"))
        start = min((found for found in starts if found is not None), default=None)
        whole = min((found for found in wholes if found is not None), default=None)
        if start is None or whole is None or whole < 2 * start:
            return None
        return Run((whole - start) * FORMED / (FORMED - 1), requests, FORMED)


def measure(size: int) -> Iterator[Row]:
    """Measure one size at every latency."""
    with Served("serve.py", size) as server, tempfile.TemporaryDirectory() as folder:
        former = Former(server.url, Path(folder))
        former.apply("part")
        for name, faults in LATENCIES:
            server.say("faults", faults)
            ours = best(2 if size <= 2000 else 1, "scopelint", server.url)
            bare = best(2 if size <= 2000 else 1, "bare", server.url)
            assert ours.projects == bare.projects == size
            limit = min(PART[name], size)
            part = run_client("python-gitlab", server.url, "--limit", limit)
            loop = part.scaled(size, 3 * size + -(-size // 100))
            formed = former.measure(server)
            if former.reason:
                print(f"gitlabform is left out: {former.reason}")
            scaled = formed and formed.scaled(size, formed.requests * size // FORMED)
            print(f"{size:,} projects, {name}: {seconds(ours.seconds)} s", file=sys.stderr)
            yield Row(size, name, ours, bare, loop, scaled)


def best(times: int, client: str, url: str) -> Run:
    """Return the quickest of some runs: what else this machine does only adds."""
    return min((run_client(client, url) for _ in range(times)), key=lambda run: run.seconds)


def show(rows: list[Row]) -> None:
    """Print the table of times."""
    head = (
        *("projects", "latency", "requests", "scopelint", "bare client", "of bare"),
        *("python-gitlab", "times", "gitlabform", "times", "MiB"),
    )
    print(
        table(
            head,
            [
                (
                    *(f"{row.size:,}", row.latency, row.ours.requests),
                    *(f"{seconds(row.ours.seconds)} s", f"{seconds(row.bare.seconds)} s"),
                    f"{row.bare.seconds / row.ours.seconds:.0%}",
                    f"{seconds(row.loop.seconds)} s",
                    f"{row.loop.seconds / row.ours.seconds:.0f}",
                    f"{seconds(row.former.seconds)} s" if row.former else "-",
                    f"{row.former.seconds / row.ours.seconds:.0f}" if row.former else "-",
                    f"{row.ours.mib:.0f}",
                )
                for row in rows
            ],
        )
    )


def show_growth(rows: list[Row]) -> None:
    """Print how the time grows from 2,000 to 20,000 projects; 10 is linear."""
    for name, _ in LATENCIES:
        found = {row.size: row.ours.seconds for row in rows if row.latency == name}
        if {2000, 20_000} <= found.keys():
            print(f"growth from 2,000 to 20,000, {name}: {found[20_000] / found[2000]:.1f} times")


def requests_of_a_full_read() -> None:
    """Print the requests of 2,000 projects in groups of 50, alone, with the log, with levels."""
    with Served("serve.py", 2000) as server:
        for option, goal in GOAL_REQUESTS.items():
            run = run_client("scopelint", server.url, *filter(None, [option]))
            told = server.say("reset")
            assert run.requests == told["graphql"] + told["rest"]
            share = run.requests / 20
            words = f" (goal: at most {goal})" if goal else ""
            print(f"requests per 100 projects {option}: {share:.2f}{words}")


def own_work(size: int) -> None:
    """Print the share of a bare client's speed where the server costs next to nothing."""
    with Served("light_server.py", "--projects", size) as server:
        ours, bare = best(3, "scopelint", server.url), best(3, "bare", server.url)
    print(
        f"own work, {size:,} projects from a server that answers at once:"
        f" {ours.projects / ours.seconds:,.0f} projects/s, the bare client"
        f" {bare.projects / bare.seconds:,.0f}: {bare.seconds / ours.seconds:.0%}"
    )


def million(size: int) -> None:
    """Print the time and the memory of a very large collection."""
    with Served("light_server.py", "--projects", size) as server:
        run = run_client("scopelint", server.url)
    print(
        f"{run.projects:,} projects: {seconds(run.seconds)} s, {run.requests:,} requests,"
        f" peak memory {run.mib:,.0f} MiB (goal: at most {GOAL_MIB:,})"
    )


def main() -> None:
    """Measure and print."""
    summary = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--full", action="store_true", help="20,000 projects too")
    parser.add_argument("--million", action="store_true", help="1,000,000 projects too")
    parser.add_argument("--only-million", action="store_true", help="nothing but these")
    parser.add_argument("--projects", type=int, default=1_000_000, help="what a million is")
    given = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    if not given.only_million:
        sizes = (500, 2000, 20_000) if given.full else (500, 2000)
        rows = [row for size in sizes for row in measure(size)]
        show(rows)
        show_growth(rows)
        requests_of_a_full_read()
        own_work(5000)
    if given.million or given.only_million:
        million(given.projects)


if __name__ == "__main__":
    main()
