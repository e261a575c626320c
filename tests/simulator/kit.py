"""What the simulator's tests share: an instance, a client, the collector's usual queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

import requests

from scopelint_simulator import Faults, Simulator, load_instance

INSTANCE = """
gitlab: {gitlab}
users:
  - {username: root, name: Administrator, admin: true}
  - {username: bot, name: Bot}
  - {username: dev}
  - {username: web}
  - {username: mia}
tokens:
  - {token: t-admin, user: root, scopes: [api]}
  - {token: t-read, user: bot, scopes: [read_api]}
  - {token: t-write, user: bot, scopes: [api]}
  - {token: t-dev, user: dev, scopes: [api]}
  - {token: t-web, user: web, scopes: [read_api]}
  - {token: t-mia, user: mia, scopes: [api]}
  - {token: t-small, user: bot, scopes: [read_user]}
  - {token: t-old, user: bot, scopes: [api], expired: true}
  - {token: t-fine, user: bot, kind: fine_grained, scopes: [read_job_token_scope]}
  - {token: glcbt-job, user: bot, kind: job}
roles:
  - {user: bot, on: acme, role: maintainer}
  - {user: dev, on: acme, role: developer}
  - {user: web, on: acme/web, role: maintainer}
groups:
  - {id: 10, path: acme, name: Acme}
  - {id: 11, path: acme/web, name: Web}
  - {id: 12, path: acme/lib, name: Lib}
  - {id: 20, path: hidden}
namespaces:
  - {user: mia, id: 30}
projects:
  - id: 101
    path: acme/web/shop
    scope:
      push: true
      allowlist:
        - {group: acme/web, created_at: 2025-01-02, added_by: dev, autopopulated: true}
        - {project: acme/lib/core, permissions: [READ_PACKAGES]}
        - {project: hidden/secret}
        - {project: {id: 900, path: partner/sdk}}
        - {project: acme/lib/old, direction: outbound}
        - {gone: project}
      log:
        - {origin: acme/lib/core, at: 2026-11-01T10:00:00Z}
  - {id: 102, path: acme/web/site, scope: {inbound: false, outbound: true}}
  - id: 103
    path: acme/lib/core
    scope: {log: [{origin: hidden/secret, at: 2026-11-01T10:00:00Z}]}
  - {id: 104, path: acme/lib/old, archived: true, settings_row: false, marked_for_deletion_on: 2026-12-01}
  - {id: 201, path: hidden/secret}
  - {id: 301, path: mia/scratch, visibility: public, access_levels: {builds: private}}
"""

_TARGET = (
    "target{__typename ... on CiJobTokenAccessibleGroup{id fullPath} "
    "... on CiJobTokenAccessibleProject{id fullPath}}"
)
_ENTRY = (
    f"createdAt autopopulated defaultPermissions jobTokenPolicies addedBy{{username}} {_TARGET}"
)
_PAGE = "pageInfo{hasNextPage endCursor}"
_PROJECT = (
    "id fullPath name webUrl visibility archived jobsEnabled lastActivityAt markedForDeletionOn "
    "isSelfDeletionScheduled isSelfDeletionInProgress maxAccessLevel{integerValue} "
    "ciCdSettings{inboundJobTokenScopeEnabled jobTokenScopeEnabled "
    "pushRepositoryForJobTokenAllowed crossProjectPushForJobTokenAllowed} "
    f"ciJobTokenScopeAllowlist{{groupsAllowlist(first:200){{count {_PAGE} nodes{{{_ENTRY}}}}} "
    f"projectsAllowlist(first:200){{count {_PAGE} nodes{{direction {_ENTRY}}}}}}}"
)
_LOG = f"ciJobTokenAuthLogs(first:100){{count {_PAGE} nodes{{lastAuthorizedAt originProject{{id fullPath}}}}}}"


def _by_group(node: str) -> str:
    return (
        "query Scopes($p:ID!,$n:Int!,$a:String){queryComplexity{score limit} group(fullPath:$p)"
        "{id fullPath projects(includeSubgroups:true,includeArchived:true,first:$n,after:$a)"
        f"{{count {_PAGE} nodes{{{node}}}}}}}}}"
    )


MAIN = _by_group(_PROJECT)
MAIN_WITH_LOG = _by_group(f"{_PROJECT} {_LOG}")
LOG_ONLY = (
    "query($p:ID!,$n:Int!,$a:String){group(fullPath:$p){projects(includeSubgroups:true,first:$n,"
    f"after:$a){{{_PAGE} nodes{{fullPath {_LOG}}}}}}}}}"
)
BY_IDS = (
    "query($ids:[ID!]!,$n:Int!,$a:String){queryComplexity{score limit} "
    "projects(ids:$ids,archived:INCLUDE,first:$n,after:$a)"
    f"{{count {_PAGE} nodes{{{_PROJECT}}}}}}}"
)
ONE_PROJECT = (
    "query($p:ID!,$a:String,$b:String){project(fullPath:$p){fullPath ciJobTokenScopeAllowlist"
    f"{{groupsAllowlist(first:200,after:$a){{{_PAGE} nodes{{{_ENTRY}}}}} "
    f"projectsAllowlist(first:200,after:$b){{{_PAGE} nodes{{direction {_ENTRY}}}}}}}}}}}"
)


class Http(requests.Session):
    """A session below one address, which follows no redirect."""

    def __init__(self, url: str, token: str | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.update({} if token is None else {"PRIVATE-TOKEN": token})
        self._url = url

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> Any:
        options = {"timeout": 10, "allow_redirects": False, **options}
        return super().request(method, urljoin(f"{self._url}/", str(url)), *args, **options)


class Client:
    """Asks a simulator with one token."""

    def __init__(self, url: str, token: str | None) -> None:
        self.http = Http(url, token)

    def rest(self, method: str, path: str, **options: Any) -> requests.Response:
        answer: requests.Response = self.http.request(method, f"api/v4{path}", **options)
        return answer

    def get(self, path: str) -> Any:
        answer = self.rest("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def graphql(self, query: str, **variables: Any) -> Any:
        answer = self.http.post("api/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def data(self, query: str, **variables: Any) -> Any:
        body = self.graphql(query, **variables)
        assert "errors" not in body, body
        return body["data"]

    def message(self, query: str, **variables: Any) -> str:
        """The first error's text of a query that gives no data."""
        body = self.graphql(query, **variables)
        assert "data" not in body
        return str(body["errors"][0]["message"])


class World:
    """A running simulator and clients for it."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._clients: list[Client] = []

    def client(self, token: str | None = "t-read") -> Client:
        client = Client(self.simulator.url, token)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.http.close()


@contextmanager
def serve(
    version: str = "19.3.0",
    *,
    instance: str = INSTANCE,
    faults: Faults | None = None,
    root: str = "",
    **gitlab: Any,
) -> Iterator[World]:
    """Serve an instance on one version; further keys go to the instance's `gitlab`."""
    text = ", ".join(
        [
            f'version: "{version}"',
            *(f"{key}: {str(value).lower()}" for key, value in gitlab.items()),
        ]
    )
    loaded = load_instance(instance.replace("{gitlab}", "{" + text + "}"))
    with Simulator(loaded, faults=faults, root=root) as simulator:
        world = World(simulator)
        try:
            yield world
        finally:
            world.close()
        assert simulator.crashes == []


def allowlist_query(kind: str, inner: str, arguments: str = "first:200") -> str:
    """A query for one list of acme/web/shop."""
    return (
        '{project(fullPath:"acme/web/shop"){ciJobTokenScopeAllowlist{'
        f"{kind}({arguments}){{{inner}}}}}}}}}"
    )
