"""The journal of an apply: each write, before it is sent and after it was answered. JSON Lines.

A write is announced on the disk before it is sent, and its result follows once GitLab answered. So
a run that is killed at any point can be finished or undone. The journal never holds a token, and
only the file's owner can read it.
"""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

import scopelint
from scopelint.errors import OutputError, UsageError
from scopelint.repair.plan_file import Action, Name, Plan, ScopeState
from scopelint.text import encodable

MAX_BYTES = 1_000_000_000
"""The largest journal that is read, in bytes."""

Direction = Literal["apply", "undo"]
"""Whether a record belongs to an apply or to its undo."""
_TEXT_LENGTH: Final = 4000


def _storable(text: object) -> object:
    """Return a server's text as it can be written and read again: no lone surrogate, not too long."""
    return encodable(text)[:_TEXT_LENGTH] if isinstance(text, str) else text


Text = Annotated[str, Field(max_length=_TEXT_LENGTH), BeforeValidator(_storable)]
Result = Literal["doubt", "done", "found", "failed"]
"""What is known of a write; `WriteOutcome.result` explains each."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class JournalHeader(_Record):
    """The first line: what the journal is about."""

    record: Literal["header"] = "header"
    schema_: Annotated[Literal["scopelint-journal/1"], Field(alias="schema")] = (
        "scopelint-journal/1"
    )
    """The name and version of the file format."""
    tool_version: str
    """The scopelint version that made the journal."""
    plan: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The `plan_digest` of the applied plan."""
    instance: Name
    """The address of the GitLab instance."""
    gitlab_version: str
    """That instance's version."""
    started_at: str
    """When the apply began, as ISO 8601 in UTC."""

    model_config = ConfigDict(populate_by_name=True)


class ProjectBegun(_Record):
    """A project that was read and has the expected state; its first write follows."""

    record: Literal["begun"] = "begun"
    direction: Direction
    """Apply or undo."""
    project: Annotated[int, Field(gt=0)]
    """GitLab's number of the project."""
    path: Text
    """Its full path."""
    before: ScopeState
    """Its state before the first write."""


class WriteIntent(_Record):
    """A write that is about to be sent."""

    record: Literal["intent"] = "intent"
    direction: Direction
    """Apply or undo."""
    project: int
    """GitLab's number of the project."""
    index: Annotated[int, Field(ge=0)]
    """The number of the plan's action among those of its project, from 0."""
    action: Action
    """What is done: the plan's action, or for an undo its inverse."""


class WriteOutcome(_Record):
    """What is known of a write that was announced."""

    record: Literal["outcome"] = "outcome"
    direction: Direction
    """Apply or undo."""
    project: int
    """GitLab's number of the project."""
    index: int
    """The number of the plan's action among those of its project, from 0."""
    result: Result
    """`done`: the write happened. `found`: somebody else had made the same change, so undo leaves
    it. `failed`: it did not happen, `detail` says why. `doubt`: its answer was lost; it had not
    happened when the project was read again, but may still be under way."""
    detail: Text = ""
    """The reason, for a reader."""


class ProjectClosed(_Record):
    """A project whose writes are all done and were read back."""

    record: Literal["closed"] = "closed"
    direction: Direction
    """Apply or undo."""
    project: int
    """GitLab's number of the project."""
    result: Literal["verified"] = "verified"
    """That the project was read back and is as planned."""
    after: ScopeState
    """The state that was read back."""


Record = JournalHeader | ProjectBegun | WriteIntent | WriteOutcome | ProjectClosed
"""A line of the journal."""
_LINES: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="record")])


@dataclass(slots=True)
class JournaledWrite:
    """An announced write and what is known of it."""

    action: Action
    result: Result = "doubt"
    """`doubt` until the journal tells more."""


@dataclass(slots=True)
class ProjectLog:
    """What a journal tells about one project."""

    path: str
    before: ScopeState
    """The state before the first write of the apply."""
    applied: dict[int, JournaledWrite] = field(default_factory=dict)
    """The writes of the apply, by the number of the plan's action."""
    undone: dict[int, JournaledWrite] = field(default_factory=dict)
    """The writes of the undo, by the number of the plan's action."""
    verified: bool = False
    """Whether the apply finished the project and read it back."""

    def writes(self, direction: Direction) -> dict[int, JournaledWrite]:
        """Return the writes of one direction, by the number of the plan's action."""
        return self.applied if direction == "apply" else self.undone


def plan_digest(plan: Plan) -> str:
    """Return the SHA-256 of a plan's text, in hex."""
    return hashlib.sha256(plan.text().encode()).hexdigest()


class Journal:
    """An open journal, locked against a second run. Threads may add records at the same time."""

    def __init__(
        self, path: Path, file: int, header: JournalHeader, projects: dict[int, ProjectLog]
    ) -> None:
        """Take an open and locked file descriptor; use `create` or `open` instead."""
        self.path = path
        self.header = header
        self.projects: Mapping[int, ProjectLog] = projects
        self._projects = projects
        self._file = file
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, plan: Plan, *, gitlab_version: str, now: str) -> Self:
        """Make a journal with mode 0600; raise UsageError where the file exists or cannot be made."""
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UsageError(
                f"the journal {path} already exists",
                hint="Finish it with --resume, undo it, or name another with --journal.",
            ) from None
        except OSError as error:
            raise UsageError(f"the journal {path} cannot be created: {error.strerror}") from None
        header = JournalHeader(
            tool_version=scopelint.__version__,
            plan=plan_digest(plan),
            instance=plan.instance,
            gitlab_version=gitlab_version,
            started_at=now,
        )
        _lock(file, path)
        journal = cls(path, file, header, {})
        try:
            journal.add(header)
            _sync_folder(path)
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a journal to continue it; raise UsageError where the file is none, or is in use.

        An incomplete last line, which a killed run may leave, is dropped: a write is sent only
        after its line is complete.
        """
        hint = "Name the file that apply wrote, PLAN.journal by default."
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise UsageError(
                f"the journal {path} cannot be read: {error.strerror}", hint=hint
            ) from None
        try:
            _lock(file, path)
            text = _whole_lines(file, path)
            header, projects = _read(text.split("\n")[:-1], path)
        except BaseException:
            os.close(file)
            raise
        return cls(path, file, header, projects)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; `add` fails afterwards."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def add(self, record: Record) -> None:
        """Write one record to the disk; raise OutputError where that fails."""
        data = record.model_dump(by_alias=True, mode="json", exclude_none=True)
        # ASCII, so that no text of a server holds what some reader takes for the end of a line.
        line = json.dumps(data, separators=(",", ":")) + "\n"
        with self._lock:
            try:
                _write(self._file, line.encode())
                os.fsync(self._file)
            except OSError as error:
                raise OutputError(
                    f"the journal {self.path} could not be written: {error.strerror}",
                    hint="Nothing more was sent. Free some disk space, then continue with --resume.",
                ) from None
            _add_to_log(self._projects, record)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UsageError(f"the journal {path} is in use by another run") from None


def _sync_folder(path: Path) -> None:
    """Put the file's name on the disk too; raise UsageError where that fails."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise UsageError(
            f"the folder of the journal {path} cannot be put on the disk: {error.strerror}",
            hint="Name a journal on another disk with --journal.",
        ) from None


def _whole_lines(file: int, path: Path) -> str:
    """Return the text up to and with the last line end, and cut the file off there."""
    size = os.fstat(file).st_size
    if size > MAX_BYTES:
        raise UsageError(f"the journal {path} is larger than {MAX_BYTES:,} bytes")
    data = b""
    while part := os.pread(file, 1 << 20, len(data)):
        data += part
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.ftruncate(file, len(whole))
        os.fsync(file)
    try:
        return whole.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a scopelint journal: it is not UTF-8") from None


def _read(lines: list[str], path: Path) -> tuple[JournalHeader, dict[int, ProjectLog]]:
    header: JournalHeader | None = None
    projects: dict[int, ProjectLog] = {}
    for number, line in enumerate(lines, 1):
        try:
            record = _LINES.validate_json(line)
            _check_header_position(record, first=number == 1)
            _add_to_log(projects, record)
        except (ValidationError, ValueError, KeyError, RecursionError) as error:
            first = "; ".join(str(error).splitlines()[:3])
            raise UsageError(
                f"{path}:{number} is not a line of a scopelint journal: {first:.300}"
            ) from None
        if isinstance(record, JournalHeader):
            header = record
    if header is None:
        raise UsageError(f"{path} is not a scopelint journal: it is empty")
    return header, projects


def _check_header_position(record: Record, *, first: bool) -> None:
    if isinstance(record, JournalHeader) != first:
        raise ValueError("the header is not the first line, alone")


def _add_to_log(projects: dict[int, ProjectLog], record: Record) -> None:
    """Add a record to the log of its project."""
    match record:
        case ProjectBegun(project=project):
            known = projects.get(project)
            if known is None:
                projects[project] = ProjectLog(record.path, record.before)
        case WriteIntent(project=project, index=index):
            projects[project].writes(record.direction)[index] = JournaledWrite(record.action)
        case WriteOutcome(project=project, index=index):
            projects[project].writes(record.direction)[index].result = record.result
        case ProjectClosed(project=project, direction="apply"):
            projects[project].verified = True
        case _:
            pass
