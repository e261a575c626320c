"""Everything that can end a run, as one tree; each error carries its exit code and a hint.

    ScopelintError
    ├── UsageError                 2  the call itself is off
    │   ├── ConfigError            2  a configuration file is off; all problems at once
    │   └── SnapshotError          2  not a snapshot, another version, an incompatible set
    ├── NothingScannedError        3  there was nothing to judge
    ├── RuntimeFailure             4  it was asked rightly and could not be done
    │   ├── GitLabError            4  GitLab, the token or the network
    │   │   ├── AuthenticationError    the token is missing, wrong, or too small
    │   │   ├── TargetNotFoundError    a target is not there, not visible, or of another kind
    │   │   │   └── NotVisibleError    it is not there or not visible
    │   │   ├── UnexpectedAnswerError  an answer that is not GitLab's API speaking
    │   │   └── OriginError            an answer that would lead the token elsewhere
    │   ├── ScratchError           4  no room for temporary files
    │   ├── OutputError            4  a report could not be written
    │   └── PluginError            4  a rule or reporter is broken
    └── Interrupted              130  the user stopped it

Only `scopelint.cli` prints them. The exit codes are those of the outside contract, section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Every exit code, the same for every command and format."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    FAILURE = 4
    DRIFT = 5
    INTERRUPTED = 130


class ScopelintError(Exception):
    """Base of every error that scopelint raises on purpose.

    `message` says what happened and where; `hint` says what to do next (may be empty).
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ScopelintError):
    """The command line, or a file it names, cannot be used as given."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a configuration file: where it is, what it is, and how to correct it."""

    source: str
    message: str
    line: int | None = None
    """From 1; None where the fault has no place in a file (an option or an environment
    variable)."""
    column: int | None = None
    """From 1; None where `line` is."""
    excerpt: str = ""
    """The line that holds the fault."""
    hint: str = ""

    def __str__(self) -> str:
        place = self.source
        if self.line is not None:
            place += f":{self.line}:{self.column or 1}"
        return f"{place}: {self.message}"


class ConfigError(UsageError):
    """A configuration is off; `problems` lists every fault that was found, in file order."""

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems), hint=hint)
        self.problems = tuple(problems)


class SnapshotError(UsageError):
    """A file is no snapshot of ours, is of another version, or does not fit the others."""


class NothingScannedError(ScopelintError):
    """The targets hold no project to judge: an empty scan is never a pass."""

    exit_code = ExitCode.INCOMPLETE


class RuntimeFailure(ScopelintError):  # noqa: N818 - reads as a kind, and is never raised itself
    """Something outside the call failed."""


class ScratchError(RuntimeFailure):
    """There is no room for what a run keeps for itself meanwhile."""

    def __init__(self, what: str, folder: str) -> None:
        super().__init__(
            f"temporary files in {folder} cannot be used: {what}",
            hint="Free some space there, or set TMPDIR to a folder that has some.",
        )


class GitLabError(RuntimeFailure):
    """GitLab, the token or the network stood in the way.

    `status` is the HTTP status where there was an answer.
    """

    def __init__(self, message: str, *, hint: str = "", status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class AuthenticationError(GitLabError):
    """The token is missing, wrong, expired, of the wrong kind, or lacks a scope."""


class TargetNotFoundError(GitLabError):
    """A target is not there or not visible to this token; GitLab does not tell which."""


class NotVisibleError(TargetNotFoundError):
    """GitLab shows this token no group or project of that name; `reason` says so alone."""

    def __init__(self, what: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{what} is {reason}", hint=hint)
        self.reason = reason


class UnexpectedAnswerError(GitLabError):
    """An answer that is not GitLab's API speaking: HTML, a redirect, a broken body."""


class OriginError(GitLabError):
    """An answer wanted the token sent to another origin; it was not followed."""


class OutputError(RuntimeFailure):
    """A report or snapshot could not be written; what stood there before is untouched."""


class PluginError(RuntimeFailure):
    """A rule or reporter, ours or a third party's, cannot be loaded or crashed."""


class Interrupted(ScopelintError):  # noqa: N818 - not a failure: the user's own wish
    """Ctrl-C or SIGTERM; what was collected is kept and named in the message."""

    exit_code = ExitCode.INTERRUPTED
