"""`reach` and `can-access`: from a snapshot and from a GitLab, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from scopelint_simulator import Simulator
from tests.cli.kit import DEVELOPER, call

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


HIDDEN = "not found or not visible to this token"
BELOW = "the token's role here is below Maintainer"


def asked(origin: str, target: str, url: str) -> dict[str, Any]:
    """Ask GitLab about a pair whose answer is not known; the console says what the JSON does."""
    server = ("--url", url, "--no-config", "-q")
    found: dict[str, Any] = json.loads(
        call("can-access", origin, target, *server, "-f", "json").expect(3).out
    )
    said = call("can-access", origin, target, *server).expect(3).out
    assert found["answer"] == "unknown"
    assert said.splitlines()[0].endswith(": unknown")
    for line in found["message"].splitlines():
        assert f"  {line}\n" in said
    for each in found["unread"]:
        assert f"{each['reason']}." in said
    assert found["unread"] or found["missing"]
    return found


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("form", ["{}", "{url}/{}", "{url}/{}.git", "{url}/{}/-/settings/ci_cd"])
@pytest.mark.parametrize(
    ("origin", "target", "unread"),
    [
        ("acme/nowhere", "acme/tool", ["origin"]),
        ("acme/tool", "acme/nowhere", ["target"]),
        ("acme/nowhere", "acme/nothing", ["origin", "target"]),
        ("acme/nowhere", "acme/nowhere", ["origin", "target"]),
    ],
)
def test_a_project_that_gitlab_does_not_show_is_named_with_a_text_to_send(
    gitlab: Simulator, form: str, origin: str, target: str, unread: list[str]
) -> None:
    names = [form.format(name, url=gitlab.url) for name in (origin, target)]
    found = asked(names[0], names[1], gitlab.url)
    assert [each["role"] for each in found["unread"]] == unread
    assert {each["reason"] for each in found["unread"]} == {HIDDEN}
    assert f"May jobs of {origin} use their CI/CD job token on {target}?" in found["message"]
    link = f"{gitlab.url}/{target}/-/settings/ci_cd#js-token-access"
    assert (link in found["message"]) == ("target" in unread)
    again = f"scopelint can-access {origin} {target} --url {gitlab.url}"
    assert found["message"].endswith(again)


@pytest.mark.usefixtures("token")
def test_a_project_that_gitlab_does_not_show_by_its_number(gitlab: Simulator) -> None:
    found = asked("103", "99999", gitlab.url)
    assert found["target"] == {"id": 99999, "path": None}
    assert f"{gitlab.url}/projects/99999\n" in found["message"]
    assert f"scopelint can-access acme/tool 99999 --url {gitlab.url}" in found["message"]


def test_a_group_in_place_of_a_project_stays_an_error(gitlab: Simulator, token: str) -> None:
    del token
    call("can-access", "acme/tool", "acme/web", "--url", gitlab.url).expect(4, "is a group")
    call("can-access", "acme/web", "acme/nowhere", "--url", gitlab.url).expect(4, "is a group")


@pytest.mark.parametrize(
    ("origin", "target", "roles"),
    [
        ("acme/tool", "acme/web/shop", ["origin", "target"]),
        ("acme/tool", "acme/tool", None),
        ("acme/nowhere", "acme/tool", ["origin", "target"]),
    ],
)
def test_a_project_below_the_tokens_role_is_named_with_who_could_read_it(
    gitlab: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    origin: str,
    target: str,
    roles: list[str] | None,
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", DEVELOPER)
    if roles is None:
        call("can-access", origin, target, "--url", gitlab.url).expect(0)
        return
    found = asked(origin, target, gitlab.url)
    assert [each["role"] for each in found["unread"]] == roles
    last = found["unread"][-1]
    assert last["reason"] == BELOW
    assert last["maintainers"] == [{"username": "auditor", "role": "Maintainer"}]
    assert f"{gitlab.url}/{target}/-/settings/ci_cd#js-token-access" in found["message"]


def test_a_project_of_a_snapshot_that_was_not_read_gets_a_text_and_asks_nobody(kept: Path) -> None:
    said = call("can-access", "acme/a", "acme/unread", "--from", kept).expect(3).out
    assert "Not read: acme/unread: " in said
    assert "May jobs of acme/a use their CI/CD job token on acme/unread?" in said
    data = json.loads(call("can-access", "acme/a", "acme/b", "--from", kept, "-fjson").out)
    assert (data["unread"], data["message"]) == ([], None)
