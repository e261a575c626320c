"""The commands beside the main job: rules, explain, config schema, doctor, demo, simulate."""

import json
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from scopelint.cli.demo import INSTANCE, REPORTS, SNAPSHOT
from scopelint.registry import find_reporters, find_rules
from scopelint_simulator import Faults, Simulator, load_instance
from tests.cli.kit import (
    ADMIN,
    INVENTORY,
    TOKEN,
    call,
    command,
    environment,
    files_below,
)

RULES = find_rules()
FINE = ["read_job_token_scope", "read_job_token_scope_allowlist"]


def test_rules_lists_every_rule_with_its_place_in_the_catalogue() -> None:
    lines = call("rules").expect(0).out.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    for line, rule in zip(lines, RULES.values(), strict=True):
        assert rule.cls.name in line
        assert line.endswith(rule.cls.title)


def test_rules_as_json_is_for_programs() -> None:
    found = json.loads(call("rules", "-f", "json").expect(0).raw)
    assert [rule["code"] for rule in found] == list(RULES)
    by_code = {rule["code"]: rule for rule in found}
    assert by_code["SL302"]["options"]["max_projects"]["default"] == 50
    assert {rule["set"] for rule in found} <= {"default", "strict"}
    assert all(rule["distribution"] == "scopelint" for rule in found)
    call("rules", "-f", "xml").expect(2, "xml")


@pytest.mark.parametrize("name", ["SL101", "sl101", "inbound-limit-disabled"])
def test_explain_shows_a_rules_page(name: str) -> None:
    result = call("explain", name).expect(0)
    for heading in ("What it flags", "Why it matters", "How to fix", "When it says unknown"):
        assert heading in result.out
    data = json.loads(call("explain", name, "-f", "json").expect(0).raw)
    assert data["code"] == "SL101"
    assert "What it flags" in data["page"]


def test_explain_suggests_a_rule() -> None:
    call("explain", "SL1O1").expect(2, "SL1O1", "SL101")
    call("explain").expect(2, "Missing argument")


def test_config_check_of_a_good_file_and_of_none() -> None:
    call("config", "check").expect(2, "no scopelint.yml", "config check FILE")
    Path("own.yml").write_text("profile: strict\n")
    assert "own.yml" in call("config", "check", "own.yml").expect(0).out


def test_the_schemas_hold_what_they_describe(gitlab: Simulator, token: str) -> None:
    del token
    schema = json.loads(call("config", "schema").expect(0).raw)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"profile": "strict", "rules": {"SL302": {"max_projects": 3}}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"profil": "strict"}, schema)
    report_schema = json.loads(call("config", "schema", "--report").expect(0).raw)
    for target in ("acme", "both", "calm"):
        result = call("scan", target, "--url", gitlab.url, "-f", "json", "--exit-zero").expect(0)
        jsonschema.validate(json.loads(result.raw), report_schema)


def test_doctor_goes_on_where_one_project_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a scan, a project that always times out is not readable, and the others are tried."""
    inventory = {
        "gitlab": {"version": "19.3.0"},
        "users": [{"username": "bot"}],
        "tokens": [
            {"token": TOKEN, "user": "bot", "scopes": ["read_api"]},
            {"token": "glpat-fine", "user": "bot", "kind": "fine_grained", "scopes": FINE},
        ],
        "roles": [{"user": "bot", "on": "acme", "role": "maintainer"}],
        "groups": [{"path": "acme"}],
        "projects": [{"path": f"acme/p{i}"} for i in range(5)]
        + [{"path": "acme/slow", "fails": "always"}],
    }
    monkeypatch.setenv("SCOPELINT_TOKEN", TOKEN)
    with Simulator(load_instance(inventory)) as gitlab:
        result = call("doctor", "acme", "--url", gitlab.url).expect(3)
        words = " ".join(result.out.split())
        assert "5 of 6 projects tried; 1 timed out, such as acme/slow" in words
        assert "Maintainer" not in words
        monkeypatch.setenv("SCOPELINT_TOKEN", "glpat-fine")
        result = call("doctor", "acme", "--url", gitlab.url).expect(3)
        assert "read by    REST" in result.out
        assert "5 of 6 projects tried" in result.out


def test_doctor_of_a_bad_token_and_a_bad_target(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    call("doctor", "nowhere", "--url", gitlab.url).expect(4, "not found or not visible")
    monkeypatch.setenv("SCOPELINT_TOKEN", "glpat-unknown")
    assert call("doctor", "acme", "--url", gitlab.url).expect(4, "token").out == ""
    monkeypatch.setenv("SCOPELINT_TOKEN", ADMIN)
    result = call("doctor", "acme", "--url", gitlab.url).expect(0)
    assert "whether the instance enforces the limit" in result.out
    assert token not in result.text


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.usefixtures("token")
def test_doctor_when_gitlab_is_no_help(gitlab: Simulator, api: str) -> None:
    for faults in (Faults(html_sign_in=True), Faults(redirect_to="http://elsewhere.invalid")):
        gitlab.faults = faults
        call("doctor", "acme", "--url", gitlab.url, "--api", api).expect(4, gitlab.url)


def _report(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "scopelint.json").read_bytes())
    return report


def _findings(folder: Path) -> Counter[str]:
    return Counter(finding["rule"] for finding in _report(folder)["findings"])


def test_the_demo_leaves_every_report_and_shows_every_default_rule(
    monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    # Nothing of the user's own settings takes part, and nothing leaves this machine.
    monkeypatch.setenv("SCOPELINT_TOKEN", "glpat-mine-mine-mine")
    monkeypatch.setenv("SCOPELINT_URL", "https://gitlab.invalid")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    Path("scopelint.yml").write_text("select: [SL101]\n")
    result = call("demo").expect(0)
    out = place / "demo-out"
    assert result.out.splitlines()[-1].endswith(str(out))
    assert set(REPORTS) == set(find_reporters())
    names = {*REPORTS.values(), SNAPSHOT}
    assert {path.relative_to(out) for path in files_below(out)} == {
        Path(act) / name for act in ("before", "after") for name in names
    }
    assert all(path.stat().st_size > 500 for path in files_below(out))
    # What the two GitLabs are called does not depend on the ports that they had.
    assert INSTANCE in result.out
    written = [path.read_text() for path in files_below(out) if path.name != SNAPSHOT]
    assert not [text for text in (result.out, *written) if re.search(r"127\.0\.0\.1:\d", text)]
    found = _findings(out / "before") + _findings(out / "after")
    shown = {code for code, rule in RULES.items() if not rule.cls.strict and code in ISSUE_2}
    assert shown <= set(found)
    assert "glpat" not in result.text
    for line in ("profile: strict", "trusted:"):
        assert line in result.out
    table = {line[:25].strip(): line[25:].split() for line in result.out.splitlines()}
    assert table["gate"] == ["fail", "fail"]
    for level in ("high", "low"):
        assert [int(number) for number in table[level]] == [
            _report(out / act)["summary"][level] for act in ("before", "after")
        ]
    assert int(table["open to every job token"][0]) > int(table["open to every job token"][1])
    prints = {_report(out / act)["findings"][0]["fingerprint"] for act in ("before", "after")}
    call("demo").expect(0)
    again = {_report(out / act)["findings"][0]["fingerprint"] for act in ("before", "after")}
    assert prints == again


ISSUE_2 = {
    *("SL101", "SL102", "SL103", "SL201", "SL202", "SL301", "SL302"),
    *("SL303", "SL304", "SL305", "SL306", "SL901", "SL902"),
}
"""The rules that need neither the log nor boundaries."""


def test_a_demo_that_has_no_place_is_a_usage_error() -> None:
    Path("file").write_text("old")
    assert call("demo", "-o", "file").expect(2, "file").out == ""
    assert call("demo", "-o", "file/below").expect(2, "file/below").out == ""


def _serve(*args: object) -> tuple[subprocess.Popen[bytes], str]:
    running = subprocess.Popen(
        command("simulate", *args),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stderr is not None
    line = running.stderr.readline().decode()
    assert "stop it with Ctrl-C" in line, line
    return running, line.split(" at ")[1].split(";")[0]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_simulate_serves_until_it_is_stopped(sign: signal.Signals) -> None:
    Path("inventory.yml").write_text(INVENTORY)
    running, url = _serve("inventory.yml", "--port", "0")
    try:
        header = {"PRIVATE-TOKEN": TOKEN}
        answer = requests.get(f"{url}/api/v4/version", headers=header, timeout=10)
        assert answer.json()["version"].startswith("19.3.0")
        call("simulate", "inventory.yml", "--port", url.rpartition(":")[2]).expect(2, "port")
    finally:
        started = time.monotonic()
        running.send_signal(sign)
        out, err = running.communicate(timeout=10)
    assert running.returncode == 0
    assert time.monotonic() - started < 3
    assert out.startswith(b"Try it in another terminal:\n  SCOPELINT_TOKEN=")
    assert err.decode().split() == ["stopped"]


@pytest.mark.parametrize(
    ("inventory", "where"),
    [
        (b"projects: [{path: a}]\nnonsense: 1\n", "inventory.yml"),
        (b"a: [", "inventory.yml:2:1: not YAML"),
        (b"- a", "inventory.yml"),
        (b"\xff\xfe\xff", "inventory.yml"),
        (b"", "inventory.yml"),
    ],
)
def test_an_inventory_with_faults(inventory: bytes, where: str) -> None:
    Path("inventory.yml").write_bytes(inventory)
    call("simulate", "inventory.yml", "--port", "0").expect(2, where)


def test_wrong_calls_of_simulate(place: Path) -> None:
    call("simulate", "nowhere.yml").expect(2, "nowhere.yml")
    call("simulate", place).expect(2, "Is a directory")
    call("simulate", "x.yml", "--port", "70000").expect(2, "70000")
    call("simulate", "x.yml", "--error-rate", "2").expect(2, "2")
