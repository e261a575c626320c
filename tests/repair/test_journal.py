"""The journal: on the disk before and after each write, its owner's alone, whole after a kill."""

import os
import re
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.errors import OutputError, UsageError
from scopelint.repair.journal import Journal, ProjectBegun, WriteIntent, WriteOutcome
from scopelint.repair.plan_file import Plan, ScopeState
from tests.repair import applying as kit


def journal_of_none(path: Path) -> Journal:
    """Make a journal without a record."""
    made = Plan(
        tool_version="0",
        instance="https://gitlab.example.com",
        gitlab_version="19.3.0",
        observed_at="2026-11-21T00:00:00+00:00",
        made_from="findings",
    )
    return Journal.create(path, made, gitlab_version="19.3.0", now="2026-11-21T00:00:00+00:00")


def journal_at(path: Path) -> Journal:
    """Make a journal of a plan over one project, with one write done and one announced."""
    journal = journal_of_none(path)
    journal.add(
        ProjectBegun(direction="apply", project=7, path="a/b", before=ScopeState(inbound=True))
    )
    for index in (0, 1):
        action = kit.act("set-push", value=bool(index))
        journal.add(WriteIntent(direction="apply", project=7, index=index, action=action))
    journal.add(WriteOutcome(direction="apply", project=7, index=0, result="done"))
    return journal


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal_at(path).close()
    with Journal.open(path) as again:
        [(number, log)] = again.projects.items()
        assert (number, log.path, log.before) == (7, "a/b", ScopeState(inbound=True))
        assert [write.result for write in log.applied.values()] == ["done", "doubt"]
        assert not log.verified
        assert again.header.gitlab_version == "19.3.0"


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal_at(tmp_path / "j").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o600


def test_none_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text("mine")
    with pytest.raises(UsageError, match="already exists"):
        journal_at(path)
    assert path.read_text() == "mine"


HOSTILE = "no\u2028such\u2029line\x85of\x0b\x0cours\r\n\x1c\x1d\x1e\x00\ud800\udfff\ufeff"
"""Every character that some reader takes for the end of a line, and halves of characters."""


@given(st.text(st.characters(), max_size=60) | st.just(HOSTILE * 200))
def test_any_text_of_a_server_is_read_again(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        with journal_of_none(path) as journal:
            state = ScopeState(inbound=True)
            journal.add(ProjectBegun(direction="apply", project=7, path=text, before=state))
            action = kit.act("set-push", value=True)
            journal.add(WriteIntent(direction="apply", project=7, index=0, action=action))
            outcome = {"direction": "apply", "project": 7, "index": 0, "result": "failed"}
            journal.add(WriteOutcome(**outcome, detail=text))
        assert path.read_bytes().isascii()
        assert len(path.read_text().splitlines()) == 4
        with Journal.open(path) as again:
            assert again.projects[7].applied[0].result == "failed"
            kept = re.sub("[\ud800-\udfff]", "\ufffd", text)
            assert again.projects[7].path == kept[:4000]


def test_file_and_folder_are_put_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    fsync = os.fsync

    def noted(file: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(file).st_mode))
        fsync(file)

    monkeypatch.setattr(os, "fsync", noted)
    with journal_of_none(tmp_path / "j") as journal:
        assert synced == [False, True]
        state = ScopeState(inbound=True)
        journal.add(ProjectBegun(direction="apply", project=7, path="a/b", before=state))
    assert synced == [False, True, False]


def test_a_folder_that_cannot_be_put_on_the_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(UsageError, match=r"folder of the journal .* Invalid argument"):
        journal_of_none(tmp_path / "j")


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_is_dropped(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    journal_at(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with Journal.open(path) as again:
        assert again.projects[7].applied[0].result == "doubt"
        again.add(WriteOutcome(direction="apply", project=7, index=0, result="done"))
    assert path.read_bytes() == whole


def test_a_character_torn_apart_is_dropped_too(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with journal_at(path) as journal:
        journal.add(
            WriteOutcome(direction="apply", project=7, index=1, result="failed", detail="größer")
        )
    # An earlier version wrote characters themselves, not their escapes.
    data = path.read_bytes().replace(b"\\u00f6", "ö".encode())
    path.write_bytes(data[: data.index("ö".encode()) + 1])
    with Journal.open(path) as again:
        assert again.projects[7].applied[1].result == "doubt"


def test_two_runs_cannot_share_one(tmp_path: Path) -> None:
    with journal_at(tmp_path / "j"), pytest.raises(UsageError, match="in use by another run"):
        Journal.open(tmp_path / "j")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        ("{}\n", ":1 is not a line"),
        ("not JSON\n", ":1 is not a line"),
        ("\udcff\n", "not UTF-8"),
        (
            '{"record":"intent","direction":"apply","project":7,"index":0,"action":'
            '{"operation":"set-push","value":true,"reason":""}}\n',
            "header is not the first line",
        ),
    ],
)
def test_what_is_no_journal(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "j"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=words):
        Journal.open(path)


def test_a_broken_line_in_the_middle_is_no_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal_at(path).close()
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1][:-9] + "\n", *lines[2:]]))
    with pytest.raises(UsageError, match=":2 is not a line"):
        Journal.open(path)


def test_a_full_disk_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with journal_at(tmp_path / "j") as journal:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="No space left"):
            journal.add(WriteOutcome(direction="apply", project=7, index=1, result="done"))
        assert journal.projects[7].applied[1].result == "doubt"
