"""Certificates: checked, trusted by `--ca-file`, or not checked after one warning."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.kit import TOKEN, call, process

APIS = pytest.mark.parametrize("api", ["graphql", "rest"])
REFUSED = "does not accept the token"


class _Refusing(BaseHTTPRequestHandler):
    """Answers every request with 401: a client that gets this far has made a TLS connection."""

    def do_GET(self) -> None:
        body = b'{"message": "401 Unauthorized"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing to stderr."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that distrusts the certificate is what is tested."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine that signs itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "cert.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", folder / "key.pem", "-out", made),
        ],
        check=True,
        capture_output=True,
    )
    return made


@pytest.fixture(scope="module")
def url(certificate: Path) -> Iterator[str]:
    """Serve HTTPS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server = _Server(("127.0.0.1", 0), _Refusing)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def _scan(url: str, api: str, *given: object) -> str:
    return call("scan", "acme", "--url", url, "--api", api, *given).expect(4).err


@APIS
@pytest.mark.usefixtures("token")
def test_a_certificate_that_nobody_signed_is_not_trusted(url: str, api: str) -> None:
    err = _scan(url, api)
    assert "certificate is not trusted" in err
    assert "--ca-file" in err


@APIS
@pytest.mark.usefixtures("token")
def test_a_ca_file_makes_it_trusted(
    url: str, api: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert REFUSED in _scan(url, api, "--ca-file", certificate)
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(certificate))
        assert REFUSED in _scan(url, api)
        monkeypatch.setenv(variable, "/nowhere.pem")
        call("scan", "acme", "--url", url).expect(2, "/nowhere.pem")
        monkeypatch.delenv(variable)


def test_insecure_warns_once_and_in_our_words(url: str) -> None:
    # In a process of its own, where warnings go where they go for users; REST is urllib3's.
    given = ("scan", "acme", "--url", url, "--api", "rest", "--insecure")
    lines = process(*given, env={"SCOPELINT_TOKEN": TOKEN}).expect(4).err.splitlines()
    assert lines[0] == "warning: --insecure: GitLab's certificate is not checked"
    assert REFUSED in lines[1]
    assert [line for line in lines if "Warning" in line] == []
