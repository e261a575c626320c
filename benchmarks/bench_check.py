"""What judging costs: all rules over a made-up snapshot, and each rule's share.

    python benchmarks/bench_check.py                    10,000 and 100,000 projects
    python benchmarks/bench_check.py --million          and 1,000,000, for growth and memory

Reading the snapshot, all rules (strict ones too) and the findings in their order are measured, no
report; each size in a process of its own. Memory is that process's and its helpers' together.
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit import seconds, table, with_peak

from scopelint import engine
from scopelint.engine.collector import FindingsCollector
from scopelint.model import AllowlistEntry, Group, Project, Scope, Target, TokenUse
from scopelint.registry import find_rules
from scopelint.rule import Policy, Rule
from scopelint.snapshot import Filters, Header, Snapshot, SnapshotWriter
from scopelint.snapshot.inventory import Inventory

NOW = datetime(2026, 11, 21, tzinfo=UTC)
GROUP_OF = 20
"""Projects a group, on average."""
ENTRIES = 3
"""Allowlist entries a project."""
OUTSIDE = 50
"""Groups outside the read tree that entries point to."""


def write(path: Path, count: int) -> None:
    """Write a snapshot of `count` projects with `ENTRIES` each, most of them near home."""
    dice = random.Random(1)
    header = Header(
        tool_version="benchmark",
        instance="https://gitlab.example.com",
        targets=("acme",),
        api="graphql",
        gitlab_version="19.3.0",
        started_at=NOW,
        finished_at=NOW,
        enforcement="off",
        filters=Filters(usage=True),
    )
    groups = list(_groups(count // GROUP_OF, dice))
    with SnapshotWriter(path, header) as writer:
        writer.add_groups(groups)
        writer.add_targets(
            Target("group", 10**9 + i, f"outside{i}", visible=True, project_count=i)
            for i in range(OUTSIDE)
        )
        page: list[Project] = []
        for project in _projects(groups, count, dice):
            page.append(project)
            if len(page) == 1000:
                writer.add_projects(page)
                page = []
        writer.add_projects(page)


def _groups(count: int, dice: random.Random) -> Iterator[Group]:
    made = [Group(1, "acme")]
    yield made[0]
    for number in range(2, count + 2):
        parent = made[dice.randrange(len(made))]
        while parent.path.count("/") > 6:
            parent = made[dice.randrange(len(made))]
        made.append(Group(number, f"{parent.path}/g{number}", parent_id=parent.id))
        yield made[-1]


def _projects(groups: list[Group], count: int, dice: random.Random) -> Iterator[Project]:
    for number in range(count):
        # Project n lives in group n modulo their number: neighbours are known without a list.
        group, number_of_groups = groups[number % len(groups)], len(groups)
        project_id = 10**6 + number
        near = 10**6 + (number + number_of_groups * dice.randrange(1, GROUP_OF)) % count
        drawn = _entries(group, near, number_of_groups, dice)
        entries = list({entry.key: entry for entry in drawn}.values())[:ENTRIES]
        own = dice.random() > 0.02
        yield Project(
            id=project_id,
            path=f"{group.path}/p{project_id}",
            name=f"p{project_id}",
            web_url=f"https://gitlab.example.com/{group.path}/p{project_id}",
            visibility="private",
            archived=False,
            jobs_enabled=True,
            deletion="none",
            last_activity_at=NOW,
            access_level=40,
            group_id=group.id,
            scope=Scope(
                inbound_own=own,
                inbound_effective=None,  # GraphQL does not show it.
                push=dice.random() < 0.02,
                entries=tuple(entries),
                uses=(TokenUse(near, "acme/near", NOW - timedelta(days=dice.randrange(300))),),
            ),
        )


def _entries(group: Group, near: int, step: int, dice: random.Random) -> Iterator[AllowlistEntry]:
    for place in range(2 * ENTRIES):  # Some of them are drawn twice.
        made = NOW - timedelta(days=dice.randrange(80))
        fine = dice.random() < 0.5
        policies = ("READ_PACKAGES",) if fine else ()
        kind = dice.random()
        if kind < 0.25 and group.id != 1:
            target, number, path = "group", group.id, group.path
        elif kind < 0.27:
            number = 10**9 + dice.randrange(OUTSIDE)
            target, path = "group", f"outside{number - 10**9}"
        else:
            target, number = "project", near + place * step
            path = f"{group.path}/p{number}"
        yield AllowlistEntry(
            "group" if target == "group" else "project",
            number,
            path,
            default_permissions=not fine,
            policies=policies,
            created_at=made,
            autopopulated=False,
        )


def judge(path: Path, rules: Sequence[Rule]) -> tuple[float, int]:
    """Judge a snapshot with some rules; return processor seconds and the number of findings."""
    began = _processor_seconds()
    with Snapshot(path) as snapshot:
        report = engine.run(Inventory(snapshot), rules)
    return _processor_seconds() - began, len(report.findings)


def _processor_seconds() -> float:
    helpers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + helpers.ru_utime + helpers.ru_stime


def all_rules() -> list[Rule]:
    """Return every rule, with its default options."""
    classes = [found.cls for found in find_rules().values()]
    policy = Policy(
        selected=tuple(cls.code for cls in classes),
        of_instance=frozenset(cls.code for cls in classes if cls.once),
    )
    return [cls(None, policy) for cls in classes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        began = time.perf_counter()
        spent, findings = judge(Path(given.one), all_rules())
        print(json.dumps([time.perf_counter() - began, spent, findings]))
        return
    sizes = [10_000, 100_000, *([1_000_000] if given.million else [])]
    with tempfile.TemporaryDirectory(prefix="scopelint-bench-") as folder:
        paths = {size: Path(folder) / f"{size}.db" for size in sizes}
        for size, path in paths.items():
            write(path, size)
        print(table(("projects", "entries", "findings", "time", "processor", "MiB"), _whole(paths)))
        print(f"\nEach rule's share at {sizes[0]:,} projects, its findings included:\n")
        print(table(("rule", "ms"), _shares(paths[sizes[0]])))


def _whole(paths: dict[int, Path]) -> Iterator[tuple[object, ...]]:
    for size, path in paths.items():
        printed, peak = with_peak([sys.executable, __file__, "--one", str(path)])
        wall, spent, findings = json.loads(printed)
        with Snapshot(path) as snapshot:
            entries = snapshot.count_entries()
        yield (
            f"{size:,}",
            f"{entries:,}",
            f"{findings:,}",
            seconds(wall),
            seconds(spent),
            f"{peak:.0f}",
        )


def _shares(path: Path) -> list[tuple[str, str]]:
    """Return what each rule costs by itself, findings included, most first."""
    with Snapshot(path) as snapshot:
        inventory = Inventory(snapshot)
        inventory.targets()
        projects = list(inventory.projects())
        nothing = _asked(inventory, projects, [])
        rules = {rule.code: [rule] for rule in all_rules() if rule.not_judged(inventory) is None}
        shares = {code: _asked(inventory, projects, rule) - nothing for code, rule in rules.items()}
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return [(code, f"{max(0.0, share) * 1000:.0f}") for code, share in ordered]


def _asked(inventory: Inventory, projects: Sequence[Project], rules: Sequence[Rule]) -> float:
    """Return the least seconds of three that asking these rules about all projects took."""

    def once() -> float:
        collector = FindingsCollector(inventory, rules, engine.Settings())
        began = time.process_time()
        for project in projects:
            collector.judge_project(project)
        return time.process_time() - began

    return min(once() for _ in range(3))


if __name__ == "__main__":
    main()
