"""What every test may rely on: a clean environment, an empty home, no network but loopback."""

import ipaddress
import json
import logging
import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

_BEFORE = "PYTEST_ENVIRONMENT_BEFORE"
"""Where pytest-xdist's workers, who inherit the cleaned environment, find the original one."""
_UNWANTED = re.compile(
    r"(GITLAB|CI|SCOPELINT|PYTHON_GITLAB)(_.*)?|.*_PROXY|.*_proxy|NO_COLOR|FORCE_COLOR|COLUMNS|LINES"
    r"|REQUESTS_CA_BUNDLE|SSL_CERT_FILE|XDG_.*"
)
_KEPT = {"SCOPELINT_SCHEMAS", "SCOPELINT_TOOLS"}

if _BEFORE not in os.environ:
    os.environ[_BEFORE] = json.dumps(dict(os.environ))
ORIGINAL: dict[str, str] = json.loads(os.environ[_BEFORE])
for _name in [name for name in os.environ if _UNWANTED.fullmatch(name) and name not in _KEPT]:
    del os.environ[_name]
_home = tempfile.TemporaryDirectory(prefix="scopelint-home-")
os.environ["HOME"] = _home.name

# `make test-fast` sets SCOPELINT_EXAMPLES to "few"; "many" searches for long. Tests that want another number than 100 take a share
# of it by tests.examples.
settings.register_profile("all", deadline=None, derandomize=bool(ORIGINAL.get("CI")))
settings.register_profile("few", settings.get_profile("all"), max_examples=10)
settings.register_profile("many", settings.get_profile("all"), max_examples=1_000)
settings.load_profile(ORIGINAL.get("SCOPELINT_EXAMPLES", "all"))

# A shell ignores Ctrl-C for what it starts in the background, and children inherit that. The
# programs that tests start take it, wherever the tests run.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Remove the home of this run."""
    _home.cleanup()


@pytest.fixture(scope="session")
def original_environment() -> dict[str, str]:
    """The environment pytest was started in: pip needs its proxies and configuration."""
    return {name: value for name, value in ORIGINAL.items() if not name.startswith("PYTHON")}


@pytest.fixture(autouse=True)
def own_log() -> None:
    """Give each test an untouched logger: a command turns its propagation off for good.

    A fixture of a whole module may have run one before this one is asked.
    """
    logger = logging.getLogger("scopelint")
    logger.propagate, logger.handlers[:] = True, []
    logger.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


class NetworkUsedError(RuntimeError):
    """A test reached for something beyond this machine."""


@pytest.fixture(autouse=True)
def only_loopback(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fail a test that connects to, or looks up, anything but this machine.

    The failure comes at the end of the test too, for code that swallows the error.
    """
    if request.node.get_closest_marker("network"):
        yield
        return
    used: list[str] = []

    def guard(owner: Any, name: str, host_of: int) -> None:
        original = getattr(owner, name)

        def guarded(*args: Any, **options: Any) -> Any:
            place = args[host_of] if len(args) > host_of else options.get("host")
            host = place[0] if isinstance(place, tuple) else place
            if isinstance(place, tuple) or name == "getaddrinfo":
                _check(host, used)
            return original(*args, **options)

        monkeypatch.setattr(owner, name, guarded)

    guard(socket.socket, "connect", 1)
    guard(socket.socket, "connect_ex", 1)
    guard(socket, "getaddrinfo", 0)
    yield
    assert not used, f"the network was used: {used}"


def _check(host: object, used: list[str]) -> None:
    text = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    try:
        local = ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        local = text == "localhost" or text.endswith(".localhost")
        if text.endswith(".invalid"):
            # RFC 6761: never resolves; the real answer, without asking anyone for it.
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
    if not local:
        used.append(text)
        raise NetworkUsedError(f"a test may not reach {text}")


@pytest.fixture(autouse=True)
def no_program_in_a_quick_test(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail a test of `make test-fast` that starts a program: `make test` has the time for it."""
    few = ORIGINAL.get("SCOPELINT_EXAMPLES") == "few"
    if not few or request.node.get_closest_marker("slow"):
        return

    def refuse(*_args: Any, **_options: Any) -> None:
        raise AssertionError("a test that starts a program is marked slow (pytest.mark.slow)")

    monkeypatch.setattr(subprocess, "Popen", refuse)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return Path(__file__).resolve().parent.parent
