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
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from scopelint.engine.collector import CollectedPart, FindingsCollector, PartFiles
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


def judge_projects(
    inventory: Inventory, rules: Sequence[Rule], settings: Settings
) -> FindingsCollector:
    """Ask the rules about every project, and return the collector of their answers.

    Raises what judging raises: PluginError, UsageError, SnapshotError, ScratchError.
    """
    processes = settings.processes or process_count(inventory)
    if processes > 1:
        # Judging alone meets the same error, and then tells where and why; or it does not, where a
        # helper was killed for its memory.
        log.debug("judging in %d processes", processes)
        with suppress(ScopelintError, OSError, EOFError):
            return _together(inventory, rules, settings, processes)
        log.debug("a process that judged has failed; judging again in one")
    collector = _begun(inventory, rules, settings)
    for project in inventory.chosen_projects():
        collector.judge_project(project)
    return collector


def _begun(inventory: Inventory, rules: Sequence[Rule], settings: Settings) -> FindingsCollector:
    collector = FindingsCollector(inventory, rules, settings)
    collector.judge_instance()
    return collector


def process_count(inventory: Inventory) -> int:
    """Return how many processes should judge: one where forking is not safe or does not pay."""
    if sys.platform != "linux" or threading.active_count() > 1 or inventory.total < PAYS_FROM:
        return 1
    import multiprocessing

    if multiprocessing.current_process().daemon:
        return 1  # A helper of somebody else's may have none of its own.
    return min(len(os.sched_getaffinity(0)), _MOST)


def _together(
    inventory: Inventory, rules: Sequence[Rule], settings: Settings, processes: int
) -> FindingsCollector:
    collector = _begun(inventory, rules, settings)
    inventory.targets()  # Read once, before there are several who would each read them.
    chunks = _ChunkQueue(inventory.chunks(max(1, inventory.total // (processes * _CHUNKS))))

    def judge(collector: FindingsCollector) -> None:
        while (chunk := chunks.take()) is not None:
            for project in inventory.chosen_projects(chunk):
                collector.judge_project(project)

    def help_out(files: PartFiles) -> CollectedPart:
        with inventory.reopened():
            own = FindingsCollector(inventory, rules, settings, files)
            judge(own)
            return own.part()

    files = [PartFiles(Scratch(), Scratch()) for _ in range(processes - 1)]
    with closing(chunks), _helpers(help_out, files) as answers:
        judge(collector)
        for each, answer in zip(files, answers, strict=True):
            collector.include(answer.recv(), each)
    return collector


class _ChunkQueue:
    """The chunks that nobody has taken yet, for a process and those that it forks.

    Their numbers wait in a pipe: reading one takes it from all others, and there is no lock that
    a process could hold when it is killed.
    """

    def __init__(self, chunks: Sequence[range]) -> None:
        self._chunks = chunks
        self._owner = os.getpid()
        self._reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as file:
            file.write(b"".join(map(_NUMBER.pack, range(len(chunks)))))

    def take(self) -> range | None:
        """Take the next one, which no other process gets; None where there is none left."""
        if self._owner not in (os.getpid(), os.getppid()):
            return None  # Nobody waits for the answer: the owner was killed.
        number = os.read(self._reader, _NUMBER.size)
        return self._chunks[_NUMBER.unpack(number)[0]] if number else None

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._reader)


_NUMBER = struct.Struct("I")


@contextmanager
def _helpers(
    help_out: Callable[[PartFiles], CollectedPart], files: Sequence[PartFiles]
) -> Iterator[list["Connection"]]:
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
    help_out: Callable[[PartFiles], CollectedPart],
    files: PartFiles,
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
