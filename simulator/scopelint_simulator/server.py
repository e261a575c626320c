"""The HTTP server: reads requests, tells REST from GraphQL, applies faults, counts.

It listens on 127.0.0.1 only.
"""

import json
import re
import socket
import ssl
import threading
import time
import traceback
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from scopelint_simulator import rest
from scopelint_simulator.answer import Answer, html_answer, json_answer
from scopelint_simulator.faults import FaultMaker, Faults, Verdict, sign_in_page
from scopelint_simulator.graphql_api import GraphQLApi
from scopelint_simulator.instance import Instance
from scopelint_simulator.permissions import Caller
from scopelint_simulator.request import Request

GRAPHQL = "/api/graphql"
_POLL = 0.02
_LOG_LIMIT = 200_000


class LogLine(NamedTuple):
    """One request: its `name` is a REST route, or a GraphQL operation or first field."""

    method: str
    path: str
    kind: str
    name: str


class Simulator:
    """A small GitLab over an instance, at `url` while it runs.

    Use it as a context manager or with `start()` and `stop()`. `root` is a relative URL such as
    "/gitlab". `port` 0 takes a free one; OSError is raised where a port is taken. With `tls` it
    speaks HTTPS alone. `external_url` is what its answers call it, as GitLab's setting of that
    name: a client that is sent here by HTTP_PROXY sees that address alone.
    """

    def __init__(
        self,
        instance: Instance,
        *,
        faults: Faults | None = None,
        port: int = 0,
        root: str = "",
        tls: ssl.SSLContext | None = None,
        external_url: str = "",
    ) -> None:
        self.instance = instance
        self.counts: Counter[str] = Counter()
        self.log: list[LogLine] = []
        self.tokens_seen: set[str] = set()
        self.crashes: list[str] = []
        """Tracebacks of the simulator's own errors, each answered with 500; none are expected."""
        self._root = "/" + root.strip("/") if root.strip("/") else ""
        self._port = port
        self._tls = tls
        self._external_url = external_url
        self._faults = FaultMaker(faults or Faults())
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._graphql = GraphQLApi(instance, "")

    @property
    def faults(self) -> Faults:
        """The faults in force; set it to change them while the simulator runs."""
        return self._faults.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = FaultMaker(faults)

    @property
    def url(self) -> str:
        """Where it listens; raises RuntimeError before the start."""
        if self._server is None:
            raise RuntimeError("the simulator was not started")
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}{self._root}"

    def start(self) -> Self:
        """Start to listen, in a thread of its own."""
        self._server = _Server(self, self._port)
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._graphql.base_url = self._external_url or self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), name="simulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, closing every connection; does nothing where it does not run."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        server.shutdown()
        thread.join()
        server.close_all()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def reset_counts(self) -> None:
        """Forget what was counted, logged and seen."""
        with self._lock:
            self.counts.clear()
            self.log.clear()
            self.tokens_seen.clear()

    def answer(self, request: Request, full_path: str) -> tuple[Answer, Verdict]:
        """The answer to one request and what is to go wrong with it."""
        token = request.token()
        kind, name, route, body = self._identify(request)
        self._note(request, full_path, kind, name, token)
        verdict = Verdict()
        if kind != "web":
            verdict = self._faults.judge(full_path)
            if verdict.wait > 0:
                time.sleep(verdict.wait)
            if verdict.answer is not None or verdict.cut == "drop":
                return verdict.answer or Answer(200), verdict
        if kind == "web":
            return _web(request.path), verdict
        caller = self._caller(token, rest=kind == "rest")
        if kind == "graphql":
            return self._answer_graphql(request, full_path, token, caller, body), verdict
        if token is not None and caller.user is None:
            return self._bad_token(token), verdict
        if request.method in ("GET", "HEAD"):
            return rest.answer(request, route, self.instance, caller), verdict
        with self._graphql.writing:
            answer = rest.answer(request, route, self.instance, caller)
        if answer.status < 300:
            self._count("writes")
        return answer, verdict

    def _identify(self, request: Request) -> tuple[str, str, rest.Route | None, Any]:
        if request.path == GRAPHQL:
            body = _graphql_body(request)
            return "graphql", _graphql_name(body), None, body
        if request.path.startswith(rest.PREFIX + "/"):
            route = rest.find_route(request.method, request.path)
            return "rest", route.name if route else request.method, route, None
        return "web", request.path, None, None

    def _note(
        self, request: Request, full_path: str, kind: str, name: str, token: str | None
    ) -> None:
        with self._lock:
            self.counts[kind] += 1
            self.counts[f"{kind}:{name}"] += 1
            if token is not None:
                self.tokens_seen.add(token)
            if len(self.log) < _LOG_LIMIT:
                self.log.append(LogLine(request.method, full_path, kind, name))

    def _count(self, kind: str) -> None:
        with self._lock:
            self.counts[kind] += 1

    def _caller(self, text: str | None, *, rest: bool) -> Caller:
        token = self.instance.tokens.get(text) if text is not None else None
        # Neither API takes a job token for what is served here; both treat it as unknown.
        if token is None or token.expired or token.kind == "job":
            return Caller(self.instance, rest=rest)
        return Caller(self.instance, token, rest=rest)

    def _bad_token(self, text: str) -> Answer:
        known = self.instance.tokens.get(text)
        if known is None or not known.expired:
            return json_answer(401, {"message": "401 Unauthorized"})
        told = "Token is expired. You can either do re-authorization or token refresh."
        return json_answer(401, {"error": "invalid_token", "error_description": told})

    def _answer_graphql(
        self, request: Request, full_path: str, token: str | None, caller: Caller, body: Any
    ) -> Answer:
        if token is not None and (caller.user is None or not caller.has_scope("read")):
            return json_answer(401, {"errors": [{"message": "Invalid token"}]})
        faults = self.faults
        hit = faults.hits(full_path)
        self._graphql.max_page = faults.max_page if hit else None
        outcome = self._graphql.answer(
            caller,
            body,
            remove_deprecated=request.query.get("remove_deprecated") == "true",
            read_only=request.method == "GET",
        )
        if outcome.writes:
            self._count("writes")
        if hit and faults.latency_per_project and outcome.projects:
            time.sleep(faults.latency_per_project * outcome.projects)
        return outcome.answer

    def handle(self, handler: "_Handler") -> None:
        """Read, answer and write one request."""
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length) if length else b""
        split = urlsplit(handler.path)
        request = Request(
            method=handler.command,
            path=split.path.removeprefix(self._root) if self._inside(split.path) else "",
            query=dict(parse_qsl(split.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=body,
            url=self._external_url or self.url,
            full_path=split.path,
        )
        try:
            answer, verdict = self.answer(request, split.path)
        except Exception:  # noqa: BLE001 - a server answers 500 and goes on
            self.crashes.append(traceback.format_exc())
            answer, verdict = json_answer(500, {"message": "500 Internal Server Error"}), Verdict()
        handler.write(answer, verdict)

    def _inside(self, path: str) -> bool:
        return path == self._root or path.startswith(self._root + "/")


def _web(path: str) -> Answer:
    """Pages: whatever is no API asks to sign in, as on an instance without public pages."""
    if path in ("", None):
        return html_answer(404, "Not found", "404")
    return sign_in_page()


def _graphql_body(request: Request) -> Any:
    if request.method == "GET":
        return dict(request.query)
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _graphql_name(body: Any) -> str:
    """The operation's name, else its first field."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return "?"
    if first.get("operationName"):
        return str(first["operationName"])
    text = str(first.get("query") or "")
    named = re.search(r"\b(?:query|mutation)\s+(\w+)", text)
    if named:
        return named[1]
    field = re.search(r"\{\s*(?:\w+\s*:\s*)?(\w+)", text)
    return field[1] if field else "?"


class _Server(ThreadingHTTPServer):
    """Threads that end with the process, and connections that can be closed from outside."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, simulator: Simulator, port: int) -> None:
        self.simulator = simulator
        self._open: dict[socket.socket, None] = {}
        self._open_lock = threading.Lock()
        self._workers: list[threading.Thread] = []
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open[request] = None
            thread = threading.Thread(
                target=self.process_request_thread, args=(request, client_address), daemon=True
            )
            self._workers = [item for item in self._workers if item.is_alive()]
            self._workers.append(thread)
            thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is none of our errors."""

    def close_all(self) -> None:
        """Close the listening socket and every connection, and wait for their threads."""
        self.server_close()
        with self._open_lock:
            connections, threads = list(self._open), list(self._workers)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was quicker
        for thread in threads:
            thread.join(timeout=2)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one write
    server: _Server

    def do_GET(self) -> None:
        self.server.simulator.handle(self)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def write(self, answer: Answer, verdict: Verdict) -> None:
        """Send an answer, or cut it as the verdict says."""
        if verdict.cut == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, value in {**verdict.headers, **answer.headers}.items():
            self.send_header(name, value)
        body = answer.body if self.command != "HEAD" else b""
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if verdict.cut == "truncate":
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing to stderr."""
