"""What a server may send: bounded in size, stopped while it unpacks, and never the disk's fault."""

import gzip
import json
import time
import zlib
from collections.abc import Mapping

import pytest

from scopelint.errors import GitLabError, OriginError, ScopelintError, UnexpectedAnswerError
from scopelint.gitlab import values
from scopelint.gitlab.retry import ExchangeError, Failure
from tests.collect.instances import APIS
from tests.collect.kit import Script, Scripted, collected, connect


def always(status: int, body: bytes, **headers: str) -> Script:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: (status, named, body)


def bomb(size: int) -> bytes:
    """Unpacks to so many bytes of JSON."""
    return gzip.compress(b'["' + b"a" * size + b'"]', 1)


def refusal(script: Script) -> ExchangeError:
    with Scripted(script) as server, connect(server.url) as connection:
        with pytest.raises(ExchangeError) as by_graphql:
            connection.post_graphql({"query": "query X {}"})
        with pytest.raises(ExchangeError) as by_rest:
            connection.rest.http_request("get", "/version", obey_rate_limit=False)
        assert len(server.requests) == 2
        assert by_graphql.value.failure is by_rest.value.failure is Failure.MALFORMED
        assert f"the answer of {server.url}" in str(by_graphql.value)
    return by_rest.value


def test_a_body_over_the_bound_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MAX_BYTES", 2**20)
    error = refusal(always(200, b'["' + b"a" * 2**21 + b'"]'))
    assert "larger than 1 MiB" in str(error)


def test_a_body_within_the_bound_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MAX_BYTES", 2**20)
    script = always(200, bomb(2**20 - 10), Content_Encoding="gzip")
    with Scripted(script) as server, connect(server.url) as connection:
        answer = connection.rest.http_request("get", "/version", obey_rate_limit=False)
        assert len(answer.content) == 2**20 - 6


@pytest.mark.slow
def test_a_gzip_bomb_is_stopped_while_it_unpacks() -> None:
    packed = bomb(200 * 2**20)
    assert len(packed) < 2**20
    error = refusal(always(200, packed, Content_Encoding="gzip"))
    assert "larger than 64 MiB" in str(error)


def test_a_bomb_in_a_bomb_is_not_unpacked() -> None:
    twice = zlib.compress(bomb(2**20), 9)
    error = refusal(always(200, twice, Content_Encoding="gzip, deflate"))
    assert "more than once" in str(error)


@pytest.mark.parametrize("status", [200, 403, 404, 502])
def test_a_deep_body_is_no_recursion_whatever_the_status(status: int) -> None:
    with Scripted(always(status, b"[" * 5000 + b"]" * 5000)) as server:
        for api in APIS:
            with pytest.raises(ScopelintError) as caught:
                collected(server.url, api=api)
            assert server.url in str(caught.value)


@pytest.mark.parametrize("body", [b'{"data": [1]}', b'{"data": {"metadata": 7}}', b"[]", b"7"])
def test_a_first_answer_of_another_form_names_the_server(body: bytes) -> None:
    with Scripted(always(200, body)) as server:
        for api in APIS:
            with pytest.raises((UnexpectedAnswerError, GitLabError)) as caught:
                collected(server.url, api=api)
            assert server.url in caught.value.message
            assert "disk" not in f"{caught.value.message} {caught.value.hint}"


LOCATIONS = [
    "http://[::1",
    "http://[",
    "::::",
    "http://h:99999999/",
    "%zz",
    "http://a b/",
    "",
    "//",
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_location_that_is_no_url_ends_the_run_at_once(location: str) -> None:
    asked: list[Mapping[str, str]] = []

    def script(
        _: str, __: str, headers: Mapping[str, str], ___: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        asked.append(headers)
        return 302, {"Location": location}, b"{}"

    with Scripted(script) as server:
        for number, api in enumerate(APIS, 1):
            started = time.monotonic()
            with pytest.raises((OriginError, UnexpectedAnswerError)) as caught:
                collected(server.url, api=api)
            assert caught.value.exit_code == 4
            assert len(asked) == number
            assert time.monotonic() - started < 10


def test_what_a_server_says_of_a_refusal_may_be_any_json() -> None:
    answers: tuple[object, ...] = (None, 7, [], {"message": {"a": [1]}}, {"error": 5}, "x")
    for said in answers:
        with (
            Scripted(always(400, json.dumps(said).encode())) as server,
            pytest.raises(GitLabError, match="HTTP 400"),
        ):
            collected(server.url, api="rest")
