"""`scopelint publish`: an issue an owner, a compliance control a project, a note, by a report."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from scopelint.cli import options
from scopelint.cli.command import Command, Entry, LazyGroup
from scopelint.cli.console import Console, start
from scopelint.cli.publish_input import (
    SECRET_VARIABLE,
    control_secret,
    fail_threshold,
    label_names,
    load_whole_report,
    note_body,
    open_session_to_write,
    project_name,
)
from scopelint.cli.publish_output import Publishing, WriteChoice
from scopelint.errors import AuthenticationError
from scopelint.finding import Severity


@click.group(
    cls=LazyGroup,
    entries={
        "issues": Entry(
            "scopelint.cli.publish:issues",
            "Keep one issue an owner.",
            "scopelint publish issues scopelint.json --project acme/security",
        ),
        "controls": Entry(
            "scopelint.cli.publish:controls",
            "Tell a compliance framework's external control each project's verdict.",
            "scopelint publish controls scopelint.json --control 7 --state sent.jsonl",
        ),
        "note": Entry(
            "scopelint.cli.publish:note",
            "Keep one note on the job's merge request.",
            "scopelint publish note scopelint.json",
        ),
    },
)
def publish() -> None:
    """Keep issues, compliance controls or a note up to date by a report.

    Takes a JSON report (`scopelint scan --report json=scopelint.json`). Shows what it would write,
    and writes with --yes alone. The same report twice writes nothing the second time.
    """


_report = click.argument("report_file", type=options.FilePath(), metavar="REPORT")

_write_choice = options.grouped(
    "choice",
    WriteChoice,
    "Writing",
    options.option(
        "--yes", is_flag=True, help="Write it. Without this, only what would be written is shown."
    ),
    options.option(
        "--max-writes",
        type=click.IntRange(min=0),
        metavar="N",
        default=1000,
        show_default=True,
        help="Write nothing where it takes more writes.",
    ),
    options.option(
        "--exit-code", is_flag=True, help="Exit 5 where something is to be written and was not."
    ),
)

_former_option = click.option(
    "--former-user",
    "former",
    multiple=True,
    metavar="USERNAME",
    help="Take over what an earlier token's user made too. Repeatable.",
)


@click.command("issues", cls=Command)
@_report
@click.option(
    "--project",
    metavar="PROJECT",
    help="Takes the issues of owners without `issues:`, and of what nobody owns.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Put on each issue; the first finds it again. Repeatable.  [default: scopelint]",
)
@click.option(
    "--confidential/--no-confidential",
    default=True,
    show_default=True,
    help="Whether issues are confidential.",
)
@_former_option
@_write_choice
@options.answer_format_option
@options.write_options
@options.config_options
@options.console_options
def issues(
    *,
    report_file: Path,
    project: str | None,
    labels: tuple[str, ...],
    confidential: bool,
    former: tuple[str, ...],
    choice: WriteChoice,
    answer_format: str,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Make, update and close one issue for each owner in REPORT.

    The issue is made in the project that `owners:` names (`issues:`), or in --project. It is closed
    when nothing of what it listed is found any more, and only by a report that looked at all of it.
    The token needs the scope api and the role Reporter there.
    """
    from scopelint.gitlab.delivery import Delivery
    from scopelint.publish.issues import DEFAULT_LABEL, IssueOptions, plan_issues

    start(console)
    report = load_whole_report(report_file)
    chosen = IssueOptions(
        project_name(project, report.scan.scan.instance),
        label_names(labels) or (DEFAULT_LABEL,),
        confidential,
        frozenset(former),
    )
    session = open_session_to_write(server, source, console, report.scan.scan.instance)
    with session.connect() as connection:
        steps = plan_issues(Delivery(connection), report, chosen)
        return Publishing("issues", choice, answer_format, console).conclude(steps, connection)


@click.command("controls", cls=Command)
@_report
@click.option(
    "--control",
    type=click.IntRange(min=1),
    metavar="N",
    required=True,
    help="The number of the external control.",
)
@click.option(
    "--secret-file",
    type=options.FilePath(),
    help=f"A file that holds the control's secret. [{SECRET_VARIABLE}]",
)
@click.option(
    "--state",
    "state_file",
    type=options.FilePath(),
    help="Keeps what was sent: the next run sends what changed alone.",
)
@click.option(
    "--fail-on",
    type=click.Choice([s.value for s in Severity if s != Severity.UNKNOWN]),
    help="The lowest severity that fails a project.  [default: as in REPORT]",
)
@click.option(
    "--unknown",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    help="What to send for a project of which it is not known: never a pass.",
)
@click.option(
    "--resend-after",
    type=click.IntRange(min=1),
    metavar="HOURS",
    help="Send again what was sent longer ago: less than 12 where GitLab pings the control.",
)
@_write_choice
@options.answer_format_option
@options.write_options
@options.config_options
@options.console_options
def controls(
    *,
    report_file: Path,
    control: int,
    secret_file: Path | None,
    state_file: Path | None,
    fail_on: str | None,
    unknown: str,
    resend_after: int | None,
    choice: WriteChoice,
    answer_format: str,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Tell an external control of a compliance framework which projects of REPORT pass (Ultimate).

    A project fails with a new finding at or above --fail-on. For one that could not be read a fail is
    sent, or nothing, never a pass. Projects without the framework are named. The secret
    comes from a file or the environment, never from the command line.
    """
    from scopelint.collect.collection import select_reader
    from scopelint.gitlab.ask import ask_required
    from scopelint.gitlab.delivery import Delivery
    from scopelint.publish.control_state import ControlState
    from scopelint.publish.controls import (
        ControlOptions,
        blind_rules,
        plan_controls,
        team_choices,
        verdicts,
    )

    start(console)
    report = load_whole_report(report_file)
    instance = report.scan.scan.instance
    chosen = ControlOptions(
        control,
        control_secret(secret_file),
        fail_threshold(fail_on, report),
        "skip" if unknown == "skip" else "fail",
        timedelta(hours=resend_after) if resend_after else None,
    )
    paths = sorted(verdicts(report, chosen.fail_on))
    for rule in blind_rules(report, chosen.fail_on):
        console.warn(f"no project passes: {rule.code} was not judged: {rule.not_judged}")
    for left_out in team_choices(report):
        console.note(f"Left out by the configuration: {left_out}")
    state = ControlState(state_file, instance, control)
    session = open_session_to_write(server, source, console, instance)
    with session.connect() as connection:
        reader = select_reader(connection, session.request)
        numbers = ask_required(lambda: reader.find("project", paths), session.server.url)
        steps = plan_controls(
            Delivery(connection),
            report,
            chosen,
            numbers=numbers,
            state=state,
            now=datetime.now(UTC),
        )
        publishing = Publishing("controls", choice, answer_format, console)
        return publishing.conclude(steps, connection, concurrency=server.concurrency)


@click.command("note", cls=Command)
@_report
@click.option(
    "--project",
    metavar="PROJECT",
    help="The merge request's project.  [default: the job's]",
)
@click.option(
    "--merge-request",
    type=click.IntRange(min=1),
    metavar="N",
    help="The merge request's number.  [default: the job's]",
)
@_former_option
@_write_choice
@options.answer_format_option
@options.write_options
@options.config_options
@options.console_options
def note(
    *,
    report_file: Path,
    project: str | None,
    merge_request: int | None,
    former: tuple[str, ...],
    choice: WriteChoice,
    answer_format: str,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Keep one note with REPORT on the merge request of this job.

    The merge request is that of the job's variables (CI_MERGE_REQUEST_IID). The note is as `-f
    markdown` writes it; the next run changes it. The token needs the scope api; CI_JOB_TOKEN will
    not do, and a fork's pipeline gets no protected variable.
    """
    from scopelint.gitlab.delivery import Delivery
    from scopelint.publish.note import find_merge_request, plan_note

    start(console)
    report = load_whole_report(report_file, any_state=True)
    named = project_name(project, report.scan.scan.instance)
    place = find_merge_request(os.environ, named, merge_request)
    try:
        session = open_session_to_write(server, source, console, None)
    except AuthenticationError as error:
        if place.of_fork:
            error.hint = (
                "This pipeline is of a fork: it gets no protected variable of the project. Let the"
                f" parent project run it, or do without the note. {error.hint}"
            )
        raise
    scan = report.scan.scan
    after = (str(report.after.source),) if report.after else ()
    with session.connect() as connection:
        steps = plan_note(
            Delivery(connection),
            place,
            note_body(report),
            about=(scan.instance, *scan.targets, *after),
            at=scan.finished_at or scan.started_at,
            former=frozenset(former),
        )
        return Publishing("note", choice, answer_format, console).conclude(steps, connection)
