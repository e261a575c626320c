"""`publish note`: one note on the merge request of the job, made once and changed from then on."""

import json
from pathlib import Path

import pytest
import requests

from scopelint_simulator import Faults, Simulator
from scopelint_simulator.delivery import Note
from tests.cli.kit import call
from tests.publish.kit import CLOSED, OPEN, OTHER, PUBLISHER, publish, report

TREE = {"acme/web/shop": OPEN, "acme/lib/core": CLOSED}


@pytest.fixture(autouse=True)
def job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the variables of a job of a merge request."""
    monkeypatch.setenv("CI_PROJECT_ID", "1")
    monkeypatch.setenv("CI_MERGE_REQUEST_IID", "7")
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.example.com/acme/security/-/jobs/3")


def notes(gitlab: Simulator) -> list[Note]:
    return gitlab.instance.delivery.notes[1, 7]


def add(gitlab: Simulator, body: str, token: str = PUBLISHER) -> None:
    url = f"{gitlab.url}/api/v4/projects/1/merge_requests/7/notes"
    headers = {"PRIVATE-TOKEN": token}
    assert requests.post(url, headers=headers, json={"body": body}, timeout=10).status_code == 201


def test_a_note_is_made_changed_and_left_where_nothing_changed(
    gitlab: Simulator, place: Path
) -> None:
    path = report(gitlab, place, 1, TREE)
    assert "would create  1!7: a new note" in publish(gitlab, "note", path).out
    assert notes(gitlab) == []
    publish(gitlab, "note", path, "--yes")
    [note] = notes(gitlab)
    assert "## ❌ scopelint: fail" in note.body
    assert "[The whole report](<https://gitlab.example.com/acme/security/-/jobs/3>)" in note.body
    again = publish(gitlab, "note", path, "--yes").out
    assert gitlab.counts["writes"] == 0
    assert f"up to date  1!7: note {note.id} (as before)\n" in again
    assert "Everything is up to date: nothing to write." in again
    publish(gitlab, "note", report(gitlab, place, 2, TREE | {"acme/web/shop": CLOSED}), "--yes")
    [note] = notes(gitlab)
    assert "## ✅ scopelint: pass" in note.body
    told = publish(gitlab, "note", report(gitlab, place, 1, TREE), "--yes")
    assert "a newer report, of 2024-11-22T06:00:00Z, has written it" in told.out
    assert "pass" in note.body


def test_a_second_note_goes_and_another_users_stays(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "note", path, "--yes")
    body = notes(gitlab)[0].body
    add(gitlab, body)
    add(gitlab, body, OTHER)
    add(gitlab, "A word of a person.")
    said = publish(gitlab, "note", path, "--yes").out
    assert "deleted  1!7: note 2 (a second one)" in said
    assert [note.author.username for note in notes(gitlab)] == ["bot", "other", "bot"]
    publish(gitlab, "note", path, "--yes")
    assert gitlab.counts["writes"] == 0


def test_two_jobs_have_a_note_each(gitlab: Simulator, place: Path) -> None:
    publish(gitlab, "note", report(gitlab, place, 1, TREE), "--yes")
    data = json.loads(report(gitlab, place, 2, TREE).read_text())
    data["scan"]["targets"] = ["acme/web"]
    (place / "other.json").write_text(json.dumps(data))
    publish(gitlab, "note", place / "other.json", "--yes")
    assert len(notes(gitlab)) == 2
    publish(gitlab, "note", report(gitlab, place, 3, TREE), "--yes")
    assert len(notes(gitlab)) == 2


def test_a_merge_request_from_a_fork(
    gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number is the parent's; a pipeline of the fork has no token of the parent."""
    path = report(gitlab, place, 1, TREE)
    monkeypatch.setenv("CI_PROJECT_ID", "2")
    monkeypatch.setenv("CI_MERGE_REQUEST_PROJECT_ID", "1")
    monkeypatch.setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2")
    publish(gitlab, "note", path, "--yes")
    assert len(notes(gitlab)) == 1
    monkeypatch.delenv("SCOPELINT_TOKEN")
    monkeypatch.setenv("CI_JOB_TOKEN", "glcbt-64_abcdefghijklmnop")
    told = publish(gitlab, "note", path, "--yes", code=4)
    assert "This pipeline is of a fork: it gets no protected variable" in told.err
    assert "a job token (CI_JOB_TOKEN) can write neither" in told.err


def test_the_address_is_that_of_the_job(
    gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = report(gitlab, place, 1, TREE)
    monkeypatch.setenv("CI_SERVER_URL", gitlab.url)
    call("publish", "note", path, "--yes", "--no-config").expect(0)
    assert len(notes(gitlab)) == 1


def test_no_merge_request_is_a_usage_error_and_one_can_be_named(
    gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = report(gitlab, place, 1, TREE)
    monkeypatch.delenv("CI_MERGE_REQUEST_IID")
    told = publish(gitlab, "note", path, "--yes", code=2)
    assert "this is no job of a merge request: CI_MERGE_REQUEST_IID is not set" in told.err
    named = ("--project", "acme/security", "--merge-request", "7")
    publish(gitlab, "note", path, *named, "--yes")
    assert len(notes(gitlab)) == 1
    told = publish(gitlab, "note", path, *named[:3], "8", "--yes", code=4)
    assert "not found or not visible" in told.err


@pytest.mark.parametrize("seed", range(6))
def test_lost_answers_leave_one_note(gitlab: Simulator, place: Path, seed: int) -> None:
    path = report(gitlab, place, 1, TREE)
    given = ("publish", "note", path, "--yes", "--url", gitlab.url, "--no-config")
    for fault in ({"truncate_rate": 0.5}, {"drop_rate": 0.5}):
        gitlab.faults = Faults(only="/notes", seed=seed, **fault)  # type: ignore[arg-type]
        call(*given)
    gitlab.faults = Faults()
    call(*given).expect(0)
    assert len(notes(gitlab)) == 1


def test_names_in_the_note_are_text(gitlab: Simulator, place: Path) -> None:
    tree = {"acme/web/shop": OPEN | {"entries": [{"project": "x/y"}]}}
    publish(gitlab, "note", report(gitlab, place, 1, tree), "--yes")
    assert gitlab.instance.delivery.actions == []
    assert gitlab.instance.delivery.mentions == set()
