"""`scopelint scan`: collect, check, report."""

import tempfile
from pathlib import Path
from typing import Any

import click

from scopelint.cli import options
from scopelint.cli.collection import check_new, collect_into, keeping
from scopelint.cli.console import Console, start
from scopelint.cli.judge import prepare
from scopelint.cli.session import open_session
from scopelint.errors import UsageError
from scopelint.report import Report


@click.command()
@options.target_options
@options.server_options
@options.filter_options
@options.config_options
@options.rules_file_option
@options.rule_options
@options.gate_options
@options.baseline_options
@options.report_options
@options.face_options
@options.progress_option
@click.option("--snapshot", type=options.FilePath(), help="Keep the snapshot in this file.")
@options.resume_option
def scan(**given: Any) -> int:
    """Read the job token scope of every project below TARGET, judge it, report, and gate.

    TARGET is a group or project path, a numeric id, or a GitLab URL. It is read by default from
    gitlab.targets of scopelint.yml.
    """
    face = Console(given["quiet"], given["verbose"], given["color"])
    start(face)
    session = open_session(given, face)
    keep: Path | None = given["snapshot"]
    if given["resume"] and keep is None:
        raise UsageError("--resume needs --snapshot FILE: the file to continue")
    judging = prepare(given, session.config, session.rules, face, [keep] if keep else [])
    judging.check_instance(session.server.url)

    def read_and_judge(path: Path) -> Report:
        collect_into(path, session, face)
        return judging.judge(path)

    if keep is not None:
        check_new(keep, resume=given["resume"])
        with keeping(keep):
            return judging.conclude(lambda: read_and_judge(keep))
    with tempfile.TemporaryDirectory(prefix="scopelint-") as folder:
        path = Path(folder) / "scan.snapshot"
        with keeping(path, move=True):
            return judging.conclude(lambda: read_and_judge(path))
