"""The enumeration: which groups and projects there are, page after page by GitLab's cursors."""

from collections.abc import Callable, Sequence
from typing import Any

from scopelint.collect.reader import ListEnd, Page, ResolvedTarget
from scopelint.collect.request import Shard, holds
from scopelint.collect.run import Run
from scopelint.errors import GitLabError
from scopelint.gitlab.ask import Failed, ask_optional
from scopelint.model import Fact, Gap, Group, Reason
from scopelint.snapshot import Cursor, Filters, Listed

Ask = Callable[[ResolvedTarget, str | None], Page[Any]]
Keep = Callable[[Page[Any], Cursor], None]


class Enumeration:
    """Turns the pages of every target; each page is in the snapshot before the next is asked for."""

    def __init__(
        self,
        run: Run,
        filters: Filters,
        shard: Shard | None,
        found: Callable[[Sequence[int]], None],
        over: Callable[[], None],
    ) -> None:
        """`found` gets the ids of new projects to read; `over` is called when all lists ended."""
        self._run = run
        self._filters = filters
        self._choice = filters.choice
        self._shard = shard
        self._found = found
        self._over = over
        self._open = 0
        self._ends: dict[str, ListEnd] = {}

    def start(self, targets: Sequence[ResolvedTarget]) -> None:
        """Start every list that has not ended yet."""
        reader = self._run.reader
        lists: list[tuple[Cursor, ResolvedTarget, Ask, Keep]] = []
        for target in targets:
            if target.kind in ("group", "instance"):
                lists.append(
                    (self._cursor("groups", target), target, reader.groups, self._keep_groups)
                )
            cursor = self._cursor("projects", target)
            lists.append((cursor, target, reader.projects, self._keep_projects))
        unfinished = [each for each in lists if not each[0].done]
        self._open = len(unfinished)
        for each in unfinished:
            self._next_page(*each)
        if not unfinished:
            self._over()

    def _cursor(self, what: str, target: ResolvedTarget) -> Cursor:
        return self._run.writer.cursor(f"{what}:{target.path}")

    def _next_page(self, cursor: Cursor, target: ResolvedTarget, ask: Ask, keep: Keep) -> None:
        def then(page: Page[Any] | Failed) -> None:
            if isinstance(page, Failed):
                self._failed(cursor, target, page)
                return
            end = self._ends.setdefault(cursor.name, ListEnd())
            new, fault = end.add(page, [_number(item) for item in page.items])
            next_cursor = Cursor(
                cursor.name,
                page.cursor,
                done=page.cursor is None,
                # What is listed twice is one, and another one may be hidden behind it.
                seen=(0 if page.begins_again else cursor.seen) + new,
                expected=cursor.expected if page.expected is None else page.expected,
            )
            keep(page, next_cursor)
            if page.faults:
                self._note(cursor.name, target, Reason.ERROR, f"is not whole: {page.faults[0]}")
            if next_cursor.done:
                self._one_over()
            elif fault is not None:
                self._failed(next_cursor, target, Failed(Reason.ERROR, fault))
            else:
                self._next_page(next_cursor, target, ask, keep)

        self._run.workers.submit(
            lambda: ask_optional(lambda: ask(target, cursor.cursor)), then, first=True
        )

    def _failed(self, cursor: Cursor, target: ResolvedTarget, failed: Failed) -> None:
        """Record that a list is not whole; what was listed before is still read."""
        fault = f"stopped at {cursor.seen}: {failed.detail}"
        if cursor.name.startswith("projects:") and not cursor.seen:
            raise GitLabError(
                f"the list of projects below {target.path} {fault}",
                hint="Run again; with --api rest if it stays so.",
            )
        self._note(cursor.name, target, failed.reason, fault)
        self._one_over()

    def _note(self, name: str, target: ResolvedTarget, reason: Reason, fault: str) -> None:
        what, _, _ = name.partition(":")
        detail = f"the list of {what} below {target.path} {fault}"
        gap = Gap(Fact.ENUMERATION, reason, detail, "group", target.id or None, target.path)
        self._run.writer.add_gaps([gap])

    def _one_over(self) -> None:
        self._open -= 1
        if not self._open:
            self._over()

    def _keep_groups(self, page: Page[Any], cursor: Cursor) -> None:
        self._run.writer.add_groups(page.items, cursor)

    def _keep_projects(self, page: Page[Any], cursor: Cursor) -> None:
        listed = [self._placed(each) for each in page.items]
        new = self._run.writer.add_listed(listed, cursor)
        progress = self._run.progress
        progress.listed += len(new)
        plain = self._filters.everything and self._shard is None
        progress.expected = cursor.expected if plain else None
        self._found(new)
        self._run.tell()

    def _placed(self, listed: Listed) -> Listed:
        """Mark what a filter leaves out, and what another shard reads."""
        project = listed.project
        selected = (
            self._choice.holds(project.path)
            and not (self._filters.archived == "exclude" and project.archived)
            and not (self._filters.archived == "only" and project.archived is False)
        )
        return Listed(project, listed.push, selected, elsewhere=not holds(self._shard, project.id))


def _number(item: Group | Listed) -> int:
    return item.project.id if isinstance(item, Listed) else item.id
