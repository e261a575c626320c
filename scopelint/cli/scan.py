"""`scopelint scan`: collect, check, report."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, start
from scopelint.errors import UsageError
from scopelint.filters import Filters, ProjectChoice

if TYPE_CHECKING:
    from scopelint.report import Report


@click.command(cls=Command)
@options.target_options
@options.server_options
@options.filter_options
@options.owners_option
@options.audit_events_option
@options.config_and_rules_options
@options.rule_options
@options.gate_options
@options.baseline_options
@options.previous_options
@options.report_options
@options.console_and_progress_options
@options.option_group(
    "Snapshot",
    options.option("--snapshot", type=options.FilePath(), help="Keep the snapshot in this file."),
    options.resume_option,
)
@options.after_option
def scan(
    *,
    target: options.TargetOptions,
    server: options.ServerOptions,
    filters: Filters,
    chosen: ProjectChoice,
    audit_events: bool,
    source: options.ConfigOptions,
    choice: options.RuleChoice,
    gate: options.GateOptions,
    baseline: options.BaselineOptions,
    last: options.PreviousOptions,
    report: options.ReportOptions,
    console: Console,
    snapshot: Path | None,
    resume: bool,
    after: Path | None,
) -> int:
    """Read the job token scope of every project below TARGET, judge it, report, and gate.

    TARGET is a group or project path, a numeric id, or a GitLab URL. It is read by default from
    gitlab.targets of scopelint.yml. With --after it is judged as it will be after a change, as
    `check --after` does. With --owner everything is read and that part judged; {owner} or {group} in
    the name of a report's file writes one a part.
    """
    from scopelint.cli.chosen_rules import needed_facts
    from scopelint.cli.collect_session import check_new, collect_into, keeping
    from scopelint.cli.judge import prepare
    from scopelint.cli.session import open_session
    from scopelint.cli.settings import resolve

    start(console)
    settings = resolve(source, choice, gate, baseline)
    session = open_session(
        target,
        server,
        settings,
        console,
        filters=filters,
        needed=needed_facts(settings, console, audit_events=audit_events),
    )
    if resume and snapshot is None:
        raise UsageError("--resume needs --snapshot FILE: the file to continue")
    reads = (
        ("the snapshot", snapshot),
        ("the token file", server.token_file),
        ("the CA certificates", server.ca_file),
    )
    prepared = prepare(
        settings,
        gate,
        baseline,
        report,
        console,
        last=last,
        reads=reads,
        snapshots=(snapshot,),
        server=server,
        after=after,
        chosen_projects=chosen,
    )
    prepared.check_instance(session.server.url)
    prepared.last.check_asked([target.path for target in session.request.targets])

    def read_and_judge(path: Path) -> "Report":
        collect_into(path, session, console, resume=resume)
        return prepared.judge(path, chosen=chosen)

    if snapshot is not None:
        keep = snapshot
        check_new(snapshot, resume=resume)
        with keeping(snapshot):
            return prepared.conclude(lambda: read_and_judge(keep))
    with tempfile.TemporaryDirectory(prefix="scopelint-") as folder:
        path = Path(folder) / "scan.snapshot"
        with keeping(path, move=True):
            return prepared.conclude(lambda: read_and_judge(path))
