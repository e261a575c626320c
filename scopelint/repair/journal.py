"""The journal of an apply: what was about to be done, and what was done. JSON Lines.

Each line is on the disk before the write it announces is sent, and after it was answered; so a run
that is killed at any point can be finished or undone. It never holds a token. Its file is
readable by its owner alone.
"""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

import scopelint
from scopelint.errors import OutputError, UsageError
from scopelint.repair.plan_file import Action, Name, Plan, ScopeState

MAX_BYTES = 1_000_000_000
"""The largest journal that is read, in bytes."""

Direction = Literal["apply", "undo"]
"""Which of the two a record is of."""
Text = Annotated[str, Field(max_length=4000)]
Result = Literal["doubt", "done", "found", "failed"]
"""What is known of a write."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JournalHeader(_Record):
    """The first line: of which plan and instance, made when."""

    record: Literal["header"] = "header"
    schema_: Annotated[Literal["scopelint-journal/1"], Field(alias="schema")] = (
        "scopelint-journal/1"
    )
    tool_version: str
    plan: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    instance: Name
    gitlab_version: str
    started_at: str

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Begun(_Record):
    """A project whose state was the expected one, before its first write."""

    record: Literal["begun"] = "begun"
    course: Direction
    project: Annotated[int, Field(gt=0)]
    path: Name
    before: ScopeState


class Intent(_Record):
    """A write that is about to be sent. `index` is the action's number in the plan's project."""

    record: Literal["intent"] = "intent"
    course: Direction
    project: int
    index: Annotated[int, Field(ge=0)]
    action: Action


class StepOutcome(_Record):
    """What became of a write.

    `done`: it is done. `found`: somebody else had done the same, so it is not ours to undo.
    `failed`: it was not done, `detail` says why. `doubt`: its answer was lost; it was not done
    when the project was read, but may be still under way.
    """

    record: Literal["outcome"] = "outcome"
    course: Direction
    project: int
    index: int
    result: Result
    detail: Text = ""


class Closed(_Record):
    """A project that is finished, or was left. `after` is the state that was read back."""

    record: Literal["closed"] = "closed"
    course: Direction
    project: int
    result: Literal["verified", "left"]
    after: ScopeState | None = None
    detail: Text = ""


Record = JournalHeader | Begun | Intent | StepOutcome | Closed
_LINES: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="record")])


@dataclass(slots=True)
class JournaledWrite:
    """An action of the journal and what is known of it."""

    action: Action
    result: Result = "doubt"  # announced, and no more is known


@dataclass(slots=True)
class ProjectLog:
    """One project of a journal: its state at the start, its actions by number, whether finished."""

    path: str
    before: ScopeState
    applied: dict[int, JournaledWrite] = field(default_factory=dict)
    undone: dict[int, JournaledWrite] = field(default_factory=dict)
    verified: bool = False

    def deeds(self, course: Direction) -> dict[int, JournaledWrite]:
        """Return the actions of one course."""
        return self.applied if course == "apply" else self.undone


def plan_digest(plan: Plan) -> str:
    """Return the SHA-256 of a plan's text."""
    return hashlib.sha256(plan.text().encode()).hexdigest()


class Journal:
    """An open journal, locked against a second run. Threads may add records at the same time."""

    def __init__(
        self, path: Path, file: int, header: JournalHeader, histories: dict[int, ProjectLog]
    ) -> None:
        self.path = path
        self.header = header
        self.histories: Mapping[int, ProjectLog] = histories
        self._histories = histories
        self._file = file
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, plan: Plan, *, gitlab_version: str, now: str) -> Self:
        """Make a journal; raise UsageError where the file is there or cannot be made."""
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UsageError(
                f"the journal {path} is already there",
                hint="Continue it with --resume, undo it, or name another with --journal.",
            ) from None
        except OSError as error:
            raise UsageError(f"the journal {path} cannot be made: {error.strerror}") from None
        header = JournalHeader(
            tool_version=scopelint.__version__,
            plan=plan_digest(plan),
            instance=plan.instance,
            gitlab_version=gitlab_version,
            started_at=now,
        )
        _lock(file, path)
        journal = cls(path, file, header, {})
        journal.add(header)
        _sync_folder(path)
        return journal

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a journal to go on with it; raise UsageError where it is none, or is in use.

        A last line that a killed run left torn is dropped: nothing was sent before it was whole.
        """
        hint = "It is the file that apply wrote; --journal names it."
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise UsageError(
                f"the journal {path} cannot be read: {error.strerror}", hint=hint
            ) from None
        try:
            _lock(file, path)
            text = _whole_lines(file, path)
            header, histories = _read(text.splitlines(), path)
        except BaseException:
            os.close(file)
            raise
        return cls(path, file, header, histories)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what is added later is refused."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def add(self, record: Record) -> None:
        """Put one record on the disk; raise OutputError where it does not get there."""
        data = record.model_dump(by_alias=True, mode="json", exclude_none=True)
        line = json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
        with self._lock:
            try:
                _write(self._file, line.encode())
                os.fsync(self._file)
            except OSError as error:
                raise OutputError(
                    f"the journal {self.path} could not be written: {error.strerror}",
                    hint="Nothing more was sent. Make room, then go on with --resume.",
                ) from None
            _note(self._histories, record)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UsageError(f"the journal {path} is in use by another run") from None


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _whole_lines(file: int, path: Path) -> str:
    """Return the text up to the last line end, and cut off what comes after it."""
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
    histories: dict[int, ProjectLog] = {}
    for number, line in enumerate(lines, 1):
        try:
            record = _LINES.validate_json(line)
            _check_place(record, first=number == 1)
            _note(histories, record)
        except (ValidationError, ValueError, KeyError, RecursionError) as error:
            first = "; ".join(str(error).splitlines()[:3])
            raise UsageError(
                f"{path}:{number} is not a line of a scopelint journal: {first:.300}"
            ) from None
        if isinstance(record, JournalHeader):
            header = record
    if header is None:
        raise UsageError(f"{path} is not a scopelint journal: it is empty")
    return header, histories


def _check_place(record: Record, *, first: bool) -> None:
    if isinstance(record, JournalHeader) != first:
        raise ValueError("the header is not the first line, alone")


def _note(histories: dict[int, ProjectLog], record: Record) -> None:
    """Take a record into what is known of its project."""
    match record:
        case Begun(project=project):
            known = histories.get(project)
            if known is None:
                histories[project] = ProjectLog(record.path, record.before)
        case Intent(project=project, index=index):
            histories[project].deeds(record.course)[index] = JournaledWrite(record.action)
        case StepOutcome(project=project, index=index):
            histories[project].deeds(record.course)[index].result = record.result
        case Closed(project=project, course="apply", result="verified"):
            histories[project].verified = True
        case _:
            pass
