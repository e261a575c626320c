"""The commands that messages and reports end with; each works as printed, from the same folder."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scopelint.cli.option_groups import ConfigOptions, ServerOptions
from scopelint.finding import Outcome, State

if TYPE_CHECKING:
    from scopelint.report import Report


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files and the server of a run that its next steps need again.

    `snapshots` are those that are there after the run; `server` is None where GitLab was not asked.
    `is_gone` says that this GitLab ends with the run, as the demo's does.
    """

    snapshots: tuple[Path, ...] = ()
    source: ConfigOptions = field(default_factory=ConfigOptions)
    server: ServerOptions | None = None
    is_gone: bool = False


def next_steps(report: "Report", files: RunFiles) -> tuple[tuple[str, str], ...]:
    """Return what is of use after this report: commands, each with what it is for."""
    return tuple((command(*words), purpose) for words, purpose in _steps(report, files))


def command(*words: object) -> str:
    """Return a command of scopelint as a shell takes it."""
    return shlex.join(["scopelint", *map(str, words)])


def given_again(*options: object) -> str:
    """Return the command that the user gave, with these options besides.

    They stand first: behind a `--` they would be targets.
    """
    name, *others = sys.argv[1:]
    new = [word for word in map(str, options) if word not in others]
    return command(name, *new, *others)


def server_words(instance: str, server: ServerOptions | None) -> list[str]:
    """Return the options that lead to this instance again, as the user gave them."""
    words = ["--url", instance]
    if server is not None:
        words += ["--token-file", str(server.token_file)] if server.token_file else []
        words += ["--ca-file", str(server.ca_file)] if server.ca_file else []
        words += ["--insecure"] if server.insecure else []
    return words


def config_words(source: ConfigOptions) -> list[str]:
    """Return the options that choose the same configuration and rules again."""
    words = ["--config", str(source.config_file)] if source.config_file else []
    words += ["--no-config"] if source.no_config else []
    return [*words, *_rules_words(source)]


def _rules_words(source: ConfigOptions) -> list[str]:
    return [word for path in source.rules_files for word in ("--rules-file", str(path))]


def _steps(report: "Report", files: RunFiles) -> Iterator[tuple[Sequence[object], str]]:
    worst = next((each for each in report.shown() if each.state is State.NEW), None)
    if worst is not None:
        purpose = "why it matters and how to fix it"
        yield ["explain", worst.rule, *_rules_words(files.source)], purpose
    plannable = worst is not None and worst.verdict is Outcome.FAIL and report.after is None
    if plannable and files.snapshots:  # What a change brings is repaired in its own file.
        words = ["plan", *files.snapshots, "-o", "scopelint.plan.json"]
        yield (
            [*words, *config_words(files.source)],
            "a repair to look over; it changes nothing by itself",
        )
    if not report.scan.complete and not files.is_gone:
        scan = report.scan.scan
        targets = ["--instance" if target == "instance" else target for target in scan.targets]
        words = ["doctor", *targets, *server_words(scan.instance, files.server)]
        yield [*words, *config_words(files.source)], "what this token cannot read, and why"
