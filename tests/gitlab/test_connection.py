"""The one session of both APIs: one origin, one table of retries, no token in any text."""

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from scopelint.collect.rest_reader import RestReader
from scopelint.errors import (
    AuthenticationError,
    GitLabError,
    OriginError,
    ScopelintError,
    UnexpectedAnswerError,
)
from scopelint.gitlab import graphql
from scopelint.gitlab.ask import UnreadableError
from scopelint.gitlab.capabilities import Capabilities
from scopelint.gitlab.connection import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    USER_AGENT,
    Connection,
    Server,
)
from scopelint.gitlab.graphql import (
    FineGrainedTokenError,
    InvalidQueryError,
    TooMuchError,
)
from scopelint.gitlab.retry import FIRST_CONTACT, ExchangeError, Failure
from scopelint.gitlab.values import FormError
from scopelint.model import Project
from scopelint.snapshot import Filters, Listed
from scopelint.text import Secret
from scopelint_simulator import Faults
from tests.collect.kit import TOKEN, Scripted, company, connect, hurried, serve

SECRET = "glpat-very-secret-token"
QUERY = "query { currentUser { username } }"
Reply = tuple[int, Mapping[str, str], bytes]


def always(status: int, body: bytes, **headers: str) -> Callable[..., Reply]:
    """A script that says one thing."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: (status, named, body)


def rest_reader(connection: Connection) -> RestReader:
    return RestReader(connection, Filters(), Capabilities("18.5.0"))


def ask_both(connection: Connection) -> list[BaseException]:
    """Ask once by each API and return what was raised."""
    raised: list[BaseException] = []
    for ask in (
        lambda: graphql.run(connection, QUERY, {}),
        lambda: rest_reader(connection).effective(7),
    ):
        with pytest.raises((ScopelintError, ExchangeError, TooMuchError)) as caught:
            ask()
        raised.append(caught.value)
    return raised


# Where the token goes


@pytest.mark.parametrize("oauth", [False, True])
def test_the_token_is_sent_in_its_header(oauth: bool) -> None:
    answer = always(200, b'{"data":{},"inbound_enabled":true}')
    with Scripted(answer) as server, connect(server.url, SECRET, oauth=oauth) as connection:
        graphql.run(connection, QUERY, {})
        assert rest_reader(connection).effective(7) is True
    assert [(method, path) for method, path, _ in server.requests] == [
        ("POST", "/api/graphql"),
        ("GET", "/api/v4/projects/7/job_token_scope"),
    ]
    for _, _, headers in server.requests:
        assert headers["user-agent"] == USER_AGENT
        assert headers.get("authorization") == (f"Bearer {SECRET}" if oauth else None)
        assert headers.get("private-token") == (None if oauth else SECRET)


def test_no_token_is_no_header() -> None:
    with Scripted(always(200, b'{"data":{}}')) as server, connect(server.url, "") as connection:
        graphql.run(connection, QUERY, {})
    assert not {"private-token", "authorization"} & server.requests[0][2].keys()


def test_a_relative_root_is_kept() -> None:
    with serve(company(), root="/gitlab") as simulator, connect(simulator.url) as connection:
        assert graphql.run(connection, QUERY, {}).data["currentUser"]["username"] == "bot"
        assert rest_reader(connection).effective(101) is True
        assert all(line.path.startswith("/gitlab/api/") for line in simulator.log)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_a_second_server_never_reaches_it(status: int) -> None:
    with Scripted(always(200, b'{"data":{}}')) as second:
        script = always(status, b"", Location=f"{second.url}/api/graphql")
        with Scripted(script) as first, connect(first.url, SECRET) as connection:
            for error in ask_both(connection):
                assert isinstance(error, OriginError)
                assert second.url in str(error)
            assert len(first.requests) == 2
        assert second.requests == []


def test_a_simulators_redirect_never_shows_the_token_elsewhere() -> None:
    with serve(company()) as second:
        with serve(company(), faults=Faults(redirect_to=f"{second.url}/api/graphql")) as first:
            with connect(first.url) as connection:
                assert all(isinstance(error, OriginError) for error in ask_both(connection))
            assert first.tokens_seen == {TOKEN}
        assert second.tokens_seen == set()
        assert second.log == []


def test_a_redirect_at_the_same_place_is_not_followed() -> None:
    with (
        Scripted(always(302, b"", Location="/users/sign_in")) as server,
        connect(server.url, SECRET) as connection,
    ):
        assert all(isinstance(error, UnexpectedAnswerError) for error in ask_both(connection))
    assert len(server.requests) == 2


def test_a_next_page_elsewhere_is_not_followed() -> None:
    with Scripted(always(200, b"[]")) as second:
        link = f'<{second.url}/api/v4/groups/1/projects?page=2>; rel="next"'
        script = always(200, b"[]", Link=link)
        with Scripted(script) as first, connect(first.url, SECRET) as connection:
            with pytest.raises(OriginError, match="another origin") as caught:
                rest_reader(connection).read([Listed(Project(7, "acme/x"))])
            assert second.url in caught.value.message
        assert second.requests == []


@pytest.mark.parametrize(
    "url", ["http://evil.example/x", "https://127.0.0.1/x", "file:///etc/passwd"]
)
def test_the_session_sends_nothing_to_another_origin(url: str) -> None:
    with connect("http://127.0.0.1:9", SECRET) as connection:
        session = connection.rest.session
        request = requests.Request("GET", "http://127.0.0.1:9/x").prepare()
        request.url = url
        with pytest.raises(OriginError):
            session.send(request)
    assert connection.retrier.stats.requests == 0


# What is told apart


def test_a_sign_in_page_is_named() -> None:
    with (
        serve(company(), faults=Faults(html_sign_in=True)) as simulator,
        connect(simulator.url) as connection,
    ):
        for error in ask_both(connection):
            assert isinstance(error, UnexpectedAnswerError)
            assert simulator.url in error.message
            assert "sign-in page" in error.hint
        assert connection.retrier.stats.requests == 2


def test_a_wrong_token_is_named() -> None:
    with serve(company()) as simulator:
        for token in ("glpat-wrong", "t-old"):
            with connect(simulator.url, token) as connection:
                for error in ask_both(connection):
                    assert isinstance(error, AuthenticationError)
                    assert "wrong, expired or revoked" in error.message
                assert connection.retrier.stats.requests == 2


def test_too_small_a_scope_is_named() -> None:
    with serve(company()) as simulator, connect(simulator.url, "t-small") as connection:
        by_graphql, by_rest = ask_both(connection)
        assert isinstance(by_graphql, AuthenticationError)
        assert isinstance(by_rest, AuthenticationError)
        assert "insufficient_scope" in by_rest.message


def test_a_job_token_is_named_where_gitlab_refuses_it() -> None:
    with serve(company()) as simulator, connect(simulator.url, "glcbt-job") as connection:
        for error in ask_both(connection):
            assert isinstance(error, AuthenticationError)
            assert "job token" in error.message
            assert "group access token" in error.hint


def test_no_graphql_is_named() -> None:
    with Scripted(always(404, b"{}")) as server, connect(server.url, SECRET) as connection:
        with pytest.raises(GitLabError, match="is not there") as caught:
            graphql.run(connection, QUERY, {})
        assert "--url" in caught.value.hint
        assert caught.value.status == 404


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"errors":[{"message":"Query has complexity of 301, which exceeds max complexity of 250"}]}', TooMuchError),
        (200, b'{"errors":[{"message":"Query has depth of 21, which exceeds max depth of 20"}]}', TooMuchError),
        (422, b'{"errors":[{"message":"Query too large"}]}', TooMuchError),
        (503, b'{"errors":[{"message":"Request timed out. Please try less"}]}', TooMuchError),
        (200, b"{\"errors\":[{\"message\":\"Field 'x' doesn't exist on type 'Project'\"}]}", InvalidQueryError),
        (200, b"{\"errors\":[{\"message\":\"Field 'projects' doesn't accept argument 'archived'\"}]}", InvalidQueryError),
        (200, b"{\"errors\":[{\"message\":\"No such type X, so it can't be a fragment condition\"}]}", InvalidQueryError),
        (200, b'{"errors":[{"message":"This operation doesn\'t support fine-grained personal access tokens"}]}', FineGrainedTokenError),
        (403, b'{"error":"insufficient_granular_scope"}', FineGrainedTokenError),
        (200, b'{"errors":[{"message":"something"}]}', GitLabError),
        (200, b'{"errors":null,"data":null}', FormError),
        (200, b"{}", FormError),
        (200, b"[]", FormError),
        (200, b"7", FormError),
        (403, b'{"errors":[{"message":"API not accessible for user"}]}', AuthenticationError),
        (400, b"{}", GitLabError),
        (422, b'{"errors":[{"message":"Variables are invalid JSON"}]}', GitLabError),
    ],
)  # fmt: skip
def test_graphql_failures_are_told_apart(status: int, body: bytes, kind: type[Exception]) -> None:
    with Scripted(always(status, body)) as server, connect(server.url, SECRET) as connection:
        with pytest.raises(kind) as caught:
            graphql.run(connection, QUERY, {})
        assert type(caught.value) is kind
        assert len(server.requests) == 1


def test_partial_data_comes_with_its_errors() -> None:
    body = (
        b'{"data":{"a":null},"errors":[{"message":"Timeout on Query.a","path":["a"]},'
        b'{"message":"does not exist or you don\'t have permission to perform this action","path":["a","b",0]},'
        b'{"message":"no path"}]}'
    )
    with Scripted(always(200, body)) as server, connect(server.url, SECRET) as connection:
        result = graphql.run(connection, QUERY, {})
    assert result.data == {"a": None}
    timeout, forbidden, other = result.errors
    assert (timeout.path, timeout.timed_out, timeout.forbidden) == (("a",), True, False)
    assert (forbidden.path, forbidden.timed_out, forbidden.forbidden) == (
        ("a", "b", 0),
        False,
        True,
    )
    assert other.path == ()


@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (403, b'{"message":"403 Forbidden"}', "forbidden", "below Maintainer"),
        (403, b'{"error":"insufficient_granular_scope"}', "forbidden", "fine-grained"),
        (404, b'{"message":"404 Project Not Found"}', "not_found", "not visible"),
        (200, b"{}", "error", "without the setting"),
        (200, b'{"inbound_enabled":null}', "error", "without the setting"),
    ],
)
def test_what_rest_refuses_is_one_things_gap(
    status: int, body: bytes, reason: str, words: str
) -> None:
    with Scripted(always(status, body)) as server, connect(server.url, SECRET) as connection:
        with pytest.raises(UnreadableError) as caught:
            rest_reader(connection).effective(7)
        assert caught.value.reason == reason
        assert words in caught.value.detail


def test_other_rest_failures_end_the_run() -> None:
    with (
        Scripted(always(418, b'{"error":"418 Teapot"}')) as server,
        connect(server.url, SECRET) as connection,
        pytest.raises(GitLabError, match="answered HTTP 418: 418 Teapot"),
    ):
        rest_reader(connection).effective(7)


def test_a_rest_answer_that_is_a_list_is_no_object() -> None:
    with (
        Scripted(always(200, b"[]")) as server,
        connect(server.url, SECRET) as connection,
        pytest.raises(FormError, match="is no object"),
    ):
        rest_reader(connection).effective(7)


def test_a_place_without_gitlab_is_named() -> None:
    with (
        Scripted(always(404, b"<html>", Content_Type="text/html")) as server,
        connect(server.url, SECRET) as connection,
        pytest.raises(GitLabError, match="has no GitLab API") as caught,
    ):
        RestReader(connection, Filters())
    assert "--url" in caught.value.hint


def test_a_fine_grained_token_may_be_kept_from_the_version() -> None:
    with (
        Scripted(always(403, b'{"error":"insufficient_granular_scope"}')) as server,
        connect(server.url, SECRET) as connection,
    ):
        reader = RestReader(connection, Filters())
    assert reader.caps.version == (0, 0)
    assert not reader.administrator


def test_nobody_there_is_a_failure_of_the_connection() -> None:
    with connect("http://127.0.0.1:1", SECRET) as connection:
        for error in ask_both(connection):
            assert isinstance(error, ExchangeError)
            assert error.failure is Failure.UNREACHABLE
            assert SECRET not in str(error)


# Retries are ours alone


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520])
def test_each_client_leaves_retries_to_the_matrix(status: int) -> None:
    for ask in (
        lambda connection: graphql.run(connection, QUERY, {}),
        lambda connection: rest_reader(connection).effective(7),
    ):
        replies: list[Reply] = [
            (status, {"Content-Type": "text/html"}, b"<html>"),
            (status, {}, b""),
            (200, {}, b'{"data":{},"inbound_enabled":false}'),
        ]
        with (
            Scripted(lambda *_, replies=replies: replies.pop(0)) as server,
            connect(server.url, SECRET) as connection,
        ):
            ask(connection)
            assert len(server.requests) == 3
            assert connection.retrier.stats.retries == 2


def test_a_closed_connection_sends_nothing_more() -> None:
    with Scripted(always(200, b'{"data":{}}')) as server:
        with connect(server.url, SECRET) as connection:
            graphql.run(connection, QUERY, {})
        with pytest.raises(ExchangeError):
            graphql.run(connection, QUERY, {})
    assert len(server.requests) == 1


# No text shows the token


def test_no_text_of_a_connection_shows_the_token() -> None:
    server = Server("https://gitlab.example.com", Secret(SECRET), oauth=True)
    connection = Connection(server, hurried())
    try:
        assert SECRET not in f"{server!r} {server!s} {connection!r} {connection!s}"
    finally:
        connection.close()


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 422, 500, 503])
def test_an_answer_that_repeats_the_token_does_not_spread_it(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = f"your header was PRIVATE-TOKEN: {SECRET}"
    body = f'{{"errors":[{{"message":"{told}"}}],"message":"{told}"}}'.encode()
    with Scripted(always(status, body)) as server, connect(server.url, SECRET) as connection:
        for error in ask_both(connection):
            chain: BaseException | None = error
            while chain is not None:
                assert SECRET not in f"{chain!s} {chain!r}"
                chain = chain.__cause__ or (
                    None if chain.__suppress_context__ else chain.__context__
                )
    assert SECRET not in caplog.text


def test_the_log_names_requests_without_their_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(company()) as simulator, connect(simulator.url) as connection:
        graphql.run(connection, QUERY, {})
        rest_reader(connection).effective(101)
    ours = [record for record in caplog.records if record.name.startswith("scopelint")]
    assert any("/api/graphql" in record.getMessage() for record in ours)
    assert any("/projects/101/job_token_scope" in record.getMessage() for record in ours)
    for record in caplog.records:
        assert TOKEN not in record.getMessage()
        assert TOKEN not in repr(record.args)


# TLS


@pytest.mark.parametrize(
    ("options", "verify"),
    [({}, True), ({"ca_file": "/ca.pem"}, "/ca.pem"), ({"insecure": True, "ca_file": "/x"}, False)],
)
def test_certificates_are_checked_unless_told_otherwise(
    options: dict[str, Any], verify: bool | str
) -> None:
    assert Server("https://h", Secret("x"), **options).verify == verify


def test_one_setting_of_tls_and_timeouts_holds_for_both_apis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    sent: list[dict[str, Any]] = []

    class Noting(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **kwargs: Any) -> Any:
            sent.append(kwargs)
            raise requests.ConnectTimeout("noted")

    for options in ({}, {"insecure": True}):
        with connect("https://127.0.0.1:1", SECRET, **options) as connection:
            connection.rest.session.mount("https://", Noting())
            ask_both(connection)
    assert len(sent) == 4 * FIRST_CONTACT
    assert {each["timeout"] for each in sent} == {(CONNECT_TIMEOUT, READ_TIMEOUT)}
    half = len(sent) // 2
    assert [each["verify"] for each in sent] == [True] * half + [False] * half


def test_a_password_of_the_netrc_file_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login robot password from-the-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    answer = always(200, b'{"data":{},"inbound_enabled":true}')
    for token in (SECRET, ""):
        with Scripted(answer) as server, connect(server.url, token) as connection:
            graphql.run(connection, QUERY, {})
            rest_reader(connection).effective(7)
        assert len(server.requests) == 2
        assert all("authorization" not in headers for _, _, headers in server.requests)


def test_cookies_are_not_kept() -> None:
    """A session's cookies are what threads may not share."""
    answer = always(200, b'{"data":{},"inbound_enabled":true}', Set_Cookie="a=b; Path=/")
    with Scripted(answer) as server, connect(server.url, SECRET) as connection:
        for _ in range(2):
            graphql.run(connection, QUERY, {})
            rest_reader(connection).effective(7)
    assert len(server.requests) == 4
    assert all("cookie" not in headers for _, _, headers in server.requests)


def test_many_threads_share_one_session() -> None:
    """As many requests at once as `-j` allows, by both APIs, each with its own answer."""
    found: list[object] = []

    def read(connection: Connection, number: int) -> None:
        for _ in range(5):
            data = graphql.run(connection, QUERY, {}).data
            found.append(
                (data["currentUser"]["username"], rest_reader(connection).effective(number))
            )

    with serve(company()) as simulator, connect(simulator.url) as connection:
        threads = [threading.Thread(target=read, args=(connection, 101)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [("bot", True)] * 80
        assert connection.retrier.stats.requests == 160
        assert connection.retrier.stats.retries == 0


@pytest.mark.parametrize("location", ["http://[::1/", "https://:x@:y/", "\x7f", "://"])
def test_a_redirect_to_what_is_no_address_ends_at_once(location: str) -> None:
    script = always(302, b"", Location=location)
    with Scripted(script) as server, connect(server.url, SECRET) as connection:
        for error in ask_both(connection):
            assert isinstance(error, OriginError | UnexpectedAnswerError)
        assert len(server.requests) == 2
