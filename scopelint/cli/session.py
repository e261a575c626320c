"""What every command that reads GitLab needs first: config, targets, the instance, the token."""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scopelint.cli.console import Console
from scopelint.cli.failure import keep_secret
from scopelint.cli.options import flatten
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest, parse_shard
from scopelint.config import Config, find_config, load_config
from scopelint.errors import GitLabError, UsageError
from scopelint.gitlab.address import GITLAB_COM, is_cleartext
from scopelint.gitlab.answers import fatal
from scopelint.gitlab.connection import Connection, Server
from scopelint.gitlab.credentials import Credentials, find_credentials, require_token
from scopelint.gitlab.graphql import TooMuchError
from scopelint.gitlab.origin import ENVIRONMENT, TokenSource, resolve_origin
from scopelint.gitlab.retry import ExchangeError, Retrier
from scopelint.gitlab.targets import TargetSpec, known_roots, parse_targets
from scopelint.registry import Found, find_rules
from scopelint.rule import Rule
from scopelint.snapshot import Filters
from scopelint.text import redact


@dataclass(frozen=True, slots=True)
class Session:
    """A run that may talk to GitLab: where, with what token, what to read, by what config."""

    server: Server
    order: CollectRequest
    config: Config
    rules: Mapping[str, Found[Rule]]
    given: Mapping[str, Any] = field(default_factory=dict)

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
            return Connection(self.server, Retrier(max_rpm=self.given.get("max_rpm")))
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


def read_config(
    given: Mapping[str, Any], rules: Mapping[str, Found[Rule]], face: Console
) -> Config:
    """Load the config that `--config` names or that is found; an empty one where there is none."""
    if given.get("no_config"):
        if given.get("config_file"):
            raise UsageError(
                "--config and --no-config contradict each other", hint="Leave one of them out."
            )
        return Config()
    classes = [found.cls for found in rules.values()]
    where = given.get("config_file") or find_config(Path.cwd())
    if where is None:
        return Config()
    config = load_config(where, classes)
    for note in config.notes:
        face.warn(note)
    return config


def open_session(given: Mapping[str, Any], face: Console) -> Session:
    """Read everything that can be wrong before GitLab is asked, then return the session."""
    rules = find_rules(given.get("rules_files", ()))
    config = read_config(given, rules, face)
    known = known_roots(
        given.get("url"),
        *(os.environ.get(name) for name in (*ENVIRONMENT, "CI_SERVER_URL")),
        None if config.discovered else config.url,
    )
    targets = parse_targets(
        given["targets"],
        groups=given["groups"],
        projects=given["projects"],
        instance=given["instance"],
        known=known,
    )
    credentials = find_own_credentials(given, targets)
    urls = config.urls(with_targets=not targets, known=known)
    instance = resolve_origin(
        flag=given.get("url"),
        environment=os.environ,
        targets=targets,
        config=urls,
        token=credentials.source,
        section_url=credentials.section_url,
    )
    targets = targets or tuple(urls.targets)
    if not targets:
        raise UsageError(
            "there is nothing to scan: no target was given",
            hint="Name a group or project (scopelint scan acme/platform), use --instance, or set"
            " gitlab.targets in scopelint.yml.",
        )
    _check_instance(instance.url, targets, given)
    require_token(credentials)
    keep_secret(credentials.token)
    server = _server(instance.url, credentials, given)
    if is_cleartext(instance.url):
        face.warn(f"{instance.url} is not encrypted: the token can be read on the way")
    if server.insecure:
        face.warn("--insecure: GitLab's certificate is not checked")
        _warn_no_more()
    return Session(server, _order(targets, given, config), config, rules, given)


def _warn_no_more() -> None:
    """Silence urllib3, which warns at each request; the user was warned once."""
    import urllib3

    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


def _check_instance(url: str, targets: tuple[TargetSpec, ...], given: Mapping[str, Any]) -> None:
    """Refuse to read all of gitlab.com: a token there is a member of strangers' projects too."""
    whole = any(target.kind == "instance" for target in targets)
    if whole and url == GITLAB_COM and not given.get("include"):
        raise UsageError(
            f"--instance on {GITLAB_COM} would read every project the token is a member of",
            hint="Name the groups, or say which projects with --include.",
        )


def find_own_credentials(given: Mapping[str, Any], targets: tuple[TargetSpec, ...]) -> Credentials:
    """Return the token of a run, for the addresses that the user named; raise as its finder does."""
    named = (
        given.get("url"),
        *(os.environ.get(name) for name in ENVIRONMENT),
        *(target.url_origin for target in targets),
    )
    return find_credentials(given.get("token_file"), os.environ, known_roots(*named))


def _server(url: str, credentials: Credentials, given: Mapping[str, Any]) -> Server:
    ca_file = (
        given.get("ca_file")
        or os.environ.get("REQUESTS_CA_BUNDLE")
        or os.environ.get("SSL_CERT_FILE")
    )
    if ca_file and not Path(ca_file).is_file():
        raise UsageError(f"the file of CA certificates {ca_file} is not there")
    return Server(
        url=url,
        token=credentials.token,
        oauth=credentials.oauth,
        ca_file=str(ca_file) if ca_file else None,
        insecure=bool(given.get("insecure")),
    )


def _order(
    targets: tuple[TargetSpec, ...], given: Mapping[str, Any], config: Config
) -> CollectRequest:
    include, exclude = flatten(given.get("include", ())), flatten(given.get("exclude", ()))
    return CollectRequest(
        wanted=tuple(TargetRef(target.kind, target.path, target.id) for target in targets),
        filters=Filters(
            include=include,
            exclude=exclude,
            archived=given.get("archived", "include"),
            usage=bool(given.get("usage")),
        ),
        api=given.get("api", "auto"),
        concurrency=given.get("concurrency", 8),
        page_size=given.get("page_size"),
        shard=parse_shard(given.get("shard"), os.environ),
        also_resolve=tuple(
            (each.kind, each.name)
            for each in (config.declared.entries() if config.declared else ())
        ),
    )


__all__ = ["Session", "TokenSource", "find_own_credentials", "open_session", "read_config"]
