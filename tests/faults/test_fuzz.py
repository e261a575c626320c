"""Whatever an answer looks like: no traceback, no pass that should not be, nothing missing unsaid.

Some seconds in each run of the tests; `SCOPELINT_FUZZ_SECONDS=600` (with `-s`, to see the counts)
goes on for ten minutes, `SCOPELINT_FUZZ_SEED` begins elsewhere. A finding names its seed.
"""

import functools
import json
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import Api, CollectRequest
from scopelint.errors import ScopelintError
from scopelint.gitlab import values
from scopelint.model import AllowlistEntry, EntryKind, Fact
from scopelint.snapshot import Filters, Snapshot
from scopelint_simulator import Simulator, load_instance
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.cli.kit import call
from tests.collect.kit import ADMIN, PEOPLE, TOKEN, connect, head, hurried, intercept
from tests.conftest import ORIGINAL
from tests.faults.mutations import Mutator

SECONDS = float(ORIGINAL.get("SCOPELINT_FUZZ_SECONDS", "6"))
FIRST_SEED = int(ORIGINAL.get("SCOPELINT_FUZZ_SEED", "0"))
MOST_FINDINGS = int(ORIGINAL.get("SCOPELINT_FUZZ_FINDINGS", "10"))
VERSIONS = ("16.11.0", "17.6.0", "18.2.0", "18.5.0", "19.3.0")
GENERATED = "{under: acme, projects: 26, groups: 12, entries: 3, open_share: 0.3, seed: 3}"


@dataclass
class Way:
    """A simulator that is asked through a mutator, which may be another one each time."""

    simulator: Simulator
    open_projects: frozenset[int]
    entries: Mapping[int, Mapping[tuple[EntryKind, int | None], bool]]
    """Kind and target of every entry by project, and whether it has default permissions."""
    mutator: Mutator | None = None
    small_pages: bool = False

    def before(self, request: Request) -> None:
        if not self.small_pages:
            return
        if "per_page" in request.query:
            request.query["per_page"] = str(min(int(request.query["per_page"]), 10))
        for query in (b"query Projects", b"query Groups"):
            if request.body.find(query) >= 0:
                request.body = request.body.replace(b"first: 100", b"first: 10")

    def after(self, request: Request, answer: Answer) -> None:
        if self.mutator is not None:
            self.mutator(request, answer)


@functools.cache
def way(version: str) -> Way:
    """Return the way to a running GitLab of this version, without enforcement."""
    text = (
        f"{PEOPLE}\n{head(version, enforce_inbound=False)}\n"
        "roles: [{user: bot, on: acme, role: maintainer}]\n"
        f"groups: [{{id: 10, path: acme}}]\ngenerate: [{GENERATED}]\n"
    )
    instance = load_instance(text)
    found = instance.projects.values()
    unlimited = frozenset(p.id for p in found if not instance.effective_inbound(p))
    entries = {
        p.id: {(e.kind, e.target): e.default_permissions for e in p.scope.entries} for p in found
    }
    made = Way(Simulator(instance), unlimited, entries)
    assert len(unlimited) > 3
    intercept(made.simulator, before=made.before, after=made.after)
    return made


@dataclass(frozen=True)
class Run:
    """What one seed did: how it ended, and what is wrong with that, if anything is."""

    way: str
    end: str
    wrong: str | None = None


def run(seed: int, folder: Path) -> Run:
    """Collect and judge through the mutator of a seed."""
    random = Random(seed)
    asked = way(random.choice(VERSIONS))
    api: Api = random.choice(("graphql", "rest", "auto"))
    token = random.choice((TOKEN, TOKEN, ADMIN))
    request = CollectRequest(
        (TargetRef("any", "acme"),), Filters(usage=random.random() < 0.3), api, 1
    )
    mutator = asked.mutator = Mutator(random)
    asked.small_pages = random.random() < 0.5
    path, report = folder / f"{seed}.db", folder / f"{seed}.json"
    said = f"seed {seed}, {api}, {mutator.way}"
    try:
        with connect(asked.simulator.url, token, retrier=hurried()) as connection:
            collect(connection, request, path)
    except ScopelintError as error:
        wrong = None if error.message else f"{said}: no word of why"
        return Run(mutator.way, type(error).__name__, wrong)
    except Exception:  # noqa: BLE001 - this is what must not be
        return Run(mutator.way, "crash", f"{said}: {mutator.changes}\n{traceback.format_exc()}")
    finally:
        asked.mutator = None
    result = call("check", path, "--no-config", "-f", "json", "-o", report)
    if result.code not in {0, 1, 3}:
        return Run(mutator.way, "check", f"{said}: {mutator.changes}\n{result.code} {result.err}")
    complete, silent = _unsaid(path, json.loads(report.read_text()), asked)
    wrong = f"{said}: open and not said: {silent}: {mutator.changes}" if silent else None
    if altered := _altered(path, asked):
        wrong = f"{said}: other entries than there are: {altered}: {mutator.changes}"
    return Run(mutator.way, "complete" if complete else "incomplete", wrong)


def _unsaid(path: Path, report: dict[str, Any], asked: Way) -> tuple[bool, list[int]]:
    """Return whether the scan says that it is complete, and which open projects it keeps quiet.

    Those are the ones that pass, and, where it is complete, the ones that are missing.
    """
    findings = [each for each in report["findings"] if each["project"]]
    named = {each["project"]["id"] for each in findings if each["rule"] in {"SL101", "SL901"}}
    silent = asked.open_projects - named
    complete = bool(report["scan"]["complete"])
    with Snapshot(path) as snapshot:
        read = {number for number, _, state in snapshot.project_states() if state == "read"}
    return complete, sorted(silent if complete else silent & read)


def _altered(path: Path, asked: Way) -> list[int]:
    """Return the projects whose entries are said to be read, and are not all there or not alike."""
    with Snapshot(path) as snapshot:
        return [
            project.id
            for project in snapshot.projects()
            if project.scope is not None and Fact.ENTRIES not in project.scope.missing
            if not _alike(project.scope.entries, asked.entries[project.id])
        ]


def _alike(
    found: Iterable[AllowlistEntry], real: Mapping[tuple[EntryKind, int | None], bool]
) -> bool:
    """Tell whether all entries are there; a target that is null is one that was just deleted."""
    read = {(entry.kind, entry.target_id): entry.default_permissions for entry in found}
    gone = {key for key in read if key[1] is None}
    lost = real.keys() - read.keys()
    return (
        read.keys() - gone <= real.keys()
        and {kind for kind, _ in lost} <= {kind for kind, _ in gone}
        and all(read[key] in (None, real[key]) for key in read.keys() & real.keys())
    )


def test_no_answer_breaks_a_scan_or_makes_it_say_what_is_not_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "MAX_BYTES", 2**20)
    for version in VERSIONS:
        way(version).simulator.start()
    wrong: list[str] = []
    ends: Counter[str] = Counter()
    ways: Counter[str] = Counter()
    seed, until = FIRST_SEED, time.monotonic() + SECONDS
    try:
        while time.monotonic() < until and len(wrong) < MOST_FINDINGS:
            done = run(seed, tmp_path)
            ways[done.way] += 1
            ends[done.end] += 1
            if done.wrong is not None:
                wrong.append(done.wrong)
            for left in tmp_path.glob(f"{seed}.*"):
                left.unlink()
            seed += 1
    finally:
        for version in VERSIONS:
            way(version).simulator.stop()
    print(f"seeds {FIRST_SEED} to {seed - 1}: {dict(ends)}, {dict(ways)}")
    assert not wrong, "\n\n".join(wrong)
    assert seed > FIRST_SEED
    crashes = [crash for version in VERSIONS for crash in way(version).simulator.crashes]
    assert not crashes, crashes[0]
