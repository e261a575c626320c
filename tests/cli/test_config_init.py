"""`config init` and `config show`: what somebody begins with, and what set each setting."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint.config import Config
from scopelint.config.load import load_config
from scopelint.registry import find_rules
from scopelint_simulator import Simulator
from tests.cli.kit import TOKEN, call
from tests.meta import pipeline


def loaded(path: str = "scopelint.yml") -> Config:
    return load_config(Path(path), [found.cls for found in find_rules().values()])


def bared(path: str = "scopelint.yml") -> str:
    """Take the comment off every line of a config that is a setting."""
    lines = Path(path).read_text().splitlines()
    return "\n".join(re.sub(r"^( *)# (?=[a-z_]+:|  +|- )", r"\1", line) for line in lines)


def test_without_a_target_it_asks_nobody(gitlab: Simulator, place: Path) -> None:
    result = call("config", "init").expect(0, "scopelint.yml: written")
    assert result.out == ""
    assert gitlab.counts.total() == 0
    assert [path.name for path in place.iterdir() if path.is_file()] == ["scopelint.yml"]
    assert loaded().model.model_dump() == Config().model.model_dump()
    assert loaded().place("gate", "fail_on")
    call("config", "check").expect(0)


def test_every_comment_is_a_setting_that_works(snapshot: Path) -> None:
    call("config", "init", "--from", snapshot).expect(0)
    Path("bare.yml").write_text(bared())
    config = loaded("bare.yml")
    assert config.model.gate.max == {"medium": 10}
    assert config.allow_incomplete
    assert [waiver.project for waiver in config.waivers] == ["group/project"]
    assert config.boundaries[0].name == "production"
    assert config.overrides[0].projects.patterns == ("*/sandbox/**",)
    assert (config.profile, config.model.ignore) == ("strict", ("SL303",))
    assert config.options["SL302"].model_dump()["max_projects"] == 30


def test_a_target_is_read_and_its_entries_are_named(gitlab: Simulator, token: str) -> None:
    result = call("config", "init", "acme", "mid", "--url", gitlab.url).expect(0)
    config = loaded()
    assert (config.url, config.targets) == (gitlab.url, ("acme", "mid"))
    assert config.trusted.patterns == ()
    assert '# trusted:\n#   - "partner/**"   # 1 entry\n' in Path("scopelint.yml").read_text()
    Path("bare.yml").write_text(bared())
    assert loaded("bare.yml").trusted.patterns == ("partner/**",)
    assert token not in result.text
    # The same from a snapshot, without GitLab.
    call("collect", "acme", "mid", "--url", gitlab.url, "--no-config", "-q", "-o", "s").expect(0)
    call("config", "init", "--from", "s", "-o", "other.yml").expect(0)
    assert Path("other.yml").read_text() == Path("scopelint.yml").read_text()
    Path("scopelint.yml").unlink()


def test_the_jobs_scan_and_gate_the_targets(
    gitlab: Simulator, token: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del token
    result = call("config", "init", "mid", "--url", gitlab.url, "--ci", "jobs.yml").expect(0)
    assert result.out == ""
    jobs = yaml.safe_load(Path("jobs.yml").read_text())
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    given = {"CI_SERVER_URL": gitlab.url, "SCOPELINT_TOKEN": TOKEN}
    Path("scopelint.yml").unlink()  # it names the server, which a job's variables do here
    found = pipeline.jobs(Path("jobs.yml").read_text())
    for name, code in (("scan", 0), ("gate", 1)):
        ran = pipeline.play(found[f"scopelint-{name}"], place, given, "sh")
        assert ran.code == code, ran.err
    printed = call("config", "init", "mid", "--url", gitlab.url, "-o", "b.yml").expect(0).out
    assert yaml.safe_load(printed) == jobs
    assert 'include: [{local: ".gitlab-ci.scopelint.yml"}]' in printed


def test_the_whole_instance(gitlab: Simulator, token: str) -> None:
    del token
    printed = call("config", "init", "--instance", "--url", gitlab.url).expect(0).out
    script = yaml.safe_load(printed)["scopelint-scan"]["script"]
    assert 'set -- "$@" --instance' in script
    assert loaded().targets == ()
    assert loaded().url == gitlab.url


def test_nothing_is_ever_replaced(gitlab: Simulator, token: str, snapshot: Path) -> None:
    del token
    Path("scopelint.yml").write_text("profile: strict\n")
    call("config", "init").expect(2, "scopelint.yml is already there")
    given = ("config", "init", "acme", "--url", gitlab.url, "-o", "new.yml")
    call(*given, "--ci", "scopelint.yml").expect(2, "scopelint.yml is already there")
    call(*given, "--ci", "./new.yml").expect(2, "cannot share a file")
    call(*given, "--from", snapshot).expect(2, "contradict")
    Path("link.yml").symlink_to("nowhere.yml")
    call("config", "init", "-o", "link.yml").expect(2, "is already there")
    call("config", "init", "-o", "no/new.yml").expect(2, "there is no folder")
    call("config", "init", "--from", "none").expect(2)
    assert gitlab.counts.total() == 0
    assert Path("scopelint.yml").read_text() == "profile: strict\n"
    assert not Path("new.yml").exists()


def test_without_a_token_a_target_cannot_be_read(gitlab: Simulator) -> None:
    call("config", "init", "acme", "--url", gitlab.url).expect(4, "SCOPELINT_TOKEN")
    assert not Path("scopelint.yml").exists()


def settings(*args: object) -> dict[str, Any]:
    data = json.loads(call("config", "show", *args, "-f", "json").expect(0).raw)
    return {each["key"]: (each["value"], each["from"]) for each in data["settings"]}


def test_show_tells_defaults_files_variables_and_options_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("base.yml").write_text("trusted: [a/**]\ngate: {fail_on: high, max: {low: 3}}\n")
    Path("scopelint.yml").write_text(
        "extends: [base.yml]\n"
        "trusted: [b/**]\n"
        "gitlab: {targets: [acme]}\n"
        "waivers:\n"
        "  - {rule: SL305, project: x/y, reason: r, expires: 2026-12-31}\n"
    )
    monkeypatch.setenv("GITLAB_URL", "https://gitlab.example.com/")
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    found = settings("--trusted", "c/**,d", "--api", "rest", "--exclude", "acme/x/**")
    assert found["profile"] == ("default", {"kind": "default"})
    assert found["gate.fail_on"] == (
        "high",
        {"kind": "file", "file": "base.yml", "line": 2, "column": 17},
    )
    assert found["gate.max.low"][1]["line"] == 2
    assert found["trusted[0]"][1]["file"] == "base.yml"
    assert found["trusted[1]"][1]["file"] == "scopelint.yml"
    assert found["trusted[2]"] == ("c/**", {"kind": "flag", "name": "--trusted"})
    assert found["trusted[3]"][0] == "d"
    assert found["waivers[0].expires"][1] == {
        "kind": "file",
        "file": "scopelint.yml",
        "line": 5,
        "column": 53,
    }
    assert found["gitlab.url"] == (
        "https://gitlab.example.com",
        {"kind": "environment", "name": "GITLAB_URL"},
    )
    assert found["gitlab.targets[0]"][0] == "acme"
    assert found["--api"] == ("rest", {"kind": "flag", "name": "--api"})
    assert found["--exclude"] == (["acme/x/**"], {"kind": "flag", "name": "--exclude"})
    assert found["--concurrency"] == (8, {"kind": "default"})
    assert TOKEN not in call("config", "show").expect(0).text


def test_show_lets_options_win(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("scopelint.yml").write_text(
        "gitlab: {url: 'https://one.example.com', targets: [acme, b]}\n"
        "gate: {fail_on: high, allow_incomplete: false}\nselect: [SL1, SL3]\n"
    )
    given = ("--fail-on", "low", "--allow-incomplete", "--select", "SL3", "other")
    found = settings(*given, "--url", "https://one.example.com")
    assert found["gate.fail_on"] == ("low", {"kind": "flag", "name": "--fail-on"})
    assert found["gate.allow_incomplete"][0] is True
    assert found["select"] == (["SL3"], {"kind": "flag", "name": "--select"})
    assert "select[0]" not in found
    assert found["gitlab.targets"] == (["other"], {"kind": "flag", "name": "TARGET"})
    assert found["gitlab.url"] == ("https://one.example.com", {"kind": "flag", "name": "--url"})
    # A config that was found may not say where the token of the environment goes: it is told why.
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    value, source = settings()["gitlab.url"]
    assert (value, source["kind"]) == (None, "fault")
    assert "cannot send it elsewhere" in source["name"]
    named = settings("--config", "scopelint.yml")["gitlab.url"]
    assert named == (
        "https://one.example.com",
        {"kind": "file", "file": "scopelint.yml", "line": 1, "column": 15},
    )


def test_show_without_a_config_is_all_defaults() -> None:
    found = settings("--no-config")
    assert {source["kind"] for _, source in found.values()} == {"default"}
    assert found["gitlab.url"][0] == "https://gitlab.com"
    lines = call("config", "show").expect(0).out.splitlines()
    assert re.fullmatch(r"gate\.fail_on +medium +default", next(x for x in lines if "fail_on" in x))
    Path("scopelint.yml").write_text("profile: strickt\n")
    call("config", "show").expect(2, "scopelint.yml:1:10")


def test_the_jobs_are_a_shell_word_each() -> None:
    from scopelint.config.pipeline import jobs_text
    from scopelint.config.starter import config_text

    text = jobs_text(["acme", "we ird; rm -rf /"], "x.yml")
    script = yaml.safe_load(text)["scopelint-scan"]["script"]
    [line] = [line for line in script if "acme" in line]
    words = subprocess.run(
        ["sh", "-c", f"{line}; printf '%s\\n' \"$@\""],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert words[-2:] == ["acme", "we ird; rm -rf /"]
    wild = 'a"\n b: [}\u2028'
    config = yaml.safe_load(config_text(None, [wild], {wild: 2}))
    assert config["gitlab"] == {"targets": [wild]}
