"""`scopelint simulate`: a small GitLab for one's own trials."""

import shlex
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from importlib.metadata import requires
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import err, out
from scopelint.errors import UsageError
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint_simulator.instance import Instance

_PACKAGES = {"graphql": "graphql-core", "scopelint_simulator": "the simulator"}
"""What is missing, where an import fails."""
_MAINTAINER = 40
"""The role that sees a scope (https://docs.gitlab.com/api/access_requests/#valid-access-levels)."""


@click.command(cls=Command)
@click.argument("instance", type=options.FilePath(), required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=8080,
    show_default=True,
    help="Where it listens; 0 takes a free one.",
)
@click.option(
    "--latency",
    type=click.FloatRange(0, 60),
    metavar="SECONDS",
    default=0.0,
    help="Seconds a request.",
)
@click.option(
    "--latency-per-project",
    type=click.FloatRange(0, 10),
    metavar="SECONDS",
    default=0.0,
    help="Seconds a project whose scope is asked.",
)
@click.option(
    "--error-rate",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    default=0.0,
    help="Share of requests that fail with 502.",
)
@click.option(
    "--rate-limit", type=click.IntRange(min=1), metavar="N", help="Requests a minute before 429."
)
@click.option(
    "--max-page", type=click.IntRange(min=1), metavar="N", help="Projects a query before 503."
)
def simulate(
    *,
    instance: Path | None,
    port: int,
    latency: float,
    latency_per_project: float,
    error_rate: float,
    rate_limit: int | None,
    max_page: int | None,
) -> None:
    """Serve the GitLab described in INSTANCE (YAML) on 127.0.0.1 until Ctrl-C, then exit 0.

    Without INSTANCE that is a small example. A command to try is printed, with one of its tokens.
    """
    simulator = load_simulator()
    faults = simulator.Faults(
        latency=latency,
        latency_per_project=latency_per_project,
        error_rate=error_rate,
        rate_limit=rate_limit,
        max_page=max_page,
    )
    with ExitStack() as stack:
        example = files("scopelint_simulator") / "instances" / "example.yml"
        served = simulator.load_instance(instance or stack.enter_context(as_file(example)))
    running = simulator.Simulator(served, faults=faults, port=port)
    try:
        running.start()
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be used: {error.strerror}", hint="Try --port 0."
        ) from None
    err(f"GitLab {served.settings.version_text} at {running.url}; stop it with Ctrl-C")
    for line in _to_try(served, running.url):
        out(clean(line))
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        err("stopped")
    finally:
        running.stop()


def requirement(package: str) -> str:
    """Return what our own distribution asks of a package: "graphql-core<4,>=3.2.6".

    The extra cannot be named: `scopelint` is a name on no public index, so whatever is found
    there under it is not ours.
    """
    asked = (line.partition(";")[0].strip() for line in requires("scopelint") or ())
    return next((line for line in asked if line.startswith(package)), package)


def _to_try(instance: "Instance", url: str) -> Iterator[str]:
    """Yield a command that scans the instance, with the token that sees the most and may the least.

    The tokens are the made-up ones of the instance file. Yield nothing where no token can scan.
    """
    for token in sorted(instance.tokens.values(), key=lambda one: (one.user.admin, one.id)):
        if token.kind != "personal" or token.expired or not token.scopes & {"api", "read_api"}:
            continue
        targets = sorted(
            group.path
            for group in instance.groups.values()
            if token.user.admin
            or instance.group_roles.get((token.user.id, group.id), 0) >= _MAINTAINER
        )
        if targets:
            scan = shlex.join(["scopelint", "scan", targets[0], "--url", url])
            yield "Try it in another terminal:"
            yield f"  SCOPELINT_TOKEN={shlex.quote(token.token)} {scan}"
            return


def load_simulator() -> ModuleType:
    """Import the simulator; raise UsageError where its extra is not installed."""
    try:
        return import_module("scopelint_simulator")
    except ImportError as error:
        missing = _PACKAGES.get(error.name or "", error.name)
        raise UsageError(
            f"the built-in GitLab needs the extra 'demo': {missing} is not installed",
            hint=f"python -m pip install '{requirement('graphql-core')}'",
        ) from None
