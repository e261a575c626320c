"""How to reach one GitLab: its URL, the token, TLS; and the one HTTP session built from that."""

import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import gitlab
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar

import scopelint
from scopelint.errors import OriginError
from scopelint.gitlab.address import same_origin
from scopelint.gitlab.answers import BoundedBody, check_answer, from_requests
from scopelint.gitlab.retry import Retrier
from scopelint.text import Secret

log = logging.getLogger(__name__)

USER_AGENT: Final = f"scopelint/{scopelint.__version__}"
CONNECT_TIMEOUT: Final = 15.0
"""Seconds until a connection is made."""
READ_TIMEOUT: Final = 65.0
"""Seconds between two bytes of an answer: a little over GitLab's own limit of 60 for a request."""
POOL: Final = 64
"""Connections that are kept open: as many as requests may be under way at once (`-j`)."""


@dataclass(frozen=True, slots=True)
class Server:
    """One GitLab instance and the token for it."""

    url: str
    """Scheme, host, port and relative root, without a trailing slash."""
    token: Secret
    """Goes to the origin of `url` alone."""
    oauth: bool = False
    """Whether the token is sent as a Bearer token."""
    ca_file: str | None = None
    """A PEM file of the authorities to trust, instead of the usual ones."""
    insecure: bool = False
    """Whether certificates go unchecked."""

    @property
    def verify(self) -> bool | str:
        """What requests takes as `verify`."""
        return False if self.insecure else (self.ca_file or True)

    @property
    def graphql_url(self) -> str:
        """The address of the GraphQL endpoint."""
        return f"{self.url}/api/graphql"

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the token."""
        if not self.token:
            return {}
        if self.oauth:
            return {"Authorization": f"Bearer {self.token.reveal()}"}
        return {"PRIVATE-TOKEN": self.token.reveal()}


@dataclass(frozen=True, slots=True)
class GraphQLAnswer:
    """An answer of the GraphQL endpoint."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    """The body as GitLab sent it."""
    body: Any
    """The body's JSON, decoded once; None with a failing status."""

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8", "replace")


@dataclass
class Connection:
    """One server, the session to it, and the retries of both APIs.

    Threads may use it at the same time. Making one sends nothing; it raises ssl.SSLError for a CA
    file that holds no certificate, and ValueError for a proxy of the environment that cannot be
    used.
    """

    server: Server
    retrier: Retrier = field(default_factory=Retrier)
    rest: gitlab.Gitlab = field(init=False, repr=False)
    """python-gitlab's client; its own retries are off, ours are in its session."""
    _session: "RetryingSession" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._session = RetryingSession(self.server, self.retrier)
        self._session.check_settings()
        # The token is the session's to send, for both APIs; so python-gitlab gets none.
        self.rest = gitlab.Gitlab(
            self.server.url,
            ssl_verify=self.server.verify,
            user_agent=USER_AGENT,
            session=self._session,
            keep_base_url=True,
            retry_transient_errors=False,
            per_page=100,
        )

    def close(self) -> None:
        """Close the connections; no request is sent any more."""
        self.retrier.stop.set()
        self._session.close()

    def post_graphql(self, payload: dict[str, Any], *, write: bool = False) -> GraphQLAnswer:
        """Send one GraphQL query and return the answer, a JSON document where it succeeded.

        `write` is a mutation, which is never sent again while it may have happened. Raises
        ExchangeError (after the retries), or a GitLabError for an answer that is not GitLab's.
        """
        name = payload["query"].partition("(")[0].partition(" {")[0]
        log.debug("POST %s %s", self.server.graphql_url, name)
        return self._session.post_graphql(payload, write=write)

    def send_signed(
        self,
        verb: str,
        path: str,
        data: Mapping[str, str],
        sign: Callable[[str], Mapping[str, str]],
    ) -> requests.Response:
        """Send a form to a path below the server's URL, signed anew for each attempt.

        A signature holds for some seconds only, and a request may wait longer for GitLab's rate
        limit. Raises ExchangeError after the retries; a failing status is the answer's.
        """
        return self._session.send_signed(verb, f"{self.server.url}{path}", data, sign)


def silence_insecure_warnings() -> None:
    """Silence urllib3, which warns at each request without verification; call it once warned."""
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


class _BoundedAdapter(HTTPAdapter):
    """Reads answers within bounds, also where requests or python-gitlab asks for the body."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = super().build_response(req, resp)
        response.raw = BoundedBody(resp, req.url or "")
        return response


class RetryingSession(requests.Session):
    """The one way to a GitLab: it never leaves the origin, and retries by our table.

    Every request of python-gitlab, the next pages it finds in `Link` headers included, is sent by
    `send`; those of GraphQL by `post_graphql`. Proxies are those of the environment.

    Threads may send at the same time: urllib3's pool of connections is made for that, and the one
    thing in a session that is not, its cookies, is never filled.
    """

    def __init__(self, server: Server, retrier: Retrier) -> None:
        super().__init__()
        self._server = server
        self._retrier = retrier
        adapter = _BoundedAdapter(pool_connections=1, pool_maxsize=POOL)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
        self.headers["User-Agent"] = USER_AGENT
        # Where a session has no `auth`, requests takes a password from ~/.netrc.
        self.auth = self._add_token
        # Asked once, as requests goes through the whole environment each time.
        self._settings = self.merge_environment_settings(
            server.graphql_url, {}, False, server.verify, None
        )

    def _add_token(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._server.headers())
        return request

    def check_settings(self) -> None:
        """Raise ssl.SSLError or ValueError where the CA file or the proxy cannot be used."""
        verify, url = self._server.verify, self._server.url
        if isinstance(verify, str):
            ssl.create_default_context(cafile=verify)
        request = self.prepare_request(requests.Request("GET", url))
        adapter = self.get_adapter(url)
        if isinstance(adapter, HTTPAdapter):
            proxies = self._settings["proxies"]
            adapter.get_connection_with_tls_context(request, verify, proxies=proxies)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return None: no redirect is followed, nor is its address read."""
        del resp
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a REST request by the retry matrix.

        What is not a GET is a write, which is never sent again while it may have happened.
        Raises OriginError, before anything is sent, for a URL outside the origin.
        """
        url = request.url or ""
        if not same_origin(url, self._server.url):
            raise OriginError(
                f"an answer of {self._server.url} wanted the token sent to another origin:"
                f" {url:.200}",
                hint="Check --url; a proxy or sign-in page may stand before GitLab.",
            )
        log.debug("%s %s", request.method, url)
        write = request.method not in {"GET", "HEAD"}
        return self._retrier.send(lambda: self._exchange(request, kwargs)[0], "rest", write=write)

    def post_graphql(self, payload: dict[str, Any], *, write: bool) -> GraphQLAnswer:
        """Send a GraphQL query by the retry matrix; `write` tells that it is a mutation."""
        url = self._server.graphql_url
        request = self.prepare_request(requests.Request("POST", url, json=payload))

        def exchange() -> GraphQLAnswer:
            answer, body = self._exchange(request, self._settings)
            return GraphQLAnswer(answer.status_code, answer.headers, answer.content, body)

        return self._retrier.send(exchange, "graphql", write=write)

    def send_signed(
        self,
        verb: str,
        url: str,
        data: Mapping[str, str],
        sign: Callable[[str], Mapping[str, str]],
    ) -> requests.Response:
        """Send a write whose headers `sign` makes for each attempt; see `Connection.send_signed`."""

        def exchange() -> requests.Response:
            bare = requests.Request(verb, url, data=dict(data))
            request = self.prepare_request(bare)
            request.headers.update(sign(request.path_url))
            return self._exchange(request, self._settings)[0]

        log.debug("%s %s", verb, url)
        return self._retrier.send(exchange, "rest", write=True)

    def _exchange(
        self, request: requests.PreparedRequest, settings: Mapping[str, Any]
    ) -> tuple[requests.Response, Any]:
        """Send once; return the answer and its JSON."""
        try:
            # python-gitlab asks for streams only to download files, which scopelint never does.
            answer = super().send(
                request,
                **{
                    **settings,
                    "allow_redirects": False,
                    "stream": False,
                    "timeout": (CONNECT_TIMEOUT, READ_TIMEOUT),
                },
            )
        except requests.RequestException as error:
            raise from_requests(error) from None
        return answer, check_answer(answer, request.url or "")
