"""`scopelint demo`: the main job on two built-in GitLabs, nothing to configure."""

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out
from scopelint.cli.simulate import load_simulator
from scopelint.errors import ExitCode, UsageError
from scopelint.filters import Filters
from scopelint.finding import Outcome, Severity
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.report import Report

COMPANY = "tidewell"
INSTANCE = "http://gitlab.tidewell.localhost"
"""What both GitLabs call themselves: a name that no other machine can have, the same every time."""
REPORTS = {
    "annotations": "gl-annotations.json",
    "console": "scopelint.txt",
    "csv": "scopelint.csv",
    "github": "scopelint-github.txt",
    "gitlab-codequality": "gl-code-quality-report.json",
    "gitlab-sast": "gl-sast-report.json",
    "html": "scopelint.html",
    "json": "scopelint.json",
    "jsonl": "scopelint.jsonl",
    "junit": "scopelint-junit.xml",
    "markdown": "scopelint.md",
    "openmetrics": "metrics.txt",
    "sarif": "scopelint.sarif",
}
SNAPSHOT = f"{COMPANY}.snapshot"


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
@options.color_option
def demo(output: Path, color: str) -> int:
    """Scan two small GitLabs of one made-up company over HTTP, and leave every report.

    Nothing leaves this machine. The exit code is 0 whatever is found.
    """
    simulator = load_simulator()
    folders = {act: _make_folder(output / act.name) for act in ACTS}
    reports = {}
    instances = files("scopelint_simulator") / "instances"
    with (
        as_file(instances) as folder,
        tempfile.TemporaryDirectory(prefix="scopelint-") as scratch,
    ):
        config = folder / "scopelint.yml"
        out(f"The demo's own configuration, {config.name}:\n")
        out("".join(f"    {line}\n" for line in _settings(config)))
        for act in ACTS:
            instance = simulator.load_instance(folder / f"{act.name}.yml")
            token = Path(scratch) / "token"
            token.write_text(act.token, encoding="utf-8")
            with (
                simulator.Simulator(instance, external_url=INSTANCE) as gitlab,
                _proxy(gitlab.url),
            ):
                out(f"━━ {act.name}: {act.story}\n")
                reports[act] = _scan(config, token, folders[act], Console(quiet=True, color=color))
                out()
    for line in _closing(reports, folders):
        out(clean(line))
    return ExitCode.OK


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be made: {error.strerror}") from None
    return folder


@contextmanager
def _proxy(url: str) -> Iterator[None]:
    """Send every request to this address, whatever proxy the environment names."""
    names = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ.update(HTTP_PROXY=url, http_proxy=url)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _settings(config: Path) -> list[str]:
    """Return the lines of the configuration that are not comments."""
    lines = config.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _scan(config: Path, token: Path, folder: Path, console: Console) -> "Report":
    """Do what `scopelint scan --usage --exit-zero` does, and keep the snapshot for more."""
    from scopelint.cli.chosen_rules import needed_facts
    from scopelint.cli.collect_session import collect_into
    from scopelint.cli.judge import prepare
    from scopelint.cli.session import open_session
    from scopelint.cli.settings import resolve

    settings = resolve(options.ConfigOptions(config_file=config))
    session = open_session(
        options.TargetOptions(groups=(COMPANY,)),
        options.ServerOptions(url=INSTANCE, token_file=token),
        settings,
        console,
        filters=Filters(usage=True),
        needed=needed_facts(settings, console, audit_events=False),
    )
    snapshot = folder / SNAPSHOT
    reports = tuple(f"{name}={folder / file}" for name, file in REPORTS.items())
    prepared = prepare(
        settings,
        options.GateOptions(exit_zero=True),
        options.BaselineOptions(),
        options.ReportOptions(reports=reports),
        console,
        last=options.PreviousOptions(),
        reads=(),
        snapshots=(snapshot,),
    )
    prepared = replace(prepared, files=replace(prepared.files, is_gone=True))
    with tempfile.TemporaryDirectory(prefix="scopelint-") as scratch:
        new = Path(scratch) / SNAPSHOT
        collect_into(new, session, console)
        shutil.move(new, snapshot)
    report = prepared.judge(snapshot)
    prepared.conclude(lambda: report)
    return report


def _closing(reports: "Mapping[_Act, Report]", folders: Mapping[_Act, Path]) -> Iterator[str]:
    """Yield the two runs side by side, and what to do next; the last line says where all is."""
    before, after = (folders[act] for act in ACTS)
    columns = [["", *(act.name for act in ACTS)]]
    counts = [dict(_counts(report)) for report in reports.values()]
    columns += [[name, *(each[name] for each in counts)] for name in counts[0]]
    widths = [max(len(row[index]) for row in columns) for index in range(len(columns[0]))]
    for row in columns:
        first, *others = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "   ".join([first, *(cell.strip().rjust(len(cell)) for cell in others)])
    yield ""
    yield "Three things to try"
    for words, purpose in (
        (["diff", str(before / SNAPSHOT), str(after / SNAPSHOT)], "what changed in the two years"),
        (
            ["reach", _worst(reports[ACTS[1]]), "--from", str(after / SNAPSHOT)],
            "who can reach the worst project with a job token, and by which entry",
        ),
        (
            ["plan", str(before / SNAPSHOT), "-o", str(before / "scopelint.plan.json")],
            "the repair, as a file to look over",
        ),
    ):
        yield f"  {shlex.join(['scopelint', *words])}"
        yield f"    {purpose}"
    yield ""
    yield f"For a browser: {after / REPORTS['html']}"
    yield f"The reports of both instances are in {before.parent.resolve()}"


def _counts(report: "Report") -> Iterator[tuple[str, str]]:
    scan, summary = report.scan, report.summary
    yield "GitLab", scan.scan.gitlab_version or "unknown"
    yield "projects read", f"{scan.projects.read} of {scan.projects.total}"
    groups = (report.overview or {}).get("groups", ())
    tops = [group for group in groups if "/" not in group["path"]]
    yield "open to every job token", str(sum(group.get("open", 0) for group in tops))
    for level in Severity:
        if level is not Severity.UNKNOWN:
            yield level.value, str(summary.severities.get(level, 0))
    yield "unknown", str(summary.unknown)
    yield "gate", report.gate.result


def _worst(report: "Report") -> str:
    """Return the project of the worst finding that fails."""
    return next(
        each.project.path
        for each in report.shown()
        if each.project is not None and each.verdict is Outcome.FAIL
    )
