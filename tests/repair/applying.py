"""What the tests of apply and undo share: an instance, its states, plans made of states, runs."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from scopelint.collect.current_state import CurrentState
from scopelint.gitlab.connection import Connection, Server
from scopelint.gitlab.retry import Retrier
from scopelint.repair.apply import apply, check_irreversible, check_plan, new_journal, open_journal
from scopelint.repair.journal import Journal
from scopelint.repair.plan_file import Action, EntryState, Operation, Plan, ProjectPlan, ScopeState
from scopelint.repair.pool import ProjectResults
from scopelint.repair.undo import undo
from scopelint.text import Secret
from scopelint_simulator import Simulator, load_instance
from scopelint_simulator.answer import Answer
from scopelint_simulator.faults import Verdict
from scopelint_simulator.instance import Entry, Group, Kind, Outside
from scopelint_simulator.instance import Project as Row
from scopelint_simulator.request import Request

TOKEN = "glpat-apply-writer"
READER = "glpat-apply-reader"
DEVELOPER = "glpat-apply-developer"
ROOT = "glpat-apply-root"
FINE = "glpat-apply-fine-grained"
REASON = "a test wants it"

SHOP, SITE, CORE, OLD, SECRET = 101, 102, 103, 104, 201
ACME, WEB, LIB = 10, 11, 12


def instance(version: str = "19.3.0", **gitlab: Any) -> dict[str, Any]:
    """Return a small instance: shop with entries of every form, site open, core bare."""
    rows: list[dict[str, Any]] = [
        {"group": "acme/web", "added_by": "bot", "autopopulated": True},
        {"project": "acme/lib/core"},
        {"project": "acme/lib/old", "direction": "outbound"},
    ]
    release = tuple(map(int, version.split(".")[:2]))
    if release >= (17, 9):
        rows.append({"group": "acme/lib", "permissions": ["READ_PACKAGES"]})
    return {
        "gitlab": {"version": version, "enforce_inbound": False, **gitlab},
        "users": [{"username": "bot"}, {"username": "dev"}, {"username": "root", "admin": True}],
        "tokens": [
            {"token": TOKEN, "user": "bot", "scopes": ["api"]},
            {"token": READER, "user": "bot", "scopes": ["read_api"]},
            {"token": DEVELOPER, "user": "dev", "scopes": ["api"]},
            {
                "token": FINE,
                "user": "bot",
                "kind": "fine_grained",
                "scopes": ["read_job_token_scope"],
            },
            {"token": ROOT, "user": "root", "scopes": ["api"]},
        ],
        "roles": [
            {"user": "bot", "on": "acme", "role": "maintainer"},
            {"user": "dev", "on": "acme", "role": "developer"},
        ],
        "groups": [
            {"id": ACME, "path": "acme"},
            {"id": WEB, "path": "acme/web"},
            {"id": LIB, "path": "acme/lib"},
            {"id": 20, "path": "hidden"},
        ],
        "projects": [
            {
                "id": SHOP,
                "path": "acme/web/shop",
                "scope": {"push": release >= (17, 2), "allowlist": rows},
            },
            {"id": SITE, "path": "acme/web/site", "scope": {"inbound": False}},
            {"id": CORE, "path": "acme/lib/core"},
            {"id": OLD, "path": "acme/lib/old"},
            {"id": SECRET, "path": "hidden/secret"},
        ],
    }


def serve(made: dict[str, Any] | None = None) -> Simulator:
    """Return a simulator of an instance, not started yet."""
    return Simulator(load_instance(made or instance()))


def state(gitlab: Simulator, number: int) -> ScopeState:
    """Return a project's state as it is in the simulator itself."""
    row = gitlab.instance.projects[number]
    scope = row.scope
    return ScopeState(
        inbound=scope.inbound or not row.settings_row,
        outbound=scope.outbound,
        push=scope.push,
        cross_project_push=scope.cross_project_push,
        entries=_entries(gitlab, row, "inbound"),
        outbound_entries=_entries(gitlab, row, "outbound"),
    )


def _entries(gitlab: Simulator, row: Row, direction: str) -> tuple[EntryState, ...]:
    found = [one for one in row.scope.entries if one.direction == direction and one.target]
    return tuple(
        entry(gitlab, one.kind, one.target or 0, *one.policies, default=one.default_permissions)
        for one in found
    )


def states(gitlab: Simulator) -> dict[int, str]:
    """Return the digest of every project's state."""
    return {number: state(gitlab, number).digest for number in gitlab.instance.projects}


def entry(
    gitlab: Simulator, kind: Any, number: int, *policies: str, default: bool | None = None
) -> EntryState:
    """Return an entry; with policies it is fine-grained."""
    target = gitlab.instance.target(kind, number)
    path = target.path if target is not None else f"gone/{number}"
    wide = not policies if default is None else default
    return EntryState(kind=kind, id=number, path=path, default_permissions=wide, policies=policies)


def act(operation: Operation, **values: Any) -> Action:
    """Return an action."""
    return Action(operation=operation, reason=REASON, **values)


def plan(gitlab: Simulator, actions: Mapping[int, Sequence[Action]], **values: Any) -> Plan:
    """Return a plan of these actions for the states that the simulator has now."""
    projects = []
    for number, some in actions.items():
        before = state(gitlab, number)
        path = gitlab.instance.projects[number].path
        one = ProjectPlan(
            id=number, path=path, digest=before.digest, before=before, actions=tuple(some)
        )
        projects.append(one)
    given = {
        "tool_version": "0",
        "instance": gitlab.url,
        "gitlab_version": gitlab.instance.settings.version_text,
        "observed_at": "2026-11-21T00:00:00+00:00",
        "made_from": "findings",
        **values,
    }
    return Plan(projects=tuple(projects), **given)


def everything(gitlab: Simulator) -> dict[int, list[Action]]:
    """Return actions of every kind that is undone without loss, for shop, site and core."""
    wide, fine = (entry(gitlab, "project", CORE), entry(gitlab, "group", LIB, "READ_PACKAGES"))
    return {
        SHOP: [
            act("remove-entry", entry=entry(gitlab, "group", WEB)),
            act("set-push", value=False),
            act("add-entry", entry=entry(gitlab, "project", SITE, "READ_JOBS", "READ_PACKAGES")),
            act("change-permissions", entry=wide.model_copy(update=_FINE), was=wide),
            act("add-entry", entry=entry(gitlab, "project", OLD)),
            act("remove-entry", entry=fine),
        ],
        SITE: [
            act("set-inbound", value=True),
            act("set-cross-project-push", value=True),
            act("add-entry", entry=entry(gitlab, "group", LIB)),
        ],
        CORE: [act("add-entry", entry=entry(gitlab, "project", SHOP))],
    }


_FINE = {"default_permissions": False, "policies": ("READ_PACKAGES",)}


@contextmanager
def connected(url: str, token: str = TOKEN) -> Iterator[Connection]:
    """Give a connection that hardly waits."""
    stop = _Hurried()
    # Without certificates to load, which plain HTTP does not need and which takes a while.
    connection = Connection(Server(url, Secret(token), insecure=True), Retrier(stop=stop))
    try:
        yield connection
    finally:
        connection.close()


class _Hurried(threading.Event):
    """An event whose waits are a hundred times shorter."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout if timeout is None else timeout / 100)


def run_apply(
    url: str,
    made: Plan,
    journal: Path,
    *,
    token: str = TOKEN,
    resume: bool = False,
    irreversible: bool = True,
    concurrency: int = 4,
) -> ProjectResults:
    """Apply a plan in this process."""
    check_plan(made, max_removals=10_000, max_projects=10_000)
    with connected(url, token) as connection:
        live = CurrentState(connection)
        if not irreversible:
            check_irreversible(made, live, allowed=False)
        opened = open_journal(journal, made) if resume else new_journal(journal, made, live)
        with opened:
            return apply(connection, live, made, opened, concurrency=concurrency)


def run_undo(
    url: str, journal: Path, *, token: str = TOKEN, concurrency: int = 4
) -> ProjectResults:
    """Undo a journal in this process."""
    with connected(url, token) as connection, Journal.open(journal) as opened:
        return undo(connection, CurrentState(connection), opened, concurrency=concurrency)


def statuses(results: ProjectResults) -> dict[int, str]:
    """Return each project's verdict."""
    return {report.id: report.status for report in results.all}


def reasons(results: ProjectResults) -> str:
    """Return all reasons and notes as one text."""
    return "\n".join(line for report in results.all for line in (*report.reasons, *report.notes))


def records(journal: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal."""
    return [json.loads(line) for line in journal.read_text().splitlines()]


def is_write(request: Request) -> bool:
    """Tell a write from a question."""
    if request.path.endswith("/graphql"):
        return b"mutation" in request.body
    return request.method not in {"GET", "HEAD"}


def names(request: Request) -> str:
    """Return what a write does: its route, or its mutation and input."""
    if request.path.endswith("/graphql"):
        return request.body.decode()
    return f"{request.method} {request.path}"


@contextmanager
def meddling(
    gitlab: Simulator,
    *,
    before: Callable[[Request], None] | None = None,
    after: Callable[[Request, Answer, Verdict], tuple[Answer, Verdict]] | None = None,
) -> Iterator[None]:
    """Do something before each write is answered, or change its answer after it was done."""
    original = gitlab.answer

    def answering(request: Request, full_path: str) -> tuple[Answer, Verdict]:
        if before is not None and is_write(request):
            before(request)
        answer, verdict = original(request, full_path)
        if after is not None and is_write(request):
            return after(request, answer, verdict)
        return answer, verdict

    gitlab.answer = answering  # type: ignore[method-assign]
    try:
        yield
    finally:
        gitlab.answer = original  # type: ignore[method-assign]


def add_row(gitlab: Simulator, number: int, kind: Any, target: int) -> None:
    """Let somebody else add an entry, beside every API."""
    row = gitlab.instance.projects[number]
    made = Entry(gitlab.instance.next_row(), number, kind, target, "inbound", gitlab.instance.now())
    row.scope.entries = (*row.scope.entries, made)


def hide(gitlab: Simulator, number: int, kind: Kind = "project") -> None:
    """Give a project an entry whose target is out of the writing token's sight."""
    for target in (gitlab.instance.target("group", 20), gitlab.instance.target("project", SECRET)):
        assert isinstance(target, Group | Row)
        target.visibility = "private"
    add_row(gitlab, number, kind, SECRET if kind == "project" else 20)


@contextmanager
def hiding_at_writes(gitlab: Simulator) -> Iterator[None]:
    """Let the token see the project SECRET until its first write."""
    hidden = [gitlab.instance.target("group", 20), gitlab.instance.target("project", SECRET)]

    def show(visibility: Literal["public", "private"]) -> None:
        for target in hidden:
            assert isinstance(target, Group | Row)
            target.visibility = visibility

    show("public")
    with meddling(gitlab, before=lambda _: show("private")):
        yield


def fill(gitlab: Simulator, number: int) -> None:
    """Fill a project's places for projects."""
    for target in range(10_000, 10_200):
        gitlab.instance.outside["project", target] = Outside("project", target, f"far/p{target}")
        add_row(gitlab, number, "project", target)


def drop_rows(gitlab: Simulator, number: int) -> None:
    """Let somebody else clear a project's list."""
    gitlab.instance.projects[number].scope.entries = ()
