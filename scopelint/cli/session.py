"""What every command that reads GitLab needs first: config, targets, the instance, the token."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scopelint.cli.console import Console
from scopelint.cli.option_groups import ServerOptions, TargetOptions
from scopelint.cli.settings import Kind, RunSettings, Setting
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest, parse_shard
from scopelint.config import Config
from scopelint.errors import GitLabError, UsageError
from scopelint.filters import Filters
from scopelint.gitlab.address import GITLAB_COM, is_cleartext
from scopelint.gitlab.answers import fatal
from scopelint.gitlab.connection import Connection, Server, silence_insecure_warnings
from scopelint.gitlab.credentials import Credentials, find_credentials, require_token
from scopelint.gitlab.graphql import TooMuchError
from scopelint.gitlab.origin import (
    AMBIENT,
    ENVIRONMENT,
    ConfigUrls,
    Instance,
    environment_url,
    resolve_origin,
)
from scopelint.gitlab.retry import ExchangeError, Retrier
from scopelint.gitlab.targets import TargetSpec, known_roots, parse_targets
from scopelint.model import READ_BY_DEFAULT, Fact
from scopelint.text import redact


@dataclass(frozen=True, slots=True)
class Session:
    """A run that may talk to GitLab: where, with what token, what to read, by what config."""

    server: Server
    request: CollectRequest
    settings: RunSettings
    max_rpm: int | None = None

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open the clients for a `with` block.

        Raises UsageError for TLS or proxy settings that no client can be made of, and GitLabError
        for a request in the block that GitLab left unanswered for good.
        """
        connection = self._open()
        try:
            yield connection
        except ExchangeError as error:
            raise fatal(error, self.server.url) from None
        except TooMuchError as error:
            raise GitLabError(f"{self.server.url} did not answer in time: {error}") from None
        finally:
            connection.close()

    def _open(self) -> Connection:
        try:
            return Connection(self.server, Retrier(max_rpm=self.max_rpm))
        except ssl.SSLError as error:
            raise UsageError(
                f"{self.server.ca_file} holds no CA certificates: {error.reason}",
                hint="It must be a PEM file.",
            ) from None
        except ValueError as error:
            raise UsageError(
                f"the proxy settings of the environment cannot be used: {redact(str(error))}",
                hint="Look at HTTP_PROXY, HTTPS_PROXY and ALL_PROXY; SOCKS needs PySocks.",
            ) from None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where GitLab is, by what token it is asked, and what is read there."""

    url: Setting[str]
    credentials: Credentials
    targets: tuple[TargetSpec, ...]


def resolve_server(target: TargetOptions, server: ServerOptions, config: Config) -> ServerSettings:
    """Lay options over environment over config, for all that is about the server; ask nothing.

    Raises UsageError for an address or target that cannot be used, or where the token may not go.
    """
    specs, urls, credentials = _read_addresses(target, server, config)
    found = resolve_origin(
        flag=server.url,
        environment=os.environ,
        targets=specs,
        config=urls,
        token=credentials.source,
        section_url=credentials.section_url,
    )
    return ServerSettings(_url(found, config), credentials, specs or tuple(urls.targets))


def _read_addresses(
    target: TargetOptions, server: ServerOptions, config: Config
) -> tuple[tuple[TargetSpec, ...], ConfigUrls, Credentials]:
    known = known_roots(
        server.url,
        *(environment_url(os.environ, name) for name in (*ENVIRONMENT, *AMBIENT)),
        None if config.discovered else config.url,
    )
    specs = parse_targets(
        target.targets,
        groups=target.groups,
        projects=target.projects,
        instance=target.instance,
        known=known,
    )
    # The addresses that the user named choose a section of python-gitlab's config.
    own = known_roots(
        server.url,
        *(environment_url(os.environ, name) for name in ENVIRONMENT),
        *(spec.url_origin for spec in specs),
    )
    credentials = find_credentials(server.token_file, os.environ, own)
    return specs, config.urls(with_targets=not specs, known=known), credentials


def _url(found: Instance, config: Config) -> Setting[str]:
    place = config.place("gitlab", "url")
    if found.given_by == "default":
        return Setting("gitlab.url", found.url)
    if found.given_by.startswith("gitlab.url of ") and place:
        return Setting("gitlab.url", found.url, "file", place=place)
    kind: Kind = "environment" if found.given_by in {*ENVIRONMENT, *AMBIENT} else "flag"
    return Setting("gitlab.url", found.url, kind, found.given_by)


def ca_file_setting(server: ServerOptions) -> Setting[str | None]:
    """Return the file of CA certificates that is used besides the usual ones."""
    if server.ca_file:
        return Setting("--ca-file", str(server.ca_file), "flag", "--ca-file")
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        if path := os.environ.get(name):
            return Setting("--ca-file", path, "environment", name)
    return Setting("--ca-file", None)


def open_session(
    target: TargetOptions,
    server: ServerOptions,
    settings: RunSettings,
    console: Console,
    *,
    filters: Filters | None = None,
    shard: str | None = None,
    needed: frozenset[Fact] = READ_BY_DEFAULT,
) -> Session:
    """Read everything that can be wrong before GitLab is asked, then return the session.

    `needed` are, of the facts that are read only where something needs them, those to read.
    """
    found = resolve_server(target, server, settings.config)
    url, credentials = found.url.value, found.credentials
    filters = filters or Filters()
    if not found.targets:
        raise UsageError(
            "there is nothing to scan: no target was given",
            hint="Name a group or project (scopelint scan acme/platform), use --instance, or set"
            " gitlab.targets in scopelint.yml.",
        )
    _check_instance(url, found.targets, filters)
    require_token(credentials)
    ca_file = ca_file_setting(server).value
    if ca_file and not Path(ca_file).is_file():
        raise UsageError(f"the file of CA certificates {ca_file} is not there")
    if is_cleartext(url):
        console.warn(f"{url} is not encrypted: the token can be read on the way")
    if server.insecure:
        console.warn("--insecure: GitLab's certificate is not checked")
        silence_insecure_warnings()
    declared = settings.config.declared
    return Session(
        Server(
            url=url,
            token=credentials.token,
            oauth=credentials.oauth,
            ca_file=ca_file,
            insecure=server.insecure,
        ),
        CollectRequest(
            targets=tuple(TargetRef(one.kind, one.path, one.id) for one in found.targets),
            filters=filters,
            api=server.api,
            concurrency=server.concurrency,
            page_size=server.page_size,
            shard=parse_shard(shard, os.environ),
            also_resolve=tuple(
                (each.kind, each.name) for each in (declared.entries() if declared else ())
            ),
            needed=needed,
        ),
        settings,
        server.max_rpm,
    )


def _check_instance(url: str, targets: tuple[TargetSpec, ...], filters: Filters) -> None:
    """Refuse to read all of gitlab.com: a token there is a member of strangers' projects too."""
    whole = any(target.kind == "instance" for target in targets)
    if whole and url == GITLAB_COM and not filters.include:
        raise UsageError(
            f"--instance on {GITLAB_COM} would read every project the token is a member of",
            hint="Name the groups, or say which projects with --include.",
        )
