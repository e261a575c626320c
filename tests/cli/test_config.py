"""scopelint.yml on the command line: found or named, faults at their place, every key in force."""

import json
from pathlib import Path
from typing import Any

import pytest

from scopelint.gitlab.origin import AMBIENT
from scopelint.registry import find_rules
from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import INVENTORY, TOKEN, call

RULES = find_rules()


def write(text: str, path: str = "scopelint.yml") -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
    return Path(path)


def report(*args: object, code: int) -> Any:
    return json.loads(call(*args, "-f", "json").expect(code).raw)


BAD = """\
profile: strickt
unknwon: 1
select: [SL1O1]
gate:
  fail_on: hihg
profile: strict
"""
PLACES = ("scopelint.yml:1:10", "scopelint.yml:2:1", "scopelint.yml:3:10", "scopelint.yml:5:12")


@pytest.mark.parametrize(
    "given", [("scan", "acme"), ("check", "s"), ("config", "check"), ("doctor", "acme")]
)
def test_every_fault_of_a_config_at_once_with_line_and_column(
    gitlab: Simulator, token: str, given: tuple[str, ...]
) -> None:
    del token
    write(BAD)
    url = ("--url", gitlab.url) if given[0] in ("scan", "doctor") else ()
    result = call(*given, *url).expect(2, *PLACES, "scopelint.yml:6:1", "hint: ")
    assert result.out == ""
    assert gitlab.counts.total() == 0


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [", "scopelint.yml:"),
        ("- a", "scopelint.yml:1:1"),
        ("profile: !!python/object:os.system x", "scopelint.yml:1:"),
        ("\tprofile: strict", "scopelint.yml:1:"),
        ("gitlab: {url: 'http://user:secret-word@x'}", "scopelint.yml:1:"),
        ("trusted: [/acme]", "scopelint.yml:1:11"),
        ("rules: {SL302: {max_projects: many}}", "scopelint.yml:1:"),
        ("rules: {SL101: {max_projects: 1}}", "scopelint.yml:1:"),
    ],
)
def test_a_malformed_config(text: str, where: str) -> None:
    write(text)
    result = call("config", "check").expect(2, where)
    assert "secret-word" not in result.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_config_with_a_byte_order_mark_is_read(snapshot: Path, encoding: str) -> None:
    Path("scopelint.yml").write_bytes("gate: {fail_on: never} # é\n".encode(encoding))
    call("check", snapshot).expect(0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("profile: strict\n".encode("utf-16-le"), "UTF-16"),
        (b"profile: \xff\n", "UTF-8"),
        (b"profile: \x00\n", "U+0000"),
    ],
)
def test_a_config_that_is_no_text_is_refused_clearly(data: bytes, words: str) -> None:
    Path("scopelint.yml").write_bytes(data)
    call("config", "check").expect(2, "scopelint.yml", words)


def test_configs_that_cannot_be_read(snapshot: Path) -> None:
    call("check", snapshot, "--config", "no.yml").expect(2, "no.yml", "no such file")
    Path("folder").mkdir()
    call("check", snapshot, "--config", "folder").expect(2, "folder", "is a folder")
    Path("scopelint.yml").mkdir()
    call("check", snapshot).expect(2, "is a folder")
    call("check", snapshot, "--no-config").expect(1)


def test_a_config_is_found_upward_to_the_git_root(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    write("gate: {fail_on: never}\n", "../scopelint.yml")
    call("check", snapshot.absolute()).expect(1)
    write("gate: {fail_on: never}\n", ".gitlab/scopelint.yml")
    below = place / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    call("check", snapshot).expect(0)
    call("check", snapshot, "--no-config").expect(1)
    assert ".gitlab/scopelint.yml" in call("config", "check").expect(0).out


@pytest.mark.parametrize("name", ["scopelint.yaml", ".scopelint.yaml", ".gitlab/scopelint.yaml"])
def test_a_config_is_read_by_either_ending(snapshot: Path, name: str) -> None:
    write("gate: {fail_on: never}\n", name)
    call("check", snapshot).expect(0)
    call("config", "check").expect(0)
    call("config", "init", "-o", Path(name).with_suffix(".yml")).expect(2, name, "already there")


def test_of_two_configs_none_is_read_and_both_are_named(snapshot: Path) -> None:
    write("gate: {fail_on: never}\n")
    write("gate: {fail_on: high}\n", "scopelint.yaml")
    for command in (("check", snapshot), ("config", "check"), ("config", "show")):
        call(*command).expect(2, "scopelint.yml: there is scopelint.yaml too", "--config")
    call("check", snapshot, "--config", "scopelint.yml").expect(0)
    call("check", snapshot, "--no-config").expect(1)


def test_select_ignore_profile_and_their_options(snapshot: Path) -> None:
    def codes(*args: str) -> list[str]:
        found = report("check", snapshot, "--exit-zero", *args, code=0)
        return [rule["code"] for rule in found["rules"]]

    write("select: [SL1, SL301]\nignore: [SL102]\n")
    wanted = [code for code in RULES if code.startswith("SL1") and code != "SL102"]
    assert codes() == [*wanted, "SL301"]
    assert codes("--select", "SL30") == [c for c in codes("--select", "SL3") if c[:4] == "SL30"]
    assert codes("--extend-select", "top-level-group-allowed,SL901")[-1] == "SL901"
    assert codes("--ignore", "SL1,SL9") == ["SL301"]
    write("profile: strict\n")
    strict = set(codes())
    write("profile: default\n")
    assert set(codes()) <= strict


def test_severity_rules_trusted_and_the_gate_of_a_config(gitlab: Simulator, token: str) -> None:
    del token
    scan = ("scan", "--url", gitlab.url)
    write("severity: {SL101: info, top-level-group-allowed: low}\n")
    found = report(*scan, "acme", code=0)
    assert {f["rule"]: f["severity"] for f in found["findings"]} == {
        "SL101": "info",
        "SL301": "low",
    }
    write("gate: {fail_on: low}\n")
    call(*scan, "mild").expect(1)
    call(*scan, "mild", "--fail-on", "medium").expect(0)
    write("trusted: ['partner/**']\n")
    call(*scan, "mid").expect(0)
    call(*scan, "mid", "--no-config").expect(1)
    call(*scan, "mid", "--no-config", "--trusted", "other/**,partner/*").expect(0)


def test_options_of_a_rule_are_in_force(snapshot: Path) -> None:
    write("rules: {SL302: {max_projects: 0}}\n")
    call("check", snapshot).expect(2, "scopelint.yml:1:", "max_projects")


def test_targets_of_a_config(gitlab: Simulator, token: str) -> None:
    del token
    write("gitlab: {targets: [calm, 13]}\n")
    found = report("scan", "--url", gitlab.url, code=0)
    assert found["scan"]["targets"] == ["calm", "mild"]
    assert report("scan", "mid", "--url", gitlab.url, code=1)["scan"]["targets"] == ["mid"]
    call("scan", "--url", gitlab.url, "--no-config").expect(2)


def test_no_target_names_the_three_ways(gitlab: Simulator, token: str) -> None:
    del token
    for command in ("scan", "doctor"):
        result = call(command, "--url", gitlab.url)
        result.expect(2, "no target was given", "scopelint scan ", "--instance", "gitlab.targets")
    assert gitlab.counts.total() == 0


# Which instance the token goes to (outside contract, section 7).


def test_a_found_config_cannot_send_the_token_elsewhere(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(load_instance(INVENTORY)) as other:
        write(f"gitlab: {{url: '{other.url}', targets: [acme]}}\n")
        monkeypatch.setenv("SCOPELINT_TOKEN", TOKEN)
        call("scan").expect(2, other.url, "gitlab.com", "scopelint.yml")
        for variable in ("SCOPELINT_URL", "GITLAB_URL", "CI_SERVER_URL"):
            monkeypatch.setenv(variable, gitlab.url)
            call("scan").expect(2, other.url, gitlab.url, variable)
            monkeypatch.delenv(variable)
        call("scan", "--url", gitlab.url).expect(2, other.url, gitlab.url, "--url")
        write(f"gitlab: {{targets: ['{other.url}/acme']}}\n")
        call("scan", "--url", gitlab.url).expect(2, other.url, gitlab.url)
        assert other.counts.total() == gitlab.counts.total() == 0


def test_a_found_config_may_name_the_instance_where_that_leads_nowhere_new(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(f"gitlab: {{url: '{gitlab.url}/', targets: [calm]}}\n")
    monkeypatch.setenv("SCOPELINT_TOKEN", TOKEN)
    call("scan", "--url", gitlab.url).expect(0)
    monkeypatch.setenv("CI_SERVER_URL", gitlab.url)
    call("scan").expect(0)


def test_a_found_config_leads_a_token_file_nowhere(gitlab: Simulator) -> None:
    write(f"gitlab: {{url: '{gitlab.url}/', targets: [calm]}}\n")
    Path("token").write_text(TOKEN)
    call("scan", "--token-file", "token").expect(2, gitlab.url, "gitlab.com", "scopelint.yml")
    assert gitlab.counts.total() == 0
    call("scan", "--token-file", "token", "--url", gitlab.url).expect(0)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("variable", AMBIENT)
def test_the_address_of_other_clients_and_of_the_job_is_used(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(
        variable, gitlab.url if variable == "GITLAB_HOST" else f"{gitlab.url}/api/v4"
    )
    call("scan", "calm").expect(0)
    assert gitlab.tokens_seen == {TOKEN}
    shown = call("config", "show", "-f", "json").expect(0).out
    assert f'"name": "{variable}"' in shown
    other = next(name for name in AMBIENT if name != variable)
    monkeypatch.setenv(other, "https://gitlab.example.com")
    call("scan", "calm").expect(2, variable, gitlab.url, other, "https://gitlab.example.com")
    call("scan", "calm", "--url", gitlab.url).expect(0)


@pytest.mark.usefixtures("token")
def test_a_named_config_is_trusted(gitlab: Simulator) -> None:
    write(f"gitlab: {{url: '{gitlab.url}', targets: [calm]}}\n", "own.yml")
    call("scan", "--config", "own.yml").expect(0)


@pytest.mark.usefixtures("token")
def test_the_address_comes_from_the_first_that_is_set(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "http://127.0.0.1:1"
    monkeypatch.setenv("CI_SERVER_URL", gitlab.url)
    call("scan", "calm").expect(0)
    monkeypatch.setenv("CI_SERVER_URL", nobody)
    call("scan", f"{gitlab.url}/calm").expect(0)
    monkeypatch.setenv("GITLAB_URL", gitlab.url)
    call("scan", "calm").expect(0)
    monkeypatch.setenv("SCOPELINT_URL", f"{gitlab.url}/api/v4/")
    monkeypatch.setenv("GITLAB_URL", nobody)
    call("scan", "calm").expect(0)
    monkeypatch.setenv("SCOPELINT_URL", nobody)
    call("scan", "calm", "--url", gitlab.url).expect(0)
    call("scan", f"{gitlab.url}/calm", "--url", nobody).expect(2, gitlab.url, nobody)
    monkeypatch.setenv("SCOPELINT_URL", "no address")
    call("scan", "calm", "--url", gitlab.url).expect(2, "SCOPELINT_URL")


def test_the_token_comes_from_the_first_that_is_set(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("GITLAB_OAUTH_TOKEN", "GITLAB_PRIVATE_TOKEN", "GITLAB_TOKEN", "SCOPELINT_TOKEN")
    for number, name in enumerate(names):
        monkeypatch.setenv(name, f"glpat-number-{number}")
        gitlab.reset_counts()
        call("scan", "calm", "--url", gitlab.url).expect(4)
        assert gitlab.tokens_seen == {f"glpat-number-{number}"}
    Path("token").write_text(f"{TOKEN}\n")
    call("scan", "calm", "--url", gitlab.url, "--token-file", "token").expect(0)


def test_an_oauth_token_is_a_bearer_token(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_OAUTH_TOKEN", TOKEN)
    for api in ("graphql", "rest"):
        call("scan", "calm", "--url", gitlab.url, "--api", api).expect(0)


PYTHON_GITLAB = """\
[global]
default = main
[main]
url = {main}
private_token = {token}
[other]
url = {other}
private_token = glpat-of-the-other
"""


def test_python_gitlabs_config_and_its_sections(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(load_instance(INVENTORY)) as other:
        text = PYTHON_GITLAB.format(main=gitlab.url, other=other.url, token=TOKEN)
        monkeypatch.setenv("PYTHON_GITLAB_CFG", str(write(text, "python-gitlab.cfg").absolute()))
        call("scan", "calm").expect(0)
        call("scan", "calm", "--url", other.url).expect(4, "does not accept the token")
        assert other.tokens_seen == {"glpat-of-the-other"}
        monkeypatch.setenv("CI_SERVER_URL", "http://127.0.0.1:1")
        call("scan", "calm").expect(0)
        call("scan", "calm", "--url", "http://127.0.0.1:1").expect(4, "no token")


@pytest.mark.usefixtures("token")
def test_a_target_as_a_url() -> None:
    with Simulator(load_instance(INVENTORY), root="/git/lab") as gitlab:
        for target in ("calm", "calm/one", "groups/calm", "calm/one/-/settings/ci_cd"):
            call("scan", f"{gitlab.url}/{target}", "--url", gitlab.url).expect(0)
        found = report("scan", f"{gitlab.url}/calm/one", "--url", gitlab.url, code=0)
        assert found["scan"]["targets"] == ["calm/one"]
        assert found["scan"]["instance"] == gitlab.url
        call("scan", "calm", "--url", gitlab.url, "--api", "rest").expect(0)


@pytest.mark.usefixtures("token")
def test_plain_http_warns_only_beyond_this_machine(gitlab: Simulator) -> None:
    assert "not encrypted" not in call("scan", "calm", "--url", gitlab.url).expect(0).err
    assert "not encrypted" not in call("scan", "calm", "--url", "http://[::1]:1").expect(4).err
    result = call("scan", "calm", "--url", "http://gitlab.invalid")
    result.expect(4, "http://gitlab.invalid is not encrypted")
    assert "not encrypted" not in call("scan", "calm", "--url", "https://gitlab.invalid").err


@pytest.mark.usefixtures("token")
def test_insecure_warns_once(gitlab: Simulator) -> None:
    result = call("scan", "calm", "--url", gitlab.url, "--insecure").expect(0)
    assert result.err.count("--insecure") == 1


def test_gitlab_com_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", TOKEN)
    call("scan", "--instance").expect(2, "gitlab.com", "--include")
