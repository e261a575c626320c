"""Policies of other writers, end to end: URLs where paths are meant, newer and older files."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import call

CASES = Path(__file__).parent / "cases"
TOKEN = "glpat-maint"
INSTANCE = {
    "gitlab": {"version": "18.5.0", "enforce_inbound": False},
    "users": [{"username": "auditor"}],
    "tokens": [{"token": TOKEN, "user": "auditor", "scopes": ["api"]}],
    "roles": [{"user": "auditor", "on": "corp", "role": "maintainer"}],
    "groups": [
        {"id": 10, "path": "corp"},
        {"id": 11, "path": "corp/Libs"},
        {"id": 12, "path": "corp/apps"},
    ],
    "projects": [
        {
            "id": 101,
            "path": "corp/Libs/Go-Common",
            "scope": {"inbound": True, "push": False, "allowlist": [{"group": "corp/apps"}]},
        },
    ],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCOPELINT_TOKEN", TOKEN)
    return tmp_path


def scanned(instance: Any, policy: str, *words: str) -> tuple[list[dict[str, Any]], str]:
    """Scan with the policy of a case file; return the findings of SL8 and what stderr says."""
    shutil.copy(CASES / policy, "policy.yml")
    Path("scopelint.yml").write_text("policy: {gitlabform: policy.yml}\n")
    with Simulator(load_instance(instance)) as gitlab:
        given = ("corp", "--url", gitlab.url, "--config", "scopelint.yml", *words)
        said = call("scan", *given, "--select", "SL8", "-f", "json", "--exit-zero").expect(0)
    return json.loads(said.out)["findings"], said.err


@pytest.mark.usefixtures("place")
def test_a_url_in_a_policy_is_one_fault_with_the_path_to_write() -> None:
    findings, _ = scanned(CASES / "url-in-policy.yml", "url-in-policy-gitlabform.yml")
    faults = [each for each in findings if each["rule"] == "SL805"]
    assert [each["remediation"] for each in faults] == [
        "Write corp/new-team.",
        "Write partner/sdk.",
    ]
    assert {each["evidence"]["declared_at"]["line"] for each in faults} == {6}
    # The lists that hold the URLs cannot be read, so nothing else is said of them.
    assert not any("://" in each["message"] for each in findings if each["rule"] != "SL805")
    assert Counter(each["rule"] for each in findings)["SL803"] == 0


@pytest.mark.usefixtures("place")
def test_a_key_of_a_newer_gitlabform_is_compared_and_said_who_reads_it() -> None:
    findings, said = scanned(INSTANCE, "gitlabform-push-key.yml")
    [finding] = findings
    assert finding["rule"] == "SL801"
    assert "declares that they may." in finding["message"]
    assert finding["evidence"]["setting"] == "allow_push_repository_for_job_token"
    assert "gitlabform reads it in versions after 6.3.0" in said


@pytest.mark.usefixtures("place")
def test_a_file_of_an_older_gitlabform_is_read_with_a_note() -> None:
    findings, said = scanned(INSTANCE, "gitlabform-v3.yml")
    assert [each["rule"] for each in findings] == ["SL801"]
    assert "policy.yml: config_version is 3; it is read as 4" in said
