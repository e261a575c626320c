"""Which entries of an allowlist are new, gone or different."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from scopelint.diff.changes import Direction, EntryChange
from scopelint.model import AllowlistEntry, Fact, Scope

Permissions = frozenset[str] | None
"""The policies of a fine-grained entry; None stands for default permissions."""


def entry_changes(
    old: Scope, new: Scope, *, deleted: tuple[bool, bool] = (True, True)
) -> Iterator[EntryChange]:
    """Yield what changed for certain, inbound and outbound; less where a list is incomplete.

    `deleted` tells for each snapshot whether it lists entries whose target was deleted.
    """
    if old.entries != new.entries:
        yield from _changes(
            "inbound",
            old.entries,
            new.entries,
            whole=(Fact.ENTRIES not in old.missing, Fact.ENTRIES not in new.missing),
            deleted=deleted,
        )
    if (
        old.outbound_entries is not None
        and new.outbound_entries is not None
        and old.outbound_entries != new.outbound_entries
    ):
        yield from _changes(
            "outbound",
            old.outbound_entries,
            new.outbound_entries,
            whole=(True, True),
            deleted=deleted,
        )


def _changes(
    direction: Direction,
    old: Iterable[AllowlistEntry],
    new: Iterable[AllowlistEntry],
    *,
    whole: tuple[bool, bool],
    deleted: tuple[bool, bool],
) -> Iterator[EntryChange]:
    before, after = _by_key(old), _by_key(new)
    _pair_deleted(before, after)
    for key in sorted(before.keys() | after.keys(), key=_Order(before, after)):
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            # An entry is new only if the old list is complete, and gone only if the new one is.
            lacking = 0 if one is None else 1
            row = one or other
            listed = deleted[lacking] or row is None or row.target_id is not None
            if whole[lacking] and listed:
                yield EntryChange(direction, one, other)
        elif _differs(one, other):
            yield EntryChange(direction, one, other)


Key = tuple[str, int]


def _by_key(entries: Iterable[AllowlistEntry]) -> dict[Key, AllowlistEntry]:
    """Number entries with the same key: those of deleted targets may be alike."""
    seen: Counter[str] = Counter()
    found: dict[Key, AllowlistEntry] = {}
    for entry in entries:
        found[entry.key, seen[entry.key]] = entry
        seen[entry.key] += 1
    return found


def _pair_deleted(before: dict[Key, AllowlistEntry], after: dict[Key, AllowlistEntry]) -> None:
    """Give an entry whose target was deleted meanwhile the key it had before."""
    gone = [key for key, entry in after.items() if entry.target_id is None and key not in before]
    if not gone:
        return
    waiting: dict[tuple[str, datetime | None], Key] = {
        (entry.kind, entry.created_at): key
        for key, entry in before.items()
        if key not in after and entry.created_at is not None
    }
    for key in gone:
        match = waiting.pop((after[key].kind, after[key].created_at), None)
        if match is not None:
            after[match] = after.pop(key)


class _Order:
    """Sorts keys by kind, the path as it is now, and the key."""

    def __init__(self, before: dict[Key, AllowlistEntry], after: dict[Key, AllowlistEntry]) -> None:
        self._before, self._after = before, after

    def __call__(self, key: Key) -> tuple[str, str, Key]:
        entry = self._after.get(key) or self._before[key]
        return (entry.kind, entry.target_path or "", key)


def _differs(old: AllowlistEntry, new: AllowlistEntry) -> bool:
    return (
        permissions_differ(old, new)
        or was_readded(old, new)
        or (old.target_id is not None and new.target_id is None)
    )


def permissions_differ(old: AllowlistEntry, new: AllowlistEntry) -> bool:
    """Tell whether both entries' permissions are known, and not the same."""
    if not (permissions_known(old) and permissions_known(new)):
        return False
    return permissions(old) != permissions(new)


def was_readded(old: AllowlistEntry, new: AllowlistEntry) -> bool:
    """Tell whether an entry was removed meanwhile and added again: its age differs."""
    return None not in (old.created_at, new.created_at) and old.created_at != new.created_at


def permissions_known(entry: AllowlistEntry) -> bool:
    """Tell whether an entry's permissions were read."""
    return entry.default_permissions is True or (
        entry.default_permissions is False and entry.policies is not None
    )


def permissions(entry: AllowlistEntry) -> Permissions:
    """Return an entry's policies, None for default permissions. They must be known."""
    return None if entry.default_permissions else frozenset(entry.policies or ())
