"""The gaps of an inventory: those that were recorded, and those that follow from what was recorded.

A list that is shorter than GitLab's own count, a collection that was interrupted, and projects of
which it is not known whether they are open: nobody wrote these down, so they are found here.
"""

from collections import Counter
from collections.abc import Collection, Iterator

from scopelint.model import Enforcement, Fact, Flags, Gap, Reason
from scopelint.snapshot.header import Cursor
from scopelint.snapshot.shards import Source


def completed(flags: Flags, enforcement: Enforcement) -> Flags:
    """Return a project's inbound flags, completed by what is known of enforcement."""
    own, effective = flags
    if effective is None and own is not None:
        known = {"on": True, "off": own, "unknown": True if own else None}
        effective = known[enforcement]
    if own is None and effective is not None and (enforcement == "off" or effective is False):
        # Without enforcement the effective flag is the project's own one.
        own = effective
    return own, effective


def gaps_of(snapshot: Source, outside: Collection[int] = ()) -> Iterator[Gap]:
    """Yield the gaps of a collection, without those of the projects (ids) that are not judged.

    What is missing in a list or a group may be of any project, so it stays.
    """
    recorded = [
        gap
        for gap in snapshot.gaps()
        if gap.subject_kind != "project" or gap.subject_id not in outside
    ]
    yield from recorded
    cursors = list(snapshot.cursors())
    yield from dict.fromkeys(gap for cursor in cursors if (gap := _hidden(cursor)))
    waiting = _waiting(snapshot, outside)
    unfinished = not all(cursor.done for cursor in cursors)
    if snapshot.header.finished_at is None or unfinished or waiting:
        text = f"the collection was interrupted: {waiting} listed projects were not read"
        text += ", and the list itself is incomplete" if unfinished else ""
        yield Gap(Fact.UNFINISHED, Reason.ERROR, text)
    elif lacking := _undecided(snapshot, outside):
        told = {gap.fact for gap in recorded}
        for fact, number in lacking.items():
            if fact not in told:
                yield Gap(fact, Reason.UNAVAILABLE, _UNDECIDED[fact].format(number))


def _waiting(snapshot: Source, outside: Collection[int]) -> int:
    """Count the projects that were listed and not read."""
    number = snapshot.count("listed")
    if not number or not outside:
        return number
    states = snapshot.project_states()
    return sum(state == "listed" and project not in outside for project, _, state in states)


def _undecided(snapshot: Source, outside: Collection[int]) -> Counter[Fact]:
    """Count the projects that were read of which it is not known whether they are open."""
    lacking: Counter[Fact] = Counter()
    for flags, enforcement, number in snapshot.inbound_flags():
        if fact := _lacks(completed(flags, enforcement)):
            lacking[fact] += number
    if not lacking or not outside:
        return lacking
    scopes = (
        each.scope
        for each in snapshot.projects(None, completed)
        if each.scope is not None and each.id not in outside
    )
    facts = (_lacks((scope.inbound_own, scope.inbound_effective)) for scope in scopes)
    return Counter(fact for fact in facts if fact is not None)


def _lacks(flags: Flags) -> Fact | None:
    """Return what would tell whether a project is open, None where that is known."""
    own, effective = flags
    if effective is not None:
        return None
    return Fact.OWN_FLAG if own is None else Fact.ENFORCEMENT


_UNDECIDED = {
    Fact.OWN_FLAG: "whether the limit is on was not read of {} projects",
    Fact.ENFORCEMENT: "the own limit of {} projects is off, and whether the instance enforces the"
    " limit is not known",
}


def _hidden(cursor: Cursor) -> Gap | None:
    """Return the gap of a list in which GitLab counts more than it shows to this token."""
    if not cursor.done or cursor.expected is None or cursor.expected <= cursor.seen:
        return None
    what, _, path = cursor.name.partition(":")
    hidden = cursor.expected - cursor.seen
    return Gap(
        Fact.COUNT if what == "projects" else Fact.GROUP,
        Reason.REDACTED,
        f"GitLab counts {cursor.expected} {what} below {path} and shows {cursor.seen}:"
        f" {hidden} hidden from this token",
        "group",
        None,
        path,
    )
