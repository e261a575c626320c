"""The scopes of listed projects: as many pages at once as there are workers."""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scopelint.collect.reader import Details, ListEnd, Page, ResolvedTarget
from scopelint.collect.rest_reader import RestReader
from scopelint.collect.run import Run
from scopelint.gitlab.ask import Failed, ask_optional
from scopelint.model import Fact, Gap, Reason
from scopelint.snapshot import Filters, Listed

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
            return ask_optional(lambda: self._run.reader.read(listed)), time.monotonic() - started

        def then(answer: tuple[Details | Failed, float]) -> None:
            details, seconds = answer
            if isinstance(details, Failed):
                self._ask_less(listed, details)
            else:
                self.size.answered(len(listed), seconds, near_limit=self._run.reader.near_limit)
                self._keep(details)

        self._run.workers.submit(ask, then)

    def _keep(self, details: Details) -> None:
        writer, missing = self._run.writer, self._run.reader.unavailable()
        if missing.keys() - writer.header.unavailable.keys():
            # A field that GitLab no longer knows: noted before what was read without it.
            both = {**writer.header.unavailable, **missing}
            writer.save_header(writer.header.with_changes(unavailable=both))
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


SLOW: Final = 5.0
"""Seconds; a first page that takes longer is followed by smaller ones."""
QUICK: Final = 2.0
"""Seconds; answers that come sooner leave room for more."""
STREAK: Final = 4
"""Quick answers in a row before more is asked for."""
FORGET: Final = 32
"""Answers after which a size that once failed may be tried again."""


class PageSize:
    """The size of the next page, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.value = limit
        self._ceiling = limit
        self._streak = 0
        self._since_failure = 0
        self._first = True
        self._managed = 0

    def answered(self, size: int, seconds: float, *, near_limit: bool = False) -> None:
        """Learn from a page of `size` projects that was answered in `seconds`.

        `near_limit`: its query came near the server's limit of complexity.
        """
        if self._first and (seconds > SLOW or near_limit) and size == self.value:
            self.value = max(1, self.value // 2)
        self._first = False
        self._managed = max(self._managed, size)
        self._since_failure += 1
        if self._since_failure >= FORGET:
            self._ceiling = self.limit
        if size < self.value or seconds > QUICK:
            self._streak = 0
            return
        self._streak += 1
        if self._streak >= STREAK and self.value < self._ceiling:
            self.value = min(self.value * 2, self._ceiling)
            self._streak = 0

    def refused(self, size: int) -> None:
        """Learn from a page of `size` projects that was too much.

        Where as many were answered before, these projects are to blame and not their number; it
        is the number all the same if that happens again before another such answer.
        """
        self._first = False
        if size <= self._managed:
            self._managed = (size + 1) // 2
            return
        self._streak = self._since_failure = 0
        self._ceiling = max(1, min(self._ceiling, size - 1))
        self.value = max(1, min(self.value, size // 2))


def read(run: Run, targets: Sequence[ResolvedTarget]) -> None:
    """Read the levels of every public and internal project that was read without them.

    Of private projects one level matters, that of the package registry; it is read of those that
    are targets themselves, which costs one request each. Reading by REST brings all levels with
    the list; then there is nothing to ask.
    """
    missing = run.writer.without_access_levels()
    single = {target.id: target for target in targets if target.kind == "project"}
    alone = run.writer.lacking_access_levels(single)
    if not missing and not alone:
        return
    rest = RestReader(run.connection, Filters(), run.reader.caps)
    for project_id in alone:
        _next_page(run, rest, single[project_id], None, None, end=ListEnd())
    for visibility in missing:
        for target in targets:
            if target.kind != "project":
                _next_page(run, rest, target, visibility, None, end=ListEnd())
    run.work()
    for ids in run.writer.without_access_levels().values():
        run.writer.miss_access_levels(ids, Reason.ERROR, "REST did not list this project")


def _next_page(
    run: Run,
    rest: RestReader,
    target: ResolvedTarget,
    visibility: str | None,
    cursor: str | None,
    *,
    end: ListEnd,
) -> None:
    def then(page: Page[Listed] | Failed) -> None:
        if isinstance(page, Failed):
            # The projects that stay without levels are noted at the end.
            return
        shown = [(each.project.id, each.project.access_levels) for each in page.items]
        run.writer.add_access_levels((number, found) for number, found in shown if found)
        run.tell()
        _, fault = end.add(page, [each.project.id for each in page.items])
        if page.cursor is not None and fault is None:
            _next_page(run, rest, target, visibility, page.cursor, end=end)

    run.workers.submit(
        lambda: ask_optional(lambda: rest.projects(target, cursor, visibility)), then
    )
