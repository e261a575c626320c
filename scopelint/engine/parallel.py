"""Judging on more than one core: processes that each take chunks of the projects.

A rule is pure, so it does not matter who asks it. Helpers are forked: they have the
inventory, the rules and what these have found so far, and nothing is copied. What they find is
written to files that the parent opened; their counts go through a pipe. Where forking is
not safe (not on Linux, or with threads running) or does not pay, one process judges alone.
"""

import logging
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from scopelint.engine.codec import PartFiles
from scopelint.engine.collector import FindingsCollector
from scopelint.engine.engine_settings import Settings
from scopelint.engine.spill import Scratch
from scopelint.errors import ScopelintError
from scopelint.rule import Rule
from scopelint.snapshot.inventory import Inventory

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

log = logging.getLogger(__name__)

PAYS_FROM: Final = 5_000
"""Projects below which a helper costs more than it saves."""
_MOST: Final = 4
"""Processes at most: each has a copy of what it touches of the inventory."""
_CHUNKS: Final = 8
"""Chunks for each process, so that none waits long for one that got the larger projects."""


class Work(Protocol):
    """A run, or a helper's part of it: projects are judged, and what helpers found is added."""

    def judge(self, only: Collection[int] | None) -> None:
        """Judge the projects with these ids, as `Inventory.projects` takes them."""

    def part(self) -> Any:
        """Return what was found, to be sent through a pipe; the work is done then."""

    def include(self, part: Any, files: Any) -> None:
        """Add what a helper found, which wrote to these files."""


_W = TypeVar("_W", bound=Work)
_W_co = TypeVar("_W_co", bound=Work, covariant=True)


class SharedRun(Protocol[_W_co]):
    """How the work of a run is begun, and a helper's."""

    def begin(self) -> _W_co:
        """Return the work of the whole run; what is judged only once is done."""

    def files(self) -> Any:
        """Make the files that a helper writes to."""

    def help(self, files: Any) -> _W_co:
        """Return the work of a helper."""

    def reopened(self) -> AbstractContextManager[object]:
        """Read from files that are opened again: a helper must not use its parent's."""

    def chunks(self, number: int) -> Sequence[Collection[int] | None]:
        """Return the ids of what is to be judged, as `Work.judge` takes them, in about so many."""


@dataclass(frozen=True, slots=True)
class ProjectsRun:
    """A run over one inventory."""

    inventory: Inventory
    rules: Sequence[Rule]
    settings: Settings

    def begin(self) -> FindingsCollector:
        """Return a collector that has judged the instance."""
        self.inventory.targets()  # Read once, before there are several who would each read them.
        collector = FindingsCollector(self.inventory, self.rules, self.settings)
        collector.judge_instance()
        return collector

    def files(self) -> PartFiles:
        """Make the files for a helper's findings and judged projects."""
        return PartFiles(Scratch(), Scratch())

    def help(self, files: PartFiles) -> FindingsCollector:
        """Return a collector that writes to these files."""
        return FindingsCollector(self.inventory, self.rules, self.settings, files)

    def reopened(self) -> AbstractContextManager[object]:
        """Open the inventory's files again."""
        return self.inventory.reopened()

    def chunks(self, number: int) -> Sequence[Collection[int] | None]:
        """Return ranges of ids, or everything at once."""
        return chunks_of(self.inventory, number)


def chunks_of(inventory: Inventory, number: int) -> Sequence[Collection[int] | None]:
    """Return about so many ranges of the ids of an inventory; None, which is all, instead of one."""
    return inventory.chunks(max(1, inventory.total // number)) if number > 1 else (None,)


def judge_projects(
    inventory: Inventory, rules: Sequence[Rule], settings: Settings
) -> FindingsCollector:
    """Ask the rules about every project, and return the collector of their answers.

    Raises what judging raises: PluginError, UsageError, SnapshotError, ScratchError.
    """
    processes = settings.processes or process_count(inventory)
    return in_processes(ProjectsRun(inventory, rules, settings), processes)


def in_processes(run: SharedRun[_W], processes: int) -> _W:
    """Do a run in so many processes; raises what judging raises."""
    if processes > 1:
        # Judging alone meets the same error, and then tells where and why; or it does not, where a
        # helper was killed for its memory.
        log.debug("judging in %d processes", processes)
        with suppress(ScopelintError, OSError, EOFError):
            return _together(run, processes)
        log.debug("a process that judged has failed; judging again in one")
    work = run.begin()
    for chunk in run.chunks(1):
        work.judge(chunk)
    return work


def process_count(inventory: Inventory, number: int | None = None) -> int:
    """Return how many processes should judge: one where forking is not safe or does not pay.

    `number` is how many of the projects are judged, where not all are.
    """
    number = inventory.total if number is None else number
    if sys.platform != "linux" or threading.active_count() > 1 or number < PAYS_FROM:
        return 1
    import multiprocessing

    if multiprocessing.current_process().daemon:
        return 1  # A helper of somebody else's may have none of its own.
    return min(len(os.sched_getaffinity(0)), _MOST)


def _together(run: SharedRun[_W], processes: int) -> _W:
    work = run.begin()
    chunks = _ChunkQueue(run.chunks(processes * _CHUNKS))

    def judge(work: _W) -> None:
        for chunk in chunks:
            work.judge(chunk)

    def help_out(files: Any) -> Any:
        with run.reopened():
            own = run.help(files)
            judge(own)
            return own.part()

    files = [run.files() for _ in range(processes - 1)]
    with closing(chunks), _helpers(help_out, files) as answers:
        judge(work)
        for each, answer in zip(files, answers, strict=True):
            work.include(answer.recv(), each)
    return work


class _ChunkQueue:
    """The chunks that nobody has taken yet, for a process and those that it forks.

    Their numbers wait in a pipe: reading one takes it from all others, and there is no lock that
    a process could hold when it is killed.
    """

    def __init__(self, chunks: Sequence[Collection[int] | None]) -> None:
        self._chunks = chunks
        self._owner = os.getpid()
        self._reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as file:
            file.write(b"".join(map(_NUMBER.pack, range(len(chunks)))))

    def __iter__(self) -> Iterator[Collection[int] | None]:
        """Yield those that no other process got."""
        # Where the owner was killed, nobody waits for the answer.
        while self._owner in (os.getpid(), os.getppid()):
            number = os.read(self._reader, _NUMBER.size)
            if not number:
                return
            yield self._chunks[_NUMBER.unpack(number)[0]]

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._reader)


_NUMBER = struct.Struct("I")


@contextmanager
def _helpers(help_out: Callable[[Any], Any], files: Sequence[Any]) -> Iterator[list["Connection"]]:
    """Start a helper for each of these files; yield where their answers come from.

    One that fails gives no answer (EOFError). None outlives this.
    """
    # Imported here, because few runs have so many projects that it pays.
    import multiprocessing

    context = multiprocessing.get_context("fork")
    started = []
    answers: list[Connection] = []
    try:
        for each in files:
            answer, sender = context.Pipe(duplex=False)
            answers.append(answer)
            given = (sender, tuple(answers), help_out, each)
            helper = context.Process(target=_answer, args=given, daemon=True)
            with _undisturbed():
                helper.start()
                started.append(helper)
            # Only the helper may hold this end, or nobody would notice that it is gone.
            sender.close()
        yield answers
    finally:
        for helper in started:
            helper.terminate()
            helper.join()
        for answer in answers:
            answer.close()


def _answer(
    sender: "Connection",
    inherited: Sequence["Connection"],
    help_out: Callable[[Any], Any],
    files: Any,
) -> None:
    """Do a helper's work. It says nothing but its answer: one place prints errors, not this.

    The parent alone heeds Ctrl-C, and ends its helpers; what went wrong it finds out by itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    for answer in inherited:
        answer.close()  # Held here too, they would hide from the sender that nobody listens.
    with suppress(BaseException):
        sender.send(help_out(files))


_ENDING: Final = frozenset({signal.SIGINT, signal.SIGTERM})


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back what ends a program until a helper knows how to take it, and is known."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
