"""Input that nobody expects, where the token goes, and other tools' files."""

import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint_simulator.answer import Answer
from scopelint_simulator.faults import Faults
from scopelint_simulator.request import Request
from tests.cases.kit import INPUTS, GitLab, failed, gaps, group_of
from tests.cli.kit import Result, call, environment

pytestmark = pytest.mark.usefixtures("place")

TOKEN = "glpat-cases-auditor"


@pytest.mark.parametrize("glob", ["**?**?**?**?**?**?**?**?!", "*a*a*a*a*a*a*a*a*a*b"])
def test_globs_take_linear_time(glob: str) -> None:
    Path("scopelint.yml").write_text(yaml.safe_dump({"trusted": [glob]}), encoding="utf-8")
    data = group_of(5)
    data["groups"].append({"id": 12, "path": "a" * 60, "visibility": "public"})
    for project in data["projects"]:
        project["scope"]["allowlist"] = [{"group": "a" * 60}]
    start = time.monotonic()
    with GitLab(data) as gitlab:
        gitlab.run("scan", "acme").expect(1)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("variable", "end"),
    [
        ("GITLAB_HOST", ""),
        ("GITLAB_BASE_URL", ""),
        ("GITLAB_BASE_URL", "/api/v4"),
        ("CI_API_V4_URL", "/api/v4"),
    ],
)
def test_an_address_of_the_environment_is_used(
    variable: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network guard fails the test if the token went to gitlab.com."""
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with GitLab(group_of(1)) as gitlab:
        monkeypatch.setenv(variable, gitlab.url + end)
        call("scan", "acme").expect(0)
        assert gitlab.tokens_seen == {TOKEN}


def test_addresses_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with GitLab(group_of(1)) as gitlab:
        monkeypatch.setenv("GITLAB_HOST", gitlab.url)
        monkeypatch.setenv("CI_API_V4_URL", "https://gitlab.example.com/api/v4")
        call("scan", "acme").expect(2, gitlab.url, "https://gitlab.example.com")
        assert not gitlab.tokens_seen


def test_a_token_file_does_not_go_where_a_discovered_configuration_says() -> None:
    Path("token").write_text(TOKEN, encoding="utf-8")
    with GitLab(group_of(1)) as gitlab:
        config = {"gitlab": {"url": gitlab.url}}
        Path("scopelint.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        call("scan", "acme", "--token-file", "token").expect(2, gitlab.url)
        assert not gitlab.tokens_seen


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_token_given_as_a_target_is_never_shown(api: str) -> None:
    secret = "glpat-" + "b" * 20
    with GitLab(group_of(1)) as gitlab:
        done = gitlab.run("scan", secret, "--api", api, "-v")
    assert done.code in {2, 4}
    assert secret not in done.text
    assert "b" * 20 not in done.text


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_both_ways_of_reading_take_the_same_proxy(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is dead; what the exception names goes past it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    with GitLab(group_of(1)) as gitlab:
        gitlab.run("scan", "acme", "--api", api).expect(0)


def deep(answer: Answer) -> None:
    answer.body = b"[" * 5000 + b"]" * 5000


@cache
def _packed() -> bytes:
    return gzip.compress(b" " * (80 << 20), 9)


def bomb(answer: Answer) -> None:
    answer.body = _packed()
    answer.headers["Content-Encoding"] = "gzip"


def _name(value: str) -> Callable[[Answer], None]:
    def change(answer: Answer) -> None:
        answer.body = answer.body.replace(b'"acme/p101"', value.encode())

    return change


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize(
    "change",
    [
        _name('"acme/p101\\ud800"'),
        _name('"acme/p\\u0000"'),
        _name("7"),
        _name("99999999999999999999999"),
        _name('["acme/p101"]'),
    ],
    ids=["surrogate", "nul", "number", "huge", "list"],
)
def test_a_bad_field_costs_its_project_alone(api: str, change: Callable[[Answer], None]) -> None:
    def after(_request: Request, answer: Answer) -> Answer:
        change(answer)
        return answer

    with GitLab(group_of(4, open_ones=1), after=after) as gitlab:
        code, report = gitlab.report("acme", "--api", api)
    # The others are judged: the open one is found, and the scan says that it is incomplete.
    assert failed(report, "SL101") == {"acme/p103"}
    assert (code, report["scan"]["complete"]) == (1, False)
    assert report["scan"]["projects"]["read"] == 3


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_an_identifier_beyond_64_bits_is_no_number(api: str) -> None:
    def after(_request: Request, answer: Answer) -> Answer:
        answer.body = answer.body.replace(b'"id":101,', b'"id":' + b"9" * 30 + b",")
        answer.body = answer.body.replace(b"Project/101", b"Project/" + b"9" * 30)
        return answer

    with GitLab(group_of(3), after=after) as gitlab:
        done = gitlab.run("scan", "acme", "--api", api)
    assert done.code in {3, 4}, done.text
    assert "scopelint itself failed" not in done.err
    assert "disk" not in done.err


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("change", [deep, bomb])
def test_an_answer_beyond_the_bounds_names_the_server(
    api: str, change: Callable[[Answer], None]
) -> None:
    pattern = "graphql" if api == "graphql" else "projects"

    def after(request: Request, answer: Answer) -> Answer:
        if pattern in request.path:
            change(answer)
        return answer

    with GitLab(group_of(2), after=after) as gitlab:
        done = gitlab.run("scan", "acme", "--api", api)
    assert done.code in {3, 4}, done.text
    assert "scopelint itself failed" not in done.err
    assert "disk" not in done.err
    assert gitlab.token not in done.text
    assert "127.0.0.1" in done.text


def test_cursors_that_repeat_end_the_list_with_a_gap() -> None:
    turns = 0

    def after(request: Request, answer: Answer) -> Answer:
        """Every connection of projects says to go on, at one of two cursors."""
        nonlocal turns
        if request.path.endswith("graphql"):
            turns += 1
            assert turns < 300, "the list never ends"
            told = json.loads(answer.body)
            _endless(told, f"cursor-{turns % 2}")
            answer.body = json.dumps(told).encode()
        return answer

    with GitLab(group_of(3), after=after) as gitlab:
        done = gitlab.run("scan", "acme", "--api", "graphql", "-f", "json")
    assert turns < 300
    assert done.code in {3, 4}, done.text


def _endless(value: Any, cursor: str) -> None:
    if isinstance(value, dict):
        if "hasNextPage" in value:
            value |= {"hasNextPage": True, "endCursor": cursor}
        for each in value.values():
            _endless(each, cursor)
    elif isinstance(value, list):
        for each in value:
            _endless(each, cursor)


def test_pages_without_end_end_with_a_gap() -> None:
    pages = 0

    def after(request: Request, answer: Answer) -> Answer:
        nonlocal pages
        if request.path.endswith("/projects"):
            pages += 1
            page = int(request.query.get("page", "1"))
            following = f"{request.url}{request.path}?page={page + 1}&per_page=100"
            answer.headers |= {"X-Next-Page": str(page + 1), "Link": f'<{following}>; rel="next"'}
        return answer

    with GitLab(group_of(3), after=after) as gitlab:
        code, report = gitlab.report("acme", "--api", "rest")
    assert pages < 50
    assert (code, report["scan"]["complete"]) == (3, False)
    assert gaps(report) & {"enumeration", "count", "group"}


@pytest.fixture
def snapshot() -> Path:
    """A finished snapshot."""
    with GitLab(group_of(2)) as gitlab:
        gitlab.run("collect", "acme", "-o", "file").expect(0)
    return Path("file")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = '1e999' WHERE key = 'shard'",
        f"UPDATE meta SET value = '{'[' * 100_000}' WHERE key = 'targets'",
        "UPDATE meta SET value = '\"a\\u0000b\"' WHERE key = 'instance'",
        f"UPDATE meta SET value = '\"{'9' * 5000}.1\"' WHERE key = 'gitlab_version'",
        "UPDATE meta SET value = '[1, 300000000]' WHERE key = 'shard'",
        "UPDATE projects SET path = CAST(x'ff00fe' AS TEXT)",
    ],
    ids=["infinity", "deep", "nul", "version", "shards", "utf-8"],
)
def test_whatever_stands_in_a_snapshot_is_refused_with_the_reason(
    snapshot: Path, change: str
) -> None:
    database = sqlite3.connect(snapshot)
    with database:
        database.execute(change)
    database.close()
    call("check", snapshot).expect(2)


def test_a_snapshot_with_a_schema_that_is_no_text_is_refused(snapshot: Path) -> None:
    data = snapshot.read_bytes()
    assert b"CREATE TABLE projects" in data
    snapshot.write_bytes(data.replace(b"CREATE TABLE projects", b"CREATE TABLE \xff\xferoject", 1))
    call("check", snapshot).expect(2)


def test_a_snapshot_broken_off_in_a_transaction_is_gone_on_with() -> None:
    code = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE projects SET path = path || hex(zeroblob(4000))")
database.execute("UPDATE meta SET value = value")
os._exit(9)
"""
    with GitLab(group_of(20)) as gitlab:
        gitlab.after = _unauthorized_after(b"acme/p110")
        assert gitlab.run("collect", "acme", "-o", "file", "--page-size", "5").code == 4
        gitlab.after = None
        subprocess.run([sys.executable, "-c", code, "file"], check=False)
        told = call("check", "file")
        assert told.code in {2, 3}, told.text
        assert "--resume" in told.text
        gitlab.run("collect", "acme", "-o", "file", "--resume", "--page-size", "5").expect(0)
    call("check", "file").expect(0)


def _unauthorized_after(words: bytes) -> Callable[[Request, Answer], Answer]:
    seen = False

    def after(_request: Request, answer: Answer) -> Answer:
        nonlocal seen
        if seen:
            return Answer(401, b'{"message":"401 Unauthorized"}')
        seen = words in answer.body and b"inboundJobTokenScopeEnabled" in answer.body
        return answer

    return after


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_snapshot_that_may_not_be_read_is_said_to_be_so(snapshot: Path) -> None:
    snapshot.chmod(0)
    call("check", snapshot).expect(2, "ermission denied")


def declared(policy: str) -> dict[str, Any]:
    """Judge `url-in-policy.yml` by one of the other tool's files."""
    with GitLab("url-in-policy.yml") as gitlab:
        text = (INPUTS / policy).read_text("utf-8").replace("http://127.0.0.1:18419", gitlab.url)
        Path("policy.yml").write_text(text, encoding="utf-8")
        Path("scopelint.yml").write_text("policy: {gitlabform: policy.yml}\n", encoding="utf-8")
        _, report = gitlab.report("corp", "partner")
    return report


def test_a_url_in_a_policy_is_one_fault_a_line_with_the_path_to_write() -> None:
    findings = declared("url-in-policy-gitlabform.yml")["findings"]
    faults = [f for f in findings if f["rule"] == "SL805" and "://" in f["message"]]
    told = [finding["message"] + str(finding["remediation"]) for finding in faults]
    assert len(faults) == 2
    assert any("corp/new-team" in words for words in told)
    assert any("partner/sdk" in words for words in told)
    assert not [f for f in findings if f["rule"] == "SL804" and "://" in f["message"]]


@pytest.mark.parametrize(
    "option",
    [
        ("--exclude", "https://gitlab.example.com/x"),
        ("--include", "https://gitlab.example.com/x"),
        ("--trusted", "/x/**"),
        ("--trusted", "https://gitlab.example.com/x"),
    ],
    ids=" ".join,
)
def test_filters_are_checked_like_the_files(option: tuple[str, str]) -> None:
    with GitLab(group_of(1)) as gitlab:
        gitlab.run("scan", "acme", *option).expect(2, option[0])
        assert not gitlab.counts


def test_a_filter_that_matches_nothing_is_said() -> None:
    with GitLab(group_of(1)) as gitlab:
        done = gitlab.run("scan", "acme", "--exclude", "acme/nothing/**").expect(0)
    assert "acme/nothing/**" in done.text
    assert "match" in done.text


@pytest.mark.parametrize("policy", ["gitlabform-push-key.yml", "gitlabform-v3.yml"])
def test_newer_and_older_files_of_gitlabform_are_read(policy: str) -> None:
    data = {
        "gitlab": {"version": "18.5.0", "enforce_inbound": False},
        "users": [{"username": "auditor"}],
        "tokens": [{"token": TOKEN, "user": "auditor"}],
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
                "scope": {"push": False, "allowlist": [{"group": "corp/apps"}]},
            }
        ],
    }
    shutil.copy(INPUTS / policy, "policy.yml")
    Path("scopelint.yml").write_text("policy: {gitlabform: policy.yml}\n", encoding="utf-8")
    with GitLab(data) as gitlab:
        _, report = gitlab.report("corp")
        told = gitlab.run("scan", "corp").text
    # The key is known and compared: the project differs in it, and in nothing else.
    assert failed(report, "SL801") == {"corp/Libs/Go-Common"}
    found = {finding["rule"] for finding in report["findings"]}
    assert not found & {"SL802", "SL803", "SL804", "SL805"}
    assert "gitlabform" in told


def test_doctor_does_not_know_what_a_developer_cannot_read() -> None:
    data = group_of(2)
    data["roles"] = [{"user": "auditor", "on": "acme", "role": "developer"}]
    with GitLab(data) as gitlab:
        told = gitlab.run("doctor", "acme").text
    words = " ".join(told.split())
    assert "not known read the authentication log" in words
    assert re.search(r"entries\b.{0,30}not known", words)


def test_a_users_namespace_as_target_is_named_with_a_way_to_scan_it() -> None:
    data = {
        "gitlab": {"version": "18.5.0", "enforce_inbound": False},
        "users": [{"username": "root", "admin": True}, {"username": "mia"}],
        "tokens": [{"token": "glpat-root", "user": "root", "scopes": ["api", "admin_mode"]}],
        "namespaces": [{"user": "mia"}],
        "projects": [{"id": 101, "path": "mia/tools", "scope": {"inbound": False}}],
    }
    with GitLab(data) as gitlab:
        done = gitlab.run("scan", "mia")
    assert "not found" not in done.err
    # It is read, or the message names a command that reads it.
    assert "mia/tools" in done.text


def run_without_stdout(gitlab: GitLab) -> Result:
    words = [sys.executable, "-m", "scopelint", "scan", "acme", "--url", gitlab.url]
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *words],
        env=environment(SCOPELINT_TOKEN=gitlab.token),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def test_a_closed_stdout_is_met_quietly() -> None:
    with GitLab(group_of(2, open_ones=1)) as gitlab:
        done = run_without_stdout(gitlab)
    assert "scopelint itself failed" not in done.err
    assert "Traceback" not in done.err
    assert done.code in {1, 4}


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("location", ["http://[", "::::", "http://:99999999/"])
def test_a_location_that_is_no_url_ends_the_run_at_once(api: str, location: str) -> None:
    start = time.monotonic()
    with GitLab(group_of(1), faults=Faults(redirect_to=location)) as gitlab:
        gitlab.run("scan", "acme", "--api", api).expect(4)
    assert time.monotonic() - start < 10
