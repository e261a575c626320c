"""The scopes of listed projects: as many pages at once as there are workers."""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from scopelint.collector.attempt import Failed, attempt
from scopelint.collector.pagesize import PageSize
from scopelint.collector.reader import Details
from scopelint.collector.run import Run
from scopelint.model import Fact, Gap
from scopelint.snapshot import Listed

log = logging.getLogger(__name__)


class Scopes:
    """Reads the scopes of the projects that the enumeration finds."""

    def __init__(self, run: Run, page_size: int | None) -> None:
        self._run = run
        self.size = PageSize(min(run.reader.batch, page_size or run.reader.batch))
        self._waiting: deque[int] = deque()
        self._complete = False

    def add(self, ids: Sequence[int]) -> None:
        """Queue projects; full pages are asked for at once."""
        self._waiting.extend(ids)
        self._dispatch()

    def no_more(self) -> None:
        """Ask for what is left: the enumeration is over."""
        self._complete = True
        self._dispatch()

    def _dispatch(self) -> None:
        while self._waiting and (self._complete or len(self._waiting) >= self.size.value):
            count = min(self.size.value, len(self._waiting))
            ids = [self._waiting.popleft() for _ in range(count)]
            self._ask(self._run.writer.listed(ids))

    def _ask(self, listed: Sequence[Listed]) -> None:
        def ask() -> tuple[Details | Failed, float]:
            started = time.monotonic()
            return attempt(lambda: self._run.reader.read(listed)), time.monotonic() - started

        def then(answer: tuple[Details | Failed, float]) -> None:
            details, seconds = answer
            if isinstance(details, Failed):
                self._ask_less(listed, details)
            else:
                self.size.answered(len(listed), seconds, tight=self._run.reader.tight)
                self._keep(details)

        self._run.workers.submit(ask, then)

    def _keep(self, details: Details) -> None:
        gaps = [gap for _, found in details for gap in found]
        self._run.writer.add_projects([project for project, _ in details], gaps)
        read = sum(project.scope is not None for project, _ in details)
        self._run.progress.read += read
        self._run.progress.unreadable += len(details) - read
        self._run.tell()

    def _ask_less(self, listed: Sequence[Listed], failed: Failed) -> None:
        """Ask for half as much; a project that fails alone becomes a gap, the others go on."""
        if len(listed) == 1:
            project = listed[0].project
            gap = Gap(Fact.SCOPE, failed.reason, failed.detail, "project", project.id, project.path)
            self._keep([(replace(project, gap=gap), ())])
            return
        if failed.too_much:
            self.size.refused(len(listed))
        half = (len(listed) + 1) // 2
        log.info("%s: %d projects at once instead of %d", failed.detail, half, len(listed))
        self._ask(listed[:half])
        self._ask(listed[half:])
