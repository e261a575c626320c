from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.errors import ExitCode, UsageError
from scopelint.gitlab.address import AddressError, is_cleartext, normalise_url
from scopelint.gitlab.origin import (
    AMBIENT,
    ENVIRONMENT,
    ConfigUrls,
    TokenSource,
    resolve_origin,
)
from scopelint.gitlab.targets import TargetSpec, parse_target

A, B, C, D = (f"https://{name}.example.com" for name in "abcd")
COM = "https://gitlab.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://gitlab.com", COM),
        (" https://gitlab.com/ ", COM),
        ("HTTPS://GitLab.COM:443//", COM),
        ("https://gitlab.com/api/v4", COM),
        ("https://gitlab.com/api/v4/", COM),
        ("http://h:80", "http://h"),
        ("http://h:443", "http://h:443"),
        ("https://h:80/", "https://h:80"),
        ("https://h:/", "https://h"),
        ("https://h/Git-Lab/sub/", "https://h/Git-Lab/sub"),
        ("https://h/gitlab/api/v4", "https://h/gitlab"),
        ("https://h/api/v4x", "https://h/api/v4x"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[2001:DB8:0::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://[::1]", "https://[::1]"),
        ("https://gitläb.example", "https://gitläb.example"),
        ("https://xn--gitlb-0ra.example", "https://xn--gitlb-0ra.example"),
        ("https://my_host", "https://my_host"),
    ],
)
def test_normalised(text: str, expected: str) -> None:
    assert normalise_url(text) == expected
    assert normalise_url(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "gitlab.com", "//gitlab.com", "ftp://h", "https://", "https:///x", "https://:443",
        "https://u@h", "https://u:hunter2@h", "https://@h", "https://h?x", "https://h/?", "https://h#",
        "https://h/#x", "https://h:0", "https://h:99999", "https://h:x", "https://h:-1",
        "https://h/a b", "https://h/a\tb", "https://h\n.evil", "https://h\\@evil", "https://h/../x",
        "https://h/./x", "https://h//x", "https://h/%2e%2e", "https://[::1", "https://[x]",
        "https://[fe80::1%25eth0]", "https://a..b", "https://h%00", "https://h\u202e.x", "file:///x",
        "https://h\uff0fevil", "javascript:alert(1)", "https://h,i", "https://[::1]x",
    ],
)  # fmt: skip
def test_no_address(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        normalise_url(text)
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).isprintable()


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=20).map(lambda rest: f"https://{rest}") | st.text())
def test_normalising_is_stable_or_refused(text: str) -> None:
    try:
        url = normalise_url(text)
    except AddressError:
        return
    assert normalise_url(url) == url
    assert not set(url) & set("?#@\\ \t\n")
    assert not url.endswith("/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h", False), ("http://h", True), ("http://localhost:8080", False),
        ("http://127.0.0.1", False), ("http://127.9.9.9", False), ("http://[::1]:80", False),
        ("http://10.0.0.1", True), ("http://x.localhost", False), ("http://localhost.evil", True),
    ],
)  # fmt: skip
def test_cleartext(url: str, expected: bool) -> None:
    assert is_cleartext(url) is expected


def at(*urls: str) -> tuple[TargetSpec, ...]:
    return tuple(parse_target(f"{url}/acme") for url in urls)


@pytest.mark.parametrize(
    ("inputs", "url", "given_by"),
    [
        ({}, COM, "default"),
        ({"flag": f"{A}/api/v4/"}, A, "--url"),
        ({"flag": A, "environment": {"SCOPELINT_URL": B, "GITLAB_URL": C}}, A, "--url"),
        ({"environment": {"SCOPELINT_URL": B, "GITLAB_URL": C}}, B, "SCOPELINT_URL"),
        ({"environment": {"GITLAB_URL": C, "CI_SERVER_URL": D}}, C, "GITLAB_URL"),
        ({"environment": {"GITLAB_URL": " ", "CI_SERVER_URL": D}}, D, "CI_SERVER_URL"),
        ({"targets": at(A), "environment": {"CI_SERVER_URL": D}}, A, "target acme"),
        ({"environment": {"CI_API_V4_URL": f"{A}/api/v4"}}, A, "CI_API_V4_URL"),
        ({"environment": {"GITLAB_BASE_URL": f"{A}/api/v4/"}}, A, "GITLAB_BASE_URL"),
        ({"environment": {"GITLAB_HOST": A}}, A, "GITLAB_HOST"),
        ({"environment": {"GITLAB_HOST": "a.example.com"}}, A, "GITLAB_HOST"),
        ({"environment": {"GITLAB_HOST": "gitlab.com"}}, COM, "GITLAB_HOST"),
        (
            {"environment": {"CI_SERVER_URL": A, "CI_API_V4_URL": f"{A}/api/v4"}},
            A,
            "CI_SERVER_URL",
        ),
        (
            {"environment": {"GITLAB_URL": A, "CI_SERVER_URL": B, "GITLAB_HOST": "c.example.com"}},
            A,
            "GITLAB_URL",
        ),
        ({"targets": at(A), "flag": A}, A, "--url"),
        ({"targets": (TargetSpec("any", "acme"),), "flag": A}, A, "--url"),
        (
            {"config": ConfigUrls(A, discovered=False), "environment": {"CI_SERVER_URL": D}},
            A,
            "gitlab.url of scopelint.yml",
        ),
        ({"config": ConfigUrls(A, discovered=False), "flag": B}, B, "--url"),
        (
            {"config": ConfigUrls(A, discovered=False), "environment": {"GITLAB_URL": B}},
            B,
            "GITLAB_URL",
        ),
        ({"config": ConfigUrls(A, discovered=False), "targets": at(B)}, B, "target acme"),
        (
            {
                "config": ConfigUrls(A, discovered=False),
                "token": TokenSource.ENVIRONMENT,
            },
            A,
            "gitlab.url of scopelint.yml",
        ),
        ({"config": ConfigUrls(None, at(A), discovered=False)}, A, "scopelint.yml, target acme"),
        # A python-gitlab section's own address, before what the job's environment says.
        (
            {
                "token": TokenSource.PYTHON_GITLAB,
                "section_url": A,
                "environment": {"CI_SERVER_URL": D},
            },
            A,
            "python-gitlab's config",
        ),
        ({"token": TokenSource.PYTHON_GITLAB}, COM, "python-gitlab's config"),
        ({"token": TokenSource.FILE, "section_url": A}, COM, "default"),
        ({"token": TokenSource.FILE, "environment": {"GITLAB_HOST": A}}, A, "GITLAB_HOST"),
    ],
)
def test_order(inputs: dict[str, Any], url: str, given_by: str) -> None:
    instance = resolve_origin(**inputs)
    assert (instance.url, instance.given_by) == (url, given_by)


@pytest.mark.parametrize(
    ("inputs", "url"),
    [
        # Equal to what is set, however it is written.
        ({"flag": A, "config": ConfigUrls(f"{A}:443/")}, A),
        ({"environment": {"GITLAB_URL": A}, "config": ConfigUrls(A)}, A),
        ({"environment": {"CI_SERVER_URL": A}, "config": ConfigUrls(A)}, A),
        ({"targets": at(A), "config": ConfigUrls(A)}, A),
        ({"flag": A, "config": ConfigUrls(None, at(A))}, A),
        # None set, and there is no token to lead elsewhere.
        ({"config": ConfigUrls(A), "token": TokenSource.NONE}, A),
        ({"config": ConfigUrls(None, at(A)), "token": TokenSource.NONE}, A),
        # A section's token with a config that agrees.
        ({"config": ConfigUrls(A), "token": TokenSource.PYTHON_GITLAB, "section_url": A}, A),
        # The token of the environment goes to gitlab.com anyway.
        ({"config": ConfigUrls(COM), "token": TokenSource.ENVIRONMENT}, COM),
        ({"config": ConfigUrls(COM), "token": TokenSource.FILE}, COM),
    ],
)
def test_discovered_config_that_is_used(inputs: dict[str, Any], url: str) -> None:
    assert resolve_origin(**inputs).url == url


@pytest.mark.parametrize("token", list(TokenSource))
@pytest.mark.parametrize("config", [ConfigUrls(B), ConfigUrls(None, at(B)), ConfigUrls(B, at(B))])
@pytest.mark.parametrize(
    "inputs",
    [
        {"flag": A},
        {"environment": {"SCOPELINT_URL": A}},
        {"environment": {"GITLAB_URL": A}},
        {"environment": {"CI_SERVER_URL": A}},
        {"targets": at(A)},
    ],
)
def test_discovered_config_never_redirects(
    inputs: dict[str, Any], config: ConfigUrls, token: TokenSource
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_origin(**inputs, config=config, token=token, section_url=A)
    assert caught.value.exit_code is ExitCode.USAGE
    assert A in caught.value.message
    assert B in caught.value.message


@pytest.mark.parametrize("token", [TokenSource.ENVIRONMENT, TokenSource.FILE])
@pytest.mark.parametrize("config", [ConfigUrls(B), ConfigUrls(None, at(B))])
def test_discovered_config_never_takes_a_token_that_the_user_gave(
    config: ConfigUrls, token: TokenSource
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_origin(config=config, token=token)
    assert B in caught.value.message
    assert COM in caught.value.message
    assert "--config" in caught.value.hint


@pytest.mark.parametrize(("one", "other"), list(combinations(AMBIENT, 2)))
def test_two_variables_that_name_different_instances_are_refused(one: str, other: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_origin(environment={one: A, other: B}, token=TokenSource.ENVIRONMENT)
    assert all(word in caught.value.message for word in (one, A, other, B))
    assert "--url" in caught.value.hint
    assert resolve_origin(environment={one: A, other: B}, flag=C).url == C
    assert resolve_origin(environment={one: A, other: f"{A}/api/v4"}).url == A


def test_same_host_is_not_the_same_instance() -> None:
    for other in (f"{A}/gitlab", "http://a.example.com", f"{A}:8443", f"{A}.evil"):
        with pytest.raises(UsageError, match="cannot send it elsewhere"):
            resolve_origin(flag=A, config=ConfigUrls(other))


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"flag": A, "targets": at(B)}, (A, B)),
        ({"environment": {"GITLAB_URL": A}, "targets": at(B)}, (A, B)),
        ({"targets": at(A, B)}, (A, B)),
        ({"config": ConfigUrls(A, at(B), discovered=False)}, (A, B)),
        ({"config": ConfigUrls(A, at(B), discovered=True)}, (A, B)),
        ({"config": ConfigUrls(None, at(B), discovered=False), "flag": A}, (A, B)),
        ({"token": TokenSource.PYTHON_GITLAB, "section_url": A, "flag": B}, (A, B)),
        ({"token": TokenSource.PYTHON_GITLAB, "section_url": A, "targets": at(B)}, (A, B)),
        (
            {
                "token": TokenSource.PYTHON_GITLAB,
                "section_url": A,
                "config": ConfigUrls(B, discovered=False),
            },
            (A, B),
        ),
        ({"token": TokenSource.PYTHON_GITLAB, "section_url": A, "config": ConfigUrls(B)}, (A, B)),
    ],
)
def test_contradictions_name_both(inputs: dict[str, Any], named: tuple[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_origin(**inputs)
    assert all(url in caught.value.message for url in named)


@pytest.mark.parametrize(
    ("inputs", "source"),
    [
        ({"flag": "gitlab.com"}, "--url"),
        ({"environment": {"SCOPELINT_URL": "x"}}, "SCOPELINT_URL"),
        ({"flag": A, "environment": {"GITLAB_URL": "x"}}, "GITLAB_URL"),
        *(({"environment": {name: "ftp://x"}, "flag": A}, name) for name in AMBIENT),
        ({"config": ConfigUrls("x", source="a/scopelint.yml")}, "gitlab.url of a/scopelint.yml"),
        ({"token": TokenSource.PYTHON_GITLAB, "section_url": "x"}, "python-gitlab's config"),
    ],
)
def test_a_malformed_address_names_where_it_stands(inputs: dict[str, Any], source: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_origin(**inputs)
    assert caught.value.message.startswith(f"{source}: ")
    assert caught.value.hint


_URLS = st.sampled_from([None, A, B, C, COM])


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=1000)
@given(
    flag=_URLS,
    environment=st.dictionaries(
        st.sampled_from([*ENVIRONMENT, *AMBIENT]), st.sampled_from([A, B, C, COM])
    ),
    target=_URLS,
    section=_URLS,
    token=st.sampled_from(TokenSource),
    config=st.builds(
        ConfigUrls,
        _URLS,
        st.sampled_from([(), at(A), at(B), at(C)]),
        st.booleans(),
    ),
)
def test_a_token_only_goes_to_an_origin_that_the_user_named(
    flag: str | None,
    environment: dict[str, str],
    target: str | None,
    section: str | None,
    token: TokenSource,
    config: ConfigUrls,
) -> None:
    try:
        url = resolve_origin(
            flag=flag,
            environment=environment,
            targets=at(target) if target else (),
            config=config,
            token=token,
            section_url=section,
        ).url
    except UsageError:
        return
    said = [flag, target, *environment.values()]
    of_file = [config.url, *(spec.url_origin for spec in config.targets)]
    if token is TokenSource.PYTHON_GITLAB:
        assert url == (section or COM)
    elif not config.discovered:
        said += of_file
    if token is not TokenSource.NONE and not any(said):
        assert url == (section or COM if token is TokenSource.PYTHON_GITLAB else COM)
    if token in {TokenSource.ENVIRONMENT, TokenSource.FILE} and any(said):
        assert url in said
    if flag:
        assert url == flag
