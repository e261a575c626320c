"""`scopelint demo`: the main job on two built-in GitLabs, nothing to configure."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import out
from scopelint.cli.scan import scan
from scopelint.cli.simulate import load_simulator
from scopelint.errors import ExitCode, UsageError
from scopelint.text import clean

COMPANY = "tidewell"
REPORTS = {
    "html": "scopelint.html",
    "sarif": "scopelint.sarif",
    "junit": "scopelint-junit.xml",
    "json": "scopelint.json",
}


@dataclass(frozen=True, slots=True)
class _Act:
    """One of the two instances: its instance, the token that scans it, and what it shows."""

    name: str
    token: str
    story: str


ACTS = (
    _Act(
        "before",
        "glpat-demo-admin",
        "GitLab 17.11, read with an administrator's token: nothing is enforced, the outbound"
        " setting is still in use",
    ),
    _Act(
        "after",
        "glpat-demo-maintainer",
        "GitLab 19.3, two years later, read with a Maintainer's token that does not see everything:"
        " enforced, with fine-grained permissions and cross-project push",
    ),
)


@click.command(cls=Command)
@click.option(
    "-o",
    "--output",
    type=options.FilePath(),
    default="demo-out",
    show_default=True,
    help="The folder for the reports.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours. [NO_COLOR, FORCE_COLOR]",
)
def demo(output: Path, color: str) -> int:
    """Scan two small GitLabs of one made-up company over HTTP, and leave every report.

    Nothing leaves this machine. The exit code is 0 whatever is found.
    """
    simulator = load_simulator()
    folders = {act: _make_folder(output / act.name) for act in ACTS}
    instances = files("scopelint_simulator") / "instances"
    with (
        as_file(instances) as folder,
        tempfile.TemporaryDirectory(prefix="scopelint-") as scratch,
        _no_proxy(),
    ):
        config = folder / "scopelint.yml"
        out(f"The demo's own configuration, {config.name}:\n")
        out("".join(f"    {line}\n" for line in _settings(config)))
        for act in ACTS:
            instance = simulator.load_instance(folder / f"{act.name}.yml")
            token = Path(scratch) / "token"
            token.write_text(act.token, encoding="utf-8")
            with simulator.Simulator(instance) as gitlab:
                _scan(
                    act,
                    url=gitlab.url,
                    config=config,
                    token=token,
                    folder=folders[act],
                    color=color,
                )
    out(f"The reports of both instances are in {clean(str(output.resolve()))}")
    return ExitCode.OK


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be made: {error.strerror}") from None
    return folder


@contextmanager
def _no_proxy() -> Iterator[None]:
    """Reach the loopback directly, whatever proxy the environment names."""
    names = ("NO_PROXY", "no_proxy")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "127.0.0.1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _settings(config: Path) -> list[str]:
    """Return the lines of the configuration that are not comments."""
    lines = config.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _scan(act: _Act, *, url: str, config: Path, token: Path, folder: Path, color: str) -> None:
    out(f"━━ {act.name}: {act.story}\n")
    reports = [f"--report={name}={folder / file}" for name, file in REPORTS.items()]
    scan.main(
        [
            *("--url", url, "--group", COMPANY, "--config", str(config)),
            *("--token-file", str(token), "--color", color, "--usage"),
            *("--exit-zero", "--quiet", *reports),
        ],
        prog_name="scopelint scan",
        # A command keeps the help option of the context that it first had.
        help_option_names=click.get_current_context().help_option_names,
        standalone_mode=False,
    )
    out()
