"""A small forward proxy, run as a process of its own: CONNECT for HTTPS, whole URLs for HTTP.

    python proxy.py LOG [--user NAME:PASSWORD] [--refuse STATUS]

It prints its port, and appends a line a request to LOG: the method and what was asked for.
"""

import argparse
import base64
import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class Handler(BaseHTTPRequestHandler):
    """Forwards one connection's requests."""

    protocol_version = "HTTP/1.1"
    log: Path
    user: str | None = None
    refuse: int | None = None

    def do_CONNECT(self) -> None:
        if not self._may_pass():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as beyond:
            self.send_response(200, "Connection established")
            self.end_headers()
            self.wfile.flush()
            back = threading.Thread(target=_pump, args=(beyond, self.connection), daemon=True)
            back.start()
            _pump(self.connection, beyond)
            back.join(timeout=10)
        self.close_connection = True

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        if not self._may_pass():
            return
        parts = urlsplit(self.path)
        assert parts.hostname is not None
        beyond = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=10)
        headers = {
            name: value for name, value in self.headers.items() if "proxy" not in name.lower()
        }
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        beyond.request(self.command, path, body, headers)
        answer = beyond.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        beyond.close()

    do_POST = do_GET  # noqa: N815

    def _may_pass(self) -> bool:
        with self.log.open("a") as file:
            file.write(f"{self.command} {self.path}\n")
        expected = f"Basic {base64.b64encode((self.user or '').encode()).decode()}"
        status = self.refuse
        if status is None and self.user and self.headers.get("Proxy-Authorization") != expected:
            status = 407
        if status is None:
            return True
        body = b"the proxy says no\n"
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True
        return False

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing to stderr."""


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


class Server(ThreadingHTTPServer):
    """Says nothing of clients that go away."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("--user")
    parser.add_argument("--refuse", type=int)
    given = parser.parse_args()
    Handler.log, Handler.user, Handler.refuse = given.log, given.user, given.refuse
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
