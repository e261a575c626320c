"""The server: where it listens, what it counts, how it starts and stops."""

import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from scopelint_simulator import Simulator, load_instance
from tests.simulator import kit


def instance_text() -> str:
    return kit.INSTANCE.replace("{gitlab}", "{}")


def test_url_before_the_start() -> None:
    simulator = Simulator(load_instance(instance_text()))
    with pytest.raises(RuntimeError, match="not started"):
        _ = simulator.url
    simulator.stop()


def test_start_and_stop() -> None:
    simulator = Simulator(load_instance(instance_text())).start()
    url = simulator.url
    assert requests.get(f"{url}/api/v4/projects", timeout=10).status_code == 200
    with requests.Session() as idle:
        idle.get(f"{url}/api/v4/projects")
        started = time.monotonic()
        simulator.stop()
        assert time.monotonic() - started < 1, "an idle connection holds nothing up"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/api/v4/projects", timeout=10)


def test_a_fixed_port_taken_twice() -> None:
    with kit.serve() as world:
        port = urlsplit(world.simulator.url).port
        assert port is not None
        with pytest.raises(OSError, match="in use"):
            Simulator(world.simulator.instance, port=port).start()


def test_listens_on_loopback_only() -> None:
    with kit.serve() as world:
        parts = urlsplit(world.simulator.url)
        assert parts.hostname == "127.0.0.1"
        assert parts.port is not None
        with socket.socket() as other:
            other.settimeout(1)
            assert other.connect_ex(("127.0.0.2", parts.port)) != 0


def test_relative_root() -> None:
    """doc/install/relative_url.md."""
    with kit.serve(root="/gitlab") as world:
        assert world.simulator.url.endswith("/gitlab")
        client = world.client()
        assert client.get("/projects/101")["web_url"] == f"{world.simulator.url}/acme/web/shop"
        answer = client.rest("GET", "/groups?per_page=1")
        assert client.http.get(answer.links["next"]["url"]).ok
        outside = world.simulator.url.removesuffix("/gitlab")
        assert requests.get(f"{outside}/api/v4/projects", timeout=10).status_code == 404
        assert requests.get(f"{outside}/gitlabber/api/v4/projects", timeout=10).status_code == 404


def test_pages_that_are_no_api() -> None:
    with kit.serve() as world:
        answer = requests.get(f"{world.simulator.url}/acme/web/shop", timeout=10)
        assert answer.headers["content-type"].startswith("text/html")
        assert world.simulator.counts["web"] == 1


def test_counts_log_and_tokens() -> None:
    with kit.serve() as world:
        simulator = world.simulator
        client = world.client("t-write")
        client.get("/projects/101/job_token_scope")
        client.rest("DELETE", "/projects/101/job_token_scope/allowlist/103")
        client.rest("DELETE", "/projects/101/job_token_scope/allowlist/103")
        client.data("query Meta{metadata{version}}")
        client.data("{queryComplexity{score}}")
        world.client("wrong").rest("GET", "/nope")
        assert simulator.counts["rest"] == 4
        assert simulator.counts["rest:GET /projects/:id/job_token_scope"] == 1
        delete = "DELETE /projects/:id/job_token_scope/allowlist/:target_project_id"
        assert simulator.counts[f"rest:{delete}"] == 2
        assert simulator.counts["writes"] == 1
        assert simulator.counts["graphql"] == 2
        assert [line.name for line in simulator.log if line.kind == "graphql"] == [
            "Meta",
            "queryComplexity",
        ]
        first = simulator.log[0]
        assert (first.method, first.path) == ("GET", "/api/v4/projects/101/job_token_scope")
        assert simulator.tokens_seen == {"t-write", "wrong"}
        simulator.reset_counts()
        assert not simulator.counts
        assert simulator.log == []
        assert simulator.tokens_seen == set()


def test_tokens_seen_in_every_header() -> None:
    with kit.serve() as world:
        client = world.client(None)
        for name, value in (
            ("PRIVATE-TOKEN", "one"),
            ("Authorization", "Bearer two"),
            ("JOB-TOKEN", "three"),
        ):
            client.rest("GET", "/user", headers={name: value})
        assert world.simulator.tokens_seen == {"one", "two", "three"}


def test_many_clients_at_once() -> None:
    with kit.serve() as world:
        found: list[int] = []

        def read() -> None:
            with kit.Http(world.simulator.url, "t-read") as http:
                for _ in range(10):
                    body = {"query": kit.MAIN, "variables": {"p": "acme", "n": 100}}
                    answer = http.post("api/graphql", json=body)
                    found.append(len(answer.json()["data"]["group"]["projects"]["nodes"]))

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [4] * 80
        assert world.simulator.counts["graphql"] == 80


def test_kept_alive_connections_answer_at_once() -> None:
    """Head and body in one write: else a delayed acknowledgement costs 40 ms a request."""
    with kit.serve() as world:
        client = world.client()
        client.get("/version")
        times = []
        for _ in range(9):
            started = time.monotonic()
            client.get("/version")
            times.append(time.monotonic() - started)
        assert sorted(times)[4] < 0.03


def test_silence_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with kit.serve() as world:
        parts = urlsplit(world.simulator.url)
        assert parts.port is not None
        with socket.create_connection(("127.0.0.1", parts.port)) as rude:
            rude.sendall(b"GET /api/v4/projects HTTP/1.1\r\nHost: x\r\n\r\n")
        with socket.create_connection(("127.0.0.1", parts.port)) as rude:
            rude.sendall(b"POST /api/graphql HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        world.client().get("/version")
    assert capfd.readouterr().err == ""


def test_an_error_of_its_own_is_a_500_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = Simulator(load_instance(instance_text()))

    def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(simulator, "answer", broken)
    with simulator:
        assert requests.get(f"{simulator.url}/api/v4/projects", timeout=10).status_code == 500
    assert "ZeroDivisionError" in simulator.crashes[0]
