"""Targets and tokens that do not work: each ends with its code, a cause and a next step."""

from pathlib import Path

import pytest

from scopelint_simulator import Faults, Simulator, load_instance
from tests.cli.kit import DEVELOPER, EXPIRED, INVENTORY, JOB, SMALL, TOKEN, call

APIS = pytest.mark.parametrize("api", ["graphql", "rest"])


@APIS
@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    "given", [("nowhere",), ("--group", "nowhere"), ("--project", "acme/nowhere"), ("99999",)]
)
def test_an_unknown_target(gitlab: Simulator, api: str, given: tuple[str, ...]) -> None:
    result = call("scan", *given, "--url", gitlab.url, "--api", api)
    result.expect(4, "not found or not visible to this token", given[-1], "hint: ")
    assert result.out == ""


@APIS
@pytest.mark.usefixtures("token")
def test_a_project_where_a_group_was_said_and_the_other_way_round(
    gitlab: Simulator, api: str
) -> None:
    given = ("scan", "--url", gitlab.url, "--api", api)
    call(*given, "--group", "acme/tool").expect(4, "acme/tool is a project", "--project acme/tool")
    call(*given, "--project", "acme/web").expect(4, "acme/web is a group", "--group acme/web")
    call(*given, "--group", "101").expect(4, "project", "--project")


@APIS
@pytest.mark.usefixtures("token")
def test_ids_and_letter_case_name_a_target(gitlab: Simulator, api: str) -> None:
    given = ("--url", gitlab.url, "--api", api, "-q")
    for target in ("acme", "ACME", "10"):
        assert "acme/web/shop" in call("scan", target, *given).expect(1).out
    assert "calm" in call("scan", "--project", "121", *given).expect(0).out
    both = call("scan", "--project", "acme/tool", "--group", "mild", *given).expect(0)
    assert "acme/tool, mild" in " ".join(both.out.split())


@APIS
@pytest.mark.parametrize("token", ["glpat-somebody-elses", EXPIRED, SMALL, "not a token"[:3]])
def test_a_wrong_an_expired_and_too_small_a_token(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch, token: str, api: str
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", token)
    result = call("scan", "acme", "--url", gitlab.url, "--api", api)
    result.expect(4, "token", "read_api")
    assert result.out == ""


def test_too_small_a_token_is_told_by_its_name(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", SMALL)
    call("scan", "acme", "--url", gitlab.url, "--api", "rest").expect(4, "insufficient_scope")


def test_a_job_token_is_told_by_its_prefix(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", JOB)
    words = ("job token", "group access token", "Maintainer", "read_api")
    call("scan", "acme", "--url", gitlab.url).expect(4, *words)
    monkeypatch.delenv("SCOPELINT_TOKEN")
    Path("token").write_text(JOB)
    call("scan", "acme", "--url", gitlab.url, "--token-file", "token").expect(4, *words)
    assert gitlab.counts.total() == 0


def test_a_job_token_alone_in_the_environment(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_JOB_TOKEN", "64-whatever-it-is")
    result = call("scan", "acme", "--url", gitlab.url)
    result.expect(4, "CI_JOB_TOKEN", "group access token", "Maintainer", "read_api")
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    call("scan", "acme", "--url", gitlab.url).expect(1)
    assert gitlab.tokens_seen == {TOKEN}


def test_no_token_at_all(gitlab: Simulator) -> None:
    call("scan", "acme", "--url", gitlab.url).expect(4, "no token", "SCOPELINT_TOKEN", "read_api")
    assert gitlab.counts.total() == 0


@APIS
def test_a_developers_token_never_passes(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", DEVELOPER)
    for command in ("scan", "doctor"):
        result = call(command, "acme", "--url", gitlab.url, "--api", api)
        assert "Maintainer" in result.expect(3).out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("two words", "spaces"),
        ("glpat-one\nglpat-two", "line ends"),
        ("glpat-ümläut-1234", "characters"),
    ],
)
def test_a_token_file_that_holds_no_token(text: str, words: str) -> None:
    Path("token").write_text(text, encoding="utf-8")
    result = call("scan", "acme", "--token-file", "token").expect(2, "token", words)
    for part in text.split():
        assert part not in result.err or not part.startswith("glpat")


def test_a_token_file_that_cannot_be_read(place: Path) -> None:
    call("scan", "acme", "--token-file", "nowhere").expect(2, "nowhere", "cannot be read")
    call("scan", "acme", "--token-file", place).expect(2, "is a folder")
    Path("token").write_bytes(b"\xff\xfe\x00")
    call("scan", "acme", "--token-file", "token").expect(2, "not text")


@APIS
@pytest.mark.usefixtures("token")
def test_a_web_page_where_json_was_due(gitlab: Simulator, api: str) -> None:
    gitlab.faults = Faults(html_sign_in=True)
    result = call("scan", "acme", "--url", gitlab.url, "--api", api)
    result.expect(4, gitlab.url, "web page", "sign-in", "proxy", "--url")


@APIS
@pytest.mark.usefixtures("token")
def test_the_address_of_something_else(gitlab: Simulator, api: str) -> None:
    # The simulator answers what is no API with a sign-in page, as GitLab does.
    result = call("scan", "acme", "--url", f"{gitlab.url}/elsewhere", "--api", api)
    result.expect(4, f"{gitlab.url}/elsewhere/api", "--url")


@APIS
def test_a_redirect_to_another_host_is_not_followed(
    gitlab: Simulator, token: str, api: str
) -> None:
    with Simulator(load_instance(INVENTORY)) as other:
        gitlab.faults = Faults(redirect_to=f"{other.url}/api/graphql")
        result = call("scan", "acme", "--url", gitlab.url, "--api", api, "-v")
        result.expect(4, gitlab.url, other.url, "not sent")
        assert other.counts.total() == 0
        assert other.tokens_seen == set()
    assert gitlab.tokens_seen == {token}


@APIS
@pytest.mark.usefixtures("token")
def test_a_redirect_that_comes_in_the_middle_is_not_followed_either(
    gitlab: Simulator, api: str
) -> None:
    only = "job_token_scope" if api == "rest" else "graphql"
    with Simulator(load_instance(INVENTORY)) as other:
        gitlab.faults = Faults(redirect_to=other.url, only=only)
        call("scan", "acme", "--url", gitlab.url, "--api", api).expect(4, other.url)
        assert other.counts.total() == 0


@APIS
@pytest.mark.usefixtures("token")
def test_a_redirect_on_the_same_host_names_the_address_to_use(gitlab: Simulator, api: str) -> None:
    gitlab.faults = Faults(redirect_to=f"{gitlab.url}/gitlab/")
    call("scan", "acme", "--url", gitlab.url, "--api", api).expect(4, "redirects", "--url")


@APIS
@pytest.mark.usefixtures("token")
def test_nobody_listens_there(api: str) -> None:
    url = "http://127.0.0.1:1"
    call("scan", "acme", "--url", url, "--api", api).expect(4, "could not be reached", url)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_proxy_settings_that_cannot_be_used(
    gitlab: Simulator, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "nonsense://user:secret-word@127.0.0.1:1")
    result = call("scan", "acme", "--url", gitlab.url).expect(2, "proxy")
    assert "secret-word" not in result.err


@pytest.mark.usefixtures("token")
def test_ca_files_that_are_none(gitlab: Simulator, place: Path) -> None:
    given = ("scan", "acme", "--url", gitlab.url, "--ca-file")
    call(*given, "nowhere.pem").expect(2, "nowhere.pem", "is not there")
    call(*given, place).expect(2, "not there")
    Path("ca.pem").write_text("no certificate")
    call(*given, "ca.pem").expect(2, "ca.pem", "PEM")
    assert gitlab.counts.total() == 0
