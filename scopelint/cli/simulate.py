"""`scopelint simulate`: a small GitLab for one's own trials."""

import threading
from importlib import import_module
from importlib.metadata import requires
from pathlib import Path
from types import ModuleType

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import err
from scopelint.errors import UsageError

_PACKAGES = {"graphql": "graphql-core", "scopelint_simulator": "the simulator"}
"""What is missing, where an import fails."""


@click.command(cls=Command)
@click.argument("instance", type=options.FilePath())
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=8080,
    show_default=True,
    help="0 takes a free one.",
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
    instance: Path,
    port: int,
    latency: float,
    latency_per_project: float,
    error_rate: float,
    rate_limit: int | None,
    max_page: int | None,
) -> None:
    """Serve the GitLab described in INSTANCE (YAML) on 127.0.0.1 until Ctrl-C, then exit 0."""
    simulator = load_simulator()
    faults = simulator.Faults(
        latency=latency,
        latency_per_project=latency_per_project,
        error_rate=error_rate,
        rate_limit=rate_limit,
        max_page=max_page,
    )
    running = simulator.Simulator(simulator.load_instance(instance), faults=faults, port=port)
    try:
        running.start()
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be used: {error.strerror}", hint="Try --port 0."
        ) from None
    version = running.instance.settings.version_text
    err(f"GitLab {version} at {running.url}; stop it with Ctrl-C")
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
