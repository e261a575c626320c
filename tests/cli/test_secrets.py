"""No token in anything that is printed or written, whatever goes wrong."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from scopelint.cli.console import Console, err, show_traceback, start
from scopelint.registry import find_reporters
from scopelint_simulator import Faults, Simulator
from tests.cli.kit import (
    DEVELOPER,
    EXPIRED,
    JOB,
    SMALL,
    TOKEN,
    Result,
    call,
    environment,
    files_below,
)

REPORTS = [f"--report={name}=r.{name}" for name in find_reporters()]


def clean(result: Result, *tokens: str) -> None:
    """Check the output and every file of the current folder."""
    for token in tokens:
        assert token not in result.text
        for path in files_below(Path()):
            if path.name != "token":
                assert token.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("token", [TOKEN, DEVELOPER, SMALL, EXPIRED, JOB, "glpat-unknown-one"])
def test_a_token_from_the_environment(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch, token: str, api: str
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", token)
    given = ("acme", "--url", gitlab.url, "-v", "--api", api)
    clean(call("scan", *given, "--snapshot", "s.snapshot", "-f", "json", *REPORTS), token)
    clean(call("doctor", *given), token)
    clean(call("doctor", *given, "-f", "json"), token)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(html_sign_in=True),
        Faults(redirect_to="http://elsewhere.invalid/?a=b"),
        Faults(error_rate=1, error_status=400),
        Faults(error_rate=1, error_status=404),
    ],
    ids=["sign-in", "redirect", "400", "404"],
)
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_when_gitlab_answers_nonsense(
    gitlab: Simulator, token: str, faults: Faults, api: str
) -> None:
    gitlab.faults = faults
    clean(call("scan", "acme", "--url", gitlab.url, "-v", "--api", api).expect(4), token)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://gitlab.invalid"])
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_when_nobody_answers(token: str, url: str, api: str) -> None:
    clean(call("scan", "acme", "--url", url, "-v", "--api", api).expect(4), token)


def test_a_bug_shows_no_token_either(
    gitlab: Simulator, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"with {token}")

    monkeypatch.setattr("scopelint.cli.collect_session.collect", broken)
    result = call("scan", "acme", "--url", gitlab.url)
    assert result.code == 4
    assert "scopelint itself failed: ZeroDivisionError" in result.err
    assert "Traceback" not in result.err
    clean(result, token)
    result = call("scan", "acme", "--url", gitlab.url, "-v")
    assert "Traceback" in result.err
    clean(result, token)


@pytest.mark.parametrize(
    "given",
    [
        ("scan", "acme", "--token", "{}"),
        ("scan", "acme", "--token={}"),
        ("scan", "acme", "--token-file", "{}"),
        ("scan", "{}"),
        ("scan", "acme", "--select", "{}"),
        ("scan", "acme", "-f", "{}"),
        ("scan", "acme", "--url", "http://oauth2:{}@127.0.0.1:1"),
        ("{}",),
    ],
)
def test_a_token_given_in_the_wrong_place_is_not_repeated(given: tuple[str, ...]) -> None:
    token = "glpat-0123456789abcdefghij"
    result = call(*(word.format(token) for word in given))
    assert result.code in (2, 4)
    clean(result, token)


@pytest.mark.parametrize(
    "text",
    [
        "[global]\ndefault = a\n[a]\nurl = http://x\nprivate_token {}\n",
        "private_token = {}\n",
        "[a]\nprivate_token = {0}\nprivate_token = {0}\n",
        "[global]\ndefault = a\n[a]\nurl = http://x\nprivate_token = %({0})s {0}\n",
        "[global]\ndefault = a\n[a]\nurl = http://127.0.0.1:1\nprivate_token = {}\nssl_verify = maybe\ntimeout = {}\n",
    ],
    ids=["no =", "no section", "twice", "interpolation", "timeout"],
)
def test_a_broken_python_gitlab_config(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "glpat-0123456789abcdefghij"
    for value in (token, "0123456789-of-no-prefix"):
        Path("token").write_text(text.replace("{0}", value).replace("{}", value))
        monkeypatch.setenv("PYTHON_GITLAB_CFG", str(Path("token").absolute()))
        result = call("scan", "acme", "-v")
        assert result.code in (2, 4), result.text
        assert "scopelint itself failed" not in result.err
        clean(result, value)


def test_a_config_file_never_repeats_what_looks_like_a_token() -> None:
    token = "glpat-0123456789abcdefghij"
    Path("scopelint.yml").write_text(f"gitlab: {{token: {token}}}\nselect: [{token}]\n")
    result = call("config", "check").expect(2, "scopelint.yml:1:", "scopelint.yml:2:")
    assert token not in result.text


PREFIXES = (
    *("glpat", "gloas", "gldt", "glrt", "glrtr", "glcbt", "glptt", "glft", "glimt", "glagent"),
    *("glwt", "glsoat", "glffct"),
)


@pytest.mark.parametrize(
    "form", ["{}", "group%2F{}", "a/{}/b", "https://x:{}@y.invalid/z", "({})."]
)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_text_of_a_tokens_form_is_hidden_on_stderr(
    capsys: pytest.CaptureFixture[str], prefix: str, form: str
) -> None:
    token = f"{prefix}-bBbB_0123456789.bb"
    console = Console(verbose=True)
    start(console)
    text = form.format(token)
    err(text)
    console.note(text)
    console.warn(text)
    logging.getLogger("scopelint.gitlab").debug("GET %s", text)
    show_traceback(ValueError(text))
    shown = capsys.readouterr().err
    assert shown.count("[hidden]") >= 5
    assert token not in shown
    assert "0123456789" not in shown


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_token_as_a_target_is_in_no_log_line(gitlab: Simulator, token: str, api: str) -> None:
    wrong = "glpat-bbbbbbbbbbbbbbbbbbbb"
    result = call("scan", wrong, "--url", gitlab.url, "--api", api, "-v").expect(4)
    assert "DEBUG" in result.err
    clean(result, wrong, token)


def test_words_that_only_begin_like_a_token_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    words = "acme/global-settings glob-patterns glpat-x gl-12345678 token: none"
    err(words)
    assert capsys.readouterr().err == f"{words}\n"


PROGRAM = """
import logging, sys, threading, warnings
from scopelint.cli.console import guard_process
guard_process()
secret = "a-secret-of-no-known-form"
warnings.warn(f"about {secret}", UserWarning)
logging.getLogger("urllib3.connectionpool").warning("retrying %s", secret)
def fail(): raise ValueError(secret)
thread = threading.Thread(target=fail); thread.start(); thread.join()
class Broken:
    def __del__(self):
        raise ValueError(secret)
broken = Broken()
del broken
raise RuntimeError(secret)
"""


def test_what_python_and_libraries_say_by_themselves_hides_the_environments_tokens() -> None:
    """Warnings, log lines of others, tracebacks of threads and of the program itself."""
    secret = "a-secret-of-no-known-form"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(CI_JOB_TOKEN=secret),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert secret not in done.stderr
    for words in ("about [hidden]", "retrying [hidden]", "ValueError: [hidden]", "RuntimeError: "):
        assert words in done.stderr, done.stderr
