"""Where reports go: what is refused before the scan starts, and how they are written."""

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from scopelint.report import Report
from scopelint_reports.json_report import JsonReporter
from scopelint_simulator import Simulator
from tests.cli.kit import TOKEN, call, files_below

FORMATS = ("console", "html", "json", "junit", "sarif")
no_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@pytest.fixture
def scan(gitlab: Simulator, token: str) -> tuple[str, ...]:
    """Give the beginning of a scan's command line."""
    del token
    return ("scan", "acme", "--url", gitlab.url)


def _refused(scan: tuple[str, ...], gitlab: Simulator, *given: object, words: str) -> None:
    before = files_below(Path())
    result = call(*scan, *given).expect(2, words)
    assert result.out == ""
    assert gitlab.counts.total() == 0, "GitLab was asked"
    assert files_below(Path()) == before, "a file was left"


@pytest.mark.parametrize("option", ["-o", "--report", "--snapshot"])
def test_paths_that_cannot_be_written_are_refused_before_the_scan(
    scan: tuple[str, ...], gitlab: Simulator, option: str
) -> None:
    Path("folder").mkdir()
    Path("file").write_text("old")
    Path("loop").symlink_to("loop")
    head = "json=" if option == "--report" else ""
    for path, words in (
        ("folder", "is a folder"),
        ("missing/report", "no folder"),
        ("file/report", "cannot be written"),
        ("loop", "cannot be written"),
        ("x" * 300, "cannot be written"),
    ):
        _refused(scan, gitlab, option, head + path, words=words)
    assert Path("file").read_text() == "old"


@no_root
@pytest.mark.parametrize("option", ["-o", "--snapshot"])
def test_a_folder_without_permission(scan: tuple[str, ...], gitlab: Simulator, option: str) -> None:
    Path("shut").mkdir()
    Path("shut").chmod(0o500)
    _refused(scan, gitlab, option, "shut/report", words="no permission")


@no_root
def test_a_file_without_permission(scan: tuple[str, ...], gitlab: Simulator) -> None:
    Path("mine").write_text("old")
    Path("mine").chmod(0o400)
    _refused(scan, gitlab, "-o", "mine", words="no permission")


def test_the_same_file_twice(scan: tuple[str, ...], gitlab: Simulator) -> None:
    Path("sub").mkdir()
    Path("link").symlink_to("r.json")
    Path("linked").symlink_to("sub")
    for first, second in (
        ("r.json", "r.json"),
        ("r.json", "./sub/../r.json"),
        ("r.json", "link"),
        ("sub/r", "linked/r"),
        ("r.json", str(Path("r.json").absolute())),
    ):
        given = ("-f", "json", "-o", first, "--report", f"sarif={second}")
        _refused(scan, gitlab, *given, words="two reports would go to")
    _refused(scan, gitlab, "--report", "json=a", "--report", "html=a", words="json and html")


def test_a_report_never_replaces_what_the_run_reads(
    scan: tuple[str, ...], gitlab: Simulator
) -> None:
    Path("token").write_text(TOKEN)
    Path("own.yml").write_text("profile: default\n")
    Path("link").symlink_to("own.yml")
    _refused(scan, gitlab, "--snapshot", "s", "-o", "s", words="replace the snapshot")
    _refused(scan, gitlab, "--token-file", "token", "-o", "token", words="the token file")
    _refused(scan, gitlab, "--config", "own.yml", "-o", "link", words="the configuration")


def test_a_report_never_replaces_the_snapshot_that_is_checked(snapshot: Path) -> None:
    before = snapshot.read_bytes()
    Path("link").symlink_to(snapshot)
    for path in (snapshot, "acme.snapshot", "link"):
        call("check", snapshot, "-f", "json", "-o", path).expect(2, "replace the snapshot")
    assert snapshot.read_bytes() == before


def test_a_snapshot_is_never_replaced(
    scan: tuple[str, ...], gitlab: Simulator, snapshot: Path
) -> None:
    before = snapshot.read_bytes()
    _refused(scan, gitlab, "--snapshot", snapshot, words="already there")
    url = ("--url", gitlab.url)
    call("collect", "acme", *url, "-o", snapshot).expect(2, "already there")
    call("collect", "acme", *url, "-o", "no/s").expect(2, "no folder")
    call("collect", "acme", *url).expect(2, "--output")
    assert gitlab.counts.total() == 0
    assert snapshot.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [("json", "NAME=FILE"), ("json=", "NAME=FILE"), ("=x", "unknown format"), ("jsno=x", "'json'")],
)
def test_a_wrong_report_option(
    scan: tuple[str, ...], gitlab: Simulator, text: str, words: str
) -> None:
    _refused(scan, gitlab, "--report", text, words=words)


def test_an_unknown_format_is_answered_with_a_suggestion(
    scan: tuple[str, ...], gitlab: Simulator
) -> None:
    _refused(scan, gitlab, "-f", "sariff", words="Did you mean 'sarif'?")


@pytest.mark.parametrize("command", [("scan",), ("check",), ("scan", "acme")])
def test_format_help_lists_the_formats(command: tuple[str, ...]) -> None:
    lines = call(*command, "-f", "help").expect(0).out.splitlines()
    assert set(FORMATS) <= {line.split()[0] for line in lines}
    assert all(len(line.split()) > 1 for line in lines)


def test_several_reports_of_one_scan(scan: tuple[str, ...]) -> None:
    reports = [f"--report={name}=r.{name}" for name in FORMATS]
    result = call(*scan, "-f", "json", "-q", *reports).expect(1)
    for name in FORMATS:
        assert Path(f"r.{name}").stat().st_size > 100
    assert Path("r.json").read_bytes() == result.raw
    assert result.err == ""
    assert {path.name for path in files_below(Path())} == {f"r.{name}" for name in FORMATS}


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_stdout_is_one_document_and_nothing_else(scan: tuple[str, ...], name: str) -> None:
    for more in ((), ("-v",), ("--color", "always"), ("--progress",)):
        json.loads(call(*scan, "-f", name, *more).expect(1).raw)


@pytest.mark.parametrize("name", ["html", "junit"])
def test_documents_for_machines_begin_at_the_first_byte(scan: tuple[str, ...], name: str) -> None:
    result = call(*scan, "-f", name, "-v").expect(1)
    start, end = {"html": (b"<!doctype", b"</html>"), "junit": (b"<?xml", b"</testsuites>")}[name]
    assert result.raw.lower().startswith(start)
    assert result.raw.rstrip().endswith(end)


def test_with_an_output_file_stdout_is_empty(scan: tuple[str, ...]) -> None:
    assert call(*scan, "-f", "json", "-o", "r.json").expect(1).raw == b""
    assert json.loads(Path("r.json").read_bytes())["schema"] == "scopelint-report/1"


def test_an_old_report_is_replaced_with_its_mode_and_through_its_link(
    scan: tuple[str, ...],
) -> None:
    Path("kept").mkdir()
    Path("kept/r.json").write_text("old")
    Path("kept/r.json").chmod(0o640)
    Path("r.json").symlink_to("kept/r.json")
    call(*scan, "-f", "json", "-o", "r.json").expect(1)
    assert Path("r.json").is_symlink()
    assert json.loads(Path("kept/r.json").read_bytes())["findings"]
    assert Path("kept/r.json").stat().st_mode & 0o777 == 0o640


def test_devices_are_written_to_and_stay_devices(scan: tuple[str, ...]) -> None:
    call(*scan, "-f", "json", "-o", "/dev/null").expect(1)
    assert Path("/dev/null").is_char_device()
    call(*scan, "-f", "json", "-o", "/dev/full").expect(4, "/dev/full", "No space left")


class _Full(JsonReporter):
    """Fails after half of the document, as on a disk that fills up."""

    def render(self, report: Report, out: BinaryIO) -> None:
        out.write(b"{")
        raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_the_old_report(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("r.json").write_text("old")
    monkeypatch.setattr(JsonReporter, "render", _Full.render)
    result = call("check", snapshot, "-f", "json", "-o", "r.json")
    result.expect(4, "r.json", "No space left", "untouched")
    assert Path("r.json").read_text() == "old"
    assert {path.name for path in files_below(Path())} == {"r.json", "acme.snapshot"}


def test_a_reporter_that_crashes_is_named(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(JsonReporter, "render", crash)
    result = call("check", snapshot, "--report", "json=r.json")
    result.expect(4, "reporter json crashed", "ZeroDivisionError", "scopelint_reports")
    assert not Path("r.json").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--fail-on", "severe"), "severe"),
        (("--min-severity", "none"), "none"),
        (("--api", "soap"), "soap"),
        (("--concurrency", "0"), "0"),
        (("--concurrency", "many"), "many"),
        (("--page-size", "101"), "101"),
        (("--max-rpm", "0"), "0"),
        (("--archived", "maybe"), "maybe"),
        (("--color", "pink"), "pink"),
        (("--nonsense",), "--nonsense"),
        (("--select", "SL1O1"), "SL101"),
        (("--select", "inbound-limit-disable"), "inbound-limit-disabled"),
        (("--ignore", "XX"), "XX"),
        (("--extend-select", "SL9999"), "SL9999"),
        (("--select", "SL101", "--ignore", "SL1"), "no rule is left"),
        (("--config", "a.yml", "--no-config"), "--no-config"),
        (("--url", "ftp://example.invalid"), "--url"),
        (("--url", "http://user:pw@example.invalid"), "credentials"),
        (("--group", "../etc"), "not the path"),
        (("--instance",), "--instance"),
        (("--token-file", ""), "empty"),
        (("-o", ""), "empty"),
    ],
)
def test_a_wrong_option_value_is_a_usage_error(
    gitlab: Simulator, token: str, given: tuple[str, ...], words: str
) -> None:
    del token
    url = () if "--url" in given else ("--url", gitlab.url)
    result = call("scan", "acme", *url, *given).expect(2, words, "error: ", "hint: ")
    assert result.out == ""
    assert gitlab.counts.total() == 0
