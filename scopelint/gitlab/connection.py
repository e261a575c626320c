"""How to reach one GitLab: its URL, the token, TLS; and the two clients built from that."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import gitlab
import httpx
import requests
from requests.adapters import HTTPAdapter

import scopelint
from scopelint.errors import OriginError
from scopelint.gitlab.address import same_origin
from scopelint.gitlab.answers import check_answer, from_httpx, from_requests
from scopelint.gitlab.retry import ExchangeError, Failure, Retrier
from scopelint.secrets import Secret

log = logging.getLogger(__name__)

USER_AGENT: Final = f"scopelint/{scopelint.__version__}"
CONNECT_TIMEOUT: Final = 15.0
READ_TIMEOUT: Final = 65.0
"""Seconds: a little over GitLab's own limit of 60 for a web request."""


@dataclass(frozen=True, slots=True)
class Server:
    """One GitLab instance and the token for it.

    `url` is scheme, host, port and relative root without a trailing slash. `token` goes to that
    origin alone. `oauth` sends it as a Bearer token. `ca_file` is a PEM file; `insecure` switches
    certificate checks off.
    """

    url: str
    token: Secret
    oauth: bool = False
    ca_file: str | None = None
    insecure: bool = False

    @property
    def verify(self) -> bool | str:
        """What both HTTP libraries take as `verify`."""
        return False if self.insecure else (self.ca_file or True)

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the token."""
        if not self.token:
            return {}
        if self.oauth:
            return {"Authorization": f"Bearer {self.token.reveal()}"}
        return {"PRIVATE-TOKEN": self.token.reveal()}


@dataclass(frozen=True, slots=True)
class GraphQLAnswer:
    """An answer of the GraphQL endpoint; `body` is its JSON, decoded once, None with a failure."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    body: Any

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the decoded JSON."""
        return self.body


@dataclass
class Connection:
    """The clients of one server, sharing one patience. Threads may use it at the same time."""

    server: Server
    patience: Retrier = field(default_factory=Retrier)
    _local: threading.local = field(default_factory=threading.local, repr=False)
    _graphql: httpx.Client | None = field(default=None, repr=False)
    _sessions: list["RetryingSession"] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        verify: Any = self.server.verify
        if isinstance(verify, str):
            import ssl

            verify = ssl.create_default_context(cafile=verify)
        self._graphql = httpx.Client(
            headers={"User-Agent": USER_AGENT, **self.server.headers()},
            timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
            verify=verify,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
        )

    def close(self) -> None:
        """Close the connections; requests under way end with an error."""
        self.patience.stop.set()
        if self._graphql is not None:
            self._graphql.close()
        for session in self._sessions:
            session.close()

    def post_graphql(self, payload: dict[str, Any], *, write: bool = False) -> "GraphQLAnswer":
        """Send one GraphQL query and return the answer, a JSON document where it succeeded.

        `write` is a mutation, which is never sent again while it may have happened. Raises ExchangeError (after the retries) or a GitLabError for an answer that is none.
        """
        client = self._graphql
        assert client is not None  # noqa: S101 - set in __post_init__
        url = f"{self.server.url}/api/graphql"

        def exchange() -> GraphQLAnswer:
            try:
                answer = client.post(url, json=payload)
            except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
                raise from_httpx(error) from None
            body = check_answer(answer, url)
            return GraphQLAnswer(answer.status_code, answer.headers, answer.content, body)

        log.debug("POST %s %s", url, payload["query"].partition("(")[0].partition(" {")[0])
        return self.patience.send(exchange, "graphql", write=write)

    @property
    def rest(self) -> gitlab.Gitlab:
        """This thread's python-gitlab client; its own retries are off, ours are in its session."""
        client: gitlab.Gitlab | None = getattr(self._local, "client", None)
        if client is None:
            server = self.server
            token = server.token.reveal() or None
            session = RetryingSession(server.url, self.patience)
            self._sessions.append(session)
            client = gitlab.Gitlab(
                server.url,
                private_token=None if server.oauth else token,
                oauth_token=token if server.oauth else None,
                ssl_verify=server.verify,
                timeout=READ_TIMEOUT,
                user_agent=USER_AGENT,
                session=session,
                keep_base_url=True,
                retry_transient_errors=False,
                per_page=100,
            )
            self._local.client = client
        return client


class RetryingSession(requests.Session):
    """python-gitlab's session: it never leaves the origin, and retries by our table.

    Every request python-gitlab makes, the next pages it finds in `Link` headers and the redirects
    it would follow included, comes through `send`.
    """

    def __init__(self, origin: str, patience: Retrier) -> None:
        super().__init__()
        self._origin = origin
        self._patience = patience
        self.mount("https://", HTTPAdapter(pool_maxsize=64))
        self.mount("http://", HTTPAdapter(pool_maxsize=64))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send by the retry matrix; refuse a URL outside the origin before anything is sent.

        What is not a GET is a write, which is never sent again while it may have happened.
        """
        url = request.url or ""
        if not same_origin(url, self._origin):
            raise OriginError(
                f"an answer of {self._origin} wanted the token sent to another origin: {url:.200}",
                hint="Check --url; a proxy or sign-in page may stand before GitLab.",
            )
        kwargs["allow_redirects"] = False
        # python-gitlab asks for streams only to download files, which scopelint never does.
        kwargs["stream"] = False

        def exchange() -> requests.Response:
            try:
                answer = super(RetryingSession, self).send(request, **kwargs)
            except requests.RequestException as error:
                raise from_requests(error) from None
            check_answer(answer, url)
            return answer

        log.debug("%s %s", request.method, url)
        write = request.method not in {"GET", "HEAD"}
        return self._patience.send(exchange, "rest", write=write)


__all__ = ["Connection", "ExchangeError", "Failure", "RetryingSession", "Server"]
