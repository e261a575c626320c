"""What no undo brings back, and what GitLab refuses to a token: told before anything is written.

GitLab lets nobody add an entry for what they cannot see, so an entry that is removed while its
target is out of the token's sight is gone for good.
Source: doc/api/project_job_token_scopes.md and, for removals, GitLab's own specs of that API.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scopelint.access import with_implied
from scopelint.model import EntryKind, Fact, Reason
from scopelint.paths import SETTINGS_PAGE, is_inside
from scopelint.repair.actions import OUTBOUND_ENDS, inverse
from scopelint.repair.plan_file import (
    REASON_LENGTH,
    Action,
    EntryState,
    LeftAction,
    ProjectPlan,
    SkippedProject,
)
from scopelint.repair.plan_text import describe_action
from scopelint.versions import (
    DEFAULT_PERMISSIONS_FIELD,
    ENFORCED_STAYS_ON,
    HIDDEN_TARGET_REMOVABLE,
    before,
    possible,
    since,
)

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

_REMOVALS: Final = ("remove-entry", "remove-outbound-entry")
_STAYS_ON: Final = (
    f"since GitLab {ENFORCED_STAYS_ON} no limit can be switched off while the instance enforces it"
)
_NAMED: Final = 10
"""Targets that a reason names."""


@dataclass(frozen=True, slots=True)
class UndoLimits:
    """What decides on an instance, for a token, whether an action can be taken back."""

    version: tuple[int, int]
    """GitLab's version; `versions.UNKNOWN` where it is not known."""
    sees: Callable[[EntryKind, int], bool | None]
    """Tells whether the token sees a group or project, by its number; None where that is not known."""

    @classmethod
    def of(cls, inventory: "Inventory") -> "UndoLimits":
        """Return what an inventory knows of it."""
        shown: dict[tuple[str | None, int | None], bool | None] = {
            (each.kind, each.id): each.visible for each in inventory.targets()
        }
        for gap in inventory.gaps:
            if gap.fact is Fact.TARGET and gap.reason is not Reason.NOT_VISIBLE:
                shown[gap.subject_kind, gap.subject_id] = None
        shown |= {("project", number): True for number, _ in inventory.seen()}
        return cls(inventory.scan.version, lambda kind, number: shown.get((kind, number)))

    def why_final(self, action: Action, *, enforced: bool | None) -> str | None:
        """Say why no undo brings back what an action takes away; None where one does.

        `enforced` tells whether the instance makes the project restricted whatever its own setting
        is; None is not known.
        """
        if inverse(action) is None:
            return OUTBOUND_ENDS
        if action.operation == "set-inbound" and action.value:
            stays = since(self.version, ENFORCED_STAYS_ON) is not False and enforced is not False
            return _STAYS_ON if stays else None
        entry = action.entry
        if action.operation != "remove-entry" or entry is None:
            return None
        seen = self.sees(entry.kind, entry.id)
        if not seen:
            who = f"this token cannot see the {entry.kind}"
            if seen is None:
                who = f"whether this token sees the {entry.kind} is not known"
            return f"{who}, and what it cannot see it cannot add again"
        if (
            not entry.default_permissions
            and before(self.version, DEFAULT_PERMISSIONS_FIELD) is not False
        ):
            return (
                f"before GitLab {DEFAULT_PERMISSIONS_FIELD} an entry cannot be added together with"
                " its permissions"
            )
        return None

    def why_refused(self, action: Action, *, enforced: bool | None = None) -> str | None:
        """Say why GitLab refuses an action, or may; None where it does not.

        `enforced` tells whether the instance makes the project restricted; None is not known.
        """
        entry = action.entry
        if action.operation == "set-inbound" and not action.value:
            stays = enforced and since(self.version, ENFORCED_STAYS_ON)
            return _STAYS_ON if stays else None
        if action.operation == "add-entry" and entry is not None:
            hidden = self.sees(entry.kind, entry.id) is False
            return cannot_add([entry.path], None) if hidden else None
        if action.operation not in _REMOVALS or entry is None or entry.kind == "group":
            return None
        if self.sees(entry.kind, entry.id) or since(self.version, HIDDEN_TARGET_REMOVABLE):
            return None
        return (
            f"before GitLab {HIDDEN_TARGET_REMOVABLE} only a token that sees the project can remove"
            " its entry, and this one does not"
        )


def without_final(
    part: ProjectPlan, limits: UndoLimits, *, enforced: bool | None, allowed: bool
) -> Iterator[ProjectPlan | SkippedProject | LeftAction]:
    """Yield a project's part of a plan without what GitLab refuses and what no undo brings back.

    What is left out follows, and with it what would be unsafe or idle without it. Where such
    actions are `allowed` they stay, with the reason. A project that needs an entry which this token
    cannot add is left as it is.
    """
    if hidden := _hidden(part.actions, limits):
        reason = cannot_add(hidden, part.web_url)
        yield SkippedProject(id=part.id, path=part.path, reason=reason)
        return
    kept: list[Action] = []
    notes: list[str] = []
    out: list[EntryState] = []
    for action in part.actions:
        refused = limits.why_refused(action, enforced=enforced)
        why = limits.why_final(action, enforced=enforced)
        if refused is not None:
            notes.append(f"{describe_action(action)} is not planned: {refused}")
        elif why is not None and not allowed:
            yield LeftAction(id=part.id, path=part.path, action=_final(action, why))
        else:
            kept.append(_final(action, why) if why else action)
            continue
        if action.operation == "remove-entry" and action.entry is not None:
            out.append(action.entry)
    more, kept = _apart(kept, out, limits.version)
    notes += [
        f"{describe_action(action)} is not planned: it goes with {why}" for action, why in more
    ]
    if kept:
        changed = {"actions": tuple(kept), "notes": (*part.notes, *dict.fromkeys(notes))}
        yield part.model_copy(update=changed)
    else:
        yield from (
            SkippedProject(id=part.id, path=part.path, reason=note) for note in dict.fromkeys(notes)
        )


def _hidden(actions: Iterable[Action], limits: UndoLimits) -> list[str]:
    """Return the paths of the targets that entries are added for, and that the token does not see."""
    added = (each.entry for each in actions if each.operation == "add-entry" and each.entry)
    return [entry.path for entry in added if limits.sees(entry.kind, entry.id) is False]


def cannot_add(paths: Sequence[str], web_url: str | None) -> str:
    """Say of targets out of the token's sight that it cannot add entries for them, and who can.

    `paths` are the targets' full paths, `web_url` the address of the project that needs the entries.
    """
    entries, them = ("an entry", "it") if len(paths) == 1 else ("entries", "them")
    where = f" at {web_url}{SETTINGS_PAGE}" if web_url else ""
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return (
        f"it needs {entries} for what this token does not see, and GitLab lets nobody add what they"
        f" cannot see; a Maintainer of this project who sees {them} can add {them}{where}, then collect"
        f" again: {', '.join(paths[:_NAMED])}{more}"
    )[:REASON_LENGTH]


def _final(action: Action, why: str) -> Action:
    return action.model_copy(update={"irreversible": why})


def _apart(
    actions: Iterable[Action], stays: Iterable[EntryState], version: tuple[int, int]
) -> tuple[list[tuple[Action, str]], list[Action]]:
    """Part actions that make sense only once these entries are gone from the others.

    Where a wide entry stays, the removal of one in it would let its origins do what the wide one
    permits, and one more entry in it changes nothing.
    """
    left: list[tuple[Action, str]] = []
    kept: list[Action] = []
    groups = [entry for entry in stays if entry.kind == "group"]
    for action in actions:
        around = next((group for group in groups if _goes_with(action, group, version)), None)
        if around is None:
            kept.append(action)
        else:
            left.append((action, f"the entry for {around.path}, which stays"))
    return left, kept


def _goes_with(action: Action, group: EntryState, version: tuple[int, int]) -> bool:
    """Tell whether an action makes no sense while a group's entry stays around its own."""
    entry = action.entry
    if entry is None or not is_inside(entry.path, group.path):
        return False
    if action.operation == "add-entry":
        return group.default_permissions
    if action.operation != "remove-entry" or entry.default_permissions:
        return False
    return group.default_permissions or not all(
        set(group.policies) <= with_implied(entry.policies, release)
        for release in possible(version)
    )
