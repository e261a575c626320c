"""Whatever changes while a collection runs: no project that was open all the time passes SL101.

Before any request somebody may close, open, move or delete a project, or switch enforcement. A
project that was closed when its own facts were read, and opened later, cannot be known; so a
project may pass only where its limit was in force at one of the requests that read its own flags,
or where the instance is found to enforce the limit: the setting said so when it was asked last, or
an enforcing instance was asked for projects' effective limits and none of them was off.

Some examples in each run of the tests; `SCOPELINT_FUZZ_SECONDS=600` (with `-s`, to see the counts)
goes on for ten minutes, `SCOPELINT_FUZZ_SEED` begins elsewhere. A finding names its seed.
"""

import contextlib
import json
import math
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from scopelint.collect.collection import collect
from scopelint.collect.request import Api, CollectRequest
from scopelint.engine.evaluation import verdicts
from scopelint.errors import NothingScannedError
from scopelint.finding import Outcome
from scopelint.registry import find_rules
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Simulator
from scopelint_simulator.request import Request
from tests.collect.kit import ADMIN, PEOPLE, TOKEN, connect, head, intercept, serve, target_refs
from tests.conftest import ORIGINAL
from tests.examples import examples

SECONDS = float(ORIGINAL.get("SCOPELINT_FUZZ_SECONDS", "0"))
FIRST_SEED = int(ORIGINAL.get("SCOPELINT_FUZZ_SEED", "0"))
PROJECTS = 6
ROUTE = "/job_token_scope"
RULE = find_rules()["SL101"].cls

Action = Literal["close", "open", "move", "delete", "on", "off"]


@dataclass(frozen=True)
class Change:
    """What somebody does before a request, counted from the first of the collection."""

    request: int
    action: Action
    project: int


@dataclass(frozen=True)
class Story:
    """An instance, what happens to it, and how it is read."""

    opened: tuple[bool, ...]
    enforced: bool
    changes: tuple[Change, ...]
    api: Api
    admin: bool
    page_size: int
    killed: int | None
    """The request after which the collection is interrupted, to be continued; None for never."""
    shards: int = 1
    """How many collections, one after another, share the projects."""


changes = st.builds(
    Change,
    st.integers(0, 22),
    st.sampled_from(("close", "open", "close", "open", "move", "delete", "on", "off")),
    st.integers(1, PROJECTS),
)
stories = st.builds(
    Story,
    st.tuples(*[st.booleans()] * PROJECTS),
    st.booleans(),
    st.lists(changes, max_size=7).map(tuple),
    st.sampled_from(("graphql", "rest")),
    st.sampled_from((False, False, False, True)),
    st.sampled_from((1, 2, 100)),
    st.none() | st.integers(3, 12),
    st.sampled_from((1, 1, 2)),
)


@st.composite
def repairs(draw: st.DrawFn) -> Story:
    """Draw stories in which the lowest open projects, the witnesses, are closed at one moment."""
    opened = tuple(draw(st.sampled_from((True, True, True, False))) for _ in range(PROJECTS))
    lowest = [number for number, is_open in enumerate(opened, 1) if is_open]
    when = draw(st.integers(2, 12))
    closed = lowest[: draw(st.integers(1, 3))]
    return Story(
        opened,
        enforced=False,
        changes=tuple(Change(when, "close", number) for number in closed),
        api="graphql",
        admin=False,
        page_size=draw(st.sampled_from((1, 2, 100))),
        killed=draw(st.none() | st.integers(3, 12)),
        shards=draw(st.sampled_from((1, 1, 2))),
    )


@st.composite
def switches(draw: st.DrawFn) -> Story:
    """Draw stories in which the instance begins or ceases to enforce while witnesses are asked."""
    enforced = draw(st.sampled_from((True, True, False)))
    page_size = draw(st.sampled_from((1, 2, 100)))
    # Before that the instance is asked for its projects and their scopes.
    first = 3 + math.ceil(PROJECTS / page_size) + draw(st.integers(0, 8))
    moments = [first, *draw(st.sampled_from(((), (first + 1,), (first + 3,))))]
    return Story(
        opened=tuple(draw(st.sampled_from((True, True, False))) for _ in range(PROJECTS)),
        enforced=enforced,
        changes=tuple(
            Change(when, "off" if enforced is (index % 2 == 0) else "on", 1)
            for index, when in enumerate(moments)
        ),
        api="graphql",
        admin=False,
        page_size=page_size,
        killed=draw(st.none() | st.none() | st.integers(3, 12)),
    )


@dataclass
class Watched:
    """What was true at each request, and which projects it read the flags of."""

    simulator: Simulator
    changes: Sequence[Change]
    count: int = 0
    closed: dict[int, bool] = field(default_factory=dict)
    """Whether a project's limit was in force at one of the requests that read its flags."""
    setting: bool = False
    """What the instance's setting was when it was asked for last."""
    effective: list[bool] = field(default_factory=list)
    """The effective limits that this run was told of, by a route that tells one project's."""
    enforcing: bool = False
    """Whether the instance enforced the limit at one of these requests."""
    enforced_by_shard: list[bool] = field(default_factory=list)
    """Whether the instance may be found to enforce the limit, by each collection that has ended."""
    throughout: set[int] = field(default_factory=set)
    """The projects that were there from the start to the end."""

    def __post_init__(self) -> None:
        self.throughout = set(self.simulator.instance.projects)

    def before(self, request: Request) -> None:
        """Do what is to be done before this request, and note what it will see."""
        instance = self.simulator.instance
        for change in self.changes:
            if change.request == self.count:
                self._do(change)
        self.count += 1
        self.throughout &= instance.projects.keys()
        if request.path.endswith("/application/settings"):
            self.setting = instance.settings.enforce_inbound
        for number in _read_by(request):
            project = instance.projects.get(number)
            if project is not None:
                self.closed[number] = self.closed.get(number, False) or (
                    instance.effective_inbound(project)
                    if request.path.endswith(ROUTE)
                    else project.scope.inbound
                )
                if request.path.endswith(ROUTE):
                    self.effective.append(instance.effective_inbound(project))
                    self.enforcing |= instance.settings.enforce_inbound

    def asked_anew(self) -> None:
        """Forget what was told of enforcement: another run, or the same resumed, is to ask again."""
        self.setting = self.enforcing = False
        self.effective.clear()

    @property
    def enforced(self) -> bool:
        """Whether the instance may be found to enforce the limit."""
        return self.setting or (self.enforcing and all(self.effective))

    def _do(self, change: Change) -> None:
        instance = self.simulator.instance
        project = instance.projects.get(change.project)
        if change.action in {"on", "off"}:
            instance.settings.enforce_inbound = change.action == "on"
        elif project is None:
            return
        elif change.action in {"close", "open"}:
            project.scope.inbound = change.action == "close"
        else:
            instance.remove_project(project.id)
            if change.action == "move":
                where = 11 if project.group == 10 else 10
                path = f"{instance.groups[where].path}/{project.name}"
                instance.add_project(replace(project, group=where, path=path))


def _read_by(request: Request) -> list[int]:
    """Return the projects whose flags a request reads."""
    if request.path.endswith(ROUTE):
        return [int(request.path.removesuffix(ROUTE).rpartition("/")[2])]
    if request.path.endswith("/graphql") and b"inboundJobTokenScopeEnabled" in request.body:
        found = json.loads(request.body)["variables"].get("ids") or ()
        return [int(each.rpartition("/")[2]) for each in found]
    return []


def instance(story: Story) -> str:
    """The instance of a story, as a file's text."""
    rows = "".join(
        f"  - {{id: {number}, path: acme/p{number}, name: p{number},"
        f" scope: {{inbound: {str(not opened).lower()}}}}}\n"
        for number, opened in enumerate(story.opened, 1)
    )
    return (
        f"{PEOPLE}\n{head('18.5.0', enforce_inbound=story.enforced)}\n"
        "roles: [{user: bot, on: acme, role: maintainer}]\n"
        f"groups: [{{id: 10, path: acme}}, {{id: 11, path: acme/web}}]\nprojects:\n{rows}"
    )


class KilledError(Exception):
    """The collection is interrupted."""


def tell(story: Story, folder: Path) -> tuple[Watched, list[Path]]:
    """Collect while the story happens; return what was seen on the way, and the snapshots."""
    token = ADMIN if story.admin else TOKEN
    paths = [folder / f"{index}.db" for index in range(1, story.shards + 1)]
    with serve(instance(story)) as simulator:
        watched = Watched(simulator, story.changes)
        intercept(simulator, before=watched.before)
        for index, path in enumerate(paths, 1):
            request = CollectRequest(
                target_refs("acme"),
                api=story.api,
                concurrency=1,
                page_size=story.page_size,
                shard=(index, story.shards) if story.shards > 1 else None,
            )
            watched.asked_anew()
            with contextlib.suppress(NothingScannedError):
                _collect(simulator.url, token, request, path, watched, story.killed)
            watched.enforced_by_shard.append(watched.enforced)
    return watched, paths


def _collect(
    url: str,
    token: str,
    request: CollectRequest,
    path: Path,
    watched: Watched,
    killed: int | None,
) -> None:
    begun = watched.count

    def listener(_: object) -> None:
        if killed is not None and watched.count - begun > killed:
            raise KilledError

    try:
        with connect(url, token) as connection:
            collect(connection, request, path, listener)
    except KilledError:
        with closing(sqlite3.connect(path)) as database:
            found = database.execute("SELECT value FROM meta WHERE key = 'finished_at'")
            if found.fetchone() not in (None, ("null",)):
                return  # It was killed after its last write: nothing to resume.
        watched.asked_anew()
        with connect(url, token) as connection:
            collect(connection, request, path, resume=True)


ENDS: Counter[str] = Counter()
"""How the collections of this process ended."""


@given(st.one_of(stories, repairs(), switches()))
@settings(max_examples=examples(40))
def no_open_project_passes(story: Story) -> None:
    """Check one story after another."""
    with tempfile.TemporaryDirectory(prefix="scopelint-tests-") as folder:
        watched, paths = tell(story, Path(folder))
        with open_snapshots(paths) as snapshot:
            inventory = Inventory(snapshot)
            found = [
                (cast("int", project and project.id), verdict.outcome)
                for project, verdict in verdicts(RULE(), inventory)
            ]
            complete = inventory.complete
    ENDS["complete" if complete else "incomplete"] += 1
    for number, outcome in found:
        if outcome is Outcome.PASS:
            enforced = watched.enforced_by_shard[number % story.shards]
            assert watched.closed.get(number) or enforced, (number, inventory.scan)
    if complete:
        assert all(outcome is not Outcome.UNKNOWN for _, outcome in found)
        assert watched.throughout <= {number for number, _ in found}


def test_no_project_that_was_open_all_the_time_passes() -> None:
    if not SECONDS:
        no_open_project_passes()
        return
    number, until = FIRST_SEED, time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            seed(number)(no_open_project_passes)()
        except BaseException as error:
            error.add_note(f"seed {number}")
            raise
        number += 1
    print(f"seeds {FIRST_SEED} to {number - 1}: {dict(ENDS)}")
