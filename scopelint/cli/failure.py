"""The one place that prints errors and turns them into exit codes."""

import re
import sys
import traceback

import click

from scopelint.cli import stdio
from scopelint.errors import ConfigError, ExitCode, Interrupted, Problem, ScopelintError
from scopelint.secrets import Secret
from scopelint.text import clean

_SECRETS: list[Secret] = []
_SHORTEST_SECRET = 8
"""Characters; no token is shorter, and hiding less would eat the words of messages."""
# GitLab's prefixes (doc/security/tokens, "Token prefixes"): one given in a wrong place, such as a
# target, is hidden too.
_TOKEN = re.compile(r"\bgl(?:pat|cbt|oas|soat|dt|rt|rtr|ptt|ft|imt|agent|wt|ffct)-[\w.-]{8,}")


def keep_secret(secret: Secret) -> None:
    """Have a token replaced by stars in whatever is printed about an error."""
    if len(secret.reveal()) >= _SHORTEST_SECRET:
        _SECRETS.append(secret)


def run(command: click.Command) -> int:
    """Run the command line; return its exit code. No traceback reaches the user."""
    stdio.use_utf8()
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
            _line("interrupted")
            return ExitCode.INTERRUPTED
        case Exception():
            _say_bug(error)
            return ExitCode.FAILURE
        case SystemExit():
            # click's way of ending where the reader of a help text is gone.
            stdio.discard(sys.stdout)
            return ExitCode.OK
        case _:
            raise error


def _say(error: ScopelintError) -> None:
    if isinstance(error, ConfigError):
        for problem in error.problems:
            _say_problem(problem)
    else:
        kind = "" if isinstance(error, Interrupted) else "error: "
        _line(f"{kind}{error.message}")
    if error.hint:
        _line(f"hint: {error.hint}")


def _say_problem(problem: Problem) -> None:
    _line(f"error: {problem}")
    if problem.excerpt:
        _line(f"    | {problem.excerpt}")
    if problem.hint:
        _line(f"    hint: {problem.hint}")


def _say_usage(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        stdio.err(error.format_message())
        return
    _line(f"error: {error.format_message()}")
    if context is not None:
        _line(f"hint: see {context.command_path} --help")


def _say_bug(error: Exception) -> None:
    _line(f"error: scopelint itself failed: {type(error).__name__}: {error}")
    if {"-v", "--verbose"} & set(sys.argv):
        for line in traceback.format_exception(error):
            _line(line.rstrip())
    else:
        _line("hint: this is a bug; run again with -v and report what it prints")


def _line(text: str) -> None:
    """Write one line to stderr: control characters and tokens replaced."""
    for secret in _SECRETS:
        text = secret.redact(text)
    text = _TOKEN.sub("********", text)
    stdio.err("\n".join(clean(line) for line in text.split("\n")))
