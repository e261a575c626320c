"""What the collector's tests share: instances, a collection that waits for nothing, its result."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import Api, CollectRequest
from scopelint.gitlab.connection import Connection, Server
from scopelint.gitlab.retry import Retrier
from scopelint.model import Enforcement, Fact, Gap, Group, Project, Target
from scopelint.progress import Listener
from scopelint.snapshot import Filters, Header, Snapshot
from scopelint.snapshot.inventory import Inventory
from scopelint.snapshot.sqlite_rows import sort_entries
from scopelint.text import Secret
from scopelint_simulator import Faults, Simulator, load_instance
from scopelint_simulator.answer import Answer
from scopelint_simulator.faults import Verdict
from scopelint_simulator.request import Request

TOKEN = "t-maintainer"
ADMIN = "t-admin"
VERSIONS = (
    "16.11.0",
    "17.4.0",
    "17.6.0",
    "17.7.0",
    "17.9.0",
    "17.11.0",
    "18.0.0",
    "18.5.0",
    "18.10.0",
    "19.0.0",
    "19.3.0",
)

PEOPLE = """
users:
  - {username: root, name: Administrator, admin: true}
  - {username: bot, name: Bot}
  - {username: dev}
  - {username: web}
  - {username: mia}
tokens:
  - {token: t-admin, user: root, scopes: [read_api]}
  - {token: t-maintainer, user: bot, scopes: [read_api]}
  - {token: t-developer, user: dev, scopes: [read_api]}
  - {token: t-web, user: web, scopes: [read_api]}
  - {token: t-small, user: bot, scopes: [read_user]}
  - {token: t-old, user: bot, scopes: [read_api], expired: true}
  - {token: t-fine, user: bot, kind: fine_grained, scopes: [read_job_token_scope, read_job_token_scope_allowlist]}
  - {token: glcbt-job, user: bot, kind: job}
"""

COMPANY = (
    PEOPLE
    + """
gitlab: {gitlab}
roles:
  - {user: bot, on: acme, role: maintainer}
  - {user: dev, on: acme, role: developer}
  - {user: web, on: acme/web, role: maintainer}
groups:
  - {id: 10, path: acme, name: Acme}
  - {id: 11, path: acme/web, name: Web}
  - {id: 12, path: acme/web/shops, name: Shops}
  - {id: 13, path: acme/lib, name: Lib}
  - {id: 14, path: acme/lib/old, name: Old, marked_for_deletion_on: 2026-12-01}
  - {id: 20, path: hidden}
  - {id: 30, path: open, visibility: public}
namespaces:
  - {user: mia, id: 40}
  - {user: bot, id: 41}
projects:
  - id: 101
    path: acme/web/shops/shop
    name: Shop
    last_activity_at: 2026-10-01T00:00:00Z
    scope:
      push: true
      allowlist:
        - {group: acme/web, created_at: 2025-01-02T03:04:05Z, added_by: mia}
        - {group: acme}
        - {group: open}
        - {group: hidden}
        - {project: acme/lib/core, permissions: {fine}}
        - {project: hidden/secret}
        - {project: {id: 900, path: partner/sdk}}
        - {group: {id: 901, path: partner}}
        - {project: mia/scratch}
        - {project: open/site}
        - {project: acme/lib/attic, direction: outbound}
        - {gone: project}
        - {gone: group}
      log: [{origin: acme/lib/core, at: 2026-11-01T10:00:00Z}]
  - {id: 102, path: acme/web/site, scope: {inbound: false, outbound: true}}
  - {id: 103, path: acme/lib/core, visibility: internal, jobs_enabled: false}
  - {id: 104, path: acme/lib/attic, archived: true, settings_row: false}
  - {id: 105, path: acme/lib/old/leaving-deletion_scheduled-105, marked_for_deletion_on: 2026-12-01}
  - id: 106
    path: acme/web/itself
    visibility: public
    scope: {allowlist: [{project: {self}}]}
  - {id: 107, path: acme/web/builds-off, access_levels: {builds: disabled}}
  - {id: 201, path: hidden/secret}
  - {id: 202, path: open/site, visibility: public}
  - {id: 301, path: mia/scratch, visibility: public}
  - {id: 302, path: bot/own, scope: {allowlist: [{group: acme/web}]}}
"""
)


def company(version: str = "19.3.0", **gitlab: Any) -> str:
    """The instance's text for one version; further keys go to its `gitlab`."""
    number = tuple(int(part) for part in version.split(".")[:2])
    fine = "[READ_PACKAGES, ADMIN_JOBS]" if number >= (17, 8) else "null"
    itself = "acme/web/itself" if number >= (18, 1) else "acme/web/site"
    text = COMPANY.replace("{fine}", fine).replace("{self}", itself)
    return text.replace("gitlab: {gitlab}", head(version, **gitlab))


def head(version: str = "19.3.0", **gitlab: Any) -> str:
    """The key `gitlab` of an instance's text."""
    keys = [f"{key}: {str(value).lower()}" for key, value in gitlab.items()]
    return "gitlab: {" + ", ".join([f'version: "{version}"', *keys]) + "}"


class Hurried(threading.Event):
    """A stop that waits a hundredth of what it is asked, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        time.sleep(min((timeout or 0.0) / 100, 0.01))
        return self.is_set()


def hurried(max_rpm: int | None = None) -> Retrier:
    """A retrier with the real retry matrix that hardly waits."""
    return Retrier(max_rpm=max_rpm, stop=Hurried(), jitter=lambda: 0.5)


@contextmanager
def serve(
    instance: str, *, faults: Faults | None = None, root: str = "", crashes: bool = False
) -> Iterator[Simulator]:
    """Run a simulator over an instance's text; its own crashes fail the test."""
    with Simulator(load_instance(instance), faults=faults, root=root) as simulator:
        yield simulator
    assert crashes or simulator.crashes == []


@contextmanager
def connect(url: str, token: str = TOKEN, **options: Any) -> Iterator[Connection]:
    """A connection that hardly waits, closed at the end."""
    retrier = options.pop("retrier", None) or hurried()
    connection = Connection(Server(url, Secret(token), **options), retrier)
    try:
        yield connection
    finally:
        connection.close()


@dataclass(frozen=True)
class Seen:
    """All that a snapshot holds, and the instance that is read from it."""

    header: Header
    raw: Mapping[str, Project]
    projects: Mapping[str, Project]
    groups: Mapping[str, Group]
    targets: Mapping[str, Target]
    gaps: tuple[Gap, ...]
    complete: bool
    content: bytes = field(repr=False, default=b"")

    @property
    def enforcement(self) -> Enforcement:
        return self.header.enforcement

    def gap_facts(self) -> list[str]:
        """Facts of all gaps, in order."""
        return sorted(str(gap.fact) for gap in self.gaps)

    def gaps_of(self, fact: Fact) -> list[Gap]:
        return [gap for gap in self.gaps if gap.fact == fact]

    def entry_keys(self, path: str) -> set[str]:
        scope = self.projects[path].scope
        assert scope is not None
        return {entry.key for entry in scope.entries}


def read_back(path: Path) -> Seen:
    """Read a snapshot and check that it is whole."""
    with Snapshot(path) as snapshot:
        instance = Inventory(snapshot)
        return Seen(
            header=snapshot.header,
            raw={project.path: project for project in snapshot.projects()},
            projects={project.path: project for project in instance.projects()},
            groups={group.path: group for group in snapshot.groups()},
            targets={f"{target.kind}:{target.id}": target for target in snapshot.targets()},
            gaps=instance.gaps,
            complete=instance.complete,
            content=path.read_bytes(),
        )


def target_refs(*targets: str | int | TargetRef) -> tuple[TargetRef, ...]:
    """Targets of either kind by path or number; "instance" is the instance."""
    found = []
    for target in targets:
        if isinstance(target, TargetRef):
            found.append(target)
        elif isinstance(target, int):
            found.append(TargetRef("any", id=target))
        else:
            found.append(
                TargetRef("instance") if target == "instance" else TargetRef("any", target)
            )
    return tuple(found)


def collected(
    url: str,
    *targets: str | int | TargetRef,
    token: str = TOKEN,
    api: Api = "auto",
    filters: Filters | None = None,
    concurrency: int = 4,
    page_size: int | None = None,
    retrier: Retrier | None = None,
    oauth: bool = False,
    listener: Listener | None = None,
) -> Seen:
    """Collect from `url` and read the snapshot back; `acme` where no target is given."""
    request = CollectRequest(
        target_refs(*(targets or ("acme",))), filters or Filters(), api, concurrency, page_size
    )
    with (
        tempfile.TemporaryDirectory(prefix="scopelint-tests-") as folder,
        connect(url, token, retrier=retrier, oauth=oauth) as connection,
    ):
        path = Path(folder) / "snapshot.db"
        collect(connection, request, path, listener)
        return read_back(path)


def comparable(project: Project) -> Project:
    """A project without what only one way of reading can know."""
    scope = project.scope
    if scope is None:
        gap = replace(project.gap, detail="") if project.gap else None
        return replace(
            project, access_level=None, deletion=None, personal=None, frameworks=None, gap=gap
        )
    entries = tuple(
        replace(
            entry,
            default_permissions=None,
            policies=None,
            created_at=None,
            added_by=None,
            autopopulated=None,
        )
        for entry in sort_entries(scope.entries)
        if entry.target_id is not None
    )
    scope = replace(
        scope,
        cross_project_push=None,
        entries=entries,
        outbound_entries=None,
        uses=None,
        missing=frozenset(scope.missing - {Fact.PERMISSIONS}),
    )
    return replace(project, access_level=None, frameworks=None, scope=scope)


Script = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]
"""Method, path, headers, body; returns status, headers, body."""


class Scripted:
    """A server that answers by a function, for what no GitLab would say; `requests` is its log."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((self.command, self.path, headers))
                status, answer, content = outer.script(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **answer}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = True

            do_POST = do_GET  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                """Write nothing to stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Scripted":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def intercept(
    simulator: Simulator,
    before: Callable[[Request], None] | None = None,
    after: Callable[[Request, Answer], None] | None = None,
) -> None:
    """Hear every request before it is answered, and change answers before they are sent."""
    answer = simulator.answer

    def answering(request: Request, full_path: str) -> tuple[Answer, Verdict]:
        if before is not None:
            before(request)
        found, verdict = answer(request, full_path)
        if after is not None:
            after(request, found)
        return found, verdict

    simulator.answer = answering  # type: ignore[method-assign]
