"""`reach` and `can-access`: from a snapshot and from a GitLab, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from scopelint_simulator import Simulator
from tests.cli.kit import call

NARROW: dict[str, Any] = {"project": "acme/a", "policies": ["READ_PACKAGES"]}
DESCRIBED: dict[str, Any] = {
    "version": "19.3.0-ee",
    "projects": {
        "acme/a": {},
        "acme/b": {
            "push": True,
            "cross_project_push": True,
            "entries": [{"project": "acme/a"}],
        },
        "acme/c": {"entries": [{"project": "acme/b"}]},
        "acme/narrow": {"entries": [NARROW]},
        "acme/open": {"inbound_own": False, "inbound_effective": False},
        "acme/public": {"visibility": "public"},
        "acme/unread": {"unreadable": "forbidden"},
        "acme/team/x": {},
    },
}


@pytest.fixture
def kept(place: Path) -> Path:
    """A snapshot of a small tree."""
    path = place / "kept"
    write(DESCRIBED, path)
    return path


@pytest.mark.parametrize(
    ("origin", "target", "options", "code", "said"),
    [
        ("acme/a", "acme/b", [], 0, "acme/a -> acme/b: granted"),
        ("ACME/A", "1001", [], 0, "acme/a -> acme/a: granted"),
        ("acme/b", "acme/a", [], 1, "no entry of acme/a matches acme/b"),
        ("acme/a", "acme/public", [], 1, "acme/public: partial"),
        ("acme/a", "acme/unread", [], 3, "not known: "),
        ("acme/a", "acme/narrow", [], 0, "No permission governs: Git clone and fetch"),
        ("acme/a", "acme/narrow", ["--want", "read_packages"], 0, "with READ_PACKAGES: granted"),
        ("acme/a", "acme/narrow", ["--want", "READ_PACKAGES,READ_JOBS"], 1, "READ_JOBS: denied"),
        ("https://gitlab.example.com/acme/a/-/jobs", "acme/open", [], 0, "does not limit access"),
    ],
)
def test_can_access(
    kept: Path, origin: str, target: str, options: list[str], code: int, said: str
) -> None:
    """The exit code is the answer, the steps say why; ids, URLs and any case are understood."""
    result = call("can-access", origin, target, *options, "--from", kept).expect(code)
    assert said in result.out
    data = json.loads(
        call("can-access", origin, target, *options, "--from", kept, "-f", "json").out
    )
    assert data["answer"] == {0: "granted", 3: "unknown"}.get(code, data["answer"])
    assert data["answer"] != "granted" or code == 0
    assert data["steps"]


def test_can_access_as_json(kept: Path) -> None:
    """Programs get the deciding entry, what is lacking, and whether a push would pass."""
    told = call("can-access", "acme/a", "acme/narrow", "--want=READ_JOBS", "--from", kept, "-fjson")
    data = json.loads(told.out)
    assert data["schema"] == "scopelint-can-access/1"
    assert data["entry"] == {"kind": "project", "id": data["origin"]["id"], "path": "acme/a"}
    assert (data["answer"], data["lacking"], data["may_push"]) == ("denied", ["READ_JOBS"], False)
    pushes = json.loads(call("can-access", "acme/a", "acme/b", "--from", kept, "-fjson").out)
    assert pushes["may_push"] is True


def test_a_denied_pair_gets_the_smallest_entry_and_a_text_to_send(kept: Path) -> None:
    told = call("can-access", "acme/b", "acme/a", "--from", kept).expect(1)
    assert "What would do: add acme/b to the allowlist of acme/a" in told.out
    assert "Text to send them:" in told.out
    wider = call(
        "can-access", "acme/a", "acme/narrow", "--want=READ_JOBS", "--from", kept, "-fjson"
    )
    assert json.loads(wider.out)["remedy"]["permissions"] == ["READ_JOBS", "READ_PACKAGES"]
    push = ("--want", "ADMIN_REPOSITORIES", "--from", kept, "-fjson")
    closed = json.loads(call("can-access", "acme/b", "acme/c", *push).expect(1).out)
    assert closed["remedy"] is None  # its entry has all permissions; a push setting is off
    for other in ("acme/b", "acme/open"):
        granted = call("can-access", "acme/a", other, "--from", kept, "-fjson").expect(0)
        assert json.loads(granted.out)["remedy"] is None


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["can-access", "acme/a", "acme/teem/x"], "acme/team/x"),
        (["can-access", "acme/aa", "acme/b"], "acme/a"),
        (["can-access", "acme/a", "acme/b", "--want", "READ_PACKGES"], "READ_PACKAGES"),
        (["reach", "acme/ope"], "acme/open"),
        (["reach", "99999"], "Name a project"),
    ],
)
def test_what_is_not_there_is_a_usage_error_with_a_suggestion(
    kept: Path, words: list[str], hint: str
) -> None:
    """A wrong name is exit 2, and the nearest right one is named."""
    result = call(*words, "--from", kept).expect(2, "hint: ")
    assert hint in result.err
    assert not result.out


def test_reach_by_entry(kept: Path) -> None:
    """Who comes in by which entry, and where the project's own token is accepted."""
    result = call("reach", "acme/b", "--from", kept).expect(3)
    assert "reached by 1 project\n    by its entry for project acme/a (1): acme/a" in result.out
    assert "by an entry for project acme/b (1): acme/c" in result.out
    assert "limit off (1): acme/open" in result.out
    assert "unknown (1): acme/unread" in result.out
    assert "parts of 1 more, left open by their visibility" in result.out


def test_reach_in_steps(kept: Path) -> None:
    """Who may push to a project acts with its token next: the whole way is printed."""
    plain = call("reach", "acme/c", "--from", kept)
    assert "pushing" not in plain.out
    result = call("reach", "acme/c", "--transitive", "--from", kept)
    assert "acme/a -> acme/b -> acme/c" in result.out
    data = json.loads(call("reach", "acme/a", "--transitive", "--from", kept, "-fjson").out)
    assert data["transitive"]["targets"] == [["acme/a", "acme/b", "acme/c"]]
    # One project could not be read, so there may be more ways.
    assert data["transitive"]["exact"] is False
    assert data["complete"] is False


def test_reach_of_an_open_project(kept: Path) -> None:
    """An open project is reached by all there are, which a group's scan cannot count."""
    data = json.loads(call("reach", "acme/open", "--from", kept, "-f", "json").out)
    assert data["schema"] == "scopelint-reach/1"
    assert data["origins"]["everyone"] is True
    assert (data["origins"]["count"], data["origins"]["exact"]) == (7, False)


def test_without_a_snapshot_what_is_needed_is_collected(gitlab: Simulator, token: str) -> None:
    """Two projects for a pair; for reach, all that lies in the project's top-level group."""
    del token
    server = ("--url", gitlab.url, "-q")
    call("can-access", "acme/tool", "acme/web/shop", *server).expect(0)
    call("can-access", "acme/web/shop", "acme/tool", *server).expect(1)
    data = json.loads(call("reach", "103", *server, "-f", "json").expect(0).out)
    assert {link["project"]["path"] for link in data["targets"]["list"]} == {
        "acme/web/shop",
        "acme/web/site",
    }
    call("can-access", "acme/tool", "acme/nowhere", *server).expect(4, "not visible")
