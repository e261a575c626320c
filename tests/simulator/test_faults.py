"""Faults on demand, each seen from a client."""

import time

import pytest
import requests

from scopelint_simulator import Faults
from scopelint_simulator.context import TIMED_OUT
from tests.simulator import kit

SETTINGS = (
    'query($n:Int){group(fullPath:"acme"){projects(includeSubgroups:true,first:$n)'
    "{nodes{ciCdSettings{inboundJobTokenScopeEnabled}}}}}"
)


def statuses(client: kit.Client, count: int, path: str = "/version") -> list[int]:
    """The status of each of `count` requests; 0 where none came, -1 where it broke off."""
    found = []
    for _ in range(count):
        try:
            found.append(client.rest("GET", path).status_code)
        except requests.ConnectionError:
            found.append(0)
        except requests.exceptions.ChunkedEncodingError:
            found.append(-1)
    return found


def test_none_by_default() -> None:
    with kit.serve() as world:
        client = world.client()
        assert statuses(client, 20) == [200] * 20
        assert not [name for name in client.rest("GET", "/user").headers if "ratelimit" in name]


def test_errors_with_an_html_body() -> None:
    with kit.serve(faults=Faults(error_rate=0.5, error_status=503, seed=3)) as world:
        client = world.client()
        first = statuses(client, 40)
        assert set(first) == {200, 503}
        assert 10 <= first.count(503) <= 30
        world.simulator.faults = Faults(error_rate=0.5, error_status=503, seed=3)
        assert statuses(client, 40) == first, "the seed decides"
        world.simulator.faults = Faults(error_rate=1)
        answer = client.rest("GET", "/user")
        assert answer.status_code == 502
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.text.startswith("<!DOCTYPE html>")


def test_dropped_and_truncated_answers() -> None:
    with kit.serve(faults=Faults(drop_rate=1)) as world:
        client = world.client()
        assert statuses(client, 3) == [0, 0, 0]
        world.simulator.faults = Faults(truncate_rate=1)
        assert statuses(client, 3) == [-1, -1, -1]
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.graphql("{metadata{version}}")
        world.simulator.faults = Faults(drop_rate=0.3, truncate_rate=0.3, seed=1)
        assert set(statuses(client, 40)) == {200, 0, -1}


def test_a_dropped_write_was_not_done() -> None:
    with kit.serve(faults=Faults(drop_rate=1)) as world:
        with pytest.raises(requests.ConnectionError):
            world.client("t-write").rest("DELETE", "/projects/101/job_token_scope/allowlist/103")
        assert world.simulator.counts["writes"] == 0


def test_latency() -> None:
    with kit.serve(faults=Faults(latency=0.05)) as world:
        client = world.client()
        client.get("/version")
        started = time.monotonic()
        client.get("/version")
        assert time.monotonic() - started >= 0.05
        world.simulator.faults = Faults(latency_per_project=0.03)
        started = time.monotonic()
        client.data(SETTINGS, n=4)
        assert time.monotonic() - started >= 0.12


def test_time_out_above_a_page_size() -> None:
    """doc/api/graphql/_index.md, limits; GitLab answers 503 where a statement is cancelled."""
    with kit.serve(faults=Faults(max_page=2)) as world:
        client = world.client()
        answer = client.http.post("api/graphql", json={"query": SETTINGS, "variables": {"n": 3}})
        assert answer.status_code == 503
        assert answer.json() == {"errors": [{"message": TIMED_OUT}]}
        assert len(client.data(SETTINGS, n=2)["group"]["projects"]["nodes"]) == 2
        plain = '{group(fullPath:"acme"){projects(includeSubgroups:true){nodes{id}}}}'
        assert len(client.data(plain)["group"]["projects"]["nodes"]) == 4


def test_rate_limit() -> None:
    """doc/administration/settings/user_and_ip_rate_limits.md: plain text, headers."""
    with kit.serve(faults=Faults(rate_limit=3)) as world:
        client = world.client()
        answers = [client.rest("GET", "/version") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        limited = answers[-1]
        assert limited.text == "Retry later\n"
        assert limited.headers["content-type"] == "text/plain"
        assert 1 <= int(limited.headers["retry-after"]) <= 61
        reset = int(limited.headers["ratelimit-reset"])
        assert 0 < reset - time.time() <= 62
        assert limited.headers["ratelimit-resettime"].endswith("GMT")
        assert client.http.post("api/graphql", json={"query": "{a}"}).status_code == 429


def test_rate_limit_without_headers_and_its_window() -> None:
    faults = Faults(rate_limit=2, rate_limit_headers=False, rate_window=0.2)
    with kit.serve(faults=faults) as world:
        client = world.client()
        assert statuses(client, 3) == [200, 200, 429]
        limited = client.rest("GET", "/version")
        assert limited.status_code == 429
        assert not [name for name in limited.headers if "retry" in name or "ratelimit" in name]
        time.sleep(0.25)
        assert statuses(client, 1) == [200]


def test_sign_in_page() -> None:
    with kit.serve(faults=Faults(html_sign_in=True)) as world:
        client = world.client()
        for answer in (client.rest("GET", "/user"), client.http.post("api/graphql", json={})):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
            assert "sign_in" in answer.text


def test_redirect() -> None:
    target = "http://127.0.0.1:9/elsewhere"
    with kit.serve(faults=Faults(redirect_to=target)) as world:
        client = world.client()
        for answer in (client.rest("GET", "/user"), client.http.post("api/graphql", json={})):
            assert (answer.status_code, answer.headers["location"]) == (302, target)


def test_only_some_paths() -> None:
    with kit.serve(faults=Faults(error_rate=1, only="/job_token_scope$")) as world:
        client = world.client()
        assert statuses(client, 2) == [200, 200]
        assert statuses(client, 2, "/projects/101/job_token_scope") == [502, 502]
        world.simulator.faults = Faults(max_page=1, only="^/nothing")
        assert client.data(SETTINGS, n=4)
