"""Who opened a project: the newest audit event about its inbound limit, by REST.

Asked for open projects alone, one request each or a few: pages are read from the newest event on
until one is about the limit (doc/api/audit_events.md, "Project audit events"). The route needs
Premium, and Maintainer for the events of all users (ee/lib/ee/api/projects.rb). Nothing that can be
asked in advance tells the tier, so it is told from answers: three projects that are all refused
alike end the asking, for the instance or, on gitlab.com, for their top-level group.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from scopelint.collect import enforcement
from scopelint.collect.reader import ListEnd
from scopelint.collect.rest_reader import RestReader
from scopelint.collect.run import Run
from scopelint.gitlab.address import GITLAB_COM
from scopelint.gitlab.ask import Failed, ask_optional
from scopelint.gitlab.values import (
    FormError,
    Node,
    child,
    identifier,
    integer,
    required,
    text,
    time,
)
from scopelint.limit_change import LastSwitch, LimitChange
from scopelint.model import EntryKind, Fact, Gap, Reason
from scopelint.snapshot import Filters

WITNESSES: Final = 3
"""Projects that are asked first; where all are refused alike, no other is asked."""
PAGES: Final = 5
"""Pages of 100 events that are read of one project, at most."""
_SKEW: Final = timedelta(days=1)
"""How far GitLab's clock may be ahead of ours."""
_NAMES: Final[dict[str, LastSwitch]] = {
    "secure_ci_job_token_inbound_disabled": "off",
    "secure_ci_job_token_inbound_enabled": "on",
}
_MESSAGES: Final[dict[str, LastSwitch]] = {
    "Secure ci_job_token was disabled for inbound": "off",
    "Secure ci_job_token was enabled for inbound": "on",
}
_NO_TIER: Final = "GitLab refused them: they need Premium, and the role Maintainer"
_NO_ROUTE: Final = "this GitLab has none: they need Premium"

Project = tuple[int, str]
"""Number and full path."""


def read(run: Run, needed: Iterable[Fact]) -> None:
    """Read who opened the open projects, where that is needed; what stays unknown is a gap."""
    if Fact.AUDIT_EVENTS not in needed:
        return
    run.progress.step = "audit events"
    table = run.writer.limit_changes
    projects = table.lacking(own_flag_decides=_own_flag_decides(run))
    if projects:
        rest = RestReader(run.connection, Filters(), run.reader.caps)
        _Asking(run, rest).ask(projects)
        run.work()


def _own_flag_decides(run: Run) -> bool:
    """Tell whether a project whose own flag is off is open, as far as is known by now.

    Enforcement is found again at the end, for all conclusions; this answer only spares requests.
    """
    if run.reader.api == "rest" or not run.writer.own_flag_false(1):
        return False
    return enforcement.find(run.connection, run.reader, run.writer).state == "off"


@dataclass(slots=True)
class _Licence:
    """The projects that have one tier, as far as can be told."""

    where: str | None
    """The full path of the top-level group; None for the whole instance."""
    waiting: deque[Project] = field(default_factory=deque)
    asked: int = 0
    """Witnesses that were asked and have not been judged yet."""
    failures: list[Failed] = field(default_factory=list)
    """Their refusals."""
    answered: bool = False
    """Whether one of all was answered."""


class _Asking:
    def __init__(self, run: Run, rest: RestReader) -> None:
        self._run, self._rest = run, rest

    def ask(self, projects: Iterable[Project]) -> None:
        """Queue the witnesses; their answers bring the others, or end the asking."""
        by_group = self._run.connection.server.url == GITLAB_COM
        licences: dict[str | None, _Licence] = {}
        for project in projects:
            where = project[1].partition("/")[0] if by_group else None
            licences.setdefault(where, _Licence(where)).waiting.append(project)
        for licence in licences.values():
            self._ask_some(licence, WITNESSES)

    def _ask_some(self, licence: _Licence, number: int) -> None:
        licence.failures.clear()
        licence.asked = min(number, len(licence.waiting))
        for _ in range(licence.asked):
            project = licence.waiting.popleft()
            job = partial(last_change, self._rest, project[0], datetime.now(UTC))
            self._run.workers.submit(
                partial(ask_optional, job), partial(self._keep, licence, project)
            )

    def _keep(self, licence: _Licence, project: Project, answer: LimitChange | Failed) -> None:
        number, path = project
        licence.asked -= 1
        if isinstance(answer, Failed):
            failed = _in_our_words(answer)
            licence.failures.append(failed)
            gap = Gap(Fact.AUDIT_EVENTS, failed.reason, failed.detail, "project", number, path)
            self._run.writer.add_gaps([gap])
        else:
            licence.answered = True
            self._run.writer.limit_changes.add(number, answer)
        self._run.tell()
        if licence.asked or not licence.waiting:
            return
        if licence.answered:
            self._ask_some(licence, len(licence.waiting))
        elif len({failed.reason for failed in licence.failures}) == 1:
            self._give_up(licence)
        else:
            self._ask_some(licence, WITNESSES)

    def _give_up(self, licence: _Licence) -> None:
        failed, left = licence.failures[0], len(licence.waiting)
        below = f" below {licence.where}" if licence.where else ""
        detail = (
            f"the audit events of {left} more open projects{below} were not asked for, because"
            f" those of {WITNESSES} could not be read: {failed.detail}"
        )
        kind: EntryKind | None = "group" if licence.where else None
        gap = Gap(Fact.AUDIT_EVENTS, failed.reason, detail, kind, None, licence.where)
        self._run.writer.add_gaps([gap])
        licence.waiting.clear()


def _in_our_words(failed: Failed) -> Failed:
    """Return a refusal in words that fit this route; those on kinds of tokens are GitLab's."""
    if failed.reason is Reason.NOT_FOUND:
        return replace(failed, detail=_NO_ROUTE)
    if failed.reason is Reason.FORBIDDEN and "fine-grained" not in failed.detail:
        return replace(failed, detail=_NO_TIER)
    return failed


def last_change(rest: RestReader, project_id: int, now: datetime) -> LimitChange:
    """Ask for a project's events, the newest first, until one is about the limit.

    Raises what `RestReader` raises, and FormError where the list is not what GitLab documents.
    """
    found = _newest_switch(rest, project_id, now)
    if found.last != "off":
        # Below Maintainer GitLab shows only the user's own events, and does not say so: that a list
        # holds no event means something only where the scope, which needs Maintainer, is shown too.
        rest.effective(project_id)
    return found


def _newest_switch(rest: RestReader, project_id: int, now: datetime) -> LimitChange:
    path, cursor, end = f"/projects/{project_id}/audit_events", None, ListEnd()
    newest = None
    for _ in range(PAGES):
        page = rest.keyset_page(
            path, cursor, partial(_event, project_id, now), order_by="id", sort="desc"
        )
        _, fault = end.add(page, [number for number, _ in page.items])
        if page.faults or fault:
            raise FormError(f"{path}: {page.faults[0] if page.faults else fault}")
        for number, change in page.items:
            if newest is not None and number > newest:
                raise FormError(f"{path}: its events are not the newest first")
            newest = number
            if change is not None:
                return change
        cursor = page.cursor
        if cursor is None:
            return LimitChange("none")
    return LimitChange("not_reached")


def _event(project_id: int, now: datetime, node: Node) -> tuple[int, LimitChange | None]:
    """Return an event's number and, where it is about the limit, what it says."""
    number, details = identifier(node, "id"), child(node, "details") or {}
    name = text(node, "event_name") or text(details, "event_name")
    message = text(details, "custom_message")
    last = _MESSAGES.get(message or "") if name is None else _NAMES.get(name)
    if last is None:
        return number, None
    if integer(node, "entity_id") not in (None, project_id):
        raise FormError("an event is of another project")
    at = required(time(node, "created_at"), "created_at")
    if at > now + _SKEW:
        raise FormError("an event is dated in the future")
    author_id = integer(node, "author_id")
    # A number below 1 stands for GitLab itself, or for another author that is no user.
    user = author_id if author_id is not None and author_id > 0 else None
    author = (text(details, "author_name") or "").strip() or None
    return number, LimitChange(last, at, author, user)


def readable(rest: RestReader, project_id: int) -> LimitChange | Failed:
    """Try the route on one project, for a diagnosis."""
    found = ask_optional(partial(last_change, rest, project_id, datetime.now(UTC)))
    return _in_our_words(found) if isinstance(found, Failed) else found
