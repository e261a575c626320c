"""The tests' own environment: nothing of the user's gets in, nothing gets out."""

import os
import re
import shutil
import socket
from pathlib import Path

import pytest

from tests.meta.kit import run
from tests.meta.sources import ROOT

pytestmark = pytest.mark.slow

PROBE = """
import os, socket, subprocess, sys
import pytest

def test_reaches_out():
    socket.create_connection(("192.0.2.1", 9), timeout=0.1)

def test_swallows_it():
    try:
        socket.getaddrinfo("example.com", 443)
    except Exception:
        pass

def test_stays_here():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        socket.create_connection(server.getsockname()).close()
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("gitlab.invalid", 443)

def test_environment():
    wanted = {"GITLAB_TOKEN", "SCOPELINT_URL", "CI", "CI_JOB_TOKEN", "HTTPS_PROXY", "NO_COLOR"}
    assert not wanted & set(os.environ)
    assert os.environ["SCOPELINT_SCHEMAS"] == "/schemas"
    assert os.listdir(os.environ["HOME"]) == []

@pytest.mark.slow
def test_children_take_ctrl_c():
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"True\\n"

def test_tries_few_examples():
    from hypothesis import settings
    assert settings().max_examples == 10
"""


def test_guards(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_probe.py").write_text(PROBE)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n  network: reaches out\n  slow: starts a program\n"
    )
    unwanted = ("GITLAB_TOKEN", "SCOPELINT_URL", "CI", "CI_JOB_TOKEN", "HTTPS_PROXY", "NO_COLOR")
    extra = dict.fromkeys(unwanted, "x") | {"SCOPELINT_SCHEMAS": "/schemas"}
    # A run of its own, not one that shares what this run remembers of its start.
    extra["PYTEST_ENVIRONMENT_BEFORE"] = '{"SCOPELINT_EXAMPLES": "few"}'
    tests = "trap '' INT; exec python -m pytest -q -rA -p no:cacheprovider"
    ran = run(["sh", "-c", tests], tmp_path, extra)
    told = re.findall(r"^(PASSED|FAILED|ERROR) test_probe.py::(\w+)", ran.out, re.MULTILINE)
    assert sorted(told) == [
        ("ERROR", "test_reaches_out"),
        ("ERROR", "test_swallows_it"),
        ("FAILED", "test_reaches_out"),
        ("PASSED", "test_children_take_ctrl_c"),
        ("PASSED", "test_environment"),
        ("PASSED", "test_stays_here"),
        ("PASSED", "test_swallows_it"),
        ("PASSED", "test_tries_few_examples"),
    ]


def test_this_run_has_an_empty_home() -> None:
    assert Path(os.environ["HOME"]).name.startswith("scopelint-home-")
    assert socket.socket.connect.__name__ == "guarded"
