"""The one place that prints errors and turns them into exit codes."""

import sys

import click

from scopelint.cli.console import discard, err, show_traceback, use_utf8
from scopelint.errors import ConfigError, ExitCode, Interrupted, Problem, ScopelintError


def run(command: click.Command) -> int:
    """Run the command line; return its exit code. No traceback reaches the user."""
    use_utf8()
    try:
        result = command.main(prog_name="scopelint", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the last line of defence, bugs of ours included
        return int(_code_of(error))
    return result if isinstance(result, int) else int(ExitCode.OK)


def _code_of(error: BaseException) -> ExitCode:
    """Say what happened and return its exit code."""
    match error:
        case ScopelintError():
            _say(error)
            return error.exit_code
        case click.ClickException():
            _say_usage(error)
            return ExitCode.USAGE
        case KeyboardInterrupt() | click.Abort():
            err("interrupted")
            return ExitCode.INTERRUPTED
        case Exception():
            _say_bug(error)
            return ExitCode.FAILURE
        case SystemExit():
            # click's way of ending where the reader of a help text is gone.
            discard(sys.stdout)
            return ExitCode.OK
        case _:
            raise error


def _say(error: ScopelintError) -> None:
    if isinstance(error, ConfigError):
        for problem in error.problems:
            _say_problem(problem)
    else:
        kind = "" if isinstance(error, Interrupted) else "error: "
        err(f"{kind}{error.message}")
    if error.hint:
        indented = error.hint.replace("\n", "\n      ")
        err(f"hint: {indented}")


def _say_problem(problem: Problem) -> None:
    err(f"error: {problem}")
    if problem.excerpt:
        err(f"    | {problem.excerpt}")
    if problem.hint:
        err(f"    hint: {problem.hint}")


def _say_usage(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        err(error.format_message())
        return
    err(f"error: {error.format_message()}")
    if context is not None:
        err(f"hint: see {context.command_path} --help")


def _say_bug(error: Exception) -> None:
    err(f"error: scopelint itself failed: {type(error).__name__}: {error}")
    if {"-v", "--verbose"} & set(sys.argv):
        show_traceback(error)
    else:
        err("hint: this is a bug; run again with -v and report what it prints")
