"""Who may use the features of public and internal projects: what stays open beside the allowlist.

GraphQL does not show the levels; REST's list of projects does, a hundred a request, and only the
public and internal ones are asked for (doc/api/projects.md, "List all projects of a group").
"""

from collections.abc import Sequence

from scopelint.collector.attempt import Failed, attempt
from scopelint.collector.by_rest import RestReader
from scopelint.collector.reader import Page, Root
from scopelint.collector.run import Run
from scopelint.model import Reason
from scopelint.snapshot import Filters, Listed


def read(run: Run, roots: Sequence[Root]) -> None:
    """Read the levels of every public and internal project that was read without them.

    Reading by REST brings them with the list; then there is nothing to ask.
    """
    wanted = run.writer.without_access_levels()
    if not wanted:
        return
    rest = RestReader(run.connection, Filters(), run.reader.caps)
    for visibility in wanted:
        for root in roots:
            _turn(run, rest, root, visibility, None)
    run.work()
    for ids in run.writer.without_access_levels().values():
        run.writer.miss_access_levels(ids, Reason.ERROR, "REST did not list this project")


def _turn(run: Run, rest: RestReader, root: Root, visibility: str, cursor: str | None) -> None:
    def then(page: Page[Listed] | Failed) -> None:
        if isinstance(page, Failed):
            # The projects that stay without levels are noted at the end.
            return
        shown = [(each.project.id, each.project.access_levels) for each in page.items]
        run.writer.add_access_levels((number, found) for number, found in shown if found)
        run.tell()
        if page.cursor is not None and page.cursor != cursor:
            _turn(run, rest, root, visibility, page.cursor)

    run.workers.submit(lambda: attempt(lambda: rest.projects(root, cursor, visibility)), then)
