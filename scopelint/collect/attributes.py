"""Attributes of projects that REST alone shows, read where a rule of the run needs them.

Whether a project is a pull mirror matters only where it may take pushes, which are few; whether it
runs its forks' pipelines matters for every origin that an entry lets in
(doc/api/projects.md, "mirror" and "ci_allow_fork_pipelines_to_run_in_parent_project").
"""

from collections.abc import Collection, Sequence
from typing import Final

from scopelint.collect.reader import ListEnd, Page, ResolvedTarget
from scopelint.collect.rest_reader import RestReader
from scopelint.collect.run import Run
from scopelint.gitlab.ask import Failed, ask_optional
from scopelint.model import Fact, Gap, Reason
from scopelint.snapshot import Filters, Listed

FEW: Final = 20
"""Up to so many projects are asked for one by one; more are read from the lists, 100 a request."""


def read(run: Run, targets: Sequence[ResolvedTarget], needed: Collection[Fact]) -> None:
    """Read what is needed of the projects that were read.

    What stays unread is a gap for the mirror; the rules say unknown. Reading by REST has brought
    both with each project, so nothing is asked.
    """
    mirrors = run.writer.lacking_mirror() if Fact.MIRROR in needed else []
    forks = run.writer.lacking_fork_pipelines() if Fact.FORK_PIPELINES in needed else []
    if run.reader.api == "graphql" and (mirrors or forks):
        rest = RestReader(run.connection, Filters(), run.reader.caps)
        wanted = sorted({*mirrors, *forks})
        if len(wanted) > FEW:
            for target in targets:
                if target.kind != "project":
                    _next_page(run, rest, target, None, ListEnd())
            run.work()
            left = {
                *(run.writer.lacking_mirror() if mirrors else ()),
                *(run.writer.lacking_fork_pipelines() if forks else ()),
            }
            # What a list showed without the attribute is not shown alone either.
            single = {target.id for target in targets if target.kind == "project"}
            wanted = sorted(left & single)
        _one_by_one(run, rest, wanted)
    if Fact.MIRROR in needed:
        run.writer.add_gaps(
            Gap(
                Fact.MIRROR,
                Reason.UNAVAILABLE,
                _NOT_SHOWN,
                "project",
                each.project.id,
                each.project.path,
            )
            for each in run.writer.listed(run.writer.lacking_mirror())
        )


_NOT_SHOWN: Final = "GitLab did not show whether it mirrors another repository"


def read_of_targets(run: Run, needed: Collection[Fact]) -> None:
    """Read of the projects that entries point to outside the tree, one request each."""
    if Fact.FORK_PIPELINES in needed and run.reader.api == "graphql":
        rest = RestReader(run.connection, Filters(), run.reader.caps)
        _one_by_one(run, rest, run.writer.project_targets())


def _one_by_one(run: Run, rest: RestReader, ids: Sequence[int]) -> None:
    for number in ids:
        _next_page(run, rest, ResolvedTarget("project", number, str(number)), None, ListEnd())
    run.work()


def _next_page(
    run: Run, rest: RestReader, target: ResolvedTarget, cursor: str | None, end: ListEnd
) -> None:
    def then(page: Page[Listed] | Failed) -> None:
        if isinstance(page, Failed):
            # The projects that stay without are unknown to the rules.
            return
        run.writer.add_attributes(each.project for each in page.items)
        run.tell()
        _, fault = end.add(page, [each.project.id for each in page.items])
        if page.cursor is not None and fault is None:
            _next_page(run, rest, target, page.cursor, end)

    run.workers.submit(lambda: ask_optional(lambda: rest.projects(target, cursor)), then)
