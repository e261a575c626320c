"""What a wanted state makes of one project's scope."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from scopelint.model import (
    GROUP_PLACES,
    PROJECT_PLACES,
    AllowlistEntry,
    Fact,
    Flags,
    Project,
    Scope,
)
from scopelint.wanted.state import FACT_OF, NotKnown, WantedEntry, WantedProject

PLACES: Final = {"group": GROUP_PLACES, "project": PROJECT_PLACES}


def flags_after(flags: Flags, wanted: WantedProject) -> Flags:
    """Return the inbound flags to be completed anew, from those that were observed.

    Where the own flag is set, the effective one that was observed holds no longer: only one that is
    off already stays off with it.
    """
    setting = wanted.settings.get("inbound_own")
    if setting is None:
        return flags
    if isinstance(setting.value, NotKnown):
        return None, None
    if setting.value:
        return True, True
    return False, False if flags[1] is False else None


def scope_after(project: Project, scope: Scope, wanted: WantedProject, when: datetime) -> Scope:
    """Return a scope after the change, but for the inbound flags.

    `when` is the time of the change: a new entry is as old as that.
    """
    values: dict[str, Any] = {}
    missing = set(scope.missing)
    for name, setting in wanted.settings.items():
        if isinstance(setting.value, NotKnown):
            missing.add(FACT_OF[name])
            values[name] = None
        else:
            missing.discard(FACT_OF[name])
            values[name] = setting.value
    values.pop("inbound_own", None)
    listed = list(entries_after(project, scope, wanted))
    if any(unknown_lists(listed, wanted)):
        missing.add(Fact.ENTRIES)
    outbound = scope.outbound_entries
    if outbound is not None:
        gone = {each.key for each in wanted.removed_outbound}
        outbound = tuple(entry for entry in outbound if entry.key not in gone)
    return replace(
        scope,
        **values,
        entries=_entries(listed, wanted, when),
        outbound_entries=outbound,
        missing=frozenset(missing),
    )


def unknown_lists(
    listed: Collection[AllowlistEntry | WantedEntry], wanted: WantedProject
) -> Iterator[NotKnown]:
    """Yield why the allowlist after the change is not known: by the file, or by GitLab's limit.

    `listed` is what `entries_after` gives.
    """
    yield from wanted.unknown
    for kind, places in PLACES.items():
        number = sum(entry.kind == kind for entry in listed) if len(listed) > places else 0
        if number > places:
            why = f"{number} {kind} entries are wanted, and GitLab allows {places}"
            yield NotKnown("its allowlist", why, wanted.at)


def entries_after(
    project: Project, scope: Scope, wanted: WantedProject
) -> Iterator[AllowlistEntry | WantedEntry]:
    """Yield the entries that are there afterwards: those that stay, then those that are new."""
    named = {entry.key for entry in wanted.entries}
    gone = {entry.key for entry in wanted.removed}
    exact = wanted.exact and not wanted.unknown
    there = set()
    for entry in scope.entries:
        there.add(entry.key)
        # GitLab removes the row of a target that is gone by itself, and no one else can.
        stays = entry.target_id is None or entry.key == f"project:{project.id}"
        if entry.key not in gone and (stays or not exact or entry.key in named):
            yield entry
    yield from (entry for entry in wanted.entries if entry.key not in there)


def _entries(
    listed: Iterable[AllowlistEntry | WantedEntry], wanted: WantedProject, when: datetime
) -> tuple[AllowlistEntry, ...]:
    permissions = {entry.key: entry.permissions for entry in wanted.entries}
    found = []
    for entry in listed:
        given = permissions.get(entry.key)
        if isinstance(entry, WantedEntry):
            default, policies = given or (True, ())
            made = (entry.kind, entry.id, entry.path, default, policies, when)
            found.append(AllowlistEntry(*made, autopopulated=False))
        elif given is not None:
            found.append(replace(entry, default_permissions=given[0], policies=given[1]))
        else:
            found.append(entry)
    return tuple(sorted(found, key=lambda entry: (entry.kind, entry.target_id or 0)))
