"""Judging on more than one core: processes that each take stretches of the projects.

A rule is pure, so it does not matter who asks it. Helpers are forked: they are born with the
estate, the rules and whatever these have found already, without a word being copied; what they
find comes back in files that the parent opened, and their counts through a pipe. Where forking is
not safe (not on Linux, or with threads running) or does not pay, one process judges alone.
"""

import logging
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext
from typing import Final

from scopelint.engine.ledger import Files, Ledger, Part
from scopelint.engine.spool import Scratch
from scopelint.errors import ScopelintError
from scopelint.estate import Estate
from scopelint.policy.settings import Settings
from scopelint.rule import Rule

log = logging.getLogger(__name__)

PAYS_FROM: Final = 5_000
"""Projects below which a helper costs more than it saves."""
_MOST: Final = 4
"""Processes at most: each has a copy of what it touches of the estate."""
_STRETCHES: Final = 8
"""Stretches for each process, so that none waits long for one that got the larger projects."""


def judge_projects(estate: Estate, rules: Sequence[Rule], settings: Settings) -> Ledger:
    """Ask the rules about every project, and return the ledger of what they said.

    Raises what judging raises: PluginError, UsageError, SnapshotError, OSError.
    """
    processes = settings.processes or _processes(estate)
    if processes > 1:
        # Whatever goes wrong: judging alone meets the same fault, and then it has its place, its
        # cause and its order; or it does not, where a helper was killed for its memory.
        log.debug("judging in %d processes", processes)
        with suppress(ScopelintError, OSError, EOFError):
            return _together(estate, rules, settings, processes)
        log.debug("a process that judged has failed; judging again in one")
    ledger = _begun(estate, rules, settings)
    for project in estate.projects():
        ledger.judge_project(project)
    return ledger


def _begun(estate: Estate, rules: Sequence[Rule], settings: Settings) -> Ledger:
    ledger = Ledger(estate, rules, settings)
    ledger.judge_instance()
    return ledger


def _processes(estate: Estate) -> int:
    if sys.platform != "linux" or threading.active_count() > 1 or estate.total < PAYS_FROM:
        return 1
    if multiprocessing.current_process().daemon:
        return 1  # A helper of somebody else's may have none of its own.
    return min(len(os.sched_getaffinity(0)), _MOST)


def _together(estate: Estate, rules: Sequence[Rule], settings: Settings, processes: int) -> Ledger:
    ledger = _begun(estate, rules, settings)
    estate.targets()  # Read once, before there are several who would each read them.
    stretches = estate.stretches(max(1, estate.total // (processes * _STRETCHES)))
    context = multiprocessing.get_context("fork")
    taken = context.Value("L", 0)

    def judge(ledger: Ledger) -> None:
        while True:
            with taken.get_lock():
                number = taken.value
                taken.value += 1
            if number >= len(stretches):
                return
            for project in estate.projects(stretches[number]):
                ledger.judge_project(project)

    def help_out(files: Files) -> Part:
        with estate.reopened():
            own = Ledger(estate, rules, settings, files)
            judge(own)
            return own.part()

    files = [Files(Scratch(), Scratch()) for _ in range(processes - 1)]
    with _helpers(context, help_out, files) as answers:
        judge(ledger)
        for each, answer in zip(files, answers, strict=True):
            ledger.include(answer.recv(), each)
    return ledger


@contextmanager
def _helpers(
    context: ForkContext, help_out: Callable[[Files], Part], files: Sequence[Files]
) -> Iterator[list[Connection]]:
    """Start a helper for each of these files; yield where their answers come from.

    One that fails gives no answer (EOFError). None outlives this.
    """
    started = []
    answers = []
    try:
        for each in files:
            answer, sender = context.Pipe(duplex=False)
            helper = context.Process(target=_answer, args=(sender, help_out, each), daemon=True)
            helper.start()
            # Only the helper may hold this end, or nobody would notice that it is gone.
            sender.close()
            started.append(helper)
            answers.append(answer)
        yield answers
    finally:
        for helper in started:
            helper.terminate()
            helper.join()
        for answer in answers:
            answer.close()


def _answer(sender: Connection, help_out: Callable[[Files], Part], files: Files) -> None:
    # The parent finds out by itself what went wrong; one place prints errors, and it is not here.
    with suppress(BaseException):
        sender.send(help_out(files))
