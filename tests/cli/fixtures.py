"""Fixtures of the command line's tests; `conftest.py` of each folder takes them over."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scopelint_simulator import Faults, Simulator, load_instance
from tests.cli.kit import INVENTORY, TOKEN, call, is_ours


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run each test in an empty folder, with no variable that concerns scopelint."""
    for name in list(os.environ):
        if is_ours(name):
            monkeypatch.delenv(name)
    here = tmp_path / "here"
    here.mkdir()
    (here / ".git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(here)
    return here


@pytest.fixture(scope="session")
def _running() -> Iterator[Simulator]:
    with Simulator(load_instance(INVENTORY)) as simulator:
        yield simulator


@pytest.fixture
def gitlab(_running: Simulator) -> Iterator[Simulator]:
    """Give a running GitLab without faults whose counts begin at zero."""
    _running.faults = Faults()
    _running.reset_counts()
    yield _running
    # The next test may make the shared snapshot, which must not meet this one's faults.
    _running.faults = Faults()
    assert _running.crashes == []


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the Maintainer's token into the environment."""
    monkeypatch.setenv("SCOPELINT_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture(scope="session")
def _kept(_running: Simulator, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    _running.faults = Faults()
    folder = tmp_path_factory.mktemp("snapshot")
    token_file = folder / "token"
    token_file.write_text(TOKEN)
    path = folder / "acme.snapshot"
    given = ("--url", _running.url, "--token-file", token_file, "--no-config", "-q")
    call("collect", "acme", *given, "-o", path).expect(0)
    return path.read_bytes()


@pytest.fixture
def snapshot(_kept: bytes, place: Path) -> Path:
    """Give a fresh copy of a snapshot of `acme` in the current folder."""
    path = place / "acme.snapshot"
    path.write_bytes(_kept)
    return path
