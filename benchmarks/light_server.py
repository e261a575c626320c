"""A server that answers the collector's own queries for any number of projects, from no memory.

The simulator interprets every query with graphql-core and holds its instance; that is too slow and
too large to find the client's own limits. This one recognises the queries by their name, computes
each project from its number, and answers in under a millisecond. The form of its answers is the
simulator's (GitLab 19.3), byte for byte but for the values: the first query is answered by it.

    python benchmarks/light_server.py --projects 1000000
"""

import argparse
import asyncio
import json
from collections import Counter
from typing import Any

from scopelint_simulator import Simulator, load_instance
from scopelint_simulator.request import Request

PAGE = 100
TOKEN = "glpat-benchmark"
IN_A_GROUP = 50
"""Projects a group."""
ENTRIES = 3
"""Entries a project: one group, two projects."""
OPEN = 20
"""Every so many projects is open by its own flag."""
_INSTANCE = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [read_api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{id: 1, path: acme}}]
projects: [{{id: 1, path: acme/one}}]
"""


class Answers:
    """Answers GraphQL queries over `projects` computed projects."""

    def __init__(self, projects: int) -> None:
        self.projects = projects
        self.groups = max(1, projects // IN_A_GROUP)
        self.counts: Counter[str] = Counter()
        self._simulator = Simulator(load_instance(_INSTANCE))

    def graphql(self, body: bytes) -> bytes:
        """Answer one request body."""
        asked = json.loads(body)
        text: str = asked["query"]
        name = text[6 : text.index("(")].strip()
        variables: dict[str, Any] = asked["variables"]
        self.counts[name] += 1
        if name == "Projects":
            return self._listed(int(variables["after"] or 0)).encode()
        if name == "Scopes":
            nodes = ",".join(self._scope(int(gid[21:])) for gid in variables["ids"])
            head = '{"data":{"queryComplexity":{"score":117,"limit":250},"projects":{"nodes":['
            return f"{head}{nodes}]}}}}}}".encode()
        if name == "Groups":
            return self._listed_groups(int(variables["after"] or 0)).encode()
        return self._by_simulator(body)

    def _by_simulator(self, body: bytes) -> bytes:
        headers = {"private-token": TOKEN}
        request = Request("POST", "/api/graphql", {}, headers, body, "http://127.0.0.1")
        return self._simulator.answer(request, request.path)[0].body

    def _group_of(self, number: int) -> int:
        return (number - 1) % self.groups + 1

    def _path(self, number: int) -> str:
        return f"acme/group-{self._group_of(number):06d}/project-{number:07d}"

    def _page_info(self, done: int, total: int) -> str:
        more = "true" if done < total else "false"
        return f'"count":{total},"pageInfo":{{"hasNextPage":{more},"endCursor":"{done}"}}'

    def _listed(self, start: int) -> str:
        end = min(start + PAGE, self.projects)
        nodes = ",".join(
            f'{{"id":"gid://gitlab/Project/{i}","fullPath":"{self._path(i)}","archived":false}}'
            for i in range(start + 1, end + 1)
        )
        info = self._page_info(end, self.projects)
        return f'{{"data":{{"group":{{"projects":{{{info},"nodes":[{nodes}]}}}}}}}}'

    def _listed_groups(self, start: int) -> str:
        end = min(start + PAGE, self.groups)
        nodes = ",".join(self._group(i) for i in range(start + 1, end + 1))
        info = self._page_info(end, self.groups)
        itself = (
            '"id":"gid://gitlab/Group/1000000","fullPath":"acme","name":"acme",'
            '"visibility":"private","webUrl":"http://127.0.0.1/groups/acme",'
            '"markedForDeletionOn":null,"parent":null'
        )
        return (
            f'{{"data":{{"group":{{{itself},"descendantGroups":{{{info},"nodes":[{nodes}]}}}}}}}}'
        )

    def _group(self, number: int) -> str:
        name = f"group-{number:06d}"
        return (
            f'{{"id":"gid://gitlab/Group/{number}","fullPath":"acme/{name}","name":"{name}",'
            f'"visibility":"private","webUrl":"http://127.0.0.1/groups/acme/{name}",'
            '"markedForDeletionOn":null,"parent":{"id":"gid://gitlab/Group/1000000"}}'
        )

    def _scope(self, i: int) -> str:
        path, own = self._path(i), "false" if i % OPEN == 0 else "true"
        entry = (
            '"createdAt":"2025-03-04T05:06:07Z","autopopulated":false,"defaultPermissions":true,'
            '"jobTokenPolicies":[],"addedBy":{"username":"mia"}'
        )
        group = self._group_of(i * 7)
        projects = ",".join(
            f'{{"direction":"inbound",{entry},"target":{{"__typename":"CiJobTokenAccessibleProject",'
            f'"projectId":"gid://gitlab/Project/{other}","fullPath":"{self._path(other)}"}}}}'
            for other in (i * 31 % self.projects + 1, i * 17 % self.projects + 1)
        )
        info = '"pageInfo":{"hasNextPage":false,"endCursor":"Wy01MDNd"}'
        return (
            f'{{"id":"gid://gitlab/Project/{i}","fullPath":"{path}","name":"project-{i:07d}",'
            f'"webUrl":"http://127.0.0.1/{path}","visibility":"private","archived":false,'
            '"jobsEnabled":true,"lastActivityAt":"2026-01-01T04:09:00Z","markedForDeletionOn":null,'
            '"isSelfDeletionScheduled":false,"isSelfDeletionInProgress":false,'
            '"maxAccessLevel":{"integerValue":40},'
            f'"group":{{"id":"gid://gitlab/Group/{self._group_of(i)}"}},'
            f'"ciCdSettings":{{"inboundJobTokenScopeEnabled":{own},"jobTokenScopeEnabled":false,'
            '"pushRepositoryForJobTokenAllowed":false,"crossProjectPushForJobTokenAllowed":false},'
            f'"ciJobTokenScopeAllowlist":{{"groupsAllowlist":{{{info},"count":1,"nodes":['
            f'{{"direction":"inbound",{entry},"target":{{"__typename":"CiJobTokenAccessibleGroup",'
            f'"groupId":"gid://gitlab/Group/{group}","fullPath":"acme/group-{group:06d}"}}}}]}},'
            f'"projectsAllowlist":{{{info},"count":2,"nodes":[{projects}]}}}}}}'
        )


class Exchange(asyncio.Protocol):
    """One keep-alive connection: just enough HTTP/1.1 for this client."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            lines = head.lower().split(b"\r\n")
            lengths = (line[15:] for line in lines if line.startswith(b"content-length:"))
            total = end + 4 + int(next(lengths, b"0"))
            if len(self._buffer) < total:
                return
            body, self._buffer = self._buffer[end + 4 : total], self._buffer[total:]
            self._write(self._answer(head.split(b" ", 2)[:2], body))

    def _answer(self, start: list[bytes], body: bytes) -> bytes:
        method, path = start
        if method == b"POST" and path.endswith(b"/api/graphql"):
            return self._answers.graphql(body)
        if path.endswith(b"/job_token_scope"):
            self._answers.counts["rest"] += 1
            return b'{"inbound_enabled":false,"outbound_enabled":false}'
        if path == b"/counts":
            return json.dumps(self._answers.counts).encode()
        return b"{}"

    def _write(self, body: bytes) -> None:
        assert self._transport is not None
        head = (
            "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)


async def serve(projects: int) -> None:
    """Listen on a free port of 127.0.0.1, say which on stdout, and go on until killed."""
    answers = Answers(projects)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(answers), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--projects", type=int, default=20_000)
    asyncio.run(serve(parser.parse_args().projects))


if __name__ == "__main__":
    main()
