"""Where the token comes from, and what is refused as one."""

from pathlib import Path

import pytest

from scopelint.errors import AuthenticationError, ExitCode, UsageError
from scopelint.gitlab.credentials import VARIABLES, find_credentials, require_token
from scopelint.gitlab.origin import TokenSource, resolve_origin

CONFIG = """
[global]
default = company
timeout = 5

[company]
url = https://gitlab.example.com
private_token = glpat-company

[other]
url = https://gitlab.other.example:8443/gitlab
oauth_token = oauth-other

[tokenless]
url = https://tokenless.example
job_token = whatever
"""
NO_URLS: tuple[str, ...] = ()


def config(folder: Path, text: str = CONFIG, name: str = "python-gitlab.cfg") -> dict[str, str]:
    """An environment that names a config of python-gitlab."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return {"PYTHON_GITLAB_CFG": str(path)}


def token_file(folder: Path, content: bytes = b"glpat-file\n") -> Path:
    path = folder / "token"
    path.write_bytes(content)
    return path


# The order


def test_a_file_goes_before_everything(tmp_path: Path) -> None:
    environment = {name: f"glpat-{name}" for name in VARIABLES} | config(tmp_path)
    found = find_credentials(token_file(tmp_path), environment, NO_URLS)
    assert found.token.reveal() == "glpat-file"
    assert found.source is TokenSource.FILE
    assert not found.oauth


@pytest.mark.parametrize("first", range(len(VARIABLES)))
def test_variables_go_in_their_order(tmp_path: Path, first: int) -> None:
    environment = {name: f"glpat-{name}" for name in VARIABLES[first:]} | config(tmp_path)
    found = find_credentials(None, environment, NO_URLS)
    assert found.token.reveal() == f"glpat-{VARIABLES[first]}"
    assert found.given_by == VARIABLES[first]
    assert found.source is TokenSource.ENVIRONMENT
    assert found.oauth is (VARIABLES[first] == "GITLAB_OAUTH_TOKEN")
    assert found.section_url is None


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    environment = {"SCOPELINT_TOKEN": "  ", "GITLAB_TOKEN": " glpat-x\n"}
    found = find_credentials(None, environment, NO_URLS)
    assert found.token.reveal() == "glpat-x"


def test_no_token_is_an_empty_one(tmp_path: Path) -> None:
    found = find_credentials(None, {"HOME": str(tmp_path)}, NO_URLS)
    assert not found.token
    assert found.source is TokenSource.NONE
    with pytest.raises(AuthenticationError, match="there is no token") as caught:
        require_token(found)
    assert "read_api" in caught.value.hint


def test_a_token_is_enough() -> None:
    require_token(find_credentials(None, {"GITLAB_TOKEN": "glpat-x"}, NO_URLS))


# A token file


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not hold one token"),
        (b"\n \n", "does not hold one token"),
        (b"glpat-a\nglpat-b\n", "does not hold one token"),
        (b"glpat-a glpat-b", "does not hold one token"),
        ("glpat-\u00e4".encode(), "does not hold one token"),
        (b"glpat-\x00x", "does not hold one token"),
        (b"\xff\xfeg\x00", "it is not text"),
    ],
)
def test_a_file_that_holds_no_token_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        find_credentials(token_file(tmp_path, content), {}, NO_URLS)
    assert "glpat" not in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        find_credentials(tmp_path / "nothing", {}, NO_URLS)
    with pytest.raises(UsageError, match="is a folder"):
        find_credentials(tmp_path, {}, NO_URLS)


def test_the_environment_does_not_step_in_for_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find_credentials(token_file(tmp_path, b""), {"GITLAB_TOKEN": "glpat-x"}, NO_URLS)


def test_a_variable_that_holds_no_token_is_refused() -> None:
    with pytest.raises(UsageError, match="SCOPELINT_TOKEN does not hold one token") as caught:
        find_credentials(None, {"SCOPELINT_TOKEN": "glpat-secret\nX-Evil: 1"}, NO_URLS)
    assert "secret" not in str(caught.value)


# Job tokens


def test_a_job_token_is_refused_by_its_prefix(tmp_path: Path) -> None:
    sources: list[tuple[Path | None, dict[str, str]]] = [
        (token_file(tmp_path, b"glcbt-64_secret"), {}),
        (None, {"GITLAB_TOKEN": "glcbt-64_secret"}),
        (None, config(tmp_path, CONFIG.replace("glpat-company", "glcbt-64_secret"))),
    ]
    for path, environment in sources:
        with pytest.raises(AuthenticationError, match="job token") as caught:
            find_credentials(path, environment, NO_URLS)
        assert "group access token" in caught.value.hint
        assert "secret" not in str(caught.value)
        assert caught.value.exit_code is ExitCode.FAILURE


def test_a_job_token_of_another_prefix_is_known_by_its_variable() -> None:
    environment = {"CI_JOB_TOKEN": "acme-64_secret", "SCOPELINT_TOKEN": "acme-64_secret"}
    with pytest.raises(AuthenticationError, match="SCOPELINT_TOKEN holds a CI/CD job token"):
        find_credentials(None, environment, NO_URLS)


def test_only_the_jobs_own_token_is_refused(tmp_path: Path) -> None:
    environment = {"CI_JOB_TOKEN": "glcbt-64_secret", "HOME": str(tmp_path)}
    with pytest.raises(AuthenticationError, match="only the job's own CI_JOB_TOKEN") as caught:
        find_credentials(None, environment, NO_URLS)
    assert "SCOPELINT_TOKEN" in caught.value.hint


def test_another_token_beside_the_jobs_own_is_used() -> None:
    environment = {"CI_JOB_TOKEN": "glcbt-64_secret", "GITLAB_TOKEN": "glpat-x"}
    assert find_credentials(None, environment, NO_URLS).token.reveal() == "glpat-x"


# python-gitlab's config


@pytest.mark.parametrize(
    ("url", "token", "section_url", "oauth"),
    [
        ("https://gitlab.example.com", "glpat-company", "https://gitlab.example.com", False),
        ("https://GITLAB.example.com:443/", "glpat-company", "https://gitlab.example.com", False),
        (
            "https://gitlab.other.example:8443/gitlab",
            "oauth-other",
            "https://gitlab.other.example:8443/gitlab",
            True,
        ),
    ],
)
def test_a_section_is_chosen_by_the_url(
    tmp_path: Path, url: str, token: str, section_url: str, oauth: bool
) -> None:
    found = find_credentials(None, config(tmp_path), (url,))
    assert found.token.reveal() == token
    assert found.section_url == section_url
    assert found.oauth is oauth
    assert found.source is TokenSource.PYTHON_GITLAB


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com",
        "http://gitlab.example.com",
        "https://gitlab.example.com:8443",
        "https://gitlab.example.com.evil.example",
        "https://gitlab.other.example",
    ],
)
def test_no_section_serves_another_url(tmp_path: Path, url: str) -> None:
    found = find_credentials(None, config(tmp_path), (url,))
    assert not found.token
    assert found.source is TokenSource.NONE


def test_the_first_url_goes_first(tmp_path: Path) -> None:
    urls = ("https://gitlab.other.example:8443", "https://gitlab.example.com")
    assert find_credentials(None, config(tmp_path), urls).token.reveal() == "oauth-other"


def test_the_default_section_serves_where_no_url_is_named(tmp_path: Path) -> None:
    found = find_credentials(None, config(tmp_path), NO_URLS)
    assert found.token.reveal() == "glpat-company"
    assert found.given_by == "python-gitlab's config, section company"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[global]\ntimeout = 5\n",
        "[global]\ndefault = nothing\n",
        "[company]\nurl = https://gitlab.example.com\nprivate_token = x\n",
        "[global]\ndefault = company\n[company]\nurl = https://gitlab.example.com\n",
    ],
)
def test_a_config_without_a_default_or_token_gives_none(tmp_path: Path, text: str) -> None:
    assert not find_credentials(None, config(tmp_path, text), NO_URLS).token


def test_a_sections_token_goes_to_its_own_url_alone(tmp_path: Path) -> None:
    found = find_credentials(None, config(tmp_path), NO_URLS)
    with pytest.raises(UsageError, match=r"belongs to https://gitlab\.example\.com"):
        resolve_origin(
            flag="https://evil.example", token=found.source, section_url=found.section_url
        )
    chosen = resolve_origin(token=found.source, section_url=found.section_url)
    assert chosen.url == "https://gitlab.example.com"


def test_a_section_of_the_same_host_and_another_root_does_not_pass(tmp_path: Path) -> None:
    found = find_credentials(
        None, config(tmp_path), ("https://gitlab.other.example:8443/elsewhere",)
    )
    with pytest.raises(UsageError, match="the token belongs to"):
        resolve_origin(
            flag="https://gitlab.other.example:8443/elsewhere",
            token=found.source,
            section_url=found.section_url,
        )


def test_the_home_folders_config_is_found(tmp_path: Path) -> None:
    config(tmp_path, name=".python-gitlab.cfg")
    found = find_credentials(None, {"HOME": str(tmp_path)}, NO_URLS)
    assert found.token.reveal() == "glpat-company"


@pytest.mark.parametrize(
    "text",
    [
        "no section\n",
        "[a]\nx = 1\n[a]\nx = 2\n",
        "[global]\ndefault = a\n[a]\nurl = https://gitlab.example.com\nssl_verify = maybe\nprivate_token = x\ntimeout = soon\n",
    ],
)
def test_a_broken_config_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="python-gitlab's config"):
        find_credentials(None, config(tmp_path, text), NO_URLS)


@pytest.mark.parametrize(
    "text",
    [
        "[company]\nprivate_token glpat-secret\n",
        "glpat-secret\n[company]\n",
        CONFIG.replace("glpat-company", "glpat-%secret"),
        CONFIG.replace("timeout = 5", "timeout = glpat-secret"),
        CONFIG.replace("[other]", "[company]\nprivate_token = glpat-secret\n[other]"),
    ],
)
def test_a_broken_config_shows_no_token(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="python-gitlab's config") as caught:
        find_credentials(None, config(tmp_path, text), NO_URLS)
    assert "secret" not in f"{caught.value!s} {caught.value!r}"


def test_a_config_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cfg"
    path.write_bytes(b"\xff\xfe[\x00")
    with pytest.raises(UsageError, match="python-gitlab's config"):
        find_credentials(None, {"PYTHON_GITLAB_CFG": str(path)}, NO_URLS)


def test_a_sections_address_that_is_none_is_passed_over(tmp_path: Path) -> None:
    text = f"[broken]\nurl = https://h:notaport\nprivate_token = y\n{CONFIG}"
    found = find_credentials(None, config(tmp_path, text), ("https://gitlab.example.com",))
    assert found.token.reveal() == "glpat-company"


def test_a_sections_token_must_fit_a_header(tmp_path: Path) -> None:
    text = CONFIG.replace("glpat-company", "glpat-secret\n  X-Evil: 1")
    with pytest.raises(UsageError, match="does not hold one token") as caught:
        find_credentials(None, config(tmp_path, text), NO_URLS)
    assert "secret" not in str(caught.value)


def test_no_text_of_credentials_shows_the_token(tmp_path: Path) -> None:
    for found in (
        find_credentials(token_file(tmp_path), {}, NO_URLS),
        find_credentials(None, {"GITLAB_TOKEN": "glpat-env"}, NO_URLS),
        find_credentials(None, config(tmp_path), NO_URLS),
    ):
        assert "glpat" not in f"{found!r} {found!s}"
