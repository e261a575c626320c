from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.errors import UsageError
from scopelint.gitlab.address import AddressError
from scopelint.gitlab.targets import (
    TargetSpec,
    common_origin,
    known_roots,
    parse_target,
    parse_targets,
)
from scopelint.text import clean

H = "https://gitlab.example.com"


@pytest.mark.parametrize(
    ("text", "known", "path", "origin"),
    [
        ("acme", (), "acme", None),
        ("acme/web/shop", (), "acme/web/shop", None),
        (" /acme/web/ ", (), "acme/web", None),
        ("_x/.y/9z-a.b", (), "_x/.y/9z-a.b", None),
        ("acme/old-deletion_scheduled-42", (), "acme/old-deletion_scheduled-42", None),
        (f"{H}/acme/platform", (), "acme/platform", H),
        (f"{H}/acme/platform/", (), "acme/platform", H),
        (f"{H}/acme/platform.git", (), "acme/platform", H),
        (f"{H}/acme/platform/-/settings/ci_cd#token", (), "acme/platform", H),
        (f"{H}/acme/platform/-", (), "acme/platform", H),
        (f"{H}/acme/platform?tab=x/-/y", (), "acme/platform", H),
        ("HTTPS://GitLab.Example.com:443/Acme", (), "Acme", H),
        ("http://localhost:8080/acme", (), "acme", "http://localhost:8080"),
        ("https://[::1]:8443/acme", (), "acme", "https://[::1]:8443"),
        (f"{H}/gitlab/acme", (), "gitlab/acme", H),
        (f"{H}/gitlab/acme", (f"{H}/gitlab",), "acme", f"{H}/gitlab"),
        (f"{H}/gitlab/acme/-/x", ("https://other.example", f"{H}/gitlab"), "acme", f"{H}/gitlab"),
        (f"{H}/a/b/c", (f"{H}/a", f"{H}/a/b"), "c", f"{H}/a/b"),
        (f"{H}/acme/x", (H,), "acme/x", H),
        (f"{H}/acme/x", ("https://other.example/gitlab",), "acme/x", H),
    ],
)
def test_paths_and_urls(text: str, known: tuple[str, ...], path: str, origin: str | None) -> None:
    spec = parse_target(text, "any", known)
    assert spec == TargetSpec("any", path, None, origin, text.strip())
    assert str(spec) == path


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("42", "any", ("any", None, 42)),
        ("42", "group", ("group", None, 42)),
        ("007", "project", ("project", None, 7)),
        (f"{H}/42", "any", ("any", "42", None)),
        (f"{H}/groups/acme/sub/-/settings", "any", ("group", "acme/sub", None)),
        (f"{H}/groups/acme", "group", ("group", "acme", None)),
        (f"{H}/projects/42", "any", ("project", None, 42)),
        (f"{H}/projects/42", "project", ("project", None, 42)),
        ("acme", "project", ("project", "acme", None)),
    ],
)
def test_kinds(text: str, kind: Any, expected: tuple[str, str | None, int | None]) -> None:
    spec = parse_target(text, kind)
    assert (spec.kind, spec.path, spec.id) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not the path"), (" ", "not the path"), ("/", "not the path"), ("a//b", "not the path"),
        ("a/../b", "not the path"), (".", "not the path"), ("-a", "not the path"),
        ("a b", "not the path"), ("a\nb", "not the path"), ("a%2Fb", "not the path"),
        ("é", "not the path"), ("a\\b", "not the path"), ("a/**", "not the path"),
        ("<script>", "not the path"), ("a" * 256, "not the path"), ("٤٢", "not the path"),
        ("/".join("a" * 22), "not the path"), ("0", "not the id"), ("9" * 30, "not the id"),
        (str(2**63), "not the id"), ("git@gitlab.com:acme/x.git", "SSH"),
        ("ssh://git@gitlab.com/acme/x.git", "not an http"), ("ftp://h/x", "not an http"),
        (H, "names no group"), (f"{H}/", "names no group"), (f"{H}/-/profile", "names no group"),
        (f"{H}/api/v4/projects/1", "names no group"), (f"{H}/users/me", "names no group"),
        (f"{H}/acme/a%20b", "not the path"), ("https://u:hunter2@h/acme", "holds credentials"),
        ("https:///acme", "names no host"), ("https://h:0/acme", "no valid port"),
    ],
)  # fmt: skip
def test_refused(text: str, message: str) -> None:
    with pytest.raises(AddressError, match=message) as caught:
        parse_target(text)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UsageError, match=message):
        parse_targets([text])


def test_a_url_says_what_it_is() -> None:
    with pytest.raises(AddressError, match="is a group, not a project"):
        parse_target(f"{H}/groups/acme", "project")
    with pytest.raises(AddressError, match="is a project, not a group"):
        parse_target(f"{H}/projects/1", "group")


def test_a_url_beside_the_relative_root() -> None:
    with pytest.raises(AddressError, match=f"not below {H}/gitlab"):
        parse_target(f"{H}/gitlabx/acme", "any", (f"{H}/gitlab",))


def test_all_targets_of_a_run() -> None:
    specs = parse_targets(
        ["acme", 42, "ACME"], groups=["acme"], projects=["7", f"{H}/acme/x"], known=()
    )
    assert [(s.kind, s.path, s.id) for s in specs] == [
        ("any", "acme", None),
        ("any", None, 42),
        ("group", "acme", None),
        ("project", None, 7),
        ("project", "acme/x", None),
    ]
    origin = common_origin(specs)
    assert origin is not None
    assert origin.url_origin == H


def test_the_instance() -> None:
    assert parse_targets(instance=True) == (TargetSpec("instance", given="--instance"),)
    assert str(parse_targets(instance=True)[0]) == "instance"
    with pytest.raises(UsageError, match="everything already"):
        parse_targets(["acme"], instance=True)
    assert parse_targets() == ()


def test_targets_on_two_instances() -> None:
    with pytest.raises(UsageError, match=rf"{H} and https://other\.example"):
        parse_targets([f"{H}/acme"], groups=["https://other.example/acme"])
    with pytest.raises(UsageError, match="two instances"):
        parse_targets([f"{H}/acme", "http://gitlab.example.com/acme/x"])


def test_known_roots() -> None:
    given_urls = (None, "", f"{H}/gitlab/", "no url", f"{H}/gitlab/api/v4")
    assert known_roots(*given_urls) == (f"{H}/gitlab",)


@settings(deadline=None, derandomize=True)
@given(st.text() | st.text("abc/:.-@%?#[]1\\ ").map(lambda tail: "https://" + tail))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    try:
        spec = parse_target(text)
    except AddressError as error:
        told = str(error)
    else:
        told = str(spec)
        assert (spec.path is None) != (spec.id is None)
        assert told.isascii()
    assert told == clean(told)
