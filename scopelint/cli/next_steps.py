"""The commands that a report for people ends with; each works as printed, from the same folder."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scopelint.cli.option_groups import ServerOptions
from scopelint.finding import Outcome, State
from scopelint.report import Report


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files and the server of a run that its next steps need again.

    `snapshots` are those that are there after the run; `server` is None where GitLab was not asked.
    `is_gone` says that this GitLab ends with the run, as the demo's does.
    """

    snapshots: tuple[Path, ...] = ()
    rules_files: tuple[Path, ...] = ()
    config_file: Path | None = None
    server: ServerOptions | None = None
    is_gone: bool = False


def next_steps(report: Report, files: RunFiles) -> tuple[tuple[str, str], ...]:
    """Return what is of use after this report: commands, each with what it is for."""
    return tuple((shlex.join(words), purpose) for words, purpose in _steps(report, files))


def _steps(report: Report, files: RunFiles) -> Iterator[tuple[Sequence[str], str]]:
    worst = next((each for each in report.shown() if each.state is State.NEW), None)
    rules_files = [word for path in files.rules_files for word in ("--rules-file", str(path))]
    if worst is not None:
        purpose = "why it matters and how to fix it"
        yield ["scopelint", "explain", worst.rule, *rules_files], purpose
    if worst is not None and worst.verdict is Outcome.FAIL and files.snapshots:
        config = ["--config", str(files.config_file)] if files.config_file else []
        snapshots = map(str, files.snapshots)
        words = [
            "scopelint",
            "plan",
            *snapshots,
            "-o",
            "scopelint.plan.json",
            *config,
            *rules_files,
        ]
        yield words, "a repair to look over; it changes nothing by itself"
    if not report.scan.complete and not files.is_gone:
        yield _doctor(report, files.server), "what this token cannot read, and why"


def _doctor(report: Report, server: ServerOptions | None) -> list[str]:
    scan = report.scan.scan
    targets = ["--instance" if target == "instance" else target for target in scan.targets]
    words = ["scopelint", "doctor", *targets, "--url", scan.instance]
    if server is not None:
        words += ["--token-file", str(server.token_file)] if server.token_file else []
        words += ["--ca-file", str(server.ca_file)] if server.ca_file else []
        words += ["--insecure"] if server.insecure else []
    return words
