"""GitLab's own answers, and what may stand in their place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
import requests
from urllib3.exceptions import (
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from scopelint.errors import AuthenticationError, ExitCode, OriginError, UnexpectedAnswerError
from scopelint.gitlab.address import is_loopback, origin_of, same_origin
from scopelint.gitlab.answers import (
    check_answer,
    fatal,
    from_requests,
    refused,
)
from scopelint.gitlab.retry import ExchangeError, Failure

URL = "https://gitlab.example.com/api/graphql"


@dataclass(frozen=True)
class Said:
    """An answer."""

    status_code: int = 200
    content: bytes | None = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "answer",
    [
        Said(content=b'{"data":{}}'),
        Said(content=b"[]"),
        Said(content=b" \n[1]"),
        Said(204, content=b""),
        Said(204, content=None),
        Said(404, b"<html>", {"Content-Type": "text/html"}),
        Said(502, b"<html>", {"Content-Type": "text/html"}),
        Said(429, b"Retry later\n", {"Content-Type": "text/plain"}),
        Said(200, b"{}", {}),
    ],
)
def test_an_answer_of_the_api_passes(answer: Said) -> None:
    check_answer(answer, URL)


@pytest.mark.parametrize(
    "answer",
    [
        Said(
            200,
            b"<!DOCTYPE html><title>Sign in</title>",
            {"Content-Type": "text/html; charset=utf-8"},
        ),
        Said(200, b"", {"Content-Type": "TEXT/HTML"}),
        Said(200, b"  \n<html>", {"Content-Type": "application/json"}),
        Said(200, b"<html>", {}),
    ],
)
def test_a_web_page_is_refused_with_its_likely_causes(answer: Said) -> None:
    with pytest.raises(UnexpectedAnswerError) as caught:
        check_answer(answer, URL)
    assert URL in caught.value.message
    assert "web page" in caught.value.message
    for word in ("sign-in", "proxy", "--url"):
        assert word in caught.value.hint
    assert caught.value.exit_code is ExitCode.FAILURE


@pytest.mark.parametrize("body", [b"", b'{"data":', b'{"a":1}{', b"Retry later", None])
def test_a_body_that_is_not_whole_is_worth_another_try(body: bytes | None) -> None:
    with pytest.raises(ExchangeError) as caught:
        check_answer(Said(content=body), URL)
    assert caught.value.failure is Failure.BROKEN


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/api/graphql",
        "http://gitlab.example.com/api/graphql",
        "https://gitlab.example.com:8443/",
        "//evil.example/x",
        "https://gitlab.example.com.evil.example/",
        "https://gitlab.example.com@evil.example/",
        "https://evil.example:notaport/",
        "http://[::1/",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_elsewhere_is_never_followed(location: str, status: int) -> None:
    with pytest.raises(OriginError) as caught:
        check_answer(Said(status, b"", {"Location": location}), URL)
    assert "another origin" in caught.value.message
    assert "not sent there" in caught.value.message


@pytest.mark.parametrize(
    "location", ["/users/sign_in", "https://GitLab.example.com:443/x", "", "?page=2"]
)
def test_a_redirect_to_the_same_origin_is_refused_too(location: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match="redirects to"):
        check_answer(Said(302, b"", {"Location": location}), URL)


def test_a_redirect_without_a_place_is_refused() -> None:
    with pytest.raises(UnexpectedAnswerError):
        check_answer(Said(302, b"", {}), URL)


def test_a_long_address_is_cut() -> None:
    with pytest.raises(OriginError) as caught:
        check_answer(Said(302, b"", {"Location": "https://evil.example/" + "x" * 5000}), URL)
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, '{"message":"401 Unauthorized"}', "wrong, expired or revoked"),
        (401, '{"errors":[{"message":"Invalid token"}]}', "wrong, expired or revoked"),
        (403, '{"error":"insufficient_scope","scope":"api read_api"}', "insufficient_scope"),
        (403, '{"message":"403 Forbidden - API not accessible for user"}', "may not use the API"),
    ],
)
def test_a_refused_token_is_told(status: int, body: str, words: str) -> None:
    error = refused(status, body)
    assert isinstance(error, AuthenticationError)
    assert words in error.message
    assert "read_api" in error.hint
    assert error.status == status


def test_a_job_token_is_told_apart() -> None:
    error = refused(401, "", job_token=True)
    assert error is not None
    assert "job token" in error.message
    assert "group access token" in error.hint


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, ""),
        (403, '{"message":"403 Forbidden"}'),
        (403, '{"error":"insufficient_granular_scope"}'),
        (404, '{"message":"404 Project Not Found"}'),
        (500, "insufficient_scope"),
    ],
)
def test_other_answers_do_not_refuse_the_token(status: int, body: str) -> None:
    assert refused(status, body) is None


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_can_end_a_run_in_words(failure: Failure) -> None:
    error = fatal(ExchangeError(failure, "because", 599), URL)
    assert URL in error.message
    assert "because" in error.message
    assert error.status == 599
    assert error.hint


def _of(*causes: Exception) -> requests.ConnectionError:
    """An error as requests makes it of urllib3's."""
    return requests.ConnectionError(*causes)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (requests.ReadTimeout("slow"), Failure.TIMED_OUT),
        (_of(ReadTimeoutError(None, "/", "the body stopped")), Failure.TIMED_OUT),  # type: ignore[arg-type]
        (_of(ProtocolError("Connection aborted.", TimeoutError("write"))), Failure.TIMED_OUT),
        (requests.ConnectTimeout("slow"), Failure.UNREACHABLE),
        (requests.exceptions.ProxyError("no"), Failure.UNREACHABLE),
        (requests.exceptions.SSLError("wrong version"), Failure.UNREACHABLE),
        (_of(MaxRetryError(None, "/", NewConnectionError(None, "refused"))), Failure.UNREACHABLE),  # type: ignore[arg-type]
        (
            requests.exceptions.SSLError(
                "certificate verify failed: x [CERTIFICATE_VERIFY_FAILED]"
            ),
            Failure.UNTRUSTED,
        ),
        (requests.exceptions.ChunkedEncodingError("cut"), Failure.CONNECTION),
        (_of(ProtocolError("Connection aborted.", ConnectionResetError())), Failure.CONNECTION),
    ],
)
def test_errors_below_http_are_told_apart(
    error: requests.RequestException, failure: Failure
) -> None:
    assert from_requests(error).failure is failure


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://GitLab.Example.com/x", ("https", "gitlab.example.com", 443)),
        ("http://h:8080", ("http", "h", 8080)),
        ("http://h", ("http", "h", 80)),
        ("", None),
        ("gitlab.example.com", None),
        ("https://h:x/", None),
        ("https://h:99999/", None),
        ("http://[::1/", None),
        ("https:///path", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: tuple[str, str, int] | None) -> None:
    assert origin_of(url) == origin


def test_what_has_no_origin_equals_nothing() -> None:
    assert same_origin("https://h/a", "https://H:443/b")
    assert not same_origin("", "")
    assert not same_origin("https://h:x/", "https://h:x/")


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:3", True),
        ("http://gitlab.example.com", False),
        ("http://localhost.evil.example", False),
    ],
)
def test_loopback_is_this_machine(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def test_bodies_are_read_as_bytes_of_json() -> None:
    check_answer(Said(content=json.dumps({"name": "é\u202e"}).encode()), URL)
