"""Colour, width, silence: what goes to which stream, and how it looks there."""

from pathlib import Path

import pytest

from scopelint.cli.console import Console
from scopelint_simulator import Simulator
from tests.cli.kit import Stream, call

ESCAPE = "\x1b"


@pytest.mark.parametrize(
    ("given", "environment", "coloured"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color", "auto"), {"FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_in_a_pipe(
    snapshot: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: tuple[str, ...],
    environment: dict[str, str],
    coloured: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (ESCAPE in call("check", snapshot, *given).expect(1).out) is coloured


@pytest.mark.parametrize(
    ("color", "environment", "coloured"),
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"TERM": "dumb"}, False),
        ("never", {}, False),
        ("always", {"TERM": "dumb"}, True),
    ],
)
def test_colour_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, color: str, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Console(color=color).colored(Stream(terminal=True)) is coloured


def test_a_file_has_no_colour(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    call("check", snapshot, "-o", "r.txt").expect(1)
    assert ESCAPE not in Path("r.txt").read_text()


def test_a_pipe_has_eighty_columns(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("40", "200", "nonsense"):
        monkeypatch.setenv("COLUMNS", columns)
        shown = call("check", snapshot, "--show-fix").expect(1).out.splitlines()
        # A command to copy stays on one line, however long the path in it.
        lines = [line for line in shown if not line.startswith("  scopelint ")]
        assert 60 < max(map(len, lines)) <= 80


@pytest.mark.usefixtures("token")
def test_quiet_leaves_the_report_and_errors(gitlab: Simulator) -> None:
    given = ("scan", "acme", "--url", gitlab.url)
    assert call(*given, "-q").expect(1).err == ""
    assert call(*given, "-q").out
    assert "requests" in call(*given).expect(1).err
    assert call("scan", "nowhere", "--url", gitlab.url, "-q").expect(4, "error: ").out == ""
    assert "POST" in call(*given, "-v").expect(1).err


@pytest.mark.usefixtures("token")
def test_progress_off_a_terminal_is_no_rewriting(gitlab: Simulator) -> None:
    for option in ("--progress", "--no-progress"):
        err = call("scan", "acme", "--url", gitlab.url, option).expect(1).err
        assert ESCAPE not in err
        assert "\r" not in err


def test_progress_on_a_terminal_clears_its_line(
    gitlab: Simulator, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del token
    monkeypatch.setattr("scopelint.cli.progress_line.REDRAW_EVERY", 0.0)
    err = call("scan", "acme", "--url", gitlab.url, terminal=True).expect(1).err
    assert "\r\x1b[2K" in err
    assert "projects/s" in err
    assert err.rpartition("\r\x1b[2K")[2].count("\n") == 1


def test_the_threshold_of_what_is_shown_changes_no_verdict(snapshot: Path) -> None:
    result = call("check", snapshot, "--min-severity", "critical").expect(1)
    assert "SL101" not in result.out
    assert "2 high" in result.out


def test_what_comes_from_the_user_is_cleaned_in_messages() -> None:
    result = call("scan", "acme\x1b[31m\x07\u202e").expect(2)
    for character in "\x1b\x07\u202e":
        assert character not in result.err
