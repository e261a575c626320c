"""A declared policy as a wanted state: what GitLab has once the policy has been applied."""

from typing import TYPE_CHECKING, Final

from scopelint.declared import DeclaredName, DeclaredPolicy, DeclaredScope
from scopelint.model import EntryKind, Project, Reason
from scopelint.wanted.state import (
    LeftAlone,
    NotKnown,
    Setting,
    WantedEntry,
    WantedProject,
    WantedSetting,
    WantedState,
)

if TYPE_CHECKING:
    from scopelint.snapshot import Inventory

_KINDS: Final[tuple[EntryKind, ...]] = ("group", "project")


def wanted_by_policy(policy: DeclaredPolicy, inventory: "Inventory") -> WantedState:
    """Return what a policy makes of the projects of an inventory.

    A group or project that it names is looked for in the read tree, then among all that the
    snapshot knows; one that is not there is not known, and so is the list that it stands in.
    """
    found: dict[int, WantedProject] = {}
    left: list[LeftAlone] = []
    for project in inventory.projects():
        if project.scope is None or (declared := policy.scope(project.path)) is None:
            continue
        if policy.covers(project):
            found[project.id] = _wanted(project, declared, inventory)
        else:
            reason = "it is archived or to be deleted, and the policy does not cover such projects"
            left.append(LeftAlone(project.path, reason))
    return WantedState("policy", policy.source, found, tuple(left))


def _wanted(
    project: Project,
    declared: DeclaredScope,
    inventory: "Inventory",
) -> WantedProject:
    settings: dict[Setting, WantedSetting] = {}
    at = declared.limit_at
    value = declared.limit
    unclear = NotKnown("the limit", "what is declared is no boolean", at)
    settings["inbound_own"] = WantedSetting(unclear if value is None else value, at)
    if declared.push is not None and declared.push_at is not None:
        settings["push"] = WantedSetting(declared.push, declared.push_at)
    entries: dict[str, WantedEntry] = {}
    unknown: list[NotKnown] = []
    for kind in _KINDS:
        names = declared.names(kind)
        if names is None:
            unknown.append(NotKnown(f"the list of {kind}s", "it cannot be read", declared.at))
        for name in names or ():
            entry = _entry(name, inventory)
            if isinstance(entry, NotKnown):
                unknown.append(entry)
            elif entry.key != f"project:{project.id}":
                entries.setdefault(entry.key, entry)
    return WantedProject(
        project.id,
        project.path,
        declared.at,
        settings,
        tuple(entries.values()),
        exact=declared.enforce,
        unknown=tuple(unknown),
    )


def _entry(name: DeclaredName, inventory: "Inventory") -> WantedEntry | NotKnown:
    if isinstance(name.name, int):
        number: int | None = name.name
    else:
        number = inventory.number_of(name.kind, name.name)
    path = inventory.path_of(name.kind, number) if number is not None else None
    if path is None and number is not None and isinstance(name.name, str):
        path = name.name
    if number is None or path is None:
        why = "it is not in the snapshot, or not visible: collect again with this policy"
        return NotKnown(f"the {name.kind} {name.name}", why, name.at, Reason.NOT_FOUND)
    return WantedEntry(name.kind, number, path, name.at)
