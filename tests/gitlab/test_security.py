"""A collection only reads, and shows its token to one origin alone."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scopelint.collect.collection import collect
from scopelint.collect.request import Api, CollectRequest
from scopelint.errors import (
    AuthenticationError,
    OriginError,
    SnapshotError,
)
from scopelint.model import Fact
from scopelint.snapshot import Filters
from scopelint_simulator import Faults
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.instances import ACME, APIS
from tests.collect.kit import (
    ADMIN,
    TOKEN,
    collected,
    company,
    connect,
    intercept,
    serve,
    target_refs,
)

pytestmark = pytest.mark.slow

# Only reading


@pytest.mark.parametrize("version", ["16.11.0", "17.7.0", "19.3.0"])
@pytest.mark.parametrize("api", ["auto", "graphql", "rest"])
def test_only_gets_and_queries_are_sent(version: str, api: Api) -> None:
    with serve(company(version)) as simulator:
        bodies: list[bytes] = []
        intercept(simulator, before=lambda request: bodies.append(request.body))
        collected(simulator.url, "acme", "bot/own", api=api, filters=Filters(usage=True))
        collected(simulator.url, "instance", token=ADMIN, api=api)
        assert simulator.log
        for line in simulator.log:
            assert (line.method, line.kind) in {("GET", "rest"), ("POST", "graphql")}, line
        assert simulator.counts["writes"] == 0
    assert b"mutation" not in b"".join(bodies).lower()


# Tokens


def test_the_token_is_nowhere_but_in_the_header(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(company(enforce_inbound=True)) as simulator:
        for api in APIS:
            seen = collected(simulator.url, api=api)
            assert TOKEN.encode() not in seen.content
            assert len(seen.content) > 1000
        assert simulator.tokens_seen == {TOKEN}
        assert not any(TOKEN in line.path for line in simulator.log)
    assert TOKEN not in caplog.text


def test_a_server_that_repeats_the_token_does_not_bring_it_into_the_snapshot() -> None:
    secret = "glpat-very-secret-token"
    text = company().replace("t-maintainer", secret)
    with serve(text) as simulator:

        def repeat(request: Request, answer: Answer) -> None:
            if b"query Scopes" in request.body:
                answer.body = (
                    b'{"data":{"projects":{"nodes":[]}},"errors":[{"message":"Timeout '
                    + secret.encode()
                    + b'","path":["projects","nodes"]}]}'
                )

        intercept(simulator, after=repeat)
        seen = collected(simulator.url, "acme/web", token=secret)
    assert secret.encode() not in seen.content
    assert not seen.complete


def test_a_redirect_shows_the_token_to_nobody() -> None:
    with serve(company()) as second, serve(company()) as first:
        for api in APIS:
            for faults in (
                Faults(redirect_to=second.url),
                Faults(redirect_to=second.url, only="job_token_scope$|graphql"),
            ):
                first.faults = faults
                with pytest.raises(OriginError):
                    collected(first.url, api=api)
        assert second.tokens_seen == set()
        assert second.log == []


@pytest.mark.parametrize("api", ["auto", "graphql", "rest"])
@pytest.mark.parametrize("token", ["glpat-wrong", "t-old", "t-small", "glcbt-job"])
def test_a_token_that_is_refused_ends_the_run(token: str, api: Api) -> None:
    with serve(company()) as simulator, pytest.raises(AuthenticationError) as caught:
        collected(simulator.url, token=token, api=api)
    assert token not in f"{caught.value!s} {caught.value!r} {caught.value.hint}"


def test_an_oauth_token_reads_as_well() -> None:
    with serve(company()) as simulator:
        for api in APIS:
            assert set(collected(simulator.url, api=api, oauth=True).projects) == ACME


# Fine-grained tokens


def test_a_fine_grained_token_falls_back_to_rest(caplog: pytest.LogCaptureFixture) -> None:
    with serve(company(enforce_inbound=False)) as simulator:
        by_rest = collected(simulator.url, api="rest")
        seen = collected(simulator.url, token="t-fine", api="auto")
    assert seen.header.api == "rest"
    assert seen.projects == by_rest.projects
    assert seen.complete
    assert "reading by REST" in caplog.text


def test_a_fine_grained_token_is_refused_where_graphql_was_wanted() -> None:
    with (
        serve(company()) as simulator,
        pytest.raises(AuthenticationError, match="fine-grained") as caught,
    ):
        collected(simulator.url, token="t-fine", api="graphql")
    assert "--api rest" in caught.value.hint


def test_a_fine_grained_token_without_the_permission_is_a_gap() -> None:
    text = company().replace(
        "scopes: [read_job_token_scope, read_job_token_scope_allowlist]", "scopes: [read_project]"
    )
    with serve(text) as simulator:
        seen = collected(simulator.url, token="t-fine")
    assert len(seen.gaps_of(Fact.SCOPE)) == len(ACME)
    assert all("fine-grained" in gap.detail for gap in seen.gaps_of(Fact.SCOPE))


def test_a_snapshot_that_is_there_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.write_bytes(b"mine")
    with serve(company()) as simulator:
        for token in (TOKEN, "t-fine"):
            with (
                connect(simulator.url, token) as connection,
                pytest.raises(SnapshotError, match="already exists"),
            ):
                collect(connection, CollectRequest(target_refs("acme")), path)
            assert path.read_bytes() == b"mine"


def test_a_broken_off_fallback_goes_on_by_rest(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with serve(company()) as simulator:
        simulator.faults = Faults(error_rate=1.0, only="allowlist")
        with connect(simulator.url, "t-fine") as connection:
            collect(connection, CollectRequest(target_refs("acme")), path)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE meta SET value = 'null' WHERE key = 'finished_at'")
        simulator.faults = Faults()
        with connect(simulator.url, "t-fine") as connection:
            header = collect(connection, CollectRequest(target_refs("acme")), path, resume=True)
    assert header.api == "rest"
