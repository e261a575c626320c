"""What a plan rests on, asked again before a project's first write: the log, and what the token sees.

Between a plan and its apply an entry may come into use, or be added again. What rests on the log is
done only where the log, as GitLab shows it now, says the same as it did for the plan.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from scopelint.errors import UsageError
from scopelint.gitlab.ask import Failed
from scopelint.model import AllowlistEntry, EntryKind, Project, Scope, TokenUse
from scopelint.repair.irreversible import cannot_add
from scopelint.repair.plan_file import Action, Plan, ProjectPlan
from scopelint.repair.plan_text import describe_action
from scopelint.repair.planning import ordered, project_after, with_limit_on
from scopelint.repair.safety import Assumptions, access_change, losing_origins
from scopelint.uses.log import why_not_whole
from scopelint.uses.unused import EMPTY_LOG, known_uses, known_uses_of

if TYPE_CHECKING:
    from scopelint.collect.current_state import CurrentState
    from scopelint.repair.plan_file import Operation

_KINDS: Final[tuple[EntryKind, ...]] = ("group", "project")
_NAMED: Final = 5
"""Uses that are named."""

Visible = Mapping[EntryKind, frozenset[int]]
"""The groups and projects that the token sees, of those that were asked for."""


def visible_targets(plan: Plan, current: "CurrentState", operation: "Operation") -> Visible:
    """Return which targets the token sees now, of the entries that a plan adds or removes.

    Raises UsageError where GitLab does not tell, and a GitLabError for what ends the run.
    """
    found: dict[EntryKind, frozenset[int]] = {}
    for kind in _KINDS:
        targets = {
            action.entry.id: action.entry.path
            for project in plan.projects
            for action in project.actions
            if action.operation == operation and action.entry and action.entry.kind == kind
        }
        seen = current.visible(kind, targets)
        if isinstance(seen, Failed):
            raise UsageError(
                f"whether the token sees the {kind}s whose entries the plan changes is not known:"
                f" {seen.detail}",
                hint="Nothing was changed: try again.",
            )
        found[kind] = seen
    return found


@dataclass(frozen=True, slots=True)
class Doubts:
    """What keeps a project from being changed though its state is the plan's."""

    visible: Visible
    """What the token sees of the targets that entries are added for."""
    assumptions: Assumptions

    def of(
        self, planned: ProjectPlan, project: Project, pending: Sequence[Action]
    ) -> Iterator[str]:
        """Yield the reasons, none where the pending actions may be done.

        `project` was just read, with its log where any of them rests on it.
        """
        hidden = [
            action.entry.path
            for action in pending
            if action.operation == "add-entry"
            and action.entry is not None
            and action.entry.id not in self.visible[action.entry.kind]
        ]
        if hidden:
            yield cannot_add(hidden, planned.web_url)
        if rests_on_log(pending):
            yield from why_used(project, pending, self.assumptions)


def rests_on_log(actions: Sequence[Action]) -> bool:
    """Tell whether any of these actions rests on what the log did not show."""
    return any(action.rests_on_log for action in actions)


def why_used(
    project: Project, pending: Sequence[Action], assumptions: Assumptions
) -> Iterator[str]:
    """Yield what the log shows now against the actions that rest on it.

    `project` was just read, with its log; `pending` are the actions that are still to be done.
    """
    scope = project.scope
    if scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    if why := why_not_whole(scope):
        yield f"whether it was used since the plan was made is not known: {why}"
        return
    # A limit that the instance enforces goes on without a change of access, and rests on no log.
    closes = any(action.operation == "set-inbound" and action.rests_on_log for action in pending)
    before = project if closes else with_limit_on(project)
    # What an unsafe removal takes from whom was asked for.
    done = [
        action for action in pending if action.safe or not action.operation.startswith("remove-")
    ]
    after = project_after(before, ordered(done))
    lost: dict[int, TokenUse] = {}
    for action in pending:
        if not action.rests_on_log:
            continue
        entry = _entry(action, scope)
        uses = known_uses(scope) if entry is None else known_uses_of(entry, scope)
        paths = set(losing_origins(before, after, uses, assumptions))
        lost |= {use.origin_id: use for use in uses if use.origin_path in paths}
        if entry is not None and action.unused_since is not None:
            yield from _not_proved(action, action.unused_since, entry, scope)
            if action.narrows is None:
                since = [use for use in uses if use.last_used_at > action.unused_since]
                lost |= {use.origin_id: use for use in since}
    yield from _named(lost.values())
    own = scope.own_token_last_used
    if own is not None and access_change(before, after, project, assumptions).loses:
        yield f"its own jobs used their token, last on {own.astimezone(UTC).date()}, and would do less"


def _entry(action: Action, scope: Scope) -> AllowlistEntry | None:
    key = action.entry.key if action.entry is not None else None
    return next((entry for entry in scope.entries if entry.key == key), None)


def _not_proved(
    action: Action, since: datetime, entry: AllowlistEntry, scope: Scope
) -> Iterator[str]:
    """Yield why the log proves no more that an entry is unused."""
    what = f"{describe_action(action)}: "
    if not known_uses(scope):
        yield what + EMPTY_LOG
    if entry.created_at is None:
        yield f"{what}how old the entry is could not be read"
    elif entry.created_at > since:
        yield (
            f"{what}the entry was added on {entry.created_at.astimezone(UTC).date()}, too late for the"
            " log to prove it unused"
        )


def _named(uses: Iterable[TokenUse]) -> Iterator[str]:
    found = sorted(uses, key=lambda use: (use.last_used_at, use.origin_id), reverse=True)
    for use in found[:_NAMED]:
        day = use.last_used_at.astimezone(UTC).date()
        yield f"{use.origin_path} used it on {day}, and the plan rests on no such use"
    if len(found) > _NAMED:
        yield f"{len(found) - _NAMED} more projects used it"
