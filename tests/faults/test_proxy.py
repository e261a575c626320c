"""Proxies from the environment: a real proxy, in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.faults.certificates import Authority, make_authority
from tests.faults.kit import TOKEN, Scanned, instance, scan

APIS = pytest.mark.parametrize("api", ["graphql", "rest"])
PASSWORD = "proxy-password-4711"
PROGRAM = Path(__file__).with_name("proxy.py")


@dataclass(frozen=True)
class Proxy:
    """A running proxy, and what it was asked for."""

    port: int
    log: Path

    def url(self, credentials: str = f"robot:{PASSWORD}@") -> str:
        return f"http://{credentials}127.0.0.1:{self.port}"

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


Start = Callable[..., Proxy]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> Proxy:
        log = tmp_path / f"proxy-{len(running)}.log"
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(log), *options], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        return Proxy(int(process.stdout.readline()), log)

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture(scope="module")
def plain() -> Iterator[Simulator]:
    with Simulator(load_instance(instance(5, groups=1)), root="/gitlab") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Simulator]:
    made = load_instance(instance(5, groups=1))
    with Simulator(made, tls=authority.context()) as simulator:
        yield simulator


def check_secret(found: Scanned) -> None:
    assert PASSWORD not in found.result.text
    assert TOKEN not in found.result.text


@APIS
def test_an_http_proxy_with_credentials_carries_every_request(
    plain: Simulator, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    proxy = start("--user", f"robot:{PASSWORD}")
    monkeypatch.setenv("HTTP_PROXY", proxy.url())
    plain.reset_counts()
    found = scan(plain.url, tmp_path, "--api", api, "-v")
    assert found.report["scan"]["projects"]["read"] == 5
    assert len(proxy.asked()) == found.requests == len(plain.log)
    assert all(plain.url in line for line in proxy.asked())
    assert any("/api/graphql" in line for line in proxy.asked()) is (api == "graphql")
    check_secret(found)


@APIS
def test_an_https_proxy_carries_every_connection(
    secure: Simulator,
    authority: Authority,
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    api: str,
) -> None:
    proxy = start("--user", f"robot:{PASSWORD}")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url())
    found = scan(secure.url, tmp_path, "--api", api, "--ca-file", authority.file, "-v")
    assert found.report["scan"]["projects"]["read"] == 5
    place = secure.url.removeprefix("https://")
    assert proxy.asked()
    assert set(proxy.asked()) == {f"CONNECT {place}"}
    check_secret(found)


@APIS
def test_no_proxy_goes_past_it(
    plain: Simulator, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    proxy = start("--refuse", "403")
    monkeypatch.setenv("HTTP_PROXY", proxy.url(""))
    monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
    found = scan(plain.url, tmp_path, "--api", api)
    assert found.report["scan"]["projects"]["read"] == 5
    assert proxy.asked() == []


@APIS
@pytest.mark.parametrize("ranges", ["127.0.0.0/8", "127.0.0.1", "*"])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_what_the_environment_says_of_proxies_holds_for_both_apis(
    plain: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    api: str,
    ranges: str,
    variable: str,
) -> None:
    """`NO_PROXY` names the host by its network; the proxy answers nobody."""
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", ranges)
    found = scan(plain.url, tmp_path, "--api", api)
    assert found.report["scan"]["projects"]["read"] == 5
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
    scan(plain.url, tmp_path, "--api", api).result.expect(4, "GitLab could not be reached")


@APIS
@pytest.mark.parametrize("status", ["403", "407", "502"])
def test_a_proxy_that_refuses_a_connection_is_named(
    secure: Simulator,
    authority: Authority,
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    api: str,
    status: str,
) -> None:
    proxy = start("--refuse", status)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url())
    found = scan(secure.url, tmp_path, "--api", api, "--ca-file", authority.file, "-v")
    found.result.expect(4, "GitLab could not be reached", status, "proxy")
    assert len(proxy.asked()) == 4
    check_secret(found)


@APIS
def test_a_proxy_that_wants_other_credentials_is_named(
    plain: Simulator, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    proxy = start("--user", "robot:something-else")
    monkeypatch.setenv("HTTP_PROXY", proxy.url())
    found = scan(plain.url, tmp_path, "--api", api, "-v")
    found.result.expect(4, "proxy", "407", "HTTP_PROXY")
    assert len(proxy.asked()) == 1
    check_secret(found)


@APIS
def test_a_proxy_that_is_not_there_is_named(
    plain: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://robot:{PASSWORD}@127.0.0.1:9")
    found = scan(plain.url, tmp_path, "--api", api, "-v")
    found.result.expect(4, "GitLab could not be reached", "proxy settings")
    check_secret(found)
