"""What `publish` needs first: a report that may be published, a token that may write, a secret."""

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scopelint.cli.console import Console
from scopelint.cli.option_groups import ConfigOptions, ServerOptions, TargetOptions
from scopelint.errors import AuthenticationError, UsageError
from scopelint.finding import Severity
from scopelint.gitlab.targets import parse_targets
from scopelint.registry import get_reporter
from scopelint.report import RenderOptions, Report
from scopelint.text import Secret

if TYPE_CHECKING:
    from scopelint.cli.session import Session

SECRET_VARIABLE: Final = "SCOPELINT_CONTROL_SECRET"
_SECRET_BYTES: Final = 4096


def load_whole_report(path: Path, *, any_state: bool = False) -> Report:
    """Read a report that lists every finding; `any_state` takes one of a wanted state too."""
    from scopelint.cli.after import check_of_today
    from scopelint.report_file.part import lists_every_finding
    from scopelint.report_file.reading import load_report

    report = load_report(path)
    if not any_state:
        check_of_today(report, path, "nobody is told that it is so")
    if not any_state and not lists_every_finding(report):
        raise UsageError(
            f"{path} was made with --min-severity or --new-only: what it does not list would look"
            " as if it were fixed",
            hint="Make it without them.",
        )
    return report


def open_session_to_write(
    server: ServerOptions,
    source: ConfigOptions,
    console: Console,
    instance: str | None,
) -> "Session":
    """Open a session that may write; with `instance`, only where that is the one that is meant."""
    from scopelint.cli.repair_output import open_writing
    from scopelint.cli.session import open_session
    from scopelint.cli.settings import resolve
    from scopelint.gitlab.delivery import PUBLISH_HINT

    try:
        if instance is not None:
            return open_writing(server, source, console, instance, 1)
        # What is written is named later: here it is about where, and by what token.
        return open_session(TargetOptions(projects=("1",)), server, resolve(source), console)
    except AuthenticationError as error:
        error.hint = PUBLISH_HINT
        raise


def project_name(given: str | None, instance: str) -> str | None:
    """Return the full path or the number of a project, however the user named it."""
    if given is None:
        return None
    [spec] = parse_targets(projects=[given], known=(instance,))
    return spec.path or str(spec.id)


def label_names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels of `--label`, which commas may separate, each once."""
    return tuple(
        dict.fromkeys(part.strip() for word in given for part in word.split(",") if part.strip())
    )


def control_secret(path: Path | None) -> Secret:
    """Return the control's secret, of a file or the environment; raise UsageError without one."""
    if path is None:
        text = os.environ.get(SECRET_VARIABLE, "")
        if not text.strip():
            raise UsageError(
                "there is no secret of the control",
                hint=f"Name its file with --secret-file, or set {SECRET_VARIABLE}.",
            )
        return Secret(text.strip())
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_SECRET_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"--secret-file {path} cannot be read: {reason}") from None
    if not text:
        raise UsageError(f"--secret-file {path} is empty")
    return Secret(text)


def fail_threshold(given: str | None, report: Report) -> Severity:
    """Return the lowest severity that fails a project; raise UsageError where none does."""
    text = given or report.gate.fail_on
    if text == "never":
        raise UsageError(
            "by this report's gate nothing ever fails (fail_on: never)",
            hint="Say which severity fails a project: --fail-on high",
        )
    return Severity(text)


def note_body(report: Report) -> str:
    """Return a report as Markdown, with a link to the job that made it."""
    page = os.environ.get("CI_JOB_URL")
    document = BytesIO()
    reporter = get_reporter("markdown")(RenderOptions(report_url=page))
    reporter.render(report, document)
    return document.getvalue().decode("utf-8")
