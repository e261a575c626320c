"""The clients that are compared, each run in a process of its own; prints one JSON object.

python benchmarks/clients.py scopelint|bare|python-gitlab URL [--usage] [--limit N] [-j N]
"""

import argparse
import json
import queue
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

TOKEN = "glpat-benchmark"
GROUP = "acme"


def scopelint(url: str, given: argparse.Namespace) -> dict[str, Any]:
    """Collect the group into a snapshot."""
    from scopelint.collect.collection import collect
    from scopelint.collect.reader import TargetRef
    from scopelint.collect.request import CollectRequest
    from scopelint.gitlab.connection import Connection, Server
    from scopelint.model import READ_BY_DEFAULT
    from scopelint.snapshot import Filters, Snapshot
    from scopelint.text import Secret

    request = CollectRequest(
        (TargetRef("group", GROUP),),
        Filters(usage=given.usage),
        concurrency=given.concurrency,
        needed=READ_BY_DEFAULT if given.levels else frozenset(),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot"
        started = time.perf_counter()
        connection = Connection(Server(url, Secret(TOKEN)))
        collect(connection, request, path)
        seconds = time.perf_counter() - started
        connection.close()
        with Snapshot(path) as snapshot:
            return {
                "seconds": seconds,
                "requests": connection.retrier.stats.requests,
                "projects": snapshot.count("read"),
            }


class Bare:
    """Sends the collector's own queries, decodes the JSON, and keeps nothing: the limit.

    The pages of the enumeration come one after the other, as cursors make them; the details of
    each are asked for as soon as its ids are known. Never more than `concurrency` at once.
    """

    def __init__(self, url: str, concurrency: int) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        self._client = requests.Session()
        self._client.trust_env = False
        self._client.headers["PRIVATE-TOKEN"] = TOKEN
        self._client.mount("http://", HTTPAdapter(pool_maxsize=concurrency))
        self._url = f"{url}/api/graphql"
        self._jobs: queue.LifoQueue[Any] = queue.LifoQueue()
        self._threads = [threading.Thread(target=self._work) for _ in range(concurrency)]
        self._lock = threading.Lock()
        self.requests = self.projects = 0

    def post(self, text: str, variables: dict[str, Any]) -> Any:
        """Send one query and decode the answer."""
        with self._lock:
            self.requests += 1
        answer = self._client.post(
            self._url, json={"query": text, "variables": variables}, timeout=600
        )
        return json.loads(answer.content)["data"]

    def run(self) -> None:
        """Fetch every page."""
        from scopelint.gitlab import queries
        from scopelint.gitlab.capabilities import Capabilities

        text, variables = queries.preflight([GROUP], [])
        caps = Capabilities.from_data(self.post(text, variables))
        details = queries.details(caps, usage=False)

        def turn(cursor: str | None) -> None:
            text = queries.group_projects(caps, first_page=cursor is None)
            page = self.post(text, {"path": GROUP, "after": cursor})["group"]["projects"]
            ids = [queries.number(node["id"]) for node in page["nodes"]]
            self._jobs.put(lambda: self._details(details, queries.by_ids("Project", ids)))
            if page["pageInfo"]["hasNextPage"]:
                self._jobs.put(lambda: turn(page["pageInfo"]["endCursor"]))

        def groups(cursor: str | None) -> None:
            text = queries.descendant_groups(caps, first_page=cursor is None)
            page = self.post(text, {"path": GROUP, "after": cursor})["group"]["descendantGroups"]
            if page["pageInfo"]["hasNextPage"]:
                self._jobs.put(lambda: groups(page["pageInfo"]["endCursor"]))

        self._jobs.put(lambda: groups(None))
        self._jobs.put(lambda: turn(None))
        for thread in self._threads:
            thread.start()
        self._jobs.join()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _details(self, text: str, variables: dict[str, Any]) -> None:
        nodes = self.post(text, variables)["projects"]["nodes"]
        with self._lock:
            self.projects += len(nodes)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            finally:
                self._jobs.task_done()


def bare(url: str, given: argparse.Namespace) -> dict[str, Any]:
    """Fetch the same pages and throw them away."""
    started = time.perf_counter()
    client = Bare(url, given.concurrency)
    client.run()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "requests": client.requests, "projects": client.projects}


def python_gitlab(url: str, given: argparse.Namespace) -> dict[str, Any]:
    """Do what a plain script does: list the projects, then three reads for each, in turn."""
    import gitlab

    requests = 0

    class Counting(gitlab.Gitlab):
        def http_request(self, *args: Any, **options: Any) -> Any:
            nonlocal requests
            requests += 1
            return super().http_request(*args, **options)

    client = Counting(url, private_token=TOKEN, keep_base_url=True, per_page=100)
    started = time.perf_counter()
    count = 0
    for listed in client.groups.get(GROUP, lazy=True).projects.list(
        iterator=True, include_subgroups=True
    ):
        scope = client.projects.get(listed.id, lazy=True).job_token_scope.get()
        scope.allowlist.list(get_all=True)
        scope.groups_allowlist.list(get_all=True)
        count += 1
        if count == given.limit:
            break
    return {"seconds": time.perf_counter() - started, "requests": requests, "projects": count}


CLIENTS = {"scopelint": scopelint, "bare": bare, "python-gitlab": python_gitlab}


def main() -> None:
    """Run one client."""
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("url")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--usage", action="store_true")
    parser.add_argument("--levels", action="store_true", help="access levels of features too")
    parser.add_argument("-j", "--concurrency", type=int, default=8)
    given = parser.parse_args()
    found = CLIENTS[given.client](given.url, given)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found | {"mib": mib}))


if __name__ == "__main__":
    main()
