"""`scopelint doctor`: one line a fact for this token and these targets, by what GitLab answers."""

import json
from typing import Any

import jsonschema
import pytest

from scopelint.gitlab.token_needs import GROUP
from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import ADMIN, DEVELOPER, TOKEN, call

FINE = "glpat-kit-fine"
CLASSIC = "glpat-kit-write"
STRICT = "glpat-kit-strict"


def company(permissions: tuple[str, ...] = GROUP.permissions, **gitlab: Any) -> dict[str, Any]:
    return {
        "gitlab": {"version": "19.3.0", "enforce_inbound": False, **gitlab},
        "users": [{"username": name} for name in ("auditor", "dev")]
        + [{"username": "root", "admin": True}],
        "tokens": [
            {"token": TOKEN, "user": "auditor", "scopes": ["read_api"]},
            {"token": CLASSIC, "user": "auditor", "scopes": ["api"]},
            {"token": DEVELOPER, "user": "dev", "scopes": ["read_api"]},
            {"token": ADMIN, "user": "root", "scopes": ["read_api"]},
            {
                "token": FINE,
                "user": "auditor",
                "kind": "fine_grained",
                "scopes": list(permissions),
            },
        ],
        "roles": [
            {"user": "auditor", "on": "acme", "role": "maintainer"},
            {"user": "root", "on": "acme", "role": "maintainer"},
            {"user": "dev", "on": "acme", "role": "developer"},
        ],
        "groups": [
            {"id": 10, "path": "acme"},
            {"id": 11, "path": "acme/strict", "requires_fine_grained": True},
            {"id": 12, "path": "partner"},
        ],
        "projects": [
            {
                "id": 101,
                "path": "acme/shop",
                "scope": {"allowlist": [{"group": "acme"}, {"group": "partner"}]},
            },
            {"id": 102, "path": "acme/tool"},
        ],
    }


def add(given: dict[str, Any], path: str) -> dict[str, Any]:
    return {**given, "projects": [*given["projects"], {"path": path}]}


class Doctor:
    """Runs the command with a token against an instance."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(
        self, token: str, given: dict[str, Any], code: int, *more: object
    ) -> dict[str, Any]:
        self._monkeypatch.setenv("SCOPELINT_TOKEN", token)
        with Simulator(load_instance(given)) as gitlab:
            target = () if "--instance" in more else ("acme",)
            args = ("doctor", *target, "--url", gitlab.url, *more)
            data = json.loads(call(*args, "-f", "json").expect(code).out)
            self.text = call(*args).expect(code).out
            assert gitlab.crashes == []
        schema = json.loads(call("config", "schema", "--doctor").expect(0).out)
        jsonschema.validate(data, schema)
        assert all(len(line) <= 80 for line in self.text.splitlines()), self.text
        assert token not in self.text
        return dict(data)


def ability(data: dict[str, Any], name: str) -> dict[str, str]:
    [found] = [each for each in data["abilities"] if each["name"] == name]
    return dict(found)


def states(data: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["state"] for each in data["abilities"]}


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Doctor:
    return Doctor(monkeypatch)


def test_a_maintainers_token_can_read_all_and_change_nothing(doctor: Doctor) -> None:
    data = doctor(TOKEN, company(), 0)
    assert data["schema"] == "scopelint-doctor/1"
    assert data["healthy"] is True
    assert data["token"]["kind"] == "classic"
    assert data["projects"] == {"tried": 2, "read": 2, "unread": {}, "examples": []}
    found = states(data)
    assert {found[name] for name in ("scopes", "entries", "permissions", "own_flag", "log")} == {
        "can"
    }
    assert (found["instance"], found["change"]) == ("cannot", "cannot")
    assert "api" in ability(data, "change")["next_step"]
    assert data["entries_point_to"] == {"acme": 1, "partner": 1}
    assert states(doctor(CLASSIC, company(), 0))["change"] == "can"


def test_a_log_is_readable_where_one_was_read_not_where_the_release_has_it(
    doctor: Doctor,
) -> None:
    data = doctor(DEVELOPER, company(), 3)
    log = ability(data, "log")
    assert log["state"] == "not_known"
    assert "Maintainer" in log["next_step"]
    assert data["entries_point_to"] is None
    assert "not known where they lead" in " ".join(doctor.text.split())
    assert ability(data, "scopes")["state"] == "cannot"
    assert "Maintainer" in ability(data, "scopes")["next_step"]
    assert ability(data, "entries")["state"] == "not_known"
    old = ability(doctor(TOKEN, company(version="17.6.0"), 0), "log")
    assert old["state"] == "cannot"
    assert "17.9" in old["found"]


def test_a_fine_grained_token_is_told_what_it_has_and_what_is_missing_for_what(
    doctor: Doctor,
) -> None:
    data = doctor(FINE, company(), 0)
    assert (data["api"], data["token"]["kind"]) == ("rest", "fine_grained")
    found = states(data)
    assert {found[f"permission:{name}"] for name in GROUP.permissions} == {"can"}
    assert (found["permissions"], found["log"], found["change"]) == ("cannot",) * 3
    assert "too small" not in doctor.text
    assert "classic token" in ability(data, "log")["next_step"]
    less = doctor(FINE, company(("read_group", "read_project", "read_job_token_scope")), 0)
    assert ability(less, "permission:read_job_token_scope_allowlist")["state"] == "cannot"
    assert ability(less, "permission:read_job_token_scope")["state"] == "can"
    entries = ability(less, "entries")
    assert entries["state"] == "cannot"
    assert "read_job_token_scope_allowlist" in entries["next_step"]
    none = doctor(FINE, company(("read_group", "read_project")), 3)
    assert "read_job_token_scope" in ability(none, "scopes")["next_step"]


def test_a_group_that_wants_fine_grained_tokens_names_the_permissions(doctor: Doctor) -> None:
    data = doctor(TOKEN, add(company(), "acme/strict/app"), 3)
    assert data["api"] == "graphql"
    scopes = ability(data, "scopes")
    assert data["projects"]["unread"] == {"forbidden": 1}
    assert all(name in scopes["next_step"] for name in GROUP.permissions)


def test_an_administrator_held_back_is_told_which_scope_to_add(doctor: Doctor) -> None:
    given = company(admin_mode=True)
    held = ability(doctor(ADMIN, given, 0, "--api", "rest", "--instance"), "instance")
    assert held["state"] == "cannot"
    assert "admin_mode" in held["next_step"]
    assert "member" in held["consequence"]
    assert states(doctor(ADMIN, given, 0, "--instance"))["instance"] == "can"
    enforced = doctor(ADMIN, company(), 0, "--api", "rest")
    assert ability(enforced, "enforcement")["found"] == "it does not"
    assert states(enforced)["instance"] == "can"
